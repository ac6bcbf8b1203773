"""Pooling over windows of R by S, channels last.

A window is visited as R*S shifted, strided slices of the padded image: as many passes over whole images, no loop over
positions. The backward of max pooling sends each cotangent to the first place of its window that holds the maximum.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from numeric.contract import contract
from numeric.errors import InputError

_P = "(H + 2*pad - R)//stride + 1"
_Q = "(W + 2*pad - S)//stride + 1"


@contract(
    "X[N, H, W, C] R in 1.. S in 1.. stride in 1.. pad in 0.. -> Y[N, P, Q, C]",
    analytic=False,
    P=_P,
    Q=_Q,
)
def max_pool2d(X: np.ndarray, R: int, S: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    """Y[n, p, q, c] = max_rs X[n, stride p + r - pad, stride q + s - pad, c]; padding counts as minus infinity.

    X[N, H, W, C] is float32 or float64; pad is less than R and S, so that no window lies in the padding alone, and
    P = (H + 2 pad - R)//stride + 1, and Q likewise, are at least 1. InputError otherwise.
    Source: Goodfellow, Bengio and Courville (2016), section 9.3.
    """
    _require_overlap("max_pool2d", R, S, pad)
    slices = _slices(_padded(X, pad, -np.inf), R, S, stride)
    Y = next(slices).copy()
    for each in slices:
        np.maximum(Y, each, out=Y)
    return Y


@contract(
    "dY[N, P, Q, C] X[N, H, W, C] Y[N, P, Q, C] R in 1.. S in 1.. stride in 1.. pad in 0.. -> dX[N, H, W, C]",
    analytic=False,
    P=_P,
    Q=_Q,
)
def max_pool2d_backward(
    dY: np.ndarray, X: np.ndarray, Y: np.ndarray, R: int, S: int, stride: int = 1, pad: int = 0
) -> dict[str, np.ndarray]:
    """dX adds up every dY[n, p, q, c] at the first place, row by row, where its window reaches Y[n, p, q, c].

    Raises InputError as `max_pool2d` does.
    """
    _require_overlap("max_pool2d_backward", R, S, pad)
    padded = _padded(X, pad, -np.inf)
    total = np.zeros_like(padded)
    left = np.ones(Y.shape, bool)
    for values, cotangents in zip(_slices(padded, R, S, stride), _slices(total, R, S, stride), strict=True):
        first = left & (values == Y)
        cotangents += dY * first
        left &= ~first
    return {"dX": _inside(total, X.shape, pad)}


@contract(
    "X[N, H, W, C] R in 1.. S in 1.. stride in 1.. pad in 0.. -> Y[N, P, Q, C]",
    P=_P,
    Q=_Q,
)
def avg_pool2d(X: np.ndarray, R: int, S: int, stride: int = 1, pad: int = 0) -> np.ndarray:
    """Y[n, p, q, c] = 1/(R S) sum_rs X[n, stride p + r - pad, stride q + s - pad, c]; padding counts as zeros.

    X[N, H, W, C] is float32, float64 or complex128; pad is less than R and S, and P = (H + 2 pad - R)//stride + 1, and
    Q likewise, are at least 1. InputError otherwise. Source: LeCun et al. (1998), section II.B.
    """
    _require_overlap("avg_pool2d", R, S, pad)
    slices = _slices(_padded(X, pad, 0), R, S, stride)
    Y = next(slices).copy()
    for each in slices:
        Y += each
    Y /= R * S
    return Y


@contract(
    "dY[N, P, Q, C] X[N, H, W, C] R in 1.. S in 1.. stride in 1.. pad in 0.. -> dX[N, H, W, C]",
    P=_P,
    Q=_Q,
)
def avg_pool2d_backward(
    dY: np.ndarray, X: np.ndarray, R: int, S: int, stride: int = 1, pad: int = 0
) -> dict[str, np.ndarray]:
    """dX adds dY/(R S) at every place that the window covers; of X only the shape is used.

    Raises InputError as `avg_pool2d` does.
    """
    _require_overlap("avg_pool2d_backward", R, S, pad)
    N, H, W, C = X.shape
    total = np.zeros((N, H + 2 * pad, W + 2 * pad, C), dY.dtype)
    share = dY / (R * S)
    for covered in _slices(total, R, S, stride):
        covered += share
    return {"dX": _inside(total, X.shape, pad)}


@contract("X[N, H, W, C] -> Y[N, C]")
def global_average_pool(X: np.ndarray) -> np.ndarray:
    """Y[n, c] = 1/(H W) sum_hw X[n, h, w, c], for X[N, H, W, C] of float32, float64 or complex128; else InputError.

    Source: Lin, Chen and Yan (2014), Network In Network, section 3.2.
    """
    return X.mean(axis=(1, 2))


@contract("dY[N, C] X[N, H, W, C] -> dX[N, H, W, C]")
def global_average_pool_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX[n, h, w, c] = dY[n, c]/(H W); of X only the shape is used. InputError as for `global_average_pool`."""
    _, H, W, _ = X.shape
    return {"dX": np.broadcast_to((dY / (H * W))[:, None, None, :], X.shape).copy()}


def _padded(X: np.ndarray, pad: int, value: float) -> np.ndarray:
    return np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)), constant_values=value) if pad else X


def _inside(padded: np.ndarray, shape: tuple[int, ...], pad: int) -> np.ndarray:
    _, H, W, _ = shape
    return np.ascontiguousarray(padded[:, pad : pad + H, pad : pad + W])


def _slices(padded: np.ndarray, R: int, S: int, stride: int) -> Iterator[np.ndarray]:
    """For every place (r, s) of the window, row by row, the view of what lies there in all windows."""
    _, H, W, _ = padded.shape
    for r, s in product(range(R), range(S)):
        yield padded[:, r : H - R + r + 1 : stride, s : W - S + s + 1 : stride]


def _require_overlap(layer: str, R: int, S: int, pad: int) -> None:
    if pad >= min(R, S):
        raise InputError(
            f"{layer}: pad = {pad}; expected less than R = {R} and S = {S}, so that no window lies in the padding alone"
        )
