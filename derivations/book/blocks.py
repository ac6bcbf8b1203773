"""What a page of the book is made of: frozen records, from which both HTML and LaTeX are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from derivations.backward import Step
from derivations.book.numbers import Number


@dataclass(frozen=True)
class Words:
    """Plain words."""

    text: str


@dataclass(frozen=True)
class Stress:
    """Words that are stressed."""

    text: str


@dataclass(frozen=True)
class Mono:
    """Code, or anything else that is typed."""

    text: str


@dataclass(frozen=True)
class Link:
    """Words that lead to another page of the book, where that page is there."""

    text: str
    page: str


@dataclass(frozen=True)
class Maths:
    """An expression, or an equation where there is a right side; `first` are indices that come first in products."""

    left: sp.Expr
    right: sp.Expr | None = None
    first: tuple[sp.Symbol, ...] = ()


@dataclass(frozen=True)
class Badge:
    """How something is known: `verdict` as in `Proof.verdict`, agree, disagree or unresolved; and the words for it."""

    verdict: str
    text: str


Inline = Words | Stress | Mono | Link | Maths | Badge
Line = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the page's own."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `kind` is one of the site's few classes of text, such as `summary`."""

    line: Line
    kind: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list without numbers."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Formula:
    """An equation on a line of its own, its matrix form, and what a textbook calls it."""

    maths: Maths
    matrix: str = ""
    label: str = ""
    badge: Badge | None = None


@dataclass(frozen=True)
class Steps:
    """The steps that lead to one cotangent."""

    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Fold:
    """Blocks that a reader may fold away; in print they are all there."""

    title: Line
    blocks: tuple[Block, ...]
    open: bool = False


@dataclass(frozen=True)
class Listing:
    """Source code."""

    source: str
    about: str


@dataclass(frozen=True)
class Table:
    """A table; `about` says what it shows to those who do not see it."""

    about: str
    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True)
class Working:
    """One entry of a tensor at concrete numbers.

    `right` is the equation's right side with its sums written out, `values` are the numbers that it stands for, `order`
    that of the names in the equation. `hand` is what comes out exactly, `code` what the NumPy got, where it was run and
    returns it. `in_letters`: it is written with names first, and then with numbers.
    """

    left: sp.Expr
    right: sp.Expr
    values: Mapping[str, object] = field(hash=False)
    order: tuple[str, ...]
    hand: Number
    code: float | None = None
    in_letters: bool = False


@dataclass(frozen=True)
class Workings:
    """Entries of tensors, by hand and by code, side by side."""

    lines: tuple[Working, ...]


Block = Heading | Paragraph | Bullets | Formula | Steps | Fold | Listing | Table | Workings


@dataclass(frozen=True)
class Page:
    """A page: `name` is what its file is called, `kind` layer or chapter, `found_by` the words that a search knows."""

    name: str
    kind: str
    title: str
    summary: str
    blocks: tuple[Block, ...]
    found_by: str = ""
