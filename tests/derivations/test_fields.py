"""Balls hold the truth, as mpmath computes it; comparisons that they cannot decide are unsure; series are Taylor's."""

import operator
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from derivations import DerivationError
from derivations.fields import NO, UNSURE, YES, Balls, Rationals, Series, boxed, field_for

mpmath.mp.dps = 90
BITS = 200
FUNCTIONS = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "erf": mpmath.erf,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "abs": abs,
}
COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
numbers = st.integers(-400, 400).map(lambda k: k / 64)
ranges = st.tuples(numbers, st.integers(0, 64).map(lambda k: k / 64))


def holds(ball, true, thin=1e-50):
    """Whether a ball encloses mpmath's number, which is exact to 90 digits, and is thin."""
    with flint.ctx.workprec(400):
        near = flint.arb(mpmath.nstr(true, 80), 1e-75 * (1 + abs(float(true))))
        return ball.overlaps(near) and ball.rad() <= thin * (1 + abs(ball.mid()))


@pytest.mark.parametrize("name", FUNCTIONS)
@given(x=numbers)
def test_balls_and_series_hold_the_truth(name, x):
    if name == "log":
        x = abs(x) + 1 / 64
    true = mpmath.taylor(FUNCTIONS[name], mpmath.mpf(x), 1) if (name, x) != ("abs", 0) else (0, 0)
    balls, series = Balls(BITS), Series(BITS)
    with balls.context():
        assert holds(balls.function(name, balls.array(x))[()], FUNCTIONS[name](mpmath.mpf(x)))
    with series.context():
        found = series.function(name, series.along(x, 1.0))[()]
        assert all(holds(found[order], true[order], 1e-40) for order in range(2))


@given(numbers, st.fractions(-4, 4, max_denominator=4))
def test_powers_of_balls_and_series_hold_the_truth(x, exponent):
    x = abs(x) + 1 / 64
    power = mpmath.mpf(exponent.numerator) / exponent.denominator
    true = (mpmath.mpf(x) ** power, power * mpmath.mpf(x) ** (power - 1))
    balls, series = Balls(BITS), Series(BITS)
    with balls.context():
        assert holds(balls.power(balls.array(x), exponent)[()], true[0])
    with series.context():
        found = series.power(series.along(x, 1.0), exponent)[()]
        assert all(holds(found[order], true[order]) for order in range(2))


@pytest.mark.parametrize("exponent", [1, 2, 3, 7])
def test_a_power_of_a_ball_that_holds_zero_has_a_value(exponent):
    field = Balls(BITS)
    with field.context():
        nearly_zero = field.array(1.0) / 3 - field.constant(1, 3)
        power = field.power(nearly_zero, Fraction(exponent))[()]
    assert power.is_finite()
    assert power.contains(0)


@pytest.mark.parametrize("sign", COMPARISONS)
@given(left=ranges, right=ranges)
def test_a_comparison_of_balls_is_sure_only_if_all_their_numbers_agree(sign, left, right):
    reach = left[1] + right[1]
    assume(not reach or abs(left[0] - right[0]) != reach)  # flint rounds a radius up: balls that touch may overlap
    a, b = flint.arb(*left), flint.arb(*right)
    ends = [(x + i * r, y + j * s) for (x, r), (y, s) in [(left, right)] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    if reach and abs(left[0] - right[0]) < reach:
        ends.append((0, 0))  # balls that overlap have a number in common
    possible = {COMPARISONS[sign](*pair) for pair in ends}
    found = int(Balls(BITS).compare(sign, boxed(a), boxed(b)))
    assert found == (UNSURE if len(possible) == 2 else YES if possible == {True} else NO)


@pytest.mark.parametrize(("sign", "state"), [(">=", YES), ("<=", YES), ("==", YES), (">", NO), ("<", NO), ("!=", NO)])
def test_an_entry_beside_itself_is_no_tie_that_cannot_be_told(sign, state):
    root = flint.arb(2).sqrt()
    assert Balls(BITS).compare(sign, boxed(root), boxed(root)) == state
    assert Balls(BITS).compare(sign, boxed(root), boxed(flint.arb(2).sqrt())) == UNSURE


@given(st.fractions(-5, 5, max_denominator=9), st.fractions(-5, 5, max_denominator=9))
def test_rationals_are_exact(x, y):
    field = Rationals()
    assert field.finish(field.array(x) * field.array(y) + field.array(y))[()] == x * y + y
    assert field.finish(field.power(field.array(x), Fraction(3)))[()] == x**3


def test_what_is_unsure_is_both_in_balls_and_an_error_elsewhere():
    balls, state = Balls(BITS), np.array(UNSURE)
    both = balls.select(state, balls.array(1), balls.array(3))[()]
    assert all(both.contains(flint.arb(k)) for k in (1, 2, 3))
    with pytest.raises(DerivationError, match="too close to compare"):
        Series(BITS).select(state, boxed(1), boxed(3))


def test_what_leaves_the_rationals_is_named():
    field = Rationals()
    for wrong in (lambda: field.function("exp", field.array(1)), lambda: field.power(field.array(2), Fraction(1, 2))):
        with pytest.raises(DerivationError, match=r"not rational|leaves the rationals"):
            wrong()
    with pytest.raises(DerivationError, match="division by zero"):
        field.finish(field.power(field.array(0), Fraction(-1)))


@pytest.mark.parametrize("precision", [1, True, 2_000_000, "float32", 1.5])
def test_an_unknown_precision_is_named(precision):
    with pytest.raises(DerivationError, match="precision is a number of bits"):
        field_for(precision)
