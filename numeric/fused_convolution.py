"""Convolution, ReLU and max pooling as one unit, channels last: the images between the three are never written.

A window of the pool, 2 by 2, sees one patch of R + 1 by S + 1 pixels. The patches are copied into rows, and what the
convolution gives at the window's places (i, j) are four products with slices of them, which BLAS takes as they are: i
chooses the R lines of pixels that the kernels lie on. For j the patches are copied twice, a pixel apart; or where lines
are short, once, S + 1 wide, and the kernels are framed by zeros. Bias and ReLU keep the order of numbers, so they come
after the maximum, on a quarter of them. dX is a convolution too, of dA with the kernels turned round, and four products
of patches make the pixels of X, two by two.

Images are taken in blocks. The large arrays of a call share one piece of memory, which the allocator keeps for the next
call: to touch pages that are new to a process takes longer than to compute what is written to them.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from numeric.contract import contract
from numeric.image_blocks import image_blocks

Array = np.ndarray

SHORT_LINE = 16  # numbers; measured: to copy lines of 3 twice costs more than to multiply zeros, of 48 less

_U = "(H + 2*pad - R + 1)//2"
_V = "(W + 2*pad - S + 1)//2"
_PLACES = np.arange(4, dtype=np.int8).reshape(4, 1, 1)  # of a window, row by row: 2 i + j


class _Sizes(NamedTuple):
    """A convolution of images H by W, in a frame, with kernels R by S, from C channels to F, at U by V windows."""

    H: int
    W: int
    R: int
    S: int
    C: int
    F: int
    U: int
    V: int
    frame: tuple[int, int]  # its height and width
    corner: tuple[int, int]  # where in it the images lie
    start: tuple[int, int]  # where in it the patch of the first window lies
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
    blocks, largest = _blocks(X, [sizes])
    frame, rows, A = _space(largest, sizes, X.dtype)
    Y, J = np.empty((len(X), U, V, F), X.dtype), np.empty((len(X), U, V, F), np.int8)
    kernels = _framed(K, sizes.T)
    for images in blocks:
        patches = _patches(X[images], frame, rows, sizes)
        y, place, a = Y[images].reshape(-1, F), J[images].reshape(-1, F), A[:, : patches.shape[1]]
        np.matmul(_under(patches, sizes), kernels, out=a.reshape(2, 2, -1, F))
        # Of equals the first wins, so the second has to be larger.
        above, below = (a[1] > a[0]).view(np.int8), (a[3] > a[2]).view(np.int8)
        np.maximum(a[0], a[1], out=a[0])
        np.maximum(a[2], a[3], out=a[2])
        below += 2
        below *= (a[2] > a[0]).view(np.int8)
        np.maximum(above, below, out=place)
        np.maximum(a[0], a[2], out=y)
    lines = Y.reshape(-1, V * F)  # NumPy is slow where loops are short
    lines += np.tile(b, V)
    np.maximum(lines, np.zeros(V * F, b.dtype), out=lines)
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
    convolutions = [sizes] if dX is None else [sizes, _turned(sizes, pad)]
    blocks, largest = _blocks(X, convolutions)
    frame, rows, dA = _space(largest, sizes, X.dtype)
    hand_back = None if dX is None else _handing_back(largest, K, X.shape[1:3], convolutions[1])
    dkernels, g = np.zeros((2, 2, sizes.R * sizes.T * sizes.C, F), K.dtype), dY * (Y > 0)
    for images in blocks:
        patches = _patches(X[images], frame, rows, sizes)
        M, windows = patches.shape[1], Y[images].shape
        da = np.multiply(g[images].reshape(M, F), J[images].reshape(M, F) == _PLACES, out=dA[:, :M])
        dkernels += _under(patches, sizes).swapaxes(2, 3) @ da.reshape(2, 2, M, F)
        if dX is not None and hand_back is not None:
            dX[images] = hand_back(da.reshape(2, 2, *windows))
    g = g.reshape(-1, F)
    parameters = {"dK": _unframed(dkernels, sizes), "db": np.ones(len(g), g.dtype) @ g}
    return parameters if dX is None else {"dX": dX, **parameters}


def _sizes(X: Array, K: Array, pad: int) -> _Sizes:
    (_, H, W, C), (R, S, _, F) = X.shape, K.shape
    return _sized(H, W, R, S, C, F, (H + 2 * pad - R + 1) // 2, (W + 2 * pad - S + 1) // 2, (pad, pad))


def _turned(sizes: _Sizes, pad: int) -> _Sizes:
    """The convolution that makes dX: of dA, 2 U by 2 V, whose first pixel sees the kernels' last but for `pad`."""
    H, W, R, S, C, F, U, V = sizes[:8]
    return _sized(2 * U, 2 * V, R, S, F, C, -(-H // 2), -(-W // 2), (R - 1 - pad, S - 1 - pad))


def _sized(H: int, W: int, R: int, S: int, C: int, F: int, U: int, V: int, pads: tuple[int, int]) -> _Sizes:
    frame, corner, start = zip(_along(H, U, R, pads[0]), _along(W, V, S, pads[1]), strict=True)
    return _Sizes(H, W, R, S, C, F, U, V, frame, corner, start, S + (S * C < SHORT_LINE))


def _along(pixels: int, windows: int, kernel: int, pad: int) -> tuple[int, int, int]:
    """Along one axis: how long the frame is, where in it the images begin, and the first patch. A pad below 0 cuts.

    Where there is a pad, the patches reach as far as the images that it shifts.
    """
    corner, start = max(pad, 0), max(-pad, 0)
    return max(pixels, start + 2 * windows + kernel - 1), corner, start


def _blocks(X: Array, convolutions: list[_Sizes]) -> tuple[list[slice], int]:
    """The images, as many at a time as is good for these convolutions; and how many that is at most."""
    size = X.itemsize * sum(math.prod(shape) for sizes in convolutions for shape in _shapes(1, sizes))
    windows = max(math.prod((sizes.U, sizes.V)) for sizes in convolutions)
    kernels = max(math.prod((sizes.R, sizes.T, sizes.C, sizes.F)) for sizes in convolutions)
    return image_blocks(len(X), size, windows, kernels)


def _space(count: int, sizes: _Sizes, dtype: np.dtype) -> list[Array]:
    """Memory for so many images: they in a frame of zeros, their patches, and the four places of their windows.

    Patches are rows; the places stand one after the other.
    """
    shapes = _shapes(count, sizes)
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    parts = np.split(np.empty(ends[-1], dtype), ends[:-1])
    frame, rows, places = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    frame[...] = 0
    return [frame, rows, places]


def _shapes(count: int, sizes: _Sizes) -> list[tuple[int, ...]]:
    """Of the three arrays of `_space`."""
    R, S, C, F, T, M = sizes.R, sizes.S, sizes.C, sizes.F, sizes.T, count * sizes.U * sizes.V
    return [(count, *sizes.frame, C), (S + 2 - T, M, (R + 1) * T * C), (4, M, F)]


def _inside(frame: Array, count: int, sizes: _Sizes) -> Array:
    """The part of a frame where so many images lie."""
    (top, left), H, W = sizes.corner, sizes.H, sizes.W
    return frame[:count, top : top + H, left : left + W]


def _patches(X: Array, frame: Array, rows: Array, sizes: _Sizes) -> Array:
    """The patches of these images, one a row, once or twice; around them `frame` holds zeros, which are the padding."""
    _inside(frame, len(X), sizes)[...] = X
    return _copied(frame, len(X), rows, sizes)


def _copied(frame: Array, count: int, rows: Array, sizes: _Sizes) -> Array:
    R, S, C, U, V, T = sizes.R, sizes.S, sizes.C, sizes.U, sizes.V, sizes.T
    line = f"V{T * C * frame.itemsize}"  # what lies side by side is copied as one item
    image, down, right, _ = frame.strides
    shape, strides = (S + 2 - T, count, U, V, R + 1), (right, image, 2 * down, 2 * right, down)
    first = sizes.start[0] * down + sizes.start[1] * right
    M = count * U * V
    rows[:, :M].view(line).reshape(shape)[...] = np.ndarray(shape, line, frame, first, strides)
    return rows[:, :M]


def _under(patches: Array, sizes: _Sizes) -> Array:
    """What `_framed` kernels lie on at the places (i, j) of each window, R lines of its patch: [2, 2, M, R*T*C]."""
    line, both = sizes.T * sizes.C, sizes.T == sizes.S  # whether the patches are there twice
    copy, row, item = patches.strides
    shape = (2, 2, patches.shape[1], sizes.R * line)
    return np.lib.stride_tricks.as_strided(patches, shape, (line * item, both * copy, row, item), writeable=False)


def _framed(K: Array, T: int) -> Array:
    """The kernels for j = 0 and j = 1, as wide as the lines of a patch: two matrices [R*T*C, F]."""
    R, S, C, F = K.shape
    framed = np.zeros((2, R, T, C, F), K.dtype)
    for j in (0, 1):
        first = j * (T - S)
        framed[j, :, first : first + S] = K
    return framed.reshape(2, R * T * C, F)


def _unframed(dkernels: Array, sizes: _Sizes) -> Array:
    """dK of the cotangents of `_framed`'s two matrices, for i = 0 and i = 1."""
    R, S, C, F, T = sizes.R, sizes.S, sizes.C, sizes.F, sizes.T
    left, right = dkernels.sum(axis=0).reshape(2, R, T, C, F)
    return left[:, :S] + right[:, T - S :]


def _handing_back(count: int, K: Array, image: tuple[int, ...], turned: _Sizes) -> Callable[[Array], Array]:
    """A function from dA of a block of at most so many images, [2, 2, n, U, V, F], to their dX."""
    (H, W), C, U, V = image, turned.F, turned.U, turned.V
    frame, rows, places = _space(count, turned, K.dtype)
    kernels = _framed(K[::-1, ::-1].swapaxes(2, 3), turned.T)
    pixels = np.empty((count, 2 * U, 2 * V, C), K.dtype)

    def hand_back(dA: Array) -> Array:
        n = dA.shape[2]
        _by_places(_inside(frame, n, turned))[...] = dA
        patches = _copied(frame, n, rows, turned)
        M = patches.shape[1]
        made = np.matmul(_under(patches, turned), kernels, out=places[:, :M].reshape(2, 2, M, C))
        _by_places(pixels[:n])[...] = made.reshape(2, 2, n, U, V, C)
        return pixels[:n, :H, :W]

    return hand_back


def _by_places(images: Array) -> Array:
    """Images [n, 2 U, 2 V, C] as [2, 2, n, U, V, C]: every window's pixels apart, in the same memory."""
    n, height, width, C = images.shape
    return images.reshape(n, height // 2, 2, width // 2, 2, C).transpose(2, 4, 0, 1, 3, 5)
