"""A sum that runs over the wrong index, or hardly runs at all."""

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from checks.hypotheses.explanation import Explanation
from checks.suspect import Suspect
from derivations import Equation
from derivations.expressions import walk


def other_axis(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one of its sums over another index: along rows where it should be along columns."""
    for equation, node, bound, kept in _sums_beside(suspect):
        for free, reach in equation.ranges.items():
            if free != kept and free in node.function.free_symbols:
                turned = sp.Sum(node.function.xreplace({bound: kept, free: bound}), (bound, *reach))
                if _right_with(suspect, equation, node, turned):
                    what = f"over {free}, not {kept}"
                    said = f"in {suspect.name}, a sum{_place(suspect, equation)} runs {what}: the wrong axis"
                    yield Explanation(what, said)


def own_entry_of_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one of its sums cut down to the entry at hand: inside the layer, a coupling is dropped."""
    for equation, node, bound, kept in _sums_beside(suspect):
        if _right_with(suspect, equation, node, node.function.xreplace({bound: kept})):
            said = f"a sum{_place(suspect, equation)} counts its own {kept} only: the off-diagonal terms are dropped"
            yield Explanation(f"own {kept} in {equation.name}", f"in {suspect.name}, {said}")


def _sums_beside(suspect: Suspect) -> Iterator[tuple[Equation, sp.Sum, sp.Symbol, sp.Symbol]]:
    """Sums over one index, that index, and a free one that it has the range of, and that the sum does not read."""
    for equation in suspect.equations if suspect.fits else ():
        for node in walk(equation.rhs):
            if isinstance(node, sp.Sum) and len(node.limits) == 1:
                bound, *within = node.limits[0]
                for kept, reach in equation.ranges.items():
                    if tuple(reach) == tuple(within) and kept not in node.function.free_symbols:
                        yield equation, node, bound, kept


def _right_with(suspect: Suspect, equation: Equation, node: sp.Sum, instead: sp.Expr) -> bool:
    return suspect.explained_by(suspect.answer_by(replace(equation, rhs=equation.rhs.xreplace({node: instead}))))


def _place(suspect: Suspect, equation: Equation) -> str:
    return "" if equation.name == suspect.name else f" in {equation.name}"
