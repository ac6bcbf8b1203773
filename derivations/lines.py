"""The lines of a text in the notation, and the syntax tree of an expression; where everything stood is remembered."""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from derivations.spellings import of_character

LONGEST_LINE = 10_000
DEEPEST_NESTING = 50
LONGEST_NUMBER = 30
_DIGITS = re.compile(r"(?<![\w.])[0-9][\w.]*")
_LINE_END = re.compile(r"\r\n|\r|\n")
_NAME_BEFORE = re.compile(r"[A-Za-z_]\w*$")
AS_TYPED: Mapping[str, str] = {}


class NotationError(ValueError):
    """A text that is not in the notation; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message, self.line, self.column = message, line, column


@dataclass(frozen=True)
class Line:
    """A logical line, and where each of its characters stood in the text."""

    text: str
    places: tuple[tuple[int, int], ...]

    def error(self, message: str, offset: int = 0) -> NotationError:
        """What is wrong at an offset of this line, to be raised."""
        line, column = self.places[min(max(offset, 0), len(self.places) - 1)] if self.places else (1, 1)
        return NotationError(message, line, column)

    def cut(self, start: int, end: int | None = None) -> Line:
        """A part of the line."""
        end = len(self.text) if end is None else end
        places = self.places[start:end] or self.places[start - 1 : start] or self.places[-1:]
        return Line(self.text[start:end], places)


def logical_lines(text: str, spelled: Mapping[str, str] = AS_TYPED) -> Iterator[Line]:
    """Lines without comments and blanks; a line goes on while a bracket is open.

    `spelled` gives the notation for characters that stand for something in it, such as `**2` for a raised 2.
    """
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    depth = 0
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if len(line) > LONGEST_LINE:
            raise NotationError(f"the line has {len(line)} characters; at most {LONGEST_LINE} are read", number)
        for column, character in enumerate(line, start=1):
            if character == "#":
                break
            if character in spelled:
                characters.extend(spelled[character])
                places.extend([(number, column)] * len(spelled[character]))
                continue
            if character not in "\t" and not (character.isascii() and character.isprintable()):
                what = unicodedata.name(character, f"U+{ord(character):04X}")
                said = f"the character {character!r} ({what}) is not in the notation{of_character(character)}"
                raise NotationError(said, number, column)
            depth += (character in "([") - (character in ")]")
            if depth > DEEPEST_NESTING:
                raise NotationError(f"brackets are nested deeper than {DEEPEST_NESTING}", number, column)
            characters.append(" " if character == "\t" else character)
            places.append((number, column))
        if len(characters) > LONGEST_LINE:
            raise NotationError(f"the equation has more than {LONGEST_LINE} characters", *places[0])
        if depth > 0:  # a blank, so that what ends one line does not run into what starts the next
            characters.append(" ")
            places.append((number, len(line) + 1))
            continue
        if "".join(characters).strip():
            yield _strip(Line("".join(characters), tuple(places)))
        characters, places, depth = [], [], 0
    if "".join(characters).strip():
        yield _strip(Line("".join(characters), tuple(places)))


def _strip(line: Line) -> Line:
    start = len(line.text) - len(line.text.lstrip())
    return line.cut(start, len(line.text.rstrip()))


def equals_signs(line: Line) -> list[int]:
    """The offsets of the `=` that stand outside brackets and are no part of a comparison."""
    found, depth, text = [], 0, line.text
    for offset, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "=" and depth == 0 and _is_lone_equals(text, offset):
            found.append(offset)
    return found


def _is_lone_equals(text: str, offset: int) -> bool:
    return text[offset - 1 : offset] not in {"=", "<", ">", "!"} and text[offset + 1 : offset + 2] != "="


def python_expression(line: Line, also: str = "") -> tuple[ast.expr, Line]:
    """The syntax tree of an expression; in `[c = T[n]]` and in where, `=` is read as `==`.

    `also` holds characters that are let through, though they are not in the notation.
    """
    characters, places, brackets = [], [], []
    for offset, character in enumerate(line.text):
        if character in "([":
            brackets.append(_opened(line.text, offset))
        elif character in ")]" and brackets:
            brackets.pop()
        characters.append(character)
        places.append(line.places[offset])
        if character == "=" and _holds_a_condition(brackets) and _is_lone_equals(line.text, offset):
            characters.append("=")
            places.append(line.places[offset])
    padded = Line("".join(characters), tuple(places))
    if not padded.text.strip():
        raise line.error("an expression is missing here")
    _check_brackets(padded, also)
    for number in _DIGITS.finditer(padded.text):
        if len(number[0]) > LONGEST_NUMBER:
            raise padded.error(f"the number {number[0][:20]}... is too long", number.start())
    try:
        # The outer brackets let ast point into the line instead of complaining about indentation.
        with warnings.catch_warnings(action="ignore"):  # of what the notation takes or refuses by itself
            tree = ast.parse(f"({padded.text})", mode="eval").body
    except SyntaxError as error:
        why = "a product is written 2*x" if "decimal literal" in error.msg else error.msg.partition(".")[0]
        raise padded.error(f"not a complete expression: {why}", (error.offset or 2) - 2) from None
    except (MemoryError, RecursionError, ValueError):
        raise padded.error("the expression is nested too deeply to be read") from None
    return tree, padded


def _opened(text: str, offset: int) -> str:
    """A bracket, with the name that it is called by."""
    name = _NAME_BEFORE.search(text, 0, offset)
    return (name[0] if name else "") + text[offset]


def _holds_a_condition(brackets: list[str]) -> bool:
    """Whether `=` compares inside of these brackets: in `[...]`, and in where, but not in another function there."""
    calls = [bracket for bracket in brackets if bracket != "("]
    return any(bracket.endswith("[") for bracket in brackets) or calls[-1:] == ["where("]


def _check_brackets(line: Line, also: str) -> None:
    """Every bracket closes the one that it should, and no character is foreign."""
    open_brackets: list[tuple[str, int]] = []
    for offset, character in enumerate(line.text):
        if character in "{}'\"`\\;@!$?&|~^:" and character not in also and line.text[offset : offset + 2] != "!=":
            raise line.error(f"{character!r} is not in the notation{of_character(character)}", offset)
        if character in "([":
            open_brackets.append((character, offset))
        elif character in ")]":
            if not open_brackets or open_brackets[-1][0] != {")": "(", "]": "["}[character]:
                raise line.error(f"{character!r} closes nothing", offset)
            open_brackets.pop()
    if open_brackets:
        raise line.error(f"{open_brackets[-1][0]!r} is never closed", open_brackets[-1][1])


def split_commas(line: Line) -> list[Line]:
    """What stands between the commas outside brackets."""
    if not line.text.strip():
        return []
    parts, start, depth = [], 0, 0
    for offset, character in enumerate(line.text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(line.cut(start, offset))
            start = offset + 1
    return [*parts, line.cut(start)]
