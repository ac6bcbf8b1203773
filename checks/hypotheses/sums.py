"""A sum that runs over the wrong index, or hardly runs at all."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

import sympy as sp

from checks.hypotheses.explanation import Explanation, place
from checks.hypotheses.operands import alone_at
from checks.hypotheses.terms import parts
from checks.suspect import Suspect
from derivations import Equation
from derivations.expressions import index, tensor_names, walk
from derivations.layer import Range

MOST_MOVED = 2  # factors that are moved into a sum; with more, subsets become many


def other_axis(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one of its sums, or means, over another index: along rows instead of columns."""
    for equation, node, total, outside, kept in _sums_with_factors(suspect):
        ((bound, *_),) = total.limits
        for free, reach in equation.ranges.items():
            if free != kept and free in total.function.free_symbols:
                turned = outside * sp.Sum(total.function.xreplace({bound: kept, free: bound}), (bound, *reach))
                as_mean = turned * _extent(equation.ranges[kept]) / _extent(reach)
                if any(suspect.explained_with(equation, {node: instead}) for instead in (turned, as_mean)):
                    what = f"over {free}, not {kept}"
                    said = f"in {suspect.name}, a sum{place(suspect, equation)} runs {what}: the wrong axis"
                    yield Explanation(what, said)


def own_entry_of_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one of its sums cut down to the entry at hand: inside the layer, a coupling is dropped."""
    for equation, node, bound, kept in _sums_beside(suspect):
        if suspect.explained_with(equation, {node: node.function.xreplace({bound: kept})}):
            said = f"a sum{place(suspect, equation)} counts its own {kept} only: the off-diagonal terms are dropped"
            yield Explanation(f"own {kept} in {equation.name}", f"in {suspect.name}, {said}")


def one_term_of_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one index of one of its sums, or of all of them, at its first or last value only."""
    yield from _one_place_of_all(suspect)
    for equation, node in _sums(suspect):
        for bound, low, high in node.limits:
            others = [limit for limit in node.limits if limit[0] != bound]
            bodies = {word: node.function.xreplace({bound: at}) for word, at in (("first", low), ("last", high))}
            cut = {word: sp.Sum(body, *others) if others else body for word, body in bodies.items()}
            words = [word for word, instead in cut.items() if suspect.explained_with(equation, {node: instead})]
            if len(words) == 1:  # where both do, what the sum is hardly matters
                said = f"a sum{place(suspect, equation)} counts the {words[0]} {bound} only: = where += belongs"
                yield Explanation(f"{words[0]} {bound} in {equation.name}", f"in {suspect.name}, {said}")


def _one_place_of_all(suspect: Suspect) -> Iterator[Explanation]:
    """got = what its own equation gives if nothing but the first, or last, entries along an axis come in.

    Of a recurrence, whose start stands outside of its sums over the steps, one step is left.
    """
    read = tensor_names(suspect.equations[-1].rhs) if suspect.fits and suspect.is_cotangent else frozenset()
    inner = [e.name for e in suspect.equations[:-1] if e.name in read and e.name in suspect.operands]
    own = {*suspect.axis_names(suspect.name)} if inner else set()
    letters = dict.fromkeys(letter for name in inner for letter in suspect.axis_names(name) if letter not in own)
    for letter in letters:
        axes = {name: suspect.axis_names(name).index(letter) for name in inner if letter in suspect.axis_names(name)}
        if len(axes) < len(inner):
            continue
        alone = {
            word: {name: alone_at(suspect.operands[name], (axis,), (at,)) for name, axis in axes.items()}
            for word, at in (("first", 0), ("last", -1))
        }
        words = [word for word, some in alone.items() if suspect.explained_by(suspect.answer_at(some, last=True))]
        if len(words) == 1:
            said = f"{suspect.name} counts the {words[0]} {letter} only: = where += belongs"
            yield Explanation(f"{words[0]} {letter} in {suspect.name}", said)
            return


def sum_over_too_much(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one of its sums, or means, over another index as well: one without an axis."""
    for equation, node in _sums(suspect):
        for free, reach in equation.ranges.items():
            if free in node.function.free_symbols:
                each = index(f"{free}_each")
                wider = sp.Sum(node.function.xreplace({free: each}), *node.limits, (each, *reach))
                for what, instead in (("sum", wider), ("mean", wider / _extent(reach))):
                    if suspect.explained_with(equation, {node: instead}):
                        said = f"a {what}{place(suspect, equation)} runs over {free} as well: an axis too many"
                        yield Explanation(f"over {free} in {equation.name}", f"in {suspect.name}, {said}")


def _sums(suspect: Suspect) -> Iterator[tuple[Equation, sp.Sum]]:
    """The sums in the equations that the answer depends on."""
    for equation in suspect.equations if suspect.fits else ():
        for node in walk(equation.rhs):
            if isinstance(node, sp.Sum):
                yield equation, node


def _sums_beside(suspect: Suspect) -> Iterator[tuple[Equation, sp.Sum, sp.Symbol, sp.Symbol]]:
    """Sums over one index, that index, and a free one that it has the range of, and that the sum does not read."""
    for equation in suspect.equations if suspect.fits else ():
        yield from _sums_beside_in(equation, walk(equation.rhs))


def _sums_beside_in(
    equation: Equation, nodes: Iterable[sp.Basic]
) -> Iterator[tuple[Equation, sp.Sum, sp.Symbol, sp.Symbol]]:
    for node in nodes:
        if isinstance(node, sp.Sum) and len(node.limits) == 1:
            bound, *within = node.limits[0]
            for kept, reach in equation.ranges.items():
                if tuple(reach) == tuple(within) and kept not in node.function.free_symbols:
                    yield equation, node, bound, kept


def _sums_with_factors(
    suspect: Suspect,
) -> Iterator[tuple[Equation, sp.Expr, sp.Sum, sp.Expr, sp.Symbol]]:
    """The same sums, and besides each the forms with some of the factors before it moved inside.

    An equation, what stands in it, the sum with the factors that are left outside, and the free index.
    """
    for equation, node, _, kept in _sums_beside(suspect):
        yield equation, node, node, sp.S.One, kept
    for equation in suspect.equations if suspect.fits else ():
        expanded = replace(equation, rhs=sp.Add(*parts(equation.rhs)))
        for term in sp.Add.make_args(expanded.rhs):
            for own, node, _, kept in _sums_beside_in(expanded, sp.Mul.make_args(term)):
                factors = [factor for factor in sp.Mul.make_args(term) if factor != node]
                movable = [factor for factor in factors if kept not in factor.free_symbols and factor.free_symbols]
                for count in range(1, min(len(movable), MOST_MOVED) + 1):
                    for moved in combinations(movable, count):
                        total = sp.Sum(sp.Mul(node.function, *moved), *node.limits)
                        yield own, term, total, term / node / sp.Mul(*moved), kept


def _extent(reach: Range) -> sp.Expr:
    """How many values an index has."""
    low, high = reach
    return high - low + 1
