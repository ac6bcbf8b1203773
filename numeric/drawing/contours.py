"""Lines of equal height through a grid of values: marching squares."""

from collections.abc import Iterator

import numpy as np

Segment = tuple[tuple[float, float], tuple[float, float]]


def contour(values: np.ndarray, level: float) -> Iterator[Segment]:
    """The segments along which values [B, A], linear between neighbours, have a level; in columns and rows from 0.

    A saddle is cut by the mean of its corners. Cells with a value that is not finite have none. Source: Maple (2003),
    Geometric design and space planning using the marching squares and marching cube algorithms, GMAG.
    """
    above = values >= level
    for row, column in np.argwhere(_crossed(values, above)):
        corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
        ends = []
        for (i, j), (k, m) in zip(corners, [*corners[1:], corners[0]], strict=True):
            if above[i, j] != above[k, m]:
                share = (level - values[i, j]) / (values[k, m] - values[i, j])
                ends.append((float(j + share * (m - j)), float(i + share * (k - i))))
        if len(ends) == 4 and (values[row : row + 2, column : column + 2].mean() >= level) != above[row, column]:
            ends = [*ends[1:], ends[0]]
        yield from zip(ends[::2], ends[1::2], strict=True)


def _crossed(values: np.ndarray, above: np.ndarray) -> np.ndarray:
    """The cells, by their first corner, whose corners lie on both sides, and are finite."""
    corners = [(slice(None, -1), slice(None, -1)), (slice(None, -1), slice(1, None))]
    corners += [(slice(1, None), slice(None, -1)), (slice(1, None), slice(1, None))]
    count = sum(above[corner].astype(int) for corner in corners)
    finite = np.logical_and.reduce([np.isfinite(values[corner]) for corner in corners])
    return (count > 0) & (count < 4) & finite
