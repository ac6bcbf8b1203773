"""Convolutions in groups of channels, each group a product of matrices of its own; and depthwise, without channels.

Grouped channels have axes of their own, `X[N, H, W, G, C]`; a reshape makes that of `X[N, H, W, G*C]`, and copies
nothing. Everything else is as in `numeric.convolution`.
"""

import math

import numpy as np

from numeric.contract import contract
from numeric.windows import scatter, windows

Array = np.ndarray

_P = "(H + 2*pad - dilation*(R - 1) - 1)//stride + 1"
_Q = "(W + 2*pad - dilation*(S - 1) - 1)//stride + 1"


@contract(
    "X[N, H, G, C] K[R, G, C, F] b[G, F] stride in 1.. pad in 0.. dilation in 1.. -> Y[N, P, G, F]",
    P=_P,
)
def grouped_conv1d(X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """`conv1d` in each of G groups of channels: Y[n, p, g, f] = sum_rc X[n, ..., g, c] K[r, g, c, f] + b[g, f].

    X[N, H, G, C], K[R, G, C, F] and b[G, F] are as in `conv1d`; InputError otherwise.
    Source: Krizhevsky, Sutskever and Hinton (2012), figure 2, with one axis.
    """
    return _convolve(X, K, stride, pad, dilation) + b


@contract(
    "dY[N, P, G, F] X[N, H, G, C] K[R, G, C, F] stride in 1.. pad in 0.. dilation in 1.."
    " -> dX[N, H, G, C] dK[R, G, C, F] db[G, F]",
    P=_P,
)
def grouped_conv1d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> dict[str, Array]:
    """`conv1d_backward` in each of G groups of channels. Raises InputError as `grouped_conv1d` does."""
    return _convolve_backward(dY, X, K, stride, pad, dilation)


@contract(
    "X[N, H, W, G, C] K[R, S, G, C, F] b[G, F] stride in 1.. pad in 0.. dilation in 1.. -> Y[N, P, Q, G, F]",
    P=_P,
    Q=_Q,
)
def grouped_conv2d(X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """`conv2d` in each of G groups of channels: Y[n, p, q, g, f] = sum_rsc X[n, ..., g, c] K[r, s, g, c, f] + b[g, f].

    X[N, H, W, G, C], K[R, S, G, C, F] and b[G, F] are as in `conv2d`; InputError otherwise.
    Source: Krizhevsky, Sutskever and Hinton (2012), figure 2.
    """
    return _convolve(X, K, stride, pad, dilation) + b


@contract(
    "dY[N, P, Q, G, F] X[N, H, W, G, C] K[R, S, G, C, F] stride in 1.. pad in 0.. dilation in 1.."
    " -> dX[N, H, W, G, C] dK[R, S, G, C, F] db[G, F]",
    P=_P,
    Q=_Q,
)
def grouped_conv2d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> dict[str, Array]:
    """`conv2d_backward` in each of G groups of channels. Raises InputError as `grouped_conv2d` does."""
    return _convolve_backward(dY, X, K, stride, pad, dilation)


@contract(
    "X[N, D, H, W, G, C] K[R, S, T, G, C, F] b[G, F] stride in 1.. pad in 0.. dilation in 1.. -> Y[N, O, P, Q, G, F]",
    O="(D + 2*pad - dilation*(R - 1) - 1)//stride + 1",
    P="(H + 2*pad - dilation*(S - 1) - 1)//stride + 1",
    Q="(W + 2*pad - dilation*(T - 1) - 1)//stride + 1",
)
def grouped_conv3d(X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """`conv3d` in each of G groups: Y[n, ..., g, f] = sum_rstc X[n, ..., g, c] K[r, s, t, g, c, f] + b[g, f].

    X[N, D, H, W, G, C], K[R, S, T, G, C, F] and b[G, F] are as in `conv3d`; InputError otherwise.
    Source: Krizhevsky, Sutskever and Hinton (2012), figure 2, with a third axis.
    """
    return _convolve(X, K, stride, pad, dilation) + b


@contract(
    "dY[N, O, P, Q, G, F] X[N, D, H, W, G, C] K[R, S, T, G, C, F] stride in 1.. pad in 0.. dilation in 1.."
    " -> dX[N, D, H, W, G, C] dK[R, S, T, G, C, F] db[G, F]",
    O="(D + 2*pad - dilation*(R - 1) - 1)//stride + 1",
    P="(H + 2*pad - dilation*(S - 1) - 1)//stride + 1",
    Q="(W + 2*pad - dilation*(T - 1) - 1)//stride + 1",
)
def grouped_conv3d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> dict[str, Array]:
    """`conv3d_backward` in each of G groups of channels. Raises InputError as `grouped_conv3d` does."""
    return _convolve_backward(dY, X, K, stride, pad, dilation)


@contract(
    "X[N, H, W, C] K[R, S, C] b[C] stride in 1.. pad in 0.. dilation in 1.. -> Y[N, P, Q, C]",
    P=_P,
    Q=_Q,
)
def depthwise_conv2d(X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1) -> Array:
    """Every channel with its own kernel: Y[n, p, q, c] = sum_rs X[n, ..., c] K[r, s, c] + b[c], indices as in `conv2d`.

    X[N, H, W, C], K[R, S, C] and b[C] are as in `conv2d`; InputError otherwise.
    Source: Howard et al. (2017), MobileNets, eq. 3.
    """
    seen = windows(X, K.shape[:2], stride, pad, dilation)
    return np.einsum("npqrsc,rsc->npqc", seen, K) + b


@contract(
    "dY[N, P, Q, C] X[N, H, W, C] K[R, S, C] stride in 1.. pad in 0.. dilation in 1.."
    " -> dX[N, H, W, C] dK[R, S, C] db[C]",
    P=_P,
    Q=_Q,
)
def depthwise_conv2d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1
) -> dict[str, Array]:
    """dX adds dY K[r, s] at the entries that each window covers; dK[r, s, c] = sum_npq X[n, ..., c] dY[n, p, q, c].

    db = sum_npq dY. Raises InputError as `depthwise_conv2d` does.
    """
    seen = windows(X, K.shape[:2], stride, pad, dilation)
    spread = dY[:, :, :, None, None, :] * K
    return {
        "dX": scatter(spread, X.shape, stride, pad, dilation),
        "dK": np.einsum("npqrsc,npqc->rsc", seen, dY),
        "db": dY.sum(axis=(0, 1, 2)),
    }


def _convolve(X: Array, K: Array, stride: int, pad: int, dilation: int) -> Array:
    """The convolution of any number of axes in each group, without its bias."""
    columns, places = _columns(X, K, stride, pad, dilation)
    products = columns @ _matrices(K)
    return np.moveaxis(products, 0, 1).reshape(*places, K.shape[-3], K.shape[-1])


def _convolve_backward(dY: Array, X: Array, K: Array, stride: int, pad: int, dilation: int) -> dict[str, Array]:
    *kernel, G, C, F = K.shape
    columns, places = _columns(X, K, stride, pad, dilation)
    each = dY.reshape(-1, G, F)
    rows = np.moveaxis(each, 1, 0)
    dK = (columns.transpose(0, 2, 1) @ rows).reshape(G, *kernel, C, F)
    spread = (rows @ _matrices(K).transpose(0, 2, 1)).reshape(G, *places, *kernel, C)
    return {
        "dX": scatter(np.moveaxis(spread, 0, -2), X.shape, stride, pad, dilation),
        "dK": np.ascontiguousarray(np.moveaxis(dK, 0, -3)),
        "db": each.sum(axis=0),
    }


def _columns(X: Array, K: Array, stride: int, pad: int, dilation: int) -> tuple[Array, tuple[int, ...]]:
    """The windows of every group as the rows of a matrix of its own, [G, N*P*Q, R*S*C], and (N, P, Q)."""
    *kernel, G, _, _ = K.shape
    seen = windows(X, tuple(kernel), stride, pad, dilation)
    places = seen.shape[: 1 + len(kernel)]
    return np.moveaxis(seen, -2, 0).reshape(G, math.prod(places), -1), places


def _matrices(K: Array) -> Array:
    """K[R, S, G, C, F] as one matrix for each group, [G, R*S*C, F]."""
    *_, G, _, F = K.shape
    return np.moveaxis(K, -3, 0).reshape(G, -1, F)
