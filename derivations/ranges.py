"""What is known about integers: is an index expression inside a tensor, whatever the sizes?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import sympy as sp

from derivations.expressions import BINDERS, floordiv, modulo, walk
from derivations.layer import Layer, Range
from derivations.polynomials import (
    ONE,
    Polynomial,
    atoms,
    divided,
    inner_atoms,
    label,
    mentions,
    minus,
    plus,
    polynomial,
    scaled,
    slope_and_rest,
    times,
    with_values,
)


@dataclass(frozen=True)
class Known:
    """Bounds: of indices, of the entries of integer tensors, and of sizes that follow from others."""

    indices: Mapping[sp.Symbol, Range] = field(default_factory=dict)
    tensors: Mapping[str, Range] = field(default_factory=dict)
    sizes: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    positive: frozenset[str] = frozenset()

    @classmethod
    def of(cls, layer: Layer, indices: Mapping[sp.Symbol, Range] | None = None) -> Known:
        """What a layer's declarations say, together with the ranges of some indices."""
        bounded = {t.name: (t.low, t.high) for t in layer.tensors if t.low is not None and t.high is not None}
        bounded |= {o.name: (o.low, o.high) for o in layer.options if o.low is not None and o.high is not None}
        positive = frozenset(t.name for t in layer.tensors if t.positive) | {
            o.name for o in layer.options if o.positive
        }
        return cls(dict(indices or {}), bounded, dict(layer.size_definitions), positive)

    def within(self, expression: sp.Basic) -> Known:
        """The same, with the ranges of every index that is bound somewhere in the expression."""
        inner = dict(self.indices)
        for node in walk(expression):
            if isinstance(node, BINDERS):
                inner.update({index: (low, high) for index, low, high in node.limits})
        return Known(inner, self.tensors, self.sizes, self.positive)

    def binding(self, limits: Iterable[sp.Tuple]) -> Known:
        """The same inside of a sum with these limits."""
        inner = {index: (low, high) for index, low, high in limits}
        return Known({**self.indices, **inner}, self.tensors, self.sizes, self.positive)

    def assuming(self, condition: sp.Basic) -> Known:
        """The same where a condition holds: one that says of an index that it is above or below something."""
        found = dict(self.indices)
        for part in sp.And.make_args(condition):
            if not isinstance(part, sp.Gt | sp.Ge | sp.Lt | sp.Le):
                continue
            strict = int(isinstance(part, sp.Gt | sp.Lt))
            smaller, larger = part.args[::-1] if isinstance(part, sp.Gt | sp.Ge) else part.args
            if larger in found and self.nonnegative(smaller + strict - found[larger][0]):
                found[larger] = (smaller + strict, found[larger][1])
            if smaller in found and self.nonnegative(found[smaller][1] - larger + strict):
                found[smaller] = (found[smaller][0], larger - strict)
        return Known(found, self.tensors, self.sizes, self.positive)

    def bounds(self, atom: sp.Expr) -> Range | None:
        """The least and the greatest value of an index, an entry of an integer tensor, a remainder or a quotient."""
        if atom in self.indices:
            return self.indices[atom]
        if isinstance(atom, sp.Indexed):
            return self.tensors.get(atom.base.name)
        if isinstance(atom, sp.Symbol):
            return self.tensors.get(atom.name)
        if isinstance(atom, modulo):
            return sp.S.Zero, atom.args[1] - 1
        return None

    def nonnegative(self, expression: sp.Expr) -> bool:
        """Whether `expression >= 0` follows for all sizes; False means only that no proof was found."""
        return self.holds_everywhere(polynomial(expression))

    def holds_everywhere(self, value: Polynomial) -> bool:
        """Whether a polynomial is at least 0 for all sizes; False means only that no proof was found."""
        for atom in _outer_first(a for a in inner_atoms(value) if self._is_bounded(a)):
            if not mentions(value, atom):
                continue
            slope, rest = slope_and_rest(value, atom)
            if not slope or mentions(slope, atom) or mentions(rest, atom):
                return False
            if isinstance(atom, floordiv) and slope == {(): -1} and atom.args[1].is_positive:
                # rest - a//b >= 0 says a//b <= rest, which is a <= b*rest + b - 1
                above, below = map(polynomial, atom.args)
                return self.holds_everywhere(minus(plus(times(below, rest), below), plus(ONE, above)))
            bounds = self._quotient_bounds(atom) if isinstance(atom, floordiv) else self.bounds(atom)
            if bounds is None:
                return False
            if _nonnegative_for_all_sizes(slope):
                value = plus(rest, times(slope, polynomial(bounds[0])))
            elif _nonnegative_for_all_sizes(scaled(slope, -1)):
                value = plus(rest, times(slope, polynomial(bounds[1])))
            else:
                return False
        # Only now, so that a size and the same size in the bounds of an index cancel.
        value = with_values(value, {s: polynomial(d) for s, d in self.sizes.items() if not d.has(floordiv, modulo)})
        for size, definition in self.sizes.items():
            value = _use_floor(value, size, definition)
        return _nonnegative_for_all_sizes(value)

    def _is_bounded(self, atom: sp.Basic) -> bool:
        return isinstance(atom, floordiv) or (isinstance(atom, sp.Expr) and self.bounds(atom) is not None)

    def inside(self, expression: sp.Expr, low: sp.Expr, high: sp.Expr) -> tuple[bool, bool]:
        """Whether `low <= expression` and `expression <= high` are sure."""
        if self.bounds(expression) == (low, high):
            return True, True
        return self.nonnegative(expression - low), self.nonnegative(high - expression)

    def _quotient_bounds(self, quotient: floordiv) -> Range | None:
        numerator, denominator = quotient.args
        if self.nonnegative(numerator) and denominator.is_positive:
            return sp.S.Zero, numerator
        return None


def _use_floor(value: Polynomial, size: sp.Symbol, definition: sp.Expr) -> Polynomial:
    # size = floor(a/b) + k says b*(size - k) <= a, so -b*size >= -a - k*b.
    for quotient in definition.atoms(floordiv):
        numerator, denominator = map(polynomial, quotient.args)
        rest = polynomial(definition - quotient)
        multiple = divided(scaled(slope_and_rest(value, size)[0], -1), denominator)
        if multiple and _nonnegative_for_all_sizes(multiple) and not any(isinstance(a, floordiv) for a in atoms(rest)):
            least = minus(times(denominator, minus(polynomial(size), rest)), numerator)
            return plus(value, times(multiple, least))
    return value


def _outer_first(found: Iterable[sp.Expr]) -> list[sp.Expr]:
    return sorted(found, key=lambda atom: (-_operations(atom), label(atom)))


@lru_cache(maxsize=8192)
def _operations(atom: sp.Expr) -> int:
    return int(sp.count_ops(atom))


def _nonnegative_for_all_sizes(value: Polynomial) -> bool:
    """Whether, with every size written as 1 plus something, no term is negative."""
    shifted = with_values(value, {atom: {(atom,): 1, (): 1} for atom in atoms(value) if _is_size(atom)})
    return all(coefficient >= 0 for coefficient in shifted.values()) and all(
        atom.is_Symbol and atom.is_nonnegative for atom in atoms(shifted)
    )


def _is_size(atom: sp.Expr) -> bool:
    return bool(atom.is_Symbol and atom.is_positive and atom.is_integer)
