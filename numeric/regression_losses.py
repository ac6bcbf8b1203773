"""How far numbers are from their targets, as one number: the mean over all entries."""

import numpy as np

from numeric.contract import contract


@contract("Y[N, C] T[N, C] -> L")
def mean_squared_error(Y: np.ndarray, T: np.ndarray) -> np.ndarray:
    """L = 1/(N C) sum_n sum_c (Y[n, c] - T[n, c])².

    Y[N, C] and T[N, C] are of one dtype, float32, float64 or complex128; L is a scalar of it. InputError otherwise.
    Source: Goodfellow et al. (2016), Deep Learning, eq. 5.4.
    """
    difference = Y - T
    return (difference * difference).sum() / difference.size


@contract("dL Y[N, C] T[N, C] -> dY[N, C] dT[N, C]")
def mean_squared_error_backward(dL: np.ndarray | float, Y: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dY = 2 dL (Y - T)/(N C) and dT = -dY. Raises InputError as `mean_squared_error` does."""
    dY = Y - T
    dY *= dL * 2 / dY.size
    return {"dY": dY, "dT": -dY}


@contract("Y[N, C] T[N, C] -> L", analytic=False)
def absolute_error(Y: np.ndarray, T: np.ndarray) -> np.ndarray:
    """L = 1/(N C) sum_n sum_c |Y[n, c] - T[n, c]|.

    Y[N, C] and T[N, C] are of one dtype, float32 or float64; L is a scalar of it. InputError otherwise.
    Source: Goodfellow et al. (2016), Deep Learning, eq. 6.16.
    """
    return np.abs(Y - T).sum() / Y.size


@contract("dL Y[N, C] T[N, C] -> dY[N, C] dT[N, C]", analytic=False)
def absolute_error_backward(dL: np.ndarray | float, Y: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dY = dL sign(Y - T)/(N C), 0 where Y = T, and dT = -dY. Raises InputError as `absolute_error` does."""
    dY = np.sign(Y - T)
    dY *= dL / dY.size
    return {"dY": dY, "dT": -dY}


@contract("Y[N, C] T[N, C] delta > 0 -> L", analytic=False)
def huber(Y: np.ndarray, T: np.ndarray, delta: float = 1.0) -> np.ndarray:
    """L = 1/(N C) sum_n sum_c h(Y[n, c] - T[n, c]), h(r) = r²/2 where |r| <= delta, else delta (|r| - delta/2).

    Y[N, C] and T[N, C] are of one dtype, float32 or float64; L is a scalar of it. InputError otherwise.
    Source: Huber (1964).
    """
    distance = np.abs(Y - T)
    near = np.minimum(distance, float(delta))
    return (near * (distance - near / 2)).sum() / distance.size


@contract("dL Y[N, C] T[N, C] delta > 0 -> dY[N, C] dT[N, C]", analytic=False)
def huber_backward(dL: np.ndarray | float, Y: np.ndarray, T: np.ndarray, delta: float = 1.0) -> dict[str, np.ndarray]:
    """dY = dL (Y - T)/(N C), with Y - T cut off at -delta and delta, and dT = -dY. InputError as for `huber`."""
    dY = np.clip(Y - T, -float(delta), float(delta))
    dY *= dL / dY.size
    return {"dY": dY, "dT": -dY}
