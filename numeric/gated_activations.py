"""Activations in which one half of the columns decides how much of the other half passes."""

from inspect import unwrap

import numpy as np

from numeric.activations import sigmoid
from numeric.contract import contract
from numeric.rectifiers import silu, silu_backward


@contract("X[N, 2*D] -> Y[N, D]")
def glu(X: np.ndarray) -> np.ndarray:
    """Y = A sigmoid(B), A the left half and B the right half of the columns of X.

    X[N, 2*D] is float32, float64 or complex128; InputError otherwise. Source: Dauphin et al. (2017).
    """
    A, B = _halves(X)
    return A * unwrap(sigmoid)(B)


@contract("dY[N, D] X[N, 2*D] -> dX[N, 2*D]")
def glu_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """The left half of dX is dY sigmoid(B), the right half dY A sigmoid(B) sigmoid(-B). InputError as for `glu`."""
    A, B = _halves(X)
    S = unwrap(sigmoid)(B)
    return {"dX": np.concatenate([dY * S, dY * A * S * unwrap(sigmoid)(-B)], axis=1)}


@contract("X[N, 2*D] -> Y[N, D]")
def swiglu(X: np.ndarray) -> np.ndarray:
    """Y = silu(A) B, A the left half and B the right half of the columns of X.

    X[N, 2*D] is float32, float64 or complex128; InputError otherwise. Source: Shazeer (2020).
    """
    A, B = _halves(X)
    return unwrap(silu)(A) * B


@contract("dY[N, D] X[N, 2*D] -> dX[N, 2*D]")
def swiglu_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """The left half of dX is dY B silu'(A), the right half dY silu(A). Raises InputError as `swiglu` does."""
    A, B = _halves(X)
    return {"dX": np.concatenate([unwrap(silu_backward)(dY * B, A)["dX"], dY * unwrap(silu)(A)], axis=1)}


def _halves(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    D = X.shape[1] // 2
    return X[:, :D], X[:, D:]
