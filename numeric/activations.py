"""Activations: functions applied to every entry; softmax, its logarithm and maxout, which look at several."""

from inspect import unwrap

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


@contract("Z[N, C] -> Y[N, C]")
def log_softmax(Z: np.ndarray) -> np.ndarray:
    """Y[n, c] = Z[n, c] - log sum_k exp(Z[n, k]), for logits of any size.

    Z[N, C] is float32, float64 or complex128; InputError otherwise. Source: Goodfellow et al. (2016), eq. 6.30.
    """
    Y = Z - Z.real.max(axis=1, keepdims=True)
    Y -= np.log(np.exp(Y).sum(axis=1, keepdims=True))
    return Y


@contract("dY[N, C] Y[N, C] -> dZ[N, C]")
def log_softmax_backward(dY: np.ndarray, Y: np.ndarray) -> dict[str, np.ndarray]:
    """dZ[n, c] = dY[n, c] - exp(Y[n, c]) sum_k dY[n, k]. Raises InputError as `log_softmax` does."""
    return {"dZ": dY - np.exp(Y) * dY.sum(axis=1, keepdims=True)}


@contract("X[N, D] -> Y[N, D]")
def identity(X: np.ndarray) -> np.ndarray:
    """Y = X, in memory of its own, for X[N, D] of float32, float64 or complex128; InputError otherwise."""
    return X.copy()


@contract("dY[N, D] -> dX[N, D]")
def identity_backward(dY: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY, in memory of its own. Raises InputError as `identity` does."""
    return {"dX": dY.copy()}


@contract("X[N, D] -> Y[N, D]")
def log_sigmoid(X: np.ndarray) -> np.ndarray:
    """Y = log(sigmoid(X)) = -log(1 + exp(-X)), for X[N, D] of float32, float64 or complex128; InputError otherwise."""
    return -_softplus(-X)


@contract("dY[N, D] X[N, D] -> dX[N, D]")
def log_sigmoid_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY sigmoid(-X). Raises InputError as `log_sigmoid` does."""
    return {"dX": dY * unwrap(sigmoid)(-X)}


@contract("X[N, D] beta > 0 -> Y[N, D]")
def softplus(X: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """Y = log(1 + exp(beta X))/beta, for X[N, D] of float32, float64 or complex128; InputError otherwise.

    Source: Dugas et al. (2001).
    """
    return _softplus(float(beta) * X) / float(beta)


@contract("dY[N, D] X[N, D] beta > 0 -> dX[N, D]")
def softplus_backward(dY: np.ndarray, X: np.ndarray, beta: float = 1.0) -> dict[str, np.ndarray]:
    """dX = dY sigmoid(beta X). Raises InputError as `softplus` does."""
    return {"dX": dY * unwrap(sigmoid)(float(beta) * X)}


def _softplus(X: np.ndarray) -> np.ndarray:
    # log(1 + exp(X)) = max(X, 0) + log(1 + exp(-|X|)): exp never sees a positive real part.
    return np.maximum(X, 0) + np.log1p(np.exp(np.minimum(X, -X)))


@contract("X[N, D] -> Y[N, D]", analytic=False)
def softsign(X: np.ndarray) -> np.ndarray:
    """Y = X/(1 + |X|), for X[N, D] of float32 or float64; InputError otherwise. Source: Glorot and Bengio (2010)."""
    return X / (1 + np.abs(X))


@contract("dY[N, D] X[N, D] -> dX[N, D]", analytic=False)
def softsign_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY/(1 + |X|)². Raises InputError as `softsign` does."""
    return {"dX": dY / np.square(1 + np.abs(X))}


@contract("X[N, D, K] -> Y[N, D]", analytic=False)
def maxout(X: np.ndarray) -> np.ndarray:
    """Y[n, d] = max_k X[n, d, k], for X[N, D, K] of float32 or float64; InputError otherwise.

    Source: Goodfellow et al. (2013).
    """
    return X.max(axis=2)


@contract("dY[N, D] X[N, D, K] -> dX[N, D, K]", analytic=False)
def maxout_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY at the largest entry, the first of equal ones, else 0. Raises InputError as `maxout` does."""
    dX = np.zeros(X.shape, X.dtype)
    np.put_along_axis(dX, X.argmax(axis=2, keepdims=True), dY[:, :, None], axis=2)
    return {"dX": dX}
