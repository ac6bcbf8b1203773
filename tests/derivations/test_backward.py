"""Random layers are derived, every step holds, and the derivative is that of loops over the text."""

import itertools
from dataclasses import replace
from functools import cache

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import example, given, settings

from derivations import DerivationError, NotationError, derive, read_equation, read_layer, sampling
from derivations.backward import AXIOMS, Derivation
from derivations.layer import Equation
from derivations.proof import prove
from derivations.sizes import concrete_sizes, concrete_value
from derivations.witness import enclosed
from tests.derivations.loops import Loops, equations_of, exact
from tests.strategies import CONVOLUTIONS, DECLARED, PALETTE, layers, recurrences

STEP = mpmath.mpf(10) ** -25


def points(derivation: Derivation, count: int):
    """Sizes, values of inputs and of cotangents from outside, and shapes, at a few places."""
    layer, rng = derivation.layer, np.random.default_rng(11)
    for point in itertools.islice(sampling.points(layer, 11), count):
        values = dict(point.values)
        known = concrete_sizes(layer, {**point.sizes, **sampling.whole(values)})
        shapes = {t.name: tuple(concrete_value(size, known) for size in t.sizes) for t in layer.tensors}
        for tensor in derivation.given:
            values[tensor.name] = np.round(rng.standard_normal(shapes[tensor.name[1:]]) * 64) / 64
        yield known, values, shapes, rng


def forward(text: str, values, sizes, shapes) -> dict:
    loops = Loops(values, sizes)
    for equation in equations_of(text):
        name = equation.partition("=")[0].partition("[")[0].strip()
        loops.values[name] = loops.tensor(equation, shapes[name])
    return loops.values


def assert_everything_holds(derivation: Derivation) -> None:
    assert [(s.target, s.rule, str(s.proof)) for s in derivation.steps if not s.proof.holds] == []
    assert derivation.witness.holds, derivation.witness


@pytest.mark.parametrize("choice", ["maximum", "minimum"])
def test_between_equal_things_there_is_nothing_to_choose(choice):
    layer = read_layer(f"X[N]  A[N]  Y[N]\nA[n] = tanh(X[n])\nY[n] = {choice}(A[n], A[n])")
    derivation = derive(layer)
    assert_everything_holds(derivation)
    assert derivation.cotangents["dX"].text == "dX[n] = dY[n]*(1 - A[n]**2)"


@given(layers())
@example(f"{DECLARED}  A[N]  Y[N]\nA[n] = tanh(X[n, T[n]] + 1)\nY[n] = maximum(A[n], A[n//2])")
@example(f"{DECLARED}  Y[N]\nY[n] = max[m](b[m] - b[m]) + X[n, T[n]]")
@settings(max_examples=8)
def test_every_step_of_a_random_layer_holds(text):
    assert_everything_holds(derive(read_layer(text)))


@given(recurrences())
@settings(max_examples=3)
def test_every_step_through_time_holds(text):
    assert_everything_holds(derive(read_layer(text)))


@pytest.mark.parametrize("text", CONVOLUTIONS)
def test_every_step_of_strided_and_padded_windows_holds(text):
    assert_everything_holds(derive(read_layer(text)))


@given(layers(PALETTE))
def test_derivatives_are_those_of_loops(text):
    derivation = derive(read_layer(text))
    for sizes, values, shapes, rng in points(derivation, 2):
        derived = derivation.evaluate(values, "float64")
        plain = {name: value if isinstance(value, int) else exact(value) for name, value in values.items()}
        for name in derivation.cotangents:
            tensor = name[1:]
            along = exact(np.round(rng.standard_normal(shapes[tensor]) * 64) / 64)
            ahead = forward(text, {**plain, tensor: plain[tensor] + STEP * along}, sizes, shapes)
            behind = forward(text, {**plain, tensor: plain[tensor] - STEP * along}, sizes, shapes)
            change = sum(
                np.sum((ahead[t.name] - behind[t.name]) * plain[f"d{t.name}"]) for t in derivation.layer.outputs
            )
            np.testing.assert_allclose(
                float(change / (2 * STEP)), np.sum(derived[name] * along.astype(float)), 1e-7, 1e-7
            )


@given(layers(PALETTE))
@example(f"{DECLARED}  Y[N, D]\nY[n, d] = sum[i](X[i, d] + X[n, d] + X[i//2, d])")
@example(f"{DECLARED}  Y[N, D]\nY[n, d] = [n <= 0]*([n > 0]*(V[n]))")
def test_what_is_printed_means_what_was_derived(text):
    derivation = derive(read_layer(text))
    equations = [*derivation.intermediate_cotangents.values(), *derivation.cotangents.values()]
    if any("argmax" in equation.text for equation in equations):
        return
    for sizes, values, shapes, _ in points(derivation, 1):
        derived = derivation.evaluate(values, "float64")
        loops = Loops({name: v if isinstance(v, int) else exact(v) for name, v in values.items()}, sizes)
        loops.values |= forward(text, loops.values, sizes, shapes)
        for equation in equations:
            loops.values[equation.name] = loops.tensor(equation.text, derived[equation.name].shape)
            np.testing.assert_allclose(loops.values[equation.name].astype(float), derived[equation.name], 1e-9, 1e-9)


@given(layers(PALETTE))
@example(f"{DECLARED}  Y[N]\nY[n] = a + X[n, T[n]] + sum[m](b[m] + b[m//2])")
@example(f"{DECLARED}  Y[N]\nY[n] = X[n + 1, T[n]]")
@example(f"{DECLARED}  Y[M, N]\nY[m, n] = [n == m]*([m == m]*V[n])")
@settings(max_examples=15)
def test_what_is_printed_can_be_read_again(text):
    derivation = derive(read_layer(text))
    for equation in (*derivation.intermediate_cotangents.values(), *derivation.cotangents.values()):
        try:
            claim = read_equation(equation.text, derivation.layer)
        except NotationError as error:
            if "runs over" not in error.message:  # [n = m] for different sizes leaves n where m stood
                raise
            continue
        assert prove(claim.lhs, claim.rhs, derivation.layer, claim.ranges, derivation.equations).holds, equation.text


# what must not hold

LAYER = read_layer(
    "X[N, D]  W[D, M]  Y[N, M]  L\nY[n, m] = tanh(sum[d](X[n, d]*W[d, m]))\nL = mean[n](sum[m](Y[n, m]**2))"
)


@cache
def sound() -> Derivation:
    return derive(LAYER)


SABOTAGES = {
    "a wrong sign": lambda rhs: -rhs,
    "a wrong factor": lambda rhs: 2 * rhs,
    "a dropped factor": lambda rhs: rhs.replace(lambda e: e.is_Mul, lambda e: sp.Mul(*e.args[1:])),
    "a missing sum": lambda rhs: rhs.replace(sp.Sum, lambda body, *limits: body.subs({i: 0 for i, _, _ in limits})),
    "a dropped term": lambda rhs: rhs.replace(lambda e: e.is_Add, lambda e: e.args[0]),
    "nothing": lambda rhs: sp.S.Zero,
}


@pytest.mark.parametrize("wrong", SABOTAGES.values(), ids=SABOTAGES)
@pytest.mark.parametrize("name", ["dX", "dW"])
def test_the_witness_refuses_a_sabotaged_derivation(name, wrong):
    right = sound().cotangents[name]
    broken = Equation(right.lhs, wrong(right.rhs), right.ranges)
    if broken.rhs == right.rhs:
        pytest.fail("nothing was sabotaged")
    assert not enclosed(replace(sound(), cotangents={**sound().cotangents, name: broken})).holds


@pytest.mark.parametrize("wrong", ["a wrong sign", "a wrong factor", "a missing sum", "nothing"])
def test_the_certificate_of_differentiation_refuses_a_wrong_derivative(wrong):
    for step in sound().steps:
        if step.rule == "differentiate":
            assert step.proof.holds
            assert not replace(step, after_expression=SABOTAGES[wrong](step.after_expression)).proof.holds


def test_the_certificate_of_differentiation_refuses_a_dropped_consumer_and_a_dropped_cotangent_from_outside():
    twice = read_layer("X[N] A[N] B[N] Y[N]\nA[n] = X[n]**2\nB[n] = sin(X[n])\nY[n] = A[n]*B[n]")
    (step,) = [s for s in derive(twice).steps if s.target == "X" and s.rule == "differentiate"]
    assert isinstance(step.after_expression, sp.Add)
    for term in step.after_expression.args:
        assert not replace(step, after_expression=term).proof.holds
    summed = read_layer("X[T] h[T]\nh[t] = tanh(h[t-1] + X[t])")
    (step,) = [s for s in derive(summed).steps if s.target == "h" and s.rule == "differentiate"]
    for term in step.after_expression.args:
        assert not replace(step, after_expression=term).proof.holds


def test_a_wrong_step_is_refuted():
    step = next(s for s in sound().steps if s.rule not in AXIOMS and s.rule != "differentiate")
    assert replace(step, after_expression=2 * step.after_expression).proof.verdict == "refuted"


def test_what_nothing_speaks_for_is_not_said_to_be_wrong():
    never = derive(read_layer("X[N] Y[N]\nY[n] = log(-X[n]**2)"))
    assert never.witness.verdict == "open"
    wrong = Equation(sound().cotangents["dX"].lhs, sp.S.Zero, sound().cotangents["dX"].ranges)
    assert enclosed(replace(sound(), cotangents={**sound().cotangents, "dX": wrong})).verdict == "refuted"


# where names, sizes and branches are out of the ordinary


@pytest.mark.parametrize(
    ("text", "cotangents"),
    [
        ("b Y\nY = sqrt(b**2)", ["db = dY*sign(b)"]),
        ("X[N] Y[N]\nY[n] = 3", ["dX[n] = 0"]),
        ("X[N] Y[N]\nY[n] = 2**X[n]", ["dX[n] = dY[n]*log(2)*2**X[n]"]),
        ("X[N] > 0 Y[N]\nY[n] = X[n]**X[n]", ["dX[n] = dY[n]*X[n]**X[n]*(1 + log(X[n]))"]),
        ("X[N] Y[N]\nY[n] = where(n != 0, X[n]/n, 2)", ["dX[n] = dY[n]*[n != 0]/n"]),
        ("left[N] right[N] Y[N]\nY[n] = left[n]*right[n]", ["dleft[n] = dY[n]*right[n]", "dright[n] = dY[n]*left[n]"]),
        ("k[N] j[N] Y\nY = sum[n](k[n]*sum[i](j[i]))", ["dk[n] = dY*sum[i](j[i])", "dj[i] = dY*sum[n](k[n])"]),
        ("k in -2..2\nX[N] Y[N]\nY[n] = X[n + k]", ["dX[n] = dY[n - k]*[0 <= n - k <= N - 1]"]),
        ("X[N, N] Y[N]\nY[n] = X[n, n]", ["dX[n, i] = dY[i]*[i = n]"]),
        ("X[N] Y[N]\nY[n] = where(X[n] > 0, X[n], X[n]/5)", ["dX[n] = dY[n]*where(X[n] > 0, 1, 1/5)"]),
        ("X[N] b Y[N]\nY[n] = maximum(b*X[n], X[n])", ["dX[n] = dY[n]*where(b*X[n] >= X[n], b, 1)"]),
        (
            "X[N] T[N] in 0..1 Y[N]\nY[n] = where(T[n] > 0, sum[i](X[i]), X[n])",
            ["dX[n] = dY[n]*[T[n] <= 0] + sum[k](dY[k]*[T[k] > 0])"],
        ),
        ("X[N] A[K] Y[N]\nY[n] = sum[k](A[k]*X[n]**k)", ["dX[n] = dY[n]*sum[k](k*A[k]*X[n]**(k - 1))"]),
        ("X[N] > 0\np > 0\nY[N]\nY[n] = X[n]**(1 - p)/(1 - p)", ["dX[n] = dY[n]*X[n]**(-p)"]),
        (
            "X[N] T[N] in 0..C - 1 L\nL = sum[n, m](where(T[n] == T[m], X[n]*X[m], 0))",
            ["dX[n] = 2*dL*sum[k](X[k]*[T[k] = T[n]])"],
        ),
        (
            "Z[N, C] t P[N, C]\nP[n, c] = exp(t*Z[n, c])/sum[k](exp(t*Z[n, k]))",
            ["dZ[n, c] = t*P[n, c]*(dP[n, c] - sum[k](dP[n, k]*P[n, k]))"],
        ),
    ],
)
def test_results_out_of_the_ordinary(text, cotangents):
    derivation = derive(read_layer(text))
    assert [equation.text for equation in derivation.cotangents.values()][: len(cotangents)] == cotangents
    assert_everything_holds(derivation)


AFFINE = "(sum[d](X[n, d]*W[d, c]) + b[c])"


@pytest.mark.parametrize(
    ("right", "slope"),
    [
        ("1/(1 + exp(-Z))", "A[n, c]*(1 - A[n, c])"),
        ("exp(Z)/(1 + exp(Z))", "A[n, c]*(1 - A[n, c])"),
        ("1 - 1/(1 + exp(Z))", "A[n, c]*(1 - A[n, c])"),
        ("2/(1 + exp(-2*Z)) - 1", "(1 - A[n, c]**2)"),
        ("(1 - exp(-2*Z))/(1 + exp(-2*Z))", "(1 - A[n, c]**2)"),
        ("(exp(Z) - exp(-Z))/(exp(Z) + exp(-Z))", "(1 - A[n, c]**2)"),
        ("3/(2 + exp(-Z))", "A[n, c]*(1 - 2*A[n, c]/3)"),
    ],
)
def test_the_slope_of_a_logistic_function_is_told_by_its_value_however_it_is_written(right, slope):
    derivation = derive(read_layer(f"X[N, D] W[D, C] b[C] A[N, C]\nA[n, c] = {right.replace('Z', AFFINE)}"))
    assert derivation.cotangents["db"].text.replace(" ", "") == f"db[c]=sum[n](dA[n,c]*{slope})".replace(" ", "")
    assert all(step.proof.for_all_sizes for step in derivation.steps if step.rule != "differentiate")
    assert_everything_holds(derivation)


def test_logistic_regression_of_one_example_is_what_books_say():
    derivation = derive(
        read_layer("x[D] w[D] b y a L\na = 1/(1 + exp(-(sum[d](w[d]*x[d]) + b)))\nL = -(y*log(a) + (1 - y)*log(1 - a))")
    )
    assert derivation.cotangents["dw"].text == "dw[d] = dL*x[d]*(a - y)"
    assert derivation.cotangents["db"].text == "db = dL*(a - y)"


@pytest.mark.parametrize(
    "right", ["log(1 + exp(X[n]))", "exp(X[n])/(Z[n] + exp(2*X[n]))", "X[n]/(1 + exp(-X[n]))", "tanh(exp(X[n]))"]
)
def test_a_function_that_its_value_does_not_tell_keeps_its_exponential(right):
    derivation = derive(read_layer(f"X[N] Z[N] > 0 A[N]\nA[n] = {right}"))
    assert "exp(" in derivation.cotangents["dX"].text
    assert_everything_holds(derivation)


def test_a_bracket_keeps_its_branch_from_dividing_by_zero():
    derivation = derive(
        read_layer("X[N] Y[N]\nY[n] = where(X[n] != 0, log(X[n]**2)/X[n], 1) + where(X[n] > 0, 1/X[n], 2)")
    )
    result = derivation.evaluate({"X": np.array([0.0, 2.0]), "dY": np.ones(2)}, "float64")
    np.testing.assert_allclose(result["dX"], [0, (2 - np.log(4)) / 4 - 1 / 4])


def test_what_cannot_be_derived_is_one_clear_line():
    labels = read_layer("X[N] T[N] in 0..3 Y[N]\nY[n] = X[n]*T[n]")
    for wrt, words in (("T", "integer tensor"), ("Z", "no input 'Z'; it has X")):
        with pytest.raises(DerivationError, match=words):
            derive(labels, wrt=wrt)
    with pytest.raises(DerivationError, match="did you mean softmax"):
        derive("softmx")
