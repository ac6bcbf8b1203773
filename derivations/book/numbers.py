"""Numbers as a reader wants them: exact where they are, else in decimals; and to how many digits two of them agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import flint
import numpy as np
import sympy as sp

from derivations.expressions import walk
from derivations.layer import DerivationError
from derivations.render.latex import Breakable
from derivations.render.mathml import Mathml
from derivations.render.printer import ATOM, Printer, Shown

Number: TypeAlias = Any  # a Fraction or a flint.arb, which ships no types
BITS = 200
DIGITS = 15  # what a float64 always keeps of a decimal number
SHORT = 5  # in the middle of a calculation
LONGEST_DECIMAL = 6


def decimal(value: Number, digits: int = DIGITS) -> str:
    """A number in decimals: exactly, where few digits do, else rounded to so many.

    Raises DerivationError for a ball that is too wide to give a single digit of.
    """
    if is_short(value):
        return _without_zeros(f"{float(value):.{LONGEST_DECIMAL}f}")
    value = ball(value)
    if value.contains(0):
        if abs(value) < 1e-30:
            return "0"
        raise DerivationError(f"{value} is too wide to be written in decimals")
    text = value.str(digits, radius=False)
    mantissa, _, exponent = text.partition("e")
    return _without_zeros(mantissa) + (f"e{int(exponent)}" if exponent else "")


def ball(value: Number) -> Any:
    """A number as a ball of 200 bits."""
    if not isinstance(value, Fraction):
        return value
    with flint.ctx.workprec(BITS):
        return flint.arb(flint.fmpq(value.numerator, value.denominator))


def is_short(value: Number) -> bool:
    """Whether a few decimals are the whole number."""
    return isinstance(value, Fraction) and (value * 10**LONGEST_DECIMAL).denominator == 1


def is_exact(value: Number) -> bool:
    """Whether what is written of a number in the middle of a calculation is all of it."""
    return isinstance(value, Fraction)


def coded(value: float) -> str:
    """What a program got, in as many digits as `decimal` gives."""
    return _without_zeros(f"{value:.{DIGITS}g}")


def _without_zeros(text: str) -> str:
    mantissa, mark, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    mantissa = "0" if mantissa == "-0" else mantissa
    return mantissa + (f"e{int(exponent)}" if mark else "")


def agreement(hand: Number, code: float) -> int | None:
    """How many leading digits two numbers share, of those that are shown; None where they are the same number."""
    if not math.isfinite(code):
        return 0
    if isinstance(hand, Fraction) and Fraction(code) == hand:
        return None
    hand = ball(hand)
    if hand.contains(0):
        return None if code == 0 else 0
    with flint.ctx.workprec(BITS):
        off = float((abs(hand - flint.arb(code)) / abs(hand)).mid())
    return DIGITS if off < 10.0**-DIGITS else max(0, math.floor(-math.log10(off)))


class _WithNumbers(Printer):
    """Writes the numbers that entries, sizes and options have, in the place of their names.

    Factors stand in the `order` of their names. `rounded` tells whether a number that was written so far is not all of
    what it stands for.
    """

    def __init__(self, values: Mapping[str, Any], order: Sequence[str] = ()) -> None:
        super().__init__()
        self.values = values
        self.order = {name: place for place, name in enumerate(order)}
        self.bare: dict[str, str] = {}
        self.rounded = False

    def show(self, node: sp.Basic) -> Shown:
        """As usual, but for what has a number."""
        if isinstance(node, sp.Indexed) and node.base.name in self.values:
            return self._in_brackets(self.values[node.base.name][tuple(int(i) for i in node.indices)]), ATOM
        if isinstance(node, sp.Symbol) and node.name in self.values:
            return self._in_brackets(self.values[node.name]), ATOM
        return super().show(node)

    def _entries_key(self, node: sp.Basic) -> tuple:
        names = [part.base.name for part in walk(node) if isinstance(part, sp.Indexed)]
        return min((self.order.get(name, len(self.order)) for name in names), default=-1), str(node)

    def number(self, value: Number) -> str:
        """A number: a fraction where decimals have no end, else a decimal."""
        if isinstance(value, Fraction) and not is_short(value):
            text = self.text(sp.Rational(abs(value.numerator), value.denominator))
            return self.minus(text) if value < 0 else text
        self.rounded = self.rounded or not isinstance(value, Fraction)
        text = decimal(value, SHORT)
        return self.minus(self.decimal(text[1:])) if text.startswith("-") else self.decimal(text)

    def _in_brackets(self, value: Any) -> str:
        """A number as part of a calculation, in brackets where it is negative."""
        if isinstance(value, np.ndarray | np.generic):
            value = value.item()
        number = value if isinstance(value, Fraction | flint.arb) else Fraction(value)
        text = self.number(number)
        if not number < 0:  # a ball around 0 is neither
            return text
        self.bare[self.brackets(text)] = text
        return self.brackets(text)

    def function(self, name: str, arguments: Any) -> Shown:
        """A lone number in a function's brackets needs none of its own."""
        return super().function(name, [self.bare.get(text, text) for text in arguments])

    def decimal(self, text: str) -> str:
        raise TypeError("a dialect writes decimals")


class MathmlNumbers(_WithNumbers, Mathml):
    """MathML with numbers for names."""

    def decimal(self, text: str) -> str:
        """`0.25`, `1.2·10⁻⁸`."""
        mantissa, _, exponent = text.partition("e")
        if not exponent:
            return f"<mn>{mantissa}</mn>"
        sign = '<mo form="prefix">−</mo>' if exponent.startswith("-") else ""
        return (
            f"<mn>{mantissa}</mn><mo>·</mo><msup><mn>10</mn><mrow>{sign}<mn>{exponent.lstrip('-')}</mn></mrow></msup>"
        )


class LatexNumbers(_WithNumbers, Breakable):
    """LaTeX with numbers for names."""

    def product(self, factors: Sequence[str]) -> str:
        """`2 \\cdot 3`: with a blank alone it would read 23."""
        return r" \cdot \allowbreak ".join(factors)

    def decimal(self, text: str) -> str:
        """`0.25`, `1.2 \\cdot 10^{-8}`."""
        mantissa, _, exponent = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{exponent}}}" if exponent else mantissa
