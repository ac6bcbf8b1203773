"""A recurrence whose start is the first row of a matrix, so that it stands outside of the sums over the steps."""

import numpy as np

STEPS = """x[T, M]  h0[N, M]  W[M, M]  h[T, M]
h[-1, m] = h0[0, m]
h[t, m] = tanh(x[t, m] + sum[k](h[t-1, k]*W[k, m]))
"""


def steps(x, h0, W):
    h = [h0[0]]
    for x_t in x:
        h.append(np.tanh(x_t + h[-1] @ W))
    return np.stack(h[1:])
