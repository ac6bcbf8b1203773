"""Losses: how far the network's answers are from the right ones, as one number, a mean over the batch of N."""

from inspect import unwrap

import numpy as np

from numeric.activations import sigmoid
from numeric.contract import contract
from numeric.errors import InputError


@contract("Y[N, C] T[N, C] -> L")
def squared_error(Y: np.ndarray, T: np.ndarray) -> np.ndarray:
    """L = 1/(2N) sum_n sum_c (Y[n, c] - T[n, c])², Nielsen's quadratic cost.

    Y[N, C] and T[N, C] are of one dtype, float32, float64 or complex128; L is a scalar of it. InputError otherwise.
    Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 1, eq. 6.
    """
    difference = Y - T
    return (difference * difference).sum() / (2 * len(Y))


@contract("dL Y[N, C] T[N, C] -> dY[N, C] dT[N, C]")
def squared_error_backward(dL: np.ndarray | float, Y: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dY = dL (Y - T)/N and dT = -dY. Raises InputError as `squared_error` does."""
    dY = Y - T
    dY *= dL / len(Y)
    return {"dY": dY, "dT": -dY}


@contract("P[N, C] T[N] in 0..C-1 -> L")
def cross_entropy(P: np.ndarray, T: np.ndarray) -> np.ndarray:
    """L = -1/N sum_n log P[n, T[n]].

    P[N, C] holds probabilities in float32, float64 or complex128, T[N] integer labels; L is a scalar of P's dtype.
    Raises InputError for anything else, and where a label's probability is not above 0.
    """
    chosen = P[np.arange(len(T)), T]
    _require_positive(chosen, T)
    return -np.log(chosen).sum() / len(T)


@contract("dL P[N, C] T[N] in 0..C-1 -> dP[N, C]")
def cross_entropy_backward(dL: np.ndarray | float, P: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dP[n, c] = -dL [c = T[n]] / (N P[n, c]). Raises InputError as `cross_entropy` does."""
    rows = np.arange(len(T))
    chosen = P[rows, T]
    _require_positive(chosen, T)
    dP = np.zeros_like(P)
    dP[rows, T] = -dL / (len(T) * chosen)
    return {"dP": dP}


@contract("Z[N, C] T[N, C] in 0..1 -> L A[N, C]")
def sigmoid_cross_entropy(Z: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """A = sigmoid(Z), L = -1/N sum_n sum_c (T log A + (1 - T) log(1 - A)), for logits of any size.

    Z[N, C] is float32, float64 or complex128, T[N, C] integers 0 or 1; L is a scalar of Z's dtype. InputError
    otherwise. Source: Nielsen (2015), ch. 3, eq. 63.
    """
    # -log(1 - A) = log(1 + exp(Z)), -log(A) = log(1 + exp(-Z)), and exp never sees a positive real part.
    exponent = np.where(T == 1, -Z, Z)
    L = (np.maximum(exponent, 0) + np.log1p(np.exp(np.minimum(exponent, -exponent)))).sum() / len(Z)
    return {"L": L, "A": unwrap(sigmoid)(Z)}


@contract("dL A[N, C] T[N, C] in 0..1 -> dZ[N, C]")
def sigmoid_cross_entropy_backward(dL: np.ndarray | float, A: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dZ = dL (A - T)/N. Raises InputError as `sigmoid_cross_entropy` does."""
    dZ = A - T.astype(A.dtype)
    dZ *= dL / len(A)
    return {"dZ": dZ}


@contract("Z[N, C] T[N] in 0..C-1 -> L P[N, C]")
def softmax_cross_entropy(Z: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """P = softmax(Z), L = -1/N sum_n log P[n, T[n]], for logits of any size.

    Z[N, C] is float32, float64 or complex128, T[N] integer labels; L is a scalar of Z's dtype. InputError otherwise.
    Source: Nielsen (2015), ch. 3, eq. 80, the log-likelihood cost.
    """
    # log P = Z - log sum exp Z, both counted from the largest logit: log never sees a P that has underflowed to 0.
    Z = Z - Z.real.max(axis=1, keepdims=True)
    P = np.exp(Z)
    total = P.sum(axis=1, keepdims=True)
    P /= total
    L = (np.log(total[:, 0]) - Z[np.arange(len(T)), T]).sum() / len(T)
    return {"L": L, "P": P}


@contract("dL P[N, C] T[N] in 0..C-1 -> dZ[N, C]")
def softmax_cross_entropy_backward(dL: np.ndarray | float, P: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dZ[n, c] = dL (P[n, c] - [c = T[n]])/N. Raises InputError as `softmax_cross_entropy` does."""
    dZ = P.copy()
    dZ[np.arange(len(T)), T] -= 1
    dZ *= dL / len(T)
    return {"dZ": dZ}


def _require_positive(chosen: np.ndarray, T: np.ndarray) -> None:
    bad = np.flatnonzero(~(chosen.real > 0))
    if bad.size:
        n = bad[0]
        raise InputError(
            f"cross_entropy: P[{n}, {T[n]}] = {chosen[n]}, the probability of the label, has no logarithm; "
            "expected above 0 (softmax_cross_entropy takes the logits, and cannot underflow)"
        )
