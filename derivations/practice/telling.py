"""Can points tell? What agrees at points alone is right only where they would have shown a difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import flint
import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from derivations.evaluate import evaluate_equations
from derivations.expressions import (
    BINDERS,
    Bracket,
    Where,
    erf,
    exp,
    floordiv,
    modulo,
    sigmoid,
    tanh,
    walk,
)
from derivations.fields import Balls
from derivations.kinks import kinks_of
from derivations.layer import Equation, Tensor
from derivations.question import BITS, Question

AT_WORK = 20  # beyond that, an exponential is far below 1e-8 of what it is at 0, and a tanh looks like a step
LARGEST_NUMBER = 10**6
LARGEST_EXPONENT = 64
LARGEST_IN_A_CONDITION = 2


def probed(question: Question, part: sp.Expr, values: Mapping[str, Any], field: Any = "float64") -> np.ndarray:
    """A part of either side at some values, for all letters that it depends on. Raises DerivationError."""
    ranges = dict(question.right.ranges) | dict(question.left.ranges)
    for node in (*walk(question.left.rhs), *walk(question.right.rhs)):
        if isinstance(node, BINDERS):
            ranges |= {letter: (low, high) for letter, low, high in node.limits}
    here = {letter: both for letter, both in ranges.items() if part.has(letter)}
    sizes = tuple(high + 1 for _, high in here.values())
    probe = Equation(Tensor("part", sizes)[tuple(here)], part, here)
    return evaluate_equations(question.layer, [*question.given, probe], values, field, given=question.free)["part"]


def points_can_tell(question: Question, points: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an answer that is wrong would have been seen to be at one of the points."""
    known = set(walk(question.left.rhs))
    new = [node for node in walk(question.right.rhs) if node not in known]
    return (
        not any(map(_is_hidden, new))
        and _every_function_was_seen(question, new, points)
        and _every_side_was_seen(question, points)
    )


def _is_hidden(node: sp.Basic) -> bool:
    """Whether a part decides something by numbers that points need not meet, or is too small to be seen."""
    if isinstance(node, floordiv | modulo | Where | Bracket | sp.KroneckerDelta):
        relations = node.atoms(Relational) or {node}
        numbers = [number for relation in relations for number in relation.atoms(sp.Integer)]
        equal = [r for r in relations if isinstance(r, sp.Eq | sp.Ne) and not r.lhs.is_integer]
        return bool(equal) or any(abs(number) > LARGEST_IN_A_CONDITION for number in numbers)
    if isinstance(node, sp.Rational):
        return max(abs(node.p), node.q) > LARGEST_NUMBER
    return isinstance(node, sp.Pow) and node.exp.is_Rational and abs(node.exp) > LARGEST_EXPONENT


def _every_function_was_seen(
    question: Question, parts: Iterable[sp.Basic], points: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether no exponential of the answer vanishes at every point, and no tanh is a mere step."""
    for node in parts:
        if isinstance(node, exp | sigmoid | tanh | erf):
            arguments = (probed(question, node.args[0], values) for values in points)
            if not any((np.abs(found) < AT_WORK).any() for found in arguments):
                return False
    return True


def _every_side_was_seen(question: Question, points: Iterable[Mapping[str, Any]]) -> bool:
    """Whether there is one kink at most, and the points lie on it and on either side of it.

    Between two kinks there may be a place that no point meets.
    """
    kinks = {
        min(distance, -distance, key=sp.default_sort_key): distance
        for equation in (question.left, question.right)
        for _, distance, _ in kinks_of(equation)
    }
    if len(kinks) != 1:
        return not kinks
    (distance,) = kinks.values()
    signs: set[float] = set()
    for values in points:
        signs |= set(np.sign(probed(question, distance, values)).ravel().tolist())
    return {-1.0, 0.0, 1.0} <= signs


def has_a_root_near_zero(question: Question, values: Mapping[str, Any]) -> bool:
    """Whether a root is taken of what may be 0: its ball may reach below 0, where no root is, though 0 has one."""
    for node in walk(question.right.rhs):
        if isinstance(node, sp.Pow) and node.exp.is_Rational and not node.exp.is_Integer and node.exp.is_positive:
            found = probed(question, node.base, values, Balls(BITS))
            if any(ball.contains(0) and not ball.is_exact() for ball in map(flint.arb, found.flat)):
                return True
    return False
