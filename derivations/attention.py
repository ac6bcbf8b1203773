"""Attention: every query looks at the keys, and takes a mean of the values that it weighs by what it sees."""

from derivations.notation import layer

_VASWANI = "Vaswani et al. (2017), Attention Is All You Need, NeurIPS"

SCALED_DOT_PRODUCT_ATTENTION = layer(
    "scaled_dot_product_attention",
    "Every query takes the mean of the values, weighted by a softmax of its products with the keys that it may see; "
    "a query that may see no key gets 0.",
    tensors="""
        Q[N, T, D]  K[N, U, D]  V[N, U, E]  M[N, T, U] in 0..1
        S[N, T, U]  P[N, T, U]  O[N, T, E]
    """,
    equations="""
        S[n, t, u] = sum[d](Q[n, t, d]*K[n, u, d])/sqrt(D)
        P[n, t, u] = where(sum[w](M[n, t, w]) > 0, M[n, t, u]*exp(S[n, t, u])/sum[w](M[n, t, w]*exp(S[n, t, w])), 0)
        O[n, t, e] = sum[u](P[n, t, u]*V[n, u, e])
    """,
    claims="""
        dV[n, u, e] = sum[t](P[n, t, u]*dO[n, t, e])
        dP[n, t, u] = sum[e](dO[n, t, e]*V[n, u, e])
        dS[n, t, u] = P[n, t, u]*(dP[n, t, u] - sum[w](dP[n, t, w]*P[n, t, w]))    # softmax, row by row
        dQ[n, t, d] = sum[u](dS[n, t, u]*K[n, u, d])/sqrt(D)
        dK[n, u, d] = sum[t](dS[n, t, u]*Q[n, t, d])/sqrt(D)
    """,
    source=f"{_VASWANI}, section 3.2.1, eq. 1",
)

CAUSAL_ATTENTION = layer(
    "causal_attention",
    "Scaled dot-product attention in which no step sees a later one.",
    tensors="Q[N, T, D]  K[N, T, D]  V[N, T, E]  S[N, T, T]  P[N, T, T]  O[N, T, E]",
    equations="""
        S[n, t, u] = sum[d](Q[n, t, d]*K[n, u, d])/sqrt(D)
        P[n, t, u] = where(u <= t, exp(S[n, t, u]), 0)/sum[w](where(w <= t, exp(S[n, t, w]), 0))
        O[n, t, e] = sum[u](P[n, t, u]*V[n, u, e])
    """,
    claims="""
        dV[n, u, e] = sum[t](P[n, t, u]*dO[n, t, e])
        dP[n, t, u] = sum[e](dO[n, t, e]*V[n, u, e])
        dS[n, t, u] = P[n, t, u]*(dP[n, t, u] - sum[w](dP[n, t, w]*P[n, t, w]))    # softmax, row by row
        dQ[n, t, d] = sum[u](dS[n, t, u]*K[n, u, d])/sqrt(D)
        dK[n, u, d] = sum[t](dS[n, t, u]*Q[n, t, d])/sqrt(D)
    """,
    source=f"{_VASWANI}, section 3.2.3",
)

MULTI_HEAD_ATTENTION = layer(
    "multi_head_attention",
    "Several heads attend side by side, each to its own projection of the sequence; "
    "a step that may see no other gets nothing but zeros from its heads.",
    tensors="""
        X[N, T, D]  Wq[D, H, E]  Wk[D, H, E]  Wv[D, H, E]  Wo[H, E, D]  M[N, T, T] in 0..1
        Q[N, H, T, E]  K[N, H, T, E]  V[N, H, T, E]  S[N, H, T, T]  P[N, H, T, T]  O[N, H, T, E]  Y[N, T, D]
    """,
    equations="""
        Q[n, h, t, e] = sum[d](X[n, t, d]*Wq[d, h, e])
        K[n, h, t, e] = sum[d](X[n, t, d]*Wk[d, h, e])
        V[n, h, t, e] = sum[d](X[n, t, d]*Wv[d, h, e])
        S[n, h, t, u] = sum[e](Q[n, h, t, e]*K[n, h, u, e])/sqrt(E)
        P[n, h, t, u] = where(sum[w](M[n, t, w]) > 0,
                              M[n, t, u]*exp(S[n, h, t, u])/sum[w](M[n, t, w]*exp(S[n, h, t, w])), 0)
        O[n, h, t, e] = sum[u](P[n, h, t, u]*V[n, h, u, e])
        Y[n, t, d] = sum[h, e](O[n, h, t, e]*Wo[h, e, d])
    """,
    claims="""
        dO[n, h, t, e] = sum[d](dY[n, t, d]*Wo[h, e, d])
        dP[n, h, t, u] = sum[e](dO[n, h, t, e]*V[n, h, u, e])
        dS[n, h, t, u] = P[n, h, t, u]*(dP[n, h, t, u] - sum[w](dP[n, h, t, w]*P[n, h, t, w]))
        dQ[n, h, t, e] = sum[u](dS[n, h, t, u]*K[n, h, u, e])/sqrt(E)
        dK[n, h, u, e] = sum[t](dS[n, h, t, u]*Q[n, h, t, e])/sqrt(E)
        dV[n, h, u, e] = sum[t](P[n, h, t, u]*dO[n, h, t, e])
        dX[n, t, d] = sum[h, e](dQ[n, h, t, e]*Wq[d, h, e] + dK[n, h, t, e]*Wk[d, h, e] + dV[n, h, t, e]*Wv[d, h, e])
        dWq[d, h, e] = sum[n, t](X[n, t, d]*dQ[n, h, t, e])
        dWo[h, e, d] = sum[n, t](O[n, h, t, e]*dY[n, t, d])
    """,
    source=f"{_VASWANI}, section 3.2.2",
)

ROTARY_EMBEDDING = layer(
    "rotary_embedding",
    "Every pair of features is turned by an angle that grows with its position: "
    "products of queries and keys then depend on how far apart they stand.",
    tensors="base > 0  X[N, T, E, 2]  A[T, E]  Y[N, T, E, 2]",
    equations="""
        A[t, e] = t*base**(-e/E)
        Y[n, t, e, k] = X[n, t, e, k]*cos(A[t, e]) + (2*k - 1)*X[n, t, e, 1 - k]*sin(A[t, e])
    """,
    claims="""
        dX[n, t, e, k] = dY[n, t, e, k]*cos(A[t, e]) - (2*k - 1)*dY[n, t, e, 1 - k]*sin(A[t, e])    # turned back
    """,
    source="Su et al. (2021), RoFormer: Enhanced Transformer with Rotary Position Embedding, section 3.2.2",
)

LINEAR_ATTENTION = layer(
    "linear_attention",
    "Attention without a softmax: positive features of queries and keys are multiplied, "
    "so that all keys and values fit into one matrix first.",
    tensors="""
        Q[N, T, D]  K[N, U, D]  V[N, U, E]
        F[N, T, D]  G[N, U, D]  S[N, D, E]  z[N, D]  c[N, T]  O[N, T, E]
    """,
    equations="""
        F[n, t, d] = where(Q[n, t, d] > 0, Q[n, t, d] + 1, exp(Q[n, t, d]))
        G[n, u, d] = where(K[n, u, d] > 0, K[n, u, d] + 1, exp(K[n, u, d]))
        S[n, d, e] = sum[u](G[n, u, d]*V[n, u, e])
        z[n, d] = sum[u](G[n, u, d])
        c[n, t] = sum[d](F[n, t, d]*z[n, d])
        O[n, t, e] = sum[d](F[n, t, d]*S[n, d, e])/c[n, t]
    """,
    claims="""
        dS[n, d, e] = sum[t](F[n, t, d]*dO[n, t, e]/c[n, t])
        dc[n, t] = -sum[e](dO[n, t, e]*O[n, t, e])/c[n, t]
        dF[n, t, d] = sum[e](dO[n, t, e]*S[n, d, e])/c[n, t] + dc[n, t]*z[n, d]
        dG[n, u, d] = sum[e](dS[n, d, e]*V[n, u, e]) + sum[t](dc[n, t]*F[n, t, d])
        dV[n, u, e] = sum[d](G[n, u, d]*dS[n, d, e])
        dQ[n, t, d] = dF[n, t, d]*where(Q[n, t, d] > 0, 1, exp(Q[n, t, d]))
    """,
    source="Katharopoulos et al. (2020), Transformers are RNNs: Fast Autoregressive Transformers with Linear "
    "Attention, ICML; with their features elu(x) + 1",
    kinks="the slope of elu at 0 is 1 from both sides",
)
