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
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import flint
import numpy as np
import sympy as sp

from derivations.affine import TooHardError
from derivations.evaluate import evaluate_equations
from derivations.evidence import Proof
from derivations.expressions import (
    BINDERS,
    Bracket,
    FirstMaximum,
    MaxOver,
    Where,
    absolute,
    entry_name,
    floordiv,
    log,
    maximum,
    minimum,
    modulo,
    sigma,
    sigma_prime,
    sign,
    walk,
)
from derivations.fields import Balls
from derivations.kinks import kinks_of
from derivations.layer import DerivationError, Equation, Layer, Range, Tensor
from derivations.proof import inline, proved
from derivations.question import BITS, Question, same_ball
from derivations.sampling import Point, points, settled, shape_of, whole
from derivations.sizes import concrete_value, sizes_from

SEED = 2021  # any seed does; a fixed one lets one answer's points serve the next
FIRST_POINTS = 4
MORE_POINTS = 14
LARGER_SIZES = 4  # points with one size beyond those of the others
LARGEST_SIZE = 30
MOST_TERMS = 20_000  # of one evaluation
MOST_KINKS = 3  # of an answer that is only compared at points

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
            return first.refuted("two values that differ")
        if self._may_differ_at_edges:
            edges = self._look(self._whole_points())
            if edges.at is not None:
                outcome = edges.refuted("two values that differ, on a kink or where the answer is undefined")
                return replace(outcome, where_defined=edges.undefined and self._proof() is not None)
        proof = self._proof()
        if proof is not None and (first.agreed or not first.told):
            return Outcome(True, proof)
        return self._at_more_points(proof)

    def _proof(self) -> Proof | None:
        sides = (self._with_signs(self.truth), self._with_signs(self.answer))
        return proved(*sides, self.layer, self.ranges, self.given)

    def _at_more_points(self, proof: Proof | None) -> Outcome:
        """What agrees at many points of several sizes, where points can tell."""
        seed = zlib.crc32(str(self.answer).encode())  # nobody writes an answer that is right at points of its own
        more = self._look(itertools.chain(itertools.islice(points(self.layer, seed), MORE_POINTS), self._larger(seed)))
        if more.at is not None:
            return more.refuted("two values that differ")
        if more.agreed and proof is not None:
            return Outcome(True, proof)
        enough = more.agreed >= MORE_POINTS // 2 and more.agreed >= more.asked - more.agreed
        if not enough or self._reaches_beyond_points() or not self._every_side_was_seen(seed):
            return Outcome(None, UNDECIDED)
        return Outcome(
            True, Proof(True, f"balls that agree to 1e-50 at {more.agreed} random points over several sizes")
        )

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

    def _whole_points(self) -> Iterator[Point]:
        for sizes in ((1,), (2, 3)):
            named = dict(zip(self.layer.size_names, itertools.cycle(sizes), strict=False))
            for known, values in whole_values(self.questions[0], named):
                yield Point(known, values)

    def _look(self, some: Iterable[Point]) -> Seen:
        """What points say, up to the first that tells a difference."""
        rng = np.random.default_rng(SEED)
        seen = Seen()
        for point, question in itertools.product(some, self.questions):
            seen.asked += 1
            values = question.values_at(point, rng) | point.values
            verdict = compared(question, values)
            seen.told += verdict is not None
            seen.agreed += verdict == SAME
            if verdict in {DIFFERENT, UNDEFINED}:
                seen.undefined = verdict == UNDEFINED
                seen.at = Place(question, point.sizes, values)
                break
        return seen

    def _with_signs(self, expression: sp.Expr) -> sp.Expr:
        """The expression without the absolute values of what is positive by its declaration."""
        positive = {tensor.name for tensor in self.layer.tensors if tensor.positive}
        known = {
            node: node.args[0]
            for node in walk(expression)
            if isinstance(node, absolute)
            and isinstance(node.args[0], sp.Indexed | sp.Symbol)
            and entry_name(node.args[0]) in positive
        }
        return expression.xreplace(known)

    # where points can tell

    @cached_property
    def _may_differ_at_edges(self) -> bool:
        """Whether one of the two may be undefined, or lie on a kink, where the other does not."""
        answer, truth = _edges(self.answer if self.typed is None else self.typed), _edges(self.truth)
        kinked = any(not isinstance(node, sp.Pow | log) for node in answer | truth)
        return (kinked and answer != truth) or not answer <= truth

    def _reaches_beyond_points(self) -> bool:
        """Whether the answer decides something by whole numbers, or by equations, that random points need not meet."""
        known = set(walk(self.truth))
        for node in walk(self.answer):
            if node in known or not isinstance(node, floordiv | modulo | Where | Bracket | sp.KroneckerDelta):
                continue
            relations = node.atoms(sp.core.relational.Relational) or {node}
            if any(abs(number) > 2 for relation in relations for number in relation.atoms(sp.Integer)):
                return True
            if any(isinstance(r, sp.Eq | sp.Ne) and not r.lhs.is_integer for r in relations):
                return True
        return False

    def _every_side_was_seen(self, seed: int) -> bool:
        """Whether the points lie on both sides of every kink that the answer has."""
        question = self.questions[-1]
        kinks = list(itertools.islice(kinks_of(question.right), MOST_KINKS + 1))
        if len(kinks) > MOST_KINKS:
            return False
        rng = np.random.default_rng(seed)
        signs: list[set[float]] = [set() for _ in kinks]
        for point in itertools.chain(itertools.islice(points(self.layer, seed), MORE_POINTS), self._whole_points()):
            values = question.values_at(point, rng) | point.values
            for (_, distance, ranges), seen in zip(kinks, signs, strict=True):
                place = tuple(ranges)
                probe = Equation(
                    Tensor("kink", tuple(high + 1 for _, high in ranges.values()))[place], distance, ranges
                )
                equations = [*question.given, probe]
                found = evaluate_equations(self.layer, equations, values, "float64", given=question.free)["kink"]
                seen |= set(np.sign(found).ravel().tolist())
        enough = [{0.0, 1.0} if self._is_never_negative(distance) else {-1.0, 1.0} for _, distance, _ in kinks]
        return all(wanted <= seen for wanted, seen in zip(enough, signs, strict=True))

    def _is_never_negative(self, distance: sp.Expr) -> bool:
        """Whether what is 0 on a kink is a maximum with 0, an absolute value, or a square."""
        with suppress(TooHardError):
            written = inline(distance, self.given)
            return isinstance(written, absolute) or (isinstance(written, maximum) and sp.S.Zero in written.args)
        return False


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
    return _side_by_side(question, values, 4 * BITS) if verdict == UNDEFINED else verdict


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


# ------------------------------------------------------------------------------------------ whole numbers


def whole_values(
    question: Question, sizes: Mapping[str, int], most: int = 99
) -> Iterator[tuple[dict[str, int], dict[str, Any]]]:
    """Small whole numbers for everything that no equation gives, the plainest first, with sizes and whole options.

    Sizes at which the layer makes no sense have none.
    """
    layer = question.layer
    options = {option.name: 1 for option in layer.options if option.integer and option.high is None}
    known = settled(layer, {**sizes, **options}, np.random.default_rng(0))
    if known is None:
        return
    positive = {tensor.name for tensor in layer.inputs if tensor.positive}
    for style, fill in enumerate(_FILLINGS[:most]):
        rng = np.random.default_rng(style)
        values = layer.random_inputs(known, rng)
        shapes = {t.name: np.shape(values[t.name]) for t in layer.inputs if not t.integer}
        shapes |= {t.name: shape_of(t, layer, {**known, **whole(values)}) for t in question.free}
        before = 0
        for name, shape in shapes.items():
            count = int(np.prod(shape))
            numbers = np.asarray(fill(count, before, rng), dtype=float)
            before += count
            if name in positive:
                numbers = np.abs(numbers) + (numbers == 0)
            values[name] = numbers.reshape(shape)
        for option in layer.options:
            if not option.integer:
                values[option.name] = 1.0
        yield known, values


_FILLINGS = (
    lambda count, before, rng: np.arange(1, count + 1),  # every tensor counts from 1
    lambda count, before, rng: before + np.arange(1, count + 1),  # all together count from 1
    lambda count, before, rng: np.arange(1, count + 1) * np.where((np.arange(count) + before) % 2, -1, 1),
    lambda count, before, rng: np.zeros(count),
    lambda count, before, rng: np.full(count, 2),
    lambda count, before, rng: -np.arange(1, count + 1),
    lambda count, before, rng: np.arange(before, before + count) % 3,
    lambda count, before, rng: rng.integers(-3, 4, size=count),
    lambda count, before, rng: rng.integers(-2, 3, size=count),
    lambda count, before, rng: rng.integers(-1, 2, size=count),
)


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
