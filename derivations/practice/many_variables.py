"""Problems on several variables: partial derivatives, and the chain rule along a curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, sin, tanh
from derivations.practice.drawing import between, nonzero, pick, pick_several
from derivations.practice.posing import X, Y, Z, derived, first_good, formula, layer_of_formulas, letter
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import rule_lines, slope
from derivations.practice.worked import Line, Slope, Worked, written
from derivations.practice.wrong_rules import mistaken

SMOOTH = (sin, cos, exp, tanh)
T = letter("t")


def partials(rng: np.random.Generator, difficulty: int) -> Problem:
    """One partial derivative of a function of two variables; of two with a composite; of three."""
    variables = (X, Y, Z) if difficulty == 3 else (X, Y)
    return first_good(lambda: _partial(in_several(rng, difficulty), pick(rng, variables), variables))


def _partial(u: sp.Expr, x: sp.Symbol, variables: Sequence[sp.Symbol]) -> Problem | None:
    layer = layer_of_formulas({"f": u}, variables)
    truth = derived(layer, x, "f")
    others = [y for y in variables if y != x and u.has(y)]
    if not others or not truth.free_symbols:
        return None
    names = ", ".join(y.name for y in variables)
    prompt = f"f({names}) = {written(u)}. What is the partial derivative df/d{x.name}?"
    worked = Worked(partial(rule_lines, u, x))
    return formula(prompt, layer, (f"d{x.name}", truth), wrong_partials(u, x, others), worked)


def in_several(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A polynomial in x and y; a composite of both; one of x, y and z."""

    def monomial(*letters: sp.Symbol) -> sp.Expr:
        return nonzero(rng, 5) * sp.Mul(*(v ** between(rng, 1, 3) for v in letters))

    one, other = pick_several(rng, SMOOTH, 2)
    if difficulty == 1:
        return monomial(X, Y) + pick(rng, (monomial(X), monomial(Y))) + pick(rng, (0, monomial(X, Y)))
    mixed = pick(rng, (X * Y, nonzero(rng, 3) * X + nonzero(rng, 3) * Y, X**2 * Y, X**2 + Y**2, X * Y**2))
    if difficulty == 2:
        return pick(
            rng,
            (
                nonzero(rng, 4) * one(mixed),
                monomial(X) * one(Y) + monomial(Y),
                monomial(pick(rng, (X, Y))) * one(mixed),
            ),
        )
    inner = pick(rng, (X * Y * Z, X * Y + Z**2, X + Y * Z, mixed + nonzero(rng, 4) * Z))
    return pick(
        rng,
        (
            monomial(pick(rng, (X, Y, Z))) * one(inner) + monomial(X, Y),
            nonzero(rng, 3) * one(inner) * pick(rng, (Z, X, Y**2)),
            monomial(X, Z) / (Y**2 + between(rng, 1, 5)) + one(X * Y),
            one(X * Y) * other(between(rng, 2, 4) * Z + X),
        ),
    )


def wrong_partials(u: sp.Expr, x: sp.Symbol, others: Sequence[sp.Symbol]) -> Iterator[Mistake]:
    """What comes out where others are not held fixed, or where a rule is got wrong."""
    for y in others:
        moved = slope(slope(u, x), y)
        yield f"{y.name} is held fixed: it is no variable here, and factors that hold it stay as they are", moved
        yield (
            f"{y.name} is held fixed: what comes from differentiating by {y.name} does not belong here",
            (slope(u, x) + slope(u, y)),
        )
        yield f"this is the derivative with respect to {y.name}", slope(u, y)
    lonely = sp.Add(*(term for term in sp.Add.make_args(u) if not term.has(x)))
    if lonely != 0:
        yield f"terms without {x.name} are constants here: their derivative is 0", slope(u, x) + lonely
    lost = slope(u, x, _held_factor_lost)
    if lost != slope(u, x):
        yield "a factor that is held fixed stays when you differentiate, and one is lost", lost
    yield from mistaken(u, x)


def _held_factor_lost(u: sp.Expr, x: sp.Expr, d) -> sp.Expr | None:
    if not isinstance(u, sp.Mul):
        return None
    held, rest = u.as_independent(x, as_Add=False)
    number = held.as_coeff_Mul()[0]
    return number * d(rest) if held != number else None


# ------------------------------------------------------------------------------------------ along a curve


def chain(rng: np.random.Generator, difficulty: int) -> Problem:
    """dz/dt where z depends on x and y, and these on t: every way from t to z brings one term."""
    easier = min(difficulty, 2)
    return first_good(lambda: _along(in_several(rng, easier), {v: _path(rng, difficulty) for v in (X, Y)}))


def _along(outer: sp.Expr, paths: Mapping[sp.Symbol, sp.Expr]) -> Problem | None:
    layer = layer_of_formulas({"z": outer.xreplace(paths)}, [T])
    truth = derived(layer, T, "z")
    if not truth.has(T) or not all(outer.has(v) for v in paths):
        return None
    ways = f"x = {written(paths[X])} and y = {written(paths[Y])}"
    prompt = f"z = {written(outer)} with {ways}. What is dz/dt, as a formula in t?"
    worked = Worked(partial(_ways, outer, paths), lambda line: line.xreplace(paths))
    return formula(prompt, layer, ("dt", truth), _wrong_ways(outer, paths), worked)


def _path(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    line, power = between(rng, 2, 4) * T + nonzero(rng, 3), T ** between(rng, 2, 3)
    return pick(
        rng, (line, power) if difficulty == 1 else (line, power, pick(rng, SMOOTH)(T), pick(rng, SMOOTH)(2 * T))
    )


def _ways(outer: sp.Expr, paths: Mapping[sp.Symbol, sp.Expr]) -> Iterator[Line]:
    says = "dz/dt = dz/dx*dx/dt + dz/dy*dy/dt: every way from t to z brings one term"
    x, y = paths[X], paths[Y]
    yield Line("chain rule", says, Slope(outer, X) * Slope(x, T) + Slope(outer, Y) * Slope(y, T))
    inner = slope(outer, X) * Slope(x, T) + slope(outer, Y) * Slope(y, T)
    yield Line("partial derivatives", "of z, the other variable held fixed", inner)
    whole = slope(outer, X) * slope(x, T) + slope(outer, Y) * slope(y, T)
    yield Line("differentiate", "x and y with respect to t", whole)
    yield Line("substitute", "x and y are written in t", whole.xreplace(paths))


def _wrong_ways(outer: sp.Expr, paths: Mapping[sp.Symbol, sp.Expr]) -> Iterator[Mistake]:
    z_x, z_y = (slope(outer, v).xreplace(paths) for v in (X, Y))
    x_t, y_t = (slope(paths[v], T) for v in (X, Y))
    yield "the way over y is missing: dz/dt = dz/dx*dx/dt + dz/dy*dy/dt", z_x * x_t
    yield "the way over x is missing: dz/dt = dz/dx*dx/dt + dz/dy*dy/dt", z_y * y_t
    yield "the inner derivatives dx/dt and dy/dt are missing: every way is a product of two slopes", z_x + z_y
    yield "the ways are added, not multiplied: dz/dt = dz/dx*dx/dt + dz/dy*dy/dt", z_x * x_t * z_y * y_t
    yield "the inner derivatives have changed places: dz/dx goes with dx/dt", z_x * y_t + z_y * x_t
