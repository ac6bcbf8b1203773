"""Dropout with a mask that somebody else has drawn: the same mask forward and backward."""

from typing import Any

import numpy as np

from numeric.contract import Option, contract


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float | np.floating) and not isinstance(value, bool) and 0 < float(value) <= 1


KEPT = Option("a number above 0, at most 1", _is_share)


@contract("X[N, D] M[N, D] in 0..1 -> Y[N, D]", keep=KEPT)
def dropout(X: np.ndarray, M: np.ndarray, keep: float) -> np.ndarray:
    """Y = X M/keep: what M leaves out is 0, the rest is scaled so that Y is X on average.

    X[N, D] is float32, float64 or complex128, M[N, D] integers 0 or 1, `keep` the share that is kept. InputError
    otherwise. Source: Srivastava et al. (2014), section 10.
    """
    return _masked(X, M, keep)


@contract("dY[N, D] M[N, D] in 0..1 -> dX[N, D]", keep=KEPT)
def dropout_backward(dY: np.ndarray, M: np.ndarray, keep: float) -> dict[str, np.ndarray]:
    """dX = dY M/keep. Raises InputError as `dropout` does."""
    return {"dX": _masked(dY, M, keep)}


def _masked(X: np.ndarray, M: np.ndarray, keep: float) -> np.ndarray:
    Y = X / float(keep)
    Y[M == 0] = 0
    return Y
