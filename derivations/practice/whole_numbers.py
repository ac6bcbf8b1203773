"""Whole numbers for everything that is given, the plainest first: where an answer is asked, and shown to be wrong."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from derivations.expressions import absolute, entry_name, maximum, minimum, sign, walk
from derivations.layer import Layer, Tensor
from derivations.question import Question
from derivations.sampling import is_in_domain, settled, shape_of, whole

MOST_DEGREE = 12  # of a polynomial whose roots are looked for
MOST_ROOTS = 4
_TURNS = (Relational, sp.KroneckerDelta, absolute, sign, maximum, minimum)


def whole_values(
    question: Question, sizes: Mapping[str, int], most: int = 99
) -> Iterator[tuple[dict[str, int], dict[str, Any]]]:
    """Small whole numbers for everything that no equation gives, with sizes and whole options, `most` times.

    Whole options are 1 where `sizes` does not name them. Sizes at which the layer makes no sense have none, and values
    at which its equations have no value are left out. Where no whole number is allowed, as for the probabilities of a
    cross-entropy, there are fractions.
    """
    layer = question.layer
    known = settled(layer, {**dict.fromkeys(whole_options(layer), 1), **sizes}, np.random.default_rng(0))
    if known is None:
        return
    for style in _fillings_of(layer)[:most]:
        values = _filled(layer, known, style, question.free)
        if is_in_domain(layer, values):
            yield known, values


def whole_options(layer: Layer) -> list[str]:
    """The options that count something, such as a stride, and may be as large as one likes."""
    return [option.name for option in layer.options if option.integer and option.high is None]


@lru_cache(maxsize=256)
def _fillings_of(layer: Layer) -> tuple[int, ...]:
    """The fillings at which the layer's equations have a value, at the first sizes that make sense."""
    for size in (1, 2, 3):
        sizes = {**dict.fromkeys(whole_options(layer), 1), **dict.fromkeys(layer.size_names, size)}
        known = settled(layer, sizes, np.random.default_rng(0))
        if known is not None:
            return tuple(k for k in range(len(FILLINGS)) if is_in_domain(layer, _filled(layer, known, k)))
    return tuple(range(len(FILLINGS)))


def _filled(layer: Layer, known: Mapping[str, int], style: int, free: Sequence[Tensor] = ()) -> dict[str, Any]:
    fill, rng = FILLINGS[style], np.random.default_rng(style)
    values = layer.random_inputs(known, rng)
    shapes = {t.name: np.shape(values[t.name]) for t in layer.inputs if not t.integer}
    shapes |= {t.name: shape_of(t, layer, {**known, **whole(values)}) for t in free}
    shapes |= {option.name: () for option in layer.options if not option.integer}
    positive = {tensor.name for tensor in layer.inputs if tensor.positive} | {option.name for option in layer.options}
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
            values[option.name] = float(values[option.name])
    return values


def _halved(count: int, before: int) -> np.ndarray:
    """1/2, 1/4, 3/4, 1/8, ...: fractions that float64 holds exactly, none of them twice."""
    halves = [(2 * k + 1) / 2**n for n in range(1, 12) for k in range(2 ** (n - 1))]
    return np.asarray([halves[k % len(halves)] for k in range(before, before + count)])


FILLINGS = (
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
    lambda count, before, rng: _halved(count, 0),
    lambda count, before, rng: _halved(count, before),
    lambda count, before, rng: -_halved(count, before),
)


# ------------------------------------------------------------------------------------------ near kinks


def near_kinks(answer: sp.Expr, truth: sp.Expr) -> Iterator[tuple[str, float]]:
    """Names with numbers at, beside and between the places where a condition of the answer alone turns."""
    known = set(walk(truth))
    roots: dict[str, set[float]] = {}
    for node in walk(answer):
        if isinstance(node, _TURNS) and node not in known:
            distance = node.args[0] - node.args[1] if len(node.args) > 1 else node.args[0]
            letters = sorted(_entries(distance), key=sp.default_sort_key)
            if len(letters) == 1 and distance.is_polynomial(*letters):
                roots.setdefault(entry_name(letters[0]), set()).update(_real_roots(distance, letters[0]))
    for name, found in roots.items():
        if 0 < len(found) <= MOST_ROOTS:
            places = sorted(found)
            inside = [(low + high) / 2 for low, high in itertools.pairwise(places)]
            beside = {float(math.floor(p) + step) for p in places for step in (-1, 0, 1, 2)}
            yield from ((name, place) for place in (*sorted(beside, key=abs), *places, *inside))


def _entries(expression: sp.Expr) -> set[sp.Expr]:
    found: set[sp.Expr] = set()
    todo = [expression]
    while todo:
        node = todo.pop()
        if isinstance(node, sp.Indexed | sp.Symbol):
            found.add(node)
        else:
            todo.extend(node.args)
    return found


def _real_roots(distance: sp.Expr, letter: sp.Expr) -> list[float]:
    polynomial = sp.Poly(distance, letter)
    if not 0 < polynomial.degree() <= MOST_DEGREE or not all(c.is_Rational for c in polynomial.all_coeffs()):
        return []
    found = np.roots([float(c) for c in polynomial.all_coeffs()])
    return [float(root.real) for root in found if abs(root.imag) < 1e-9 * (1 + abs(root))]
