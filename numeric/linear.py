"""The linear layer: every output is a weighted sum of the inputs plus a bias."""

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
def linear_backward(dY: np.ndarray, X: np.ndarray, W: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY Wᵀ, dW = Xᵀ dY, db[c] = sum_n dY[n, c].

    Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 2, BP2 to BP4. Raises InputError as `linear` does.
    """
    return {"dX": dY @ W.T, **_parameters_backward(dY, X)}


@contract("dY[N, C] X[N, D] -> dW[D, C] db[C]")
def linear_parameters_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dW and db of `linear_backward`, where nobody asks for dX: the first layer of a network."""
    return _parameters_backward(dY, X)


def _parameters_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    return {"dW": X.T @ dY, "db": dY.sum(axis=0)}
