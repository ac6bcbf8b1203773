"""Case distinctions turned around or left out, and options left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import sympy as sp

from derivations.expressions import Bracket, Where
from derivations.practice.truth import Form, Truth, is_guard


def branches(truth: Truth) -> Iterator[Form]:
    """A case distinction turned around, with another edge, or with one case alone."""
    edges = {}
    for node in truth.parts:
        if not isinstance(node, Where | Bracket) or is_guard(node):
            continue
        condition = node.args[0]
        yes, no = node.args[1:] if isinstance(node, Where) else (sp.S.One, sp.S.Zero)
        relations = condition.atoms(*_OTHER_EDGE)
        if not relations:
            continue
        shown = truth.text(condition)
        edged = condition.xreplace({r: _OTHER_EDGE[r.func](r.lhs, r.rhs) for r in relations})
        for case in (condition, edged):
            turned = truth.with_part(node, Where(case, no, yes))
            yield f"the cases are turned around: which is which, {shown} says", turned
        for relation in relations:
            holds = "holds" if isinstance(relation, sp.Ge | sp.Le) else "does not hold"
            edge = f"where {truth.text(relation.lhs)} = {truth.text(relation.rhs)}, {truth.text(relation)} {holds}"
            other = {relation: _OTHER_EDGE[relation.func](relation.lhs, relation.rhs)}
            edges[node] = Where(condition.xreplace(other), yes, no)
            yield f"it is right but on the edge: {edge}", truth.with_part(node, edges[node])
        if isinstance(node, Where):
            yield f"there are two cases: yours is the one where {shown}", truth.with_part(node, yes)
            yield f"there are two cases: yours is not the one where {shown}", truth.with_part(node, no)
            missing = truth.with_part(node, Where(condition, sp.S.Zero, no))
            yield f"the case where {shown} is missing", missing
            missing = truth.with_part(node, Where(condition, yes, sp.S.Zero))
            yield f"the case where {shown} does not hold is missing", missing
    if len(edges) > 1:
        yield "it is right but on the edges between its cases", truth.form.xreplace(edges)


_OTHER_EDGE = {
    sp.StrictGreaterThan: sp.Ge,
    sp.GreaterThan: sp.Gt,
    sp.StrictLessThan: sp.Le,
    sp.LessThan: sp.Lt,
}


def options_left_out(truth: Truth) -> Iterator[Form]:
    """An option forgotten, which is as if it were 0 or 1, with the other sign, or in the place of another."""
    for option in truth.layer.options:
        name = option.name
        for value in (0, 1):
            said = f"{name} is left out: your answer is right where it is {value}"
            yield from _with_options(truth, said, {option.symbol: sp.Integer(value)})
        yield from _with_options(truth, f"the sign of {name} is wrong", {option.symbol: -option.symbol})
        if not option.integer:
            said = f"1 - {name} stands where {name} belongs"
            yield from _with_options(truth, said, {option.symbol: 1 - option.symbol})
    for one, other in itertools.combinations(truth.layer.options, 2):
        if one.integer == other.integer:
            said = f"{one.name} and {other.name} have changed places"
            yield from _with_options(truth, said, {one.symbol: other.symbol, other.symbol: one.symbol})


def _with_options(truth: Truth, said: str, values: dict[sp.Symbol, sp.Expr]) -> Iterator[Form]:
    """The form with other options, read outside of its tensors where they say so."""
    if truth.bare.has(*values):
        other = truth.bare.xreplace(values)
        if not other.has(sp.zoo, sp.nan):
            yield said, truth.guarded(other)
