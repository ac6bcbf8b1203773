"""Expressions in LaTeX; a cotangent prints as a partial derivative."""

from __future__ import annotations

import re
from collections.abc import Sequence

import sympy as sp

from derivations.render.printer import ATOM, POWER, PRODUCT, SUM, Printer, Shown
from derivations.render.unicode import without_padding_brackets

GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "rho",
        "sigma",
        "tau",
        "phi",
        "chi",
        "psi",
        "omega",
    ]
)
_NAMES = {"lam": r"\lambda", "eps": r"\varepsilon"}
_FUNCTIONS = {
    "sigmoid": r"\sigma",
    "sigma": r"\sigma",
    "sigma_prime": r"\sigma'",
    "exp": r"\exp",
    "log": r"\log",
    "tanh": r"\tanh",
    "sin": r"\sin",
    "cos": r"\cos",
    "maximum": r"\max",
    "minimum": r"\min",
}
_WIDE, _LINE = 36, 48  # signs: what fits beside the value of a case, and into a line
_TALL = re.compile(r"\\(sum|frac|begin)\b")
NUMBERED = re.compile(r"(.*\D)(\d+)")
_HAT = re.compile(r"(.+)hat(\d*)")
_RAISED = re.compile(r"[^\s{}]*\^\{\\text\{[^{}]*\}\}(_\{[^{}]*\})?")
_RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "==": "="}


class Latex(Printer):
    """LaTeX for a mathematics environment."""

    and_so_on = r"\ldots"
    partial_tightness = POWER

    def show(self, node: sp.Basic) -> Shown:
        """As usual, but without the brackets that only say that a tensor is zero outside its range."""
        return super().show(without_padding_brackets(node) if isinstance(node, sp.Mul) else node)

    def rational(self, node: sp.Rational) -> Shown:
        """`\\frac{1}{2}`."""
        sign = "-" if node < 0 else ""
        if decimals := self.in_decimals(node):
            return f"{sign}{decimals}", SUM if node < 0 else ATOM
        text = str(abs(node.p)) if node.q == 1 else rf"\tfrac{{{abs(node.p)}}}{{{node.q}}}"
        return f"{sign}{text}", SUM if node < 0 else ATOM

    def tiny(self, digits: str, exponent: int) -> str:
        """`2.5 \\cdot 10^{-12}`."""
        return rf"10^{{{exponent}}}" if digits == "1" else rf"{digits} \cdot 10^{{{exponent}}}"

    def brackets(self, text: str) -> str:
        """`\\left(x\\right)`."""
        return rf"\left({text}\right)"

    def entry(self, name: str, indices: Sequence[str]) -> str:
        """`X_{n d}`; `dX` is `\\frac{\\partial L}{\\partial X_{n d}}`, `vX` `v_{X_{n d}}`, `HvX` `(Hv)_{X_{n d}}`.

        What follows a low line stands above, `W^{\\text{next}}_{j i}`; `total` beside all of a cotangent.
        """
        bare, _, above = name.partition("_")
        mark, end = (r"\left.", r"\right|_{\text{total}}") if above == "total" else ("", "")
        scripts = rf"^{{\text{{{above.replace('_', ' ')}}}}}" if above and not mark else ""
        if indices:
            scripts += f"_{{{' '.join(self._spaced(indices))}}}"
        if bare.startswith("Hv") and len(bare) > 2:
            return rf"{mark}(Hv)_{{{_with_scripts(bare[2:], scripts)}}}{end}"
        if bare.startswith("v") and is_rate(bare[1:]):
            return rf"v_{{{_with_scripts(bare[1:], scripts)}}}"
        if bare.startswith("d") and len(bare) > 1 and bare not in GREEK and not bare[1:].isdigit():
            if bare == "dL" and not scripts:
                return r"\mathrm{d}L"
            return rf"{mark}\frac{{\partial L}}{{\partial {_with_scripts(bare[1:], scripts)}}}{end}"
        return rf"{mark}{_with_scripts(bare, scripts)}{end}"

    def letter(self, name: str) -> str:
        """`n`, `\\mathit{stride}`."""
        return symbol(name)

    def _spaced(self, indices: Sequence[str]) -> list[str]:
        plain = all(len(index) <= 2 for index in indices)
        return list(indices) if plain else [f"{index}," for index in indices[:-1]] + list(indices[-1:])

    def product(self, factors: Sequence[str]) -> str:
        """`a\\, b`."""
        return r"\, ".join(factors)

    def quotient(self, above: Shown, below: Shown, count: int) -> Shown:
        """`\\frac{a}{b}`."""
        return rf"\frac{{{above[0]}}}{{{below[0]}}}", PRODUCT

    def power(self, base: str, exponent: str, bare: str) -> str:
        """`x^{2}`."""
        clear = base.startswith(r"\frac") or _RAISED.fullmatch(base)
        return f"{base}^{{{bare}}}" if not clear else rf"\left({base}\right)^{{{bare}}}"

    def root(self, text: str) -> str:
        """`\\sqrt{x}`."""
        return rf"\sqrt{{{text}}}"

    def reduction(self, name: str, indices: Sequence[str], body: sp.Expr) -> Shown:
        """`\\sum_{d}`."""
        sign = {"sum": r"\sum", "mean": r"\operatorname{mean}", "max": r"\max"}[name]
        inner = self.within(body, PRODUCT) if name == "sum" else self.brackets(self.text(body))
        return rf"{sign}_{{{', '.join(indices)}}} {inner}", PRODUCT

    def delta(self, left: sp.Expr, right: sp.Expr) -> Shown:
        """`\\delta_{i d}` between indices, Iverson's bracket where one side is read from a tensor."""
        if left.atoms(sp.Indexed) or right.atoms(sp.Indexed):
            return super().delta(left, right)
        return rf"\delta_{{{self.index(left)},{self.index(right)}}}", ATOM

    def relation(self, operator: str, left: str, right: str) -> str:
        """`u \\le t`."""
        return f"{left} {_RELATIONS.get(operator, operator)} {right}"

    def joined(self, word: str, parts: Sequence[str]) -> str:
        """`\\land`, `\\lor`."""
        return (r" \land " if word == "and" else r" \lor ").join(parts)

    def negated(self, condition: str) -> str:
        """`\\lnot`."""
        return rf"\lnot ({condition})"

    def first_maximum(self, where: Sequence[str], names: Sequence[str], body: sp.Expr) -> str:
        """`[(p, q) = \\arg\\max …]`."""
        return rf"\left[({', '.join(where)}) = \arg\max_{{{', '.join(names)}}} {self.text(body)}\right]"

    def where(self, conditions: Sequence[str], yes: str, no: str) -> Shown:
        """Cases one below the other, and so are the conditions where they are long."""
        if sum(map(_width, conditions)) <= _WIDE:
            conditions = [self.all_of(conditions)]
        when = r" \\ & \text{and } ".join(conditions)
        return rf"\begin{{cases}} {yes} & \text{{if }} {when} \\ {no} & \text{{otherwise}} \end{{cases}}", ATOM

    def function(self, name: str, arguments: Sequence[str]) -> Shown:
        """`\\exp\\left(x\\right)`."""
        if name == "abs":
            return rf"\left|{arguments[0]}\right|", ATOM
        shown = _FUNCTIONS.get(name, rf"\operatorname{{{name}}}")
        return f"{shown}{self.brackets(', '.join(arguments))}", ATOM

    def integer_division(self, left: str, right: str, *, remainder: bool) -> str:
        """`\\lfloor d / g \\rfloor`."""
        return rf"{left} \bmod {right}" if remainder else rf"\lfloor {left} / {right} \rfloor"

    def partial(self, above: str, below: str) -> str:
        """`\\frac{\\partial Y}{\\partial X}`."""
        return rf"\frac{{\partial {above}}}{{\partial {below}}}"

    def pi(self) -> str:
        """`\\pi`."""
        return r"\pi"

    def infinity(self) -> str:
        """`\\infty`."""
        return r"\infty"


class Breakable(Latex):
    """LaTeX whose lines may break inside brackets and products, where the margin wants it."""

    def brackets(self, text: str) -> str:
        """`(x)`: TeX breaks no line between `\\left` and `\\right`."""
        return rf"\Bigl({text}\Bigr)" if _TALL.search(text) else f"({text})"

    def product(self, factors: Sequence[str]) -> str:
        """`a\\, b`, with a place to break."""
        return r"\,\allowbreak ".join(factors)

    def quotient(self, above: Shown, below: Shown, count: int) -> Shown:
        """`\\frac{a}{b}`; what is long stands behind `\\frac{1}{b}`, where a line may break."""
        if _width(above[0]) <= _LINE:
            return super().quotient(above, below, count)
        factor = above[0] if above[1] >= PRODUCT else self.brackets(above[0])
        return self.product([rf"\frac{{1}}{{{below[0]}}}", factor]), PRODUCT


def _width(text: str) -> int:
    """How many signs of a text are seen, about."""
    return len(re.sub(r"\\(?:mathit|left|right|,)|[{}_^ ]", "", re.sub(r"\\(?!mathit|left|right)[a-zA-Z]+", "x", text)))


def symbol(name: str) -> str:
    """A name as a mathematician writes it: Greek letters as such, numbers below, longer names upright."""
    if name in _NAMES:
        return _NAMES[name]
    if name in GREEK:
        return rf"\{name}"
    if hat := _HAT.fullmatch(name):
        under = symbol(hat[1] + hat[2])
        return rf"\hat {under}" if not hat[2] else rf"\hat{{{under}}}"
    numbered = NUMBERED.fullmatch(name)
    if numbered:
        return f"{symbol(numbered[1])}_{{{numbered[2]}}}"
    return name if len(name) == 1 else rf"\mathit{{{name}}}".replace("_", r"\_")


def _with_scripts(name: str, scripts: str) -> str:
    """A name with what stands above and below it: TeX takes no second subscript behind `X_{1}`."""
    shown = symbol(name)
    return f"{{{shown}}}{scripts}" if scripts and "_" in shown.replace(r"\_", "") else f"{shown}{scripts}"


def is_rate(rest: str) -> bool:
    """Whether what follows a v is a tensor's name, as in vX and vgamma, and not the rest of a word, as in var."""
    return rest[:1].isalpha() and (rest[0].isupper() or not symbol(rest).startswith(r"\mathit"))


def latex(expression: sp.Basic, first: Sequence[sp.Symbol] = ()) -> str:
    """An expression in LaTeX."""
    return Latex(first).text(expression)


_SPECIAL = {
    **{c: f"\\{c}" for c in "#$%&_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "Σ": r"$\sum$ ",
    "·": r"$\cdot$",
}


def for_latex(words: str) -> str:
    """Words for LaTeX's text mode."""
    return "".join(_SPECIAL.get(character, character) for character in words)
