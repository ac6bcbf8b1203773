"""Activations: sigmoid, tanh and ReLU, entry by entry, and softmax, row by row."""

import numpy as np

from numeric.contract import contract


@contract("X[N, D] -> Y[N, D]")
def sigmoid(X: np.ndarray) -> np.ndarray:
    """Y = 1/(1 + exp(-X)), for X[N, D] of float32, float64 or complex128; InputError otherwise.

    Source: Nielsen (2015), ch. 1, eq. 3.
    """
    # exp(X)/(1 + exp(X)) below 0 and 1/(1 + exp(-X)) above: exp never sees a positive real part, so never overflows.
    return np.exp(np.minimum(X, 0)) / (1 + np.exp(np.minimum(X, -X)))


@contract("dY[N, D] Y[N, D] -> dX[N, D]")
def sigmoid_backward(dY: np.ndarray, Y: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY Y (1 - Y). Raises InputError as `sigmoid` does."""
    return {"dX": dY * Y * (1 - Y)}


@contract("X[N, D] -> Y[N, D]")
def tanh(X: np.ndarray) -> np.ndarray:
    """Y = tanh(X), for X[N, D] of float32, float64 or complex128; InputError otherwise."""
    return np.tanh(X)


@contract("dY[N, D] Y[N, D] -> dX[N, D]")
def tanh_backward(dY: np.ndarray, Y: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY (1 - Y²). Raises InputError as `tanh` does."""
    return {"dX": dY * (1 - Y * Y)}


@contract("X[N, D] -> Y[N, D]", analytic=False)
def relu(X: np.ndarray) -> np.ndarray:
    """Y = max(X, 0), for X[N, D] of float32 or float64; InputError otherwise."""
    return np.maximum(X, 0)


@contract("dY[N, D] Y[N, D] -> dX[N, D]", analytic=False)
def relu_backward(dY: np.ndarray, Y: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY where X > 0, else 0: the slope at 0 is 0. (Y > 0 exactly where X > 0.) InputError as for `relu`."""
    return {"dX": dY * (Y > 0)}


@contract("Z[N, C] -> P[N, C]")
def softmax(Z: np.ndarray) -> np.ndarray:
    """P[n, c] = exp(Z[n, c]) / sum_k exp(Z[n, k]), for logits of any size.

    Z[N, C] is float32, float64 or complex128; InputError otherwise. Source: Nielsen (2015), ch. 3, eq. 78.
    """
    # The largest logit becomes 0: the quotient stays the same, and no exponential overflows.
    P = np.exp(Z - Z.real.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P


@contract("dP[N, C] P[N, C] -> dZ[N, C]")
def softmax_backward(dP: np.ndarray, P: np.ndarray) -> dict[str, np.ndarray]:
    """dZ[n, c] = P[n, c] (dP[n, c] - sum_k dP[n, k] P[n, k]). Raises InputError as `softmax` does."""
    return {"dZ": P * (dP - (dP * P).sum(axis=1, keepdims=True))}
