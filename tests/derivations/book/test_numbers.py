"""Numbers are written with the digits that they have, and compared digit by digit."""

from fractions import Fraction

import flint
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derivations.book.numbers import LatexNumbers, MathmlNumbers, agreement, coded, decimal
from derivations.expressions import sigmoid, tensor_entry
from derivations.layer import DerivationError

with flint.ctx.workprec(200):
    ROOT, TINY = flint.arb(2).sqrt(), flint.arb(-9).exp() / 10**9


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (Fraction(1, 2), "0.5"),
        (Fraction(-3), "-3"),
        (Fraction(0), "0"),
        (Fraction(1, 3), "0.333333333333333"),
        (Fraction(-2, 7), "-0.285714285714286"),
        (ROOT, "1.4142135623731"),
        (TINY, "1.2340980408668e-13"),
        (flint.arb(0, 1e-60), "0"),
    ],
)
def test_a_number_is_written_in_decimals(number, written):
    assert decimal(number) == written


def test_a_ball_of_which_no_digit_is_known_is_refused():
    with pytest.raises(DerivationError, match="too wide"):
        decimal(flint.arb(0, 1))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6))
def test_a_float_that_is_the_exact_number_agrees_exactly(value):
    assert agreement(Fraction(value), value) is None


@given(st.floats(min_value=1e-3, max_value=1e3), st.integers(min_value=2, max_value=12))
def test_an_error_in_a_digit_is_counted_from_there(value, digits):
    found = agreement(Fraction(value), value * (1 + 2 * 10.0**-digits))
    assert found == digits - 1


def test_what_is_no_number_agrees_in_no_digit():
    assert agreement(Fraction(1), float("nan")) == 0
    assert agreement(flint.arb(0, 1e-60), 1e-3) == 0


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_what_code_got_is_written_with_digits_enough_to_read_it_back(value):
    assert float(coded(value)) == pytest.approx(value, rel=1e-14)


VALUES = {"X": {(0,): Fraction(-1, 2), (1,): Fraction(1, 3)}, "N": 2}
EXPRESSION = tensor_entry("X", [sp.Integer(0)]) * tensor_entry("X", [sp.Integer(1)]) / sp.Symbol(
    "N", integer=True, positive=True
) + sigmoid(tensor_entry("X", [sp.Integer(0)]))


def test_numbers_stand_where_names_stood():
    written = LatexNumbers(VALUES).text(EXPRESSION)
    assert written == r"\frac{(-0.5) \cdot \allowbreak \tfrac{1}{3}}{2} + \sigma(-0.5)"


def test_factors_stand_in_the_order_of_their_names():
    a, b = (tensor_entry(name, [sp.Integer(0)]) for name in "ab")
    values = {"a": {(0,): Fraction(2)}, "b": {(0,): Fraction(3)}}
    assert LatexNumbers(values, ("b", "a")).text(a * b) == r"3 \cdot \allowbreak 2"
    assert LatexNumbers(values, ("a", "b")).text(a * b) == r"2 \cdot \allowbreak 3"


def test_a_printer_knows_whether_it_has_rounded():
    exact, rounded = MathmlNumbers(VALUES), MathmlNumbers({"X": {(0,): flint.arb(2).sqrt()}})
    assert "<mn>0.5</mn>" in exact.text(tensor_entry("X", [sp.Integer(0)]))
    assert "<mn>1.4142</mn>" in rounded.text(tensor_entry("X", [sp.Integer(0)]))
    assert (exact.rounded, rounded.rounded) == (False, True)
