"""Activations made of straight lines: what a sigmoid, a tanh and a swish cost without an exponential."""

from derivations.notation import layer

HARD_SIGMOID = layer(
    "hard_sigmoid",
    "A straight line from 0 at -3 to 1 at 3, flat outside.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = where(X[n, d] <= -3, 0, where(X[n, d] >= 3, 1, X[n, d]/6 + 1/2))",
    claims="dX[n, d] = dY[n, d]*[-3 < X[n, d]]*[X[n, d] < 3]/6",
    source="Howard et al. (2019), Searching for MobileNetV3, ICCV, section 5.2: relu6(x + 3)/6",
    kinks="the slope at -3 and at 3 is 0",
)

HARD_SWISH = layer(
    "hard_swish",
    "Every entry times its hard sigmoid.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = where(X[n, d] <= -3, 0, where(X[n, d] >= 3, X[n, d], X[n, d]*(X[n, d] + 3)/6))",
    claims="dX[n, d] = dY[n, d]*where(X[n, d] <= -3, 0, where(X[n, d] >= 3, 1, (2*X[n, d] + 3)/6))",
    source="Howard et al. (2019), Searching for MobileNetV3, ICCV, section 5.2",
    kinks="the slope at -3 is 0, at 3 it is 1",
)

HARD_TANH = layer(
    "hard_tanh",
    "Every entry is cut off at -1 and at 1.",
    tensors="X[N, D]  Y[N, D]",
    equations="Y[n, d] = where(X[n, d] <= -1, -1, where(X[n, d] >= 1, 1, X[n, d]))",
    claims="dX[n, d] = dY[n, d]*[-1 < X[n, d]]*[X[n, d] < 1]",
    source="Collobert (2004), Large Scale Machine Learning, PhD thesis, Universite Paris VI",
    kinks="the slope at -1 and at 1 is 0",
)
