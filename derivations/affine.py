"""Index expressions in normal form: polynomials with opaque quotients, remainders and gathers, as plain tuples.

An index expression is ((monomial, coefficient), ...), sorted; a monomial is a sorted tuple of names and opaque atoms.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

import sympy as sp

from derivations.expressions import floordiv, modulo

Affine = tuple


class TooHardError(ValueError):
    """The normal form would be larger than is worth the while."""


def name_of(symbol: sp.Symbol) -> str:
    """A symbol's name; two dummies that look the same are called differently."""
    return f"{symbol.name}#{symbol.dummy_index}" if isinstance(symbol, sp.Dummy) else symbol.name


@lru_cache(maxsize=8192)
def affine(expression: sp.Expr) -> Affine:
    """An index expression as a polynomial with opaque quotients, remainders and gathers."""
    if expression.is_Integer:
        return () if expression == 0 else (((), int(expression)),)
    if isinstance(expression, sp.Symbol):
        return (((name_of(expression),), 1),)
    if isinstance(expression, sp.Indexed):
        return ((((("T", expression.base.name, tuple(affine(i) for i in expression.indices))),), 1),)
    if isinstance(expression, sp.Add):
        return add_affine(*(affine(part) for part in expression.args))
    if isinstance(expression, sp.Mul):
        return multiply_affine([affine(part) for part in expression.args])
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer and expression.exp > 0:
        return multiply_affine([affine(expression.base)] * int(expression.exp))
    if isinstance(expression, floordiv | modulo):
        tag = "//" if isinstance(expression, floordiv) else "%"
        return ((((tag, *(affine(part) for part in expression.args)),), 1),)
    raise TooHardError(f"{expression} is no index expression")


def add_affine(*parts: Affine, scale: int = 1) -> Affine:
    """The sum of index expressions, times a number."""
    if len(parts) == 1 and scale == 1:
        return parts[0]
    total: dict[tuple, int] = {}
    for part in parts:
        for monomial, coefficient in part:
            total[monomial] = total.get(monomial, 0) + scale * coefficient
    return _in_order(total)


def multiply_affine(parts: list[Affine]) -> Affine:
    """The product of index expressions."""
    total: dict[tuple, int] = {(): 1}
    for part in parts:
        product: dict[tuple, int] = {}
        for (m, c), (n, d) in itertools.product(total.items(), part):
            monomial = tuple(sorted(m + n, key=repr)) if m and n else m or n
            product[monomial] = product.get(monomial, 0) + c * d
        total = product
    return _in_order(total)


def _in_order(terms: dict[tuple, int]) -> Affine:
    kept = [(monomial, coefficient) for monomial, coefficient in terms.items() if coefficient]
    return tuple(sorted(kept, key=repr)) if len(kept) > 1 else tuple(kept)


def solve_affine(zero: Affine, name: str) -> Affine | None:
    """The value of a symbol that makes an affine expression 0, where its coefficient is 1 or -1."""
    slope = 0
    for monomial, coefficient in zero:
        if monomial == (name,):
            slope = coefficient
        elif mentions(monomial, name):
            return None
    if slope not in {1, -1}:
        return None
    return add_affine(tuple((m, c) for m, c in zero if m != (name,)), scale=-slope)


def parted(value: Affine, below: Affine) -> tuple[Affine, Affine]:
    """(q, r) where value = below*q + r, every term of q whole; `below` is one product of names."""
    ((factors, number),) = below
    whole = [(m, c) for m, c in value if c % number == 0 and not _missing(factors, m)]
    rest = tuple(term for term in value if term not in whole)
    return _in_order({without(m, factors): c // number for m, c in whole}), rest


def opaque(tag: str, above: Affine, below: Affine) -> Affine:
    """A quotient (`//`) or a remainder (`%`), as it stands."""
    return ((((tag, above, below),), 1),)


def _missing(factors: tuple, monomial: tuple) -> bool:
    return any(factors.count(factor) > monomial.count(factor) for factor in factors)


def without(monomial: tuple, factors: tuple) -> tuple:
    """A product of names with some of them taken out."""
    left = list(monomial)
    for factor in factors:
        left.remove(factor)
    return tuple(left)


@lru_cache(maxsize=1 << 16)
def divisions(thing: Any) -> frozenset[tuple[Affine, Affine]]:
    """What is divided by what, anywhere inside."""
    if not isinstance(thing, tuple):
        return frozenset()
    here = {(thing[1], thing[2])} if len(thing) == 3 and thing[0] in {"//", "%"} else set()
    return frozenset(here).union(*map(divisions, thing))


@lru_cache(maxsize=1 << 16)
def names_in(thing: Any) -> frozenset[str]:
    """Every name in an index expression, an atom or a normal form, however deep."""
    if isinstance(thing, str):
        return frozenset((thing,))
    return frozenset().union(*map(names_in, thing)) if isinstance(thing, tuple) else frozenset()


def mentions(thing: Any, name: str) -> bool:
    """Whether a name occurs in an index expression, an atom or a normal form."""
    return name in names_in(thing)
