"""Problems on sums: the derivative of a number, made of all entries of a vector, by one of these entries."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, log, sigmoid, sin, tanh
from derivations.practice.drawing import Function, between, nonzero, pick
from derivations.practice.indexed import I, K, N, gradient_problem, total, vector
from derivations.practice.posing import first_good, letter
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import slope
from derivations.practice.wrong_rules import mistaken

PLACE = letter("s")


def sums(rng: np.random.Generator, difficulty: int) -> Problem:
    """A sum of powers or functions of x[i]; of composites, or a mean; a function of such a sum."""
    return first_good(lambda: _of_a_sum(_term(rng, difficulty), _outside(rng, difficulty)))


def _term(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """What is summed, in terms of x[i], a[i] and t[i]."""
    x, a, t = (vector(name, I) for name in "xat")
    function = pick(rng, (sin, cos, exp, tanh, sigmoid))
    if difficulty == 1:
        return nonzero(rng, 5) * pick(rng, (a, sp.S.One, a**2)) * pick(rng, (x ** between(rng, 2, 5), function(x)))
    rate = between(rng, 2, 4)
    if difficulty == 2:
        inner = pick(rng, (a * x, x - t, rate * x + a, x * a - t, x**2))
        return nonzero(rng, 4) * pick(rng, (inner ** between(rng, 2, 3), function(inner), a * function(inner)))
    return pick(
        rng,
        (a * x**2, exp(rate * x), a * x, (x - t) ** 2, rate * x**2, x ** between(rng, 2, 4), a * exp(x), rate * a * x),
    )


def _outside(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """What is done with the sum s."""
    if difficulty == 1:
        return PLACE
    if difficulty == 2:
        return pick(rng, (PLACE, PLACE, PLACE / N))
    outer: Function = pick(rng, (exp, sin, cos, tanh))
    return nonzero(rng, 3) * pick(
        rng,
        (PLACE**2, PLACE**3, outer(PLACE), log(1 + PLACE**2), outer(PLACE / N), sp.sqrt(between(rng, 1, 4) + PLACE**2)),
    )


def _of_a_sum(term: sp.Expr, outside: sp.Expr) -> Problem | None:
    whole = total(term, I)
    return gradient_problem(outside.xreplace({PLACE: whole}), vector("x", K), _mistakes(term, outside))


def _mistakes(term: sp.Expr, outside: sp.Expr) -> Iterator[Mistake]:
    x = vector("x", I)
    whole, inner = total(term, I), slope(term, x)
    outer = slope(outside, PLACE)

    def at(form: sp.Expr, place: sp.Expr = whole) -> sp.Expr:
        return form.xreplace({PLACE: place})

    def here(form: sp.Expr) -> sp.Expr:
        return form.xreplace({I: K})

    yield "only the term i = k depends on x[k]: the sum over i goes when you differentiate", at(outer) * total(inner, I)
    if outside.has(N):
        yield (
            "a mean divides by N, and its derivative does so as well: the factor 1/N is missing",
            (at(slope(outside.xreplace({N: sp.S.One}), PLACE)) * here(inner)),
        )
    if outer.has(PLACE):
        yield "the slope of the outer function is missing: it stands in front, taken at the whole sum", here(inner)
        yield "the outer slope belongs at the whole sum, not at the one term i = k", at(outer, here(term)) * here(inner)
        yield "the inner derivative is missing: that of the term i = k by x[k]", at(outer)
    for said, form in mistaken(term, x):
        yield said, at(outer) * here(form)
    yield "this is the term i = k itself, not its derivative", at(outer) * here(term)
