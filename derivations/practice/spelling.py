"""What people type, as lines of the notation: `^` and raised digits, dots and rings, and hints where one is needed."""

from __future__ import annotations

import re
from itertools import pairwise

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
    "½": "(1/2)",
    "⅓": "(1/3)",
    "¼": "(1/4)",
    "Σ": "sum",
    "∑": "sum",
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
    "√": "write a root as sqrt(x)",
    "σ": "write sigmoid(x), or sigma(x) where the activation has no name",
    "δ": "write a delta as a condition in brackets, as in [i = d]",
    "′": "write the derivative of sigma as sigma_prime(x)",
    "÷": "write a quotient as a/b",
    **dict.fromkeys("⁰¹⁵⁶⁷⁸⁹⁻", "write a power as x^5"),
}
_RAISED, _FRACTIONS = "²³⁴", "½⅓¼"
_MANTISSA = r"(?:\d[\d_]*+(?:\.\d*+)?+|\.\d++)"
_NUMBER = rf"{_MANTISSA}(?:[eE][+-]?\d++)?+"
_NUMBER_TIMES = re.compile(rf"(?<![\w.])({_NUMBER})\s*([A-Za-z_]\w*|\()")
_TIMES_FORGOTTEN = (
    (_NUMBER_TIMES, "a product needs its sign: write {0}*{1}"),
    (re.compile(r"(\))\s*([A-Za-z_]\w*|\d|\()"), "a product needs its sign: write ...)*{1}"),
    (re.compile(r"([A-Za-z_][\w.]*)\s+([A-Za-z_]\w*|\d+)"), "a product needs its sign: write {0}*{1}"),
)
_FUNCTIONS = {*ELEMENTARY, *REWRITTEN, "sqrt"}  # of one value
_POWER_OF_FUNCTION = re.compile(r"(?<![\w.])([A-Za-z]+)(\*\*\d+)\(")
_WORDS = {"and", "or", "not", "in", "if", "else", "is", "for", "lambda"}
_HALF_TIMES = re.compile(r"(\(1/[234]\))\s*([A-Za-z_]\w*|\()")
_BINDS_FIRST = re.compile(r"(/|\*\*) *[-+]? *$")  # 1/2x and x^2y may mean either of two things
_POWER_OF_TEN = re.compile(rf"(?<![\w.])({_MANTISSA})([eE])([+-]?)(\d+)")
# A letter without brackets has a blank behind it: `sum_c[n]` is an entry of what is called so.
_SUM = re.compile(r"(?<!\w)\\?sum *_ *(?:([a-z]) +|[({]([a-z](?: *, *[a-z])*)[)}] *)(?=[\w(\\])")
_ENDS = re.compile(r"(?<!\d[eE])[-+]|[,=<>!)\]]")
_EINSUM = re.compile(r"(?<!\w)einsum\( *(['\"])[A-Za-z, ]*(?:-> *[A-Za-z ]*)?\1")
_RING = re.compile(r"(?<=[\w\])]) +o +(?=[\w(\[-])")


def typed_lines(text: str) -> list[Line]:
    """The lines of an answer, spelled as the notation is; every character knows where it was typed.

    Raises NotationError with line and column.
    """
    if len(text) > MOST_CHARACTERS:
        raise NotationError(f"the answer has {len(text)} characters; at most {MOST_CHARACTERS} are read")
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        _check_characters(line.partition("#")[0], number)
    lines = [_with_times(_with_sums(_with_rings(line))) for line in logical_lines(text, SPELLED)]
    if not lines:
        raise NotationError("nothing was typed")
    if len(lines) > MOST_LINES:
        raise NotationError(f"the answer has {len(lines)} lines; at most {MOST_LINES} are read", *lines[-1].places[0])
    return lines


def _check_characters(text: str, number: int) -> None:
    """Raise NotationError for a character that is not read, or not where it stands."""
    right = text.index("=") if "=" in text else -1
    for column, (before, character) in enumerate(pairwise(f" {text}"), start=1):
        if character in UNREADABLE:
            raise NotationError(f"the character {character!r} is not read: {UNREADABLE[character]}", number, column)
        if character in _RAISED and before in _RAISED:
            raise NotationError("a power of more than one digit is written x^23", number, column)
        if character in _FRACTIONS and (before.isdigit() or before == "."):
            raise NotationError("a number with a fraction is written as a quotient: 5/2", number, column)
        if character == "∂" and column > right >= 0:
            raise NotationError("a derivative on the right is written out, as in W[d, c]*[k = n]", number, column)


def _with_rings(line: Line) -> Line:
    """`a o b` is the product of entries, as Nielsen's ring; no other reading of it is an expression."""
    text = _RING.sub(lambda ring: "*".center(len(ring[0])), line.text)
    return Line(text, line.places)


def quotes_of(line: Line) -> str:
    """The quotation mark that the letters of `einsum` stand in, if there is one."""
    found = _EINSUM.search(line.text)
    return found[1] if found else ""


def _with_times(line: Line) -> Line:
    """`2x` is 2*x, and `3(x + 1)` is 3*(x + 1), where that can mean nothing else."""
    for found in reversed([*_HALF_TIMES.finditer(line.text)]):
        of_one_character = len({*line.places[found.start(1) : found.end(1)]}) == 1
        if of_one_character and found[2] not in _WORDS and not _BINDS_FIRST.search(line.text, 0, found.start()):
            line = _replaced(line, found.end(1), found.start(2), "*")
    for found in reversed([*_NUMBER_TIMES.finditer(line.text)]):
        hexadecimal = found[1] == "0" and found.end(1) == found.start(2)
        if not (hexadecimal or found[2] in _WORDS or _BINDS_FIRST.search(line.text, 0, found.start())):
            line = _replaced(line, found.end(1), found.start(2), "*")
    return line


def _with_sums(line: Line) -> Line:
    """`Σ_n X[n, d]*dY[n, c] + ...`, as it is printed, and `sum_{n}`: a sum over the product that stands behind it."""
    for found in reversed([*_SUM.finditer(line.text)]):
        end = _end_of_product(line.text, found.end())
        line = _replaced(line, end, end, ")")
        line = _replaced(line, found.start(), found.end(), f"sum[{found[1] or found[2]}](")
    return line


def _end_of_product(text: str, start: int) -> int:
    """Where a product ends that starts here: before a sign that is no part of it, or what closes or divides a line."""
    depth = 0
    for offset in range(start, len(text)):
        if depth == 0 and _ENDS.match(text, offset):
            before = text[start:offset].rstrip()
            if text[offset] not in "+-" or (before and before[-1] not in "*/@(["):
                return len(text[:offset].rstrip())
        depth += (text[offset] in "([") - (text[offset] in ")]")
    return len(text)


def _replaced(line: Line, start: int, end: int, by: str) -> Line:
    """Other characters in the place of some, or where they would stand."""
    at = line.places[min(start, len(line.places) - 1)]
    return Line(line.text[:start] + by + line.text[end:], line.places[:start] + (at,) * len(by) + line.places[end:])


def check_products(line: Line, with_euler: bool = False) -> None:
    """Raise NotationError where a product was written without its sign: `1/2x`, `(x + 1)(x - 1)`.

    So does `2e-3`, where e may be Euler's number.
    """
    power_of_ten = _POWER_OF_TEN.search(line.text) if with_euler else None
    if power_of_ten:
        number, e, sign, digits = power_of_ten.groups()
        raise line.error(
            f"{power_of_ten[0]} may have Euler's number in it: write {number}*{e} {sign or '*'} {digits}, or digits",
            power_of_ten.start(2),
        )
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
                raise line.error(_two_readings(line, found) or hint.format(*found.groups()), found.start(2))


def _two_readings(line: Line, found: re.Match[str]) -> str | None:
    """What to write for 1/2x, and for x^2y, which may mean two things; None of what means one."""
    ahead = _BINDS_FIRST.search(line.text, 0, found.start())
    if ahead is None or found.re is not _NUMBER_TIMES:
        return None
    number, factor = found[1], "(...)" if found[2] == "(" else found[2]
    return f"this may mean two things: write ...{ahead[1]}({number}*{factor}) or (...{ahead[1]}{number})*{factor}"
