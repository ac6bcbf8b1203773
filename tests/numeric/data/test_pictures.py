import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from numeric.data import pictures
from numeric.data.datasets import load
from numeric.data.pictures import centred, read_picture
from numeric.errors import InputError


@pytest.fixture
def seven(tmp_path):
    """A seven, dark on light, somewhere on a large page."""

    def draw(name="seven.png", size=(200, 320), paper="white", ink="black", at=(60, 40), mode="RGB"):
        image = Image.new(mode, size, paper)
        x, y = at
        ImageDraw.Draw(image).line([(x, y), (x + 70, y), (x + 20, y + 150)], fill=ink, width=18)
        image.save(tmp_path / name)
        return tmp_path / name

    return draw


def test_size_place_and_colours_of_a_picture_do_not_matter(seven):
    plain = read_picture(seven(), 784).row
    assert plain.dtype == np.float32
    assert plain.shape == (1, 784)
    assert (plain.min(), plain.max()) == (0, pytest.approx(1, abs=0.02))
    variants = [
        seven("moved.png", at=(100, 120)),
        seven("inverted.png", paper="black", ink="white"),
        seven("wide.png", size=(600, 400)),
        seven("grey.png", mode="L", paper=200, ink=40),
        seven("photo.jpg"),
    ]
    for path in variants:
        assert np.abs(read_picture(path, 784).row - plain).mean() < 0.01, path


def test_transparent_paper_is_white(tmp_path, seven):
    image = Image.new("RGBA", (200, 320), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(60, 40), (130, 40), (80, 190)], fill=(0, 0, 0, 255), width=18)
    image.save(tmp_path / "clear.png")
    assert np.abs(read_picture(tmp_path / "clear.png", 784).row - read_picture(seven(), 784).row).mean() < 0.01


def test_the_box_is_20_wide_and_the_centre_of_mass_in_the_middle(seven):
    image = read_picture(seven(), 784).row.reshape(28, 28)
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    middle = [(place * image).sum() / image.sum() for place in np.indices(image.shape)]
    assert middle == pytest.approx([14, 14], abs=0.501)


def test_what_is_centred_already_stays_as_it_is(seven):
    image = read_picture(seven(), 784).row.reshape(28, 28)
    np.testing.assert_allclose(centred(image, 28), image, atol=0.005)


@pytest.mark.skipif(not os.environ.get("BACKPROOF_DATA"), reason="BACKPROOF_DATA is not set: no MNIST to read")
def test_mnist_is_centred_already():
    for row in load("mnist").test_images[:500]:
        np.testing.assert_array_equal(centred(row.reshape(28, 28), 28).ravel(), row)


def test_a_digit_of_8x8_is_read_too(seven):
    assert read_picture(seven(), 64).row.shape == (1, 64)


def test_a_picture_unlike_a_digit_is_doubted(tmp_path, seven):
    assert read_picture(seven(), 784).doubts == ()
    blot = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(blot).rectangle([10, 10, 90, 90], fill=0)
    blot.save(tmp_path / "blot.png")
    assert "more ink" in read_picture(tmp_path / "blot.png", 784).doubts[0]


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda path: path.write_text("GIF89a"), "is no PNG or JPEG picture"),
        (lambda path: path.mkdir(), "cannot read .*: Is a directory"),
        (lambda path: None, "cannot read .*: No such file"),
        (lambda path: Image.new("L", (9, 9), 255).save(path), "shows nothing"),
        (lambda path: path.write_bytes(_png()[:60]), r"is damaged|cannot read|is no PNG"),
        (lambda path: path.write_bytes(_png(width=2**30)), r"at most 50 million|is damaged"),
    ],
)
def test_what_is_no_picture_is_one_line(tmp_path, make, line):
    make(tmp_path / "x.png")
    with pytest.raises(InputError, match=line) as caught:
        read_picture(tmp_path / "x.png", 784)
    assert "\n" not in str(caught.value)


def _png(width=20):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 20), np.uint8)).save(file, "PNG")
    content = bytearray(file.getvalue())
    header = content[12:16] + struct.pack(">I", width) + content[20:29]
    content[12:29] = header
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(header)))
    return bytes(content)


def test_the_limit_is_on_the_number_of_pixels(seven, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 100)
    with pytest.raises(InputError, match="has 200 x 320 pixels"):
        read_picture(seven(), 784)
