"""Mini-batches: the rows of a data set in some order, a few at a time, as they are or distorted afresh."""

from collections.abc import Iterator
from math import isqrt

import numpy as np

from numeric.data.augment import Distortion

# Images gathered together, which stay in the cache; and distorted together, enough for a batch to have many fields.
_GATHERED, _DISTORTED = 256, 4096


def batches(
    images: np.ndarray,
    targets: np.ndarray,
    order: np.ndarray,
    size: int,
    distortion: Distortion | None = None,
    rng: np.random.Generator | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """X[n, D] and T of the rows in `order`, n = `size` but for the last.

    With a distortion, which draws from `rng`, every image (a square one) is distorted on its way. `images` stay as
    they are.
    """
    side, together = isqrt(images.shape[1]), _GATHERED if distortion is None else _DISTORTED
    many = max(1, together // size) * size
    for start in range(0, len(order), many):
        chosen = order[start : start + many]
        X = images[chosen]
        T = targets[chosen]
        if distortion is not None and rng is not None:
            distortion.distort(X, (side, side), rng, out=X)
        for first in range(0, len(chosen), size):
            yield X[first : first + size], T[first : first + size]
