"""Problems on Jacobians in index notation: J[i, k] = dy[i]/dx[k] for a vector y that a vector x gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import sympy as sp

from derivations.backward import derive
from derivations.calculus import canonical, contract_next, derivative, tidy
from derivations.expressions import cos, exp, log, sigmoid, sin, tanh, tensor_entry, with_fresh_bounds, with_own_bounds
from derivations.layer import Claim, Layer
from derivations.practice.drawing import Function, between, nonzero, pick
from derivations.practice.indexed import I, J, K, in_letters, layer_of, matrix, ranges_of, total, vector
from derivations.practice.posing import first_good, told_apart
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import slope
from derivations.practice.worked import Line, Worked
from derivations.proof import inline
from derivations.ranges import Known

STAND_IN = sp.Dummy("z", real=True)
DELTA = sp.KroneckerDelta(I, K)
FUNCTIONS: tuple[Function, ...] = (sin, cos, exp, tanh, sigmoid)


def index_jacobians(rng: np.random.Generator, difficulty: int) -> Problem:
    """Entry by entry; a matrix times x, or times a function of it; what all entries of x go into, such as a softmax."""
    draw = (_entry_by_entry, _matrix_times, _all_in_all)[difficulty - 1]
    return first_good(lambda: draw(rng))


def jacobian_problem(right: sp.Expr, mistakes: Iterable[Mistake]) -> Problem | None:
    """The problem to say what J[i, k] = dy[i]/dx[k] is, for y[i] = right."""
    layer = layer_of(vector("y", I), right)
    truth = derived_jacobian(layer)
    if not truth.atoms(sp.Indexed):
        return None
    letters, ranges = (I, K), ranges_of((I, K))
    named = ((said, in_letters(with_fresh_bounds(form), letters, layer)) for said, form in mistakes)
    kept = told_apart(truth, named, layer, ranges, layer.equations)
    prompt = f"{layer.equations[0].text}. What is the Jacobian J[i, k] = dy[i]/dx[k]?"
    wanted = Claim(tensor_entry("J", letters), truth, ranges)
    worked = Worked(partial(_lines, layer))
    return Problem("", "", prompt, layer, wanted, layer.equations, "equation", kept, "", worked)


def derived_jacobian(layer: Layer) -> sp.Expr:
    """`dy[i]/dx[k]`: the cotangent of x[k] where that of y is 1 at i, and 0 elsewhere."""
    equation = derive(layer, wrt="x").cotangents["dx"]
    found = with_fresh_bounds(inline(equation.rhs, layer.equations)).xreplace({equation.indices[0]: K})
    above = {node: sp.KroneckerDelta(node.indices[0], I) for node in found.atoms(sp.Indexed) if node.base.name == "dy"}
    return in_letters(_contracted(found.xreplace(above), layer), (I, K), layer)


def _contracted(expression: sp.Expr, layer: Layer) -> sp.Expr:
    known = Known.of(layer, ranges_of((I, K)))
    expression = with_own_bounds(expression)
    while (contraction := contract_next(expression, known)) is not None:
        expression = with_own_bounds(contraction.result)
    return tidy(expression)


def _lines(layer: Layer) -> Iterator[Line]:
    known = Known.of(layer, ranges_of((I, K)))
    line = with_own_bounds(derivative(with_fresh_bounds(layer.equations[0].rhs), vector("x", K)))
    says = "the derivative of x[j] by x[k] is [j = k]: 1 where the indices are the same, and 0 elsewhere"
    yield Line("differentiate", says, in_letters(line, (I, K), layer))
    while (contraction := contract_next(line, known)) is not None:
        line = with_own_bounds(contraction.result)
        says = "a delta inside of a sum picks the one term where it is 1"
        yield Line("contract a delta", says, in_letters(line, (I, K), layer))
    short = tidy(line)
    if canonical(short) != canonical(line):
        yield Line("collect factors", "what all terms share goes in front", in_letters(short, (I, K), layer))


# ------------------------------------------------------------------------------------------ what is drawn


def _entry_by_entry(rng: np.random.Generator) -> Problem | None:
    x, a = vector("x", I), vector("a", I)
    function = pick(rng, FUNCTIONS)
    rate = between(rng, 2, 5)
    body = nonzero(rng, 5) * pick(
        rng,
        (
            x ** between(rng, 2, 5),
            function(x),
            a * function(x),
            a * x ** between(rng, 2, 4),
            function(rate * x),
            function(a * x),
        ),
    )
    steep = slope(body, x)

    def mistakes() -> Iterator[Mistake]:
        yield "the delta is missing: y[i] depends on x[i] alone, so J[i, k] is 0 where i and k differ", steep
        yield "y[i] is to be differentiated: this is the function itself, beside the delta", body * DELTA
        yield "nothing is summed here: J[i, k] has both letters, and a delta", total(steep.xreplace({I: J}), J) * DELTA
        yield "the delta is in its place, but the slope of the function is missing", DELTA

    return jacobian_problem(body, mistakes())


def _matrix_times(rng: np.random.Generator) -> Problem | None:
    number, p = nonzero(rng, 5), between(rng, 2, 4)
    inner = pick(rng, (lambda z: z, lambda z: z**p, *FUNCTIONS))
    entry = matrix("W", I, J)
    turned = bool(rng.integers(2))
    if turned:
        entry = matrix("W", J, I)
    beside = pick(
        rng, (sp.S.Zero, nonzero(rng, 4) * vector("x", I), vector("b", I), nonzero(rng, 4) * vector("x", I) ** 2)
    )
    steep = slope(inner(STAND_IN), STAND_IN)
    more = slope(beside, vector("x", I)) * DELTA if beside.has(vector("x", I)) else sp.S.Zero

    def meets(outer: sp.Expr, row: sp.Expr, column: sp.Expr, at: sp.Expr = K) -> sp.Expr:
        weight = matrix("W", column, row) if turned else matrix("W", row, column)
        return number * weight * outer.xreplace({STAND_IN: vector("x", at)})

    def mistakes() -> Iterator[Mistake]:
        yield (
            "transposed: the rows of J are the outputs y[i], its columns the inputs x[k]",
            meets(steep, K, I, I) + more,
        )
        says = "only the term j = k depends on x[k]: the sum over j goes when you differentiate"
        yield says, total(meets(steep, I, J, J), J) + more
        if steep != 1:
            yield "the slope of what W is multiplied by is missing", meets(sp.S.One, I, K) + more
            yield "the slope belongs at x[k], not at x[i]", meets(steep, I, K, I) + more
        yield "x[k] has been differentiated, and does not stay as it was", meets(inner(STAND_IN), I, K) + more
        if more != 0:
            yield "x[i] beside the sum depends on x[k] where i = k: its term is missing", meets(steep, I, K)
            yield (
                "a delta is missing: x[i] beside the sum depends on x[k] only where i = k",
                (meets(steep, I, K) + slope(beside, vector("x", I))),
            )
        yield "no delta belongs here: y[i] depends on every x[k]", meets(steep, I, K) * DELTA + more
        yield "the constant factor is lost", meets(steep, I, K) / number + more

    return jacobian_problem(total(number * entry * inner(vector("x", J)), J) + beside, mistakes())


def _all_in_all(rng: np.random.Generator) -> Problem | None:
    return pick(rng, (_quotient, _quotient, _product, _after_a_matrix))(rng)


def _quotient(rng: np.random.Generator) -> Problem | None:
    """Each entry over the sum of all, such as a softmax."""
    number, rate, p = between(rng, 1, 6), between(rng, 1, 4), between(rng, 2, 3)
    above: Function = pick(rng, (lambda z: exp(rate * z), lambda z: rate + z**p, lambda z: z + rate, exp))
    value, steep = above(STAND_IN), slope(above(STAND_IN), STAND_IN)

    def at(form: sp.Expr, letter: sp.Expr) -> sp.Expr:
        return number * form.xreplace({STAND_IN: vector("x", letter)})

    whole = total(at(value, J), J) / number

    def mistakes() -> Iterator[Mistake]:
        first = at(steep, I) * DELTA / whole
        second = at(value, I) * at(steep, K) / number / whole**2
        yield "the sum below the bar depends on x[k] as well: the quotient rule has a second term", first
        yield "what stands above the bar depends on x[k] where i = k: the term with the delta is missing", -second
        yield "the quotient rule subtracts its second term", first + second
        yield (
            "a delta is missing: what stands above the bar depends on x[k] only where i = k",
            at(steep, I) / whole - second,
        )
        yield (
            "the delta belongs to the first term alone: every x[k] is in the sum below the bar",
            first - second * DELTA,
        )
        yield "the second term is divided by the square of the sum", first - second * whole
        yield "the sign is turned: the term with the delta comes first, and the other is subtracted", second - first

    return jacobian_problem(at(value, I) / whole, mistakes())


def _product(rng: np.random.Generator) -> Problem | None:
    """Each entry times a sum over all."""
    number, p = nonzero(rng, 5), between(rng, 2, 4)
    summed: Function = pick(rng, (lambda z: z**p, exp, sin, cos))
    weight = pick(rng, (sp.S.One, vector("a", J)))
    value, steep = summed(STAND_IN), slope(summed(STAND_IN), STAND_IN)

    def at(form: sp.Expr, letter: sp.Expr) -> sp.Expr:
        return (weight * form.xreplace({STAND_IN: vector("x", J)})).xreplace({J: letter})

    whole, x = total(at(value, J), J), vector("x", I)

    def mistakes() -> Iterator[Mistake]:
        first, second = number * DELTA * whole, number * x * at(steep, K)
        yield "the sum depends on x[k] as well: the product rule has a second term", first
        yield "x[i] depends on x[k] where i = k: the term with the delta is missing", second
        yield "a delta is missing: x[i] depends on x[k] only where i = k", number * whole + second
        yield "the derivative of a product is no product of derivatives", number * DELTA * at(steep, K)
        says = "only the term j = k of the sum depends on x[k]: in the second term no sum is left"
        yield says, first + number * x * total(at(steep, J), J)
        yield "the second term holds x[i] as it is, not x[k]", first + number * vector("x", K) * at(steep, K)

    return jacobian_problem(number * x * whole, mistakes())


def _after_a_matrix(rng: np.random.Generator) -> Problem | None:
    """A function of W x, entry by entry."""
    number = nonzero(rng, 5)
    outer: Function = pick(rng, (*FUNCTIONS, lambda z: z**2, lambda z: z**3, lambda z: log(1 + z**2)))
    value, steep = outer(STAND_IN), slope(outer(STAND_IN), STAND_IN)

    def at(form: sp.Expr, row: sp.Expr) -> sp.Expr:
        return number * form.xreplace({STAND_IN: total(matrix("W", row, J) * vector("x", J), J)})

    def mistakes() -> Iterator[Mistake]:
        yield "the inner derivative is missing: that of the sum by x[k] is W[i, k]", at(steep, I)
        yield "the slope of the function is missing: it stands in front, taken at the sum", number * matrix("W", I, K)
        yield "transposed: y[i] depends on the row i of W, so W[i, k] stands here", at(steep, I) * matrix("W", K, I)
        yield "the slope is taken at the sum that y[i] has, not at that of y[k]", at(steep, K) * matrix("W", I, K)
        yield (
            "the function is to be differentiated: its slope stands in front, not itself",
            at(value, I) * matrix("W", I, K),
        )
        yield "only the term j = k depends on x[k]: no sum over W is left", at(steep, I) * total(matrix("W", I, J), J)

    return jacobian_problem(at(value, I), mistakes())
