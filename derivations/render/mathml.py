"""Expressions in presentation MathML, which browsers set without any script (MathML Core)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from unicodedata import lookup

import sympy as sp

from derivations.layer import Equation
from derivations.render.latex import GREEK, NUMBERED, is_rate
from derivations.render.printer import ATOM, POWER, PRODUCT, SUM, Printer, Shown
from derivations.render.unicode import without_padding_brackets

_RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "<": "&lt;", ">": "&gt;"}
_FUNCTIONS = {"sigmoid": "σ", "sigma": "σ", "sigma_prime": "σ′", "maximum": "max", "minimum": "min"}
TIMES = '<mo form="infix" lspace="0.12em" rspace="0.12em">·</mo>'
# Spaces are given, as an operator at the edge of a formula that is broken has none of its own.
PLUS, MINUS, EQUALS = (f'<mo form="infix" lspace="0.22em" rspace="0.22em">{sign}</mo>' for sign in "+−=")
# Not every machine has a font with a large sum: this one is the small one, enlarged.
_SUM = '<mo largeop="false" movablelimits="false" mathsize="150%">∑</mo>'
_COMMA = '<mo separator="true">,</mo>'
_D = '<mi mathvariant="normal">d</mi>'
_NAMES = {"lam": "lambda", "eps": "epsilon"}
_GREEK_IN_UNICODE = {"lambda": "lamda"}
_TAG = re.compile(r"</?[a-z]+[^>]*>")
# Brackets grow with what is in them where that is tall: around anything else, browsers leave gaps beside them.
_TALL = re.compile("<mfrac|<munder|<mtable|<msqrt")
_FLAT = '<mo stretchy="false">'
_BRACKETED = re.compile(r"<mrow><mo[^>]*>([(\[])</mo>(.*)<mo[^>]*>([)\]])</mo></mrow>")
_SHORT, _WIDE, _LINE = 24, 36, 56  # signs: what fits on any line, beside the value of a case, and on a wide page
_SMALL = 16  # signs: what is still read easily in the size of an index
_APPLY = "<mo>&#x2061;</mo>"


class Mathml(Printer):
    """A run of MathML elements: what goes where one element is needed is put into a row."""

    partial_tightness = POWER

    def show(self, node: sp.Basic) -> Shown:
        """As usual, but without the brackets that only say that a tensor is zero outside its range."""
        return super().show(without_padding_brackets(node) if isinstance(node, sp.Mul) else node)

    def rational(self, node: sp.Rational) -> Shown:
        """`½` stands one above the other; a long fraction that is a decimal is written as such, `0.044715`."""
        text = f"<mn>{abs(node.p)}</mn>"
        if decimals := self.in_decimals(node):
            text = f"<mn>{decimals}</mn>"
        elif node.q != 1:
            text = f"<mfrac>{text}<mn>{node.q}</mn></mfrac>"
        return (self.minus(text), SUM) if node < 0 else (text, ATOM)

    def brackets(self, text: str) -> str:
        """`(x)`."""
        return _bracketed(text)

    def letter(self, name: str) -> str:
        """`n`, `stride`."""
        return symbol(name)

    def entry(self, name: str, indices: Sequence[str]) -> str:
        """`X` with its indices below it, `dX` with an upright d; `total` of `dh_total` and its like stand above.

        Long indices, as those of a convolution, stand beside it in brackets.
        """
        bare, _, above = name.partition("_")
        if bare.startswith("Hv") and len(bare) > 2:
            return f"<msub>{self.brackets('<mi>H</mi><mi>v</mi>')}{_row(self.entry(name[2:], indices))}</msub>"
        if bare.startswith("v") and is_rate(bare[1:]):
            return f"<msub><mi>v</mi>{_row(self.entry(name[1:], indices))}</msub>"
        cotangent = bare.startswith("d") and len(bare) > 1 and bare not in GREEK and not bare[1:].isdigit()
        shown = _row(f"{_D}{symbol(bare[1:])}") if cotangent else symbol(bare)
        below = _COMMA.join(indices)
        if above and below:
            return f"<msubsup>{shown}<mrow>{below}</mrow><mi>{escape(above)}</mi></msubsup>"
        if above:
            return f"<msup>{shown}<mi>{escape(above)}</mi></msup>"
        if _length(below) > _SMALL:
            return f"{shown}{_bracketed(below, '[]')}"
        return f"<msub>{shown}<mrow>{below}</mrow></msub>" if below else shown

    def minus(self, text: str) -> str:
        """`−x`."""
        return f'<mo form="prefix">−</mo>{text}'

    def added(self, terms: Sequence[tuple[bool, str]]) -> str:
        """`a + b − c`."""
        (negative, first), *others = terms
        pieces = [self.minus(first) if negative else first]
        return "".join([*pieces, *(f"{MINUS if negative else PLUS}{text}" for negative, text in others)])

    def product(self, factors: Sequence[str]) -> str:
        """`a · b`."""
        return TIMES.join(factors)

    def quotient(self, above: Shown, below: Shown, count: int) -> Shown:
        """One above the other: nothing around it needs brackets, but for a power."""
        return f"<mfrac>{_row(above[0])}{_row(below[0])}</mfrac>", POWER

    def power(self, base: str, exponent: str, bare: str) -> str:
        """`x²`."""
        clear = self.brackets(base) if base.startswith(("<mfrac>", "<msubsup>", "<msup>")) else base
        return f"<msup>{_row(clear)}{_row(bare)}</msup>"

    def root(self, text: str) -> str:
        """`√x`."""
        return f"<msqrt>{text}</msqrt>"

    def reduction(self, name: str, indices: Sequence[str], body: sp.Expr) -> Shown:
        """`Σ` with its indices below it; a sum holds together like a product."""
        below = f"<mrow>{_COMMA.join(symbol(index) for index in indices)}</mrow>"
        if name == "sum":
            return f"<munder>{_SUM}{below}</munder>{self.within(body, PRODUCT)}", PRODUCT
        return f"<munder><mi>{name}</mi>{below}</munder>{_APPLY}{self.brackets(self.text(body))}", PRODUCT

    def delta(self, left: sp.Expr, right: sp.Expr) -> Shown:
        """`δ` with its indices below it, Iverson's bracket where one side is read from a tensor."""
        if left.atoms(sp.Indexed) or right.atoms(sp.Indexed):
            return super().delta(left, right)
        return f"<msub><mi>δ</mi><mrow>{self.index(left)}{_COMMA}{self.index(right)}</mrow></msub>", ATOM

    def bracket(self, condition: str) -> str:
        """`[i = j]`."""
        return _bracketed(condition, "[]")

    def relation(self, operator: str, left: str, right: str) -> str:
        """`u ≤ t`."""
        return f"{left}<mo>{_RELATIONS[operator]}</mo>{right}"

    def joined(self, word: str, parts: Sequence[str]) -> str:
        """`a ∧ b`."""
        return f"<mo>{'∧' if word == 'and' else '∨'}</mo>".join(f"<mrow>{part}</mrow>" for part in parts)

    def negated(self, condition: str) -> str:
        """`¬(a)`."""
        return f"<mo>¬</mo>{self.brackets(condition)}"

    def first_maximum(self, where: Sequence[str], names: Sequence[str], body: sp.Expr) -> str:
        """`[(p, q) = argmax …]`."""
        place = where[0] if len(where) == 1 else self.brackets(_COMMA.join(where))
        below = f"<mrow>{_COMMA.join(symbol(name) for name in names)}</mrow>"
        largest = f"<munder><mi>argmax</mi>{below}</munder>{_APPLY}{self.brackets(self.text(body))}"
        return self.bracket(f"{place}<mo>=</mo>{largest}")

    def where(self, conditions: Sequence[str], yes: str, no: str) -> Shown:
        """Cases one below the other, and so are the conditions where they are long."""
        if sum(map(_length, conditions)) <= _WIDE:
            conditions = [self.all_of(conditions)]
        first, *others = conditions
        rows = [
            (_row(yes), f"<mrow><mtext>if\u00a0</mtext>{first}</mrow>"),
            *(("", f"<mrow><mtext>and\u00a0</mtext>{condition}</mrow>") for condition in others),
            (_row(no), "<mtext>otherwise</mtext>"),
        ]
        lines = "".join(f"<mtr><mtd>{value}</mtd><mtd>{when}</mtd></mtr>" for value, when in rows)
        wide = max(map(_length, (yes, no))) + max(_length(when) for _, when in rows) > _LINE
        # Not every machine has a font whose brace grows: the style sheet draws one.
        return f'<mtable columnalign="left" class="cases{" stacked" if wide else ""}">{lines}</mtable>', PRODUCT

    def function(self, name: str, arguments: Sequence[str]) -> Shown:
        """`σ(x)`, `|x|`."""
        if name == "abs":
            return f'<mrow><mo form="prefix">|</mo>{arguments[0]}<mo form="postfix">|</mo></mrow>', ATOM
        return f"<mi>{_FUNCTIONS.get(name, name)}</mi>{_APPLY}{self.brackets(_COMMA.join(arguments))}", ATOM

    def integer_division(self, left: str, right: str, *, remainder: bool) -> str:
        """`⌊d / g⌋`, `d mod g`."""
        if remainder:
            return f'{left}<mo lspace="0.3em" rspace="0.3em">mod</mo>{right}'
        return _bracketed(f"{left}<mo>/</mo>{right}", "⌊⌋")

    def partial(self, above: str, below: str) -> str:
        """`∂Y/∂X`."""
        return f"<mfrac><mrow><mo>∂</mo>{above}</mrow><mrow><mo>∂</mo>{below}</mrow></mfrac>"

    def pi(self) -> str:
        """`π`."""
        return "<mi>π</mi>"

    def infinity(self) -> str:
        """`∞`."""
        return "<mi>∞</mi>"


def symbol(name: str) -> str:
    """A name as a mathematician writes it: Greek letters as such, numbers below, hats above."""
    numbered = NUMBERED.fullmatch(name)
    if numbered:
        return f"<msub>{symbol(numbered[1])}<mn>{numbered[2]}</mn></msub>"
    if name.endswith("hat") and len(name) > 3:
        return f'<mover accent="true">{symbol(name.removesuffix("hat"))}<mo stretchy="false">^</mo></mover>'
    name = _NAMES.get(name, name)
    if name in GREEK:
        return f"<mi>{lookup(f'GREEK SMALL LETTER {_GREEK_IN_UNICODE.get(name, name)}')}</mi>"
    return f"<mi>{escape(name)}</mi>"


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def mathml(expression: sp.Basic, first: Sequence[sp.Symbol] = ()) -> str:
    """An expression as a run of MathML elements, without the `math` around them."""
    return Mathml(first).text(expression)


def equation_mathml(equation: Equation) -> str:
    """`left = right`."""
    return f"{mathml(equation.lhs)}{EQUALS}{mathml(equation.rhs, equation.indices)}"


def pieces(run: str) -> list[str]:
    """A run in parts that a line may break between: browsers break a line between formulas, never inside one.

    It breaks behind `=`, `·` and commas, and before `+` and `−`, where they stand in no fraction or root, nor in a
    bracket that is short.
    """
    found = [""]
    for element in _elements(run):
        if element in {PLUS, MINUS} and found[-1]:
            found.append(element)
        elif _length(element) > _SHORT and (bracket := _BRACKETED.fullmatch(element)):
            first, *others = pieces(bracket[2])
            found[-1] += f"{_FLAT}{bracket[1]}</mo>{first}"
            found += others
            found[-1] += f"{_FLAT}{bracket[3]}</mo>"
        else:
            found[-1] += element
        if element in {TIMES, EQUALS, _COMMA}:
            found.append("")
    return [part for part in found if part]


def levelled(run: str) -> str:
    """A run whose long fractions stand in one line, `(a + b)/c`, where it can be broken.

    Fractions inside of roots and of cases stay as they are.
    """
    return "".join(_levelled(element) for element in _elements(run))


def _levelled(element: str) -> str:
    if (found := _BRACKETED.fullmatch(element)) and found[1] == "(":
        return _bracketed(levelled(found[2]))
    if not element.startswith("<mfrac>"):
        return element
    above, below = _elements(element.removeprefix("<mfrac>").removesuffix("</mfrac>"))
    if max(_length(above), _length(below)) <= _SHORT:
        return element
    divisor = below if len(_elements(_inside(below))) == 1 else _bracketed(_inside(below))
    return f"{_bracketed(levelled(_inside(above)))}<mo>/</mo>{divisor}"


def _inside(row: str) -> str:
    return row.removeprefix("<mrow>").removesuffix("</mrow>")


def _elements(run: str) -> list[str]:
    """The elements that a run is made of."""
    found, depth, start = [], 0, 0
    for tag in _TAG.finditer(run):
        depth += -1 if tag[0].startswith("</") else 1
        if depth == 0:
            found.append(run[start : tag.end()])
            start = tag.end()
    return found


def _bracketed(inside: str, signs: str = "()") -> str:
    start = "<mo>" if _TALL.search(inside) else _FLAT
    return f"<mrow>{start}{signs[0]}</mo>{inside}{start}{signs[1]}</mo></mrow>"


def _length(run: str) -> int:
    return len(_TAG.sub("", run))
