"""Problems on gradients in index notation: bilinear and quadratic forms, and functions of a matrix times a vector."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, log, sigmoid, sin, tanh
from derivations.practice.drawing import Function, between, nonzero, pick
from derivations.practice.indexed import I, J, K, M, gradient_problem, matrix, total, vector
from derivations.practice.posing import first_good
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import slope

STAND_IN = sp.Dummy("z", real=True)


def gradients(rng: np.random.Generator, difficulty: int) -> Problem:
    """A bilinear form; a quadratic one; a function of W x + b, or of the logarithm of a sum of exponentials."""
    draw = (_bilinear, _quadratic, _through_a_function)[difficulty - 1]
    return first_good(lambda: draw(rng))


def _bilinear(rng: np.random.Generator) -> Problem | None:
    number, p, q = nonzero(rng, 6), between(rng, 1, 3), between(rng, 1, 3)
    entry = pick(rng, (matrix("W", K, M), vector("a", K), vector("b", K)))

    def form(i: sp.Expr, j: sp.Expr) -> sp.Expr:
        return number * vector("a", i) ** p * matrix("W", i, j) * vector("b", j) ** q

    def mistakes() -> Iterator[Mistake]:
        one, other, weight = vector("a", I), vector("b", J), matrix("W", I, J)
        if entry.base.name == "W":
            here = slope(form(I, J), weight)
            kept = "only the term i = k, j = m holds W[k, m]: the sums go when you differentiate"
            yield kept, total(here, I, J)
            yield "transposed: k is the index of the rows of W, and m that of its columns", here.xreplace({I: M, J: K})
            yield "W[k, m] has the derivative 1, and does not stay", form(K, M)
            yield "only the term i = k, j = m holds W[k, m]: no sum over j is left", total(here.xreplace({I: K}), J)
            return
        moving, i, j = (one, I, J) if entry.base.name == "a" else (other, J, I)
        name = entry.base.name
        here = slope(form(I, J), moving).xreplace({i: K})
        left = "j" if name == "a" else "i"
        yield f"every term with {name}[k] counts: the sum over {left} is still there", here.xreplace({j: K})
        turned = here.xreplace(
            {matrix("W", *((K, J) if name == "a" else (I, K))): matrix("W", *((J, K) if name == "a" else (K, I)))}
        )
        yield f"transposed: {name}[k] meets W by its {'rows' if name == 'a' else 'columns'}", total(turned, j)
        gone = "i" if name == "a" else "j"
        says = f"only the terms with {gone} = k depend on {name}[k]: the sum over {gone} goes when you differentiate"
        yield says, total(slope(form(I, J), moving), I, J)
        yield f"{name}[k] is differentiated, and does not stay as it was", total(form(I, J).xreplace({i: K}), j)
        yield "the constant factor is lost", total(here / number, j)

    return gradient_problem(total(form(I, J), I, J), entry, mistakes())


def _quadratic(rng: np.random.Generator) -> Problem | None:
    number, other, p = nonzero(rng, 5), nonzero(rng, 5), between(rng, 1, 3)

    def rest(i: sp.Expr) -> sp.Expr:
        return other * vector("t", i) * vector("x", i) ** p

    beside = rest if rng.integers(2) else (lambda i: sp.S.Zero)
    form = total(number * vector("x", I) * matrix("W", I, J) * vector("x", J), I, J)
    if beside(I) != 0:
        form += total(beside(I), I)

    def mistakes() -> Iterator[Mistake]:
        rows = number * total(matrix("W", K, J) * vector("x", J), J)
        columns = number * total(matrix("W", J, K) * vector("x", J), J)
        more = slope(beside(K), vector("x", K))
        yield "x stands in two places, and each brings a term: that of x[j] is missing", rows + more
        yield "x stands in two places, and each brings a term: that of x[i] is missing", columns + more
        yield "W need not be symmetric: the two terms are those of W[k, j] and of W[j, k]", 2 * rows + more
        yield "W need not be symmetric: the two terms are those of W[j, k] and of W[k, j]", 2 * columns + more
        yield (
            "a sum over j is still there: every term with x[k] counts",
            2 * number * matrix("W", K, K) * vector("x", K) + more,
        )
        if more != 0:
            yield "the second sum holds x[k] as well: its term is missing", rows + columns
            yield (
                "only the term i = k of the second sum depends on x[k]: its sum goes",
                (rows + columns + total(slope(beside(I), vector("x", I)), I)),
            )

    return gradient_problem(form, vector("x", K), mistakes())


def _through_a_function(rng: np.random.Generator) -> Problem | None:
    if rng.integers(4) == 0:
        return _log_sum_exp(rng)
    number, p = nonzero(rng, 5), between(rng, 2, 4)
    function: Function = pick(rng, (lambda z: z**p, exp, sin, cos, tanh, sigmoid))
    shift = pick(rng, ("b", "t", ""))
    weight = pick(rng, ("a", ""))
    entry = pick(rng, (vector("x", K), matrix("W", K, M)) + ((vector("b", K),) if shift == "b" else ()))

    def inner(i: sp.Expr) -> sp.Expr:
        moved = vector(shift, i) * (-1 if shift == "t" else 1) if shift else sp.S.Zero
        return total(matrix("W", i, J) * vector("x", J), J) + moved

    def above(i: sp.Expr, outer: sp.Expr) -> sp.Expr:
        front = number * (vector("a", i) if weight else 1)
        return front * outer.xreplace({STAND_IN: inner(i)})

    outside, steep = function(STAND_IN), slope(function(STAND_IN), STAND_IN)
    meets = {
        "x": lambda outer: total(above(I, outer) * matrix("W", I, K), I),
        "W": lambda outer: above(K, outer) * vector("x", M),
        "b": lambda outer: above(K, outer),
    }[entry.base.name]

    def mistakes() -> Iterator[Mistake]:
        says = "the slope of the function is missing: it stands in front, taken at what is inside"
        yield says, meets(sp.S.One)
        yield "the function is to be differentiated as well: its slope stands in front, not itself", meets(outside)
        if entry.base.name == "x":
            yield (
                "transposed: x[k] meets the column k of W, so W[i, k] stands in the sum over i",
                (total(above(I, steep) * matrix("W", K, I), I)),
            )
            yield "every term i holds x[k]: the sum over i is still there", above(K, steep) * matrix("W", K, K)
            yield "the inner derivative is missing: that of the inner sum by x[k] is W[i, k]", total(above(I, steep), I)
        if entry.base.name == "W":
            yield "the inner derivative is missing: that of the inner sum by W[k, m] is x[m]", above(K, steep)
            yield "transposed: W[k, m] stands in the row k, and meets x[m]", above(M, steep) * vector("x", K)
            yield "only the term i = k holds W[k, m]: the sum over i goes", total(above(I, steep), I) * vector("x", M)
        if entry.base.name == "b":
            yield "only the term i = k holds b[k]: the sum over i goes", total(above(I, steep), I)
            yield "b stands alone: its inner derivative is 1", above(K, steep) * vector("b", K)

    return gradient_problem(total(above(I, outside), I), entry, mistakes())


def _log_sum_exp(rng: np.random.Generator) -> Problem | None:
    number, rate = between(rng, 1, 5), between(rng, 1, 5)
    x, t = (lambda i: vector("x", i)), (lambda i: vector("t", i))
    linear = rng.integers(2)
    all_of_them = total(exp(rate * x(I)), I)
    form = number * log(all_of_them)
    more = -t(K) if linear else sp.S.Zero
    if linear:
        form -= total(t(I) * x(I), I)

    def mistakes() -> Iterator[Mistake]:
        share = exp(rate * x(K)) / all_of_them
        yield (
            "the inner derivative is missing: the slope of exp(a*x[k]) by x[k] is a*exp(a*x[k])",
            number * share + more,
        )
        yield (
            "the inner derivative is missing: log(u) has the derivative u'/u, and not 1/u",
            number / all_of_them + more,
        )
        yield "log has its slope at the whole sum: 1 over the sum, not over one term", number * rate + more
        yield (
            "only the term i = k depends on x[k]: above the bar there is no sum",
            number * rate * total(exp(rate * x(I)), I) / exp(rate * x(K)) + more,
        )
        yield "log(u) has the derivative u'/u: it is divided by the sum", number * rate * exp(rate * x(K)) + more
        if linear:
            yield "the second sum holds x[k] as well: its term is missing", number * rate * share
            yield "the second sum is subtracted: its term has the wrong sign", number * rate * share + t(K)

    return gradient_problem(form, x(K), mistakes())
