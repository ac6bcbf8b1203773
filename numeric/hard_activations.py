"""Activations made of straight lines, entry by entry: no exponential, and a slope that is 0 beyond the corners."""

import numpy as np

from numeric.contract import contract


@contract("X[N, D] -> Y[N, D]", analytic=False)
def hard_sigmoid(X: np.ndarray) -> np.ndarray:
    """Y = X/6 + 1/2, at least 0 and at most 1, for X[N, D] of float32 or float64; InputError otherwise.

    Source: Howard et al. (2019), section 5.2.
    """
    return np.clip(X / 6 + 0.5, 0, 1)


@contract("dY[N, D] X[N, D] -> dX[N, D]", analytic=False)
def hard_sigmoid_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY/6 where -3 < X < 3, else 0. Raises InputError as `hard_sigmoid` does."""
    return {"dX": dY / 6 * (np.abs(X) < 3)}


@contract("X[N, D] -> Y[N, D]", analytic=False)
def hard_swish(X: np.ndarray) -> np.ndarray:
    """Y = X hard_sigmoid(X), for X[N, D] of float32 or float64; InputError otherwise.

    Source: Howard et al. (2019), section 5.2.
    """
    return X * np.clip(X + 3, 0, 6) / 6


@contract("dY[N, D] X[N, D] -> dX[N, D]", analytic=False)
def hard_swish_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = 0 where X <= -3, dY where X >= 3, else dY (X/3 + 1/2). Raises InputError as `hard_swish` does."""
    slope = X / 3 + 0.5
    slope[X <= -3] = 0
    slope[X >= 3] = 1
    return {"dX": dY * slope}


@contract("X[N, D] -> Y[N, D]", analytic=False)
def hard_tanh(X: np.ndarray) -> np.ndarray:
    """Y = X, at least -1 and at most 1, for X[N, D] of float32 or float64; InputError otherwise.

    Source: Collobert (2004).
    """
    return np.clip(X, -1, 1)


@contract("dY[N, D] X[N, D] -> dX[N, D]", analytic=False)
def hard_tanh_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY where -1 < X < 1, else 0. Raises InputError as `hard_tanh` does."""
    return {"dX": dY * (np.abs(X) < 1)}
