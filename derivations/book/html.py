"""Blocks as HTML, mathematics as MathML: a page that opens from disk, and needs neither a network nor a script."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import singledispatchmethod
from html import escape

from derivations.backward import AXIOMS, Step
from derivations.book.blocks import (
    Badge,
    Bullets,
    Fold,
    Formula,
    Heading,
    Line,
    Link,
    Listing,
    Maths,
    Mono,
    Page,
    Paragraph,
    Steps,
    Stress,
    Table,
    Words,
    Working,
    Workings,
)
from derivations.book.numbers import DIGITS, MathmlNumbers, agreement, ball, coded, decimal, is_exact, is_short
from derivations.render.mathml import EQUALS, levelled, mathml, pieces

ABOUT = '<mo form="infix" lspace="0.22em" rspace="0.22em">≈</mo>'
_PUNCTUATION = re.compile(r"[.,:;)]+")
POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:"


def file_of(page: str) -> str:
    """The file that a page lies in."""
    return f"{page}.html"


class Html:
    """Writes blocks; `pages` are the pages that there are, so that no link leads nowhere."""

    def __init__(self, pages: Collection[str]) -> None:
        self.pages = pages
        self.ids: set[str] = set()

    def blocks(self, blocks: Iterable[object]) -> str:
        """Blocks one below the other."""
        return "\n".join(self.block(block) for block in blocks)

    def line(self, line: Line) -> str:
        """Words, code and formulas in a line."""
        parts = [self.inline(part) for part in line]
        for place, part in enumerate(line[:-1]):
            sign = _PUNCTUATION.match(parts[place + 1])
            if isinstance(part, Maths) and sign:  # a browser would break the line between the two
                parts[place] = f'<span class="whole">{parts[place]}{sign[0]}</span>'
                parts[place + 1] = parts[place + 1][sign.end() :]
        return "".join(parts)

    # inline

    @singledispatchmethod
    def inline(self, part: object) -> str:
        """A part of a line."""
        raise TypeError(f"no way to write {part!r}")

    @inline.register
    def _(self, part: Words) -> str:
        return escape(part.text)

    @inline.register
    def _(self, part: Stress) -> str:
        return f"<em>{escape(part.text)}</em>"

    @inline.register
    def _(self, part: Mono) -> str:
        return f"<code>{escape(part.text)}</code>"

    @inline.register
    def _(self, part: Link) -> str:
        text = escape(part.text)
        return f'<a href="{escape(file_of(part.page))}">{text}</a>' if part.page in self.pages else text

    @inline.register
    def _(self, part: Maths) -> str:
        return f"<math>{_run(part)}</math>"

    @inline.register
    def _(self, part: Badge) -> str:
        return f'<span class="badge {part.verdict}">{escape(part.text)}</span>'

    # blocks

    @singledispatchmethod
    def block(self, block: object) -> str:
        """A block."""
        raise TypeError(f"no way to write {block!r}")

    @block.register
    def _(self, block: Heading) -> str:
        name = self._id(block.text)
        return f'<h{block.level} id="{name}">{escape(block.text)}</h{block.level}>'

    @block.register
    def _(self, block: Paragraph) -> str:
        kind = f' class="{block.kind}"' if block.kind else ""
        return f"<p{kind}>{self.line(block.line)}</p>"

    @block.register
    def _(self, block: Bullets) -> str:
        return "<ul>" + "".join(f"<li>{self.line(line)}</li>" for line in block.lines) + "</ul>"

    @block.register
    def _(self, block: Formula) -> str:
        parts = [broken(_run(block.maths))]
        aside = [f"<code>{escape(block.matrix)}</code>"] if block.matrix else []
        aside += [f'<span class="label">{escape(block.label)}</span>'] if block.label else []
        aside += [self.inline(block.badge)] if block.badge else []
        if aside:
            parts.append(f'<div class="aside">{" ".join(aside)}</div>')
        return f'<div class="equation">{"".join(parts)}</div>'

    @block.register
    def _(self, block: Steps) -> str:
        return '<ol class="steps">' + "".join(self._step(step) for step in block.steps) + "</ol>"

    def _step(self, step: Step) -> str:
        line = broken(EQUALS + mathml(step.after_expression, tuple(step.ranges)))
        badge = self.inline(badge_of(step))
        return (
            f'<li><details open=""><summary><span class="rule">{escape(step.rule)}</span> {badge}</summary>'
            f"<p>{escape(step.because)}</p>{line}</details></li>"
        )

    @block.register
    def _(self, block: Fold) -> str:
        state = ' open=""' if block.open else ""
        return f"<details{state}><summary>{self.line(block.title)}</summary>\n{self.blocks(block.blocks)}\n</details>"

    @block.register
    def _(self, block: Listing) -> str:
        # A region that scrolls must be within reach of the keyboard.
        code = f"<code>{escape(block.source)}</code>"
        return f'<pre tabindex="0" role="region" aria-label="{escape(block.about)}">{code}</pre>'

    @block.register
    def _(self, block: Table) -> str:
        head = "".join(f'<th scope="col">{escape(title)}</th>' for title in block.head)
        rows = "".join("<tr>" + "".join(f"<td>{self.line(cell)}</td>" for cell in row) + "</tr>" for row in block.rows)
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(block.about)}"><table>'
            f"<caption>{escape(block.about)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    @block.register
    def _(self, block: Workings) -> str:
        rows = "".join(self._working(line) for line in block.lines)
        head = "".join(f'<th scope="col" role="columnheader">{title}</th>' for title in COLUMNS)
        return (
            f'<table class="workings" role="table" aria-label="By hand and by code">'
            f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
        )

    def _working(self, line: Working) -> str:
        left, exact = mathml(line.left), EQUALS if is_exact(line.hand) else ABOUT
        letters = MathmlNumbers({}, line.order).text(line.right)
        dialect = MathmlNumbers(line.values, line.order)
        numbers = dialect.text(line.right)
        into = ABOUT if dialect.rounded else EQUALS
        result = dialect.number(line.hand)
        shown = [broken(f"{left}{EQUALS}{letters}")] if line.in_letters and letters != numbers else []
        if numbers == result:
            shown.append(broken(f"{left}{exact}{numbers}"))
        else:
            shown.append(broken(f"{left}{into}{numbers}{ABOUT if into == ABOUT else exact}{result}"))
        cells = [
            "".join(shown),
            escape(by_hand(line)),
            escape(coded(line.code)) if line.code is not None else "not returned",
            escape(agreeing(line)),
        ]
        kinds = " ".join(["start"] * line.in_letters + ["off"] * is_off(line))
        start = f' class="{kinds}"' if kinds else ""
        return (
            f'<tr role="row"{start}>'
            + "".join(
                f'<td role="cell" data-label="{title}">{cell}</td>' for title, cell in zip(COLUMNS, cells, strict=True)
            )
            + "</tr>"
        )

    def _id(self, text: str) -> str:
        stem = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
        name, number = stem, 2
        while name in self.ids:
            name, number = f"{stem}-{number}", number + 1
        self.ids.add(name)
        return name

    # pages

    def page(self, page: Page, before: tuple[str, str] | None, after: tuple[str, str] | None) -> str:
        """A whole page, with its neighbours (name and title) at the foot."""
        neighbours = [
            f'<a rel="{rel}" href="{escape(file_of(name))}"><span>{word}</span> {escape(title)}</a>'
            if found
            else "<span></span>"
            for rel, word, found in (("prev", "before", before), ("next", "next", after))
            for name, title in [found or ("", "")]
        ]
        body = (
            f"<h1>{escape(page.title)}</h1>\n"
            f'<p class="summary">{escape(page.summary)}</p>\n{self.blocks(page.blocks)}\n'
            f'<nav class="neighbours" aria-label="Neighbouring pages">{"".join(neighbours)}</nav>'
        )
        return document(f"{page.title} · Backproof", body, page.kind)


COLUMNS = ("step by step", "by hand", "by code", "agree")


def by_hand(line: Working) -> str:
    """What comes out by hand: the number, and the fraction that it is where the decimals are not all of it."""
    shown = decimal(line.hand)
    return shown if is_short(line.hand) or not is_exact(line.hand) else f"{line.hand} = {shown}…"


def agreeing(line: Working) -> str:
    """How far hand and code agree, in words."""
    if line.code is None:
        return ""
    digits = agreement(line.hand, line.code)
    if digits == 0 and ball(line.hand).contains(0):  # no digit is left to agree in
        return f"off by {abs(line.code):.0e}"
    return "exactly" if digits is None else f"{digits} digits"


def is_off(line: Working) -> bool:
    """Whether hand and code differ by more than rounding explains: in half of the digits."""
    if line.code is None:
        return False
    digits = agreement(line.hand, line.code)
    vanishes = ball(line.hand).contains(0)
    return abs(line.code) > 10 ** -(DIGITS // 2) if vanishes else digits is not None and digits < DIGITS // 2


def badge_of(step: Step) -> Badge:
    """What is known of a step, in few words."""
    proof = step.proof
    if step.rule in AXIOMS:
        return Badge("proved", proof.method)
    return Badge(proof.verdict, "proved for all sizes" if proof.for_all_sizes else str(proof))


def broken(run: str) -> str:
    """A formula on lines of its own, which break where they may; what still is too wide scrolls.

    Where it has long fractions, a phone shows it with those in one line.
    """
    level = levelled(run)
    if level == run:
        return _lines(run, "formula")
    return _lines(run, "formula wide") + _lines(level, "formula narrow")


def _lines(run: str, kind: str) -> str:
    parts = "".join(f'<math displaystyle="true">{piece}</math>' for piece in pieces(run))
    return f'<div class="{kind}">{parts}</div>'


def _run(maths: Maths) -> str:
    if maths.right is None:
        return mathml(maths.left, maths.first)
    return f"{mathml(maths.left)}{EQUALS}{mathml(maths.right, maths.first)}"


def document(title: str, body: str, kind: str) -> str:
    """An HTML document around a body."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<script src="search.js" defer></script>
</head>
<body class="{kind}">
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="home" href="index.html">Backproof</a>
<form role="search" id="search" hidden>
<label for="query">Search</label>
<input type="search" id="query" placeholder="lstm, softmax, BP4 …" aria-controls="found" autocomplete="off">
<p id="count" role="status"></p>
<ul id="found"></ul>
</form>
</header>
<main id="content">
{body}
</main>
</body>
</html>
"""
