"""Weighted sums."""

from derivations.notation import layer

LINEAR = layer(
    "linear",
    "Every output is a weighted sum of the inputs plus a bias.",
    tensors="X[N, D]  W[D, C]  b[C]  Y[N, C]",
    equations="Y[n, c] = sum[d](X[n, d]*W[d, c]) + b[c]",
    claims="""
        dX[n, d] = sum[c](dY[n, c]*W[d, c])    # Nielsen's BP2, without the activation's slope
        dW[d, c] = sum[n](X[n, d]*dY[n, c])    # Nielsen's BP4
        db[c]    = sum[n](dY[n, c])            # Nielsen's BP3
    """,
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 2, BP1-BP4",
    leads_to="network",
)

BILINEAR = layer(
    "bilinear",
    "Every output is a weighted sum of all products of an entry here and an entry there.",
    tensors="X1[N, D]  X2[N, E]  W[D, E, C]  b[C]  Y[N, C]",
    equations="Y[n, c] = sum[d, e](X1[n, d]*W[d, e, c]*X2[n, e]) + b[c]",
    claims="""
        dX1[n, d]   = sum[e, c](W[d, e, c]*X2[n, e]*dY[n, c])
        dX2[n, e]   = sum[d, c](W[d, e, c]*X1[n, d]*dY[n, c])
        dW[d, e, c] = sum[n](X1[n, d]*X2[n, e]*dY[n, c])
        db[c]       = sum[n](dY[n, c])
    """,
    source="Tenenbaum and Freeman (2000), Separating Style and Content with Bilinear Models, Neural Computation 12(6)",
)

EMBEDDING = layer(
    "embedding",
    "Every token picks its row of a table.",
    tensors="T[N] in 0..V-1  W[V, D]  Y[N, D]",
    equations="Y[n, d] = W[T[n], d]",
    claims="dW[v, d] = sum[n]([v = T[n]]*dY[n, d])    # scatter, and add where tokens repeat",
    source="Bengio, Ducharme, Vincent and Jauvin (2003), A Neural Probabilistic Language Model, JMLR 3",
)

LOW_RANK_LINEAR = layer(
    "low_rank_linear",
    "A linear layer and, beside it, a correction of low rank R: LoRA.",
    tensors="X[N, D]  W[D, C]  b[C]  A[D, R]  B[R, C]  alpha > 0  H[N, R]  Y[N, C]",
    equations="""
        H[n, r] = sum[d](X[n, d]*A[d, r])
        Y[n, c] = sum[d](X[n, d]*W[d, c]) + b[c] + alpha/R*sum[r](H[n, r]*B[r, c])
    """,
    claims="""
        dX[n, d] = sum[c](dY[n, c]*W[d, c]) + sum[r](dH[n, r]*A[d, r])
        dW[d, c] = sum[n](X[n, d]*dY[n, c])
        db[c]    = sum[n](dY[n, c])
        dH[n, r] = alpha/R*sum[c](dY[n, c]*B[r, c])
        dA[d, r] = sum[n](X[n, d]*dH[n, r])
        dB[r, c] = alpha/R*sum[n](H[n, r]*dY[n, c])
    """,
    source="Hu et al. (2022), LoRA: Low-Rank Adaptation of Large Language Models, ICLR, eq. 3 and section 4.1",
)
