"""The embedded dataset: real handwritten digits of 8x8 pixels that come with scikit-learn, no download needed."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from numeric.data.dataset import Dataset

_LEVELS = 16  # a pixel counts the ink in a block of 4x4: 0 to 16
_FIFTH = 5
_FILE = Path("datasets", "data", "digits.csv.gz")


def load_digits(why: str) -> Dataset:
    """1797 digits of 8x8; every fifth is held out as the test set, whatever the seed.

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
    """
    images, labels = _embedded()
    images = (images / _LEVELS).astype(np.float32)
    held_out = np.arange(len(labels)) % _FIFTH == _FIFTH - 1
    return Dataset(
        "digits", why, images[~held_out], labels[~held_out], images[held_out], labels[held_out], image_shape=(8, 8)
    )


def _embedded() -> tuple[np.ndarray, np.ndarray]:
    """All images and labels. They are read without the library, whose import takes forty times as long as its file."""
    library = find_spec("sklearn")
    folders = library.submodule_search_locations or [] if library else []
    file = next((path for folder in folders if (path := Path(folder, _FILE)).is_file()), None)
    if file is None:
        from sklearn.datasets import load_digits as embedded

        return embedded(return_X_y=True)
    rows = np.loadtxt(file, delimiter=",")
    return rows[:, :-1], rows[:, -1].astype(np.int64)
