"""The text of chapters: paragraphs, headings and lists, with code, links and mathematics that is proved.

    ## A heading
    - a line of a list
    A *stressed* word, `code`, a link to [a layer](layer:lstm) or [a chapter](chapter:attention), and $X[n, d]$.

What stands between dollar signs is read as the notation, about the chapter's layer. An equation is a claim: it is
proved against the derivation, and a chapter that states something else is not written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent

import sympy as sp

from derivations.backward import Derivation
from derivations.book.blocks import Block, Bullets, Heading, Inline, Line, Link, Maths, Mono, Paragraph, Stress, Words
from derivations.layer import Claim, DerivationError, size_symbol
from derivations.notation import read_equation
from derivations.proof import Proof, prove_claim

_INLINE = re.compile(
    r"\$(?P<maths>[^$]+)\$|`(?P<mono>[^`]+)`|\*(?P<stress>[^*]+)\*|\[(?P<text>[^\]]+)\]\((?P<kind>layer|chapter):(?P<page>\w+)\)"
)


def read(text: str, about: Derivation) -> Iterator[Block]:
    """The blocks of a text. Raises DerivationError for a claim that does not hold, NotationError for one that cannot
    be read."""
    for part in re.split(r"\n\s*\n", dedent(text).strip()):
        lines = part.strip().splitlines()
        if lines[0].startswith("## "):
            yield Heading(lines[0][3:])
            lines = lines[1:]
        if not lines:
            continue
        if lines[0].startswith("- "):
            items = re.split(r"\n- ", "\n" + "\n".join(lines))[1:]
            yield Bullets(tuple(line(" ".join(item.split()), about) for item in items))
        else:
            yield Paragraph(line(" ".join(lines), about))


def line(text: str, about: Derivation) -> Line:
    """A line with its code, links and mathematics. Raises as `read` does."""
    parts: list[Inline] = []
    end = 0
    for found in _INLINE.finditer(text):
        parts.append(Words(text[end : found.start()]))
        parts.append(_inline(found, about))
        end = found.end()
    return tuple(part for part in [*parts, Words(text[end:])] if part != Words(""))


def _inline(found: re.Match[str], about: Derivation) -> Inline:
    if found["maths"]:
        return mathematics(found["maths"], about)
    if found["mono"]:
        return Mono(found["mono"])
    if found["stress"]:
        return Stress(found["stress"])
    return Link(found["text"], f"{found['kind']}-{found['page']}")


def mathematics(text: str, about: Derivation) -> Maths:
    """A name, an expression, or an equation that is proved. Raises as `read` does."""
    if text.isidentifier():
        sizes = {*about.layer.size_names, *map(str, about.layer.size_definitions)}
        small = len(text) == 1 and text.islower() and text not in about.layer.by_name
        return Maths(size_symbol(text) if text in sizes or small else sp.Symbol(text, real=True))
    if "=" not in re.sub(r"[<>=!]=|\[[^\]]*\]", "", text):
        return Maths(read_equation(f"{text} = {text}", about.layer).lhs)
    claim, _ = proved(text, about)
    return Maths(claim.lhs, claim.rhs, tuple(claim.ranges))


def proved(text: str, about: Derivation) -> tuple[Claim, Proof]:
    """An equation, and its proof against a derivation. Raises DerivationError where it does not hold."""
    claim = read_equation(text, about.layer)
    proof = prove_claim(claim, about)
    if not proof.holds:
        raise DerivationError(f"a chapter claims {text!r} of {about.layer.name}: {proof}")
    return claim, proof
