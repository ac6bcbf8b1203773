"""Is this step, this claim, this learner's line true? A proof or a counterexample.

Two expressions with the same normal form (`normal`) are the same function for all sizes: proved. Where none is found,
they are compared at random points (`points`): certified, or refuted by a counterexample (`counterexample`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import sympy as sp

from derivations.evidence import Counterexample, Proof
from derivations.expressions import Elementary, entries, entry_indices, entry_name, with_fresh_bounds
from derivations.layer import Claim, Equation, Layer, Range
from derivations.normal import TooHardError, vanishes
from derivations.points import at_points
from derivations.question import Question
from derivations.ranges import Known
from derivations.schedule import schedule

if TYPE_CHECKING:
    from derivations.backward import Derivation

__all__ = ["Counterexample", "Proof", "inline", "prove", "prove_claim", "unrolled"]


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
    known = Known.of(layer, ranges)
    tried: set[sp.Expr] = set()
    for rewritten, how in _rewritten(left, right, given):
        if rewritten not in tried and _vanishes(rewritten, known):
            return Proof(True, f"the same normal form{how}, for all sizes", for_all_sizes=True)
        tried.add(rewritten)
    return at_points(Question.of(left, right, layer, ranges, given))


def _rewritten(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Iterator[tuple[sp.Expr, str]]:
    """The difference of two expressions, definition by definition written out; equals replace equals."""
    yield left - right, ""
    defining = next((e for e in given if isinstance(left, sp.Indexed) and e.name == entry_name(left)), None)
    if defining is not None:
        yield (left := _written_out(left, defining)) - right, " once its definition is written out"
    for difference in _one_sided(left, right, given):
        yield difference, " once what only one side names is written out"
    # What divides or stands under a root, such as v + eps, is most often the same on both sides: it stays named.
    yield inline(left - right, given, opaque=_divides), " once the definitions are written out"
    yield inline(left - right, given), " once the definitions are written out"
    for expression in unrolled(left - right, given, without=defining):
        yield inline(expression, given), " once the recurrence is written out"


def _one_sided(left: sp.Expr, right: sp.Expr, given: Sequence[Equation]) -> Iterator[sp.Expr]:
    """The difference with one tensor after the other written out that only one side names, those computed last first.

    What both sides name is most often the same on both: it stays as short as it is.
    """
    for group in reversed(schedule(given)):
        for equation in reversed(group.equations):
            named = [any(entries(side, equation.name)) for side in (left, right)]
            if named[0] != named[1]:
                opaque = _nothing if group.axis is None else _elementary
                left, right = (_written_out(side, equation, opaque) for side in (left, right))
                yield left - right


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
    """The expression with every entry of a tensor written out, except inside what is `opaque`."""
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

    return visit(with_fresh_bounds(expression)) if any(entries(expression, equation.name)) else expression


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
