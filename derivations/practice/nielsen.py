"""Nielsen's exercises: the sigmoid's slope, the four equations of backpropagation, and what follows from them.

His delta is dz here, his gradient of the cost with respect to the activations is da. Every truth is derived.

Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import sympy as sp

from derivations.expressions import tensor_entry
from derivations.layer import Claim, Equation, Layer
from derivations.losses import SIGMOID_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY
from derivations.network import HIDDEN, HIDDEN_COLUMNS, HIDDEN_ROWS, LAST, LAST_COLUMNS, LAST_ROWS
from derivations.notation import layer, read_equation
from derivations.practice.hints import hints
from derivations.practice.problem import Kind, Problem, formula_problem, layer_problem

Skill = tuple[str, str, tuple[str, ...], Callable[[np.random.Generator, int], Problem]]
CHAPTER_2 = "Nielsen (2015), Neural Networks and Deep Learning, ch. 2"
CHAPTER_3 = "Nielsen (2015), Neural Networks and Deep Learning, ch. 3"


@dataclass(frozen=True)
class Exercise:
    """A layer, the cotangent that is asked, what to say about it, and what people answer instead, as text.

    Where the layer ends in a cost, the cotangent of the cost is 1: what is asked is a derivative of the cost.
    """

    question: str
    layer: Layer
    asked: str
    mistakes: tuple[tuple[str, str], ...] = ()
    kind: Kind = "equation"

    def problem(self, skill: str) -> Problem:
        """The exercise as a problem; its truth is derived, its mistakes are read."""
        if self.kind != "equation":
            wrt = self.asked.removeprefix("d")
            output = self.layer.output_names[-1]
            prompt = f"{self.question} {_forward(self.layer)}. What is d{output}/{self.asked}?"
            return replace(formula_problem(skill, skill, prompt, self.layer, wrt, self.mistakes), make_hints=hints)
        problem = layer_problem(self.layer, self.asked, skill)
        outside = [f"d{tensor.name}" for tensor in self.layer.outputs]
        costs = [tensor for tensor in self.layer.outputs if not tensor.sizes]
        if costs:
            problem = _with_unit_cost(problem, costs[0].name)
            ask = f"{self.asked} is the derivative of {costs[0].name}: what is it?"
        else:
            ask = f"Given {', '.join(outside)}, what is {self.asked}?"
        left = problem.left_side
        mistakes = tuple((said, read_equation(f"{left} = {text}", of=self.layer).rhs) for said, text in self.mistakes)
        prompt = f"{self.question} {_forward(self.layer)}. {ask}"
        return replace(problem, id=skill, prompt=prompt, mistakes=mistakes, make_hints=hints)


def _forward(layer: Layer) -> str:
    return "; ".join(equation.text for equation in layer.equations)


def _with_unit_cost(problem: Problem, cost: str) -> Problem:
    """The problem with 1 for the cotangent of the cost, which may still be written."""
    one = {tensor_entry(f"d{cost}", ()): sp.S.One}
    given = [Equation(e.lhs, e.rhs.xreplace(one), e.ranges) for e in problem.given]
    given.append(Equation(next(iter(one)), sp.S.One))
    truth = problem.expected
    return replace(problem, expected=Claim(truth.lhs, truth.rhs.xreplace(one), truth.ranges), given=tuple(given))


# ------------------------------------------------------------------------------------------ one neuron

SLOPE = layer(
    "the sigmoid", tensors="z a", equations="a = 1/(1 + exp(-z))", claims="dz = da*a*(1 - a)", source=CHAPTER_3
)
NEURON = layer(
    "one neuron",
    tensors="x w b z a",
    equations="z = w*x + b\na = 1/(1 + exp(-z))",
    claims="dw = da*a*(1 - a)*x\ndx = da*a*(1 - a)*w",
    source=CHAPTER_3,
)
QUADRATIC_NEURON = layer(
    "one neuron with the quadratic cost",
    tensors="x w b y z a C",
    equations="z = w*x + b\na = 1/(1 + exp(-z))\nC = (y - a)**2/2",
    claims="dw = dC*(a - y)*a*(1 - a)*x\ndb = dC*(a - y)*a*(1 - a)",
    source=f"{CHAPTER_3}, eq. 54 and 55",
)
CROSS_ENTROPY_NEURON = layer(
    "one neuron with the cross-entropy cost",
    tensors="x w b y z a C",
    equations="z = w*x + b\na = sigmoid(z)\nC = -(y*log(a) + (1 - y)*log(1 - a))",
    claims="dw = dC*(a - y)*x\ndb = dC*(a - y)",
    source=f"{CHAPTER_3}, eq. 57 to 62",
)

SIGMOID_PRIME = (
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

# ------------------------------------------------------------------------------------------ BP1 to BP4

QUADRATIC_LAST = layer(
    "the last layer with the quadratic cost, one example",
    tensors="z[J] a[J] y[J] C",
    equations="a[j] = sigmoid(z[j])\nC = sum[j]((y[j] - a[j])**2)/2",
    claims="dz[j] = dC*(a[j] - y[j])*a[j]*(1 - a[j])",
    source=f"{CHAPTER_2}, eq. 30",
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
    source=f"{CHAPTER_2}, BP1-BP4",
)

_NO_SLOPE = "sigma_prime(z) is missing: this is the gradient with respect to a, and not yet with respect to z"
_SIGMA_FOR_SLOPE = "sigma stands where its slope sigma_prime belongs"
_SLOPE_AT_A = "sigma_prime belongs at z, not at a = sigma(z)"
_SLOPE_TWICE = "sigma_prime(z) is in dz already: here it is a second time"
_MEANT = "divided by the size of the batch: these equations add up over it"

BP1 = (
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

_NOT_TRANSPOSED = "w_next is not transposed: dz[j] adds up over the neurons k that a[j] goes to, w_next[k, j]"
BP2 = (
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
                (_NOT_TRANSPOSED, "sum[k](w_next[j, k]*dz_next[k])*sigma_prime(z[j])"),
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

BP3 = (
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

BP4 = (
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
    source=f"{CHAPTER_2}, exercise: alternate presentation of the equations of backpropagation",
)
_MATRICES = "Write it with matrix products alone: diag(v) has the entries of v on its diagonal, and 0 elsewhere."
_WRONG_SIDE = "the diagonal matrix is on the wrong side of the transposed weights"
ALTERNATE = (
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
                (_NOT_TRANSPOSED, "sum[k](w_next[j, k]*dz_next[k])*sigma_prime(z[j])"),
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

# ------------------------------------------------------------------------------------------ costs

CROSS_ENTROPY_LAST = layer(
    "the last layer with sigmoids and the cross-entropy, one example",
    tensors="z[J] a[J] y[J] C",
    equations="a[j] = sigmoid(z[j])\nC = -sum[j](y[j]*log(a[j]) + (1 - y[j])*log(1 - a[j]))",
    claims="dz[j] = dC*(a[j] - y[j])",
    source=f"{CHAPTER_3}, eq. 63 and 66",
)
_SIGN = "the sign: it is a - y, what came out minus what was wanted"
CROSS_ENTROPY = (
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
    source=f"{CHAPTER_3}, eq. 78 and the exercise on the monotonicity of softmax",
)
SOFTMAX_LAST = layer(
    "a softmax, one example",
    tensors="z[J] a[J]",
    equations="a[j] = exp(z[j])/sum[k](exp(z[k]))",
    claims="dz[j] = a[j]*(da[j] - sum[k](da[k]*a[k]))",
    source=f"{CHAPTER_3}, eq. 78",
)
SOFTMAX_BATCH = layer(
    "a softmax, a batch in rows",
    tensors="Z[N, J] A[N, J]",
    equations="A[n, j] = exp(Z[n, j])/sum[k](exp(Z[n, k]))",
    claims="dZ[n, j] = A[n, j]*(dA[n, j] - sum[k](dA[n, k]*A[n, k]))",
    source=f"{CHAPTER_3}, eq. 78",
)
SOFTMAX = (
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
    source=f"{CHAPTER_3}, eq. 78 to 84",
)
_EVERY_CLASS = "every output changes with z[j]: only the true class gets the -1, and all get a[j]"
LOG_LIKELIHOOD = (
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

# ------------------------------------------------------------------------------------------ other neurons

RESCALED = layer(
    "tanh as a rescaled sigmoid",
    tensors="z t",
    equations="t = 2*sigmoid(2*z) - 1",
    claims="dz = dt*(1 - t**2)",
    source=f"{CHAPTER_3}, eq. 110 and 111",
)
TANH_OF_EXPONENTIALS = layer(
    "tanh",
    tensors="z t",
    equations="t = (exp(z) - exp(-z))/(exp(z) + exp(-z))",
    claims="dz = dt*(1 - t**2)",
    source=f"{CHAPTER_3}, eq. 110",
)
SIGMOID_OF_TANH = layer(
    "the sigmoid as a rescaled tanh",
    tensors="z s",
    equations="s = (1 + tanh(z/2))/2",
    claims="dz = ds*s*(1 - s)",
    source=f"{CHAPTER_3}, eq. 111",
)
TANH_OF_SIGMOID = layer(
    "tanh(z), from s = sigmoid(2*z)",
    tensors="s t",
    equations="t = (s/(1 - s) - 1)/(s/(1 - s) + 1)",
    claims="ds = 2*dt",
    source=f"{CHAPTER_3}, eq. 111",
)
TANH = (
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

LINEAR_LAST = layer(
    "a last layer of linear neurons, one example",
    tensors="a_prev[K] w[J, K] b[J] z[J] a[J]",
    equations="z[j] = sum[k](w[j, k]*a_prev[k]) + b[j]\na[j] = z[j]",
    claims="dz[j] = da[j]",
    source=f"{CHAPTER_2}, exercise: backpropagation with linear neurons",
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
    source=f"{CHAPTER_2}, exercise: backpropagation with linear neurons",
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
    source=f"{CHAPTER_2}, exercise: backpropagation with linear neurons",
)
_SLOPE_IS_1 = "sigma(z) = z has the slope 1: no sigma_prime is left"
LINEAR_NEURONS = (
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
                (_NOT_TRANSPOSED, "sum[k](w_next[j, k]*dz_next[k])"),
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


def _modified(function: str, slope: str) -> Layer:
    return layer(
        f"one neuron with f(z) = {function}",
        tensors="x w b z a",
        equations=f"z = w*x + b\na = {function}",
        claims=f"dw = da*{slope}*x",
        source=f"{CHAPTER_2}, exercise: backpropagation with a single modified neuron",
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
    source=f"{CHAPTER_2}, exercise: backpropagation with a single modified neuron",
)
MODIFIED_HIDDEN = layer(
    "a layer with one modified neuron, before another",
    tensors="z[J] a[J] w_next[I, J] b_next[I] z_next[I] m in 0..J-1",
    equations="""
        a[j] = where(j == m, tanh(z[j]), sigma(z[j]))
        z_next[i] = sum[j](w_next[i, j]*a[j]) + b_next[i]
    """,
    claims="dz[j] = sum[i](w_next[i, j]*dz_next[i])*where(j == m, 1 - a[j]**2, sigma_prime(z[j]))",
    source=f"{CHAPTER_2}, exercise: backpropagation with a single modified neuron",
)
_NOT_MODIFIED = "neuron m has tanh, and its slope is 1 - a[m]**2"
_ALL_MODIFIED = "only neuron m has tanh; the slope of the others is sigma_prime(z)"
MODIFIED_NEURON = (
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
    source=f"{CHAPTER_2}, eq. 26, and the problem on the fully matrix-based approach over a mini-batch",
)
_NO_MEAN = "1/N is missing: the cost is a mean over the batch"
_BOTH_SUMS = "a product of two sums is no sum of products: error and input belong to the same example"
MINI_BATCH = (
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

EXERCISES: Mapping[str, tuple[tuple[Exercise, ...], ...]] = {
    "nielsen.sigmoid_prime": SIGMOID_PRIME,
    "nielsen.bp1": BP1,
    "nielsen.bp2": BP2,
    "nielsen.bp3": BP3,
    "nielsen.bp4": BP4,
    "nielsen.alternate": ALTERNATE,
    "nielsen.cross_entropy": CROSS_ENTROPY,
    "nielsen.softmax": SOFTMAX,
    "nielsen.log_likelihood": LOG_LIKELIHOOD,
    "nielsen.tanh": TANH,
    "nielsen.linear_neurons": LINEAR_NEURONS,
    "nielsen.modified_neuron": MODIFIED_NEURON,
    "nielsen.mini_batch": MINI_BATCH,
}


def nielsen_problem(skill: str, rng: np.random.Generator, difficulty: int) -> Problem:
    """One of the exercises of a skill, `nielsen_problem("nielsen.bp2", rng, 1)`, of difficulty 1, 2 or 3.

    A skill with fewer difficulties gives its hardest. Raises KeyError for an unknown skill.
    """
    levels = EXERCISES[skill]
    level = levels[min(difficulty, len(levels)) - 1]
    return level[int(rng.integers(len(level)))].problem(skill)


def _skill(name: str, title: str, *prerequisites: str) -> Skill:
    return name, title, prerequisites, partial(nielsen_problem, name)


SKILLS: tuple[Skill, ...] = (
    _skill("nielsen.sigmoid_prime", "The slope of the sigmoid: sigma' = sigma*(1 - sigma)"),
    _skill("nielsen.bp1", "BP1: the error of the last layer", "nielsen.sigmoid_prime"),
    _skill("nielsen.bp2", "BP2: the error of a layer, from that of the next", "nielsen.bp1"),
    _skill("nielsen.bp3", "BP3: the gradient of the biases", "nielsen.bp1"),
    _skill("nielsen.bp4", "BP4: the gradient of the weights", "nielsen.bp2", "nielsen.bp3"),
    _skill("nielsen.alternate", "The equations with diagonal matrices", "nielsen.bp2"),
    _skill("nielsen.cross_entropy", "The cross-entropy: delta = a - y", "nielsen.bp1"),
    _skill("nielsen.softmax", "The derivative of the softmax", "nielsen.bp2"),
    _skill(
        "nielsen.log_likelihood", "Softmax with the log-likelihood cost", "nielsen.softmax", "nielsen.cross_entropy"
    ),
    _skill("nielsen.tanh", "tanh as a rescaled sigmoid", "nielsen.sigmoid_prime"),
    _skill("nielsen.linear_neurons", "Backpropagation with linear neurons", "nielsen.bp4"),
    _skill("nielsen.modified_neuron", "Backpropagation with one modified neuron", "nielsen.bp2", "nielsen.tanh"),
    _skill("nielsen.mini_batch", "The matrix form over a mini-batch", "nielsen.bp4"),
)
