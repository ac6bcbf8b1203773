"""Problems on derivatives: powers, products, quotients, exponentials, logarithms, trigonometric functions, twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, log, sin, walk
from derivations.practice.drawing import (
    SMOOTH,
    TRIGONOMETRIC,
    above_zero,
    between,
    linear,
    nonzero,
    pick,
    pick_several,
    polynomial,
)
from derivations.practice.posing import X, derived, first_good, formula, layer_of_formulas, letter
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import rule_lines, slope
from derivations.practice.worked import Line, Worked, written
from derivations.practice.wrong_rules import WRONG_RULES, mistaken

FIRST = letter("f'(x)")  # in the lines that lead to the second derivative
Draw = Callable[[np.random.Generator, int], sp.Expr]


def differentiate(draw: Draw, rng: np.random.Generator, difficulty: int) -> Problem:
    """The problem to differentiate a function of x that is drawn."""
    return first_good(lambda: _once(draw(rng, difficulty)))


def _once(u: sp.Expr) -> Problem | None:
    positive = needs_positive(u)
    layer = layer_of_formulas({"f": u}, [X], positive)
    truth = derived(layer, X, "f")
    if not truth.has(X):
        return None
    prompt = f"Differentiate f(x) = {written(u)}{domain(positive)}. What is df/dx?"
    return formula(prompt, layer, ("dx", truth), mistaken(u, X), Worked(partial(rule_lines, u, X)))


def needs_positive(u: sp.Expr) -> bool:
    """Whether a formula is asked of positive numbers only: it has a logarithm, a root or a negative power of x."""
    return any(
        (isinstance(n, log) and n.args[0].has(X)) or (isinstance(n, sp.Pow) and n.base.has(X) and not _is_whole(n.exp))
        for n in walk(u)
    )


def _is_whole(exponent: sp.Expr) -> bool:
    return bool(exponent.is_Integer)


def domain(positive: bool) -> str:
    """What a prompt says of x."""
    return ", for x > 0" if positive else ""


# ------------------------------------------------------------------------------------------ what is drawn


def power(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A power of x; a sum of powers; one with a negative or a broken exponent."""
    if difficulty == 1:
        return nonzero(rng, 9) * X ** between(rng, 2, 9) + nonzero(rng, 9) * pick(rng, (0, 1))
    if difficulty == 2:
        return polynomial(rng, X, (0, 1, 2, 3, 4, 5), 3)
    odd = pick(rng, (sp.Rational(1, 2), sp.Rational(3, 2), -1, -2, -3, sp.Rational(-1, 2)))
    return polynomial(rng, X, (0, 1, 2, 3), 2) + nonzero(rng, 6) * X**odd


def product(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A power times a function; with a sum as one factor; three factors."""
    function = pick(rng, SMOOTH)
    if difficulty == 1:
        return nonzero(rng, 5) * X ** between(rng, 2, 6) * function(X)
    if difficulty == 2:
        return polynomial(rng, X, (0, 1, 2, 3), 2) * function(X)
    one, other = pick_several(rng, SMOOTH, 2)
    return nonzero(rng, 4) * X ** between(rng, 1, 4) * one(X) * other(between(rng, 1, 4) * X)


def quotient(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A fraction of linear functions or powers; of a function; of a product."""
    if difficulty == 1:
        return linear(rng, X) / (X ** between(rng, 1, 3) + nonzero(rng, 6))
    if difficulty == 2:
        return pick(rng, SMOOTH)(X) / pick(rng, (above_zero(rng, X), linear(rng, X) + 1, X ** between(rng, 2, 5)))
    return nonzero(rng, 3) * X ** between(rng, 1, 3) * pick(rng, SMOOTH)(X) / above_zero(rng, X)


def exponential(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """a**x or exp(a*x); with a polynomial added or as a factor; in a fraction, or a harder exponent."""
    base, rate = between(rng, 2, 9), nonzero(rng, 5)
    if difficulty == 1:
        return nonzero(rng, 9) * pick(rng, (base**X, exp(rate * X + between(rng, -2, 2)))) + between(rng, 0, 5)
    if difficulty == 2:
        return polynomial(rng, X, (1, 2, 3), 1) * pick(rng, (base**X, exp(rate * X)))
    inner = pick(rng, (X**2, X**3)) * pick(rng, (1, -1)) + linear(rng, X)
    return polynomial(rng, X, (0, 1, 2), 2) * pick(rng, (base**inner, exp(inner)))


def logarithm(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A multiple of log(x); times a power, or of a linear function; a power of it, or in a fraction."""
    if difficulty == 1:
        return nonzero(rng, 9) * log(X) + nonzero(rng, 5) * X ** between(rng, 1, 5)
    if difficulty == 2:
        return (
            nonzero(rng, 5) * X ** between(rng, 1, 5) * log(pick(rng, (X, between(rng, 2, 5) * X + between(rng, 1, 5))))
        )
    return pick(
        rng,
        (
            nonzero(rng, 5) * log(X) ** between(rng, 2, 4) * X ** between(rng, 1, 3),
            nonzero(rng, 5) * log(between(rng, 2, 5) * X + 1) / X ** between(rng, 1, 4),
            X ** between(rng, 1, 4) * log(above_zero(rng, X)),
        ),
    )


def trigonometric(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """Sines and cosines: a sum of both; a product, with multiples of x; a power or a fraction of them."""
    one, other = (f for f in pick_several(rng, TRIGONOMETRIC, 2))
    if difficulty == 1:
        return nonzero(rng, 9) * one(X) + nonzero(rng, 9) * pick(rng, (other(X), X, X**2, X**3))
    if difficulty == 2:
        return nonzero(rng, 5) * pick(rng, (X, X**2, X**3, other(X))) * one(between(rng, 2, 5) * X)
    return pick(
        rng,
        (
            nonzero(rng, 5) * one(X) / (other(X) + between(rng, 2, 6)),
            nonzero(rng, 5) * one(X) ** between(rng, 2, 4) * other(between(rng, 2, 5) * X),
            X ** between(rng, 1, 4) * one(between(rng, 2, 5) * X) ** 2,
        ),
    )


powers = partial(differentiate, power)
products = partial(differentiate, product)
quotients = partial(differentiate, quotient)
exponentials = partial(differentiate, exponential)
logarithms = partial(differentiate, logarithm)
trigonometrics = partial(differentiate, trigonometric)


# ------------------------------------------------------------------------------------------ second derivatives


def second(rng: np.random.Generator, difficulty: int) -> Problem:
    """The problem to differentiate twice: a sum; a product; a composite."""
    return first_good(lambda: _twice(_for_twice(rng, difficulty)))


def _twice(u: sp.Expr) -> Problem | None:
    positive = needs_positive(u)
    layer = layer_of_formulas({"f": u}, [X], positive)
    once = derived(layer, X, "f")
    truth = derived(layer_of_formulas({"slope": once}, [X], positive), X, "slope")
    if not truth.has(X):
        return None
    prompt = f"f(x) = {written(u)}{domain(positive)}. What is the second derivative f''(x)?"
    worked = Worked(partial(_lines_twice, u), lambda line: line.xreplace({FIRST: once}))
    return formula(prompt, layer, ("second", truth), _wrong_twice(u, once), worked, "f''(x)")


def _for_twice(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    if difficulty == 1:
        return polynomial(rng, X, (2, 3, 4, 5), 2) + pick(rng, (0, 1, 2)) * pick(rng, (X, sin(X), cos(X), exp(X)))
    if difficulty == 2:
        function = pick(rng, (sin, cos, exp, log))
        return nonzero(rng, 4) * X ** between(rng, 1, 3) * function(X)
    inner = pick(rng, (X**2, X**3)) + pick(rng, (0, 1, -1)) * between(rng, 1, 4)
    scale = nonzero(rng, 3)
    return scale * pick(
        rng, (exp(inner), sin(inner), cos(inner), log(X**2 + between(rng, 1, 5)), exp(-inner), inner**4)
    )


def _wrong_twice(u: sp.Expr, once: sp.Expr) -> Iterator[Mistake]:
    yield "this is the first derivative: differentiate it once more", once
    for wrong in WRONG_RULES:
        twice = slope(slope(u, X, wrong.form), X, wrong.form)
        yield f"{wrong.says} (both times)", twice
    for said, form in mistaken(once, X):
        yield f"the first derivative is right, in the second step: {said}", form
    yield "the second derivative is the derivative of the derivative, not its square", once**2


def _lines_twice(u: sp.Expr) -> Iterable[Line]:
    for line in rule_lines(u, X):
        yield replace(line, left=FIRST)
    yield from rule_lines(slope(u, X), X)
