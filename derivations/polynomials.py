"""Index expressions as polynomials with whole coefficients: SymPy's own `expand` and `coeff` are made for far more."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from derivations.expressions import walk

# What is not taken apart: a symbol, an entry of an integer tensor, a quotient, a remainder.
Atom = Any
Monomial = tuple[Atom, ...]
Polynomial = Mapping[Monomial, int | Fraction]

ONE: Polynomial = {(): 1}


@lru_cache(maxsize=8192)
def polynomial(expression: sp.Expr) -> Polynomial:
    """An expression, multiplied out. Not to be written to."""
    if expression.is_Integer:
        return {(): int(expression)} if expression != 0 else {}
    if expression.is_Rational:
        return {(): Fraction(int(expression.p), int(expression.q))}
    if isinstance(expression, sp.Add):
        return plus(*map(polynomial, expression.args))
    if isinstance(expression, sp.Mul):
        return times(*map(polynomial, expression.args))
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer and expression.exp > 0:
        return times(*[polynomial(expression.base)] * int(expression.exp))
    return {(expression,): 1}


def plus(*parts: Polynomial) -> Polynomial:
    """The sum."""
    total: dict[Monomial, int | Fraction] = {}
    for part in parts:
        for monomial, coefficient in part.items():
            total[monomial] = total.get(monomial, 0) + coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def times(*parts: Polynomial) -> Polynomial:
    """The product."""
    product = ONE
    for part in parts:
        grown: dict[Monomial, int | Fraction] = {}
        for (left, c), (right, d) in itertools.product(product.items(), part.items()):
            monomial = multiplied(left + right)
            grown[monomial] = grown.get(monomial, 0) + c * d
        product = {monomial: coefficient for monomial, coefficient in grown.items() if coefficient}
    return product


def scaled(part: Polynomial, by: int | Fraction) -> Polynomial:
    """A polynomial times a number."""
    return {monomial: by * coefficient for monomial, coefficient in part.items()}


def minus(left: Polynomial, right: Polynomial) -> Polynomial:
    """The difference."""
    return plus(left, scaled(right, -1))


def divided(part: Polynomial, by: Polynomial) -> Polynomial | None:
    """The quotient where `by` has one term that divides every term; else None."""
    if len(by) != 1:
        return None
    ((factors, number),) = by.items()
    quotient: dict[Monomial, int | Fraction] = {}
    for monomial, coefficient in part.items():
        left = list(monomial)
        for factor in factors:
            if factor not in left:
                return None
            left.remove(factor)
        quotient[tuple(left)] = Fraction(coefficient) / number
    return quotient


def slope_and_rest(part: Polynomial, atom: Atom) -> tuple[Polynomial, Polynomial]:
    """(a, b) where the polynomial is a*atom + b and every term of a has one `atom` less."""
    slope, rest = {}, {}
    for monomial, coefficient in part.items():
        if atom in monomial:
            at = monomial.index(atom)
            slope[monomial[:at] + monomial[at + 1 :]] = coefficient
        else:
            rest[monomial] = coefficient
    return slope, rest


def with_values(part: Polynomial, values: Mapping[Atom, Polynomial]) -> Polynomial:
    """The polynomial with polynomials in the place of some atoms."""
    return plus(
        *(
            times({(): coefficient}, *(values.get(atom, {(atom,): 1}) for atom in monomial))
            for monomial, coefficient in part.items()
        )
    )


def atoms(part: Polynomial) -> set[Atom]:
    """What the polynomial is made of."""
    return {atom for monomial in part for atom in monomial}


def mentions(part: Polynomial, atom: Atom) -> bool:
    """Whether an atom occurs, also inside another."""
    return any(atom in _nodes(other) for other in atoms(part))


def inner_atoms(part: Polynomial) -> set[sp.Basic]:
    """The atoms and everything inside them."""
    return set().union(*(_nodes(atom) for atom in atoms(part)))


@lru_cache(maxsize=8192)
def _nodes(atom: Atom) -> frozenset[sp.Basic]:
    return frozenset(walk(atom))


def multiplied(factors: Iterable[Atom]) -> Monomial:
    """The product of atoms."""
    return tuple(sorted(factors, key=label))


@lru_cache(maxsize=8192)
def label(atom: Atom) -> str:
    """An atom as text: what monomials are sorted by."""
    return str(atom)
