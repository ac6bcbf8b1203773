"""Expressions in the notation itself: what is printed here can be typed."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from derivations.render.printer import ATOM, PRODUCT, SUM, Printer, Shown


class Plain(Printer):
    """ASCII, as the parser reads it."""

    exact = True

    def rational(self, node: sp.Rational) -> Shown:
        """`3`, `-2`, `1/2`."""
        tightness = SUM if node < 0 else ATOM if node.q == 1 else PRODUCT
        return str(node), tightness

    def entry(self, name: str, indices: Sequence[str]) -> str:
        """`X[n, d]`."""
        return f"{name}[{', '.join(indices)}]" if indices else name


def plain(expression: sp.Basic, first: Sequence[sp.Symbol] = ()) -> str:
    """An expression in the notation; factors that hold the `first` indices come first in products."""
    return Plain(first).text(expression)
