"""What people type, as lines of the notation: `^` and raised digits, dots and rings, and hints where one is needed."""

from __future__ import annotations

import re

from derivations.expressions import ELEMENTARY
from derivations.lines import Line, NotationError, logical_lines
from derivations.practice.formula import REWRITTEN

MOST_CHARACTERS = 5000
MOST_LINES = 60

# What the notation writes otherwise; each is read as what stands beside it, and errors point at what was typed.
SPELLED = {
    "^": "**",
    "·": "*",
    "×": "*",
    "∗": "*",
    "⊙": "*",
    "∘": "*",
    "−": "-",
    "–": "-",
    "²": "**2",
    "³": "**3",
    "⁴": "**4",
    "ᵀ": ".T",
    "π": "pi",
    "∂": "d",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "\xa0": " ",
}
# What the tool prints and cannot read back, for nothing says where it ends.
UNREADABLE = {
    "Σ": "write a sum with its index and brackets, as in sum[n](X[n, d])",
    "∑": "write a sum with its index and brackets, as in sum[n](X[n, d])",
    "√": "write a root as sqrt(x)",
    "σ": "write sigmoid(x), or sigma(x) where the activation has no name",
    "δ": "write a delta as a condition in brackets, as in [i = d]",
    "′": "write the derivative of sigma as sigma_prime(x)",
    "÷": "write a quotient as a/b",
}
_NUMBER = r"(?:\d[\d_]*+(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+"
_TIMES_FORGOTTEN = (
    (re.compile(rf"(?<![\w.])({_NUMBER})\s*([A-Za-z_]\w*|\()"), "a product needs its sign: write {0}*{1}"),
    (re.compile(r"(\))\s*([A-Za-z_]\w*|\d|\()"), "a product needs its sign: write ...)*{1}"),
    (re.compile(r"([A-Za-z_][\w.]*)\s+([A-Za-z_]\w*|\d+)"), "a product needs its sign: write {0}*{1}"),
)
_FUNCTIONS = {*ELEMENTARY, *REWRITTEN, "sqrt"}  # of one value
_POWER_OF_FUNCTION = re.compile(r"(?<![\w.])([A-Za-z]+)(\*\*\d+)\(")
_WORDS = {"and", "or", "not", "in", "if", "else", "is", "for", "lambda"}
_RING = re.compile(r"(?<=[\w\])]) +o +(?=[\w(\[-])")


def typed_lines(text: str) -> list[Line]:
    """The lines of an answer, spelled as the notation is; every character knows where it was typed.

    Raises NotationError with line and column.
    """
    if len(text) > MOST_CHARACTERS:
        raise NotationError(f"the answer has {len(text)} characters; at most {MOST_CHARACTERS} are read")
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        for column, character in enumerate(line.partition("#")[0], start=1):
            if character in UNREADABLE:
                raise NotationError(f"the character {character!r} is not read: {UNREADABLE[character]}", number, column)
    lines = [_with_rings(line) for line in logical_lines(text, SPELLED)]
    if not lines:
        raise NotationError("nothing was typed")
    if len(lines) > MOST_LINES:
        raise NotationError(f"the answer has {len(lines)} lines; at most {MOST_LINES} are read", *lines[-1].places[0])
    return lines


def _with_rings(line: Line) -> Line:
    """`a o b` is the product of entries, as Nielsen's ring; no other reading of it is an expression."""
    text = _RING.sub(lambda ring: "*".center(len(ring[0])), line.text)
    return Line(text, line.places)


def check_products(line: Line) -> None:
    """Raise NotationError where a product was written without its sign: `2x`, `(x + 1)(x - 1)`."""
    power = _POWER_OF_FUNCTION.search(line.text)
    if power and power[1].lower() in _FUNCTIONS:
        raise line.error(
            f"a power of a function stands behind its brackets: write {power[1]}(...){power[2]}", power.start()
        )
    for pattern, hint in _TIMES_FORGOTTEN:
        for found in pattern.finditer(line.text):
            apart = found.end(1) < found.start(2)  # `1 if`, but never `1if`
            if apart and found[1].lower() in _FUNCTIONS:
                raise line.error(f"a function needs its brackets: write {found[1]}({found[2]})", found.start(2))
            if not (apart and _WORDS.intersection(found.groups())):
                raise line.error(hint.format(*found.groups()), found.start(2))
