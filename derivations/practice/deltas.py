"""Problems on Kronecker deltas: [i = k] is 1 where i and k are the same and 0 elsewhere, so in a sum it picks terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import sympy as sp

from derivations.calculus import contract_next
from derivations.expressions import cos, exp, sin, walk, with_own_bounds
from derivations.practice.drawing import between, nonzero, pick
from derivations.practice.indexed import I, J, K, gradient_problem, matrix, total, vector
from derivations.practice.posing import X, first_good, layer_of_formulas, number
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import slope
from derivations.practice.worked import Line, Worked, same, written
from derivations.ranges import Known

SIZE = 3
ENTRIES = 4  # of a vector
LARGEST = 9


def deltas(rng: np.random.Generator, difficulty: int) -> Problem:
    """A sum over a vector of numbers; a double sum over a matrix of numbers; the derivative of one with letters."""
    draw = (_over_a_vector, _over_a_matrix, _with_letters)[difficulty - 1]
    return first_good(lambda: draw(rng))


def _over_a_vector(rng: np.random.Generator) -> Problem | None:
    x = [between(rng, 1, LARGEST) for _ in range(ENTRIES)]
    k = between(rng, 0, ENTRIES - 1)
    rest = pick(rng, (sp.S.One, nonzero(rng, 5), I + between(rng, 1, 3)))
    term = rest * vector("x", I) ** between(rng, 1, 2)
    values = {vector("x", sp.Integer(at)): value for at, value in enumerate(x)}
    shown = f"x = {x}, with indices from 0"
    return _with_numbers(term, sp.KroneckerDelta(I, k), [(I, sp.S.Zero, sp.Integer(ENTRIES - 1))], values, shown)


def _over_a_matrix(rng: np.random.Generator) -> Problem | None:
    rows = [[between(rng, 0, LARGEST) for _ in range(SIZE)] for _ in range(SIZE)]
    x = [between(rng, 1, LARGEST) for _ in range(SIZE)]
    k = between(rng, 0, SIZE - 1)
    a, x_i, x_j = matrix("A", I, J), vector("x", I), vector("x", J)
    delta = pick(rng, (sp.KroneckerDelta(I, J), sp.KroneckerDelta(J, k), sp.KroneckerDelta(I, k)))
    term = pick(rng, (sp.S.One, nonzero(rng, 3))) * pick(rng, (a, a * x_j, a * x_i, a * x_i * x_j, x_i * x_j))
    values = {matrix("A", sp.Integer(i), sp.Integer(j)): v for i, row in enumerate(rows) for j, v in enumerate(row)}
    values |= {vector("x", sp.Integer(at)): value for at, value in enumerate(x)}
    shown = [f"A = {rows}"] * term.has(a) + [f"x = {x}"] * (term.has(x_i) or term.has(x_j))
    high = sp.Integer(SIZE - 1)
    return _with_numbers(
        term, delta, [(J, sp.S.Zero, high), (I, sp.S.Zero, high)], values, f"{' and '.join(shown)}, with indices from 0"
    )


def _with_numbers(
    term: sp.Expr,
    delta: sp.Expr,
    limits: Sequence[tuple[sp.Symbol, sp.Expr, sp.Expr]],
    values: Mapping[sp.Expr, sp.Expr],
    shown: str,
) -> Problem | None:
    """The problem to say which number a sum with a delta is."""
    asked = sp.Sum(term * delta, *limits)
    truth = added_up(contracted(asked), values)
    prompt = f"{shown}. Which number is {written(asked)}?"

    def mistakes() -> Iterator[Mistake]:
        yield (
            "the delta is dropped: it picks the terms where it is 1, and all others are 0",
            added_up(sp.Sum(term, *limits), values),
        )
        letters = [limit for limit in limits if delta.has(limit[0])]
        fixed = {letters[0][0]: delta.args[0] if delta.args[1] == letters[0][0] else delta.args[1]}
        rest = [limit for limit in limits if limit[0] not in fixed]
        picked = term.xreplace(fixed)
        often = letters[0][2] + 1
        says = f"the delta uses up its sum: once {letters[0][0].name} is fixed, nothing is added up over it"
        yield says, often * added_up(sp.Sum(picked, *rest) if rest else picked, values)
        (where,) = fixed.values()
        if where.is_Integer:
            yield "indices count from 0, not from 1", _counted_from_one(term, fixed, rest, values)
            if rest:
                other = {rest[0][0]: where}
                swapped = sp.Sum(term.xreplace(other), letters[0])
                yield f"the delta fixes {letters[0][0].name}, and not {rest[0][0].name}", added_up(swapped, values)
                first = sp.Sum(picked, *rest)
                yield (
                    f"the sum over {rest[0][0].name} stays: the delta fixes only the letter that it holds",
                    added_up(first.function.xreplace({rest[0][0]: where}), values),
                )
        else:
            zero = {limit[0]: sp.S.Zero for limit in limits}
            yield "the sum over the one letter that is left is missing", added_up(term.xreplace(zero), values)
        yield (
            "a delta is 1 or 0, and takes no part in the product beside that",
            added_up(sp.Sum(picked + 1, *rest) if rest else picked + 1, values),
        )

    layer = layer_of_formulas({"s": X}, [X])
    worked = Worked(lambda: _lines(asked, values), lambda line: added_up(line, values), same)
    return number(prompt, "the number", truth, mistakes(), layer, worked)


def _counted_from_one(
    term: sp.Expr,
    fixed: Mapping[sp.Symbol, sp.Expr],
    rest: Sequence[tuple[sp.Symbol, sp.Expr, sp.Expr]],
    values: Mapping[sp.Expr, sp.Expr],
) -> sp.Expr:
    """What comes out where an index is read as the number of an entry, the first having the number 1."""
    before = term.xreplace({letter: place - 1 for letter, place in fixed.items()})
    if min(fixed.values()) == 0:
        return sp.nan
    return added_up(sp.Sum(before, *rest) if rest else before, values)


def contracted(expression: sp.Expr) -> sp.Expr:
    """An expression with its deltas contracted."""
    expression = with_own_bounds(expression)
    while (contraction := contract_next(expression, Known())) is not None:
        expression = with_own_bounds(contraction.result)
    return expression


def added_up(expression: sp.Expr, values: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """The number that an expression is, with a number for every entry."""
    if isinstance(expression, sp.Sum):
        *others, (letter, low, high) = expression.limits
        body = sp.Sum(expression.function, *others) if others else expression.function
        return sp.Add(
            *(added_up(put_in(body, letter, sp.Integer(at)), values) for at in range(int(low), int(high) + 1))
        )
    if isinstance(expression, sp.Indexed):
        return values.get(expression, sp.nan)
    return expression.func(*(added_up(part, values) for part in expression.args)) if expression.args else expression


def put_in(expression: sp.Expr, letter: sp.Symbol, value: sp.Expr) -> sp.Expr:
    """The expression with a number for a letter."""
    return expression.xreplace({letter: value})


def _lines(asked: sp.Expr, values: Mapping[sp.Expr, sp.Expr]) -> Iterator[Line]:
    says = "a delta inside of a sum picks the one term where it is 1"
    short = contracted(asked)
    yield Line("contract a delta", says, short)
    read = ", ".join(f"{written(node)} = {values[node]}" for node in walk(short) if node in values)
    yield Line("add up", read or "with the numbers put in", added_up(short, values))


# ------------------------------------------------------------------------------------------ with letters


def _with_letters(rng: np.random.Generator) -> Problem | None:
    x_i, x_j, a, w = vector("x", I), vector("x", J), vector("a", I), matrix("W", I, J)
    delta, scale = sp.KroneckerDelta(I, J), nonzero(rng, 5)
    function = pick(rng, (sin, cos, exp))
    term = scale * pick(
        rng,
        (
            a * x_j ** between(rng, 2, 4),
            w * x_i ** between(rng, 1, 3),
            w * x_i * x_j,
            x_i ** between(rng, 1, 3) * x_j ** between(rng, 1, 3) * a,
            a * function(x_j),
            w * function(x_i) * x_j,
            x_i * function(x_j),
        ),
    )

    def mistakes() -> Iterator[Mistake]:
        on_the_diagonal = term.xreplace({J: I})
        here = slope(on_the_diagonal, x_i)
        yield "only the term i = k depends on x[k]: once the delta is used, the sum over i goes as well", total(here, I)
        for moving, other, fixed in ((x_j, I, J), (x_i, J, I)):
            part = slope(term, moving)
            if part == 0:
                continue
            dropped = part.xreplace({fixed: K})
            if dropped.has(other):
                says = f"the delta is dropped: it leaves of the sum over {other.name} only the term {other.name} = k"
                yield says, total(dropped, other)
            if part.xreplace({I: K, J: K}) != here.xreplace({I: K}):
                says = f"x stands in two places, and each brings a term: that of x[{fixed.name}] is missing"
                yield says, part.xreplace({I: K, J: K})
        yield "this is the term i = j = k itself, not its derivative", on_the_diagonal.xreplace({I: K})
        yield "the constant factor is lost", here.xreplace({I: K}) / scale

    return gradient_problem(total(term * delta, I, J), vector("x", K), mistakes())
