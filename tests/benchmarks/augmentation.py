"""Distorting images of 28x28: our time over scipy.ndimage's, one image at a time, in one interleaved run on one thread.

    python tests/benchmarks/augmentation.py

Each pair of timings stands side by side, so that whatever else the machine does falls on both; the median of the
paired ratios is printed, with its quartiles. Against ndimage every image has a field of its own, as is usual, or the
fields are ours and given to it, so that it only interpolates. Then 60,000 images, by chunks: on two threads over on
one.
"""

import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402 - the threads are counted when it is imported
import scipy  # noqa: E402
from scipy import ndimage  # noqa: E402

from numeric.data.augment import Distortion  # noqa: E402

PAIRS = 15
SHAPE = (28, 28)
CHUNK, IMAGES = 4096, 60_000
DISTORTION = Distortion()
Run = Callable[[], object]


def ours(images: np.ndarray, out: np.ndarray, seed: int = 0) -> None:
    DISTORTION.distort(images, SHAPE, np.random.default_rng(seed), out)


def a_field_each(images: np.ndarray, out: np.ndarray) -> None:
    """An affine map, noise smoothed by gaussian_filter, and map_coordinates, for every image."""
    d, rng = DISTORTION, np.random.default_rng(0)
    p = np.indices(SHAPE, np.float32)
    c = (np.array(SHAPE, np.float32).reshape(2, 1, 1) - 1) / 2
    # In its middle, noise from -1 to 1 that is smoothed by a normalized Gaussian deviates by 1/(sigma sqrt(12 pi)).
    alpha = d.alpha * d.sigma * np.sqrt(12 * np.pi)
    for image, row in zip(images, out, strict=True):
        angle = np.radians(rng.uniform(-d.rotation, d.rotation))
        R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        S = np.diag(rng.uniform(1 - d.scale, 1 + d.scale, 2))
        K = np.array([[1, 0], [rng.uniform(-d.shear, d.shear), 1]])
        t = rng.uniform(-d.shift, d.shift, (2, 1, 1))
        q = np.tensordot((R @ S @ K).astype(np.float32), p - c, 1) + (c + t).astype(np.float32)
        for direction in q:
            noise = rng.uniform(-1, 1, SHAPE).astype(np.float32)
            direction += alpha * ndimage.gaussian_filter(noise, d.sigma, mode="constant")
        row[:] = ndimage.map_coordinates(image.reshape(SHAPE), q, order=1, mode="grid-constant").ravel()


def at_our_fields(images: np.ndarray, out: np.ndarray) -> None:
    """The fields that we draw, and map_coordinates for every image."""
    q = DISTORTION.fields(math.ceil(len(images) / DISTORTION.group) | 1, SHAPE, np.random.default_rng(0))
    for n, (image, row) in enumerate(zip(images, out, strict=True)):
        row[:] = ndimage.map_coordinates(image.reshape(SHAPE), q[n % len(q)], order=1, mode="grid-constant").ravel()


def in_chunks(images: np.ndarray, out: np.ndarray, threads: int) -> None:
    starts = range(0, len(images), CHUNK)
    sources, targets = ([rows[first : first + CHUNK] for first in starts] for rows in (images, out))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ours, sources, targets, starts))


def seconds(run: Run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def compare(name: str, left: Run, right: Run) -> None:
    left(), right()
    pairs = [(seconds(left), seconds(right)) for _ in range(PAIRS)]
    low, middle, high = statistics.quantiles([a / b for a, b in pairs], n=4)
    mine, other = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    print(f"{name:42} {mine:8.2f} ms  {other:8.2f} ms  ratio {middle:.4f}  ({low:.4f} to {high:.4f})")


def main() -> None:
    images = np.random.default_rng(0).random((IMAGES, SHAPE[0] * SHAPE[1]), np.float32)
    out = np.empty_like(images)
    some, room = images[:CHUNK], out[:CHUNK]
    print(f"NumPy {np.__version__}, SciPy {scipy.__version__}, medians of {PAIRS} pairs")
    compare(f"{CHUNK} images, ndimage with a field each", lambda: ours(some, room), lambda: a_field_each(some, room))
    compare(f"{CHUNK} images, ndimage at our fields", lambda: ours(some, room), lambda: at_our_fields(some, room))
    two, one = (lambda: in_chunks(images, out, 2)), (lambda: in_chunks(images, out, 1))
    compare(f"{IMAGES} images, two threads over one", two, one)


if __name__ == "__main__":
    main()
