"""Functions applied to every entry; softmax, its logarithm and maxout, which look at several."""

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

LOG_SOFTMAX = layer(
    "log_softmax",
    "The logarithm of the softmax: what a row's probabilities are, without rounding any to 0.",
    tensors="Z[N, C]  Y[N, C]",
    equations="Y[n, c] = Z[n, c] - log(sum[k](exp(Z[n, k])))",
    claims="""
        dZ[n, c] = dY[n, c] - exp(Y[n, c])*sum[k](dY[n, k])
        sum[c](exp(Y[n, c])) = 1    # the probabilities add up to 1
    """,
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.3, eq. 6.30",
)

IDENTITY = layer(
    "identity",
    "Every entry passes.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = X[n, d]",
    claims="dX[n, d] = dY[n, d]",
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.3.3",
)

LOG_SIGMOID = layer(
    "log_sigmoid",
    "The logarithm of the sigmoid.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = log(sigmoid(X[n, d]))",
    claims="""
        dX[n, d] = dY[n, d]*(1 - sigmoid(X[n, d]))
        dX[n, d] = dY[n, d]*sigmoid(-X[n, d])
    """,
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 3.10, eq. 3.34 to 3.41",
)

SOFTPLUS = layer(
    "softplus",
    "A ReLU with its corner rounded off, the less so the larger beta.",
    tensors="X[N, D]  beta > 0  Y[N, D]",
    equations="Y[n, d] = log(1 + exp(beta*X[n, d]))/beta",
    claims="dX[n, d] = dY[n, d]*sigmoid(beta*X[n, d])",
    source="Dugas, Bengio, Belisle, Nadeau and Garcia (2001), Incorporating Second-Order Functional Knowledge for "
    "Better Option Pricing, NeurIPS 13",
)

SOFTSIGN = layer(
    "softsign",
    "Every entry is squashed between -1 and 1, more slowly than by tanh.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = X[n, d]/(1 + abs(X[n, d]))",
    claims="dX[n, d] = dY[n, d]/(1 + abs(X[n, d]))**2",
    source="Glorot and Bengio (2010), Understanding the Difficulty of Training Deep Feedforward Neural Networks, "
    "AISTATS",
)

MAXOUT = layer(
    "maxout",
    "The largest of every K entries.",
    tensors="X[N, D, K]  Y[N, D]",
    equations="Y[n, d] = max[k](X[n, d, k])",
    claims="dX[n, d, k] = dY[n, d]*[k = argmax[j](X[n, d, j])]    # the largest gets it, the others nothing",
    source="Goodfellow, Warde-Farley, Mirza, Courville and Bengio (2013), Maxout Networks, ICML",
    kinks="of equal entries the first is the largest, and gets the whole cotangent",
)
