"""Exercises on costs: the cross-entropy, the derivative of the softmax, the log-likelihood.

Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 3.
"""

from __future__ import annotations

from derivations.losses import SIGMOID_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY
from derivations.notation import layer
from derivations.practice.exercise import NIELSEN, Exercise, Levels

CROSS_ENTROPY_NEURON = layer(
    "one neuron with the cross-entropy cost",
    tensors="x w b y z a C",
    equations="z = w*x + b\na = sigmoid(z)\nC = -(y*log(a) + (1 - y)*log(1 - a))",
    claims="dw = dC*(a - y)*x\ndb = dC*(a - y)",
    source=f"{NIELSEN}, ch. 3, eq. 57 to 62",
)
CROSS_ENTROPY_LAST = layer(
    "the last layer with sigmoids and the cross-entropy, one example",
    tensors="z[J] a[J] y[J] C",
    equations="a[j] = sigmoid(z[j])\nC = -sum[j](y[j]*log(a[j]) + (1 - y[j])*log(1 - a[j]))",
    claims="dz[j] = dC*(a[j] - y[j])",
    source=f"{NIELSEN}, ch. 3, eq. 63 and 66",
)
_SIGN = "the sign: it is a - y, what came out minus what was wanted"
CROSS_ENTROPY: Levels = (
    (
        Exercise(
            "A neuron with the cross-entropy cost.",
            CROSS_ENTROPY_NEURON,
            "dw",
            (
                (_SIGN, "(y - a)*x"),
                ("the slope of the sigmoid has cancelled: this is the quadratic cost's", "(a - y)*a*(1 - a)*x"),
                ("the slope of the sigmoid is missing: it cancels a*(1 - a) below", "(a - y)/(a*(1 - a))*x"),
                ("the inner derivative x of z is missing", "a - y"),
            ),
            "formula",
        ),
        Exercise(
            "A neuron with the cross-entropy cost.",
            CROSS_ENTROPY_NEURON,
            "db",
            (
                (_SIGN, "y - a"),
                ("the slope of the sigmoid has cancelled: this is the quadratic cost's", "(a - y)*a*(1 - a)"),
                ("the slope of the sigmoid is missing: it cancels a*(1 - a) below", "(a - y)/(a*(1 - a))"),
                ("z = w*x + b has the derivative 1 by b, not x", "(a - y)*x"),
            ),
            "formula",
        ),
    ),
    (
        Exercise(
            "The error of a last layer of sigmoids with the cross-entropy cost.",
            CROSS_ENTROPY_LAST,
            "dz",
            (
                (_SIGN, "y[j] - a[j]"),
                (
                    "the slope of the sigmoid has cancelled: this is BP1 for the quadratic cost",
                    "(a[j] - y[j])*a[j]*(1 - a[j])",
                ),
                ("the slope of the sigmoid is missing: this is da", "(a[j] - y[j])/(a[j]*(1 - a[j]))"),
                ("half of the cost is missing: (1 - y)*log(1 - a) depends on a, too", "-y[j]*(1 - a[j])"),
                ("each neuron has an error of its own: there is no sum", "sum[k](a[k] - y[k])"),
            ),
        ),
    ),
    (
        Exercise(
            "The errors of a last layer of sigmoids with the cross-entropy cost, averaged over a batch.",
            SIGMOID_CROSS_ENTROPY,
            "dZ",
            (
                ("1/N is missing: the cost is a mean over the batch", "A[n, c] - T[n, c]"),
                (_SIGN, "(T[n, c] - A[n, c])/N"),
                ("the slope of the sigmoid has cancelled", "(A[n, c] - T[n, c])*A[n, c]*(1 - A[n, c])/N"),
                (
                    "divided by the number of outputs too: the cost is a mean over the batch alone",
                    "(A[n, c] - T[n, c])/(N*C)",
                ),
            ),
        ),
    ),
)

PICKED = layer(
    "one output of a softmax",
    tensors="z[J] a[J] m in 0..J-1 p",
    equations="a[j] = exp(z[j])/sum[k](exp(z[k]))\np = a[m]",
    claims="dz[j] = dp*p*([j = m] - a[j])",
    source=f"{NIELSEN}, ch. 3, eq. 78 and the exercise on the monotonicity of softmax",
)
SOFTMAX_LAST = layer(
    "a softmax, one example",
    tensors="z[J] a[J]",
    equations="a[j] = exp(z[j])/sum[k](exp(z[k]))",
    claims="dz[j] = a[j]*(da[j] - sum[k](da[k]*a[k]))",
    source=f"{NIELSEN}, ch. 3, eq. 78",
)
SOFTMAX_BATCH = layer(
    "a softmax, a batch in rows",
    tensors="Z[N, J] A[N, J]",
    equations="A[n, j] = exp(Z[n, j])/sum[k](exp(Z[n, k]))",
    claims="dZ[n, j] = A[n, j]*(dA[n, j] - sum[k](dA[n, k]*A[n, k]))",
    source=f"{NIELSEN}, ch. 3, eq. 78",
)
SOFTMAX: Levels = (
    (
        Exercise(
            "How one output of a softmax depends on every input: one row of its derivative.",
            PICKED,
            "dz",
            (
                ("the sign off the diagonal: more of z[j] takes from the others", "p*([j = m] + (1 - 2*[j = m])*a[j])"),
                ("off the diagonal it is not 0: z[j] is in the denominator of every output", "[j = m]*p*(1 - p)"),
                ("the term of the diagonal is missing: for j = m the numerator depends on z, too", "-p*a[j]"),
                ("this is the slope of a sigmoid in each entry", "a[j]*(1 - a[j])"),
                ("the sign: both terms are reversed", "p*(a[j] - [j = m])"),
            ),
        ),
    ),
    (
        Exercise(
            "The error in front of a softmax, one example.",
            SOFTMAX_LAST,
            "dz",
            (
                ("only the diagonal of the derivative is there", "da[j]*a[j]*(1 - a[j])"),
                ("the sign of what lies off the diagonal", "a[j]*(da[j] + sum[k](da[k]*a[k]) - 2*da[j]*a[j])"),
                ("the term of the diagonal is missing: a[j]*da[j]", "-a[j]*sum[k](da[k]*a[k])"),
                ("the sum is missing: all outputs share the denominator", "a[j]*da[j]"),
                ("the outputs are not weighted in the sum", "a[j]*(da[j] - sum[k](da[k]))"),
            ),
        ),
    ),
    (
        Exercise(
            "The errors in front of a softmax, a batch with one example a row.",
            SOFTMAX_BATCH,
            "dZ",
            (
                ("only the diagonal of the derivative is there", "dA[n, j]*A[n, j]*(1 - A[n, j])"),
                ("the term of the diagonal is missing: A*dA", "-A[n, j]*sum[k](dA[n, k]*A[n, k])"),
                ("the sum is missing: all outputs of an example share the denominator", "A[n, j]*dA[n, j]"),
                (
                    "the sum runs over the batch, too: every example has a denominator of its own",
                    "A[n, j]*(dA[n, j] - sum[m, k](dA[m, k]*A[m, k]))",
                ),
                (
                    "the sum runs over the batch in the place of the outputs",
                    "A[n, j]*(dA[n, j] - sum[m](dA[m, j]*A[m, j]))",
                ),
            ),
        ),
    ),
)

LIKELIHOOD = layer(
    "a softmax and the log-likelihood cost, one example",
    tensors="a_prev[K] w[J, K] b[J] z[J] a[J] y in 0..J-1 C",
    equations="""
        z[j] = sum[k](w[j, k]*a_prev[k]) + b[j]
        a[j] = exp(z[j])/sum[i](exp(z[i]))
        C = -log(a[y])
    """,
    claims="""
        dz[j] = dC*(a[j] - [j = y])                # eq. 84
        db[j] = dC*(a[j] - [j = y])                # eq. 81
        dw[j, k] = dC*a_prev[k]*(a[j] - [j = y])   # eq. 82
    """,
    source=f"{NIELSEN}, ch. 3, eq. 78 to 84",
)
_EVERY_CLASS = "every output changes with z[j]: only the true class gets the -1, and all get a[j]"
LOG_LIKELIHOOD: Levels = (
    (
        Exercise(
            "A softmax with the log-likelihood cost; y is the true class, and [j = y] is 1 there and 0 elsewhere.",
            LIKELIHOOD,
            "db",
            (
                (_SIGN, "[j = y] - a[j]"),
                ("the softmax is missing: this is the derivative of -log alone", "-[j = y]/a[j]"),
                (_EVERY_CLASS, "[j = y]*(a[j] - 1)"),
                ("[j = y] is missing: only the true class gets the -1", "a[j] - 1"),
                ("the cost is missing: -log(a[y]) brings the -1 of the true class", "a[j]"),
            ),
        ),
    ),
    (
        Exercise(
            "A softmax with the log-likelihood cost; y is the true class, and [j = y] is 1 there and 0 elsewhere.",
            LIKELIHOOD,
            "dw",
            (
                ("the sign: it is a - y, what came out minus what was wanted", "a_prev[k]*([j = y] - a[j])"),
                ("a_prev is missing: it is what w is multiplied by", "a[j] - [j = y]"),
                ("[j = y] is missing: only the true class gets the -1", "a_prev[k]*(a[j] - 1)"),
                ("every output changes with z[j], not that of the true class alone", "a_prev[k]*[j = y]*(a[j] - 1)"),
            ),
        ),
    ),
    (
        Exercise(
            "Softmax and log-likelihood, averaged over a batch; T holds the true classes.",
            SOFTMAX_CROSS_ENTROPY,
            "dZ",
            (
                ("1/N is missing: the cost is a mean over the batch", "P[n, c] - [c = T[n]]"),
                (_SIGN, "([c = T[n]] - P[n, c])/N"),
                ("[c = T[n]] is missing: only the true class gets the -1", "(P[n, c] - 1)/N"),
                ("the softmax is missing: this is the derivative of -log alone", "-[c = T[n]]/(N*P[n, c])"),
                ("every output changes with Z[n, c], not that of the true class alone", "[c = T[n]]*(P[n, c] - 1)/N"),
            ),
        ),
    ),
)
