"""The true derivative, by power series of balls carried forward through a layer's equations.

It knows nothing of the rules by which the backward equations were derived.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import flint
import numpy as np
import sympy as sp

from derivations.evaluate import evaluate_equations
from derivations.evidence import Proof
from derivations.fields import Balls, Series
from derivations.layer import DerivationError, Equation, Layer, Tensor, rate_name
from derivations.points import POINTS, SEED
from derivations.question import BITS, Question, same_ball
from derivations.sampling import MOST_TERMS, Point, drawn, points, shape_of, terms_at, whole
from derivations.schedule import users

if TYPE_CHECKING:
    from derivations.backward import Derivation, Step
    from derivations.hessian import SecondOrder

WITNESS_POINTS, WITNESS_TERMS = 40, 2 * MOST_TERMS
Verdict = tuple[Point, bool | None]


def enclosed(derivation: Derivation, wanted: int = WITNESS_POINTS) -> Proof:
    """The derived cotangents against the derivative that power series carry forward, along a random direction."""
    layer = derivation.layer
    rng = np.random.default_rng(SEED)

    def verdicts() -> Iterator[Verdict]:
        for point in _affordable(layer, itertools.islice(points(layer, SEED), 3 * wanted)):
            cotangents = {t.name: _drawn(t, layer, point, rng) for t in derivation.given}
            targets = [name[1:] for name in derivation.cotangents]
            direction = {name: drawn(np.shape(point.values[name]), rng) for name in targets}
            yield point, _encloses(derivation, point.values | cotangents, direction)

    return _certified(verdicts(), wanted)


def _affordable(layer: Layer, drawn: Iterable[Point]) -> Iterator[Point]:
    """The points, but no more than a few of them where numbers among a layer's sizes make each of them large."""
    spent = 0
    for point in drawn:
        spent += terms_at(layer, point.sizes)
        yield point
        if spent > WITNESS_TERMS:
            return


def enclosed_twice(second: SecondOrder, wanted: int = WITNESS_POINTS) -> Proof:
    """The derived products against the second derivative that power series carry forward.

    Along v + u and v - u the second-order coefficients of L differ by 2*u·Hv: series that know nothing of Hv give it.
    """
    layer, first = second.layer, second.first
    rng = np.random.default_rng(SEED)

    def verdicts() -> Iterator[Verdict]:
        for point in _affordable(layer, itertools.islice(points(layer, SEED), 3 * wanted)):
            values = point.values | {t.name: _drawn(t, layer, point, rng) for t in second.given}
            other = {name[1:]: drawn(np.shape(point.values[name[1:]]), rng) for name in first.cotangents}
            yield point, _encloses_twice(second, values, other)

    return _certified(verdicts(), wanted, "second derivative")


def _encloses_twice(second: SecondOrder, values: Mapping[str, Any], other: Mapping[str, np.ndarray]) -> bool | None:
    layer = second.layer
    series = Series(BITS, terms=3)
    bends = []
    try:
        for sign in (1, -1):
            with series.context():
                moved = {n: series.along(values[n], values[rate_name(n, layer)] + sign * u) for n, u in other.items()}
            outputs = evaluate_equations(layer, layer.equations, {**values, **moved}, series)
            with series.context():
                bends.append(_change(((outputs[t.name], values[f"d{t.name}"]) for t in layer.outputs), order=2))
        derived = second.evaluate(values, BITS)
    except DerivationError:
        return None
    with series.context():
        return same_ball((bends[0] - bends[1]) / 2, _inner((derived[f"Hv{name}"], u) for name, u in other.items()))


def _certified(verdicts: Iterable[Verdict], wanted: int, what: str = "derivative") -> Proof:
    """What so many points say, one of which is enough to refute."""
    agreed = 0
    for point, verdict in verdicts:
        if verdict is False:
            differs = f"the {what} that series carry forward differs, at sizes {point.sizes}"
            return Proof(False, differs, contradicted=True)
        agreed += verdict is True
        if agreed == wanted:
            break
    if not agreed:
        return Proof(False, f"no point was found at which the {what} could be enclosed")
    return Proof(True, f"enclosed by the true {what} at {agreed} points, to 1e-50")


def _encloses(derivation: Derivation, values: Mapping[str, Any], direction: Mapping[str, np.ndarray]) -> bool | None:
    layer = derivation.layer
    series = Series(BITS)
    try:
        with series.context():
            moved = {name: series.along(values[name], direction[name]) for name in direction}
        outputs = evaluate_equations(layer, layer.equations, {**values, **moved}, series)
        derived = evaluate_equations(layer, derivation.equations, values, Balls(BITS), given=derivation.given)
    except DerivationError:
        return None
    with series.context():
        forward = _change((outputs[t.name], values[f"d{t.name}"]) for t in layer.outputs)
        backward = _inner((derived[f"d{name}"], along) for name, along in direction.items())
        return same_ball(forward, backward)


def derivative_agrees(step: Step) -> Proof:
    """The step that differentiates, against power series carried through the equations that use the tensor.

    The tensors of the forward pass may be anything here, except the one that moves.
    """
    question = Question.of(step.after_expression, sp.S.Zero, step.layer, step.ranges, ())
    rng = np.random.default_rng(SEED)
    attempts = itertools.islice(points(step.layer, SEED), 3 * POINTS)
    return _certified(((point, _agrees(step, question, point, rng)) for point in attempts), POINTS)


def _agrees(step: Step, question: Question, point: Point, rng: np.random.Generator) -> bool | None:
    layer, target = step.layer, step.layer.by_name[step.target]
    consumers = users(layer.equations, target.name)
    values = question.values_at(point, rng)
    outside = f"d{target.name}" if target.name in layer.output_names else None  # added to what the consumers hand back
    for tensor in (*layer.intermediates, *layer.outputs):
        values.setdefault(tensor.name, _drawn(tensor, layer, point, rng))
    # A line that does not name a cotangent may have dropped its term: none is ever 0 here.
    for name, tensor in [(_cotangent(e, values), layer.by_name[e.name]) for e in consumers]:
        values.setdefault(name, _drawn(tensor, layer, point, rng))
    if outside is not None:
        values.setdefault(outside, _drawn(target, layer, point, rng))
    direction = _drawn(target, layer, point, rng)
    series = Series(BITS)
    try:
        slopes, _ = question.evaluate(values, Balls(BITS))
        with series.context():
            moved = {**values, target.name: series.along(values[target.name], direction)}
        renamed = [
            Equation(Tensor(f"{e.name}'", layer.by_name[e.name].sizes)[e.indices], e.rhs, e.ranges) for e in consumers
        ]
        given = [*layer.intermediates, *layer.outputs]
        changed = evaluate_equations(layer, renamed, moved, series, given=given)
    except DerivationError:
        return None
    with series.context():
        forward = _change((changed[f"{e.name}'"], values[_cotangent(e, values)]) for e in consumers)
        if outside is not None:
            forward += _inner([(np.asarray(values[outside], dtype=object), direction)])
        full = np.broadcast_to(slopes.reshape(_spread(step, slopes)), direction.shape)
        return same_ball(forward, _inner([(full, direction)]))


def change_agrees(step: Step) -> Proof:
    """The step that differentiates along v, against power series carried through the one equation that it is about.

    Whatever stands in that equation may be anything, and changes at any rate, except what does not depend on v.
    """
    question = Question.of(step.after_expression, sp.S.Zero, step.layer, step.ranges, ())
    rng = np.random.default_rng(SEED)
    attempts = itertools.islice(points(step.layer, SEED), 3 * POINTS)
    return _certified(((point, _changes(step, question, point, rng)) for point in attempts), POINTS)


def _changes(step: Step, question: Question, point: Point, rng: np.random.Generator) -> bool | None:
    layer, (line,) = step.layer, step.given
    values = question.values_at(point, rng)
    given = [tensor for tensor in layer.tensors if tensor.name in layer.defined]
    for tensor in given:
        values.setdefault(tensor.name, _drawn(tensor, layer, point, rng))
    series = Series(BITS)
    try:
        with series.context():
            rates = {t.name: rate_name(t.name, layer) for t in layer.tensors}
            moved = {n: series.along(values[n], values[rate]) for n, rate in rates.items() if rate in values}
        name = f"{line.name}'"
        sizes = tuple(high + 1 for _, high in line.ranges.values())
        renamed = Equation(Tensor(name, sizes)[line.indices], line.rhs, line.ranges)
        changed = evaluate_equations(layer, [renamed], {**values, **moved}, series, given=given)[name]
        slopes, _ = question.evaluate(values, Balls(BITS))
    except DerivationError:
        return None
    weights = drawn(changed.shape, rng)
    with series.context():
        full = np.broadcast_to(slopes.reshape(_spread(step, slopes)), changed.shape)
        return same_ball(_change([(changed, weights)]), _inner([(full, weights)]))


BY_RULE: Mapping[str, Callable[[Step], Proof]] = {
    "differentiate": derivative_agrees,
    "differentiate along v": change_agrees,
}


def _cotangent(equation: Equation, values: Mapping[str, Any]) -> str:
    total = f"d{equation.name}_total"
    return total if total in values else f"d{equation.name}"


def _drawn(tensor: Tensor, layer: Layer, point: Point, rng: np.random.Generator) -> np.ndarray:
    return drawn(shape_of(tensor, layer, {**point.sizes, **whole(point.values)}), rng)


def _change(pairs: Iterable[tuple[Any, Any]], order: int = 1) -> flint.arb:
    """The change of series, of first or second order, weighted by cotangents."""
    return _sum(flint.arb_series(ball)[order] * number for pair in pairs for ball, number in _entries(*pair))


def _inner(pairs: Iterable[tuple[Any, Any]]) -> flint.arb:
    return _sum(flint.arb(ball) * number for pair in pairs for ball, number in _entries(*pair))


def _sum(terms: Iterable[flint.arb]) -> flint.arb:
    return sum(terms, flint.arb(0))


def _entries(left: Any, right: Any) -> Iterator[tuple[Any, flint.arb]]:
    numbers = map(flint.arb, np.asarray(right, dtype=float).ravel().tolist())
    return zip(np.asarray(left, dtype=object).ravel(), numbers, strict=True)


def _spread(step: Step, slopes: np.ndarray) -> tuple[int, ...]:
    """The shape that puts the axes which occur at their places among the target's, size 1 elsewhere."""
    lengths = iter(slopes.shape)
    return tuple(next(lengths) if step.after_expression.has(index) else 1 for index in step.ranges)
