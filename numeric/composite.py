"""Blocks of whole networks: the catalogue's layers one after the other, and their backwards in reverse."""

from inspect import unwrap
from typing import Any

import numpy as np

from numeric import activations, attention, convolution, linear, normalization, rectifiers
from numeric.contract import contract

Arrays = dict[str, np.ndarray]
# The blocks look at their arrays themselves: the parts need not.
_linear, _linear_backward = unwrap(linear.linear), unwrap(linear.linear_backward)
_gelu, _gelu_backward = unwrap(rectifiers.gelu), unwrap(rectifiers.gelu_backward)
_relu, _relu_backward = unwrap(activations.relu), unwrap(activations.relu_backward)
_layer_norm, _layer_norm_backward = unwrap(normalization.layer_norm), unwrap(normalization.layer_norm_backward)
_batch_norm, _batch_norm_backward = unwrap(normalization.batch_norm), unwrap(normalization.batch_norm_backward)
_attend = unwrap(attention.multi_head_attention)
_attend_backward = unwrap(attention.multi_head_attention_backward)
_conv2d, _conv2d_backward = unwrap(convolution.conv2d), unwrap(convolution.conv2d_backward)


@contract(
    "X[N, T, D] gamma1[D] beta1[D] Wq[D, H, E] Wk[D, H, E] Wv[D, H, E] Wo[H, E, D] M[N, T, T] in 0..1 "
    "gamma2[D] beta2[D] W1[D, F] b1[F] W2[F, D] b2[D] eps > 0 "
    "-> Y[N, T, D] A[N, T, D] Xhat1[N, T, D] v1[N, T] Q[N, H, T, E] K[N, H, T, E] V[N, H, T, E] O[N, H, T, E] "
    "P[N, H, T, T] C[N, T, D] Xhat2[N, T, D] v2[N, T] Z[N, T, F] G[N, T, F]"
)
def transformer_block(
    X: np.ndarray,
    gamma1: np.ndarray,
    beta1: np.ndarray,
    Wq: np.ndarray,
    Wk: np.ndarray,
    Wv: np.ndarray,
    Wo: np.ndarray,
    M: np.ndarray,
    gamma2: np.ndarray,
    beta2: np.ndarray,
    W1: np.ndarray,
    b1: np.ndarray,
    W2: np.ndarray,
    b2: np.ndarray,
    eps: float = 1e-5,
) -> Arrays:
    """R = X + attention(norm(X)), Y = R + gelu(norm(R) W1 + b1) W2 + b2: the norm comes first.

    X[N, T, D] and the parameters are of one dtype, float32, float64 or complex128; M[N, T, T] holds integers 0 or 1,
    whether step t sees step u, and from a step that sees none the attention hands on 0, as in `multi_head_attention`.
    Beside Y[N, T, D] comes what the backward asks for. Raises InputError for anything else.
    Source: Xiong et al. (2020), On Layer Normalization in the Transformer Architecture, figure 1b.
    """
    N, T, D = X.shape
    first = _layer_norm(X.reshape(N * T, D), gamma1, beta1, eps)
    A = first["Y"].reshape(N, T, D)
    heads = _attend(A, Wq, Wk, Wv, Wo, M)
    R = (X + heads.pop("Y")).reshape(N * T, D)
    second = _layer_norm(R, gamma2, beta2, eps)
    Z = _linear(second["Y"], W1, b1)
    G = _gelu(Z)
    Y = _linear(G, W2, b2)
    Y += R
    flat = {"Y": Y, "C": second["Y"], "Xhat1": first["Xhat"], "Xhat2": second["Xhat"], "Z": Z, "G": G}
    saved = {name: value.reshape(N, T, -1) for name, value in flat.items()}
    return {**saved, "A": A, "v1": first["v"].reshape(N, T), "v2": second["v"].reshape(N, T), **heads}


@contract(
    "dY[N, T, D] gamma1[D] Wq[D, H, E] Wk[D, H, E] Wv[D, H, E] Wo[H, E, D] gamma2[D] W1[D, F] W2[F, D] "
    "A[N, T, D] Xhat1[N, T, D] v1[N, T] Q[N, H, T, E] K[N, H, T, E] V[N, H, T, E] O[N, H, T, E] P[N, H, T, T] "
    "C[N, T, D] Xhat2[N, T, D] v2[N, T] Z[N, T, F] G[N, T, F] eps > 0 "
    "-> dX[N, T, D] dgamma1[D] dbeta1[D] dWq[D, H, E] dWk[D, H, E] dWv[D, H, E] dWo[H, E, D] dgamma2[D] dbeta2[D] "
    "dW1[D, F] db1[F] dW2[F, D] db2[D]"
)
def transformer_block_backward(
    dY: np.ndarray,
    gamma1: np.ndarray,
    Wq: np.ndarray,
    Wk: np.ndarray,
    Wv: np.ndarray,
    Wo: np.ndarray,
    gamma2: np.ndarray,
    W1: np.ndarray,
    W2: np.ndarray,
    A: np.ndarray,
    Xhat1: np.ndarray,
    v1: np.ndarray,
    Q: np.ndarray,
    K: np.ndarray,
    V: np.ndarray,
    O: np.ndarray,
    P: np.ndarray,
    C: np.ndarray,
    Xhat2: np.ndarray,
    v2: np.ndarray,
    Z: np.ndarray,
    G: np.ndarray,
    eps: float = 1e-5,
) -> Arrays:
    """The parts' backwards, last first; what goes around a part is added. Raises InputError as `transformer_block`."""
    N, T, D = dY.shape
    rows = N * T
    last = _linear_backward(dY.reshape(rows, D), G.reshape(rows, -1), W2)
    dZ = _gelu_backward(last["dX"], Z.reshape(rows, -1))["dX"]
    middle = _linear_backward(dZ, C.reshape(rows, D), W1)
    second = _layer_norm_backward(middle["dX"], gamma2, Xhat2.reshape(rows, D), v2.reshape(rows), eps)
    dR = dY + second["dX"].reshape(N, T, D)
    heads = _attend_backward(dR, A, Wq, Wk, Wv, Wo, Q, K, V, O, P)
    dA = heads.pop("dX").reshape(rows, D)
    first = _layer_norm_backward(dA, gamma1, Xhat1.reshape(rows, D), v1.reshape(rows), eps)
    dR += first["dX"].reshape(N, T, D)
    return {
        "dX": dR,
        **heads,
        "dgamma1": first["dgamma"],
        "dbeta1": first["dbeta"],
        "dgamma2": second["dgamma"],
        "dbeta2": second["dbeta"],
        "dW1": middle["dW"],
        "db1": middle["db"],
        "dW2": last["dW"],
        "db2": last["db"],
    }


@contract(
    "X[N, H, W, C] K1[R, R, C, C] gamma1[C] beta1[C] K2[R, R, C, C] gamma2[C] beta2[C] pad in 0.. eps > 0 "
    "-> Y[N, H, W, C] Xhat1[N, H, W, C] v1[C] Z[N, H, W, C] Xhat2[N, H, W, C] v2[C]",
    analytic=False,
    R="2*pad + 1",
)
def residual_block(
    X: np.ndarray,
    K1: np.ndarray,
    gamma1: np.ndarray,
    beta1: np.ndarray,
    K2: np.ndarray,
    gamma2: np.ndarray,
    beta2: np.ndarray,
    pad: int = 1,
    eps: float = 1e-5,
) -> Arrays:
    """Y = relu(X + norm(K2 * relu(norm(K1 * X)))), with batch norms over images and places.

    X[N, H, W, C] and the parameters are of one dtype, float32 or float64; the kernels K1 and K2 are
    [2 pad + 1, 2 pad + 1, C, C], and the images keep their size. Beside Y comes what the backward asks for. Raises
    InputError for anything else. Source: He et al. (2016), Deep Residual Learning for Image Recognition, figure 2.
    """
    first = _normalized(X, K1, gamma1, beta1, pad, eps)
    Z = _relu(first["Y"])
    second = _normalized(Z, K2, gamma2, beta2, pad, eps)
    saved = {"Xhat1": first["Xhat"], "v1": first["v"], "Xhat2": second["Xhat"], "v2": second["v"]}
    return {"Y": _relu(X + second["Y"]), "Z": Z, **saved}


@contract(
    "dY[N, H, W, C] X[N, H, W, C] K1[R, R, C, C] gamma1[C] K2[R, R, C, C] gamma2[C] Y[N, H, W, C] "
    "Xhat1[N, H, W, C] v1[C] Z[N, H, W, C] Xhat2[N, H, W, C] v2[C] pad in 0.. eps > 0 "
    "-> dX[N, H, W, C] dK1[R, R, C, C] dgamma1[C] dbeta1[C] dK2[R, R, C, C] dgamma2[C] dbeta2[C]",
    analytic=False,
    R="2*pad + 1",
)
def residual_block_backward(
    dY: np.ndarray,
    X: np.ndarray,
    K1: np.ndarray,
    gamma1: np.ndarray,
    K2: np.ndarray,
    gamma2: np.ndarray,
    Y: np.ndarray,
    Xhat1: np.ndarray,
    v1: np.ndarray,
    Z: np.ndarray,
    Xhat2: np.ndarray,
    v2: np.ndarray,
    pad: int = 1,
    eps: float = 1e-5,
) -> Arrays:
    """The parts' backwards, last first; what went around is added. Raises InputError as `residual_block` does."""
    around = _relu_backward(dY, Y)["dX"]
    second = _normalized_backward(around, Z, K2, gamma2, Xhat2, v2, pad, eps)
    first = _normalized_backward(_relu_backward(second["dX"], Z)["dX"], X, K1, gamma1, Xhat1, v1, pad, eps)
    return {
        "dX": first.pop("dX") + around,
        **{f"{name}1": value for name, value in first.items()},
        **{f"{name}2": value for name, value in second.items() if name != "dX"},
    }


def _normalized(
    X: np.ndarray, K: np.ndarray, gamma: np.ndarray, beta: np.ndarray, pad: int, eps: float
) -> dict[str, Any]:
    """A convolution that keeps the size, and the batch norm behind it."""
    convolved = _conv2d(X, K, np.zeros_like(gamma), 1, pad, 1)
    results = _batch_norm(convolved.reshape(-1, convolved.shape[-1]), gamma, beta, eps)
    return {**results, "Y": results["Y"].reshape(X.shape), "Xhat": results["Xhat"].reshape(X.shape)}


def _normalized_backward(
    dY: np.ndarray,
    X: np.ndarray,
    K: np.ndarray,
    gamma: np.ndarray,
    Xhat: np.ndarray,
    v: np.ndarray,
    pad: int,
    eps: float,
) -> Arrays:
    C = X.shape[-1]
    norm = _batch_norm_backward(dY.reshape(-1, C), gamma, Xhat.reshape(-1, C), v, eps)
    convolved = _conv2d_backward(norm["dX"].reshape(X.shape), X, K, 1, pad, 1)
    return {"dX": convolved["dX"], "dK": convolved["dK"], "dgamma": norm["dgamma"], "dbeta": norm["dbeta"]}
