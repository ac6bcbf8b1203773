"""Problems about formulas, made of a layer of scalars: the truth is derived, the mistakes are proved to be wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import flint
import numpy as np
import sympy as sp

from derivations.backward import derive
from derivations.evaluate import evaluate_equations
from derivations.expressions import tensor_entry
from derivations.fields import Balls
from derivations.layer import Claim, DerivationError, Equation, Layer, Range, Tensor
from derivations.practice.problem import Kind, Mistake, Problem
from derivations.practice.worked import Worked
from derivations.proof import inline
from derivations.question import BITS, same_ball
from derivations.sampling import points

MOST_MISTAKES = 5
FEWEST_MISTAKES = 2
MOST_DRAWS = 1000
PLACES = 3  # at which forms are compared
SEED = 2022  # any seed does; a fixed one makes the same problem of the same draw
NOT_REAL = (sp.I, sp.zoo, sp.nan, sp.oo, -sp.oo)


def letter(name: str) -> sp.Symbol:
    """A variable of a formula."""
    return tensor_entry(name, ())


X, Y, Z = letter("x"), letter("y"), letter("z")


def layer_of_formulas(
    formulas: Mapping[str, sp.Expr], variables: Sequence[sp.Symbol], positive: bool = False, name: str = "formula"
) -> Layer:
    """The layer whose inputs are the variables and whose outputs are the formulas."""
    tensors = (*(Tensor(x.name, positive=positive) for x in variables), *map(Tensor, formulas))
    equations = tuple(Equation(letter(output), formula) for output, formula in formulas.items())
    return Layer(name, "", tensors, (), equations, output_names=tuple(formulas))


def derived(layer: Layer, variable: sp.Symbol, output: str) -> sp.Expr:
    """The derivative of one output of a layer of scalars, written out in its inputs."""
    outside = {letter(f"d{name}"): sp.Integer(name == output) for name in layer.output_names}
    derivation = derive(layer, wrt=variable.name)
    found = derivation.cotangents[f"d{variable.name}"].rhs
    return inline(inline(found, tuple(derivation.intermediate_cotangents.values())).xreplace(outside), layer.equations)


def told_apart(
    truth: sp.Expr,
    mistakes: Iterable[Mistake],
    layer: Layer,
    ranges: Mapping[sp.Symbol, Range] | None = None,
    given: Sequence[Equation] = (),
    most: int = MOST_MISTAKES,
) -> tuple[Mistake, ...]:
    """The first mistakes that are proved to differ from the truth and from each other, by their values in balls."""
    kept: list[Mistake] = []
    seen = [_values(truth, layer, ranges or {}, given)]
    for said, form in mistakes:
        if form.has(*NOT_REAL) or form in {truth, *(other for _, other in kept)}:
            continue
        if not form.free_symbols and not _has_floats(form, layer):
            continue
        values = _values(form, layer, ranges or {}, given)
        if all(_are_apart(values, others) for others in seen):
            kept.append((said, form))
            seen.append(values)
        if len(kept) == most:
            break
    return tuple(kept)


def _values(
    form: sp.Expr,
    layer: Layer,
    ranges: Mapping[sp.Symbol, Range],
    given: Sequence[Equation],
    field: Any = Balls(BITS),  # noqa: B008 -- a value
) -> list[np.ndarray | None]:
    """The values of an expression at a few points, all letters of its ranges for axes; None where it has none."""
    sizes = tuple(high + 1 for _, high in ranges.values())
    equations = (*given, Equation(Tensor("form", sizes)[tuple(ranges)], form, ranges))
    found: list[np.ndarray | None] = []
    for point in itertools.islice(points(layer, SEED), 1, 1 + PLACES):  # the first has all sizes 1
        try:
            found.append(evaluate_equations(layer, equations, point.values, field)["form"])
        except (DerivationError, ValueError, OverflowError):
            found.append(None)
    return found


def _has_floats(form: sp.Expr, layer: Layer) -> bool:
    """Whether a constant has a value in float64, by which a mistake is recognized: 1 - tanh(exp(4)) is no divisor."""
    values = _values(form, layer, {}, (), "float64")
    return all(value is not None and bool(np.isfinite(value).all()) for value in values)


def _are_apart(one: list[np.ndarray | None], other: list[np.ndarray | None]) -> bool:
    """Whether at some point both have values, and these differ."""
    with flint.ctx.workprec(BITS):
        return any(
            same_ball(flint.arb(a), flint.arb(b)) is False
            for left, right in zip(one, other, strict=True)
            if left is not None and right is not None
            for a, b in zip(left.flat, right.flat, strict=True)
        )


def formula(
    prompt: str,
    layer: Layer,
    wanted: tuple[str, sp.Expr],
    mistakes: Iterable[Mistake],
    worked: Worked,
    asked: str = "",
    kind: Kind = "formula",
) -> Problem:
    """The problem to say what `wanted` (a name, and what it truly is) is, in the layer's variables."""
    name, truth = wanted
    kept = told_apart(truth, mistakes, layer, given=layer.equations)
    given = layer.equations if kind == "formula" else ()
    return Problem("", "", prompt, layer, Claim(letter(name), truth), given, kind, kept, asked, worked)


def number(
    prompt: str, asked: str, truth: sp.Expr, mistakes: Iterable[Mistake], layer: Layer, worked: Worked
) -> Problem:
    """The problem to say which number is asked for, about a layer of scalars."""
    return formula(prompt, layer, ("value", truth), mistakes, worked, asked, "number")


def first_good(draw: Callable[[], Problem | None]) -> Problem:
    """The first drawn problem with which something can go wrong in two ways at least; None is drawn again.

    Raises DerivationError where there is none among many.
    """
    for _ in range(MOST_DRAWS):
        problem = draw()
        if problem is not None and len(problem.mistakes) >= FEWEST_MISTAKES:
            return problem
    raise DerivationError(f"none of {MOST_DRAWS} problems that were drawn is worth asking")
