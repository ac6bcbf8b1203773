"""Convolutions, channels last, as products of one matrix of windows with one matrix of kernels.

The windows of the padded input are a strided view; the product copies it once, into columns, and runs in BLAS. A
backward with respect to the input adds the columns' cotangents back, one shifted slice for each place in the kernel:
R*S additions of whole images, no loop over images or positions. Kernels are not flipped: these are correlations.
Grouped channels have axes of their own, `X[N, H, W, G, C]`; a reshape makes that of `X[N, H, W, G*C]`.
"""

import math
from itertools import product

import numpy as np

from numeric.contract import contract

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
    columns, (N, P, Q) = _group_columns(X, K, stride, pad, dilation)
    products = columns @ _group_matrices(K)
    return np.moveaxis(products, 0, 1).reshape(N, P, Q, *b.shape) + b


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
    R, S, G, C, F = K.shape
    columns, (N, P, Q) = _group_columns(X, K, stride, pad, dilation)
    rows = np.moveaxis(dY.reshape(-1, G, F), 1, 0)
    dK = (columns.transpose(0, 2, 1) @ rows).reshape(G, R, S, C, F)
    spread = (rows @ _group_matrices(K).transpose(0, 2, 1)).reshape(G, N, P, Q, R, S, C)
    return {
        "dX": _scatter(spread.transpose(1, 2, 3, 4, 5, 0, 6), X.shape, stride, pad, dilation),
        "dK": np.ascontiguousarray(dK.transpose(1, 2, 0, 3, 4)),
        "db": dY.sum(axis=(0, 1, 2)),
    }


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
    windows = _windows(X, K.shape[:2], stride, pad, dilation)
    return np.einsum("npqrsc,rsc->npqc", windows, K) + b


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
    windows = _windows(X, K.shape[:2], stride, pad, dilation)
    spread = dY[:, :, :, None, None, :] * K
    return {
        "dX": _scatter(spread, X.shape, stride, pad, dilation),
        "dK": np.einsum("npqrsc,npqc->rsc", windows, dY),
        "db": dY.sum(axis=(0, 1, 2)),
    }


@contract(
    "X[N, H, W, C] K[R, S, C, F] b[F] stride in 1.. pad in 0.. -> Y[N, P, Q, F]",
    P="stride*(H - 1) + R - 2*pad",
    Q="stride*(W - 1) + S - 2*pad",
)
def transposed_conv2d(X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0) -> Array:
    """Every input adds X[n, h, w, :] K[r, s] to Y[n, stride h + r - pad, stride w + s - pad, :]; then comes b.

    X[N, H, W, C], K[R, S, C, F] and b[F] are of one dtype, float32, float64 or complex128; P = stride (H - 1) + R
    - 2 pad, and Q likewise, are at least 1. InputError otherwise. Source: Dumoulin and Visin (2016), ch. 4.
    """
    (N, H, W, C), (R, S, _, F) = X.shape, K.shape
    spread = (X.reshape(-1, C) @ _input_channels_first(K)).reshape(N, H, W, R, S, F)
    shape = (N, stride * (H - 1) + R - 2 * pad, stride * (W - 1) + S - 2 * pad, F)
    return _scatter(spread, shape, stride, pad, 1) + b


@contract(
    "dY[N, P, Q, F] X[N, H, W, C] K[R, S, C, F] stride in 1.. pad in 0.. -> dX[N, H, W, C] dK[R, S, C, F] db[F]",
    P="stride*(H - 1) + R - 2*pad",
    Q="stride*(W - 1) + S - 2*pad",
)
def transposed_conv2d_backward(dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0) -> dict[str, Array]:
    """dX: dY's convolution with K; dK: dY's correlation with X; db = sum_npq dY.

    Raises InputError as `transposed_conv2d` does.
    """
    R, S, C, F = K.shape
    columns = _windows(dY, (R, S), stride, pad, 1).reshape(-1, R * S * F)
    dK = (X.reshape(-1, C).T @ columns).reshape(C, R, S, F)
    return {
        "dX": (columns @ _input_channels_first(K).T).reshape(X.shape),
        "dK": np.ascontiguousarray(dK.transpose(1, 2, 0, 3)),
        "db": dY.sum(axis=(0, 1, 2)),
    }


def _convolve(X: Array, K: Array, stride: int, pad: int, dilation: int) -> Array:
    """The convolution of any number of axes, without its bias."""
    windows = _windows(X, K.shape[:-2], stride, pad, dilation)
    places = windows.shape[: X.ndim - 1]
    F = K.shape[-1]
    return (windows.reshape(math.prod(places), -1) @ K.reshape(-1, F)).reshape(*places, F)


def _convolve_backward(dY: Array, X: Array, K: Array, stride: int, pad: int, dilation: int) -> dict[str, Array]:
    F = K.shape[-1]
    windows = _windows(X, K.shape[:-2], stride, pad, dilation)
    rows = dY.reshape(-1, F)
    spread = (rows @ K.reshape(-1, F).T).reshape(windows.shape)
    return {
        "dX": _scatter(spread, X.shape, stride, pad, dilation),
        "dK": (windows.reshape(len(rows), -1).T @ rows).reshape(K.shape),
        "db": rows.sum(axis=0),
    }


def _windows(X: Array, kernel: tuple[int, ...], stride: int, pad: int, dilation: int) -> Array:
    """What lies under the kernel at every output place: X[N, H, ..., C] becomes a view [N, P, ..., R, ..., C].

    Whatever follows the axes that the kernel slides along stays as it is.
    """
    count = len(kernel)
    along = range(1, 1 + count)
    margins = [(pad, pad) if axis in along else (0, 0) for axis in range(X.ndim)]
    padded = np.pad(X, margins) if pad else X
    extents = [dilation * (size - 1) + 1 for size in kernel]
    views = np.lib.stride_tricks.sliding_window_view(padded, extents, axis=tuple(along))
    every = (slice(None), *(slice(None, None, stride),) * count, *(slice(None),) * (X.ndim - 1 - count))
    return np.moveaxis(
        views[(*every, *(slice(None, None, dilation),) * count)], range(-count, 0), range(1 + count, 1 + 2 * count)
    )


def _scatter(spread: Array, shape: tuple[int, ...], stride: int, pad: int, dilation: int) -> Array:
    """Add up what every window hands back, the reverse of `_windows`: [N, P, ..., R, ..., C] becomes `shape`.

    One addition of a strided slice for each place in the kernel.
    """
    count = spread.ndim - len(shape)
    outputs, kernel = spread.shape[1 : 1 + count], spread.shape[1 + count : 1 + 2 * count]
    reach = [
        max(size + 2 * pad, stride * (places - 1) + dilation * (length - 1) + 1)
        for size, places, length in zip(shape[1 : 1 + count], outputs, kernel, strict=True)
    ]
    total = np.zeros((shape[0], *reach, *shape[1 + count :]), spread.dtype)
    for place in product(*map(range, kernel)):
        under = [
            slice(dilation * k, dilation * k + stride * (places - 1) + 1, stride)
            for k, places in zip(place, outputs, strict=True)
        ]
        window: tuple[slice | int, ...] = (*(slice(None),) * (1 + count), *place)
        total[(slice(None), *under)] += spread[window]
    inside = tuple(slice(pad, pad + size) for size in shape[1 : 1 + count])
    return np.ascontiguousarray(total[(slice(None), *inside)])


def _group_columns(X: Array, K: Array, stride: int, pad: int, dilation: int) -> tuple[Array, tuple[int, int, int]]:
    """The windows of every group as the rows of a matrix of its own, [G, N*P*Q, R*S*C], and (N, P, Q)."""
    G = K.shape[2]
    windows = _windows(X, K.shape[:2], stride, pad, dilation)
    N, P, Q = windows.shape[:3]
    return windows.transpose(5, 0, 1, 2, 3, 4, 6).reshape(G, N * P * Q, -1), (N, P, Q)


def _group_matrices(K: Array) -> Array:
    """K[R, S, G, C, F] as one matrix for each group, [G, R*S*C, F]."""
    _, _, G, _, F = K.shape
    return K.transpose(2, 0, 1, 3, 4).reshape(G, -1, F)


def _input_channels_first(K: Array) -> Array:
    """K[R, S, C, F] as a matrix [C, R*S*F]."""
    return K.transpose(2, 0, 1, 3).reshape(K.shape[2], -1)
