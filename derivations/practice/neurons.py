"""Exercises on neurons: the slope of the sigmoid, tanh as a rescaled sigmoid, linear neurons, one modified neuron.

Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 2 and 3.
"""

from __future__ import annotations

from derivations.layer import Layer
from derivations.notation import layer
from derivations.practice.exercise import NIELSEN, Exercise, Levels
from derivations.practice.four_equations import NOT_TRANSPOSED

# ------------------------------------------------------------------------------------------ the sigmoid

SLOPE = layer(
    "the sigmoid",
    tensors="z a",
    equations="a = 1/(1 + exp(-z))",
    claims="dz = da*a*(1 - a)",
    source=f"{NIELSEN}, ch. 3",
)
NEURON = layer(
    "one neuron",
    tensors="x w b z a",
    equations="z = w*x + b\na = 1/(1 + exp(-z))",
    claims="dw = da*a*(1 - a)*x\ndx = da*a*(1 - a)*w",
    source=f"{NIELSEN}, ch. 3",
)
QUADRATIC_NEURON = layer(
    "one neuron with the quadratic cost",
    tensors="x w b y z a C",
    equations="z = w*x + b\na = 1/(1 + exp(-z))\nC = (y - a)**2/2",
    claims="dw = dC*(a - y)*a*(1 - a)*x\ndb = dC*(a - y)*a*(1 - a)",
    source=f"{NIELSEN}, ch. 3, eq. 54 and 55",
)
SIGMOID_PRIME: Levels = (
    (
        Exercise(
            "Show that the slope of the sigmoid is a product of two of its values.",
            SLOPE,
            "dz",
            (
                ("the sign: the inner derivative -1 of -z is missing", "-a*(1 - a)"),
                ("this is 1 - a**2, the slope of tanh", "1 - a**2"),
                ("this is 1 - a: the factor a is missing, or the square in (1/u)' = -u'/u**2", "exp(-z)/(1 + exp(-z))"),
                ("the factor 1 - a is missing", "a"),
            ),
            "formula",
        ),
    ),
    (
        Exercise(
            "A neuron with one input.",
            NEURON,
            "dw",
            (
                ("the inner derivative is missing: z has the derivative x with respect to w", "a*(1 - a)"),
                ("that is the derivative with respect to x: z = w*x + b has the derivative x by w", "a*(1 - a)*w"),
                ("the slope of the sigmoid is missing", "x"),
            ),
            "formula",
        ),
        Exercise(
            "A neuron with one input.",
            NEURON,
            "dx",
            (
                ("the inner derivative is missing: z has the derivative w with respect to x", "a*(1 - a)"),
                ("that is the derivative with respect to w: z = w*x + b has the derivative w by x", "a*(1 - a)*x"),
                ("the slope of the sigmoid is missing", "w"),
            ),
            "formula",
        ),
    ),
    (
        Exercise(
            "A neuron with one input and the quadratic cost.",
            QUADRATIC_NEURON,
            "dw",
            (
                ("the sign: the inner derivative of y - a is -1", "(y - a)*a*(1 - a)*x"),
                ("the slope of the sigmoid is missing: this is what the cross-entropy gives", "(a - y)*x"),
                ("the inner derivative x of z is missing", "(a - y)*a*(1 - a)"),
                ("the factor 2 of the square cancels the 1/2", "2*(a - y)*a*(1 - a)*x"),
            ),
            "formula",
        ),
        Exercise(
            "A neuron with one input and the quadratic cost.",
            QUADRATIC_NEURON,
            "db",
            (
                ("the sign: the inner derivative of y - a is -1", "(y - a)*a*(1 - a)"),
                ("the slope of the sigmoid is missing: this is what the cross-entropy gives", "a - y"),
                ("z = w*x + b has the derivative 1 by b, not x", "(a - y)*a*(1 - a)*x"),
            ),
            "formula",
        ),
    ),
)

# ------------------------------------------------------------------------------------------ tanh

RESCALED = layer(
    "tanh as a rescaled sigmoid",
    tensors="z t",
    equations="t = 2*sigmoid(2*z) - 1",
    claims="dz = dt*(1 - t**2)",
    source=f"{NIELSEN}, ch. 3, eq. 110 and 111",
)
TANH_OF_EXPONENTIALS = layer(
    "tanh",
    tensors="z t",
    equations="t = (exp(z) - exp(-z))/(exp(z) + exp(-z))",
    claims="dz = dt*(1 - t**2)",
    source=f"{NIELSEN}, ch. 3, eq. 110",
)
SIGMOID_OF_TANH = layer(
    "the sigmoid as a rescaled tanh",
    tensors="z s",
    equations="s = (1 + tanh(z/2))/2",
    claims="dz = ds*s*(1 - s)",
    source=f"{NIELSEN}, ch. 3, eq. 111",
)
TANH_OF_SIGMOID = layer(
    "tanh(z), from s = sigmoid(2*z)",
    tensors="s t",
    equations="t = (s/(1 - s) - 1)/(s/(1 - s) + 1)",
    claims="ds = 2*dt",
    source=f"{NIELSEN}, ch. 3, eq. 111",
)
TANH: Levels = (
    (
        Exercise(
            "The slope of tanh.",
            TANH_OF_EXPONENTIALS,
            "dz",
            (
                ("this is the slope of the sigmoid", "t*(1 - t)"),
                ("the sign: it is 1 - t**2", "t**2 - 1"),
                ("(1 - t)**2 is not 1 - t**2", "(1 - t)**2"),
            ),
            "formula",
        ),
    ),
    (
        Exercise(
            "tanh is a sigmoid, rescaled: 2*sigmoid(2*z) - 1. What slope does that give?",
            RESCALED,
            "dz",
            (
                ("the inner derivative 2 of 2*z is missing", "2*sigmoid(2*z)*(1 - sigmoid(2*z))"),
                ("the outer factor 2 and the inner derivative 2 are missing", "sigmoid(2*z)*(1 - sigmoid(2*z))"),
                ("this is the slope of the sigmoid: t = 2*s - 1, so s is not t", "t*(1 - t)"),
            ),
            "formula",
        ),
        Exercise(
            "The sigmoid is a tanh, rescaled: (1 + tanh(z/2))/2. What slope does that give?",
            SIGMOID_OF_TANH,
            "dz",
            (
                ("the inner derivative 1/2 of z/2 is missing", "(1 - tanh(z/2)**2)/2"),
                ("the outer factor 1/2 and the inner derivative 1/2 are missing", "1 - tanh(z/2)**2"),
                ("this is the slope of tanh: s = (1 + tanh(z/2))/2 is not tanh", "1 - s**2"),
            ),
            "formula",
        ),
    ),
    (
        Exercise(
            "With s = sigmoid(2*z) one has exp(2*z) = s/(1 - s), so t below is tanh(z). "
            "Show that t is s, rescaled: its derivative by s is a constant.",
            TANH_OF_SIGMOID,
            "ds",
            (
                ("tanh runs from -1 to 1 while s runs from 0 to 1: it is twice as steep", "1"),
                ("the quotient rule has its square below, and here it is not", "2*(1 - s)"),
                ("the sign: tanh(z) rises with s", "-2"),
            ),
            "formula",
        ),
    ),
)

# ------------------------------------------------------------------------------------------ linear neurons

LINEAR_LAST = layer(
    "a last layer of linear neurons, one example",
    tensors="a_prev[K] w[J, K] b[J] z[J] a[J]",
    equations="z[j] = sum[k](w[j, k]*a_prev[k]) + b[j]\na[j] = z[j]",
    claims="dz[j] = da[j]",
    source=f"{NIELSEN}, ch. 2, exercise: backpropagation with linear neurons",
)
LINEAR_HIDDEN = layer(
    "a layer of linear neurons, J neurons in each layer",
    tensors="a_prev[J] w[J, J] b[J] z[J] a[J] w_next[J, J] b_next[J] z_next[J]",
    equations="""
        z[j] = sum[k](w[j, k]*a_prev[k]) + b[j]
        a[j] = z[j]
        z_next[j] = sum[k](w_next[j, k]*a[k]) + b_next[j]
    """,
    claims="dz[j] = sum[k](w_next[k, j]*dz_next[k])",
    source=f"{NIELSEN}, ch. 2, exercise: backpropagation with linear neurons",
)
LINEAR_DEEP = layer(
    "three layers of linear neurons, J neurons in each",
    tensors="a_prev[J] w[J, J] z[J] w_next[J, J] z_next[J] w_last[J, J] z_last[J]",
    equations="""
        z[j] = sum[k](w[j, k]*a_prev[k])
        z_next[j] = sum[k](w_next[j, k]*z[k])
        z_last[j] = sum[k](w_last[j, k]*z_next[k])
    """,
    claims="dw[j, k] = sum[h, i](w_next[i, j]*w_last[h, i]*dz_last[h])*a_prev[k]",
    source=f"{NIELSEN}, ch. 2, exercise: backpropagation with linear neurons",
)
_SLOPE_IS_1 = "sigma(z) = z has the slope 1: no sigma_prime is left"
LINEAR_NEURONS: Levels = (
    (
        Exercise(
            "All neurons are linear, sigma(z) = z: the error of the last layer (BP1).",
            LINEAR_LAST,
            "dz",
            (
                (_SLOPE_IS_1, "da[j]*sigma_prime(z[j])"),
                ("the slope of sigma(z) = z is 1, not z", "da[j]*z[j]"),
                ("this is the slope of a sigmoid: that of sigma(z) = z is 1", "da[j]*a[j]*(1 - a[j])"),
            ),
        ),
    ),
    (
        Exercise(
            "All neurons are linear, sigma(z) = z: the error of layer l (BP2).",
            LINEAR_HIDDEN,
            "dz",
            (
                (_SLOPE_IS_1, "sum[k](w_next[k, j]*dz_next[k])*sigma_prime(z[j])"),
                ("the slope of sigma(z) = z is 1, not z", "sum[k](w_next[k, j]*dz_next[k])*z[j]"),
                (NOT_TRANSPOSED, "sum[k](w_next[j, k]*dz_next[k])"),
            ),
        ),
    ),
    (
        Exercise(
            "Three layers of linear neurons without biases: the gradient of the first weights, from dz_last.",
            LINEAR_DEEP,
            "dw",
            (
                (
                    "the two weights are in the wrong order: the error comes through w_last first",
                    "sum[h, i](w_last[i, j]*w_next[h, i]*dz_last[h])*a_prev[k]",
                ),
                (
                    "the weights are not transposed: errors go backwards",
                    "sum[h, i](w_next[j, i]*w_last[i, h]*dz_last[h])*a_prev[k]",
                ),
                ("w_last is missing", "sum[i](w_next[i, j]*dz_last[i])*a_prev[k]"),
                (
                    "the indices are swapped: w[j, k] leads from neuron k to neuron j",
                    "sum[h, i](w_next[i, k]*w_last[h, i]*dz_last[h])*a_prev[j]",
                ),
            ),
        ),
    ),
)

# ------------------------------------------------------------------------------------------ one modified neuron


def _modified(function: str, slope: str) -> Layer:
    return layer(
        f"one neuron with f(z) = {function}",
        tensors="x w b z a",
        equations=f"z = w*x + b\na = {function}",
        claims=f"dw = da*{slope}*x",
        source=f"{NIELSEN}, ch. 2, exercise: backpropagation with a single modified neuron",
    )


def _modified_exercise(function: str, slope: str) -> Exercise:
    return Exercise(
        f"A neuron whose activation is not the sigmoid, but f(z) = {function}.",
        _modified(function, slope),
        "dw",
        (
            ("this is the slope of a sigmoid, and the neuron has f", "a*(1 - a)*x"),
            ("the slope of f is missing", "x"),
            ("f stands where its slope belongs", "a*x"),
        ),
        "formula",
    )


MODIFIED_LAST = layer(
    "a last layer with one modified neuron",
    tensors="z[J] a[J] m in 0..J-1",
    equations="a[j] = where(j == m, tanh(z[j]), sigma(z[j]))",
    claims="dz[j] = da[j]*where(j == m, 1 - a[j]**2, sigma_prime(z[j]))",
    source=f"{NIELSEN}, ch. 2, exercise: backpropagation with a single modified neuron",
)
MODIFIED_HIDDEN = layer(
    "a layer with one modified neuron, before another",
    tensors="z[J] a[J] w_next[I, J] b_next[I] z_next[I] m in 0..J-1",
    equations="""
        a[j] = where(j == m, tanh(z[j]), sigma(z[j]))
        z_next[i] = sum[j](w_next[i, j]*a[j]) + b_next[i]
    """,
    claims="dz[j] = sum[i](w_next[i, j]*dz_next[i])*where(j == m, 1 - a[j]**2, sigma_prime(z[j]))",
    source=f"{NIELSEN}, ch. 2, exercise: backpropagation with a single modified neuron",
)
_NOT_MODIFIED = "neuron m has tanh, and its slope is 1 - a[m]**2"
_ALL_MODIFIED = "only neuron m has tanh; the slope of the others is sigma_prime(z)"
MODIFIED_NEURON: Levels = (
    (
        _modified_exercise("tanh(z)", "(1 - a**2)"),
        _modified_exercise("sin(z)", "cos(z)"),
        _modified_exercise("log(1 + exp(z))", "sigmoid(z)"),
        _modified_exercise("z**3", "3*z**2"),
    ),
    (
        Exercise(
            "In the last layer neuron m has tanh in the place of sigma (BP1).",
            MODIFIED_LAST,
            "dz",
            (
                (_NOT_MODIFIED, "da[j]*sigma_prime(z[j])"),
                (_ALL_MODIFIED, "da[j]*(1 - a[j]**2)"),
                ("the slope of tanh is missing at neuron m", "da[j]*where(j == m, 1, sigma_prime(z[j]))"),
                ("tanh stands where its slope belongs", "da[j]*where(j == m, a[j], sigma_prime(z[j]))"),
            ),
        ),
    ),
    (
        Exercise(
            "In layer l neuron m has tanh in the place of sigma (BP2).",
            MODIFIED_HIDDEN,
            "dz",
            (
                (_NOT_MODIFIED, "sum[i](w_next[i, j]*dz_next[i])*sigma_prime(z[j])"),
                (_ALL_MODIFIED, "sum[i](w_next[i, j]*dz_next[i])*(1 - a[j]**2)"),
                (
                    "the slope of tanh is missing at neuron m",
                    "sum[i](w_next[i, j]*dz_next[i])*where(j == m, 1, sigma_prime(z[j]))",
                ),
            ),
        ),
    ),
)
