"""Mini-batches: the rows of a data set in some order, a few at a time, as they are or distorted afresh."""

from collections.abc import Iterator
from math import isqrt

import numpy as np

from numeric.data.augment import Distortion

_AT_ONCE = 4096  # images distorted together; at 28x28 they take 13 MB


def batches(
    images: np.ndarray,
    targets: np.ndarray,
    order: np.ndarray,
    size: int,
    distortion: Distortion | None = None,
    rng: np.random.Generator | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """X[n, D] and T of the rows in `order`, n = `size` but for the last; X may be used again for the next batch.

    With a distortion, which draws from `rng`, every image (a square one) is distorted on its way. `images` stay as
    they are.
    """
    if distortion is None or rng is None:
        buffer = np.empty((min(size, len(order)), images.shape[1]), images.dtype)
        for chosen in _runs(order, size):
            # "raise", the default, would copy once more
            yield images.take(chosen, axis=0, out=buffer[: len(chosen)], mode="clip"), targets[chosen]
        return
    side = isqrt(images.shape[1])
    for chosen in _runs(order, max(1, _AT_ONCE // size) * size):
        taken = images[chosen]
        distortion.distort(taken, (side, side), rng, out=taken)
        for places in _runs(np.arange(len(chosen)), size):
            yield taken[places[0] : places[-1] + 1], targets[chosen[places]]


def _runs(order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for first in range(0, len(order), size):
        yield order[first : first + size]
