import numpy as np
import pytest

from numeric.data.dataset import Dataset
from numeric.errors import InputError

IMAGES, LABELS = np.zeros((3, 4), np.float32), np.array([0, 1, 9])


def dataset(images=IMAGES, labels=LABELS):
    return Dataset("made up", "why", images, labels, IMAGES, LABELS, image_shape=(2, 2))


def test_what_fits_together_is_a_dataset():
    assert dataset().classes == 10


@pytest.mark.parametrize("images", [IMAGES.astype(float), IMAGES[:2], IMAGES[:, :3], IMAGES[0]])
def test_images_of_another_dtype_number_or_size_are_refused(images):
    with pytest.raises(InputError, match=r"made up: training images are .*; expected float32 of shape \(3, 4\)"):
        dataset(images=images)


@pytest.mark.parametrize("labels", [LABELS + 1, LABELS - 1, LABELS.astype(np.uint8)])
def test_labels_of_another_dtype_or_range_are_refused(labels):
    with pytest.raises(InputError, match="made up: training labels must be int64 from 0 to 9"):
        dataset(labels=labels)


def test_no_images_at_all_are_refused():
    with pytest.raises(InputError, match="with at least one row"):
        dataset(IMAGES[:0], LABELS[:0])
