"""Layers that move numbers and compute nothing; what they return is never a view of what they were given."""

import numpy as np

from numeric.contract import contract


@contract("A[N, D] B[N, E] -> Y[N, D + E]")
def concatenate(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The columns of A, then those of B.

    A[N, D] and B[N, E] are of one dtype, float32, float64 or complex128; so is Y[N, D + E]. InputError otherwise.
    """
    return np.concatenate([A, B], axis=1)


@contract("dY[N, D + E] A[N, D] B[N, E] -> dA[N, D] dB[N, E]")
def concatenate_backward(dY: np.ndarray, A: np.ndarray, B: np.ndarray) -> dict[str, np.ndarray]:
    """dA is the first D columns of dY, dB the other E. Raises InputError as `concatenate` does."""
    D = A.shape[1]
    return {"dA": dY[:, :D].copy(), "dB": dY[:, D:].copy()}


@contract(
    "X[N, H, W, C] top in 0.. bottom in 0.. left in 0.. right in 0.. -> Y[N, H + top + bottom, W + left + right, C]"
)
def pad(X: np.ndarray, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    """Y[n, p, q, c] = X[n, p - top, q - left, c], and 0 in the frame.

    X[N, H, W, C] is float32, float64 or complex128, and so is Y. Raises InputError for anything else.
    """
    N, H, W, C = X.shape
    Y = np.zeros((N, H + top + bottom, W + left + right, C), X.dtype, like=X)
    Y[:, top : top + H, left : left + W] = X
    return Y


@contract(
    "dY[N, H + top + bottom, W + left + right, C] top in 0.. bottom in 0.. left in 0.. right in 0.. -> dX[N, H, W, C]"
)
def pad_backward(dY: np.ndarray, top: int, bottom: int, left: int, right: int) -> dict[str, np.ndarray]:
    """dX[n, h, w, c] = dY[n, h + top, w + left, c]: the frame is cut off. Raises InputError as `pad` does."""
    _, P, Q, _ = dY.shape
    return {"dX": dY[:, top : P - bottom, left : Q - right].copy()}


@contract("X[N, H, W] -> Y[N, W, H]")
def transpose(X: np.ndarray) -> np.ndarray:
    """Y[n, w, h] = X[n, h, w], for X[N, H, W] of float32, float64 or complex128; InputError otherwise."""
    return X.transpose(0, 2, 1).copy()


@contract("dY[N, W, H] -> dX[N, H, W]")
def transpose_backward(dY: np.ndarray) -> dict[str, np.ndarray]:
    """dX[n, h, w] = dY[n, w, h]. Raises InputError as `transpose` does."""
    return {"dX": dY.transpose(0, 2, 1).copy()}


@contract("X[N, D] F[N, D] -> Y[N, D]")
def residual_add(X: np.ndarray, F: np.ndarray) -> np.ndarray:
    """Y = X + F, for X[N, D] and F[N, D] of one dtype, float32, float64 or complex128; InputError otherwise.

    Source: He et al. (2016), eq. 1.
    """
    return X + F


@contract("dY[N, D] -> dX[N, D] dF[N, D]")
def residual_add_backward(dY: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY and dF = dY, each in memory of its own. Raises InputError as `residual_add` does."""
    return {"dX": dY.copy(), "dF": dY.copy()}


@contract("X[N, H, W, C] R in 1.. S in 1.. -> Y[N, R*H, S*W, C]")
def nearest_upsampling(X: np.ndarray, R: int, S: int) -> np.ndarray:
    """Y[n, p, q, c] = X[n, p//R, q//S, c]: every pixel becomes R rows and S columns of itself.

    X[N, H, W, C] is float32, float64 or complex128, and so is Y. Raises InputError for anything else.
    """
    N, H, W, C = X.shape
    Y = np.empty((N, H, R, W, S, C), X.dtype, like=X)
    Y[...] = X[:, :, None, :, None, :]
    return Y.reshape(N, R * H, S * W, C)


@contract("dY[N, R*H, S*W, C] R in 1.. S in 1.. -> dX[N, H, W, C]")
def nearest_upsampling_backward(dY: np.ndarray, R: int, S: int) -> dict[str, np.ndarray]:
    """dX[n, h, w, c] = sum_r sum_s dY[n, R h + r, S w + s, c]. Raises InputError as `nearest_upsampling` does."""
    N, P, Q, C = dY.shape
    return {"dX": dY.reshape(N, P // R, R, Q // S, S, C).sum(axis=(2, 4))}


@contract("X[N, H, W, C*R*R] R in 1.. -> Y[N, R*H, R*W, C]")
def pixel_shuffle(X: np.ndarray, R: int) -> np.ndarray:
    """Y[n, R h + r, R w + s, c] = X[n, h, w, c R² + r R + s].

    X[N, H, W, C*R*R] is float32, float64 or complex128, and so is Y. Raises InputError for anything else.
    Source: Shi et al. (2016), eq. 4.
    """
    N, H, W, channels = X.shape
    C = channels // (R * R)
    Y = np.empty((N, H, R, W, R, C), X.dtype, like=X)
    Y[...] = X.reshape(N, H, W, C, R, R).transpose(0, 1, 4, 2, 5, 3)
    return Y.reshape(N, R * H, R * W, C)


@contract("dY[N, R*H, R*W, C] R in 1.. -> dX[N, H, W, C*R*R]")
def pixel_shuffle_backward(dY: np.ndarray, R: int) -> dict[str, np.ndarray]:
    """dX[n, h, w, c R² + r R + s] = dY[n, R h + r, R w + s, c]. Raises InputError as `pixel_shuffle` does."""
    N, P, Q, C = dY.shape
    H, W = P // R, Q // R
    dX = np.empty((N, H, W, C, R, R), dY.dtype)
    dX[...] = dY.reshape(N, H, R, W, R, C).transpose(0, 1, 3, 5, 2, 4)
    return {"dX": dX.reshape(N, H, W, C * R * R)}


@contract("X[N, H, W, C] -> Y[N, H*W*C]")
def flatten(X: np.ndarray) -> np.ndarray:
    """Y[n, (h W + w) C + c] = X[n, h, w, c].

    X[N, H, W, C] is float32, float64 or complex128, and so is Y. Raises InputError for anything else.
    """
    return X.copy().reshape(len(X), -1)


@contract("dY[N, H*W*C] X[N, H, W, C] -> dX[N, H, W, C]")
def flatten_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX[n, h, w, c] = dY[n, (h W + w) C + c]; of X, only the shape is asked. Raises InputError as `flatten` does."""
    return {"dX": dY.copy().reshape(X.shape)}
