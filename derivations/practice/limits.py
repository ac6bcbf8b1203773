"""Problems on derivatives from the limit: the quotient of differences is worked out, or recognised.

All of them ask for the limit, as h goes to 0, of (F(x + a*h) - F(x - b*h))/h, which is the slope of what stands above
the bar, as a function of h, at h = 0: that is what is derived.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, log, sin
from derivations.practice.derivatives import needs_positive
from derivations.practice.drawing import between, nonzero, pick, polynomial
from derivations.practice.posing import X, derived, first_good, formula, layer_of_formulas, letter, number
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import rule_lines, slope
from derivations.practice.worked import Line, Slope, Worked, written
from derivations.practice.wrong_rules import mistaken

H = letter("h")


class Limit(sp.Function):
    """`lim[h -> 0](u)`, before it is taken."""

    nargs = 1
    is_real = True
    is_commutative = True


def taken(expression: sp.Expr) -> sp.Expr:
    """An expression with its limits taken, of what has a value at h = 0."""
    return expression.replace(Limit, lambda u: u.xreplace({H: sp.S.Zero}))


def shown(expression: sp.Expr) -> sp.Expr:
    """An expression with its limits as they are printed."""
    return expression.replace(Limit, lambda u: letter(f"lim[h -> 0]({written(u)})"))


def limits(rng: np.random.Generator, difficulty: int) -> Problem:
    """The limit at a number; with f(x + h) given, as a formula in x; one to be recognised as a derivative."""
    draw = (_at_a_number, _with_the_step_given, _to_be_recognised)[difficulty - 1]
    return first_good(lambda: draw(rng))


def limit(u: sp.Expr, ahead: sp.Expr, behind: sp.Expr) -> sp.Expr:
    """The limit of (u(x + ahead*h) - u(x - behind*h))/h as h goes to 0, as a formula in x."""
    above = u.xreplace({X: X + ahead * H}) - u.xreplace({X: X - behind * H})
    layer = layer_of_formulas({"rise": above}, [X, H], needs_positive(u))
    return derived(layer, H, "rise").xreplace({H: sp.S.Zero})


def _at_a_number(rng: np.random.Generator) -> Problem | None:
    u, place = polynomial(rng, X, (1, 2, 3), 2) + pick(rng, (0, 1)) * nonzero(rng, 5), nonzero(rng, 4)
    truth = limit(u, sp.S.One, sp.S.Zero).xreplace({X: place})
    if truth == 0 or sp.degree(u, X) < 2:
        return None
    prompt = f"f(x) = {written(u)}. What is the limit of (f({_plus(place)}) - f({place}))/h as h goes to 0?"
    return _as_number(prompt, u, place, truth, sp.S.One)


def _with_the_step_given(rng: np.random.Generator) -> Problem | None:
    u = pick(
        rng,
        (
            polynomial(rng, X, (1, 2, 3), 2),
            nonzero(rng, 5) * X**2 + nonzero(rng, 9),
            nonzero(rng, 5) / X + nonzero(rng, 5) * X,
            nonzero(rng, 5) / X**2,
            nonzero(rng, 5) * sp.sqrt(X) + nonzero(rng, 5) * X**2,
            nonzero(rng, 5) * X**4,
        ),
    )
    truth = limit(u, sp.S.One, sp.S.Zero)
    if not truth.has(X):
        return None
    positive = needs_positive(u)
    prompt = (
        f"f(x) = {written(u)}{', for x > 0' if positive else ''}, so that f(x + h) = {_stepped(u)}. "
        "What is the limit of (f(x + h) - f(x))/h as h goes to 0, as a formula in x?"
    )
    return formula(
        prompt,
        layer_of_formulas({"f": u}, [X], positive),
        ("dx", truth),
        _wrong_limits(u, sp.S.One),
        Worked(partial(_lines, u, sp.S.One, None), taken, shown),
    )


def _to_be_recognised(rng: np.random.Generator) -> Problem | None:
    ahead, behind = pick(rng, ((1, 0), (1, 0), (2, 0), (3, 0), (1, 1), (-1, 0), (2, 1)))
    place = between(rng, 1, 4)
    u = pick(
        rng,
        (
            X ** between(rng, 3, 6),
            log(X),
            between(rng, 2, 5) * log(X),
            1 / X ** between(rng, 1, 3),
            polynomial(rng, X, (1, 2, 3), 2),
            between(rng, 2, 6) / (X + between(rng, 1, 4)),
            exp(between(rng, 2, 6) * (X - place)),
            sin(between(rng, 2, 6) * (X - place)),
            nonzero(rng, 4) * X + cos(X - place),
        ),
    )
    times = sp.Integer(ahead + behind)
    truth = limit(u, sp.Integer(ahead), sp.Integer(behind)).xreplace({X: place})
    if truth == 0 or not truth.is_Rational:
        return None
    front = u.xreplace({X: place + sp.Integer(ahead) * H})
    back = u.xreplace({X: place - sp.Integer(behind) * H})
    prompt = f"What is the limit of (f({_plus(place, ahead)}) - f({_plus(place, -behind)}))/h as h goes to 0, "
    prompt += f"for f(x) = {written(u)}?"
    if rng.integers(2):
        prompt = f"What is the limit of ({written(front)} - {_bracketed(back)})/h as h goes to 0?"
    return _as_number(prompt, u, place, truth, times)


def _as_number(prompt: str, u: sp.Expr, place: sp.Expr, truth: sp.Expr, times: sp.Expr) -> Problem:
    def value(line: sp.Expr) -> sp.Expr:
        return taken(line).xreplace({X: place})

    mistakes = ((said, form.xreplace({X: place})) for said, form in _wrong_limits(u, times))
    rational = ((said, wrong) for said, wrong in mistakes if wrong.is_Rational)
    layer = layer_of_formulas({"f": u}, [X], needs_positive(u))
    return number(prompt, "the limit", truth, rational, layer, Worked(partial(_lines, u, times, place), value, shown))


def _lines(u: sp.Expr, times: sp.Expr, place: sp.Expr | None) -> Iterator[Line]:
    """The limit is a derivative; then the rules; then the number is put in."""
    where = "" if place is None else f", at x = {place}"
    often = "" if times == 1 else f", {times} times, for the two places are {times}*h apart"
    if u.is_rational_function(X):
        quotient = sp.cancel((u.xreplace({X: X + H}) - u) / H)
        says = "divide the rise from x to x + h by h, then let h go to 0"
        yield Line("definition of the derivative", f"{says}{often}", times * Limit(quotient))
    yield Line("recognise a derivative", f"this limit is the slope of f{where}{often}", times * Slope(u, X))
    for line in rule_lines(u, X):
        yield Line(line.rule, line.because, times * line.expression)
    if place is not None:
        yield Line("put the number in", f"x = {place}", (times * line.expression).xreplace({X: place}))


def _wrong_limits(u: sp.Expr, times: sp.Expr) -> Iterator[Mistake]:
    if times != 1:
        yield f"the two places are {times}*h apart, so the limit is {times} times the slope", slope(u, X)
    yield "the limit is not 0: as h goes to 0, what stands below the bar does so as well", sp.S.Zero
    yield "this is the value of f, and the limit is its slope", u
    for said, form in mistaken(u, X):
        yield said, times * form


def _plus(place: sp.Expr, steps: int = 1) -> str:
    return written(place + steps * H) if steps != 1 else f"{place} + h"


def _stepped(u: sp.Expr) -> str:
    return written(u.xreplace({X: X + H}))


def _bracketed(back: sp.Expr) -> str:
    return written(back) if back.is_Rational and back >= 0 else f"({written(back)})"
