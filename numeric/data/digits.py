"""The embedded dataset: real handwritten digits of 8x8 pixels that come with scikit-learn, no download needed."""

import numpy as np

from numeric.data.dataset import Dataset

_LEVELS = 16  # a pixel counts the ink in a block of 4x4: 0 to 16
_FIFTH = 5


def load_digits(why: str) -> Dataset:
    """1797 digits of 8x8; every fifth is held out as the test set, whatever the seed.

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.
    """
    from sklearn.datasets import load_digits as embedded  # heavy, and needed only here

    images, labels = embedded(return_X_y=True)
    images = (images / _LEVELS).astype(np.float32)
    held_out = np.arange(len(labels)) % _FIFTH == _FIFTH - 1
    return Dataset(
        "digits", why, images[~held_out], labels[~held_out], images[held_out], labels[held_out], image_shape=(8, 8)
    )
