"""Problems on inverse functions: g undoes f, so the slope of g at f(x) is one over that of f at x."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import sympy as sp

from derivations.expressions import exp, log, sin
from derivations.practice.derivatives import domain
from derivations.practice.drawing import between, nonzero, pick, pick_several
from derivations.practice.posing import X, derived, first_good, layer_of_formulas, number
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import rule_lines, slope
from derivations.practice.worked import Line, Slope, Worked, written
from derivations.practice.wrong_rules import mistaken


def inverse(rng: np.random.Generator, difficulty: int) -> Problem:
    """The slope of an inverse function at a value of f: one over the slope of f at the place that has this value."""
    return first_good(lambda: _of_an_inverse(_rising(rng, difficulty), between(rng, -2, 2)))


def _of_an_inverse(u: sp.Expr, place: sp.Expr) -> Problem | None:
    if u.has(exp, sin, log):  # where these have whole values
        place = sp.Integer(u.has(log))
    value = u.xreplace({X: place})
    layer = layer_of_formulas({"f": u}, [X], u.has(log))
    steep = derived(layer, X, "f").xreplace({X: place})
    if not (value.is_Rational and steep.is_Rational and steep > 0 and steep != 1 and value != place):
        return None
    prompt = (
        f"f(x) = {written(u)}{domain(u.has(log))} always rises, and f({place}) = {value}. g is its inverse function. "
        f"What is g'({value})?"
    )
    worked = Worked(partial(_lines, u, place, value), lambda line: line.xreplace({X: place}))
    return number(prompt, f"g'({value})", 1 / steep, _wrong_slopes(u, place, value), layer, worked)


def _rising(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A cubic that rises everywhere; higher powers; with an exponential, a sine or a logarithm."""
    line = between(rng, 1, 6) * X + nonzero(rng, 6)
    if difficulty == 1:
        return between(rng, 1, 4) * X**3 + line
    if difficulty == 2:
        one, other = pick_several(rng, (3, 5, 7), 2)
        return between(rng, 1, 3) * X**one + between(rng, 0, 3) * X**other + line
    rate = between(rng, 1, 5)
    return pick(
        rng,
        (
            between(rng, 1, 4) * exp(rate * X) + between(rng, 0, 1) * X**3 + line,
            sin(X) + (between(rng, 2, 6)) * X + nonzero(rng, 6),
            between(rng, 1, 6) * log(X) + between(rng, 1, 4) * X ** between(rng, 1, 3) + nonzero(rng, 6),
        ),
    )


def _lines(u: sp.Expr, place: sp.Expr, value: sp.Expr) -> Iterator[Line]:
    says = f"g undoes f, so their slopes multiply to 1: as f({place}) = {value}, this is 1/f'({place})"
    yield Line("inverse rule", says, 1 / Slope(u, X))
    for line in rule_lines(u, X):
        yield Line(line.rule, line.because, 1 / line.expression)
    yield Line("put the number in", f"x = {place}", 1 / slope(u, X).xreplace({X: place}))


def _wrong_slopes(u: sp.Expr, place: sp.Expr, value: sp.Expr) -> Iterator[Mistake]:
    steep = slope(u, X)
    here, there = steep.xreplace({X: place}), steep.xreplace({X: value})
    if there.is_Rational and there != 0:
        yield f"the slope of f belongs at {place}, where f has the value {value}, not at {value}", 1 / there
    yield "this is the slope of f; that of its inverse is one over it", here
    if value != 0:
        yield "an inverse function is no power: this is one over f", 1 / value
        yield "an inverse function is no power: this is the slope of 1/f", -here / value**2
    yield "the sign is wrong: where f rises, so does its inverse", -1 / here
    for said, form in mistaken(u, X):
        wrong = form.xreplace({X: place})
        if wrong.is_Rational and wrong != 0:
            yield said, 1 / wrong
