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
