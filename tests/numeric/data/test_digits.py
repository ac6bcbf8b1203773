import subprocess
import sys
from pathlib import Path

import numpy as np

from numeric.data import digits as digits_module
from numeric.data.digits import load_digits


def test_every_fifth_digit_is_held_out_and_none_is_lost():
    digits = load_digits("why")
    assert (len(digits.train_labels), len(digits.test_labels)) == (1438, 359)
    from sklearn.datasets import load_digits as embedded

    images, labels = embedded(return_X_y=True)
    np.testing.assert_array_equal(digits.test_labels, labels[4::5])
    np.testing.assert_array_equal(digits.test_images * 16, images[4::5])
    assert (
        np.bincount(np.concatenate([digits.train_labels, digits.test_labels])).tolist() == np.bincount(labels).tolist()
    )


def test_pixels_are_float32_from_0_to_1_and_labels_int64():
    digits = load_digits("why")
    assert digits.train_images.dtype == np.float32
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 1)
    assert digits.train_labels.dtype == np.int64
    assert (digits.image_shape, digits.classes, digits.why) == ((8, 8), 10, "why")


def test_where_the_library_keeps_its_file_elsewhere_it_is_asked_itself(monkeypatch):
    read = load_digits("why")
    monkeypatch.setattr(digits_module, "_FILE", Path("nowhere"))
    asked = load_digits("why")
    np.testing.assert_array_equal(asked.train_images, read.train_images)
    np.testing.assert_array_equal(asked.test_labels, read.test_labels)
    assert asked.train_labels.dtype == np.int64


def test_the_library_is_not_imported():
    code = (
        "import sys; from numeric.data.digits import load_digits; load_digits(''); assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
