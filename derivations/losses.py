"""What training makes small: every loss is one number, a mean over the batch."""

from derivations.notation import layer

SQUARED_ERROR = layer(
    "squared_error",
    "Half the squared distance from the target, averaged over the batch: Nielsen's quadratic cost.",
    tensors="Y[N, C]  T[N, C]  L",
    equations="L = sum[n, c]((Y[n, c] - T[n, c])**2)/(2*N)",
    claims="""
        dY[n, c] = dL*(Y[n, c] - T[n, c])/N
        dT[n, c] = dL*(T[n, c] - Y[n, c])/N
    """,
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 1, eq. 6",
)

CROSS_ENTROPY = layer(
    "cross_entropy",
    "Minus the logarithm of the probability that the true class was given, averaged over the batch.",
    tensors="P[N, C] > 0  T[N] in 0..C-1  L",
    equations="L = -mean[n](log(P[n, T[n]]))",
    claims="dP[n, c] = -dL*[c = T[n]]/(N*P[n, c])",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 80 (log-likelihood cost)",
)

SIGMOID_CROSS_ENTROPY = layer(
    "sigmoid_cross_entropy",
    "Every output is a yes or no of its own: cross-entropy of sigmoids, added over outputs, averaged over the batch.",
    tensors="Z[N, C]  T[N, C] in 0..1  A[N, C]  L",
    equations="""
        A[n, c] = sigmoid(Z[n, c])
        L = -sum[n, c](T[n, c]*log(A[n, c]) + (1 - T[n, c])*log(1 - A[n, c]))/N
    """,
    claims="dZ[n, c] = dL*(A[n, c] - T[n, c])/N    # delta = a - y",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 63",
)

SOFTMAX_CROSS_ENTROPY = layer(
    "softmax_cross_entropy",
    "Softmax, then minus the logarithm of the true class's probability, averaged over the batch.",
    tensors="Z[N, C]  T[N] in 0..C-1  P[N, C]  L",
    equations="""
        P[n, c] = exp(Z[n, c])/sum[k](exp(Z[n, k]))
        L = -mean[n](log(P[n, T[n]]))
    """,
    claims="dZ[n, c] = dL*(P[n, c] - [c = T[n]])/N    # delta = a - y",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 78 and 80",
)
