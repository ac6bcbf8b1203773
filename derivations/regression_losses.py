"""How far numbers are from their targets, as one number: the mean over all entries."""

from derivations.notation import layer

MEAN_SQUARED_ERROR = layer(
    "mean_squared_error",
    "The squared distance from the target, averaged over all entries.",
    tensors="Y[N, C]  T[N, C]  L",
    equations="L = mean[n, c]((Y[n, c] - T[n, c])**2)",
    claims="""
        dY[n, c] = 2*dL*(Y[n, c] - T[n, c])/(N*C)
        dT[n, c] = 2*dL*(T[n, c] - Y[n, c])/(N*C)
    """,
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 5.1.4, eq. 5.4",
)

ABSOLUTE_ERROR = layer(
    "absolute_error",
    "The distance from the target, averaged over all entries: it does not mind a few that are far off.",
    tensors="Y[N, C]  T[N, C]  L",
    equations="L = mean[n, c](abs(Y[n, c] - T[n, c]))",
    claims="""
        dY[n, c] = dL*sign(Y[n, c] - T[n, c])/(N*C)
        dT[n, c] = dL*sign(T[n, c] - Y[n, c])/(N*C)
    """,
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.1.2, eq. 6.16",
    kinks="the slope is 0 where an entry hits its target",
)

HUBER = layer(
    "huber",
    "A squared error near the target, an absolute error beyond a distance of delta.",
    tensors="Y[N, C]  T[N, C]  delta > 0  L",
    equations="""
        L = mean[n, c](where(abs(Y[n, c] - T[n, c]) <= delta, (Y[n, c] - T[n, c])**2/2,
                             delta*(abs(Y[n, c] - T[n, c]) - delta/2)))
    """,
    claims="""
        dY[n, c] = dL/(N*C)*where(abs(Y[n, c] - T[n, c]) <= delta, Y[n, c] - T[n, c], delta*sign(Y[n, c] - T[n, c]))
        dT[n, c] = -dL/(N*C)*where(abs(Y[n, c] - T[n, c]) <= delta, Y[n, c] - T[n, c], delta*sign(Y[n, c] - T[n, c]))
    """,
    source="Huber (1964), Robust Estimation of a Location Parameter, Ann. Math. Statist. 35(1)",
)
