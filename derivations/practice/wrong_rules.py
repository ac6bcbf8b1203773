"""The rules of differentiation as people get them wrong, each with the sentence that tells them.

A wrong rule stands in for the right one wherever it applies; everything around it is differentiated as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy as sp

from derivations.expressions import Elementary, cos, exp, log, sigmoid, sin, tanh
from derivations.practice.problem import Mistake
from derivations.practice.rules import (
    Differentiate,
    Form,
    base_and_exponent,
    both_moving,
    constant_and_rest,
    exponential,
    factors,
    fraction,
    outer_and_inner,
    slope,
    terms,
)


@dataclass(frozen=True)
class WrongRule:
    """A wrong rule, and what a learner who used it is to be told."""

    says: str
    form: Form


def mistaken(u: sp.Expr, x: sp.Expr) -> Iterator[Mistake]:
    """What comes out where one of the rules is got wrong, for every wrong rule that makes a difference."""
    right = slope(u, x)
    for wrong in WRONG_RULES:
        form = slope(u, x, wrong.form)
        if form != right:
            yield wrong.says, form


# ------------------------------------------------------------------------------------------ products and quotients


def _product_of_slopes(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := factors(u, x)) is None else d(found[0]) * d(found[1])


def _first_factor_only(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := factors(u, x)) is None else d(found[0]) * found[1]


def _difference(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := factors(u, x)) is None else d(found[0]) * found[1] - found[0] * d(found[1])


def _turned(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    if (found := fraction(u, x)) is None:
        return None
    above, below = found
    return (above * d(below) - d(above) * below) / below**2


def _added(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    if (found := fraction(u, x)) is None:
        return None
    above, below = found
    return (d(above) * below + above * d(below)) / below**2


def _quotient_of_slopes(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := fraction(u, x)) is None else d(found[0]) / d(found[1])


def _not_squared(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    if (found := fraction(u, x)) is None:
        return None
    above, below = found
    return (d(above) * below - above * d(below)) / below


# ------------------------------------------------------------------------------------------ powers and constants


def _exponent_not_lowered(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := base_and_exponent(u, x)) is None else found[1] * u * d(found[0])


def _exponent_not_in_front(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := base_and_exponent(u, x)) is None else found[0] ** (found[1] - 1) * d(found[0])


def _exponent_raised(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    found = base_and_exponent(u, x)
    if found is None or not found[1].is_negative:
        return None
    return found[1] * found[0] ** (found[1] + 1) * d(found[0])


def _constant_kept(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    parts = terms(u)
    if parts is None or all(part.has(x) for part in parts):
        return None
    return sp.Add(*(d(part) if part.has(x) else part for part in parts))


def _constant_factor_lost(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    found = constant_and_rest(u, x)
    if found is None or found[0] == -1:
        return None
    return d(found[1])


# ------------------------------------------------------------------------------------------ the chain rule


def _inner_slope_missing(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    if (power := exponential(u, x)) is not None:
        return log(power[0]) * u if power[1] != x else None
    found = outer_and_inner(u, x)
    return None if found is None or found[1] == x else found[0](found[1])


def _outer_at_inner_slope(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    found = outer_and_inner(u, x)
    return None if found is None or found[1] == x else found[0](d(found[1]))


def _outer_kept(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    found = outer_and_inner(u, x)
    return None if found is None or found[1] == x else u * d(found[1])


def _both_slopes_at_x(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    found = outer_and_inner(u, x)
    return None if found is None or found[1] == x else found[0](x) * d(found[1])


# ------------------------------------------------------------------------------------------ functions


def _as_a_power(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    if isinstance(u, exp) and u.args[0].has(x):
        return u.args[0] * exp(u.args[0] - 1) * d(u.args[0])
    return None if (found := exponential(u, x)) is None else found[1] * found[0] ** (found[1] - 1) * d(found[1])


def _logarithm_of_base_missing(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := exponential(u, x)) is None else u * d(found[1])


def _moving_base_as_constant(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := both_moving(u, x)) is None else log(found[0]) * u * d(found[1])


def _moving_exponent_as_constant(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := both_moving(u, x)) is None else found[1] * found[0] ** (found[1] - 1) * d(found[0])


def _of(function: type[Elementary], other: Callable[[sp.Expr], sp.Expr]) -> Form:
    """A wrong derivative of one function, with the right chain rule."""

    def form(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
        return other(u.args[0]) * d(u.args[0]) if isinstance(u, function) and u.args[0].has(x) else None

    return form


WRONG_RULES = (
    WrongRule("the derivative of a product is no product of derivatives: it is u'*v + u*v'", _product_of_slopes),
    WrongRule(
        "the derivative of a quotient is no quotient of derivatives: it is (u'*v - u*v')/v**2", _quotient_of_slopes
    ),
    WrongRule("the quotient rule has its sign turned: u'*v comes first, and u*v' is subtracted", _turned),
    WrongRule("the inner derivative is missing: f(u) has the derivative f'(u)*u'", _inner_slope_missing),
    WrongRule("a**u is no power of x: its derivative is log(a)*a**u*u', and that of exp(u) is exp(u)*u'", _as_a_power),
    WrongRule("a base that moves is no constant: write u**v as exp(v*log(u)) first", _moving_base_as_constant),
    WrongRule(
        "the power rule is for constant exponents: write u**v as exp(v*log(u)) first", _moving_exponent_as_constant
    ),
    WrongRule("log has the derivative 1/x, not 1/log(x)", _of(log, lambda z: 1 / log(z))),
    WrongRule("cos has the derivative -sin: the sign is lost", _of(cos, sin)),
    WrongRule("sin has the derivative cos, without a minus sign", _of(sin, lambda z: -cos(z))),
    WrongRule("tanh has the derivative 1 - tanh**2: the square is lost", _of(tanh, lambda z: 1 - tanh(z))),
    WrongRule(
        "sigmoid has the derivative sigmoid*(1 - sigmoid): one factor is lost", _of(sigmoid, lambda z: 1 - sigmoid(z))
    ),
    WrongRule(
        "the logarithm of the base is missing: a**u has the derivative log(a)*a**u*u'", _logarithm_of_base_missing
    ),
    WrongRule(
        "the power rule lowers the exponent by 1: u**n has the derivative n*u**(n - 1)*u'", _exponent_not_lowered
    ),
    WrongRule("a negative exponent is lowered by 1 as well: that of x**(-2) becomes -3, not -1", _exponent_raised),
    WrongRule(
        "the power rule brings the exponent in front: u**n has the derivative n*u**(n - 1)*u'", _exponent_not_in_front
    ),
    WrongRule("only one factor was differentiated: (u*v)' has two terms, u'*v and u*v'", _first_factor_only),
    WrongRule("the square under the quotient rule is missing: u'*v - u*v' is divided by v**2", _not_squared),
    WrongRule("the quotient rule subtracts u*v' and does not add it", _added),
    WrongRule("the two terms of the product rule are added, not subtracted", _difference),
    WrongRule("the outer slope belongs at the inner function u, not at its derivative", _outer_at_inner_slope),
    WrongRule("the outer slope belongs at the inner function u, not at x", _both_slopes_at_x),
    WrongRule("the outer function is to be differentiated as well: f(u) has the derivative f'(u)*u'", _outer_kept),
    WrongRule("a constant factor stays when you differentiate, and one is lost", _constant_factor_lost),
    WrongRule("a constant term has the derivative 0: it goes when you differentiate", _constant_kept),
)
