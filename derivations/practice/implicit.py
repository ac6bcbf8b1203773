"""Problems on curves: dy/dx where an equation in x and y gives y, and the slope of an inverse function."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, log, sin
from derivations.practice.derivatives import domain
from derivations.practice.drawing import between, nonzero, pick, pick_several
from derivations.practice.posing import X, Y, derived, first_good, formula, layer_of_formulas, letter, number
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import rule_lines, slope
from derivations.practice.worked import Line, Slope, Worked, written
from derivations.practice.wrong_rules import mistaken

RATE = letter("(dy/dx)")  # in the lines of a derivation


def implicit(rng: np.random.Generator, difficulty: int) -> Problem:
    """The slope of a curve F(x, y) = c, as a formula in x and y, which dF/dx and dF/dy give."""
    return first_good(lambda: _of_a_curve(_curve(rng, difficulty), between(rng, 1, 30)))


def _of_a_curve(curve: sp.Expr, level: sp.Expr) -> Problem | None:
    layer = layer_of_formulas({"F": curve}, [X, Y])
    along, across = derived(layer, X, "F"), derived(layer, Y, "F")
    if along == 0 or across == 0:
        return None
    truth = -along / across
    prompt = (
        f"A curve is given by {written(curve)} = {level}. What is dy/dx, as a formula in x and y, as differentiating "
        "both sides gives it?"
    )
    worked = Worked(partial(_lines, curve), lambda line: line.xreplace({RATE: truth}))
    return formula(prompt, layer, ("slope", truth), _wrong_slopes(curve, along, across), worked, "dy/dx")


def _curve(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A power of x and one of y; with a product of both; with a function of one or of both."""
    along, across = nonzero(rng, 5) * X ** between(rng, 1, 4), nonzero(rng, 5) * Y ** between(rng, 2, 4)
    mixed = nonzero(rng, 4) * pick(rng, (X * Y, X**2 * Y, X * Y**2))
    if difficulty == 1:
        return along + across
    if difficulty == 2:
        return along + across + mixed
    one = pick(rng, (sin, cos, exp))
    return pick(
        rng, (along + mixed + one(Y), along + across + one(X * Y), along + X * one(Y) + Y**2, across + mixed + one(X))
    )


def _lines(curve: sp.Expr) -> Iterator[Line]:
    """Both sides are differentiated, y being a function of x; what holds dy/dx goes to one side."""
    says = "differentiate both sides; y depends on x, so every derivative of y brings a factor dy/dx"
    along, across = slope(curve, X), slope(curve, Y)
    yield Line("implicit differentiation", says, Slope(curve, X) + RATE * Slope(curve, Y), sp.S.Zero)
    for line in rule_lines(curve, X):
        yield Line(line.rule, line.because, line.expression + RATE * Slope(curve, Y), sp.S.Zero)
    for line in rule_lines(curve, Y):
        yield Line(line.rule, line.because, along + RATE * line.expression, sp.S.Zero)
    yield Line("solve for dy/dx", "what has no dy/dx goes to the other side, with its sign turned", -along / across)


def _wrong_slopes(curve: sp.Expr, along: sp.Expr, across: sp.Expr) -> Iterator[Mistake]:
    yield "what goes to the other side changes its sign: dy/dx = -(dF/dx)/(dF/dy)", along / across
    yield "the fraction is upside down: dy/dx = -(dF/dx)/(dF/dy)", -across / along
    yield "y depends on x: every derivative of y brings a factor dy/dx, and y is no constant", along
    yield "what goes to the other side divides: dy/dx is -(dF/dx)/(dF/dy), no sum", -along - across
    mixed = [term for term in sp.Add.make_args(curve) if term.has(X) and term.has(Y)]
    for term in mixed:
        lost = across - slope(term, Y)
        if lost != 0:
            yield "a product of x and y has two terms: y as it is, and x times dy/dx, which is missing", -along / lost
        lost = along - slope(term, X)
        if lost != 0:
            yield "a product of x and y has two terms: x times dy/dx, and y as it is, which is missing", -lost / across
    for said, form in mistaken(curve, Y):
        if form != 0:
            yield f"for y: {said}", -along / form
    for said, form in mistaken(curve, X):
        if form != 0:
            yield f"for x: {said}", -form / across


# ------------------------------------------------------------------------------------------ inverse functions


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
        f"f(x) = {written(u)}{domain(u.has(log))} always rises, and f({place}) = {value}. What is the slope of its "
        f"inverse function at {value}, (f^-1)'({value})?"
    )
    worked = Worked(partial(_inverse_lines, u, place, value), lambda line: line.xreplace({X: place}))
    return number(prompt, f"(f^-1)'({value})", 1 / steep, _wrong_inverses(u, place, value), layer, worked)


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


def _inverse_lines(u: sp.Expr, place: sp.Expr, value: sp.Expr) -> Iterator[Line]:
    says = f"f^-1 undoes f, so their slopes multiply to 1: as f({place}) = {value}, this is 1/f'({place})"
    yield Line("inverse rule", says, 1 / Slope(u, X))
    for line in rule_lines(u, X):
        yield Line(line.rule, line.because, 1 / line.expression)
    yield Line("put the number in", f"x = {place}", 1 / slope(u, X).xreplace({X: place}))


def _wrong_inverses(u: sp.Expr, place: sp.Expr, value: sp.Expr) -> Iterator[Mistake]:
    def at(form: sp.Expr, where: sp.Expr) -> sp.Expr:
        return form.xreplace({X: where})

    steep = slope(u, X)
    found = [
        (f"the slope of f belongs at {place}, where f has the value {value}, not at {value}", 1 / at(steep, value)),
        ("this is the slope of f; that of its inverse is one over it", at(steep, place)),
        ("f^-1 is the inverse function, and no power: this is one over f", 1 / at(u, place) if value != 0 else sp.nan),
        (
            "f^-1 is the inverse function, and no power: this is the slope of 1/f",
            -at(steep, place) / value**2 if value != 0 else sp.nan,
        ),
        ("the sign is wrong: where f rises, so does its inverse", -1 / at(steep, place)),
    ]
    found += [(said, 1 / at(form, place)) for said, form in mistaken(u, X) if at(form, place) != 0]
    yield from ((said, wrong) for said, wrong in found if wrong.is_Rational)
