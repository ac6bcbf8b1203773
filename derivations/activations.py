"""Functions applied to every entry, and softmax, applied to every row."""

from derivations.notation import layer

SIGMOID = layer(
    "sigmoid",
    "Every entry is squashed between 0 and 1.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = sigmoid(X[n, d])",
    claims="dX[n, d] = dY[n, d]*Y[n, d]*(1 - Y[n, d])    # sigma' = sigma*(1 - sigma)",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 1, eq. 3; its derivative in ch. 3",
)

TANH = layer(
    "tanh",
    "Every entry is squashed between -1 and 1.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = tanh(X[n, d])",
    claims="dX[n, d] = dY[n, d]*(1 - Y[n, d]**2)",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 109",
)

RELU = layer(
    "relu",
    "Positive entries pass, the others become 0.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = maximum(0, X[n, d])",
    claims="dX[n, d] = dY[n, d]*[X[n, d] > 0]",
    source="Nair and Hinton (2010), Rectified Linear Units Improve Restricted Boltzmann Machines, ICML",
    kinks="the slope at 0 is 0",
)

SOFTMAX = layer(
    "softmax",
    "Every row becomes positive numbers that add up to 1.",
    tensors="Z[N, C]  P[N, C]",
    equations="P[n, c] = exp(Z[n, c])/sum[k](exp(Z[n, k]))",
    claims="""
        dZ[n, c] = P[n, c]*(dP[n, c] - sum[k](dP[n, k]*P[n, k]))
        sum[c](P[n, c]) = 1    # the rows add up to 1
    """,
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 78",
)
