"""Indices of terms in normal form: deltas are contracted, brackets decided, divisions split, indices replaced."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
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
    names_in,
    opaque,
    parted,
    solve_affine,
    without,
)
from derivations.expressions import floordiv, modulo
from derivations.normal.terms import IDEMPOTENT, ONE, ZERO, Atom, Frozen, Term, signature
from derivations.polynomials import multiplied, plus, scaled
from derivations.ranges import Known

MOST_WORK = 10_000  # index expressions that are rewritten; no proof of the catalogue takes 3,000


class Indices(ABC):
    """What is known of indices and sizes while an expression is brought into normal form."""

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

    @abstractmethod
    def freeze(self, terms: Iterable[Term]) -> Frozen:
        """Terms in canonical form, like ones added up."""

    @abstractmethod
    def thaw(self, frozen: Frozen) -> list[Term]:
        """The terms of a frozen normal form, with bound indices of their own."""

    def freshened(self, term: Term) -> Term:
        """The same term with bound indices that nothing else uses."""
        if not term.bounds:
            return term
        names = {name: f"?{next(self.counter)}" for name in term.bounds}
        return self.renamed(term, names)

    def renamed(self, term: Term, names: Mapping[str, str]) -> Term:
        """The term with other names for bound indices."""
        values = {old: (((new,), 1),) for old, new in names.items()}
        result = self.substituted(term, values)
        result.bounds = {names.get(name, name): size for name, size in term.bounds.items()}
        return result

    def scaled(self, terms: Iterable[Term], scale: Fraction | int) -> list[Term]:
        """Every term times a number."""
        return [Term(t.coefficient * scale, dict(t.bounds), dict(t.factors), t.exponent) for t in terms]

    # deltas and brackets

    def delta(self, zero: Affine) -> list[Term]:
        """The delta that an index expression is 0: 1 or 0 where that is sure."""
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
        """An index expression as SymPy writes it."""
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
        (below, above), atom, name = min(divided, key=lambda d: (repr(d[0][0]), signature(term, d[2]), repr(d)))
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
        return name[0].isupper() or name in self.known.positive

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
            factors[new] = ONE if new[0] in IDEMPOTENT else factors.get(new, ZERO) + power
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
