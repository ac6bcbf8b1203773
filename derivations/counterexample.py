"""The smallest sizes and the simplest whole numbers at which two expressions differ."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import flint
import numpy as np

from derivations.evidence import Counterexample
from derivations.fields import Balls
from derivations.question import BITS, Question
from derivations.sampling import Point, settled, shape_of, whole


def simplest(question: Question) -> Counterexample | None:
    """The smallest sizes, and for them the simplest whole numbers, at which the sides differ."""
    layer = question.layer
    options = {option.name: 1 for option in layer.options if option.integer and option.high is None}
    choices = itertools.product((1, 2, 3), repeat=len(layer.size_names)) if len(layer.size_names) <= 6 else [(2,) * 99]
    for sizes in sorted(choices, key=lambda s: (sum(s), max(s, default=0), s)):
        known = settled(
            layer, {**dict(zip(layer.size_names, sizes, strict=False)), **options}, np.random.default_rng(0)
        )
        if known is None:
            continue
        for style in range(4):
            values = _whole_values(question, known, style)
            found = _difference(question, known, values)
            if found is not None:
                return found
        if sum(sizes) > len(sizes) + 4:
            return None
    return None


def _whole_values(question: Question, sizes: Mapping[str, int], style: int) -> dict[str, Any]:
    """Ones; counting up; counting with signs; small whole numbers at random."""
    rng = np.random.default_rng(style)
    values = question.layer.random_inputs(sizes, rng)
    shapes = {t.name: np.shape(values[t.name]) for t in question.layer.inputs if not t.integer}
    positive = {t.name for t in question.layer.inputs if t.positive}
    shapes |= {t.name: shape_of(t, question.layer, {**sizes, **whole(values)}) for t in question.free}
    start = 1
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        numbers: np.ndarray = np.ones(count)
        if style == 1:
            numbers = np.arange(start, start + count)
        elif style == 2:
            numbers = np.arange(start, start + count) * np.where(np.arange(count) % 2, -1, 1)
        elif style == 3:
            numbers = rng.integers(-2, 3, size=count)
        start += count if style in {1, 2} else 0
        values[name] = (np.abs(numbers) + (numbers == 0) if name in positive else numbers).astype(float).reshape(shape)
    for option in question.layer.options:
        if not option.integer:
            values[option.name] = 1.0
    return values


def _difference(question: Question, sizes: Mapping[str, int], values: Mapping[str, Any]) -> Counterexample | None:
    if question.compare(values) is not False:
        return None
    left, right = question.evaluate(values, Balls(BITS))
    with flint.ctx.workprec(BITS):
        for entry in np.ndindex(left.shape):
            a, b = flint.arb(left[entry]), flint.arb(right[entry])
            if not a.overlaps(b):
                shown = {name: values[name] for name in question.names_shown()}
                return Counterexample(dict(sizes), shown, entry, float(a.mid()), float(b.mid()))
    return None


def any_counterexample(question: Question, point: Point, rng: np.random.Generator) -> Counterexample | None:
    """Values like those of a point at which the two sides were seen to differ."""
    for _ in range(20):
        inputs = question.layer.random_inputs(point.sizes, rng)
        values = question.values_at(Point(point.sizes, inputs), rng)
        found = _difference(question, point.sizes, values)
        if found is not None:
            return found
    return None
