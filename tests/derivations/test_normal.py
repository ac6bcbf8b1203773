"""The normal form never proves what is not so, and proves most of what is."""

import itertools

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derivations import NotationError, read_equation, read_layer
from derivations.normal import TooHardError, vanishes
from derivations.ranges import Known
from tests.derivations.loops import Loops, exact, parsed
from tests.strategies import DECLARED, PALETTE, RATIONALS, equal_pairs, mistaken

LAYER = read_layer(f"{DECLARED}  lam >= 0  Y[N]\nY[n] = V[n]")
PLACES = (
    {"N": 1, "D": 1, "M": 1},
    {"N": 2, "D": 3, "M": 2},
    {"N": 3, "D": 2, "M": 1},
    {"N": 2, "D": 2, "M": 3},
)


def proved(left: str, right: str) -> bool:
    claim = read_equation(f"{left} = {right}", LAYER)
    try:
        return vanishes(claim.lhs - claim.rhs, Known.of(LAYER, claim.ranges))
    except TooHardError:
        return False


def is_read(left: str, right: str) -> bool:
    """Whether an equation is in the notation, with no free indices but n, d and m."""
    try:
        return {index.name for index in read_equation(f"{left} = {right}", LAYER).ranges} <= set("ndm")
    except NotationError:
        return False


def agree(left: str, right: str) -> bool:
    """Whether two expressions have the same values, entry by entry, at a few sizes."""
    trees = parsed(left), parsed(right)
    for sizes in PLACES:
        values = {name: exact(v) for name, v in LAYER.random_inputs(sizes, np.random.default_rng(5)).items()}
        loops = Loops(values, sizes)
        for place in itertools.product(*(range(sizes[size]) for size in "NDM")):
            one, other = (loops.value(tree, dict(zip("ndm", place, strict=True))) for tree in trees)
            if abs(one - other) > mpmath.mpf(10) ** -40 * (1 + abs(one)):
                return False
    return True


@pytest.mark.parametrize("palette", [PALETTE, RATIONALS], ids=["any", "rational"])
@given(data=st.data())
def test_nothing_is_proved_that_is_not_so(palette, data):
    pair = data.draw(equal_pairs(palette))
    right = data.draw(mistaken(data.draw(st.sampled_from(pair))))
    assume(is_read(pair[0], right))
    if proved(pair[0], right):
        assert agree(pair[0], right)


@given(equal_pairs(RATIONALS))
def test_what_is_written_in_two_ways_agrees(pair):
    assume(is_read(*pair))
    assert agree(*pair)


WRONG = [
    ("V[n]", "-V[n]"),
    ("V[n]", "2*V[n]"),
    ("sum[i](V[i])", "V[n]"),
    ("sum[i](V[i])", "mean[i](V[i])"),
    ("sum[i](V[i]**2)", "sum[i](V[i])**2"),
    ("sum[i](V[i]*V[i])", "sum[i](V[i])*sum[i](V[i])"),
    ("S[d, 0]", "S[0, d]"),
    ("sum[k](S[d, k])", "sum[k](S[k, d])"),
    ("sum[k](S[d, k]*S[k, d])", "sum[k](S[d, k]*S[d, k])"),
    ("V[n + 1]", "V[n]"),
    ("V[n - 1]", "V[n]"),
    ("sum[i](V[i]*V[i + 1])", "sum[i](V[i]**2)"),
    ("sum[i](V[i]*[i = n])", "sum[i](V[i])"),
    ("sum[i](V[i]*[i = n + 1])", "V[n]"),
    ("sum[i](V[i]*[i <= n])", "sum[i](V[i]*[i < n])"),
    ("N*V[n]", "D*V[n]"),
    ("sqrt(V[n]**2)", "V[n]"),
    ("abs(V[n])", "V[n]"),
    ("abs(-V[n])", "-abs(V[n])"),
    ("log(V[n]**2)", "log(V[n])"),
    ("log(V[n]**2)", "2*log(V[n])"),
    ("exp(2*V[n])", "exp(V[n])"),
    ("exp(V[n]**2)", "exp(V[n])**2*V[n]"),
    ("sigmoid(V[n])", "sigmoid(-V[n])"),
    ("tanh(V[n])", "sigmoid(2*V[n]) - 1"),
    ("cos(V[n])", "-cos(-V[n])"),
    ("sin(V[n])", "sin(-V[n])"),
    ("sqrt(1 + V[n]**2)", "1 + V[n]"),
    ("1/(V[n] + a)", "1/V[n] + 1/a"),
    ("(V[n] + a)**2", "V[n]**2 + a**2"),
    ("[V[n] > a]", "[V[n] >= a]"),
    ("[V[n] > a]", "[a > V[n]]"),
    ("maximum(V[n], a)", "minimum(V[n], a)"),
    ("max[i](V[i])", "max[i](-V[i])"),
    ("max[i](V[i])", "sum[i](V[i])"),
    ("X[n, T[n]]", "X[n, 0]"),
    ("X[n, T[n]]*[d = T[n]]", "X[n, d]"),
    ("sum[k](X[n, k]*[k = T[n]])", "X[n, d]"),
    ("V[n//2]", "V[n]"),
    ("V[n%2]", "V[n//2]"),
    ("1/lam", "lam"),
    ("sum[i](V[i]/(1 + V[i]**2))", "sum[i](V[i])/(1 + V[n]**2)"),
    ("sum[i](sum[k](X[i, k]*S[k, d]))", "sum[i](sum[k](X[i, k]*S[d, k]))"),
]


@pytest.mark.parametrize(("left", "right"), WRONG)
def test_slips_of_the_pen_are_not_proved(left, right):
    assert not proved(left, right)


RIGHT = [
    ("sum[i](V[i]*[i = n])", "V[n]"),
    ("sum[i](V[i]*[i = n - 1])", "V[n - 1]"),
    ("sum[k](X[n, k]*[k = T[n]])", "X[n, T[n]]"),
    ("X[n, T[n]]*[d = T[n]]", "X[n, d]*[d = T[n]]"),
    ("sum[i](V[i])*sum[k](S[d, k])", "sum[i, k](V[i]*S[d, k])"),
    ("sum[i](exp(V[i]))/sum[i](exp(V[i]))", "1"),
    ("sum[i](exp(V[i] - a))", "exp(-a)*sum[i](exp(V[i]))"),
    ("sum[i](V[i]*[i <= n])*a + sum[i](V[i]*[i > n])*a", "a*sum[i](V[i])"),
    ("tanh(V[n])**2", "1 - (1 - tanh(V[n])**2)"),
    ("sigmoid(V[n])*(1 - sigmoid(V[n]))", "sigmoid(V[n])*sigmoid(-V[n])"),
    ("exp(a*V[n])/(1 + exp(a*V[n]))", "sigmoid(a*V[n])"),
    ("1 - tanh(log(1 + exp(a)))", "2/(1 + (1 + exp(a))**2)"),
    ("log(exp(V[n])/sum[i](exp(V[i])))", "V[n] - log(sum[i](exp(V[i])))"),
    ("sqrt(lam)**2", "lam"),
    ("sum[i]((V[i] - mean[l](V[l]))**2)", "sum[i](V[i]**2) - N*mean[i](V[i])**2"),
    ("sum[i](V[i]*mean[l](V[l]))", "N*mean[i](V[i])**2"),
    ("1/(1 + V[n]**2) + 1/(2 + a**2)", "(3 + V[n]**2 + a**2)/((1 + V[n]**2)*(2 + a**2))"),
    ("maximum(0, V[n])", "V[n]*[V[n] > 0]"),
    ("abs(V[n])", "V[n]*sign(V[n])"),
    ("max[i](V[i])", "max[l](V[l])"),
    ("sum[i](max[k](X[i, k]))", "sum[l](max[d0](X[l, d0]))".replace("d0", "r")),
]


@pytest.mark.parametrize(("left", "right"), RIGHT)
def test_what_is_the_same_is_proved_for_all_sizes(left, right):
    assert proved(left, right)
    assert agree(left, right)


def test_most_of_what_is_written_in_two_ways_is_proved():
    """A share, not a promise: what is not proved is still certified at points."""
    found = []

    @settings(max_examples=200, derandomize=True, database=None)  # of the same ones each time: a few would tell chance
    @given(equal_pairs())
    def count(pair):
        assume(is_read(*pair))
        found.append(proved(*pair))

    count()
    assert sum(found) >= 0.8 * len(found)


def test_a_bound_index_that_looks_like_a_free_one_is_another():
    m, twin, size = (
        sp.Symbol("m", integer=True),
        sp.Dummy("m", integer=True),
        sp.Symbol("M", integer=True, positive=True),
    )
    W = sp.IndexedBase("W")
    inner = sp.Sum(W[twin, m], (twin, 0, size - 1))
    known = Known({m: (sp.S.Zero, size - 1)})
    assert vanishes(inner - inner.xreplace({twin: sp.Dummy("k", integer=True)}), known)
    assert not vanishes(inner - sp.Sum(W[twin, twin], (twin, 0, size - 1)), known)
