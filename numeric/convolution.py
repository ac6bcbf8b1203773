"""Convolutions, channels last, as products of one matrix of windows with one matrix of kernels.

The product copies the windows once, into columns, and runs in BLAS. Kernels are not flipped: these are correlations.
"""

import math

import numpy as np

from numeric.contract import contract
from numeric.windows import scatter, windows

Array = np.ndarray

_P = "(H + 2*pad - dilation*(R - 1) - 1)//stride + 1"
_Q = "(W + 2*pad - dilation*(S - 1) - 1)//stride + 1"


@contract(
    "X[N, H, C] K[R, C, F] b[F] stride in 1.. pad in 0.. dilation in 1.. -> Y[N, P, F]",
    P=_P,
)
def conv1d(X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """Y[n, p, f] = sum_rc X[n, stride p + dilation r - pad, c] K[r, c, f] + b[f]; outside of X stands 0.

    X[N, H, C], K[R, C, F] and b[F] are of one dtype, float32, float64 or complex128; P = (H + 2 pad - dilation (R - 1)
    - 1)//stride + 1 is at least 1. InputError otherwise. Source: Goodfellow et al. (2016), eq. 9.6.
    """
    return _convolve(X, K, stride, pad, dilation) + b


@contract(
    "dY[N, P, F] X[N, H, C] K[R, C, F] stride in 1.. pad in 0.. dilation in 1.. -> dX[N, H, C] dK[R, C, F] db[F]",
    P=_P,
)
def conv1d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> dict[str, Array]:
    """dX: dY's transposed convolution with K; dK: X's correlation with dY; db = sum_np dY.

    Raises InputError as `conv1d` does.
    """
    return _convolve_backward(dY, X, K, stride, pad, dilation)


@contract(
    "X[N, H, W, C] K[R, S, C, F] b[F] stride in 1.. pad in 0.. dilation in 1.. -> Y[N, P, Q, F]",
    P=_P,
    Q=_Q,
)
def conv2d(X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """Y[n, p, q, f] = sum_rsc X[n, stride p + dilation r - pad, stride q + dilation s - pad, c] K[r, s, c, f] + b[f].

    X[N, H, W, C], K[R, S, C, F] and b[F] are of one dtype, float32, float64 or complex128; outside of X stands 0;
    P = (H + 2 pad - dilation (R - 1) - 1)//stride + 1, and Q likewise, are at least 1. InputError otherwise.
    Source: Goodfellow et al. (2016), eq. 9.6.
    """
    return _convolve(X, K, stride, pad, dilation) + b


@contract(
    "dY[N, P, Q, F] X[N, H, W, C] K[R, S, C, F] stride in 1.. pad in 0.. dilation in 1.."
    " -> dX[N, H, W, C] dK[R, S, C, F] db[F]",
    P=_P,
    Q=_Q,
)
def conv2d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> dict[str, Array]:
    """dX: dY's transposed convolution with K; dK: X's correlation with dY; db = sum_npq dY.

    Raises InputError as `conv2d` does.
    """
    return _convolve_backward(dY, X, K, stride, pad, dilation)


@contract(
    "X[N, D, H, W, C] K[R, S, T, C, F] b[F] stride in 1.. pad in 0.. dilation in 1.. -> Y[N, O, P, Q, F]",
    O="(D + 2*pad - dilation*(R - 1) - 1)//stride + 1",
    P="(H + 2*pad - dilation*(S - 1) - 1)//stride + 1",
    Q="(W + 2*pad - dilation*(T - 1) - 1)//stride + 1",
)
def conv3d(X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """Y[n, o, p, q, f] = sum_rstc X[n, stride o + dilation r - pad, ..., c] K[r, s, t, c, f] + b[f].

    X[N, D, H, W, C], K[R, S, T, C, F] and b[F] are of one dtype, float32, float64 or complex128; outside of X stands 0;
    O = (D + 2 pad - dilation (R - 1) - 1)//stride + 1, and P and Q likewise, are at least 1. InputError otherwise.
    """
    return _convolve(X, K, stride, pad, dilation) + b


@contract(
    "dY[N, O, P, Q, F] X[N, D, H, W, C] K[R, S, T, C, F] stride in 1.. pad in 0.. dilation in 1.."
    " -> dX[N, D, H, W, C] dK[R, S, T, C, F] db[F]",
    O="(D + 2*pad - dilation*(R - 1) - 1)//stride + 1",
    P="(H + 2*pad - dilation*(S - 1) - 1)//stride + 1",
    Q="(W + 2*pad - dilation*(T - 1) - 1)//stride + 1",
)
def conv3d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> dict[str, Array]:
    """dX: dY's transposed convolution with K; dK: X's correlation with dY; db = sum_nopq dY.

    Raises InputError as `conv3d` does.
    """
    return _convolve_backward(dY, X, K, stride, pad, dilation)


def _convolve(X: Array, K: Array, stride: int, pad: int, dilation: int) -> Array:
    """The convolution of any number of axes, without its bias."""
    seen = windows(X, K.shape[:-2], stride, pad, dilation)
    places = seen.shape[: X.ndim - 1]
    F = K.shape[-1]
    return (seen.reshape(math.prod(places), -1) @ K.reshape(-1, F)).reshape(*places, F)


def _convolve_backward(dY: Array, X: Array, K: Array, stride: int, pad: int, dilation: int) -> dict[str, Array]:
    F = K.shape[-1]
    seen = windows(X, K.shape[:-2], stride, pad, dilation)
    rows = dY.reshape(-1, F)
    spread = (rows @ K.reshape(-1, F).T).reshape(seen.shape)
    return {
        "dX": scatter(spread, X.shape, stride, pad, dilation),
        "dK": (seen.reshape(len(rows), -1).T @ rows).reshape(K.shape),
        "db": rows.sum(axis=0),
    }
