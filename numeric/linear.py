"""Weighted sums: the linear layer and its relatives."""

from typing import Any

import numpy as np

from numeric.contract import contract


@contract("X[N, D] W[D, C] b[C] -> Y[N, C]")
def linear(X: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Y[n, c] = sum_d X[n, d] W[d, c] + b[c].

    X[N, D], W[D, C] and b[C] are of one dtype, float32, float64 or complex128; so is the result, Y[N, C].
    Raises InputError for anything else.
    """
    Y = X @ W
    Y += b
    return Y


@contract("dY[N, C] X[N, D] W[D, C] -> dX[N, D] dW[D, C] db[C]")
def linear_backward(
    dY: np.ndarray, X: np.ndarray, W: np.ndarray, out: dict[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """dX = dY Wᵀ, dW = Xᵀ dY, db[c] = sum_n dY[n, c].

    `out` may hold arrays, by name, that dW and db are written into. Source: Nielsen (2015), Neural Networks and Deep
    Learning, ch. 2, BP2 to BP4. Raises InputError as `linear` does.
    """
    return {"dX": dY @ W.T, **_parameters_backward(dY, X, out)}


@contract("dY[N, C] X[N, D] -> dW[D, C] db[C]")
def linear_parameters_backward(
    dY: np.ndarray, X: np.ndarray, out: dict[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """dW and db of `linear_backward`, where nobody asks for dX: the first layer of a network."""
    return _parameters_backward(dY, X, out)


def _parameters_backward(dY: np.ndarray, X: np.ndarray, out: dict[str, np.ndarray] | None = None) -> dict[str, Any]:
    # Written into memory that is there already, the product takes half the time where BLAS has two threads.
    place = out or {}
    return {"dW": np.matmul(X.T, dY, out=place.get("dW")), "db": dY.sum(axis=0, out=place.get("db"))}


@contract("X1[N, D] X2[N, E] W[D, E, C] b[C] -> Y[N, C]")
def bilinear(X1: np.ndarray, X2: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Y[n, c] = sum_d sum_e X1[n, d] W[d, e, c] X2[n, e] + b[c].

    X1[N, D], X2[N, E], W[D, E, C] and b[C] are of one dtype, float32, float64 or complex128; so is the result, Y[N, C].
    Raises InputError for anything else. Source: Tenenbaum and Freeman (2000).
    """
    Y = (X2[:, None, :] @ _mixed(X1, W))[:, 0]
    Y += b
    return Y


@contract("dY[N, C] X1[N, D] X2[N, E] W[D, E, C] -> dX1[N, D] dX2[N, E] dW[D, E, C] db[C]")
def bilinear_backward(dY: np.ndarray, X1: np.ndarray, X2: np.ndarray, W: np.ndarray) -> dict[str, np.ndarray]:
    """dX1 = sum_e sum_c W X2 dY, dX2 = sum_d sum_c W X1 dY, dW = sum_n X1 X2 dY, db = sum_n dY. InputError as above."""
    D = len(W)
    pairs = (X2[:, :, None] * dY[:, None, :]).reshape(len(dY), -1)
    return {
        "dX1": pairs @ W.reshape(D, -1).T,
        "dX2": (_mixed(X1, W) @ dY[:, :, None])[:, :, 0],
        "dW": (X1.T @ pairs).reshape(W.shape),
        "db": dY.sum(axis=0),
    }


def _mixed(X1: np.ndarray, W: np.ndarray) -> np.ndarray:
    """The matrix[E, C] that each example makes of W: one product of matrices for all of them."""
    D, E, C = W.shape
    return (X1 @ W.reshape(D, E * C)).reshape(len(X1), E, C)


@contract("W[V, D] T[N] in 0..V-1 -> Y[N, D]")
def embedding(W: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Y[n, d] = W[T[n], d].

    W[V, D] is float32, float64 or complex128, T[N] holds integer tokens; Y[N, D] is of W's dtype. InputError otherwise.
    Source: Bengio, Ducharme, Vincent and Jauvin (2003).
    """
    return W[T]


@contract("dY[N, D] W[V, D] T[N] in 0..V-1 -> dW[V, D]")
def embedding_backward(dY: np.ndarray, W: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dW[v, d] = sum_n [v = T[n]] dY[n, d]: what comes back to a token is added up. InputError as for `embedding`."""
    # Sorted by token, each token's rows are one run: reduceat adds up runs, many times faster than np.add.at.
    order = np.argsort(T, kind="stable")
    tokens, starts = np.unique(T[order], return_index=True)
    dW = np.zeros(W.shape, W.dtype)
    dW[tokens] = np.add.reduceat(dY[order], starts, axis=0)
    return {"dW": dW}


@contract("X[N, D] W[D, C] b[C] A[D, R] B[R, C] alpha > 0 -> Y[N, C] H[N, R]")
def low_rank_linear(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, A: np.ndarray, B: np.ndarray, alpha: float = 1.0
) -> dict[str, np.ndarray]:
    """H = X A, Y = X W + b + alpha/R H B.

    X[N, D], W[D, C], b[C], A[D, R] and B[R, C] are of one dtype, float32, float64 or complex128; so are Y[N, C] and
    H[N, R]. Raises InputError for anything else. Source: Hu et al. (2022), eq. 3.
    """
    H = X @ A
    Y = H @ B
    Y *= float(alpha) / len(B)
    Y += X @ W
    Y += b
    return {"Y": Y, "H": H}


@contract("dY[N, C] X[N, D] W[D, C] A[D, R] B[R, C] H[N, R] alpha > 0 -> dX[N, D] dW[D, C] db[C] dA[D, R] dB[R, C]")
def low_rank_linear_backward(
    dY: np.ndarray,
    X: np.ndarray,
    W: np.ndarray,
    A: np.ndarray,
    B: np.ndarray,
    H: np.ndarray,
    alpha: float = 1.0,
) -> dict[str, np.ndarray]:
    """dH = alpha/R dY Bᵀ, dX = dY Wᵀ + dH Aᵀ, dW = Xᵀ dY, db = sum_n dY, dA = Xᵀ dH, dB = alpha/R Hᵀ dY.

    Raises InputError as `low_rank_linear` does.
    """
    share = float(alpha) / len(B)
    dH = dY @ B.T
    dH *= share
    dX = dY @ W.T
    dX += dH @ A.T
    dB = H.T @ dY
    dB *= share
    return {"dX": dX, **_parameters_backward(dY, X), "dA": X.T @ dH, "dB": dB}
