"""Attention: batched products around a softmax that is shifted by the largest score of its row.

Where a mask hides every key from a query, its weights and its output are 0, and it hands nothing back.
"""

import math

import numpy as np

from numeric.contract import contract


@contract("Q[N, T, D] K[N, U, D] V[N, U, E] M[N, T, U] in 0..1 -> O[N, T, E] P[N, T, U]")
def scaled_dot_product_attention(Q: np.ndarray, K: np.ndarray, V: np.ndarray, M: np.ndarray) -> dict[str, np.ndarray]:
    """O = P V, where P is the softmax of Q Kᵀ/sqrt(D) over the keys u with M[n, t, u] = 1.

    For a query whose keys are all hidden the softmax would be 0/0: its weights, its output and its slopes are 0, which
    is PyTorch's convention, too.

    Q[N, T, D], K[N, U, D] and V[N, U, E] are of one dtype, float32, float64 or complex128; so are O[N, T, E] and
    P[N, T, U]. The mask M[N, T, U] holds integers 0 or 1. Raises InputError for anything else.
    Source: Vaswani et al. (2017), section 3.2.1, eq. 1.
    """
    P = _weights(Q, K, hidden=M == 0)
    return {"O": P @ V, "P": P}


@contract("dO[N, T, E] Q[N, T, D] K[N, U, D] V[N, U, E] O[N, T, E] P[N, T, U] -> dQ[N, T, D] dK[N, U, D] dV[N, U, E]")
def scaled_dot_product_attention_backward(
    dO: np.ndarray,
    Q: np.ndarray,
    K: np.ndarray,
    V: np.ndarray,
    O: np.ndarray,
    P: np.ndarray,
) -> dict[str, np.ndarray]:
    """dV = Pᵀ dO, dP = dO Vᵀ, dS = P (dP - rowsum(dP P)), dQ = dS K/sqrt(D), dK = dSᵀ Q/sqrt(D).

    Raises InputError as `scaled_dot_product_attention` does.
    """
    return _attention_backward(dO, Q, K, V, O, P)


@contract("Q[N, T, D] K[N, T, D] V[N, T, E] -> O[N, T, E] P[N, T, T]")
def causal_attention(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> dict[str, np.ndarray]:
    """O = P V, where P is the softmax of Q Kᵀ/sqrt(D) over the steps u <= t.

    Q[N, T, D], K[N, T, D] and V[N, T, E] are of one dtype, float32, float64 or complex128; so are O[N, T, E] and
    P[N, T, T]. Raises InputError for anything else. Source: Vaswani et al. (2017), section 3.2.3.
    """
    T = Q.shape[1]
    P = _weights(Q, K, hidden=~np.tri(T, dtype=bool))
    return {"O": P @ V, "P": P}


@contract("dO[N, T, E] Q[N, T, D] K[N, T, D] V[N, T, E] O[N, T, E] P[N, T, T] -> dQ[N, T, D] dK[N, T, D] dV[N, T, E]")
def causal_attention_backward(
    dO: np.ndarray,
    Q: np.ndarray,
    K: np.ndarray,
    V: np.ndarray,
    O: np.ndarray,
    P: np.ndarray,
) -> dict[str, np.ndarray]:
    """As `scaled_dot_product_attention_backward`: where P is 0, so is dS. Raises InputError as `causal_attention`."""
    return _attention_backward(dO, Q, K, V, O, P)


@contract(
    "X[N, T, D] Wq[D, H, E] Wk[D, H, E] Wv[D, H, E] Wo[H, E, D] M[N, T, T] in 0..1 "
    "-> Y[N, T, D] Q[N, H, T, E] K[N, H, T, E] V[N, H, T, E] O[N, H, T, E] P[N, H, T, T]"
)
def multi_head_attention(
    X: np.ndarray, Wq: np.ndarray, Wk: np.ndarray, Wv: np.ndarray, Wo: np.ndarray, M: np.ndarray
) -> dict[str, np.ndarray]:
    """Y = sum_h O_h Wo_h, where O_h is the attention of Q_h = X Wq_h to K_h = X Wk_h and V_h = X Wv_h.

    X[N, T, D], Wq, Wk, Wv[D, H, E] and Wo[H, E, D] are of one dtype, float32, float64 or complex128; so are Y[N, T, D]
    and the heads' Q, K, V, O[N, H, T, E] and P[N, H, T, T]. The mask M[N, T, T] holds integers 0 or 1: whether step t
    sees step u; a step that sees none gets 0 from its heads. Raises InputError for anything else.
    Source: Vaswani et al. (2017), section 3.2.2.
    """
    Q, K, V = (_heads(X, W) for W in (Wq, Wk, Wv))
    P = _weights(Q, K, hidden=(M == 0)[:, np.newaxis])
    O = P @ V
    N, T, D = X.shape
    Y = _side_by_side(O) @ Wo.reshape(-1, D)
    return {"Y": Y.reshape(N, T, D), "Q": Q, "K": K, "V": V, "O": O, "P": P}


@contract(
    "dY[N, T, D] X[N, T, D] Wq[D, H, E] Wk[D, H, E] Wv[D, H, E] Wo[H, E, D] "
    "Q[N, H, T, E] K[N, H, T, E] V[N, H, T, E] O[N, H, T, E] P[N, H, T, T] "
    "-> dX[N, T, D] dWq[D, H, E] dWk[D, H, E] dWv[D, H, E] dWo[H, E, D]"
)
def multi_head_attention_backward(
    dY: np.ndarray,
    X: np.ndarray,
    Wq: np.ndarray,
    Wk: np.ndarray,
    Wv: np.ndarray,
    Wo: np.ndarray,
    Q: np.ndarray,
    K: np.ndarray,
    V: np.ndarray,
    O: np.ndarray,
    P: np.ndarray,
) -> dict[str, np.ndarray]:
    """dO_h = dY Wo_hᵀ; dQ, dK, dV as in `scaled_dot_product_attention_backward`; dX is what the projections hand back.

    dWo_h = O_hᵀ dY and dWq_h = Xᵀ dQ_h, and so on, summed over the batch. Raises InputError as `multi_head_attention`.
    """
    N, T, D = X.shape
    flat_X, flat_dY = X.reshape(N * T, D), dY.reshape(N * T, D)
    dO = _heads(dY, np.moveaxis(Wo, 2, 0))
    heads = _attention_backward(dO, Q, K, V, O, P)
    cotangents = {"dWo": (_side_by_side(O).T @ flat_dY).reshape(Wo.shape)}
    dX = np.zeros_like(flat_X)
    for name, W in (("q", Wq), ("k", Wk), ("v", Wv)):
        flat = _side_by_side(heads[f"d{name.upper()}"])
        dX += flat @ W.reshape(D, -1).T
        cotangents[f"dW{name}"] = (flat_X.T @ flat).reshape(W.shape)
    return {"dX": dX.reshape(N, T, D), **cotangents}


@contract("X[N, T, E, P] base > 0 -> Y[N, T, E, P]", P="2")
def rotary_embedding(X: np.ndarray, base: float = 10000.0) -> np.ndarray:
    """Every pair X[n, t, e] is turned by the angle t base^(-e/E).

    X[N, T, E, 2] is float32, float64 or complex128; so is the result. A row of 2E features, neighbours paired, is
    `reshape(N, T, E, 2)`. Raises InputError for anything else, and for a `base` that is not above 0.
    Source: Su et al. (2021), RoFormer, section 3.2.2.
    """
    return _turned(X, base, 1)


@contract("dY[N, T, E, P] base > 0 -> dX[N, T, E, P]", P="2")
def rotary_embedding_backward(dY: np.ndarray, base: float = 10000.0) -> dict[str, np.ndarray]:
    """dX is dY, turned back. Raises InputError as `rotary_embedding` does."""
    return {"dX": _turned(dY, base, -1)}


@contract("Q[N, T, D] K[N, U, D] V[N, U, E] -> O[N, T, E]", analytic=False)
def linear_attention(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
    """O[n, t] = f(Q[n, t]) S/(f(Q[n, t]) z), with f = elu + 1, S = sum_u f(K[n, u])ᵀ V[n, u] and z = sum_u f(K[n, u]).

    Q[N, T, D], K[N, U, D] and V[N, U, E] are of one dtype, float32 or float64; so is the result, O[N, T, E]. No
    T x U matrix is made. Raises InputError for anything else. Source: Katharopoulos et al. (2020), eq. 6 and 7.
    """
    F, G = _features(Q, axis=2), _features(K, axis=(1, 2))
    return (F @ (G.swapaxes(1, 2) @ V)) / (F @ G.sum(axis=1)[:, :, np.newaxis])


@contract(
    "dO[N, T, E] Q[N, T, D] K[N, U, D] V[N, U, E] O[N, T, E] -> dQ[N, T, D] dK[N, U, D] dV[N, U, E]", analytic=False
)
def linear_attention_backward(
    dO: np.ndarray,
    Q: np.ndarray,
    K: np.ndarray,
    V: np.ndarray,
    O: np.ndarray,
) -> dict[str, np.ndarray]:
    """With c = F z, r = dO/c and dc = -rowsum(r O): dF = r Sᵀ + dc zᵀ, dS = Fᵀ r, dG = V dSᵀ + Fᵀ dc, dV = G dS.

    dQ = dF f'(Q), where f' = min(f, 1). The features are computed again, which is cheaper than to keep them.
    Raises InputError as `linear_attention` does.
    """
    F, G = _features(Q, axis=2), _features(K, axis=(1, 2))
    S, z = G.swapaxes(1, 2) @ V, G.sum(axis=1)
    r = dO / (F @ z[:, :, np.newaxis])
    dc = -np.einsum("nte,nte->nt", r, O)[:, :, np.newaxis]
    dS, dz = F.swapaxes(1, 2) @ r, F.swapaxes(1, 2) @ dc
    dF = r @ S.swapaxes(1, 2)
    dF += dc * z[:, np.newaxis]
    dG = V @ dS.swapaxes(1, 2)
    dG += dz.swapaxes(1, 2)
    dF *= np.minimum(F, 1)
    dG *= np.minimum(G, 1)
    return {"dQ": dF, "dK": dG, "dV": G @ dS}


def _weights(Q: np.ndarray, K: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """The softmax of Q Kᵀ/sqrt(D) over what is not hidden; 0 where all is hidden."""
    S = (Q * (1 / math.sqrt(Q.shape[-1]))) @ K.swapaxes(-1, -2)
    np.copyto(S, -np.inf, where=hidden)
    largest = S.real.max(axis=-1, keepdims=True)
    largest[np.isneginf(largest)] = 0
    S -= largest
    P = np.exp(S, out=S)
    total = P.sum(axis=-1, keepdims=True)
    total[total == 0] = 1
    P /= total
    return P


def _attention_backward(
    dO: np.ndarray,
    Q: np.ndarray,
    K: np.ndarray,
    V: np.ndarray,
    O: np.ndarray,
    P: np.ndarray,
) -> dict[str, np.ndarray]:
    dS = dO @ V.swapaxes(-1, -2)
    # sum_u dP P is sum_e dO O: the same number from fewer products.
    dS -= np.einsum("...e,...e->...", dO, O)[..., np.newaxis]
    dS *= P
    scale = 1 / math.sqrt(Q.shape[-1])
    dQ = dS @ K
    dQ *= scale
    dK = dS.swapaxes(-1, -2) @ Q
    dK *= scale
    return {"dQ": dQ, "dK": dK, "dV": P.swapaxes(-1, -2) @ dO}


def _heads(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    """sum_d X[n, t, d] W[d, h, e] as [N, H, T, E], in one product."""
    (N, T, D), (_, H, E) = X.shape, W.shape
    return (X.reshape(N * T, D) @ W.reshape(D, H * E)).reshape(N, T, H, E).swapaxes(1, 2)


def _side_by_side(heads: np.ndarray) -> np.ndarray:
    """[N, H, T, E] as a matrix [N*T, H*E]."""
    N, H, T, E = heads.shape
    return heads.swapaxes(1, 2).reshape(N * T, H * E)


def _turned(X: np.ndarray, base: float, sense: int) -> np.ndarray:
    _, T, E, _ = X.shape
    # In float64, whatever X is: float32 would lose the digits of large angles.
    angles = np.arange(T)[:, np.newaxis] * float(base) ** (-np.arange(E) / E)
    cos, sin = np.cos(angles).astype(X.real.dtype), (sense * np.sin(angles)).astype(X.real.dtype)
    first, second = X[..., 0], X[..., 1]
    Y = np.empty(X.shape, X.dtype, like=X)
    Y[..., 0] = first * cos - second * sin
    Y[..., 1] = second * cos + first * sin
    return Y


def _features(X: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """elu(X) + 1; where all of it would be small, divided by the largest, which cancels in the quotient."""
    shift = np.minimum(X.max(axis=axis, keepdims=True), 0)
    return np.where(X > 0, X + 1, np.exp(np.minimum(X, 0) - shift))
