"""Losses: how far the network's answers are from the right ones, as one number, a mean over the batch of N."""

from inspect import unwrap
from typing import Any

import numpy as np

from numeric.activations import sigmoid
from numeric.contract import Option, contract
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
    Z, P, logarithm = _softmax_parts(Z)
    return {"L": (logarithm - Z[np.arange(len(T)), T]).sum() / len(T), "P": P}


@contract("dL P[N, C] T[N] in 0..C-1 -> dZ[N, C]")
def softmax_cross_entropy_backward(dL: np.ndarray | float, P: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dZ[n, c] = dL (P[n, c] - [c = T[n]])/N. Raises InputError as `softmax_cross_entropy` does."""
    dZ = P.copy()
    dZ[np.arange(len(T)), T] -= 1
    dZ *= dL / len(T)
    return {"dZ": dZ}


@contract("Y[N, C] T[N] in 0..C-1 -> L")
def nll(Y: np.ndarray, T: np.ndarray) -> np.ndarray:
    """L = -1/N sum_n Y[n, T[n]].

    Y[N, C] holds logarithms of probabilities in float32, float64 or complex128, T[N] integer labels; L is a scalar of
    Y's dtype. InputError otherwise.
    """
    return -Y[np.arange(len(T)), T].sum() / len(T)


@contract("dL Y[N, C] T[N] in 0..C-1 -> dY[N, C]")
def nll_backward(dL: np.ndarray | float, Y: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dY[n, c] = -dL [c = T[n]]/N. Raises InputError as `nll` does."""
    dY = np.zeros(Y.shape, Y.dtype)
    dY[np.arange(len(T)), T] = -dL / len(T)
    return {"dY": dY}


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float | np.floating) and not isinstance(value, bool) and 0 <= float(value) <= 1


SHARE = Option("a number from 0 to 1", _is_share)


@contract("Z[N, C] T[N] in 0..C-1 -> L P[N, C]", eps=SHARE)
def smoothed_softmax_cross_entropy(Z: np.ndarray, T: np.ndarray, eps: float = 0.1) -> dict[str, np.ndarray]:
    """P = softmax(Z), L = -1/N sum_n ((1 - eps) log P[n, T[n]] + eps/C sum_c log P[n, c]), for logits of any size.

    Z[N, C] is float32, float64 or complex128, T[N] integer labels; L is a scalar of Z's dtype. InputError otherwise.
    Source: Szegedy et al. (2016), section 7.
    """
    Z, P, logarithm = _softmax_parts(Z)
    smoothed = (1 - float(eps)) * Z[np.arange(len(T)), T] + float(eps) * Z.mean(axis=1)
    return {"L": (logarithm - smoothed).sum() / len(T), "P": P}


@contract("dL P[N, C] T[N] in 0..C-1 -> dZ[N, C]", eps=SHARE)
def smoothed_softmax_cross_entropy_backward(
    dL: np.ndarray | float, P: np.ndarray, T: np.ndarray, eps: float = 0.1
) -> dict[str, np.ndarray]:
    """dZ[n, c] = dL (P[n, c] - (1 - eps) [c = T[n]] - eps/C)/N. Raises InputError as the loss does."""
    dZ = P - float(eps) / P.shape[1]
    dZ[np.arange(len(T)), T] -= 1 - float(eps)
    dZ *= dL / len(T)
    return {"dZ": dZ}


@contract("Z[N, C] T[N] in 0..C-1 w[C] > 0 -> L P[N, C] S[N]")
def weighted_cross_entropy(Z: np.ndarray, T: np.ndarray, w: np.ndarray) -> dict[str, np.ndarray]:
    """P = softmax(Z), S[n] = -log P[n, T[n]], L = sum_n w[T[n]] S[n] / sum_n w[T[n]], for logits of any size.

    Z[N, C] and the weights w[C] are of one dtype, float32, float64 or complex128, T[N] integer labels; L is a scalar
    of that dtype. InputError otherwise. Source: King and Zeng (2001).
    """
    Z, P, logarithm = _softmax_parts(Z)
    S = logarithm - Z[np.arange(len(T)), T]
    chosen = w[T]
    return {"L": (chosen * S).sum() / chosen.sum(), "P": P, "S": S}


@contract("dL P[N, C] S[N] T[N] in 0..C-1 w[C] > 0 L -> dZ[N, C] dw[C]")
def weighted_cross_entropy_backward(
    dL: np.ndarray | float,
    P: np.ndarray,
    S: np.ndarray,
    T: np.ndarray,
    w: np.ndarray,
    L: np.ndarray | float,
) -> dict[str, np.ndarray]:
    """dZ[n, c] = dL w[T[n]] (P[n, c] - [c = T[n]])/W, dw[c] = dL sum_n [c = T[n]] (S[n] - L)/W, W = sum_n w[T[n]].

    Raises InputError as `weighted_cross_entropy` does.
    """
    share = w[T]
    share *= dL / share.sum()
    dZ = P.copy()
    dZ[np.arange(len(T)), T] -= 1
    dZ *= share[:, None]
    dw = np.zeros(w.shape, w.dtype)
    np.add.at(dw, T, (S - L) * (dL / w[T].sum()))
    return {"dZ": dZ, "dw": dw}


def _softmax_parts(Z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The logits counted from each row's largest, their softmax, and the logarithm of their exponentials' sum."""
    # Columns in a row each: NumPy takes the larger of two rows four times as fast as the largest of every short one.
    Z = Z - np.asfortranarray(Z.real).max(axis=1, keepdims=True)
    P = np.exp(Z)
    total = P.sum(axis=1, keepdims=True)
    P /= total
    return Z, P, np.log(total[:, 0])


@contract("P[N, C] > 0 T[N, C] in 0..1 -> L")
def binary_cross_entropy(P: np.ndarray, T: np.ndarray) -> np.ndarray:
    """L = -1/(N C) sum_n sum_c (T log P + (1 - T) log(1 - P)).

    P[N, C] holds probabilities, above 0 and below 1, in float32, float64 or complex128, T[N, C] integers 0 or 1; L is
    a scalar of P's dtype. InputError otherwise. Source: Nielsen (2015), ch. 3, eq. 57.
    """
    _require_below_1(P)
    return -np.where(T == 1, np.log(P), np.log1p(-P)).sum() / P.size


@contract("dL P[N, C] > 0 T[N, C] in 0..1 -> dP[N, C]")
def binary_cross_entropy_backward(dL: np.ndarray | float, P: np.ndarray, T: np.ndarray) -> dict[str, np.ndarray]:
    """dP = -dL/(N C P) where T = 1, else dL/(N C (1 - P)). Raises InputError as `binary_cross_entropy` does."""
    _require_below_1(P)
    dP = 1 / np.where(T == 1, -P, 1 - P)
    dP *= dL / P.size
    return {"dP": dP}


def _require_below_1(P: np.ndarray) -> None:
    bad = np.argwhere(~(P.real < 1))
    if len(bad):
        n, c = bad[0]
        raise InputError(
            f"binary_cross_entropy: P[{n}, {c}] = {P[n, c]}; expected a probability below 1 "
            "(sigmoid_cross_entropy takes the logits, and cannot round to 1)"
        )


@contract("P[N, C] > 0 Q[N, C] > 0 -> L")
def kl_divergence(P: np.ndarray, Q: np.ndarray) -> np.ndarray:
    """L = 1/N sum_n sum_c P[n, c] (log P[n, c] - log Q[n, c]).

    P and Q are probabilities, not their logarithms; rows that do not sum to 1 are taken as they are. P[N, C] and
    Q[N, C] are above 0 and of one dtype, float32, float64 or complex128; L is a scalar of it. InputError otherwise.
    Source: Kullback and Leibler (1951).
    """
    return (P * (np.log(P) - np.log(Q))).sum() / len(P)


@contract("dL P[N, C] > 0 Q[N, C] > 0 -> dP[N, C] dQ[N, C]")
def kl_divergence_backward(dL: np.ndarray | float, P: np.ndarray, Q: np.ndarray) -> dict[str, np.ndarray]:
    """dP = dL (log P - log Q + 1)/N, dQ = -dL P/(N Q). Raises InputError as `kl_divergence` does."""
    dP = np.log(P) - np.log(Q)
    dP += 1
    dP *= dL / len(P)
    dQ = P / Q
    dQ *= -dL / len(P)
    return {"dP": dP, "dQ": dQ}


@contract("Z[N, C] T[N, C] in 0..1 gamma >= 0 -> L P[N, C]")
def focal(Z: np.ndarray, T: np.ndarray, gamma: float = 2.0) -> dict[str, np.ndarray]:
    """P = sigmoid(Z) where T = 1, else sigmoid(-Z); L = -1/N sum_n sum_c (1 - P)^gamma log P, for logits of any size.

    Every entry is a yes or no of its own, and none has a weight: eq. 5 of the source has an alpha that balances them.
    Z[N, C] is float32, float64 or complex128, T[N, C] integers 0 or 1; L is a scalar of Z's dtype. InputError
    otherwise. Source: Lin et al. (2017), eq. 4.
    """
    P, surprise, discount = _focal_parts(Z, T, gamma)
    return {"L": (discount * surprise).sum() / len(Z), "P": P}


@contract("dL Z[N, C] T[N, C] in 0..1 gamma >= 0 -> dZ[N, C]")
def focal_backward(dL: np.ndarray | float, Z: np.ndarray, T: np.ndarray, gamma: float = 2.0) -> dict[str, np.ndarray]:
    """dZ = s dL/N (1 - P)^gamma (gamma P log P + P - 1), s = 1 where T = 1, else -1. InputError as for `focal`."""
    P, surprise, discount = _focal_parts(Z, T, gamma)
    wrong = unwrap(sigmoid)(np.where(T == 1, -Z, Z))
    dZ = np.where(T == 1, -discount, discount) * (wrong + float(gamma) * P * surprise)
    dZ *= dL / len(Z)
    return {"dZ": dZ}


def _focal_parts(Z: np.ndarray, T: np.ndarray, gamma: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P, -log P and (1 - P)^gamma, all from log(1 + exp(-|Z|)): none rounds to 0 or 1 before it must."""
    X = np.where(T == 1, Z, -Z)
    small = np.log1p(np.exp(np.minimum(X, -X)))
    surprise = small + np.maximum(-X, 0)
    return unwrap(sigmoid)(X), surprise, np.exp(-float(gamma) * (small + np.maximum(X, 0)))


def _require_positive(chosen: np.ndarray, T: np.ndarray) -> None:
    bad = np.flatnonzero(~(chosen.real > 0))
    if bad.size:
        n = bad[0]
        raise InputError(
            f"cross_entropy: P[{n}, {T[n]}] = {chosen[n]}, the probability of the label, has no logarithm; "
            "expected above 0 (softmax_cross_entropy takes the logits, and cannot underflow)"
        )
