"""A normal form that proves equations for all sizes at once.

An expression becomes a sum of terms; each term is a rational number times a product of atoms, summed over bound
indices: every sum stands on the outside, every delta is contracted, every function is an atom whose argument is itself
in normal form, and bound indices are named canonically (the least over their permutations). Two expressions with the
same normal form are the same function. What divides or stands under a root is an atom too; `vanishes` then multiplies
through by such bases, so that fractions compare as polynomials do.

Nothing is shared with `calculus`, which derives: this module is to judge it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp

from derivations.affine import (
    Affine,
    TooHardError,
    add_affine,
    affine,
    divisions,
    mentions,
    multiply_affine,
    name_of,
    names_in,
    opaque,
    parted,
    solve_affine,
    without,
)
from derivations.expressions import (
    Bracket,
    Elementary,
    FirstMaximum,
    MaxOver,
    Where,
    exp,
    floordiv,
    maximum,
    minimum,
    modulo,
    sigmoid,
    tanh,
)
from derivations.polynomials import multiplied, plus, scaled
from derivations.ranges import Known

# An atom of a term, tagged: ("x", name, indices) entry; ("i", affine atom) integer; ("s", name) scalar or option;
# ("p", frozen) base; ("f", name, frozen) function; ("d", affine) delta; ("ge", affine) index bracket;
# ("gt", frozen) bracket on values; ("max"|"first", ...) maxima; ("c", rational) root of a constant; ("pi",).
Atom = tuple
# A frozen normal form: a sorted tuple of (bounds, factors, exponent, coefficient).
Frozen = tuple


@dataclass
class Term:
    """coefficient * product of atoms**power * exp(exponent), summed over `bounds` (name -> size)."""

    coefficient: Fraction
    bounds: dict[str, Affine] = field(default_factory=dict)
    factors: dict[Atom, Fraction] = field(default_factory=dict)
    exponent: Frozen = ()

    def copy(self) -> Term:
        """A term whose dictionaries can be changed."""
        return Term(self.coefficient, dict(self.bounds), dict(self.factors), self.exponent)


ZERO, ONE = Fraction(0), Fraction(1)
MOST_TERMS = 3000
MOST_ARRANGEMENTS = 5040
MOST_WORK = 10_000  # index expressions that are rewritten; no proof of the catalogue takes 3,000


def normal_form(expression: sp.Expr, known: Known) -> Frozen:
    """The normal form of an expression.

    Raises TooHardError where it grows beyond a few thousand terms.
    """
    normalizer = _Normalizer(known)
    return normalizer.freeze(normalizer.divided(normalizer.terms(expression)))


def vanishes(expression: sp.Expr, known: Known) -> bool:
    """Whether an expression is 0 for all sizes and values; False means only that no proof was found.

    Raises TooHardError.
    """
    if _vanishes(expression, _Normalizer(known)):
        return True
    # A sigmoid is short, but beside an exponential it must be known for the fraction that it is.
    both = expression.has(exp) and expression.has(sigmoid, tanh)
    return both and _vanishes(expression, _Normalizer(known, sigmoids_are_fractions=True))


def _vanishes(expression: sp.Expr, normalizer: _Normalizer) -> bool:
    terms = normalizer.thaw(
        normalizer.freeze(normalizer.divided(normalizer.freely_split(normalizer.terms(expression))))
    )
    for _ in range(40):
        if not terms:
            return True
        cleared = normalizer.clear_one_base(terms)
        if cleared is None:
            return not normalizer.freeze(normalizer.complemented(terms))
        terms = normalizer.thaw(normalizer.freeze(cleared))
    return False


# ---------------------------------------------------------------------------------------------- normalizer


class _Normalizer:
    def __init__(self, known: Known, *, sigmoids_are_fractions: bool = False) -> None:
        self.known = known
        self.sigmoids_are_fractions = sigmoids_are_fractions
        self.counter = itertools.count()
        self.sizes: dict[str, Affine] = {}
        self.scope: dict[str, Affine] = {}
        self.brackets: dict[tuple, list[Term]] = {}
        self.free = frozenset(index.name for index in known.indices)
        self.symbols = {
            symbol.name: symbol for size in known.sizes for symbol in (size, *known.sizes[size].free_symbols)
        }
        self.work = 0

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
        return terms if len(terms) < 8 else self.thaw(self.freeze(terms))

    def product(self, parts: list[list[Term]]) -> list[Term]:
        result = [Term(ONE)]
        for part in sorted(parts, key=len):
            if len(result) * len(part) > MOST_TERMS:
                raise TooHardError("too many terms")
            result = [t for a, b in itertools.product(result, part) if (t := self.times(a, b)) is not None]
        return self.merged(result)

    def times(self, left: Term, right: Term) -> Term | None:
        right = self.freshened(right)
        factors = dict(left.factors)
        for atom, power in right.factors.items():
            factors[atom] = factors.get(atom, ZERO) + power
            if atom[0] in _IDEMPOTENT:
                factors[atom] = ONE
            elif factors[atom] == 0:
                del factors[atom]
        exponent = left.exponent or right.exponent
        if left.exponent and right.exponent:
            exponent = self.freeze([*self.thaw(left.exponent), *self.thaw(right.exponent)])
        return self.contracted(
            Term(left.coefficient * right.coefficient, left.bounds | right.bounds, factors, exponent)
        )

    def freshened(self, term: Term) -> Term:
        """The same term with bound indices that nothing else uses."""
        if not term.bounds:
            return term
        names = {name: f"?{next(self.counter)}" for name in term.bounds}
        return self.renamed(term, names)

    def renamed(self, term: Term, names: Mapping[str, str]) -> Term:
        values = {old: (((new,), 1),) for old, new in names.items()}
        result = self.substituted(term, values)
        result.bounds = {names.get(name, name): size for name, size in term.bounds.items()}
        return result

    def summed(self, expression: sp.Sum) -> list[Term]:
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

    # deltas and brackets

    def delta(self, zero: Affine) -> list[Term]:
        if not zero:
            return [Term(ONE)]
        if all(not monomial for monomial, _ in zero):
            return []
        sign = 1 if zero[0][1] > 0 else -1
        return [Term(ONE, {}, {("d", add_affine(zero, scale=sign)): ONE})]

    def at_least_zero(self, value: Affine) -> list[Term]:
        """[value >= 0]: 1 or 0 where that is sure."""
        sizes = tuple(sorted((n, self.sizes[n]) for n in names_in(value) if n in self.sizes))
        if (value, sizes) not in self.brackets:
            self.brackets[value, sizes] = self._bracket(value)
        return [term.copy() for term in self.brackets[value, sizes]]

    def _bracket(self, value: Affine) -> list[Term]:
        here = {name for name in names_in(value) if name in self.sizes}
        bounds = {sp.Symbol(n, integer=True): (sp.S.Zero, self.as_sympy(self.sizes[n]) - 1) for n in here}
        known = Known({**self.known.indices, **bounds}, self.known.tensors, self.known.sizes, self.known.positive)
        amount = {multiplied(map(self._atom_as_sympy, monomial)): coefficient for monomial, coefficient in value}
        if known.holds_everywhere(amount):
            return [Term(ONE)]
        if known.holds_everywhere(plus(scaled(amount, -1), {(): -1})):
            return []
        return [Term(ONE, {}, {("ge", value): ONE})]

    def as_sympy(self, value: Affine) -> sp.Expr:
        return sp.Add(*(c * sp.Mul(*map(self._atom_as_sympy, monomial)) for monomial, c in value))

    def _atom_as_sympy(self, atom: Any) -> sp.Expr:
        if not isinstance(atom, str):
            if atom[0] == "T":
                return sp.IndexedBase(atom[1], integer=True)[tuple(self.as_sympy(i) for i in atom[2])]
            return (floordiv if atom[0] == "//" else modulo)(*(self.as_sympy(part) for part in atom[1:]))
        if atom in self.sizes or atom in self.free:
            return sp.Symbol(atom, integer=True)
        if atom in self.symbols:
            return self.symbols[atom]
        return sp.Symbol(atom, integer=True, **({"positive": True} if atom[0].isupper() else {"nonnegative": True}))

    def divided(self, terms: Iterable[Term]) -> list[Term]:
        """The terms with the deltas used, too, that fix an index by a division.

        Only once all sums stand outside: another index, of a sum further out, may be fixed without one.
        """
        return [t for term in terms if (t := self.contracted(self.split(term.copy()), by_division=True)) is not None]

    def contracted(self, term: Term, by_division: bool = False) -> Term | None:
        """Use every delta: to remove a bound index where it can, else to write one index for the other."""
        self._by_digits(term)
        while True:
            found = self._bound_delta(term, by_division)
            if found is None:
                break
            atom, name, values, remainder = found
            size = term.bounds.pop(name)
            del term.factors[atom]
            term, value = self.substituted(term, values), values[name]
            if remainder:
                term.factors[("d", remainder)] = ONE
            self._by_digits(term)
            for guard in (value, add_affine(size, (((), -1),), add_affine(value, scale=-1))):
                states = self.at_least_zero(guard)
                if not states:
                    return None
                for more in states[0].factors:
                    term.factors[more] = ONE
        for atom in [a for a in term.factors if a[0] == "d"]:
            if atom in term.factors:
                term = self._written_once(term, atom)
        for atom in [a for a in term.factors if a[0] == "ge"]:
            states = self.at_least_zero(atom[1])
            if not states:
                return None
            if not states[0].factors:
                del term.factors[atom]
        return self._consistent(term)

    def _by_digits(self, term: Term) -> None:
        """Split the deltas that are several in one."""
        for atom in [
            a for a in term.factors if a[0] == "d" and any(len(m) > 1 or (m[:1] and m[0][0] == "%") for m, _ in a[1])
        ]:
            parts = self.digits(atom[1])
            if parts != [atom[1]]:
                del term.factors[atom]
                for part in parts:
                    scale = 1 if not part or part[0][1] > 0 else -1
                    term.factors[("d", add_affine(part, scale=scale))] = ONE

    def _bound_delta(self, term: Term, by_division: bool) -> tuple[Atom, str, dict[Any, Affine], Affine] | None:
        """A delta, the bound index that it fixes, the values that follow, and what has to be 0 for it to be whole."""
        deltas = sorted((a for a in term.factors if a[0] == "d"), key=repr)
        values = {a[1] for a in term.factors if a[0] == "i"}
        names = [name for name in sorted(term.bounds) if name not in values]
        for atom, name in itertools.product(deltas, names):
            value = solve_affine(atom[1], name)
            if value is not None:
                return atom, name, {name: value}, ()
        if not by_division:
            return None
        # a*i = b says i = b//a where b % a = 0, and beside that a*i is b. Of several indices, their factors decide.
        divided = [(parts, atom, name) for atom in deltas for name in names if (parts := self._divided(atom[1], name))]
        if not divided:
            return None
        (below, above), atom, name = min(divided, key=lambda d: (repr(d[0][0]), self._signature(term, d[2]), repr(d)))
        value, remainder = (((((tag, above, below),), 1),) for tag in ("//", "%"))
        ((factors, number),) = below
        product = tuple(sorted((*factors, name), key=repr))
        return atom, name, {name: value} | ({product: above} if number == 1 else {}), remainder

    def _divided(self, zero: Affine, name: str) -> tuple[Affine, Affine] | None:
        """(a, b) where a*name - b = 0, a is surely positive, and neither mentions the name."""
        found = [(monomial, coefficient) for monomial, coefficient in zero if mentions(monomial, name)]
        if len(found) != 1 or found[0][0].count(name) != 1:
            return None
        ((monomial, coefficient),) = found
        others = tuple(atom for atom in monomial if atom != name)
        if not all(isinstance(atom, str) and self._is_positive_size(atom) for atom in others):
            return None
        rest = tuple((m, c) for m, c in zero if m != monomial)
        return ((others, abs(coefficient)),), add_affine(rest, scale=-1 if coefficient > 0 else 1)

    def _is_positive_size(self, name: str) -> bool:
        return name[0].isupper() or name in self._positive_names()

    def _written_once(self, term: Term, delta: Atom) -> Term:
        """[c = T[n]]*f(c) is [c = T[n]]*f(T[n]): write the first solvable index in terms of the rest."""
        for name in sorted(n for n in names_in(delta[1]) if not n.isupper() and len(n) < 30):
            if name not in {"T", "//", "%"} and (value := solve_affine(delta[1], name)) is not None:
                if not any(a[0] == "i" and a[1] == name for a in term.factors):
                    bounds = term.bounds
                    power = term.factors.pop(delta)
                    term = self.substituted(term, {name: value})
                    term.bounds = bounds
                    term.factors[delta] = power
                return term
        return term

    def _consistent(self, term: Term) -> Term | None:
        for atom in term.factors:
            if atom[0] == "gt" and ("gt", self.freeze(self.scaled(self.thaw(atom[1]), -1))) in term.factors:
                return None
            if atom == ("d", ()):
                term.factors.pop(atom)
                return self._consistent(term)
            if atom[0] == "d" and all(not monomial for monomial, _ in atom[1]):
                return None
        return term

    # digits: a whole number below A*B is B*q + r, with q below A and r below B, in one way only

    def simplified(self, value: Affine) -> Affine:
        """An index expression with its quotients and remainders worked out."""
        return self._in_affine(value, {}) if divisions(value) else value

    def quotient(self, tag: str, above: Affine, below: Affine) -> Affine:
        """above//below or above%below (as `tag` says), with what is whole or too small to matter taken out."""
        if len(below) == 1:
            whole, rest = parted(above, below)
            if whole:  # (b*q + r)//b = q + r//b, (b*q + r)%b = r%b, taken out where r//b can be worked out
                inner = self.quotient(tag, rest, below)
                if inner != opaque(tag, rest, below):
                    return add_affine(whole, inner) if tag == "//" else inner
                return opaque(tag, above, below)
            if self.surely_below(above, below):
                return () if tag == "//" else above
            ((factors, number),) = below
            for factor in sorted({f for f in factors if isinstance(f, str)}):
                last: Affine = (((factor,), 1),)
                first, digit = parted(above, last)
                if first and below != last and self.surely_below(digit, last):
                    # (c*q + r)//(c*d) = q//d, (c*q + r)%(c*d) = c*(q%d) + r, for r below c
                    smaller: Affine = ((without(factors, (factor,)), number),)
                    inner = self.quotient(tag, first, smaller)
                    return inner if tag == "//" else add_affine(multiply_affine([last, inner]), digit)
        return opaque(tag, above, below)

    def surely_below(self, value: Affine, limit: Affine) -> bool:
        """Whether 0 <= value < limit follows for all sizes."""
        gap = add_affine(limit, (((), -1),), add_affine(value, scale=-1))
        return all(len(s) == 1 and not s[0].factors for s in (self.at_least_zero(value), self.at_least_zero(gap)))

    def digits(self, zero: Affine) -> list[Affine]:
        """What has to be 0 for `zero` to be 0: b*q + r with -b < r < b is 0 only where q and r are."""
        if len(zero) == 1 and len(zero[0][0]) == 1 and zero[0][0][0][0] == "%":
            _, above, below = zero[0][0][0]
            rest = parted(above, below)[1] if len(below) == 1 else above
            return self.digits(rest) if self._small(rest, below) else [zero]
        for factor in sorted({f for m, _ in zero for f in m if isinstance(f, str) and self._is_positive_size(f)}):
            base: Affine = (((factor,), 1),)
            first, digit = parted(zero, base)
            if first and self._small(digit, base):
                return [*self.digits(first), *(self.digits(digit) if digit else [])]
        return [zero]

    def _small(self, value: Affine, limit: Affine) -> bool:
        """Whether -limit < value < limit follows for all sizes."""
        if not all(name[0].isupper() or name in self.sizes or name in self.free for name in names_in(value)):
            return False  # an option, which may be anything
        sides = (add_affine(limit, (((), -1),), add_affine(value, scale=sign)) for sign in (1, -1))
        return all(len(s) == 1 and not s[0].factors for s in map(self.at_least_zero, sides))

    def split(self, term: Term) -> Term:
        """Bound indices that are divided by a factor of their size, as a quotient and a remainder of their own."""
        while (found := self._splittable([term], term.bounds)) is not None:
            name, value, sizes = found
            term.bounds.pop(name)
            term = self.substituted(term, {name: value})
            term.bounds |= sizes
        return term

    def freely_split(self, terms: list[Term]) -> list[Term]:
        """The same for free indices: what holds for every quotient and remainder holds for every index."""
        free = {
            index.name: affine(sp.expand(high + 1)) for index, (low, high) in self.known.indices.items() if low == 0
        }
        while (found := self._splittable(terms, free)) is not None:
            name, value, sizes = found
            free |= sizes
            changed = (self.contracted(self.substituted(term, {name: value})) for term in terms)
            terms = [term for term in changed if term is not None]
        return terms

    def _splittable(
        self, terms: list[Term], sizes: Mapping[str, Affine]
    ) -> tuple[str, Affine, dict[str, Affine]] | None:
        """An index that is divided by a factor of its size, what it becomes, and the sizes of its two parts."""
        values = {a[1] for term in terms for a in term.factors if a[0] == "i"}
        found = {pair for term in terms for atom in (*term.factors, term.exponent) for pair in divisions(atom)}
        for above, below in sorted(found, key=lambda pair: (len(repr(pair[1])), repr(pair))):
            name = above[0][0][0] if len(above) == 1 and len(above[0][0]) == 1 else None
            if not isinstance(name, str) or name not in sizes or name in values or len(below) != 1:
                continue
            times, rest = parted(sizes[name], below)
            if times and not rest and above == (((name,), 1),) and sizes[name] != below:
                first, last = (f"?{next(self.counter)}" for _ in range(2))
                self.sizes |= {first: times, last: below}
                value = add_affine(multiply_affine([below, (((first,), 1),)]), (((last,), 1),))
                return name, value, {first: times, last: below}
        return None

    # substitution of indices

    def substituted(self, term: Term, values: Mapping[Any, Affine]) -> Term:
        """The term with index symbols (and products of them, written as monomials) replaced; bounds are kept."""
        factors: dict[Atom, Fraction] = {}
        for atom, power in term.factors.items():
            new = self._in_atom(atom, values)
            factors[new] = ONE if new[0] in _IDEMPOTENT else factors.get(new, ZERO) + power
        factors = {a: p for a, p in factors.items() if p}
        return Term(term.coefficient, dict(term.bounds), factors, self._in_frozen(term.exponent, values))

    def _in_atom(self, atom: Atom, values: Mapping[Any, Affine]) -> Atom:
        if not any(mentions(atom[1:], name) for name in values):
            return atom
        tag = atom[0]
        if tag == "x":
            return (tag, atom[1], tuple(self._in_affine(i, values) for i in atom[2]))
        if tag == "d":
            value = self._in_affine(atom[1], values)
            return (tag, add_affine(value, scale=1 if not value or value[0][1] > 0 else -1))
        if tag == "ge":
            return (tag, self._in_affine(atom[1], values))
        if tag in {"p", "gt"}:
            return (tag, self._in_frozen(atom[1], values))
        if tag == "f":
            return (tag, atom[1], self._in_frozen(atom[2], values))
        if tag in {"max", "first"}:
            where = tuple(self._in_affine(i, values) for i in atom[3])
            return (tag, atom[1], self._in_frozen(atom[2], values), where)
        if tag == "i":
            new = self._in_affine((((atom[1],), 1),), values)
            if len(new) == 1 and len(new[0][0]) == 1 and new[0][1] == 1:
                return (tag, new[0][0][0])
        raise TooHardError("an index is used as a value")

    def _in_affine(self, value: Affine, values: Mapping[Any, Affine]) -> Affine:
        self.work += 1  # whatever grows comes through here
        if self.work > MOST_WORK:
            raise TooHardError("too much work")
        if (
            not divisions(value)
            and all(isinstance(n, str) for n in values)
            and values.keys().isdisjoint(names_in(value))
        ):
            return value
        total: list[Affine] = []
        for monomial, coefficient in value:
            parts: list[Affine] = [(((), coefficient),)]
            if monomial in values:
                parts.append(values[monomial])
                monomial = ()
            for atom in monomial:
                if isinstance(atom, str):
                    parts.append(values.get(atom, (((atom,), 1),)))
                elif atom[0] == "T":
                    parts.append(((((atom[0], atom[1], tuple(self._in_affine(i, values) for i in atom[2])),), 1),))
                else:
                    parts.append(self.quotient(atom[0], *(self._in_affine(part, values) for part in atom[1:])))
            total.append(multiply_affine(parts))
        return add_affine(*total)

    def _in_frozen(self, frozen: Frozen, values: Mapping[Any, Affine]) -> Frozen:
        if not frozen or not any(mentions(frozen, name) for name in values):
            return frozen
        return self.freeze([t for term in self.thaw(frozen) if (t := self.contracted(self.substituted(term, values)))])

    # powers

    def power(self, base: sp.Expr, exponent: sp.Expr) -> list[Term]:
        if not exponent.is_Rational:
            logarithm = self.function("log", self.terms(base))
            return self.function("exp", self.product([self.terms(exponent), logarithm]))
        return self.raised(self.terms(base), Fraction(int(exponent.p), int(exponent.q)))

    def raised(self, terms: list[Term], exponent: Fraction) -> list[Term]:
        """terms**exponent."""
        if exponent.denominator == 1 and exponent > 0:
            return self.product([terms] * int(exponent))
        if exponent == 0:
            return [Term(ONE)]
        terms = self.thaw(self.freeze(terms))
        if not terms:
            raise TooHardError("a power of zero")
        content = self._content(terms)
        rest = self.product([terms, [self._raise_term(content, Fraction(-1))]])
        rest = self.thaw(self.freeze(rest))
        result = self._raise_term(content, exponent)
        if exponent.denominator == 1 and self._leading(rest) < 0:  # 1/(b - a) is -1/(a - b)
            rest = self.thaw(self.freeze(self.scaled(rest, -1)))
            result.coefficient *= -1 if exponent % 2 else 1
        if len(rest) == 1 and not rest[0].bounds and self._distributes(rest[0], exponent):
            return self.product([[result], [self._raise_term(rest[0], exponent)]])
        if (
            len(rest) == 1
            and rest[0].coefficient == 1
            and not rest[0].factors
            and not rest[0].exponent
            and not rest[0].bounds
        ):
            return [result]
        sigmoid = self._as_sigmoid(rest, exponent)
        if sigmoid is not None:
            return self.product([[result], sigmoid])
        return self.product([[result], [Term(ONE, {}, {("p", self.freeze(rest)): exponent})]])

    def _as_sigmoid(self, terms: list[Term], exponent: Fraction) -> list[Term] | None:
        """1/(1 + exp(-x)) is sigmoid(x); where sigmoids are fractions, 1/(1 + exp(x)) is exp(-x)/(1 + exp(-x))."""
        if len(terms) != 2 or exponent.denominator != 1:
            return None
        for one, other in (terms, terms[::-1]):
            plain = not one.factors and not one.bounds and not one.exponent and one.coefficient == 1
            if plain and other.exponent and not other.factors and not other.bounds and other.coefficient == 1:
                argument = self.scaled(self.thaw(other.exponent), -1)
                if not self.sigmoids_are_fractions:
                    return self.raised(self.function("sigmoid", argument), -exponent)
                if self._leading(argument) < 0:
                    mirrored = self.freeze([one, *self._exponential(argument)])
                    outside = self._exponential(self.scaled(argument, -exponent))
                    return self.product([outside, [Term(ONE, {}, {("p", mirrored): exponent})]])
        return None

    def _distributes(self, term: Term, exponent: Fraction) -> bool:
        if exponent.denominator == 1:
            return True
        return term.coefficient > 0 and all(self.positive(atom) for atom in term.factors)

    def positive(self, atom: Atom) -> bool:
        """Whether an atom is surely positive."""
        if atom[0] == "i":
            return isinstance(atom[1], str) and atom[1][0].isupper()
        if atom[0] == "f":
            return atom[1] == "sigmoid"
        if atom[0] == "p":
            return all(self._positive_term(term) for term in self.thaw(atom[1]))
        return atom[0] in {"c", "pi"} or (atom[0] == "s" and atom[1] in self._positive_names())

    def _positive_term(self, term: Term) -> bool:
        return term.coefficient > 0 and all(
            self.positive(a) or (p.denominator == 1 and p % 2 == 0) for a, p in term.factors.items()
        )

    def _positive_names(self) -> frozenset[str]:
        return self.known.positive

    def _content(self, terms: list[Term]) -> Term:
        """What all terms share that is surely positive: a rational number and powers of sizes."""
        numerators = math.gcd(*(term.coefficient.numerator for term in terms))
        denominators = math.lcm(*(term.coefficient.denominator for term in terms))
        content = Term(Fraction(numerators, denominators))
        for atom in set().union(*(term.factors for term in terms)):
            powers = [term.factors.get(atom, ZERO) for term in terms]
            if atom[0] == "i" and self.positive(atom):
                content.factors[atom] = min(powers)
        content.factors = {a: p for a, p in content.factors.items() if p}
        return content

    def _key(self, term: Term) -> tuple:
        return tuple(sorted(term.factors.items(), key=repr)), term.exponent

    def _raise_term(self, term: Term, exponent: Fraction) -> Term:
        """One term, without bounds, to a power."""
        factors = {atom: power * exponent for atom, power in term.factors.items()}
        factors = {a: (ONE if a[0] in _IDEMPOTENT and p > 0 else p) for a, p in factors.items()}
        coefficient = ONE
        if exponent.denominator == 1:
            coefficient = term.coefficient ** int(exponent)
        elif term.coefficient != 1:
            factors[("c", term.coefficient)] = exponent
        scaled = self.scaled(self.thaw(term.exponent), exponent) if term.exponent else []
        return Term(coefficient, {}, factors, self.freeze(scaled) if scaled else ())

    def scaled(self, terms: Iterable[Term], scale: Fraction | int) -> list[Term]:
        """Every term times a number."""
        return [Term(t.coefficient * scale, dict(t.bounds), dict(t.factors), t.exponent) for t in terms]

    # functions

    def function(self, name: str, argument: list[Term]) -> list[Term]:
        """A function of one argument, rewritten by the few laws that make equal things look equal."""
        frozen = self.freeze(argument)
        argument = self.thaw(frozen)
        if name == "exp":
            return self._exponential(argument)
        if name == "tanh":  # tanh(x) = 2*sigmoid(2x) - 1
            doubled = self.function("sigmoid", self.scaled(argument, 2))
            return [*self.scaled(doubled, 2), Term(Fraction(-1))]
        if name in {"absolute", "Abs"}:  # |x| = x*([x > 0] - [-x > 0])
            return self.product([argument, self.function("sign", argument)])
        if name == "sign":
            return [*self.greater(argument), *self.scaled(self.greater(self.scaled(argument, -1)), -1)]
        if name == "log":
            return self._logarithm(argument)
        if name in _SIGN_LAWS and argument and self._leading(argument) < 0:
            mirrored = self.function(name, self.scaled(argument, -1))
            constant, factor = _SIGN_LAWS[name]
            return [*([Term(Fraction(constant))] if constant else []), *self.scaled(mirrored, factor)]
        if not frozen and name in _AT_ZERO:
            return [Term(_AT_ZERO[name])] if _AT_ZERO[name] else []
        if name == "sigmoid" and self.sigmoids_are_fractions:  # 1/(1 + exp(-x))
            return self.raised([Term(ONE), *self._exponential(self.scaled(argument, -1))], Fraction(-1))
        return [Term(ONE, {}, {("f", name, frozen): ONE})]

    def _leading(self, terms: list[Term]) -> Fraction:
        return min(terms, key=lambda term: repr((term.bounds, self._key(term)))).coefficient

    def _exponential(self, argument: list[Term]) -> list[Term]:
        inside, outside = [], [Term(ONE)]
        for term in argument:
            logarithms = [a for a in term.factors if a[0] == "f" and a[1] == "log" and term.factors[a] == 1]
            if len(term.factors) == 1 and logarithms and not term.bounds and not term.exponent:
                outside = self.product([outside, self.raised(self.thaw(logarithms[0][2]), term.coefficient)])
            else:
                inside.append(term)
        if not inside:
            return outside
        return self.product([outside, [Term(ONE, {}, {}, self.freeze(inside))]])

    def _logarithm(self, argument: list[Term]) -> list[Term]:
        if not argument:
            raise TooHardError("the logarithm of zero")
        content = self._content(argument)
        rest = self.thaw(self.freeze(self.product([argument, [self._raise_term(content, Fraction(-1))]])))
        result: list[Term] = []
        if content.coefficient != 1:
            result.append(Term(ONE, {}, {("f", "log", self.freeze([Term(content.coefficient)])): ONE}))
        for atom, power in content.factors.items():
            result.append(self._log_of(atom, power))
        if len(rest) == 1 and not rest[0].bounds and rest[0].coefficient > 0:
            (single,) = rest
            result += self.thaw(single.exponent)
            opaque = single.copy()
            opaque.exponent = ()
            for atom, power in single.factors.items():
                if self.positive(atom):
                    result.append(self._log_of(atom, power))
                    del opaque.factors[atom]
            rest = [opaque]
        frozen = self.freeze(rest)
        if frozen != self.freeze([Term(ONE)]):
            result.append(Term(ONE, {}, {("f", "log", frozen): ONE}))
        return result

    def _log_of(self, atom: Atom, power: Fraction) -> Term:
        inside = atom[1] if atom[0] == "p" else self.freeze([Term(ONE, {}, {atom: ONE})])
        return Term(power, {}, {("f", "log", inside): ONE})

    # conditions

    def greater(self, difference: list[Term]) -> list[Term]:
        """[difference > 0], scaled so that equal conditions look equal."""
        terms = self.thaw(self.freeze(difference))
        if not terms:
            return []
        content = self._content(terms)
        terms = self.thaw(self.freeze(self.product([terms, [self._raise_term(content, Fraction(-1))]])))
        if len(terms) == 1 and not terms[0].factors and not terms[0].bounds and not terms[0].exponent:
            return [Term(ONE)] if terms[0].coefficient > 0 else []
        return [Term(ONE, {}, {("gt", self.freeze(terms)): ONE})]

    def condition(self, condition: sp.Basic) -> list[Term]:
        """The indicator of a condition."""
        if condition == sp.true:
            return [Term(ONE)]
        if condition == sp.false:
            return []
        if isinstance(condition, sp.And):
            return self.product([self.condition(part) for part in condition.args])
        if isinstance(condition, sp.Or):
            return self.complement(self.product([self.complement(self.condition(p)) for p in condition.args]))
        if isinstance(condition, sp.Not):
            return self.complement(self.condition(condition.args[0]))
        left, right = condition.args
        if left.is_integer and right.is_integer:
            return self._integer_condition(condition.rel_op, self.index(left), self.index(right))
        difference = [*self.terms(left), *self.scaled(self.terms(right), -1)]
        opposite = self.scaled(difference, -1)
        match condition.rel_op:
            case ">":
                return self.greater(difference)
            case "<":
                return self.greater(opposite)
            case ">=":
                return self.complement(self.greater(opposite))
            case "<=":
                return self.complement(self.greater(difference))
            case "==":
                return self.complement([*self.greater(difference), *self.greater(opposite)])
        return [*self.greater(difference), *self.greater(opposite)]

    def _integer_condition(self, operator: str, left: Affine, right: Affine) -> list[Term]:
        difference = add_affine(left, add_affine(right, scale=-1))
        opposite = add_affine(difference, scale=-1)
        one = (((), -1),)
        match operator:
            case ">=":
                return self.at_least_zero(difference)
            case "<=":
                return self.at_least_zero(opposite)
            case ">":
                return self.at_least_zero(add_affine(difference, one))
            case "<":
                return self.at_least_zero(add_affine(opposite, one))
            case "==":
                return self.delta(difference)
        return self.complement(self.delta(difference))

    def complement(self, indicator: list[Term]) -> list[Term]:
        """1 - indicator."""
        return [Term(ONE), *self.scaled(indicator, -1)]

    def complemented(self, terms: list[Term]) -> list[Term]:
        """Every bracket of indices that counts its first free index down written as 1 less the opposite one."""
        result = []
        for term in terms:
            parts = [term]
            for atom in [a for a in term.factors if a[0] == "ge"]:
                free = [
                    c for monomial, c in atom[1] if monomial and not any(mentions(monomial, n) for n in term.bounds)
                ]
                if free and free[0] < 0:
                    opposite = ("ge", add_affine(add_affine(atom[1], scale=-1), (((), -1),)))
                    parts = [each for part in parts for each in self._split(part, atom, opposite)]
            result += parts
        return [t for term in result if (t := self.contracted(term)) is not None]

    def _split(self, term: Term, bracket: Atom, opposite: Atom) -> tuple[Term, Term]:
        """f*[bracket] = f - f*[opposite]."""
        without, less = term.copy(), term.copy()
        del without.factors[bracket], less.factors[bracket]
        less.coefficient, less.factors[opposite] = -less.coefficient, ONE
        return without, less

    def choice(self, condition: list[Term], yes: list[Term], no: list[Term]) -> list[Term]:
        """[condition]*(yes - no) + no."""
        return [*self.product([condition, [*yes, *self.scaled(no, -1)]]), *no]

    def build_where(self, expression: sp.Expr) -> list[Term]:
        condition, yes, no = expression.args
        return self.choice(self.condition(condition), self.terms(yes), self.terms(no))

    def build_choice(self, expression: sp.Expr) -> list[Term]:
        yes, no = expression.args
        return self.choice(self.condition(expression.takes_first), self.terms(yes), self.terms(no))

    def build_bracket(self, expression: sp.Expr) -> list[Term]:
        return self.condition(expression.args[0])

    def _window(self, extreme: MaxOver) -> tuple[tuple, Frozen]:
        height = 90 + len([node for node in sp.preorder_traversal(extreme.function) if isinstance(node, MaxOver)])
        names = {name_of(index): f"!{height}.{k}" for k, (index, _, _) in enumerate(extreme.limits)}
        sizes = tuple(self.index(sp.expand(high - low + 1)) for _, low, high in extreme.limits)
        self.sizes |= dict(zip(names.values(), sizes, strict=True))
        return sizes, self.freeze(self.inside(names, extreme.function))

    def build_maximum(self, expression: sp.Expr) -> list[Term]:
        sizes, body = self._window(expression)
        return [Term(ONE, {}, {("max", sizes, body, ()): ONE})]

    def build_first(self, expression: sp.Expr) -> list[Term]:
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
        height = 1 + max((_height(thing) for thing in (*term.factors, term.exponent)), default=0)
        alone = len(term.bounds) == 1
        colour = {name: "" if alone else self._signature(term, name) for name in term.bounds}
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

    def _signature(self, term: Term, name: str) -> str:
        """What can be said of a bound index without naming any."""
        masked = []
        for atom, power in term.factors.items():
            if mentions(atom, name):
                masked.append((repr(_masked(atom, name, term.bounds)), power))
        exponent = repr(_masked(term.exponent, name, term.bounds)) if mentions(term.exponent, name) else ""
        return repr((term.bounds[name], sorted(masked, key=repr), exponent))

    # clearing

    def clear_one_base(self, terms: list[Term]) -> list[Term] | None:
        """Multiply through by the powers of a base that divides somewhere; None where there is none to clear."""
        bases = {a for term in terms for a, p in term.factors.items() if p < 0 and a[0] in _CLEARABLE}
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
        pattern = repr(_masked(base, "", dict.fromkeys(n for t in terms for n in t.bounds)))
        size = next(t.bounds[n] for t in terms for n in t.bounds if mentions(base, n))
        opened = []
        for term in terms:
            users = {n for a in term.factors for n in term.bounds if _same_shape(a, pattern, terms) and mentions(a, n)}
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


def _same_shape(atom: Atom, pattern: str, terms: list[Term]) -> bool:
    return repr(_masked(atom, "", dict.fromkeys(n for t in terms for n in t.bounds))) == pattern


def _masked(thing: Any, name: str, bounds: Mapping[str, Any]) -> Any:
    if isinstance(thing, str):
        return "*" if thing == name else "?" if thing in bounds else thing
    if isinstance(thing, tuple):
        masked = tuple(_masked(part, name, bounds) for part in thing)
        unordered = thing and isinstance(thing[0], tuple) and thing[0] and isinstance(thing[0][-1], int | Fraction)
        return tuple(sorted(masked, key=repr)) if unordered else masked
    return thing


def _height(thing: Any) -> int:
    """How deeply bound indices are nested inside an atom."""
    return max((int(name[1:].partition(".")[0]) for name in names_in(thing) if name.startswith("!")), default=0)


_IDEMPOTENT = frozenset({"d", "ge", "gt", "first"})
_CLEARABLE = frozenset({"p", "x", "f", "s", "i", "c", "pi", "max"})
_AT_ZERO = {"sin": ZERO, "erf": ZERO, "sigmoid": Fraction(1, 2), "cos": ONE}
# f(-x) = constant + factor*f(x)
_SIGN_LAWS = {"sin": (0, -1), "erf": (0, -1), "cos": (0, 1), "sigmoid": (1, -1)}
_BUILDERS = {
    Where: _Normalizer.build_where,
    maximum: _Normalizer.build_choice,
    minimum: _Normalizer.build_choice,
    Bracket: _Normalizer.build_bracket,
    MaxOver: _Normalizer.build_maximum,
    FirstMaximum: _Normalizer.build_first,
}
