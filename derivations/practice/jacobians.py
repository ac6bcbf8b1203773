"""Problems on Jacobians of two functions of two variables: an entry, or the determinant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import sympy as sp

from derivations.layer import Layer
from derivations.practice.drawing import nonzero, pick, pick_several
from derivations.practice.many_variables import SMOOTH, wrong_partials
from derivations.practice.posing import X, Y, derived, first_good, formula, layer_of_formulas
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import rule_lines, slope
from derivations.practice.worked import Line, Slope, Worked, written


def jacobians(rng: np.random.Generator, difficulty: int) -> Problem:
    """An entry of the Jacobian of two polynomials; of two functions; the determinant of the whole."""

    def draw() -> Problem | None:
        outputs = {name: _output(rng, difficulty) for name in "uv"}
        layer = layer_of_formulas(outputs, [X, Y])
        if difficulty == 3:
            return _determinant(layer, outputs)
        return _entry(layer, outputs, pick(rng, tuple(outputs)), pick(rng, (X, Y)))

    return first_good(draw)


def _output(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    one = pick(rng, SMOOTH)
    if difficulty == 2:
        mixed = pick(rng, (X * Y, X**2 * Y, nonzero(rng, 3) * X + nonzero(rng, 3) * Y, X * Y**2))
        return nonzero(rng, 4) * pick(rng, (one(mixed), X * one(Y), Y * one(X), X * one(X * Y)))
    powers = pick_several(rng, ((1, 0), (0, 1), (2, 0), (0, 2), (1, 1), (2, 1), (1, 2)), 2)
    return sp.Add(*(nonzero(rng, 4) * X**a * Y**b for a, b in powers))


def _entry(layer: Layer, outputs: Mapping[str, sp.Expr], name: str, x: sp.Symbol) -> Problem | None:
    other, y = ("v" if name == "u" else "u"), (Y if x == X else X)
    u = outputs[name]
    truth = derived(layer, x, name)
    if not truth.free_symbols or not u.has(y):
        return None
    row, column = 1 + "uv".index(name), 1 + (X, Y).index(x)
    prompt = (
        f"u = {written(outputs['u'])} and v = {written(outputs['v'])}. The Jacobian of (u, v) with respect to (x, y) "
        f"has the outputs for its rows and the inputs for its columns. What is its entry J[{row}, {column}], rows and "
        "columns counted from 1?"
    )

    def mistakes() -> Iterator[Mistake]:
        if row != column:
            yield (
                f"transposed: rows are outputs and columns inputs, so this is d{name}/d{x.name}",
                slope(outputs[other], y),
            )
        else:
            yield f"the row is wrong: row {row} is that of {name}", slope(outputs[other], x)
        yield f"the column is wrong: column {column} is that of {x.name}", slope(u, y)
        yield from wrong_partials(u, x, [y])

    worked = Worked(partial(_entry_lines, u, x, f"d{name}/d{x.name}"))
    return formula(prompt, layer, ("entry", truth), mistakes(), worked, f"J[{row}, {column}]")


def _entry_lines(u: sp.Expr, x: sp.Symbol, what: str) -> Iterator[Line]:
    yield Line("entry of a Jacobian", f"rows are outputs, columns are inputs: this is {what}", Slope(u, x))
    yield from rule_lines(u, x)


def _determinant(layer: Layer, outputs: Mapping[str, sp.Expr]) -> Problem | None:
    (a, b), (c, d) = [[derived(layer, x, name) for x in (X, Y)] for name in outputs]
    truth = sp.expand(a * d - b * c)
    if not truth.free_symbols or a * d == 0 or b * c == 0:
        return None
    prompt = (
        f"u = {written(outputs['u'])} and v = {written(outputs['v'])}. What is the determinant of the Jacobian of "
        "(u, v) with respect to (x, y)?"
    )

    def mistakes() -> Iterator[Mistake]:
        yield "a determinant is a difference of two products, not their sum: a*d - b*c", a * d + b * c
        yield "the product of the other diagonal is missing: the determinant is a*d - b*c", a * d
        yield "the sign is turned: the determinant is a*d - b*c, and not b*c - a*d", b * c - a * d
        yield "the determinant multiplies along the diagonals, a*d - b*c, and not along the columns", a * c - b * d
        yield "the determinant multiplies along the diagonals, a*d - b*c, and not along the rows", a * b - c * d
        yield "this is the trace: the determinant is a*d - b*c", a + d

    def lines() -> Iterator[Line]:
        (u_x, u_y), (v_x, v_y) = [[Slope(u, x) for x in (X, Y)] for u in outputs.values()]
        yield Line("determinant", "du/dx*dv/dy - du/dy*dv/dx", u_x * v_y - u_y * v_x)
        yield Line("partial derivatives", "in each of them the other variable is held fixed", a * d - b * c)
        yield Line("multiply out", "and collect what is alike", truth)

    return formula(prompt, layer, ("determinant", truth), mistakes(), Worked(lines), "the determinant")
