"""What is said to be never negative is never negative, at any sizes."""

import itertools

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derivations.expressions import floordiv, index, modulo
from derivations.layer import size_symbol
from derivations.ranges import Known

N, D = size_symbol("N"), size_symbol("D")
n, d = index("n"), index("d")
KNOWN = Known({n: (sp.S.Zero, N - 1), d: (sp.S.Zero, D - 1)})
ATOMS = (N, D, n, d, floordiv(n, 2), modulo(n, 3), n * D, N * D)


def values(expression: sp.Expr):
    """The expression wherever its indices may be, at small sizes."""
    for sizes in itertools.product(range(1, 5), repeat=2):
        for place in itertools.product(range(sizes[0]), range(sizes[1])):
            yield expression.subs(dict(zip((N, D, n, d), (*sizes, *place), strict=True)))


@given(st.lists(st.integers(-2, 2), min_size=len(ATOMS), max_size=len(ATOMS)), st.integers(-3, 3))
def test_nothing_negative_is_called_nonnegative(factors, constant):
    expression = constant + sp.Add(*(factor * atom for factor, atom in zip(factors, ATOMS, strict=True)))
    if KNOWN.nonnegative(expression):
        assert min(values(expression)) >= 0


@pytest.mark.parametrize(
    "expression",
    [n, N - 1, N - n - 1, n * D + d, N * D - n * D - d - 1, floordiv(n, 2), n - floordiv(n, 2), 2 - modulo(n, 3)],
    ids=str,
)
def test_what_indices_and_sizes_imply_is_found(expression):
    assert KNOWN.nonnegative(expression)


@pytest.mark.parametrize("expression", [n - 1, N - 2, N - D, -n, n - d, modulo(n, 3) - 1], ids=str)
def test_what_may_be_negative_is_left_open(expression):
    assert not KNOWN.nonnegative(expression)


CONDITIONS = (n > 0, n >= 2, n < N - 1, n <= 1, sp.And(n > 0, d < D - 1), sp.Not(n > 0), n < d, sp.Gt(N - 2, n))


@given(
    st.sampled_from(CONDITIONS),
    st.lists(st.integers(-2, 2), min_size=len(ATOMS), max_size=len(ATOMS)),
    st.integers(-3, 3),
)
def test_nothing_is_called_nonnegative_that_is_negative_where_a_condition_holds(condition, factors, constant):
    expression = constant + sp.Add(*(factor * atom for factor, atom in zip(factors, ATOMS, strict=True)))
    if KNOWN.assuming(condition).nonnegative(expression):
        held = zip(values(expression), values(condition), strict=True)
        assert all(value >= 0 for value, holds in held if holds == sp.true)


@pytest.mark.parametrize(("condition", "expression"), [(n > 0, n - 1), (n < N - 1, N - 2 - n), (sp.Not(n > 0), -n)])
def test_a_condition_is_used(condition, expression):
    assert KNOWN.assuming(condition).nonnegative(expression)
    assert not KNOWN.nonnegative(expression)
