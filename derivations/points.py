"""Agreement at random points, for what has no proof: exact for rational functions, in balls for the others."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping

import numpy as np
import sympy as sp

from derivations.counterexample import any_counterexample, simplest
from derivations.evidence import Proof
from derivations.expressions import entry_name
from derivations.fields import Rationals
from derivations.layer import DerivationError, Equation
from derivations.question import Question
from derivations.sampling import Point, points

POINTS = 12
SEED = 2019  # any seed does; a fixed one makes a report repeatable
SPREAD = 40  # bits of the whole numbers that rational functions are evaluated at
LARGEST_SUM = 10**3  # no sum that is evaluated here has more terms
NOWHERE = Proof(False, "no point was found at which both sides could be evaluated")


def at_points(question: Question) -> Proof:
    """Evidence from random points, small sizes and sizes of 1: certified, refuted, or open."""
    rng = np.random.default_rng(SEED)
    attempts = itertools.islice(points(question.layer, SEED), 4 * POINTS)
    return _exactly(question, attempts, rng) if question.is_rational() else _in_balls(question, attempts, rng)


def _in_balls(question: Question, attempts: Iterable[Point], rng: np.random.Generator) -> Proof:
    agreed = 0
    for point in attempts:
        verdict = question.compare(question.values_at(point, rng))
        if verdict is False:
            return _refuted(question, point, rng)
        agreed += verdict is True
        if agreed == POINTS:
            break
    if agreed:
        return Proof(True, f"balls that agree to 1e-50 at {agreed} random points over several sizes")
    return NOWHERE


def _exactly(question: Question, attempts: Iterable[Point], rng: np.random.Generator) -> Proof:
    """Rational functions at random whole numbers: a difference that is not 0 is seen almost surely.

    Schwartz (1980), J. ACM 27(4), Lemma 1: the chance is at most degree / number of values per variable.
    """
    agreed = 0
    degree = max(_degree(e.rhs, {g.name: g for g in question.given}) for e in (question.left, question.right))
    for point in attempts:
        values = question.values_at(point, rng)
        for name, value in values.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                values[name] = rng.integers(1, 2**SPREAD, size=value.shape).astype(float)
        try:
            left, right = question.evaluate(values, Rationals())
        except DerivationError:
            continue
        if (left != right).any():
            return _refuted(question, point, rng)
        agreed += 1
        if agreed == POINTS:
            break
    if not agreed:
        return NOWHERE
    chance = f"2**{math.ceil(agreed * (math.log2(2 * degree) - SPREAD))}"
    return Proof(
        True, f"exact at {agreed} random points over several sizes; wrong at these sizes with a chance below {chance}"
    )


def _refuted(question: Question, point: Point, rng: np.random.Generator) -> Proof:
    return Proof(
        False, "two values that differ", counterexample=simplest(question) or any_counterexample(question, point, rng)
    )


def _degree(expression: sp.Expr, given: Mapping[str, Equation]) -> int:
    """A bound on the degrees of numerator and denominator, as polynomials in the tensors' entries."""
    if isinstance(expression, sp.Indexed | sp.Symbol):
        name = entry_name(expression)
        return _degree(given[name].rhs, given) if name in given else 1
    if isinstance(expression, sp.Pow):
        return abs(int(expression.exp)) * _degree(expression.base, given)
    if isinstance(expression, sp.Sum):
        return LARGEST_SUM * _degree(expression.function, given)
    return max(1, sum(_degree(part, given) for part in expression.args if isinstance(part, sp.Expr)))
