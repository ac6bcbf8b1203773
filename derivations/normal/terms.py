"""The terms of a normal form, and what can be said of one without naming its bound indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from derivations.affine import Affine, mentions, names_in

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
# Brackets and deltas are their own squares.
IDEMPOTENT = frozenset({"d", "ge", "gt", "first"})
# What a whole equation may be multiplied by, where it divides somewhere.
CLEARABLE = frozenset({"p", "x", "f", "s", "i", "c", "pi", "max"})


def same_shape(atom: Atom, pattern: str, terms: list[Term]) -> bool:
    """Whether an atom looks like a masked one, but for the names of bound indices."""
    return repr(masked(atom, "", dict.fromkeys(n for t in terms for n in t.bounds))) == pattern


def masked(thing: Any, name: str, bounds: Mapping[str, Any]) -> Any:
    """The same with the name starred and every other bound index a question mark; sums in an order of their own."""
    if isinstance(thing, str):
        return "*" if thing == name else "?" if thing in bounds else thing
    if isinstance(thing, tuple):
        parts = tuple(masked(part, name, bounds) for part in thing)
        unordered = thing and isinstance(thing[0], tuple) and thing[0] and isinstance(thing[0][-1], int | Fraction)
        return tuple(sorted(parts, key=repr)) if unordered else parts
    return thing


def height_of(thing: Any) -> int:
    """How deeply bound indices are nested inside an atom."""
    return max((int(name[1:].partition(".")[0]) for name in names_in(thing) if name.startswith("!")), default=0)


def signature(term: Term, name: str) -> str:
    """What can be said of a bound index without naming any."""
    seen = []
    for atom, power in term.factors.items():
        if mentions(atom, name):
            seen.append((repr(masked(atom, name, term.bounds)), power))
    exponent = repr(masked(term.exponent, name, term.bounds)) if mentions(term.exponent, name) else ""
    return repr((term.bounds[name], sorted(seen, key=repr), exponent))
