"""Expressions as sums of terms, their bound indices named canonically, what divides them cleared."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

import sympy as sp

from derivations.affine import Affine, TooHardError, add_affine, affine, mentions, name_of, names_in
from derivations.expressions import (
    Bracket,
    Elementary,
    FirstMaximum,
    MaxOver,
    Where,
    floordiv,
    maximum,
    minimum,
    modulo,
)
from derivations.normal.functions import Functions
from derivations.normal.terms import (
    CLEARABLE,
    IDEMPOTENT,
    ONE,
    ZERO,
    Atom,
    Frozen,
    Term,
    height_of,
    masked,
    same_shape,
    signature,
)

MOST_TERMS = 3000
MOST_ARRANGEMENTS = 5040


class Normalizer(Functions):
    """One expression's way into normal form."""

    # building

    def terms(self, expression: sp.Expr) -> list[Term]:
        """The expression as a list of terms, not yet canonical."""
        if expression.is_Rational:
            return [Term(Fraction(int(expression.p), int(expression.q)))] if expression != 0 else []
        if isinstance(expression, sp.Indexed):
            entry = ("x", expression.base.name, tuple(self.simplified(self.index(i)) for i in expression.indices))
            return [Term(ONE, {}, {entry: ONE})]
        if isinstance(expression, sp.Symbol):
            atom = ("i", self.index(expression)[0][0][0]) if expression.is_integer else ("s", expression.name)
            return [Term(ONE, {}, {atom: ONE})]
        if isinstance(expression, sp.Add):
            return self.merged([term for part in expression.args for term in self.terms(part)])
        if isinstance(expression, sp.Mul):
            return self.product([self.terms(part) for part in expression.args])
        if isinstance(expression, sp.Pow):
            return self.power(expression.base, expression.exp)
        if isinstance(expression, sp.Sum):
            return self.summed(expression)
        if isinstance(expression, sp.KroneckerDelta):
            left, right = (self.simplified(self.index(side)) for side in expression.args)
            return self.delta(add_affine(left, add_affine(right, scale=-1)))
        if expression in {sp.oo, -sp.oo}:  # what holds for every number in its place holds in the limit
            return [Term(Fraction(1 if expression is sp.oo else -1), {}, {("s", "inf"): ONE})]
        if expression is sp.pi:
            return [Term(ONE, {}, {("pi",): ONE})]
        builder = _BUILDERS.get(expression.func)
        if builder is not None:
            return builder(self, expression)
        if isinstance(expression, Elementary | sp.Abs):
            return self.function(expression.func.__name__, self.terms(expression.args[0]))
        if isinstance(expression, floordiv | modulo):
            ((monomial, _),) = self.index(expression)
            return [Term(ONE, {}, {("i", monomial[0]): ONE})]
        raise TooHardError(f"{expression} has no normal form")

    def merged(self, terms: list[Term]) -> list[Term]:
        """Many terms, like ones added up; a few as they are."""
        return terms if len(terms) < 8 else self.thaw(self.freeze(terms))

    def product(self, parts: list[list[Term]]) -> list[Term]:
        """The product of sums of terms."""
        result = [Term(ONE)]
        for part in sorted(parts, key=len):
            if len(result) * len(part) > MOST_TERMS:
                raise TooHardError("too many terms")
            result = self.merged([t for a, b in itertools.product(result, part) if (t := self.times(a, b)) is not None])
        return result

    def times(self, left: Term, right: Term) -> Term | None:
        """The product of two terms; None where it is 0."""
        right = self.freshened(right)
        factors = dict(left.factors)
        for atom, power in right.factors.items():
            factors[atom] = factors.get(atom, ZERO) + power
            if atom[0] in IDEMPOTENT:
                factors[atom] = ONE
            elif factors[atom] == 0:
                del factors[atom]
        exponent = left.exponent or right.exponent
        if left.exponent and right.exponent:
            exponent = self.freeze([*self.thaw(left.exponent), *self.thaw(right.exponent)])
        return self.contracted(
            Term(left.coefficient * right.coefficient, left.bounds | right.bounds, factors, exponent)
        )

    def summed(self, expression: sp.Sum) -> list[Term]:
        """A sum, its indices called by names of their own."""
        bounds = {}
        for index, low, high in expression.limits:
            if low != 0:
                raise TooHardError("sums start at 0")
            bounds[name_of(index)] = name = f"?{next(self.counter)}"
            self.sizes[name] = self.index(sp.expand(high + 1))
        result = []
        for term in self.inside(bounds, expression.function):
            term = term.copy()
            term.bounds |= {name: self.sizes[name] for name in bounds.values()}
            result += self.counted(term)
        return [t for term in result if (t := self.contracted(term)) is not None]

    def inside(self, bounds: Mapping[str, str], body: sp.Expr) -> list[Term]:
        """The terms of what a sum or a maximum runs over, its indices called by the names that `bounds` gives them."""
        outside = self.scope
        self.scope = {**outside, **{index: (((name,), 1),) for index, name in bounds.items()}}
        try:
            return self.terms(body)
        finally:
            self.scope = outside

    def index(self, expression: sp.Expr) -> Affine:
        """An index expression, every bound index by the name that it has here."""
        value = affine(expression)
        return self._in_affine(value, self.scope) if not self.scope.keys().isdisjoint(names_in(value)) else value

    def counted(self, term: Term) -> list[Term]:
        """Replace the sum over an index that nothing mentions by its number of terms."""
        results = [term]
        for name, size in list(term.bounds.items()):
            if any(mentions(atom, name) for atom in term.factors) or mentions(term.exponent, name):
                continue
            grown = []
            for each in results:
                each.bounds.pop(name)
                for monomial, coefficient in size:
                    more = each.copy()
                    more.coefficient *= coefficient
                    for atom in monomial:
                        more.factors[("i", atom)] = more.factors.get(("i", atom), ZERO) + 1
                        if more.factors[("i", atom)] == 0:
                            del more.factors[("i", atom)]
                    grown.append(more)
            results = grown
        return results

    def _window(self, extreme: MaxOver) -> tuple[tuple, Frozen]:
        height = 90 + len([node for node in sp.preorder_traversal(extreme.function) if isinstance(node, MaxOver)])
        names = {name_of(index): f"!{height}.{k}" for k, (index, _, _) in enumerate(extreme.limits)}
        sizes = tuple(self.index(sp.expand(high - low + 1)) for _, low, high in extreme.limits)
        self.sizes |= dict(zip(names.values(), sizes, strict=True))
        return sizes, self.freeze(self.inside(names, extreme.function))

    def build_maximum(self, expression: sp.Expr) -> list[Term]:
        """A maximum over indices, as an atom."""
        sizes, body = self._window(expression)
        return [Term(ONE, {}, {("max", sizes, body, ()): ONE})]

    def build_first(self, expression: sp.Expr) -> list[Term]:
        """The bracket that a place is the first at which a maximum is reached, as an atom."""
        extreme, *where = expression.args
        sizes, body = self._window(extreme)
        return [Term(ONE, {}, {("first", sizes, body, tuple(self.index(i) for i in where)): ONE})]

    # freezing

    def freeze(self, terms: Iterable[Term]) -> Frozen:
        """Terms in canonical form, like ones added up."""
        total: dict[tuple, Fraction] = {}
        for term in terms:
            for each in self._laws(term):
                key = self._canonical(each)
                total[key] = total.get(key, ZERO) + each.coefficient
        if len(total) > MOST_TERMS:
            raise TooHardError("too many terms")
        return tuple(sorted(((*key, c) for key, c in total.items() if c), key=repr))

    def thaw(self, frozen: Frozen) -> list[Term]:
        """The terms of a frozen normal form, with bound indices of their own."""
        terms = []
        for bounds, factors, exponent, coefficient in frozen:
            term = Term(coefficient, dict(bounds), dict(factors), exponent)
            term = self.freshened(term)
            self.sizes |= term.bounds
            terms.append(term)
        return terms

    def _laws(self, term: Term) -> list[Term]:
        """cos**2 = 1 - sin**2; whole powers of a base that are not negative are multiplied out; roots of constants."""
        for atom, power in term.factors.items():
            if atom[0] == "f" and atom[1] == "cos" and power >= 2:
                rest = term.copy()
                rest.factors[atom] = power - 2
                if power == 2:
                    del rest.factors[atom]
                sine = ("f", "sin", atom[2])
                other = rest.copy()
                other.coefficient = -other.coefficient
                other.factors[sine] = other.factors.get(sine, ZERO) + 2
                return [*self._laws(rest), *self._laws(other)]
            if atom[0] in {"p", "c"} and power >= 1:
                whole = int(power)
                rest = term.copy()
                rest.factors[atom] = power - whole
                if power == whole:
                    del rest.factors[atom]
                if atom[0] == "c":
                    rest.coefficient *= atom[1] ** whole
                    return self._laws(rest)
                product = self.product([[rest], *([self.thaw(atom[1])] * whole)])
                return [final for each in product for final in self._laws(each)]
        return [term]

    def _canonical(self, term: Term) -> tuple:
        """(bounds, factors, exponent) with bound indices named canonically."""
        if not term.bounds:
            return (), tuple(sorted(term.factors.items(), key=repr)), term.exponent
        height = 1 + max((height_of(thing) for thing in (*term.factors, term.exponent)), default=0)
        alone = len(term.bounds) == 1
        colour = {name: "" if alone else signature(term, name) for name in term.bounds}
        groups = [
            list(g) for _, g in itertools.groupby(sorted(term.bounds, key=colour.__getitem__), key=colour.__getitem__)
        ]
        if math.prod(math.factorial(len(group)) for group in groups) > MOST_ARRANGEMENTS:
            raise TooHardError("too many bound indices of the same kind")
        best: tuple | None = None
        for arrangement in itertools.product(*(itertools.permutations(group) for group in groups)):
            order = [name for group in arrangement for name in group]
            names = {name: f"!{height}.{k}" for k, name in enumerate(order)}
            new = self.renamed(term, names)
            bounds = tuple((names[name], term.bounds[name]) for name in order)
            key = (bounds, tuple(sorted(new.factors.items(), key=repr)), new.exponent)
            if best is None or repr(key) < repr(best):
                best = key
        assert best is not None
        return best

    # clearing

    def clear_one_base(self, terms: list[Term]) -> list[Term] | None:
        """Multiply through by the powers of a base that divides somewhere; None where there is none to clear."""
        bases = {a for term in terms for a, p in term.factors.items() if p < 0 and a[0] in CLEARABLE}
        for base in sorted(bases, key=lambda a: (-len(repr(a)), repr(a))):
            bound = {name for term in terms for name in term.bounds if mentions(base, name)}
            if bound:
                opened = self._opened(terms, base)
                if opened is None:
                    continue
                return opened
            lowest = min(term.factors.get(base, ZERO) for term in terms)
            cleared = []
            for term in terms:
                term = term.copy()
                power = term.factors.pop(base, ZERO) - lowest
                if power:
                    term.factors[base] = power
                cleared.append(term)
            return cleared
        return None

    def _opened(self, terms: list[Term], base: Atom) -> list[Term] | None:
        """Prove a sum over an index to be 0 by proving what is summed to be 0: the index becomes a free one."""
        skolem = f"?free{next(self.counter)}"
        pattern = repr(masked(base, "", dict.fromkeys(n for t in terms for n in t.bounds)))
        size = next(t.bounds[n] for t in terms for n in t.bounds if mentions(base, n))
        opened = []
        for term in terms:
            users = {n for a in term.factors for n in term.bounds if same_shape(a, pattern, terms) and mentions(a, n)}
            if not users:
                users = {n for n, s in term.bounds.items() if s == size}
            if len(users) != 1:
                return None
            (name,) = users
            if term.bounds[name] != size:
                return None
            new = self.renamed(term, {name: skolem})
            del new.bounds[skolem]
            opened.append(new)
        self.sizes[skolem] = size
        return opened


_BUILDERS = {
    Where: Normalizer.build_where,
    maximum: Normalizer.build_choice,
    minimum: Normalizer.build_choice,
    Bracket: Normalizer.build_bracket,
    MaxOver: Normalizer.build_maximum,
    FirstMaximum: Normalizer.build_first,
}
