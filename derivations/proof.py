"""Is this step, this claim, this learner's line true? A proof or a counterexample.

Two expressions with the same normal form (`normal`) are the same function for all sizes: proved. Where none is found,
they are compared at random points (`points`): certified, or refuted by a counterexample (`counterexample`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import sympy as sp

from derivations.evidence import Counterexample, Proof
from derivations.expressions import Elementary, entries, entry_indices, entry_name, walk, with_fresh_bounds
from derivations.layer import Claim, Equation, Layer, Range
from derivations.normal import TooHardError, vanishes
from derivations.points import at_points
from derivations.question import Question
from derivations.ranges import Known
from derivations.schedule import schedule

if TYPE_CHECKING:
    from derivations.backward import Derivation

__all__ = ["Counterexample", "Proof", "inline", "prove", "prove_claim", "unrolled"]

LONGEST = 3000  # nodes of an expression; no proof of the catalogue takes half as many


def prove(
    left: sp.Expr,
    right: sp.Expr,
    layer: Layer,
    ranges: Mapping[sp.Symbol, Range],
    given: Sequence[Equation] = (),
) -> Proof:
    """Whether two expressions are the same function, given some equations.

    Tensors that `given` defines are written out; all others may be anything.
    """
    return proved(left, right, layer, ranges, given) or at_points(Question.of(left, right, layer, ranges, given))


def proved(
    left: sp.Expr,
    right: sp.Expr,
    layer: Layer,
    ranges: Mapping[sp.Symbol, Range],
    given: Sequence[Equation] = (),
) -> Proof | None:
    """The proof that two expressions have one normal form, given some equations; None where none is found."""
    known = Known.of(layer, ranges)
    tried: set[sp.Expr] = set()
    for strategy in _STRATEGIES:
        try:
            for rewritten, how in strategy(left, right, given):
                if rewritten not in tried and _vanishes(rewritten, known):
                    return Proof(True, f"the same normal form{how}, for all sizes", for_all_sizes=True)
                tried.add(rewritten)
        except TooHardError:
            continue
    return None


# What follows gives the difference of two expressions, definition by definition written out: equals replace equals.
Differences = Iterator[tuple[sp.Expr, str]]


def _as_it_stands(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Differences:
    yield left - right, ""
    defining = _definition(left, given)
    if defining is not None:
        yield _written_out(left, defining) - right, " once its definition is written out"


def _with_one_side_written_out(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Differences:
    """One tensor after the other that only one side names, those computed last first.

    What both sides name is most often the same on both: it stays as short as it is.
    """
    defining = _definition(left, given)
    if defining is not None:
        left = _written_out(left, defining)
    for group in reversed(schedule(given)):
        for equation in reversed(group.equations):
            named = [any(entries(side, equation.name)) for side in (left, right)]
            if named[0] != named[1]:
                opaque = _nothing if group.axis is None else _elementary
                left, right = (_written_out(side, equation, opaque) for side in (left, right))
                yield left - right, " once what only one side names is written out"


def _with_one_written_out(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Differences:
    for group in reversed(schedule(given)):
        for equation in group.equations if group.axis is None else ():
            if any(entries(left - right, equation.name)):
                yield _written_out(left - right, equation), f" once {equation.name} is written out"


def _with_all_written_out(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Differences:
    # What divides or stands under a root, such as v + eps, is most often the same on both sides: it stays named.
    for opaque in (_divides, _nothing):
        yield inline(left - right, given, opaque), " once the definitions are written out"


def _with_recurrences_written_out(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Differences:
    defining = _definition(left, given)
    if defining is not None:
        left = _written_out(left, defining)
    for expression in unrolled(left - right, given, without=defining):
        yield inline(expression, given), " once the recurrence is written out"


def _definition(left: sp.Expr, given: Sequence[Equation]) -> Equation | None:
    """The equation of the tensor that is the left side, where it is one."""
    named = entry_name(left) if isinstance(left, sp.Indexed) else None
    return next((equation for equation in given if equation.name == named), None)


_STRATEGIES = (
    _as_it_stands,
    _with_one_written_out,
    _with_one_side_written_out,
    _with_all_written_out,
    _with_recurrences_written_out,
)


def prove_claim(claim: Claim, derivation: Derivation) -> Proof:
    """Whether a claim about a layer's tensors and cotangents follows from its equations."""
    return prove(claim.lhs, claim.rhs, derivation.layer, claim.ranges, derivation.equations)


def _nothing(node: sp.Basic) -> bool:
    return False


def _elementary(node: sp.Basic) -> bool:
    return isinstance(node, Elementary)


def _divides(node: sp.Basic) -> bool:
    return isinstance(node, sp.Pow) and not (node.exp.is_Integer and node.exp.is_positive)


def inline(expression: sp.Expr, given: Sequence[Equation], opaque: Callable[[sp.Basic], bool] = _nothing) -> sp.Expr:
    """Write out every tensor that an equation defines, except inside what is `opaque`; recurrences stay as they are."""
    for group in reversed(schedule(given)):
        if group.axis is None:
            for equation in group.equations:
                expression = _written_out(expression, equation, opaque)
    return expression


def _written_out(expression: sp.Expr, equation: Equation, opaque: Callable[[sp.Basic], bool] = _nothing) -> sp.Expr:
    """The expression with every entry of a tensor written out, except inside what is `opaque`.

    Raises TooHardError where it would become too long.
    """
    occurrences = sum(1 for _ in entries(expression, equation.name))
    if not occurrences:
        return expression
    if _length(expression) + occurrences * _length(equation.rhs) > LONGEST:
        raise TooHardError(f"too long with {equation.name} written out")
    indices = entry_indices(equation.lhs)

    def visit(node: sp.Basic) -> sp.Basic:
        if node == equation.lhs and not indices:
            return with_fresh_bounds(equation.rhs)
        if not node.args or opaque(node):
            return node
        if isinstance(node, sp.Indexed):
            if node.base.name != equation.name:
                return node
            here = dict(zip(indices, node.indices, strict=True))
            return with_fresh_bounds(equation.rhs).xreplace(here)
        return node.func(*(visit(part) for part in node.args))

    return visit(with_fresh_bounds(expression))


@lru_cache(maxsize=4096)
def _length(expression: sp.Basic) -> int:
    return sum(1 for _ in walk(expression))


def unrolled(expression: sp.Expr, given: Sequence[Equation], without: Equation | None = None) -> Iterator[sp.Expr]:
    """The expression with one tensor of a recurrence after the other written out once, those computed last first.

    What that brings in of earlier steps stays as it is, and so does what stands inside functions, as the state does
    inside the function that makes the next one: there is no end to a recurrence.
    """
    yield expression
    for group in reversed(schedule(given)):
        for equation in reversed(group.equations):
            if group.axis is not None and equation is not without and any(entries(expression, equation.name)):
                expression = _written_out(expression, equation, opaque=_elementary)
                yield expression


def _vanishes(difference: sp.Expr, known: Known) -> bool:
    try:
        return vanishes(difference, known)
    except TooHardError:
        return False
