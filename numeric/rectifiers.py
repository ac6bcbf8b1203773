"""Relatives of the ReLU, entry by entry: what is positive passes, or nearly; what is negative is bent."""

import math
from inspect import unwrap

import numpy as np

from numeric.activations import sigmoid
from numeric.contract import contract

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349853, 1.6732632423543772848170429917
GELU_SLOPE, GELU_CUBE = math.sqrt(2 / math.pi), 0.044715


@contract("X[N, D] slope >= 0 -> Y[N, D]", analytic=False)
def leaky_relu(X: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """Y = X where X > 0, else slope X, for X[N, D] of float32 or float64; InputError otherwise.

    Source: Maas, Hannun and Ng (2013).
    """
    return np.where(X > 0, X, float(slope) * X)


@contract("dY[N, D] X[N, D] slope >= 0 -> dX[N, D]", analytic=False)
def leaky_relu_backward(dY: np.ndarray, X: np.ndarray, slope: float = 0.01) -> dict[str, np.ndarray]:
    """dX = dY where X > 0, else slope dY: the slope at 0 is that of the negative side. InputError as for the layer."""
    return {"dX": np.where(X > 0, dY, float(slope) * dY)}


@contract("X[N, D] a[D] -> Y[N, D]", analytic=False)
def prelu(X: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Y[n, d] = X[n, d] where that is positive, else a[d] X[n, d].

    X[N, D] and a[D] are of one dtype, float32 or float64; InputError otherwise. Source: He et al. (2015), eq. 1.
    """
    return np.where(X > 0, X, a * X)


@contract("dY[N, D] X[N, D] a[D] -> dX[N, D] da[D]", analytic=False)
def prelu_backward(dY: np.ndarray, X: np.ndarray, a: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY where X > 0, else a dY; da[d] = sum_n dY[n, d] min(X[n, d], 0). Raises InputError as `prelu` does."""
    return {"dX": np.where(X > 0, dY, a * dY), "da": (dY * np.minimum(X, 0)).sum(axis=0)}


@contract("X[N, D] alpha > 0 -> Y[N, D]", analytic=False)
def elu(X: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Y = X where X > 0, else alpha (exp(X) - 1), for X[N, D] of float32 or float64; InputError otherwise.

    Source: Clevert, Unterthiner and Hochreiter (2016).
    """
    return np.where(X > 0, X, float(alpha) * np.expm1(np.minimum(X, 0)))


@contract("dY[N, D] X[N, D] alpha > 0 -> dX[N, D]", analytic=False)
def elu_backward(dY: np.ndarray, X: np.ndarray, alpha: float = 1.0) -> dict[str, np.ndarray]:
    """dX = dY where X > 0, else dY alpha exp(X). Raises InputError as `elu` does."""
    # alpha exp(X), not Y + alpha: that would lose its digits where Y is near -alpha.
    return {"dX": np.where(X > 0, dY, float(alpha) * dY * np.exp(np.minimum(X, 0)))}


@contract("X[N, D] -> Y[N, D]", analytic=False)
def selu(X: np.ndarray) -> np.ndarray:
    """Y = scale X where X > 0, else scale alpha (exp(X) - 1), with the paper's scale = 1.0507 and alpha = 1.6733.

    X[N, D] is float32 or float64; InputError otherwise. Source: Klambauer et al. (2017).
    """
    return SELU_SCALE * unwrap(elu)(X, SELU_ALPHA)


@contract("dY[N, D] X[N, D] -> dX[N, D]", analytic=False)
def selu_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = scale dY where X > 0, else scale alpha dY exp(X). Raises InputError as `selu` does."""
    return {"dX": SELU_SCALE * unwrap(elu_backward)(dY, X, SELU_ALPHA)["dX"]}


@contract("X[N, D] alpha > 0 -> Y[N, D]", analytic=False)
def celu(X: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """Y = X where X > 0, else alpha (exp(X/alpha) - 1), for X[N, D] of float32 or float64; InputError otherwise.

    Source: Barron (2017).
    """
    return np.where(X > 0, X, float(alpha) * np.expm1(np.minimum(X, 0) / float(alpha)))


@contract("dY[N, D] X[N, D] alpha > 0 -> dX[N, D]", analytic=False)
def celu_backward(dY: np.ndarray, X: np.ndarray, alpha: float = 1.0) -> dict[str, np.ndarray]:
    """dX = dY exp(min(X, 0)/alpha). Raises InputError as `celu` does."""
    return {"dX": dY * np.exp(np.minimum(X, 0) / float(alpha))}


@contract("X[N, D] -> Y[N, D]")
def gelu(X: np.ndarray) -> np.ndarray:
    """Y = X Phi(X), Phi the standard normal distribution, for X[N, D] of float32, float64 or complex128.

    Raises InputError otherwise. Source: Hendrycks and Gimpel (2016).
    """
    return X * _normal_distribution(X)


@contract("dY[N, D] X[N, D] -> dX[N, D]")
def gelu_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY (Phi(X) + X phi(X)), phi the standard normal density. Raises InputError as `gelu` does."""
    density = np.exp(-X * X / 2) / math.sqrt(2 * math.pi)
    return {"dX": dY * (_normal_distribution(X) + X * density)}


def _normal_distribution(X: np.ndarray) -> np.ndarray:
    from scipy.special import erfc  # heavy, and few networks need it

    # (1 + erf(x))/2 would lose its digits on the left, where erf is near -1.
    return erfc(X * -math.sqrt(0.5)) / 2


@contract("X[N, D] -> Y[N, D]")
def gelu_tanh(X: np.ndarray) -> np.ndarray:
    """Y = X/2 (1 + tanh(sqrt(2/pi) (X + 0.044715 X³))), for X[N, D] of float32, float64 or complex128.

    Raises InputError otherwise. Source: Hendrycks and Gimpel (2016), section 2.
    """
    # (1 + tanh(v))/2 is sigmoid(2v), which keeps its digits where tanh is near -1.
    return X * unwrap(sigmoid)(_doubled_argument(X))


@contract("dY[N, D] X[N, D] -> dX[N, D]")
def gelu_tanh_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY (S + X S (1 - S) V'), S = sigmoid(V), V twice the argument of tanh. InputError as for `gelu_tanh`."""
    V = _doubled_argument(X)
    S = unwrap(sigmoid)(V)
    slope = 2 * GELU_SLOPE * (1 + 3 * GELU_CUBE * X * X)
    return {"dX": dY * S * (1 + X * unwrap(sigmoid)(-V) * slope)}


def _doubled_argument(X: np.ndarray) -> np.ndarray:
    return 2 * GELU_SLOPE * X * (1 + GELU_CUBE * X * X)


@contract("X[N, D] -> Y[N, D]")
def silu(X: np.ndarray) -> np.ndarray:
    """Y = X sigmoid(X), for X[N, D] of float32, float64 or complex128; InputError otherwise.

    Source: Elfwing, Uchibe and Doya (2018).
    """
    return X * unwrap(sigmoid)(X)


@contract("dY[N, D] X[N, D] -> dX[N, D]")
def silu_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY sigmoid(X) (1 + X sigmoid(-X)). Raises InputError as `silu` does."""
    return {"dX": dY * unwrap(sigmoid)(X) * (1 + X * unwrap(sigmoid)(-X))}


@contract("X[N, D] -> Y[N, D]")
def mish(X: np.ndarray) -> np.ndarray:
    """Y = X tanh(log(1 + exp(X))), for X[N, D] of float32, float64 or complex128; InputError otherwise.

    Source: Misra (2020).
    """
    above, below = _tanh_of_softplus(X)
    return X * (above / below)


@contract("dY[N, D] X[N, D] -> dX[N, D]")
def mish_backward(dY: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """dX = dY (U + X sigmoid(X) (1 - U²)), U = tanh(log(1 + exp(X))). Raises InputError as `mish` does."""
    above, below = _tanh_of_softplus(X)
    U, rest = above / below, (below - above) / below
    return {"dX": dY * (U + X * unwrap(sigmoid)(X) * rest * (1 + U))}


def _tanh_of_softplus(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator of tanh(log(1 + e)) = (e² + 2e)/(e² + 2e + 2), e = exp(X).

    Where X is positive both are divided by e²: exp sees no positive real part, and does not overflow.
    """
    right = X.real > 0
    e = np.exp(np.where(right, -X, X))
    above = np.where(right, 1 + 2 * e, e * (2 + e))
    return above, above + np.where(right, 2 * e * e, 2)
