"""Exercises on BP1 to BP4: one example and a mini-batch, with diagonal matrices, in the matrix form over a mini-batch.

Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 2.
"""

from __future__ import annotations

from derivations.network import HIDDEN, HIDDEN_COLUMNS, HIDDEN_ROWS, LAST, LAST_COLUMNS, LAST_ROWS
from derivations.notation import layer
from derivations.practice.exercise import NIELSEN, Exercise, Levels

QUADRATIC_LAST = layer(
    "the last layer with the quadratic cost, one example",
    tensors="z[J] a[J] y[J] C",
    equations="a[j] = sigmoid(z[j])\nC = sum[j]((y[j] - a[j])**2)/2",
    claims="dz[j] = dC*(a[j] - y[j])*a[j]*(1 - a[j])",
    source=f"{NIELSEN}, ch. 2, eq. 30",
)
SQUARE = layer(
    "layer l and its neighbours, J neurons in each",
    tensors="a_prev[J]  w[J, J]  b[J]  z[J]  a[J]  w_next[J, J]  b_next[J]  z_next[J]",
    equations="""
        z[j] = sum[k](w[j, k]*a_prev[k]) + b[j]
        a[j] = sigma(z[j])
        z_next[j] = sum[k](w_next[j, k]*a[k]) + b_next[j]
    """,
    claims="""
        dz[j] = sum[k](w_next[k, j]*dz_next[k])*sigma_prime(z[j])    # BP2
        db[j] = dz[j]                                                # BP3
        dw[j, k] = dz[j]*a_prev[k]                                   # BP4
    """,
    source=f"{NIELSEN}, ch. 2, BP1-BP4",
)

_NO_SLOPE = "sigma_prime(z) is missing: this is the gradient with respect to a, and not yet with respect to z"
_SIGMA_FOR_SLOPE = "sigma stands where its slope sigma_prime belongs"
_SLOPE_AT_A = "sigma_prime belongs at z, not at a = sigma(z)"
_SLOPE_TWICE = "sigma_prime(z) is in dz already: here it is a second time"
_MEANT = "divided by the size of the batch: these equations add up over it"

BP1: Levels = (
    (
        Exercise(
            "The error of the last layer, one example (BP1).",
            LAST,
            "dz",
            (
                (_NO_SLOPE, "da[j]"),
                (_SIGMA_FOR_SLOPE, "da[j]*sigma(z[j])"),
                (_SLOPE_AT_A, "da[j]*sigma_prime(a[j])"),
                ("z[j] touches a[j] alone: there is no sum over the neurons", "sum[k](da[k]*sigma_prime(z[k]))"),
                ("da is missing: it is how much the cost depends on a", "sigma_prime(z[j])"),
            ),
        ),
    ),
    (
        Exercise(
            "The error of the last layer with sigmoids and the quadratic cost (BP1).",
            QUADRATIC_LAST,
            "dz",
            (
                ("the sign: the inner derivative of y - a is -1", "(y[j] - a[j])*a[j]*(1 - a[j])"),
                ("the slope a*(1 - a) of the sigmoid is missing", "a[j] - y[j]"),
                ("z[j] touches a[j] alone: there is no sum", "sum[k]((a[k] - y[k])*a[k]*(1 - a[k]))"),
                ("the factor 2 of the square cancels the 1/2", "2*(a[j] - y[j])*a[j]*(1 - a[j])"),
            ),
        ),
    ),
    (
        Exercise(
            "The errors of the last layer, a mini-batch with one example a column (BP1).",
            LAST_COLUMNS,
            "dz",
            (
                (_NO_SLOPE, "da[j, n]"),
                (_SIGMA_FOR_SLOPE, "da[j, n]*sigma(z[j, n])"),
                (_SLOPE_AT_A, "da[j, n]*sigma_prime(a[j, n])"),
                ("every example has an error of its own: there is no sum", "sum[m](da[j, m]*sigma_prime(z[j, m]))"),
                (_MEANT, "da[j, n]*sigma_prime(z[j, n])/N"),
            ),
        ),
        Exercise(
            "The errors of the last layer, a mini-batch with one example a row (BP1).",
            LAST_ROWS,
            "dZ",
            (
                (_NO_SLOPE, "dA[n, j]"),
                (_SIGMA_FOR_SLOPE, "dA[n, j]*sigma(Z[n, j])"),
                (_SLOPE_AT_A, "dA[n, j]*sigma_prime(A[n, j])"),
                ("every example has an error of its own: there is no sum", "sum[m](dA[m, j]*sigma_prime(Z[m, j]))"),
                (_MEANT, "dA[n, j]*sigma_prime(Z[n, j])/N"),
            ),
        ),
    ),
)

NOT_TRANSPOSED = "w_next is not transposed: dz[j] adds up over the neurons k that a[j] goes to, w_next[k, j]"
BP2: Levels = (
    (
        Exercise(
            "The error of layer l, from that of layer l + 1, one example (BP2).",
            HIDDEN,
            "dz",
            (
                (_NO_SLOPE, "sum[i](w_next[i, j]*dz_next[i])"),
                (_SIGMA_FOR_SLOPE, "sum[i](w_next[i, j]*dz_next[i])*sigma(z[j])"),
                (_SLOPE_AT_A, "sum[i](w_next[i, j]*dz_next[i])*sigma_prime(a[j])"),
                ("dz_next is missing: the error comes back from layer l + 1", "sum[i](w_next[i, j])*sigma_prime(z[j])"),
            ),
        ),
    ),
    (
        Exercise(
            "The error of layer l, from that of layer l + 1; all layers have J neurons, so beware of transposes (BP2).",
            SQUARE,
            "dz",
            (
                (NOT_TRANSPOSED, "sum[k](w_next[j, k]*dz_next[k])*sigma_prime(z[j])"),
                (_NO_SLOPE, "sum[k](w_next[k, j]*dz_next[k])"),
                (
                    "the slope of layer l stands inside of the sum: it belongs to neuron j, outside",
                    "sum[k](w_next[k, j]*dz_next[k]*sigma_prime(z[k]))",
                ),
                (
                    "w leads into layer l: its error comes back through w_next",
                    "sum[k](w[k, j]*dz_next[k])*sigma_prime(z[j])",
                ),
                (
                    "the slope is that of layer l + 1: it belongs at z",
                    "sum[k](w_next[k, j]*dz_next[k])*sigma_prime(z_next[j])",
                ),
                ("w_next is not transposed, and the slope is missing", "sum[k](w_next[j, k]*dz_next[k])"),
            ),
        ),
    ),
    (
        Exercise(
            "The errors of layer l, a mini-batch with one example a column (BP2).",
            HIDDEN_COLUMNS,
            "dz",
            (
                (_NO_SLOPE, "sum[i](w_next[i, j]*dz_next[i, n])"),
                (_SLOPE_AT_A, "sum[i](w_next[i, j]*dz_next[i, n])*sigma_prime(a[j, n])"),
                (_MEANT, "sum[i](w_next[i, j]*dz_next[i, n])*sigma_prime(z[j, n])/N"),
            ),
        ),
        Exercise(
            "The errors of layer l, a mini-batch with one example a row (BP2).",
            HIDDEN_ROWS,
            "dZ",
            (
                (_NO_SLOPE, "sum[i](dZ_next[n, i]*W_next[j, i])"),
                (_SLOPE_AT_A, "sum[i](dZ_next[n, i]*W_next[j, i])*sigma_prime(A[n, j])"),
                (_MEANT, "sum[i](dZ_next[n, i]*W_next[j, i])*sigma_prime(Z[n, j])/N"),
            ),
        ),
    ),
)

BP3: Levels = (
    (
        Exercise(
            "The gradient with respect to the biases, one example (BP3); the error dz may be used.",
            HIDDEN,
            "db",
            (
                (_SLOPE_TWICE, "dz[j]*sigma_prime(z[j])"),
                ("the error adds to one bias each: there is no sum over the neurons", "sum[i](dz[i])"),
                ("z = ... + b has the derivative 1 by b, not b", "dz[j]*b[j]"),
            ),
        ),
    ),
    (
        Exercise(
            "The gradient with respect to the biases, a mini-batch with one example a column (BP3); dz may be used.",
            HIDDEN_COLUMNS,
            "db",
            (
                (_MEANT, "mean[n](dz[j, n])"),
                (_SLOPE_TWICE, "sum[n](dz[j, n]*sigma_prime(z[j, n]))"),
                ("the sum runs over the neurons too: each has a bias of its own", "sum[n, i](dz[i, n])"),
            ),
        ),
        Exercise(
            "The gradient with respect to the biases, a mini-batch with one example a row (BP3); dZ may be used.",
            HIDDEN_ROWS,
            "db",
            (
                (_MEANT, "mean[n](dZ[n, j])"),
                (_SLOPE_TWICE, "sum[n](dZ[n, j]*sigma_prime(Z[n, j]))"),
                ("the sum runs over the neurons too: each has a bias of its own", "sum[n, i](dZ[n, i])"),
            ),
        ),
    ),
)

BP4: Levels = (
    (
        Exercise(
            "The gradient with respect to the weights, one example (BP4); the error dz may be used.",
            HIDDEN,
            "dw",
            (
                ("a_prev is missing: it is what w is multiplied by", "dz[j]"),
                ("the slope of w*a_prev by w is a_prev, not w", "dz[j]*w[j, k]"),
                (_SLOPE_TWICE, "dz[j]*sigma_prime(z[j])*a_prev[k]"),
                ("dz is missing: a_prev is only how much z depends on w", "a_prev[k]"),
            ),
        ),
    ),
    (
        Exercise(
            "The gradient with respect to the weights; all layers have J neurons, so beware of indices (BP4).",
            SQUARE,
            "dw",
            (
                ("the indices are swapped: w[j, k] leads from neuron k to neuron j", "dz[k]*a_prev[j]"),
                ("a is what comes out of layer l: w is multiplied by what goes in, a_prev", "dz[j]*a[k]"),
                ("the error is that of layer l + 1: w leads into layer l", "dz_next[j]*a_prev[k]"),
                (_SLOPE_TWICE, "dz[j]*sigma_prime(z[j])*a_prev[k]"),
            ),
        ),
    ),
    (
        Exercise(
            "The gradient with respect to the weights, a mini-batch with one example a column (BP4); dz may be used.",
            HIDDEN_COLUMNS,
            "dw",
            (
                (_MEANT, "mean[n](dz[j, n]*a_prev[k, n])"),
                (
                    "a product of two sums is no sum of products: error and input belong to the same example",
                    "sum[n](dz[j, n])*sum[n](a_prev[k, n])",
                ),
                (_SLOPE_TWICE, "sum[n](dz[j, n]*sigma_prime(z[j, n])*a_prev[k, n])"),
            ),
        ),
        Exercise(
            "The gradient with respect to the weights, a mini-batch with one example a row (BP4); dZ may be used.",
            HIDDEN_ROWS,
            "dW",
            (
                (_MEANT, "mean[n](A_prev[n, k]*dZ[n, j])"),
                (
                    "a product of two sums is no sum of products: error and input belong to the same example",
                    "sum[n](dZ[n, j])*sum[n](A_prev[n, k])",
                ),
                (_SLOPE_TWICE, "sum[n](A_prev[n, k]*dZ[n, j]*sigma_prime(Z[n, j]))"),
            ),
        ),
    ),
)

# ------------------------------------------------------------------------------------------ with diagonal matrices

DEEP = layer(
    "the last two layers, J neurons in each",
    tensors="z[J]  a[J]  w_next[J, J]  b_next[J]  z_next[J]  a_next[J]",
    equations="""
        a[j] = sigma(z[j])
        z_next[j] = sum[k](w_next[j, k]*a[k]) + b_next[j]
        a_next[j] = sigma(z_next[j])
    """,
    claims="dz[j] = sum[k](w_next[k, j]*sigma_prime(z_next[k])*da_next[k])*sigma_prime(z[j])",
    source=f"{NIELSEN}, ch. 2, exercise: alternate presentation of the equations of backpropagation",
)
_MATRICES = "Write it with matrix products alone: diag(v) has the entries of v on its diagonal, and 0 elsewhere."
_WRONG_SIDE = "the diagonal matrix is on the wrong side of the transposed weights"
ALTERNATE: Levels = (
    (
        Exercise(
            f"The error of the last layer, for any sigma. {_MATRICES}",
            LAST,
            "dz",
            ((_NO_SLOPE, "da[j]"), (_SIGMA_FOR_SLOPE, "da[j]*sigma(z[j])")),
        ),
    ),
    (
        Exercise(
            f"The error of layer l, from that of layer l + 1. {_MATRICES}",
            SQUARE,
            "dz",
            (
                (_WRONG_SIDE, "sum[k](w_next[k, j]*sigma_prime(z[k])*dz_next[k])"),
                (NOT_TRANSPOSED, "sum[k](w_next[j, k]*dz_next[k])*sigma_prime(z[j])"),
                (_NO_SLOPE, "sum[k](w_next[k, j]*dz_next[k])"),
            ),
        ),
    ),
    (
        Exercise(
            f"The error of the layer before the last, from da_next. {_MATRICES}",
            DEEP,
            "dz",
            (
                (
                    "the two diagonal matrices have changed places",
                    "sum[k](w_next[k, j]*sigma_prime(z[k])*da_next[k])*sigma_prime(z_next[j])",
                ),
                (
                    "w_next is not transposed: dz[j] adds up over the neurons k that a[j] goes to, w_next[k, j]",
                    "sum[k](w_next[j, k]*sigma_prime(z_next[k])*da_next[k])*sigma_prime(z[j])",
                ),
                (
                    "the slope of the last layer is missing: diag(sigma_prime(z_next))",
                    "sum[k](w_next[k, j]*da_next[k])*sigma_prime(z[j])",
                ),
                (
                    "the slope of layer l is missing: diag(sigma_prime(z))",
                    "sum[k](w_next[k, j]*sigma_prime(z_next[k])*da_next[k])",
                ),
            ),
        ),
    ),
)

# ------------------------------------------------------------------------------------------ over a mini-batch

BATCH_COST = layer(
    "a last layer of sigmoids with the quadratic cost, a batch in columns",
    tensors="a_prev[K, N] w[J, K] b[J] z[J, N] a[J, N] y[J, N] C",
    equations="""
        z[j, n] = sum[k](w[j, k]*a_prev[k, n]) + b[j]
        a[j, n] = sigmoid(z[j, n])
        C = sum[j, n]((y[j, n] - a[j, n])**2)/(2*N)
    """,
    claims="""
        dz[j, n] = dC*(a[j, n] - y[j, n])*a[j, n]*(1 - a[j, n])/N
        db[j] = dC*sum[n]((a[j, n] - y[j, n])*a[j, n]*(1 - a[j, n]))/N
        dw[j, k] = dC*sum[n]((a[j, n] - y[j, n])*a[j, n]*(1 - a[j, n])*a_prev[k, n])/N
    """,
    source=f"{NIELSEN}, ch. 2, eq. 26, and the problem on the fully matrix-based approach over a mini-batch",
)
_NO_MEAN = "1/N is missing: the cost is a mean over the batch"
_BOTH_SUMS = "a product of two sums is no sum of products: error and input belong to the same example"
MINI_BATCH: Levels = (
    (
        Exercise(
            "One example a column: write the gradient of the biases in matrix form.",
            HIDDEN_COLUMNS,
            "db",
            ((_MEANT, "mean[n](dz[j, n])"), (_SLOPE_TWICE, "sum[n](dz[j, n]*sigma_prime(z[j, n]))")),
        ),
        Exercise(
            "One example a row: write the gradient of the biases in matrix form.",
            HIDDEN_ROWS,
            "db",
            ((_MEANT, "mean[n](dZ[n, j])"), (_SLOPE_TWICE, "sum[n](dZ[n, j]*sigma_prime(Z[n, j]))")),
        ),
    ),
    (
        Exercise(
            "One example a column: write the gradient of the weights as one matrix product.",
            HIDDEN_COLUMNS,
            "dw",
            ((_MEANT, "mean[n](dz[j, n]*a_prev[k, n])"), (_BOTH_SUMS, "sum[n](dz[j, n])*sum[n](a_prev[k, n])")),
        ),
        Exercise(
            "One example a row: write the gradient of the weights as one matrix product.",
            HIDDEN_ROWS,
            "dW",
            ((_MEANT, "mean[n](A_prev[n, k]*dZ[n, j])"), (_BOTH_SUMS, "sum[n](dZ[n, j])*sum[n](A_prev[n, k])")),
        ),
    ),
    (
        Exercise(
            "One example a column, a mean over the batch: the gradient of the weights in matrix form, without dz.",
            BATCH_COST,
            "dw",
            (
                (_NO_MEAN, "sum[n]((a[j, n] - y[j, n])*a[j, n]*(1 - a[j, n])*a_prev[k, n])"),
                ("the slope of the sigmoid is missing", "sum[n]((a[j, n] - y[j, n])*a_prev[k, n])/N"),
                ("the sign: it is a - y", "sum[n]((y[j, n] - a[j, n])*a[j, n]*(1 - a[j, n])*a_prev[k, n])/N"),
                ("1/N is in dz already: here it is a second time", "sum[n](dz[j, n]*a_prev[k, n])/N"),
            ),
        ),
        Exercise(
            "One example a column, a mean over the batch: the gradient of the biases in matrix form, without dz.",
            BATCH_COST,
            "db",
            (
                (_NO_MEAN, "sum[n]((a[j, n] - y[j, n])*a[j, n]*(1 - a[j, n]))"),
                ("the slope of the sigmoid is missing", "sum[n](a[j, n] - y[j, n])/N"),
                ("the sign: it is a - y", "sum[n]((y[j, n] - a[j, n])*a[j, n]*(1 - a[j, n]))/N"),
                ("1/N is in dz already: here it is a second time", "mean[n](dz[j, n])"),
            ),
        ),
    ),
)
