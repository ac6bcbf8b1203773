"""In which order equations are computed: one after the other, or, in a recurrence, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from derivations.expressions import entries, entry_indices, tensor_names
from derivations.layer import DerivationError, Equation, Layer


@dataclass(frozen=True)
class Group:
    """Equations that are computed together. `axis` is the index position that a recurrence steps along, upwards
    where `step` is 1, downwards where it is -1; None where there is no recurrence."""

    equations: tuple[Equation, ...]
    axis: int | None = None
    step: int = 1


def schedule(equations: Sequence[Equation]) -> list[Group]:
    """Groups of equations, each after those that it needs.

    Raises DerivationError where a tensor is defined by itself at the same step.
    """
    return list(_schedule(tuple(equations)))


@lru_cache(maxsize=512)
def _schedule(equations: tuple[Equation, ...]) -> tuple[Group, ...]:
    by_name = {equation.name: equation for equation in equations}
    used = {equation.name: tensor_names(equation.rhs) for equation in equations}
    needs = {name: [other for other in by_name if other in used[name]] for name in by_name}
    return tuple(_group([by_name[name] for name in component], needs) for component in components(needs))


def components(needs: dict[str, list[str]]) -> list[list[str]]:
    """Strongly connected components in dependency order (Tarjan, 1972, SIAM J. Comput. 1(2))."""
    position: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> Iterator[str]:
        position[name] = lowest[name] = len(position)
        stack.append(name)
        for other in needs[name]:
            if other not in position:
                yield other
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], position[other])
        if lowest[name] == position[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            found.append([n for n in needs if n in component])

    for root in needs:
        if root not in position:
            walk = [visit(root)]
            while walk:  # an explicit stack: deep networks must not meet Python's recursion limit
                child = next(walk[-1], None)
                walk.append(visit(child)) if child is not None else walk.pop()
    return found


def _group(equations: list[Equation], needs: dict[str, list[str]]) -> Group:
    names = {equation.name for equation in equations}
    if len(equations) == 1 and equations[0].name not in needs[equations[0].name]:
        return Group(tuple(equations))
    rank = min(len(entry_indices(equation.lhs)) for equation in equations)
    for axis in range(rank):
        lags = {(e.name, name): _lags(e, name, axis) for e in equations for name in names}
        steps = {int(sp.sign(lag)) for found in lags.values() if found is not None for lag in found} - {0}
        if len(steps) != 1 or any(found is None for found in lags.values()):
            continue
        same_step = {e.name: [n for n in names if 0 in (lags[e.name, n] or ())] for e in equations}
        order = components(same_step)
        if all(len(component) == 1 and component[0] not in same_step[component[0]] for component in order):
            by_name = {equation.name: equation for equation in equations}
            return Group(tuple(by_name[component[0]] for component in order), axis, -steps.pop())
    if len(equations) == 1:
        raise DerivationError(f"{equations[0].name!r} is defined by itself, and not by an earlier step of itself")
    raise DerivationError(f"these tensors are defined by each other at the same step: {', '.join(sorted(names))}")


def _lags(equation: Equation, name: str, axis: int) -> list[int] | None:
    """By how many steps the equation looks ahead (negative: back) in the named tensor; None if by no fixed number."""
    here = entry_indices(equation.lhs)[axis]
    lags = [sp.expand(entry_indices(entry)[axis] - here) for entry in entries(equation.rhs, name)]
    return [int(lag) for lag in lags] if all(lag.is_Integer for lag in lags) else None


def users(equations: Iterable[Equation], name: str) -> list[Equation]:
    """The equations in which a tensor occurs on the right."""
    return [equation for equation in equations if any(entries(equation.rhs, name))]


def totals(layer: Layer) -> tuple[str, ...]:
    """The outputs that equations use again: beside the cotangent from outside, `dh`, they have `dh_total`."""
    return tuple(name for name in layer.output_names if users(layer.equations, name))
