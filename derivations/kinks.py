"""Where a layer has kinks and ties, and how far given values are from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from derivations.expressions import BINDERS, Bracket, MaxOver, Where, absolute, maximum, minimum, sign, walk
from derivations.layer import Equation, Layer, Range, Tensor


def kinks(layer: Layer, values: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
    """For every maximum, minimum, abs, sign, max and condition on values: its label and, entry by entry, the distance
    of its arguments from each other (of the largest two, for `max`), as float64.

    Raises DerivationError for missing values.
    """
    return [(label, np.abs(apart)) for label, apart in _differences(layer, values)]


def sides(layer: Layer, values: Mapping[str, Any]) -> dict[str, frozenset[int]]:
    """For every maximum, minimum, abs, sign and condition on values, by its label: on which sides of it entries lie.

    Raises DerivationError for missing values.
    """
    found: dict[str, frozenset[int]] = {}
    for label, apart in _differences(layer, values):
        if not label.startswith("max["):
            signs = frozenset(np.sign(apart[np.isfinite(apart)]).astype(int).tolist())
            found[label] = found.get(label, frozenset()) | (signs - {0})
    return found


def _differences(layer: Layer, values: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
    from derivations.evaluate import evaluate_equations

    probes = _probes(layer)
    if not probes:
        return []
    results = evaluate_equations(layer, [*layer.equations, *(probe for _, probe in probes)], values, "float64")
    return [(label, results[probe.name]) for label, probe in probes]


@lru_cache(maxsize=256)
def _probes(layer: Layer) -> tuple[tuple[str, Equation], ...]:
    """Every label with the equation that gives the distance: the same ones each time, which evaluate faster."""
    found: list[tuple[str, Equation]] = []
    for equation in layer.equations:
        for label, distance, ranges in kinks_of(equation):
            apart = Tensor(f"kink {len(found)}", tuple(high - low + 1 for low, high in ranges.values()))
            found.append((label, Equation(apart[tuple(ranges)], distance, ranges)))
    return tuple(found)


def has_kinks(layer: Layer) -> bool:
    """Whether anything in the layer's equations has a kink or a tie."""
    return any(True for equation in layer.equations for _ in kinks_of(equation))


def kink_labels(layer: Layer) -> list[str]:
    """What has a kink or a tie in the layer's equations, as `kinks` labels it."""
    return [label for equation in layer.equations for label, _, _ in kinks_of(equation)]


def kinks_of(equation: Equation) -> Iterator[tuple[str, sp.Expr, dict[sp.Symbol, Range]]]:
    """Every kink and tie on the right side: its label, what is 0 on it, and the ranges of the indices in that."""
    from derivations.render.plain import Plain, plain

    ranges = dict(equation.ranges)
    for node in walk(equation.rhs):
        if isinstance(node, BINDERS):
            ranges.update({index: (low, high) for index, low, high in node.limits})
    for node in walk(equation.rhs):
        distance: sp.Expr | None = None
        if isinstance(node, maximum | minimum):
            distance = node.args[0] - node.args[1]
        elif isinstance(node, absolute | sign):
            distance = node.args[0]
        elif isinstance(node, Where | Bracket):
            condition = node.args[0]
            for relation in condition.atoms(sp.core.relational.Relational):
                if not _moves_in_steps(relation):
                    difference = relation.lhs - relation.rhs
                    yield Plain().condition(relation), difference, _ranges_in(difference, ranges)
        elif isinstance(node, MaxOver):
            distance = _runner_up(node)
            yield plain(node), distance, _ranges_in(distance, ranges)
            continue
        if distance is not None:
            yield plain(node), distance, _ranges_in(distance, ranges)


def _moves_in_steps(relation: sp.Basic) -> bool:
    """Whether a relation is made of whole numbers only (indices, labels, masks): no real input comes near its edge."""
    return all(part.is_integer for part in walk(relation) if isinstance(part, sp.Indexed | sp.Symbol))


def _ranges_in(expression: sp.Expr, ranges: Mapping[sp.Symbol, Range]) -> dict[sp.Symbol, Range]:
    return {index: ranges[index] for index in ranges if index in expression.free_symbols}


def _runner_up(extreme: MaxOver) -> sp.Expr:
    """The largest value less the largest at any other place: at every place, how far it is from the largest."""
    from derivations.expressions import FirstMaximum

    places = {index: sp.Dummy(index.name, integer=True) for index, _, _ in extreme.limits}
    body = extreme.function.xreplace(places)
    lowered = body - FirstMaximum(extreme, *places.values()) * (abs_bound(extreme))
    return extreme - MaxOver(lowered, *((places[i], low, high) for i, low, high in extreme.limits))


def abs_bound(extreme: MaxOver) -> sp.Expr:
    """Something that is larger than the spread of the values that a maximum runs over."""
    places = {index: sp.Dummy(index.name, integer=True) for index, _, _ in extreme.limits}
    body = extreme.function.xreplace(places)
    limits = [(places[i], low, high) for i, low, high in extreme.limits]
    return 1 + 2 * sp.Sum(absolute(body), *limits)
