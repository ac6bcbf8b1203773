import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from numeric.drawing.images import AGAINST, FOR, ink_uri, weights_uri


def opened(uri):
    kind, content = uri.split(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(b64decode(content)))


def test_ink_is_dark_on_white():
    ink = np.array([[0, 1, 0.5], [1, 0, 0.25]], np.float32)
    np.testing.assert_array_equal(opened(ink_uri(ink)), [[255, 0, 128], [0, 255, 191]])


def test_weights_are_coloured_by_sign_and_the_more_opaque_the_larger():
    weights = np.array([[-2, -1, -0.5], [0, 0.5, 3]], np.float32)
    pixels = np.asarray(opened(weights_uri(weights, limit=1)).convert("RGBA"))
    colours, opacity = pixels[..., :3], pixels[..., 3]
    assert (colours[weights < 0] == AGAINST).all()
    assert (colours[weights > 0] == FOR).all()
    assert opacity[0].tolist() == [255, 255, pytest.approx(128, abs=5)]
    assert opacity[1].tolist() == [0, pytest.approx(128, abs=5), 255]


def test_opposite_weights_look_alike_but_for_the_colour():
    weights = np.random.default_rng(0).normal(size=(9, 7)).astype(np.float32)
    one, other = (np.asarray(opened(weights_uri(sign * weights, 2.0)).convert("RGBA")) for sign in (1, -1))
    np.testing.assert_array_equal(one[..., 3], other[..., 3])
    assert one.shape == (9, 7, 4)
