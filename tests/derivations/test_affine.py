"""Index expressions in normal form: equal ones are the same, and solving and dividing them is exact."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derivations.affine import (
    TooHardError,
    add_affine,
    affine,
    divisions,
    multiply_affine,
    names_in,
    parted,
    solve_affine,
)
from derivations.expressions import exp, floordiv, modulo

i, j, k = (sp.Symbol(name, integer=True) for name in "ijk")
expressions = st.recursive(
    st.sampled_from((i, j, k)) | st.integers(-4, 4).map(sp.Integer),
    lambda inner: st.tuples(inner, inner, st.sampled_from("+*-")).map(
        lambda t: {"+": t[0] + t[1], "-": t[0] - t[1], "*": t[0] * t[1]}[t[2]]
    ),
    max_leaves=7,
)


def value(form, at):
    """What a normal form is where the letters have values."""
    total = 0
    for monomial, coefficient in form:
        for letter in monomial:
            coefficient *= at[letter]
        total += coefficient
    return total


@given(expressions, expressions, st.tuples(*[st.integers(-9, 9)] * 3))
def test_a_normal_form_has_the_value_of_what_it_is_of(left, right, numbers):
    at = dict(zip("ijk", numbers, strict=True))
    exact = [int(e.subs({sp.Symbol(n, integer=True): v for n, v in at.items()})) for e in (left, right)]
    one, other = affine(left), affine(right)
    assert [value(one, at), value(other, at)] == exact
    assert value(add_affine(one, other, scale=-2), at) == -2 * sum(exact)
    assert value(multiply_affine([one, other]), at) == exact[0] * exact[1]
    assert affine(sp.expand(left)) == one
    assert names_in(one) <= set("ijk")


@given(expressions, st.sampled_from((1, -1)))
def test_what_is_solved_for_makes_it_zero(rest, slope):
    rest = rest.subs(i, 0)
    solution = solve_affine(affine(sp.expand(slope * i + rest)), "i")
    assert solution == affine(sp.expand(-slope * rest))
    assert solve_affine(affine(2 * i + j), "i") is None
    assert solve_affine(affine(i * j + i), "i") is None


@given(expressions, st.integers(2, 4))
def test_parts_of_a_division_add_up(whole, number):
    quotient, rest = parted(affine(whole), affine(sp.Integer(number) * j))
    assert add_affine(multiply_affine([quotient, affine(number * j)]), rest) == affine(whole)


def test_divisions_are_found_however_deep():
    inner = floordiv(i + 1, k)
    assert divisions(affine(modulo(inner + j, 3))) == {
        (affine(i + 1), affine(k)),
        (affine(inner + j), affine(sp.Integer(3))),
    }


def test_what_is_no_index_is_too_hard():
    with pytest.raises(TooHardError, match="no index expression"):
        affine(exp(sp.Symbol("x", real=True)))
