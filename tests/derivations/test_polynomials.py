"""Polynomials of indices, against SymPy's own expansion."""

import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derivations.expressions import floordiv
from derivations.polynomials import divided, minus, plus, polynomial, slope_and_rest, times, with_values

N, M = sp.symbols("N M", integer=True, positive=True)
i = sp.Symbol("i", integer=True)
ATOMS = (N, M, i, floordiv(N, M))


def as_sympy(part):
    return sp.Add(*(coefficient * sp.Mul(*monomial) for monomial, coefficient in part.items()))


EXPRESSIONS = st.recursive(
    st.sampled_from(ATOMS) | st.integers(-3, 3).map(sp.Integer),
    lambda inner: (
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]) | st.tuples(inner, inner).map(lambda p: p[0] * p[1])
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_a_polynomial_is_the_expansion(expression):
    assert sp.expand(expression - as_sympy(polynomial(expression))) == 0
    assert 0 not in polynomial(expression).values()


@given(EXPRESSIONS, EXPRESSIONS)
def test_sums_and_products(left, right):
    a, b = polynomial(left), polynomial(right)
    assert plus(a, b) == polynomial(left + right)
    assert minus(a, b) == polynomial(left - right)
    assert times(a, b) == polynomial(left * right)


@given(EXPRESSIONS, EXPRESSIONS)
def test_values_are_put_in(expression, value):
    assert with_values(polynomial(expression), {i: polynomial(value)}) == polynomial(expression.xreplace({i: value}))


@given(EXPRESSIONS)
def test_slope_and_rest(expression):
    slope, rest = slope_and_rest(polynomial(expression), i)
    assert plus(times(slope, polynomial(i)), rest) == polynomial(expression)


@given(EXPRESSIONS)
def test_a_product_can_be_divided_again(expression):
    assert divided(polynomial(2 * N * M * expression), polynomial(2 * N * M)) == polynomial(expression)
    assert divided(polynomial(N + 1), polynomial(N)) is None
    assert divided(polynomial(N), polynomial(N + 1)) is None
