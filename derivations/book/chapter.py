"""A chapter: text, and between its paragraphs what the derivation says and the numbers of an example, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from derivations.book.blocks import Badge, Block, Formula, Maths, Mono, Page, Table, Workings
from derivations.book.example import Example
from derivations.book.layer_page import derived, formula
from derivations.book.markup import proved, read
from derivations.book.working import workings


class Item(Protocol):
    """What may stand between the paragraphs of a chapter."""

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """What it comes to; `by_code` maps the names of examples to what code got."""
        ...


@dataclass(frozen=True)
class Text:
    """Paragraphs in the markup, about the layer of an example."""

    example: Example
    text: str

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """The paragraphs. Raises DerivationError where an equation among them does not hold."""
        yield from read(self.text, self.example.derivation)


@dataclass(frozen=True)
class Forward:
    """The equations of an example."""

    example: Example

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """One below the other."""
        yield from (formula(equation, self.example.layer) for equation in self.example.layer.equations)


@dataclass(frozen=True)
class Given:
    """The numbers that go into an example."""

    example: Example

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """A table."""
        rows = tuple(((Mono(name),), (Mono(_nested(value)),)) for name, value in self.example.given.items())
        yield Table("What goes in", ("Tensor", "Numbers"), rows)


def _nested(value: Any) -> str:
    return f"[{', '.join(_nested(part) for part in value)}]" if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Derived:
    """How a cotangent of an example follows, step by step."""

    example: Example
    target: str

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """The result, and its steps."""
        yield from derived(self.example.derivation, self.target)


@dataclass(frozen=True)
class Claimed:
    """An equation that is proved against the derivation, on a line of its own."""

    example: Example
    text: str
    label: str = ""

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """The equation and its proof. Raises DerivationError where it does not hold."""
        claim, proof = proved(self.text, self.example.derivation)
        maths = Maths(claim.lhs, claim.rhs, tuple(claim.ranges))
        yield Formula(maths, "", self.label, Badge(proof.verdict, str(proof)))


@dataclass(frozen=True)
class Worked:
    """Tensors of an example, entry by entry, by hand and by code."""

    example: Example
    names: tuple[str, ...]

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """One table of all."""
        code = by_code.get(self.example.name)
        lines = [line for name in self.names for line in workings(self.example, name, code)]
        yield Workings(tuple(lines))


@dataclass(frozen=True)
class Chapter:
    """A chapter: `layers` are those that it tells of, `items` what it is made of."""

    name: str
    title: str
    summary: str
    layers: tuple[str, ...]
    examples: tuple[Example, ...]
    items: tuple[Item, ...]

    @property
    def page_name(self) -> str:
        """What the chapter's page is called."""
        return f"chapter-{self.name}"


def chapter_page(chapter: Chapter, by_code: Mapping[str, Mapping[str, Any]]) -> Page:
    """The page of a chapter. Raises DerivationError where something that it states does not hold."""
    blocks = tuple(block for item in chapter.items for block in item.blocks(by_code))
    return Page(chapter.page_name, "chapter", chapter.title, chapter.summary, blocks, " ".join(chapter.layers))
