"""A dataset as networks see it: flat images, labels, and the reason why it is this one."""

from dataclasses import dataclass

import numpy as np

from numeric.errors import InputError


@dataclass(frozen=True)
class Dataset:
    """Images as float32 rows [N, height * width] of values from 0 to 1, and int64 labels [N] from 0 to classes - 1."""

    name: str
    why: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    image_shape: tuple[int, int]
    classes: int = 10

    def __post_init__(self) -> None:
        """Raise InputError unless images and labels are as described, as many of the one as of the other."""
        features = self.image_shape[0] * self.image_shape[1]
        for part, images, labels in (
            ("training", self.train_images, self.train_labels),
            ("test", self.test_images, self.test_labels),
        ):
            if images.dtype != np.float32 or images.shape != (len(labels), features) or not len(labels):
                raise InputError(
                    f"{self.name}: {part} images are {images.dtype} of shape {images.shape}; "
                    f"expected float32 of shape {(len(labels), features)}, with at least one row"
                )
            if labels.dtype != np.int64 or labels.ndim != 1 or labels.min() < 0 or labels.max() >= self.classes:
                raise InputError(f"{self.name}: {part} labels must be int64 from 0 to {self.classes - 1}")
