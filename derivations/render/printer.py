"""The order in which a textbook writes factors and terms; what is common to every way of printing an expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache

import sympy as sp

from derivations.expressions import (
    INDICATORS,
    Bracket,
    Elementary,
    FirstMaximum,
    MaxOver,
    Where,
    absolute,
    entry_indices,
    entry_name,
    floordiv,
    maximum,
    minimum,
    modulo,
    walk,
)

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
Shown = tuple[str, int]
_LARGE, _DECIMALS, _TINY = 1000, 12, -4  # a denominator; signs of a decimal; a power of ten


@dataclass(frozen=True)
class Apart:
    """A product taken apart: a sign, and the factors above and below the line, in reading order."""

    negative: bool
    above: tuple[sp.Expr, ...]
    below: tuple[sp.Expr, ...]


class Printer:
    """Walks an expression and lets a dialect write its nodes. `first` are the indices that come first in products."""

    partial_tightness = PRODUCT
    exact = False  # or every number as it is, however long
    and_so_on = "…"

    def __init__(self, first: Sequence[sp.Symbol] = ()) -> None:
        self.first = [index.name for index in first]

    def text(self, expression: sp.Basic) -> str:
        """The expression in this dialect."""
        return self.show(expression)[0]

    def show(self, node: sp.Basic) -> Shown:
        """The text of a node, and how tightly it holds together."""
        if isinstance(node, sp.Rational):
            return self.rational(node)
        if isinstance(node, sp.Symbol) and (node.is_integer or node.is_nonnegative):
            return self.letter(node.name), ATOM
        if isinstance(node, sp.Indexed | sp.Symbol):
            return self.entry(entry_name(node), [self.index(i) for i in entry_indices(node)]), ATOM
        if isinstance(node, sp.Add):
            return self._sum_of_terms(node)
        if isinstance(node, sp.Mul):
            return self._product(node)
        if isinstance(node, sp.Pow):
            return self._power(node)
        if isinstance(node, sp.Sum):
            names = [limit[0].name for limit in reversed(node.limits)]
            return self.reduction("sum", names, node.function)
        if isinstance(node, MaxOver):
            return self.reduction("max", [limit[0].name for limit in node.limits], node.function)
        if isinstance(node, sp.KroneckerDelta):
            left, right = self._delta_sides(node)
            return self.delta(left, right)
        if isinstance(node, Bracket):
            return self.bracket(self.condition(node.args[0])), ATOM
        if isinstance(node, FirstMaximum):
            extreme, *where = node.args
            names = [limit[0].name for limit in extreme.limits]
            return self.first_maximum([self.index(i) for i in where], names, extreme.function), ATOM
        if isinstance(node, Where):
            condition, yes, no = node.args
            return self.where(self.conjuncts(condition), self.text(yes), self.text(no))
        if isinstance(node, maximum | minimum):
            return self.function(node.func.__name__, [self.text(part) for part in node.args])
        if isinstance(node, sp.Min):
            return self.function("min", [self.text(part) for part in sorted(node.args, key=str)])
        if isinstance(node, absolute | sp.Abs):
            return self.function("abs", [self.text(node.args[0])])
        if isinstance(node, Elementary):
            return self.function(node.func.__name__, [self.text(node.args[0])])
        if isinstance(node, floordiv | modulo):
            left, right = (self.within(part, POWER) for part in node.args)
            return self.integer_division(left, right, remainder=isinstance(node, modulo)), PRODUCT
        if node is sp.pi:
            return self.pi(), ATOM
        if node in {sp.oo, -sp.oo}:
            return (self.infinity(), ATOM) if node is sp.oo else (self.minus(self.infinity()), PRODUCT)
        if type(node).__name__ == "Partial":
            return self.partial(*(self.text(part) for part in node.args)), self.partial_tightness
        return str(node), ATOM

    def within(self, node: sp.Basic, tightness: int) -> str:
        """The text of a node, in brackets where it holds together less tightly than its surroundings need."""
        text, own = self.show(node)
        return text if own >= tightness else self.brackets(text)

    # reading order

    def _sum_of_terms(self, node: sp.Add) -> Shown:
        terms = [(self._apart(term), term) for term in node.args]
        terms.sort(
            key=lambda pair: (pair[0].negative, not pair[1].is_Number, -_weight(pair[1]), self._entries_key(pair[1]))
        )
        parts = [(apart.negative, self._fraction(Apart(False, apart.above, apart.below))[0]) for apart, _ in terms]
        return self.added(parts), SUM

    def _product(self, node: sp.Mul) -> Shown:
        apart = self._apart(node)
        text, tightness = self._fraction(apart)
        return (self.minus(text), SUM) if apart.negative else (text, tightness)

    def _fraction(self, apart: Apart) -> Shown:
        if not apart.below:
            return self._line(apart.above)
        mean = self._as_mean(apart)
        if mean is not None:
            return mean
        return self.quotient(self._line(apart.above), self._line(apart.below), len(apart.below))

    def _line(self, factors: tuple[sp.Expr, ...]) -> Shown:
        if len(factors) == 1:
            return self.show(factors[0])
        return self.product(
            [self.within(f, POWER if i < len(factors) - 1 else SIGN) for i, f in enumerate(factors)]
        ), PRODUCT

    def _apart(self, node: sp.Expr) -> Apart:
        coefficient, rest = node.as_coeff_Mul()
        above: list[sp.Expr] = []
        below: list[sp.Expr] = []
        for factor in sp.Mul.make_args(rest):
            if isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp < 0:
                below.append(factor.base ** (-factor.exp))
            elif factor != 1:
                above.append(factor)
        above = _with_chains(above)
        number = abs(coefficient)
        if self.in_decimals(number):
            return Apart(bool(coefficient < 0), (number, *self._in_order(above)), tuple(self._in_order(below)))
        above = [*([sp.Integer(number.p)] if number.p != 1 or not above else []), *self._in_order(above)]
        below = [*([sp.Integer(number.q)] if number.q != 1 else []), *self._in_order(below)]
        return Apart(bool(coefficient < 0), tuple(above), tuple(below))

    def _in_order(self, factors: list[sp.Expr]) -> list[sp.Expr]:
        return sorted(factors, key=self._factor_key) if len(factors) > 1 else factors

    def _factor_key(self, factor: sp.Expr) -> tuple:
        base = factor.base if isinstance(factor, sp.Pow) and factor.exp.is_Rational else factor
        kind = 4
        if isinstance(base, sp.Symbol):
            kind = 0 if base.name.startswith("d") and not base.is_integer else 1
        elif isinstance(base, sp.Indexed):
            kind = 2
        elif isinstance(base, Elementary):
            kind = 3
        elif isinstance(base, INDICATORS):
            kind = 5
        elif isinstance(base, sp.Sum):
            kind = 6
        return kind, *self._entries_key(base)

    def _entries_key(self, node: sp.Expr) -> tuple:
        """Entries that hold the first free index first, as in a product of matrices; cotangents before others."""
        entries = [n for n in walk(node) if isinstance(n, sp.Indexed)]
        places = [self.first.index(s.name) for s in node.free_symbols if s.name in self.first]
        name = entries[0].base.name if entries else _spelled(node)
        return min(places, default=len(self.first)), not name.startswith("d"), name, _spelled(node)

    def _as_mean(self, apart: Apart) -> Shown | None:
        """A sum divided by the number of its terms is a mean."""
        for total in (f for f in apart.above if isinstance(f, sp.Sum)):
            sizes = [limit[2] + 1 for limit in total.limits]
            if all(size in apart.below for size in sizes) and len(set(sizes)) == len(sizes):
                rest = tuple(f for f in apart.below if f not in sizes)
                names = [limit[0].name for limit in reversed(total.limits)]
                mean = self.reduction("mean", names, total.function)
                above = [self.within(f, POWER) for f in apart.above if f is not total]
                line = (self.product([*above, mean[0]]), PRODUCT) if above else mean
                return self.quotient(line, self._line(rest), len(rest)) if rest else line
        return None

    def _power(self, node: sp.Pow) -> Shown:
        base, exponent = node.args
        if exponent.is_Rational and exponent < 0:
            return self._fraction(Apart(False, (sp.S.One,), (base**-exponent,)))
        if exponent == sp.S.Half:
            return self.root(self.text(base)), ATOM
        return self.power(self.within(base, ATOM), self.within(exponent, ATOM), self.text(exponent)), POWER

    def _delta_sides(self, delta: sp.KroneckerDelta) -> tuple[sp.Expr, sp.Expr]:
        def place(side: sp.Expr) -> tuple:
            return side.is_number, not side.is_Symbol, sp.count_ops(side), _spelled(side)

        return tuple(sorted(delta.args, key=place))

    # parts that dialects share

    def index(self, node: sp.Expr) -> str:
        """An index expression: letters before numbers."""
        if isinstance(node, sp.Add):
            terms = sorted(node.args, key=lambda t: (self._apart(t).negative, t.is_Number, _spelled(t)))
            parts = [self._apart(term) for term in terms]
            return self.added([(apart.negative, self.index_product(apart.above)) for apart in parts])
        if isinstance(node, sp.Mul):
            apart = self._apart(node)
            text = self.index_product(apart.above)
            return self.minus(text) if apart.negative else text
        return self.text(node)

    def index_product(self, factors: Sequence[sp.Expr]) -> str:
        """A product of sizes, options and indices."""

        def place(factor: sp.Expr) -> tuple:
            name = _spelled(factor)
            return not factor.is_Number, not name > "z", len(name) == 1, name

        ordered = sorted(factors, key=place)
        return self.product([self.within(f, POWER) for f in ordered]) if len(ordered) > 1 else self.text(ordered[0])

    def condition(self, condition: sp.Basic) -> str:
        """A condition, larger side first where it reads better."""
        if isinstance(condition, sp.And):
            return self.all_of(self.conjuncts(condition))
        if isinstance(condition, sp.Or):
            return self.joined("or", sorted(self.condition(part) for part in condition.args))
        if isinstance(condition, sp.Not):
            return self.negated(self.condition(condition.args[0]))
        if condition in (sp.true, sp.false):
            return str(condition)
        left, right = condition.args
        operator = condition.rel_op
        if left.is_number and not right.is_number:
            left, right, operator = right, left, _MIRRORED[operator]
        show = self.index if left.is_integer and right.is_integer else self.text
        return self.relation(operator, show(left), show(right))

    def conjuncts(self, condition: sp.Basic) -> list[str]:
        """The conditions that must all hold."""
        if isinstance(condition, sp.And):
            return sorted(self._chain(chain) for chain in _chains(condition.args))
        return [self.condition(condition)]

    def all_of(self, conditions: Sequence[str]) -> str:
        """`(a) and (b)`."""
        return self.joined("and", conditions) if len(conditions) > 1 else conditions[0]

    def _chain(self, chain: Sequence[sp.Basic]) -> str:
        """`0 <= i <= H - 1`, of two conditions; a single one as it is."""
        if len(chain) == 1:
            return self.condition(chain[0])
        (least, up, middle), (_, down, most) = map(_upwards, chain)
        show = self.index if least.is_integer and middle.is_integer and most.is_integer else self.text
        return self.relation(up, show(least), self.relation(down, show(middle), show(most)))

    # what a dialect writes

    def rational(self, node: sp.Rational) -> Shown:
        raise TypeError("a dialect writes rational numbers")

    def in_decimals(self, number: sp.Rational) -> str:
        """The size of a long fraction in decimals, `0.044715`, cut off where they are many; else empty."""
        if self.exact or not is_long_decimal(number):
            return ""
        with localcontext(prec=len(str(number.p)) + len(str(number.q)) * 4):  # 1/2**k has k decimals
            value = Decimal(abs(int(number.p))) / Decimal(int(number.q))
            exponent = value.adjusted() if value.adjusted() < _TINY else 0
            text = f"{value.scaleb(-exponent).normalize():f}"
        digits = text if len(text) <= _DECIMALS else f"{text[:_DECIMALS]}{self.and_so_on}"
        return self.tiny(digits, exponent) if exponent else digits

    def tiny(self, digits: str, exponent: int) -> str:
        """`2.5e-12`."""
        return f"{digits}e{exponent}"

    def brackets(self, text: str) -> str:
        return f"({text})"

    def entry(self, name: str, indices: Sequence[str]) -> str:
        raise TypeError("a dialect writes entries")

    def letter(self, name: str) -> str:
        """An index, a size or an option: never a tensor, nor a cotangent, whatever letter it starts with."""
        return self.entry(name, [])

    def minus(self, text: str) -> str:
        return f"-{text}"

    def added(self, terms: Sequence[tuple[bool, str]]) -> str:
        """Terms, each with whether it is taken away."""
        (negative, first), *others = terms
        pieces = [self.minus(first) if negative else first]
        return "".join([*pieces, *(f" - {text}" if negative else f" + {text}" for negative, text in others)])

    def product(self, factors: Sequence[str]) -> str:
        return "*".join(factors)

    def quotient(self, above: Shown, below: Shown, count: int) -> Shown:
        top = above[0] if above[1] >= PRODUCT else self.brackets(above[0])
        bottom = below[0] if count == 1 and below[1] >= POWER else self.brackets(below[0])
        return f"{top}/{bottom}", PRODUCT

    def power(self, base: str, exponent: str, bare: str) -> str:
        return f"{base}**{exponent}"

    def root(self, text: str) -> str:
        return f"sqrt({text})"

    def reduction(self, name: str, indices: Sequence[str], body: sp.Expr) -> Shown:
        return f"{name}[{', '.join(indices)}]({self.text(body)})", ATOM

    def delta(self, left: sp.Expr, right: sp.Expr) -> Shown:
        return self.bracket(self.relation("==", self.index(left), self.index(right))), ATOM

    def bracket(self, condition: str) -> str:
        return f"[{condition}]"

    def relation(self, operator: str, left: str, right: str) -> str:
        return f"{left} {'=' if operator == '==' else operator} {right}"

    def joined(self, word: str, parts: Sequence[str]) -> str:
        return f" {word} ".join(f"({part})" for part in parts)

    def negated(self, condition: str) -> str:
        return f"not ({condition})"

    def first_maximum(self, where: Sequence[str], names: Sequence[str], body: sp.Expr) -> str:
        place = where[0] if len(where) == 1 else f"({', '.join(where)})"
        return f"[{place} = argmax[{', '.join(names)}]({self.text(body)})]"

    def where(self, conditions: Sequence[str], yes: str, no: str) -> Shown:
        """One value where all conditions hold, and another elsewhere."""
        return self.function("where", [self.all_of(conditions), yes, no])

    def function(self, name: str, arguments: Sequence[str]) -> Shown:
        return f"{name}({', '.join(arguments)})", ATOM

    def integer_division(self, left: str, right: str, *, remainder: bool) -> str:
        return f"{left}{'%' if remainder else '//'}{right}"

    def partial(self, above: str, below: str) -> str:
        return f"∂{above}/∂{below}"

    def pi(self) -> str:
        return "pi"

    def infinity(self) -> str:
        return "inf"


def is_long_decimal(number: sp.Rational) -> bool:
    """Whether a fraction is long, and its decimals come to an end."""
    return number.q > _LARGE and set(sp.factorint(number.q)) <= {2, 5}


def _upwards(condition: sp.Basic) -> tuple[sp.Expr, str, sp.Expr]:
    """The sides of an inequality, the smaller one first, with `<` or `<=` between them."""
    left, right = condition.args
    operator = condition.rel_op
    return (left, operator, right) if operator in {"<", "<="} else (right, _MIRRORED[operator], left)


def _chains(conditions: Sequence[sp.Basic]) -> list[tuple[sp.Basic, ...]]:
    """The conditions, and two of them together where the larger side of one is the smaller side of the other."""
    found: list[tuple[sp.Basic, ...]] = []
    left = sorted(conditions, key=_spelled)
    while left:
        one = left.pop(0)
        pairs = (pair for other in left for pair in ((one, other), (other, one)) if _follow(*pair))
        chain = next(pairs, (one,))
        left = [condition for condition in left if condition not in chain]
        found.append(chain)
    return found


def _follow(low: sp.Basic, high: sp.Basic) -> bool:
    inequalities = isinstance(low, _INEQUALITIES) and isinstance(high, _INEQUALITIES)
    return inequalities and _upwards(low)[2] == _upwards(high)[0]


def _with_chains(factors: list[sp.Expr]) -> list[sp.Expr]:
    """The factors, with `[0 <= i <= H - 1]` for `[0 <= i]` times `[i <= H - 1]`."""
    brackets = {factor.args[0]: factor for factor in factors if isinstance(factor, Bracket)}
    if len(brackets) < 2:
        return factors
    found = [factor for factor in factors if not isinstance(factor, Bracket)]
    for chain in _chains(list(brackets)):
        together = sp.And(*chain, evaluate=False)  # SymPy takes a contradiction for false all the same
        if isinstance(together, sp.And):
            found.append(Bracket(together, evaluate=False))
        else:
            found += [brackets[condition] for condition in chain]
    return found


@lru_cache(maxsize=16384)
def _spelled(node: sp.Basic) -> str:
    """SymPy's own text of a node, which takes it long, and is asked for again and again: lines differ in little."""
    return str(node)


def _weight(term: sp.Expr) -> int:
    return sum(1 for node in walk(term) if isinstance(node, sp.Indexed | sp.Sum | sp.Function)) // 3


_INEQUALITIES = (sp.Lt, sp.Le, sp.Gt, sp.Ge)
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
