"""Does an answer equal the truth? Proved, certified at random points, refuted at one, or undecided.

Random points come first: nearly every wrong answer differs at one of the first. Only what agrees there is worth a
proof, and only what no proof is found for is worth more points. What holds at points alone is certified only where
points can tell: no whole number stands in the answer that their small sizes do not reach, and they lie on either side
of each of its kinks.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import flint
import numpy as np
import sympy as sp

from derivations.evidence import Proof
from derivations.expressions import (
    BINDERS,
    Bracket,
    FirstMaximum,
    MaxOver,
    Where,
    absolute,
    log,
    maximum,
    minimum,
    sigma,
    sigma_prime,
    sign,
    walk,
)
from derivations.fields import Balls
from derivations.kinks import kinks
from derivations.layer import DerivationError, Equation, Layer, Range
from derivations.practice.cases import is_kink, proved_by_cases
from derivations.practice.telling import has_a_root_near_zero, points_can_tell
from derivations.practice.whole_numbers import near_kinks, whole_values
from derivations.proof import proved
from derivations.question import BITS, Question, same_ball
from derivations.sampling import Point, is_in_domain, points, settled
from derivations.sizes import concrete_value, sizes_from

SEED = 2021  # any seed does; a fixed one lets one answer's points serve the next
FIRST_POINTS = 4
MORE_POINTS = 14
SCALES = (2.0**-5, 2.0**-10, 2.0**-20, 4.0)
LARGER_SIZES = 4  # points with one size beyond those of the others
LARGEST_SIZE = 30
LARGEST_NAMED_SIZE = 64  # one that the answer itself names
MOST_TERMS = 20_000  # of one evaluation

SAME, DIFFERENT, UNDEFINED = "same", "different", "undefined"
UNDECIDED = Proof(False, "neither a proof nor a difference was found")


@dataclass(frozen=True)
class Place:
    """Where a question was asked: sizes with whole options, and values."""

    question: Question
    sizes: Mapping[str, int]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """`holds` is None where it is undecided; `proof` says how it is known; `at` is where it was seen to fail."""

    holds: bool | None
    proof: Proof
    at: Place | None = None
    where_defined: bool = False  # it fails only where the answer is not defined, and is proved to hold elsewhere


@dataclass(frozen=True)
class Comparison:
    """An answer beside the truth: two expressions in the same letters, and what may be used."""

    truth: sp.Expr
    answer: sp.Expr
    layer: Layer
    ranges: Mapping[sp.Symbol, Range]
    given: tuple[Equation, ...]
    typed: sp.Expr | None = None  # the answer with what cancels in it, where something does

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What is asked at points; an unnamed activation may be any, so there are two that it is stood in for by."""
        unnamed = any(e.has(sigma, sigma_prime) for e in (self.truth, self.answer, *(g.rhs for g in self.given)))
        answer = self.answer if self.typed is None else self.typed
        if not unnamed:
            return (Question.of(self.truth, answer, self.layer, self.ranges, self.given),)
        squares = tuple(Equation(g.lhs, squared(g.rhs), g.ranges) for g in self.given)
        return (
            Question.of(squared(self.truth), squared(self.answer), self.layer, self.ranges, squares),
            Question.of(self.truth, answer, self.layer, self.ranges, self.given),
        )

    def decide(self) -> Outcome:
        """Whether the two are the same function."""
        first = self._look(itertools.islice(points(self.layer, SEED), FIRST_POINTS))
        if first.at is not None:
            outcome = first.refuted("two values that differ")
            return replace(outcome, where_defined=first.undefined and self._holds_where_defined())
        if self._may_differ_at_edges or self._near_kinks:
            edges = self._look(self._edge_points())
            if edges.at is not None:
                outcome = edges.refuted("two values that differ, on a kink or where the answer is undefined")
                return replace(outcome, where_defined=edges.undefined and self._holds_where_defined())
        proof = self._proof()
        if proof is not None and (first.agreed or not first.told):
            return Outcome(True, proof)
        return self._at_more_points(proof)

    def is_certified(self) -> bool:
        """Whether the two are known to be the same function, without going to great lengths for a proof."""
        first = self._look(itertools.islice(points(self.layer, SEED), FIRST_POINTS))
        if first.at is not None or (self._may_differ_at_edges and self._look(self._edge_points()).at is not None):
            return False
        if proved(self.truth, self.answer, self.layer, self.ranges) or self._at_more_points(None).holds:
            return True
        # What is given may be long: only kinks of the two sides themselves are worth writing it out.
        kinked = any(is_kink(node) for side in (self.truth, self.answer) for node in walk(side))
        return kinked and self._proof() is not None

    def _proof(self) -> Proof | None:
        both = (self.truth, self.answer, self.layer, self.ranges, self.given)
        return proved(*both) or (proved_by_cases(*both) if self._is_kinked else None)

    @cached_property
    def _is_kinked(self) -> bool:
        sides = self.truth, self.answer, *(equation.rhs for equation in self.given)
        return any(is_kink(node) for side in sides for node in walk(side))

    def _holds_where_defined(self) -> bool:
        if self._proof() is not None:
            return True
        everywhere = itertools.chain(itertools.islice(points(self.layer, SEED), MORE_POINTS), self._edge_points())
        return self._look(everywhere, but_undefined=True).at is None

    def _at_more_points(self, proof: Proof | None) -> Outcome:
        """What agrees at many points of several sizes, where points can tell."""
        seed = zlib.crc32(str(self.answer).encode())  # nobody writes an answer that is right at points of its own
        chosen = [*itertools.islice(points(self.layer, seed), MORE_POINTS), *self._larger(seed), *self._scaled(seed)]
        more = self._look(chosen)
        if more.at is not None:
            return more.refuted("two values that differ")
        if more.agreed and proof is not None:
            return Outcome(True, proof)
        enough = more.agreed >= MORE_POINTS // 2 and more.agreed >= more.asked - more.agreed
        if not enough or not self._points_can_tell([*chosen, *self._edge_points()], seed):
            return Outcome(None, UNDECIDED)
        return Outcome(
            True, Proof(True, f"balls that agree to 1e-50 at {more.agreed} random points over several sizes")
        )

    def _points_can_tell(self, chosen: Iterable[Point], seed: int) -> bool:
        question, rng = self.questions[-1], np.random.default_rng(seed)
        return points_can_tell(question, [question.values_at(point, rng) | point.values for point in chosen])

    # points

    def _larger(self, seed: int) -> Iterator[Point]:
        rng = np.random.default_rng(seed)
        for name in itertools.islice(
            itertools.cycle(self.layer.size_names), LARGER_SIZES * bool(self.layer.size_names)
        ):
            size = int(rng.integers(4, LARGEST_SIZE))
            sizes = settled(self.layer, {**dict.fromkeys(self.layer.size_names, 1), name: size}, rng)
            if sizes is not None:
                yield Point(sizes, self.layer.random_inputs(sizes, rng))

    def _scaled(self, seed: int) -> Iterator[Point]:
        """Values far nearer to 0, and some that are larger: there a steep function is no step."""
        for k, point in enumerate(itertools.islice(points(self.layer, seed), 2 * len(SCALES))):
            values = dict(point.values)
            for tensor in self.layer.inputs:
                if not tensor.integer:
                    values[tensor.name] = values[tensor.name] * SCALES[k % len(SCALES)]
            if is_in_domain(self.layer, values):
                yield Point(point.sizes, values)

    def _edge_points(self) -> Iterator[Point]:
        """Whole numbers, and places near the conditions of the answer."""
        for sizes in ((1,), (2, 3)):
            named = dict(zip(self.layer.size_names, itertools.cycle(sizes), strict=False))
            for known, values in whole_values(self.questions[0], named):
                yield Point(known, values)
        for name, place in self._near_kinks:
            yield from self._with(name, place)

    @cached_property
    def _near_kinks(self) -> tuple[tuple[str, float], ...]:
        return tuple(near_kinks(self.answer, self.truth))

    def _with(self, name: str, place: float) -> Iterator[Point]:
        """The plainest values, with one size or tensor changed."""
        sizes = dict.fromkeys(self.layer.size_names, 1)
        if name in sizes:
            if not (place.is_integer() and 1 <= place <= LARGEST_NAMED_SIZE):
                return
            sizes[name] = int(place)
        for known, values in whole_values(self.questions[0], sizes, 1):
            if isinstance(values.get(name), np.ndarray) and values[name].dtype.kind == "f":
                values[name] = np.full(np.shape(values[name]), place)
            elif isinstance(values.get(name), float):
                values[name] = place
            if is_in_domain(self.layer, values):
                yield Point(known, values)

    def _look(self, some: Iterable[Point], but_undefined: bool = False) -> Seen:
        """What points say, up to the first that tells a difference; `but_undefined` where an undefined answer is none.

        In a layer of scalars, where derivatives are ordinary ones, an answer may be undefined on the layer's own kinks.
        """
        rng = np.random.default_rng(SEED)
        seen = Seen()
        for point, question in itertools.product(some, self.questions):
            seen.asked += 1
            values = question.values_at(point, rng) | point.values
            verdict = compared(question, values)
            if verdict == UNDEFINED and (but_undefined or has_no_derivative(self.layer, values)):
                verdict = None
            seen.told += verdict is not None
            seen.agreed += verdict == SAME
            if verdict in {DIFFERENT, UNDEFINED}:
                seen.undefined = verdict == UNDEFINED
                seen.at = Place(question, point.sizes, values)
                break
        return seen

    # where points can tell

    @cached_property
    def _may_differ_at_edges(self) -> bool:
        """Whether one of the two may be undefined, or lie on a kink, where the other does not."""
        answer, truth = _edges(self.answer if self.typed is None else self.typed), _edges(self.truth)
        kinked = any(not isinstance(node, sp.Pow | log) for node in answer | truth)
        return (kinked and answer != truth) or not answer <= truth


@dataclass
class Seen:
    """What was seen at points: how many were asked, told something, agreed; values that differ."""

    asked: int = 0
    told: int = 0
    agreed: int = 0
    at: Place | None = None
    undefined: bool = False

    def refuted(self, how: str) -> Outcome:
        """The outcome that the values found are a counterexample."""
        return Outcome(False, Proof(False, how), self.at)


def compared(question: Question, values: Mapping[str, Any]) -> str | None:
    """SAME, DIFFERENT, UNDEFINED (the answer alone is), or None where it cannot be told."""
    if not is_small(question, values):
        return None
    verdict = _side_by_side(question, values, BITS)
    if verdict == UNDEFINED:
        verdict = _side_by_side(question, values, 4 * BITS)
    return None if verdict == UNDEFINED and has_a_root_near_zero(question, values) else verdict


def has_no_derivative(layer: Layer, values: Mapping[str, Any]) -> bool:
    """Whether a function of scalars has no derivative at some values, whatever the convention: it has a kink there."""
    if any(tensor.sizes for tensor in layer.tensors):
        return False
    return any((distance == 0).any() for _, distance in kinks(layer, values))


def is_small(question: Question, values: Mapping[str, Any]) -> bool:
    """Whether so few numbers have to be added up for the right side that it is quickly done."""
    try:
        known = sizes_from(question.layer, [*question.layer.inputs, *question.free], values)
        entries = 1
        for _, high in question.right.ranges.values():
            entries *= concrete_value(high + 1, known)
        return entries * _terms(question.right.rhs, known) <= MOST_TERMS
    except DerivationError:
        return False


def _side_by_side(question: Question, values: Mapping[str, Any], bits: int) -> str | None:
    """What the two sides say, entry by entry; where the truth is undefined, nothing is asked."""
    try:
        left, right = question.evaluate(values, Balls(bits))
    except (DerivationError, OverflowError, ValueError):
        return None
    sure, asked = True, False
    with flint.ctx.workprec(bits):
        for a, b in zip(map(flint.arb, left.flat), map(flint.arb, right.flat), strict=True):
            if not a.is_finite():
                continue
            if not b.is_finite():
                return UNDEFINED
            verdict = same_ball(a, b)
            if verdict is False:
                return DIFFERENT
            asked, sure = True, sure and verdict is True
    return SAME if sure and asked else None


# ------------------------------------------------------------------------------------------ expressions


def squared(expression: sp.Expr) -> sp.Expr:
    """The unnamed activation as x**2, and its derivative as 2*x."""
    return expression.replace(sigma_prime, lambda x: 2 * x).replace(sigma, lambda x: x**2)


def _edges(expression: sp.Expr) -> frozenset[sp.Basic]:
    """The parts of an expression that may be undefined, or have a kink."""
    return frozenset(node for node in walk(expression) if _is_edge(node))


def _is_edge(node: sp.Basic) -> bool:
    if isinstance(node, sp.Pow):
        sure = node.base.is_Rational or (node.base.is_integer and node.base.is_positive)
        return not sure and not (node.exp.is_Integer and node.exp.is_positive)
    if isinstance(node, Where | Bracket):
        return any(not r.lhs.is_integer for r in node.args[0].atoms(sp.core.relational.Relational))
    return isinstance(node, log | maximum | minimum | MaxOver | FirstMaximum | absolute | sign)


def _terms(expression: sp.Basic, known: Mapping[str, int]) -> int:
    """How many numbers an expression adds up, sums within sums multiplied."""
    if not expression.args or isinstance(expression, sp.Indexed):
        return 1
    inside = max(_terms(part, known) for part in expression.args if isinstance(part, sp.Basic))
    if isinstance(expression, BINDERS):
        for _, low, high in expression.limits:
            inside *= concrete_value(high - low + 1, known)
    return inside
