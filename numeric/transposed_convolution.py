"""Transposed convolutions, channels last: what the backward of a convolution does to dY, as a layer.

One product makes every input's stamp, shifted slices add the stamps up; backwards, windows of dY meet the kernel. All
of it is done for groups of channels: without groups there is one.
"""

import numpy as np

from numeric.contract import contract
from numeric.windows import scatter, windows

Array = np.ndarray

_P = "stride*(H - 1) + dilation*(R - 1) + 1 - 2*pad + output_pad"
_Q = "stride*(W - 1) + dilation*(S - 1) + 1 - 2*pad + output_pad"


@contract(
    "X[N, H, W, C] K[R, S, C, F] b[F] stride in 1.. pad in 0.. dilation in 1.. output_pad in 0.. -> Y[N, P, Q, F]",
    P=_P,
    Q=_Q,
)
def transposed_conv2d(
    X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1, output_pad: int = 0
) -> Array:
    """Every input adds X[n, h, w, :] K[r, s] to Y[n, stride h + dilation r - pad, stride w + dilation s - pad, :].

    X[N, H, W, C], K[R, S, C, F] and b[F], which is added in the end, are of one dtype, float32, float64 or complex128;
    P = stride (H - 1) + dilation (R - 1) + 1 - 2 pad + output_pad, and Q likewise, are at least 1. InputError
    otherwise. Source: Dumoulin and Visin (2016), ch. 4.
    """
    return _stamp(X[..., None, :], K[:, :, None], stride, pad, dilation, output_pad)[..., 0, :] + b


@contract(
    "dY[N, P, Q, F] X[N, H, W, C] K[R, S, C, F] stride in 1.. pad in 0.. dilation in 1.. output_pad in 0.."
    " -> dX[N, H, W, C] dK[R, S, C, F] db[F]",
    P=_P,
    Q=_Q,
)
def transposed_conv2d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1, output_pad: int = 0
) -> dict[str, Array]:
    """dX: dY's convolution with K; dK: dY's correlation with X; db = sum_npq dY.

    Raises InputError as `transposed_conv2d` does.
    """
    grouped = _stamp_backward(dY[..., None, :], X[..., None, :], K[:, :, None], stride, pad, dilation)
    return {"dX": grouped["dX"][..., 0, :], "dK": grouped["dK"][:, :, 0], "db": grouped["db"][0]}


@contract(
    "X[N, H, W, G, C] K[R, S, G, C, F] b[G, F] stride in 1.. pad in 0.. dilation in 1.. output_pad in 0.."
    " -> Y[N, P, Q, G, F]",
    P=_P,
    Q=_Q,
)
def grouped_transposed_conv2d(
    X: Array, K: Array, b: Array, stride: int = 1, pad: int = 0, dilation: int = 1, output_pad: int = 0
) -> Array:
    """`transposed_conv2d` in each of G groups of channels: X[n, h, w, g, :] meets K[r, s, g].

    X[N, H, W, G, C], K[R, S, G, C, F] and b[G, F] are as in `transposed_conv2d`; InputError otherwise.
    """
    return _stamp(X, K, stride, pad, dilation, output_pad) + b


@contract(
    "dY[N, P, Q, G, F] X[N, H, W, G, C] K[R, S, G, C, F] stride in 1.. pad in 0.. dilation in 1.. output_pad in 0.."
    " -> dX[N, H, W, G, C] dK[R, S, G, C, F] db[G, F]",
    P=_P,
    Q=_Q,
)
def grouped_transposed_conv2d_backward(
    dY: Array, X: Array, K: Array, stride: int = 1, pad: int = 0, dilation: int = 1, output_pad: int = 0
) -> dict[str, Array]:
    """`transposed_conv2d_backward` in each of G groups. Raises InputError as `grouped_transposed_conv2d` does."""
    return _stamp_backward(dY, X, K, stride, pad, dilation)


def _stamp(X: Array, K: Array, stride: int, pad: int, dilation: int, output_pad: int) -> Array:
    (N, H, W, G, _), (R, S, _, _, F) = X.shape, K.shape
    stamps = (_rows(X) @ _matrices(K)).reshape(G, N, H, W, R, S, F)
    P, Q = (
        stride * (size - 1) + dilation * (length - 1) + 1 - 2 * pad + output_pad for size, length in ((H, R), (W, S))
    )
    return scatter(np.moveaxis(stamps, 0, -2), (N, P, Q, G, F), stride, pad, dilation)


def _stamp_backward(dY: Array, X: Array, K: Array, stride: int, pad: int, dilation: int) -> dict[str, Array]:
    (N, H, W, G, C), (R, S, _, _, F) = X.shape, K.shape
    # An output_pad of a stride or more leaves room for windows that no input has stamped.
    seen = windows(dY, (R, S), stride, pad, dilation)[:, :H, :W]
    columns = np.moveaxis(seen, -2, 0).reshape(G, N * H * W, R * S * F)
    dX = np.moveaxis(columns @ _matrices(K).transpose(0, 2, 1), 0, 1)
    dK = (_rows(X).transpose(0, 2, 1) @ columns).reshape(G, C, R, S, F)
    return {
        "dX": dX.reshape(X.shape),
        "dK": np.ascontiguousarray(dK.transpose(2, 3, 0, 1, 4)),
        "db": dY.sum(axis=(0, 1, 2)),
    }


def _rows(X: Array) -> Array:
    """X[N, H, W, G, C] as one matrix for each group, [G, N*H*W, C]."""
    *_, G, C = X.shape
    return np.moveaxis(X.reshape(-1, G, C), 1, 0)


def _matrices(K: Array) -> Array:
    """K[R, S, G, C, F] as one matrix for each group, [G, C, R*S*F]."""
    _, _, G, C, _ = K.shape
    return K.transpose(2, 3, 0, 1, 4).reshape(G, C, -1)
