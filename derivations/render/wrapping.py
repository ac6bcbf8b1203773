"""Lines no longer than the terminal is wide: sentences break between words, formulas also after a product's dot."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A blank that no line breaks at: it stands inside `stride in 1..` and becomes a plain one at the end.
FIXED_BLANK = "\N{NO-BREAK SPACE}"
_WORDS = re.compile("( +)")


def wrapped(text: str, indent: str, width: int, hang: int = 0) -> Iterator[str]:
    """The text in lines of at most `width` columns, each after `indent`, the second and later ones `hang` more."""
    line, blank = indent, ""
    later = indent + " " * hang
    for token in _WORDS.split(text):
        if not token.strip(" "):
            blank = token
            continue
        for piece in _pieces(token, width - len(later)):
            if line.strip() and len(line) + len(blank) + len(piece) > width:
                yield _plain(line)
                line, blank = later, ""
            line += (blank if line.strip() else "") + piece
            blank = ""
    yield _plain(line)


def together(text: str) -> str:
    """The text with blanks that no line breaks at."""
    return text.replace(" ", FIXED_BLANK)


def _plain(line: str) -> str:
    return line.replace(FIXED_BLANK, " ")


def _pieces(word: str, room: int) -> Iterator[str]:
    """The word, or the parts of it that fit into `room` columns."""
    parts = [word]
    for split in (
        _after_outer_dots,
        re.compile("(?<=,)").split,
        re.compile("(?<=·)").split,
        re.compile("(?=[-+])").split,
    ):
        parts = [piece for part in parts for piece in ([part] if len(part) <= room else split(part))]
    for part in parts:
        yield from (part[start : start + room] for start in range(0, len(part), room))


def _after_outer_dots(word: str) -> list[str]:
    """The factors of a product, each with its dot; a product inside an index is left alone."""
    parts, depth = [""], 0
    for character in word:
        parts[-1] += character
        depth += (character in "([") - (character in ")]")
        if character == "·" and depth <= 0:
            parts.append("")
    return parts
