"""Every function of the index calculus maps an expression to an equal one, wherever both are evaluated."""

import itertools

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings

from derivations import DerivationError, calculus, read_layer, recognition
from derivations.evaluate import evaluate_equations
from derivations.expressions import with_fresh_bounds
from derivations.layer import Equation
from derivations.ranges import Known
from derivations.sampling import points
from tests.strategies import layers

REWRITINGS = {
    "canonical": lambda e, known: calculus.canonical(e),
    "pull_constants": lambda e, known: calculus.pull_constants(with_fresh_bounds(e)),
    "push_constants": lambda e, known: calculus.push_constants(with_fresh_bounds(e)),
    "use_deltas": lambda e, known: calculus.use_deltas(e),
    "discharge": lambda e, known: calculus.discharge(e, known),
    "collect": lambda e, known: calculus.collect(e),
    "distribute": lambda e, known: calculus.distribute(with_fresh_bounds(e)),
    "tidy": lambda e, known: calculus.tidy(with_fresh_bounds(e)),
    "cancelled": lambda e, known: calculus.cancelled(calculus.canonical(e)),
    "name_bounds": lambda e, known: calculus.name_bounds(with_fresh_bounds(e)),
}


def contracted(expression, known):
    """All deltas used, as a derivation does."""
    expression = with_fresh_bounds(expression)
    while (found := calculus.contract_next(expression, known)) is not None:
        expression = with_fresh_bounds(found.result)
    return expression


def assert_equal(layer, before: Equation, after: sp.Expr):
    others = [e for e in layer.equations if e.name != before.name]
    for point in itertools.islice(points(layer, 5), 4):
        rewritten = [*others, Equation(before.lhs, after, before.ranges)]
        left = evaluate_equations(layer, layer.equations, point.values, "float64")[before.name]
        right = evaluate_equations(layer, rewritten, point.values, "float64")[before.name]
        np.testing.assert_allclose(left, right, rtol=1e-8, atol=1e-8)


@given(layers())
def test_what_is_rewritten_is_equal(text):
    layer = read_layer(text)
    equation = layer.equations[-1]
    known = Known.of(layer, equation.ranges)
    for rewrite in (*REWRITINGS.values(), contracted):
        after = rewrite(equation.rhs, known)
        if after != equation.rhs:
            assert_equal(layer, equation, after)


@given(layers())
@settings(max_examples=15)
def test_a_tensor_put_in_and_recognised_again_is_equal(text):
    layer = read_layer(text)
    last = layer.equations[-1]
    known = Known.of(layer, last.ranges)
    for other in layer.equations[:-1]:
        written_out = calculus.substitute(last.rhs, other)
        assert_equal(layer, last, written_out)
        assert_equal(layer, last, recognition.recognise(written_out, other, known))
        assert_equal(layer, last, recognition.with_forward_value(written_out, other, known))


@pytest.mark.parametrize(
    ("equation", "form"),
    [
        ("Y[n] = sum[k](X[k]*[k = n])", "X[n]"),
        ("Y[n] = sum[k](X[k]*[k + 1 = n])", "X[n - 1]*[n - 1 >= 0]"),
        ("Y[n] = sum[k](X[k]*[2*k = n])", "X[n//2]*[n%2 = 0]"),
    ],
)
def test_a_delta_picks_one_term(equation, form):
    layer = read_layer(f"X[N] Y[N]\n{equation}")
    (line,) = layer.equations
    after = calculus.pull_constants(contracted(line.rhs, Known.of(layer, line.ranges)))
    assert Equation(line.lhs, after, line.ranges).text == f"Y[n] = {form}"


def test_equal_sums_are_the_same_object():
    one, other = (read_layer(f"X[N] Y\nY = sum[{k}](X[{k}]**2)").equations[0].rhs for k in "ij")
    assert calculus.canonical(one) == calculus.canonical(other)


def test_no_sum_takes_the_name_of_an_index_that_is_bound_around_it():
    outer, inner = sp.Symbol("_0_0", integer=True), sp.Symbol("_1_0", integer=True)
    N, x = sp.Symbol("N", integer=True, positive=True), sp.IndexedBase("x")
    whole = sp.Sum(x[outer] * sp.Sum(x[inner] * x[outer - inner], (inner, 0, N - 1)), (outer, 0, N - 1))
    written = calculus.canonical(whole)
    assert written.subs(N, 3).doit().expand() == whole.subs(N, 3).doit().expand()
    assert calculus.canonical(written) == written


def test_what_stands_before_a_sum_is_multiplied_into_it_under_its_own_names():
    i, j, N = sp.Symbol("_0_0", integer=True), sp.Symbol("j", integer=True), sp.Symbol("N", integer=True, positive=True)
    x = sp.IndexedBase("x")
    body = x[i] * sp.Sum(x[j] * x[i], (j, 0, N - 1)) * sp.Sum(x[j], (j, 0, N - 1))
    whole = sp.Sum(body, (i, 0, N - 1))
    pushed = calculus.canonical(calculus.push_constants(whole))
    assert pushed.subs(N, 2).doit().expand() == whole.subs(N, 2).doit().expand()


def test_a_summed_index_without_a_place_of_its_own_takes_a_letter_of_its_size():
    layer = read_layer("b[M] D1[N] Y[M]\nY[m] = sum[k](b[k//2]*b[k]*0 + b[m])")
    M, k, m = sp.Symbol("M", integer=True, positive=True), sp.Dummy("k", integer=True), sp.Symbol("m", integer=True)
    hidden = sp.Sum(sp.KroneckerDelta(m, 2 * k), (k, 0, M - 1))
    taken = frozenset({"m", "M1"})  # m1 would be an index of the size M1
    assert calculus.name_bounds(hidden, taken).limits[0][0].name == "m2"
    assert layer.by_name["b"].sizes == (M,)


@pytest.mark.parametrize("depth", [9, 20])
def test_what_would_take_forever_is_refused(depth):
    body = x = sp.Symbol("x", real=True)
    for k in range(depth):
        body = x * sp.Sum(body, (sp.Dummy(f"i{k}", integer=True), 0, sp.Symbol("N", integer=True, positive=True) - 1))
    with pytest.raises(DerivationError, match=f"nests sums and maxima {depth} deep"):
        calculus.derivative(body, x)
