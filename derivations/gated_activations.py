"""Activations in which one half of the columns decides how much of the other half passes."""

from derivations.notation import layer

GLU = layer(
    "glu",
    "The left half of the columns times the sigmoid of the right half.",
    tensors="X[N, 2*D]  Y[N, D]",
    equations="Y[n, d] = X[n, 0 + d]*sigmoid(X[n, d + D])",
    claims="""
        dX[n, 0 + d] = dY[n, d]*sigmoid(X[n, d + D])
        dX[n, d + D] = dY[n, d]*X[n, 0 + d]*sigmoid(X[n, d + D])*(1 - sigmoid(X[n, d + D]))
    """,
    source="Dauphin, Fan, Auli and Grangier (2017), Language Modeling with Gated Convolutional Networks, ICML",
)

SWIGLU = layer(
    "swiglu",
    "The swish of the left half of the columns times the right half.",
    tensors="X[N, 2*D]  Y[N, D]",
    equations="Y[n, d] = X[n, 0 + d]*sigmoid(X[n, 0 + d])*X[n, d + D]",
    claims="""
        dX[n, 0 + d] = dY[n, d]*X[n, d + D]*sigmoid(X[n, 0 + d])*(1 + X[n, 0 + d]*(1 - sigmoid(X[n, 0 + d])))
        dX[n, d + D] = dY[n, d]*X[n, 0 + d]*sigmoid(X[n, 0 + d])
    """,
    source="Shazeer (2020), GLU Variants Improve Transformer, arXiv:2002.05202",
)
