"""A proof by cases: two expressions on either side of each of their kinks, and on the kinks.

The normal form takes a condition as it stands: it does not know that x**3 is positive where x is, nor that what is
larger than 3 is positive. Here a sign is either known, because the signs that are assumed so far imply it, or both
sides are compared once for each sign that it may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp
from sympy.core.relational import Relational

from derivations.affine import TooHardError
from derivations.evidence import Proof
from derivations.expressions import (
    BINDERS,
    absolute,
    entry_name,
    exp,
    log,
    maximum,
    minimum,
    sigmoid,
    sign,
    walk,
)
from derivations.kinks import kinks_of
from derivations.layer import Equation, Layer, Range
from derivations.proof import inline, proved

Row = dict[sp.Expr, Fraction]
Inequality = tuple[sp.Expr, bool]  # an expression that is positive, or, where that is False, not negative

MOST_CASES = 60
MOST_ROWS = 300  # inequalities, while one monomial after the other is eliminated from them


def proved_by_cases(
    truth: sp.Expr, answer: sp.Expr, layer: Layer, ranges: Mapping[sp.Symbol, Range], given: Sequence[Equation]
) -> Proof | None:
    """The proof that two expressions are equal in every case that their kinks make; None where none is found.

    They are compared where the layer's equations have a value. In a layer of scalars, which has ordinary derivatives,
    the answer may be undefined on the layer's own kinks, where there is no derivative.
    """
    try:
        sides = inline(truth, given), inline(answer, given)
        facts = [(inline(fact, given), strict) for fact, strict in _domain(layer, sides)]
        kinks = [inline(distance, given) for e in layer.equations for _, distance, _ in kinks_of(e)]
    except TooHardError:
        return None
    scalar = not any(tensor.sizes for tensor in layer.tensors)
    cases = Cases(layer, ranges, frozenset(kinks + [-kink for kink in kinks]) if scalar else frozenset())
    if not cases.agree(*sides, tuple(facts)):
        return None
    where = f"in each of {cases.count} cases" if cases.count > 1 else "where the equations have a value"
    return Proof(True, f"the same normal form {where}, for all sizes", for_all_sizes=True)


def _domain(layer: Layer, sides: tuple[sp.Expr, sp.Expr]) -> Iterator[Inequality]:
    """What is positive by its declaration, or because its logarithm or root is taken by the equations or the truth."""
    positive = {tensor.name for tensor in layer.tensors if tensor.positive}
    for side in sides:
        for node in walk(side):
            if isinstance(node, sp.Indexed | sp.Symbol) and entry_name(node) in positive:
                yield node, True
    for expression in (sides[0], *(equation.rhs for equation in layer.equations)):
        for node in walk(expression):
            if isinstance(node, log) and _is_scalar(node.args[0]):
                yield node.args[0], True
            elif isinstance(node, sp.Pow) and node.exp.is_Rational and node.exp.q % 2 == 0 and _is_scalar(node.base):
                yield node.base, bool(node.exp.is_negative)


def _is_scalar(expression: sp.Expr) -> bool:
    return bool(expression.free_symbols) and not expression.atoms(sp.Indexed)


@dataclass
class Cases:
    """Cases of two expressions; `excused` are the kinks on which the second may be undefined."""

    layer: Layer
    ranges: Mapping[sp.Symbol, Range]
    excused: frozenset[sp.Expr]
    count: int = field(default=0)

    def agree(self, truth: sp.Expr, answer: sp.Expr, facts: tuple[Inequality, ...]) -> bool:
        """Whether two expressions are equal wherever all of `facts` are so."""
        kink = _innermost_kink(truth, answer)
        if kink is None:
            self.count += 1
            return self.count <= MOST_CASES and proved(truth, answer, self.layer, self.ranges) is not None
        distance = _distance(kink)
        known, open_factor = _sign(distance, facts)
        if known is not None:
            value = {kink: _value(kink, known)}
            return self.agree(truth.xreplace(value), answer.xreplace(value), facts)
        if open_factor is None:
            return False
        sides = [(*facts, (open_factor, True)), (*facts, (-open_factor, True))]
        return all(_contradict(side) or self.agree(truth, answer, side) for side in sides) and self._agree_on(
            open_factor, truth, answer, facts
        )

    def _agree_on(self, zero: sp.Expr, truth: sp.Expr, answer: sp.Expr, facts: tuple[Inequality, ...]) -> bool:
        """Whether two expressions are equal where `zero` is 0."""
        if _contradict([*facts, (zero, False), (-zero, False)]):
            return True
        for entry in sorted(zero.atoms(sp.Indexed) | zero.free_symbols, key=sp.default_sort_key):
            slope = sp.expand(zero).coeff(entry)
            if entry.is_integer or not slope.is_Rational or slope == 0:
                continue
            value = {entry: sp.expand(entry - zero / slope)}
            if zero.xreplace(value).expand() != 0:
                continue
            there, yours = truth.xreplace(value), answer.xreplace(value)
            if there.has(sp.zoo, sp.nan, sp.oo):
                return True
            if yours.has(sp.zoo, sp.nan, sp.oo):
                return zero in self.excused
            return self.agree(there, yours, tuple((fact.xreplace(value), strict) for fact, strict in facts))
        return False


# ------------------------------------------------------------------------------------------ kinks


def _innermost_kink(*sides: sp.Expr) -> sp.Basic | None:
    """A kink that has no other inside of it, and that does not depend on an index that something runs over."""
    bound = {limit[0] for side in sides for node in walk(side) if isinstance(node, BINDERS) for limit in node.limits}
    for side in sides:
        for node in walk(side):
            if is_kink(node) and not (bound & node.free_symbols or _has_a_kink(node.args)):
                return node
    return None


def _has_a_kink(parts: Iterable[sp.Basic]) -> bool:
    return any(is_kink(node) for part in parts for node in walk(part))


def is_kink(node: sp.Basic) -> bool:
    """Whether a part of an expression is a condition on real numbers, or a function that has one in it."""
    if isinstance(node, Relational):
        return not (node.lhs.is_integer and node.rhs.is_integer)
    return isinstance(node, absolute | sign | maximum | minimum)


def _distance(kink: sp.Basic) -> sp.Expr:
    """What is 0 on a kink."""
    return kink.args[0] if isinstance(kink, absolute | sign) else kink.args[0] - kink.args[1]


def _value(kink: sp.Basic, known: int) -> sp.Basic:
    """What a kink is where its distance has a sign that is known."""
    if isinstance(kink, sign):
        return sp.Integer(known)
    if isinstance(kink, absolute):
        return known * kink.args[0]
    if isinstance(kink, maximum):
        return kink.args[0] if known >= 0 else kink.args[1]
    if isinstance(kink, minimum):
        return kink.args[0] if known <= 0 else kink.args[1]
    return sp.true if kink.func(sp.Integer(known), sp.S.Zero) == sp.true else sp.false


# ------------------------------------------------------------------------------------------ signs


def _sign(expression: sp.Expr, facts: tuple[Inequality, ...]) -> tuple[int | None, sp.Expr | None]:
    """The sign of an expression, or the first of its factors whose sign the facts leave open."""
    if expression.is_Add:
        with suppress(sp.PolynomialError):
            expression = sp.factor_terms(expression) if not _is_short(expression) else sp.factor(expression)
    total = 1
    for factor in sp.Mul.make_args(expression):
        base, exponent = factor.as_base_exp() if isinstance(factor, sp.Pow) else (factor, sp.S.One)
        known = _sign_of_factor(base, facts)
        if known is None:
            return None, base
        if known == 0 and not exponent.is_positive:
            return None, None
        total *= known if exponent.is_Integer and exponent % 2 else abs(known)
    return total, None


def _is_short(expression: sp.Expr) -> bool:
    return sum(1 for _ in walk(expression)) < 40 and bool(expression.is_polynomial(*expression.free_symbols))


def _sign_of_factor(factor: sp.Expr, facts: tuple[Inequality, ...]) -> int | None:
    if factor.is_zero:
        return 0
    if _is_surely_positive(factor):
        return 1
    if factor.is_negative:
        return -1
    if _contradict([*facts, (-factor, False)]):
        return 1
    return -1 if _contradict([*facts, (factor, False)]) else None


def _is_surely_positive(monomial: sp.Expr) -> bool:
    size = isinstance(monomial, sp.Symbol) and monomial.is_integer and monomial.name[0].isupper()
    return bool(monomial.is_positive) or size or isinstance(monomial, exp | sigmoid)


def _contradict(inequalities: Sequence[Inequality]) -> bool:
    """Whether no values satisfy all of them, monomials taken for variables of their own (Fourier and Motzkin)."""
    rows = [(_row(expression), strict) for expression, strict in inequalities]
    monomials = {monomial for row, _ in rows for monomial in row if monomial != 1}
    for monomial in monomials:
        factors = sp.Mul.make_args(monomial)
        if all(_is_surely_positive(factor) or factor.is_nonnegative for factor in factors):
            rows.append(({monomial: Fraction(1)}, all(map(_is_surely_positive, factors))))
    for monomial in sorted(monomials, key=sp.default_sort_key):
        above = [both for both in rows if both[0].get(monomial, 0) > 0]
        below = [both for both in rows if both[0].get(monomial, 0) < 0]
        rows = [both for both in rows if not both[0].get(monomial, 0)]
        rows += [
            (_combined(one, -other[monomial], other, one[monomial]), strict or also)
            for one, strict in above
            for other, also in below
        ]
        if len(rows) > MOST_ROWS:
            return False
    return any(row.get(sp.S.One, 0) < 0 or (strict and not row.get(sp.S.One, 0)) for row, strict in rows)


def _row(expression: sp.Expr) -> Row:
    found = sp.expand(expression).as_coefficients_dict()
    return {monomial: Fraction(int(c.p), int(c.q)) for monomial, c in found.items() if c.is_Rational and c != 0}


def _combined(one: Row, by: Fraction, other: Row, times: Fraction) -> Row:
    total = {m: by * one.get(m, 0) + times * other.get(m, 0) for m in {*one, *other}}
    return {monomial: Fraction(c) for monomial, c in total.items() if c}
