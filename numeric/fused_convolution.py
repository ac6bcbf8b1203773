"""Convolution, ReLU and max pooling as one unit, channels last: the images between the three are never written.

A window of the pool, 2 by 2, sees one patch of R + 1 by S + 1 pixels. The patches are copied into rows, and what the
convolution gives at the window's places (i, j) are four products with slices of them, which BLAS takes as they are: i
chooses the R lines of pixels that the kernels lie on. For j the patches are copied twice, a pixel apart; or where lines
are short, once, S + 1 wide, and the kernels are framed by zeros. Bias and ReLU keep the order of numbers, so they come
after the maximum, on a quarter of them.

Images are taken in blocks. The large arrays of a call share one piece of memory, which the allocator keeps for the next
call: to touch pages that are new to a process takes longer than to compute what is written to them.
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from numeric.contract import contract

Array = np.ndarray

BLOCK_BYTES = 2**18  # of X; measured: beside smaller blocks NumPy's calls cost too much, larger ones gain nothing
SHORT_LINE = 64  # bytes; measured: to copy lines of 12 twice costs more than to multiply zeros, of 192 less

_U = "(H + 2*pad - R + 1)//2"
_V = "(W + 2*pad - S + 1)//2"
_PLACES = tuple(product((0, 1), (0, 1)))  # of a window, row by row


class _Sizes(NamedTuple):
    """The sizes of the equations, but for N, and the padding."""

    H: int
    W: int
    R: int
    S: int
    C: int
    F: int
    U: int
    V: int
    pad: int
    T: int  # pixels in a line of a patch: S, or S + 1


@contract(
    "X[N, H, W, C] K[R, S, C, F] b[F] pad in 0.. -> Y[N, U, V, F] J[N, U, V, F] in 0..3",
    analytic=False,
    U=_U,
    V=_V,
)
def conv_relu_pool2d(X: Array, K: Array, b: Array, pad: int = 0) -> dict[str, Array]:
    """Y[n, u, v, f] = max_ij relu(A[n, 2 u + i, 2 v + j, f]) with i and j 0 or 1; J = 2 i + j, where A is largest.

    A[n, p, q, f] = sum_rsc X[n, p + r - pad, q + s - pad, c] K[r, s, c, f] + b[f]; outside of X stands 0.
    X[N, H, W, C], K[R, S, C, F] and b[F] are of one dtype, float32 or float64, and so is Y[N, U, V, F]; J[N, U, V, F],
    which the backward asks for, is int8. U = (H + 2 pad - R + 1)//2, and V likewise, are at least 1. InputError
    otherwise. Source: LeCun, Bottou, Bengio and Haffner (1998), section II.A.
    """
    sizes = _sizes(X, K, pad)
    F, U, V = sizes.F, sizes.U, sizes.V
    frame, rows, A, _ = _space(X, sizes)
    Y, J = np.empty((len(X), U, V, F), X.dtype), np.empty((len(X), U, V, F), np.int8)
    kernels = _framed(K, sizes.T)
    bias, zero = np.tile(b, V), np.zeros(V * F, b.dtype)  # lines of V*F numbers: NumPy is slow where loops are short
    frame[...] = 0
    for images in _blocks(X):
        patches = _patches(X[images], frame, rows, sizes)
        y, place, a = Y[images].reshape(-1, F), J[images].reshape(-1, F), A[:, : patches.shape[1]]
        for k, (i, j) in enumerate(_PLACES):
            np.matmul(_under(patches, i, j, sizes), kernels[j], out=a[k])
        # Of equals the first wins, so the second has to be larger.
        above, below = (a[1] > a[0]).view(np.int8), (a[3] > a[2]).view(np.int8)
        np.maximum(a[0], a[1], out=a[0])
        np.maximum(a[2], a[3], out=a[2])
        below += 2
        below *= (a[2] > a[0]).view(np.int8)
        np.maximum(above, below, out=place)
        np.maximum(a[0], a[2], out=y)
        lines = y.reshape(-1, V * F)
        lines += bias
        np.maximum(lines, zero, out=lines)
    return {"Y": Y, "J": J}


@contract(
    "dY[N, U, V, F] X[N, H, W, C] K[R, S, C, F] Y[N, U, V, F] J[N, U, V, F] in 0..3 pad in 0.."
    " -> dX[N, H, W, C] dK[R, S, C, F] db[F]",
    analytic=False,
    U=_U,
    V=_V,
)
def conv_relu_pool2d_backward(dY: Array, X: Array, K: Array, Y: Array, J: Array, pad: int = 0) -> dict[str, Array]:
    """dX: dA's transposed convolution with K; dK: X's correlation with dA; db = sum_npq dA.

    dA is dY at place J of each window where Y > 0, else 0: of equal entries the first, row by row, gets the whole
    cotangent, and the slope of relu at 0 is 0. Raises InputError as `conv_relu_pool2d` does.
    """
    return _backward(dY, X, K, Y, J, pad, np.empty(X.shape, X.dtype))


@contract(
    "dY[N, U, V, F] X[N, H, W, C] K[R, S, C, F] Y[N, U, V, F] J[N, U, V, F] in 0..3 pad in 0.. -> dK[R, S, C, F] db[F]",
    analytic=False,
    U=_U,
    V=_V,
)
def conv_relu_pool2d_parameters_backward(
    dY: Array, X: Array, K: Array, Y: Array, J: Array, pad: int = 0
) -> dict[str, Array]:
    """dK and db of `conv_relu_pool2d_backward`, where nobody asks for dX; of K only the shape is used."""
    return _backward(dY, X, K, Y, J, pad, None)


def _backward(dY: Array, X: Array, K: Array, Y: Array, J: Array, pad: int, dX: Array | None) -> dict[str, Array]:
    """All cotangents, dX in the memory that is given for it; without any, those of the parameters."""
    sizes = _sizes(X, K, pad)
    F = sizes.F
    frame, rows, dA, beside = _space(X, sizes)
    lines = [] if dX is None else _lines(K)
    dkernels, db = np.zeros((2, sizes.R * sizes.T * sizes.C, F), K.dtype), np.zeros(F, K.dtype)
    for images in _blocks(X):
        frame[...] = 0
        patches = _patches(X[images], frame, rows, sizes)
        M = patches.shape[1]
        g, place = (dY[images] * (Y[images] > 0)).reshape(M, F), J[images].reshape(M, F)
        for k, (i, j) in enumerate(_PLACES):
            da = np.multiply(g, place == k, out=dA[k, :M])
            dkernels[j] += _under(patches, i, j, sizes).T @ da
        db += np.ones(M, g.dtype) @ g
        if dX is not None:
            beside[:M].reshape(M, 4, F)[...] = dA[:, :M].transpose(1, 0, 2)
            dX[images] = _handed_back(beside[:M], lines, frame[: len(dX[images])], sizes)
    parameters = {"dK": _unframed(dkernels, sizes), "db": db}
    return parameters if dX is None else {"dX": dX, **parameters}


def _sizes(X: Array, K: Array, pad: int) -> _Sizes:
    (_, H, W, C), (R, S, _, F) = X.shape, K.shape
    T = S + 1 if S * C * X.itemsize < SHORT_LINE else S
    return _Sizes(H, W, R, S, C, F, (H + 2 * pad - R + 1) // 2, (W + 2 * pad - S + 1) // 2, pad, T)


def _blocks(X: Array) -> Iterator[slice]:
    """The images, as many at a time as make a block."""
    count = _block(X)
    return (slice(start, start + count) for start in range(0, len(X), count))


def _block(X: Array) -> int:
    return min(len(X), max(1, BLOCK_BYTES // X[0].nbytes))


def _space(X: Array, sizes: _Sizes) -> list[Array]:
    """Memory for a block of images: they in a frame, their patches, and what the four places of their windows hold.

    The frame has an even number of columns; patches are rows. The places stand one after the other, and side by side.
    """
    H, W, R, S, C, F, U, V, pad, T = sizes
    count = _block(X)
    M = count * U * V
    frame, rows = (count, H + 2 * pad, W + 2 * pad + W % 2, C), (S + 2 - T, M, (R + 1) * T * C)
    shapes = [frame, rows, (4, M, F), (M, 4 * F)]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(np.empty(ends[-1], X.dtype), ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def _patches(X: Array, frame: Array, rows: Array, sizes: _Sizes) -> Array:
    """The patches of these images, one a row, once or twice; `frame` holds zeros, which become the padding."""
    H, W, R, S, C, _, U, V, pad, T = sizes
    frame[: len(X), pad : pad + H, pad : pad + W] = X
    line = f"V{T * C * X.itemsize}"  # what lies side by side is copied as one item
    image, down, right, _ = frame.strides
    shape, strides = (S + 2 - T, len(X), U, V, R + 1), (right, image, 2 * down, 2 * right, down)
    M = len(X) * U * V
    rows[:, :M].view(line).reshape(shape)[...] = np.ndarray(shape, line, frame, strides=strides)
    return rows[:, :M]


def _under(patches: Array, i: int, j: int, sizes: _Sizes) -> Array:
    """What `_framed` kernels lie on at place (i, j) of each window: R lines of its patch."""
    line = sizes.T * sizes.C
    return patches[j * (sizes.S + 1 - sizes.T), :, i * line : (i + sizes.R) * line]


def _framed(K: Array, T: int) -> Array:
    """The kernels for j = 0 and j = 1, as wide as the lines of a patch: two matrices [R*T*C, F]."""
    R, S, C, F = K.shape
    framed = np.zeros((2, R, T, C, F), K.dtype)
    for j in (0, 1):
        framed[j, :, j * (T - S) : j * (T - S) + S] = K
    return framed.reshape(2, R * T * C, F)


def _unframed(dkernels: Array, sizes: _Sizes) -> Array:
    """dK of the cotangents of `_framed`'s two matrices."""
    R, S, C, F, T = sizes.R, sizes.S, sizes.C, sizes.F, sizes.T
    left, right = dkernels.reshape(2, R, T, C, F)
    return left[:, :S] + right[:, T - S :]


def _lines(K: Array) -> list[tuple[int, int, slice, Array]]:
    """Line r of a patch, two pixels of it, the places of a window that see them, and the kernels that they see them by.

    The kernels are a matrix from these places and F channels to two pixels of C channels.
    """
    R, S, C, F = K.shape
    pairs = S // 2 + 1
    framed = np.zeros((R, 2, F, pairs * 2, C), K.dtype)
    for j in (0, 1):
        framed[:, j, :, j : j + S] = K.transpose(0, 3, 1, 2)
    framed = framed.reshape(R, 2 * F, pairs, 2 * C)
    lines = []
    for r, pair in product(range(R + 1), range(pairs)):
        rows = [i for i in (0, 1) if 0 <= r - i < R]
        places = slice(2 * F * rows[0], 2 * F * (rows[-1] + 1))
        lines.append((r, pair, places, np.concatenate([framed[r - i, :, pair] for i in rows])))
    return lines


def _handed_back(dA: Array, lines: list[tuple[int, int, slice, Array]], frame: Array, sizes: _Sizes) -> Array:
    """dX of a block, added up in the frame: what each line of the patches gets, two pixels at a time."""
    _, W, _, _, C, _, U, V, pad, _ = sizes
    frame[...] = 0
    n, height, width, _ = frame.shape
    pixels = frame.reshape(n, height, width // 2, 2 * C)
    for r, pair, places, kernels in lines:
        pixels[:, r : r + 2 * U : 2, pair : pair + V] += (dA[:, places] @ kernels).reshape(n, U, V, 2 * C)
    return frame[:, pad : height - pad, pad : pad + W]
