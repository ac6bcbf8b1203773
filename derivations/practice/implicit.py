"""Problems on implicit differentiation: dy/dx on a curve that an equation in x and y gives."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, sin
from derivations.practice.drawing import between, nonzero, pick
from derivations.practice.posing import X, Y, derived, first_good, formula, layer_of_formulas, letter
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
