"""Expressions for a terminal: `Σ_d X[n,d]·W[d,c]`."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from derivations.expressions import Bracket, walk
from derivations.render.printer import ATOM, PRODUCT, SUM, Printer, Shown

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "="}


class Unicode(Printer):
    """Unicode mathematics, one line."""

    def show(self, node: sp.Basic) -> Shown:
        """As usual, but without the brackets that only say that a tensor is zero outside its range."""
        return super().show(without_padding_brackets(node) if isinstance(node, sp.Mul) else node)

    def rational(self, node: sp.Rational) -> Shown:
        """`½` is written 1/2."""
        if decimals := self.in_decimals(node):
            return f"-{decimals}" if node < 0 else decimals, SUM if node < 0 else ATOM
        return str(node), SUM if node < 0 else ATOM if node.q == 1 else PRODUCT

    def entry(self, name: str, indices: Sequence[str]) -> str:
        """`X[n,d]`."""
        return f"{name}[{','.join(i.replace(' ', '') for i in indices)}]" if indices else name

    def product(self, factors: Sequence[str]) -> str:
        """`a·b`."""
        return "·".join(factors)

    def power(self, base: str, exponent: str, bare: str) -> str:
        """`x²`."""
        return f"{base}{bare.translate(_SUPERSCRIPTS)}" if bare.lstrip("-").isdigit() else f"{base}^{exponent}"

    def root(self, text: str) -> str:
        """`√(x)`."""
        return f"√{text}" if text.replace("_", "").isalnum() else f"√({text})"

    def reduction(self, name: str, indices: Sequence[str], body: sp.Expr) -> Shown:
        """`Σ_d …`; a sum holds together like a product, so that what follows needs brackets."""
        sign = {"sum": "Σ", "mean": "mean", "max": "max"}[name]
        subscript = indices[0] if len(indices) == 1 else f"({','.join(indices)})"
        if name == "sum":
            return f"{sign}_{subscript} {self.within(body, PRODUCT)}", PRODUCT
        return f"{sign}_{subscript}({self.text(body)})", ATOM

    def delta(self, left: sp.Expr, right: sp.Expr) -> Shown:
        """`δ(i,d)` between indices, `[c = T[n]]` where one side is read from a tensor."""
        if left.atoms(sp.Indexed) or right.atoms(sp.Indexed):
            return super().delta(left, right)
        return f"δ({self.index(left).replace(' ', '')},{self.index(right).replace(' ', '')})", ATOM

    def relation(self, operator: str, left: str, right: str) -> str:
        """`u ≤ t`."""
        return f"{left} {_RELATIONS.get(operator, operator)} {right}"

    def function(self, name: str, arguments: Sequence[str]) -> Shown:
        """`σ(x)`, `|x|`."""
        if name == "abs":
            return f"|{arguments[0]}|", ATOM
        shown = {"sigmoid": "σ", "sigma": "σ", "sigma_prime": "σ′"}.get(name, name)
        return f"{shown}({', '.join(arguments)})", ATOM

    def pi(self) -> str:
        """`π`."""
        return "π"

    def infinity(self) -> str:
        """`∞`."""
        return "∞"


def unicode(expression: sp.Basic, first: Sequence[sp.Symbol] = ()) -> str:
    """An expression in Unicode mathematics."""
    return Unicode(first).text(expression)


def without_padding_brackets(product: sp.Mul) -> sp.Expr:
    """The product without `[0 <= i]` and `[i <= H - 1]` where i indexes one of its entries."""
    read = {i for node in walk(product) if isinstance(node, sp.Indexed) for i in node.indices}
    kept = [f for f in product.args if not (isinstance(f, Bracket) and _is_padding(f.args[0], read))]
    return sp.Mul(*kept) if len(kept) < len(product.args) else product


def is_padded(expression: sp.Basic) -> bool:
    """Whether anything in an expression is read outside its range, as zero."""
    return any(isinstance(node, sp.Mul) and without_padding_brackets(node) != node for node in walk(expression))


def _is_padding(condition: sp.Basic, read: set[sp.Expr]) -> bool:
    if not isinstance(condition, sp.Ge | sp.Le) or condition.args[0] not in read:
        return False
    bound = condition.args[1]
    return bound == 0 if isinstance(condition, sp.Ge) else isinstance(bound + 1, sp.Symbol)
