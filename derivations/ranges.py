"""What is known about integers: is an index expression inside a tensor, whatever the sizes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from derivations.expressions import BINDERS, floordiv, modulo, walk
from derivations.layer import Layer, Range


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
        expression = sp.expand(expression)
        for atom in _integer_atoms(expression, lambda a: self.bounds(a) is not None or isinstance(a, floordiv)):
            if not expression.has(atom):
                continue
            slope = sp.expand(expression.coeff(atom))
            if (expression - slope * atom).expand().has(atom) or slope.has(atom):
                return False
            if isinstance(atom, floordiv) and slope == -1 and atom.args[1].is_positive:
                # rest - a//b >= 0 says a//b <= rest, which is a <= b*rest + b - 1
                above, below = atom.args
                return self.nonnegative(below * (expression + atom) + below - 1 - above)
            bounds = self._quotient_bounds(atom) if isinstance(atom, floordiv) else self.bounds(atom)
            if bounds is None:
                return False
            if slope.is_nonnegative:
                expression = sp.expand(expression + slope * (bounds[0] - atom))
            elif slope.is_nonpositive:
                expression = sp.expand(expression + slope * (bounds[1] - atom))
            else:
                return False
        # Only now, so that a size and the same size in the bounds of an index cancel.
        expression = sp.expand(
            expression.xreplace({s: d for s, d in self.sizes.items() if not d.has(floordiv, modulo)})
        )
        for size, definition in self.sizes.items():
            expression = self._use_floor(expression, size, definition)
        return _nonnegative_for_all_sizes(expression)

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

    def _use_floor(self, expression: sp.Expr, size: sp.Symbol, definition: sp.Expr) -> sp.Expr:
        # size = floor(a/b) + k says b*(size - k) <= a, so -b*size >= -a - k*b.
        for quotient in definition.atoms(floordiv):
            numerator, denominator = quotient.args
            rest = definition - quotient
            multiple = sp.cancel(-expression.coeff(size) / denominator)
            if multiple.is_nonnegative and multiple != 0 and not rest.has(floordiv):
                return sp.expand(expression + multiple * (denominator * (size - rest) - numerator))
        return expression


def _integer_atoms(expression: sp.Expr, wanted: Callable[[sp.Expr], bool]) -> list[sp.Expr]:
    atoms = {a for a in walk(expression) if isinstance(a, sp.Expr) and wanted(a)}
    return sorted(atoms, key=lambda atom: (-sp.count_ops(atom), str(atom)))


def _nonnegative_for_all_sizes(expression: sp.Expr) -> bool:
    sizes = sorted((s for s in expression.free_symbols if s.is_positive and s.is_integer), key=str)
    shifted = sp.expand(expression.xreplace({size: size + 1 for size in sizes}))
    return all(
        coefficient.is_nonnegative and all(symbol.is_nonnegative for symbol in monomial.free_symbols)
        for monomial, coefficient in shifted.as_coefficients_dict().items()
    )
