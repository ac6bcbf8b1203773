"""Blocks as LaTeX: the same pages as the site's, in one document."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from functools import singledispatchmethod

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
from derivations.book.html import agreeing, badge_of, by_hand
from derivations.book.numbers import LatexNumbers, coded, is_exact
from derivations.render.latex import for_latex
from derivations.render.latex_page import PREAMBLE, breakable, item, paragraph
from derivations.render.latex_signs import declarations

WIDEST = 95  # characters of code in a line of the page
_HEADINGS = {1: "section", 2: "subsection*", 3: "subsubsection*"}
_FOR_TABLES_AND_LINKS = r"""\usepackage{array, longtable, color}
\definecolor{link}{rgb}{0.12, 0.31, 0.55}
\usepackage[colorlinks, allcolors=link]{hyperref}
\setcounter{tocdepth}{1}
"""


class Tex:
    """Writes blocks; `pages` are the pages that there are."""

    def __init__(self, pages: Collection[str]) -> None:
        self.pages = pages

    def page(self, page: Page) -> str:
        """A page as a section."""
        head = rf"\section{{{for_latex(page.title)}}}\label{{{page.name}}}"
        return "\n\n".join([head, rf"\emph{{{for_latex(page.summary)}}}", self.blocks(page.blocks)])

    def blocks(self, blocks: Iterable[object]) -> str:
        """Blocks one below the other."""
        return "\n\n".join(self.block(block) for block in blocks)

    def line(self, line: Line) -> str:
        """Words, code and formulas in a line."""
        return "".join(self.inline(part) for part in line)

    @singledispatchmethod
    def inline(self, part: object) -> str:
        """A part of a line."""
        raise TypeError(f"no way to write {part!r}")

    @inline.register
    def _(self, part: Words) -> str:
        return for_latex(part.text)

    @inline.register
    def _(self, part: Stress) -> str:
        return rf"\emph{{{for_latex(part.text)}}}"

    @inline.register
    def _(self, part: Mono) -> str:
        return rf"\texttt{{{for_latex(part.text)}}}"

    @inline.register
    def _(self, part: Link) -> str:
        text = for_latex(part.text)
        return rf"\hyperref[{part.page}]{{{text}}}" if part.page in self.pages else text

    @inline.register
    def _(self, part: Maths) -> str:
        return f"${_run(part)}$"

    @inline.register
    def _(self, part: Badge) -> str:
        return rf"\emph{{{for_latex(part.text)}}}"

    @singledispatchmethod
    def block(self, block: object) -> str:
        """A block."""
        raise TypeError(f"no way to write {block!r}")

    @block.register
    def _(self, block: Heading) -> str:
        return rf"\{_HEADINGS[block.level]}{{{for_latex(block.text)}}}"

    @block.register
    def _(self, block: Paragraph) -> str:
        return self.line(block.line)

    @block.register
    def _(self, block: Bullets) -> str:
        items = "\n".join(rf"\item {self.line(line)}" for line in block.lines)
        return f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"

    @block.register
    def _(self, block: Formula) -> str:
        aside = [rf"\texttt{{{for_latex(block.matrix)}}}"] if block.matrix else []
        aside += [rf"\emph{{{for_latex(block.label)}}}"] if block.label else []
        return "\n\n".join([paragraph(_run(block.maths)), *([_beside(r"\quad ".join(aside))] if aside else [])])

    @block.register
    def _(self, block: Steps) -> str:
        items = [item(step, proof=f" ({self.inline(badge_of(step))})") for step in block.steps]
        return "\n".join([r"\begin{enumerate}", *items, r"\end{enumerate}"])

    @block.register
    def _(self, block: Fold) -> str:
        return f"{self.line(block.title)}\n\n{self.blocks(block.blocks)}"

    @block.register
    def _(self, block: Listing) -> str:
        lines = [part for line in block.source.rstrip().splitlines() for part in _narrow(line)]
        code = "\n".join([r"\begin{verbatim}", *lines, r"\end{verbatim}"])
        return f"\\begin{{footnotesize}}\n{code}\n\\end{{footnotesize}}"

    @block.register
    def _(self, block: Table) -> str:
        rows = [" & ".join(self.line(cell) for cell in row) for row in block.rows]
        width = 0.98 / len(block.head) - 0.027  # less the space between columns
        columns = rf">{{\raggedright\arraybackslash}}p{{{width:.3f}\linewidth}}" * len(block.head)
        head = " & ".join(rf"\textbf{{{for_latex(title)}}}" for title in block.head)
        body = " \\\\\n".join([head, *rows])
        return f"{for_latex(block.about)}:\n\n\\begin{{longtable}}{{{columns}}}\n{body}\n\\end{{longtable}}"

    @block.register
    def _(self, block: Workings) -> str:
        return "\n\n".join(self._working(line) for line in block.lines)

    def _working(self, line: Working) -> str:
        dialect = LatexNumbers(line.values, line.order)
        left, numbers = breakable(line.left), dialect.text(line.right)
        exact = "=" if is_exact(line.hand) else r"\approx"
        into = r"\approx" if dialect.rounded else "="
        result = dialect.number(line.hand)
        if numbers == result:
            shown = f"{left} {exact} {numbers}"
        else:
            shown = f"{left} {into} {numbers} {exact if into == '=' else into} {result}"
        code = f"by code {coded(line.code)}, agree: {agreeing(line)}" if line.code is not None else "not run"
        return paragraph(shown) + "\n\n" + rf"\qquad by hand {for_latex(by_hand(line))}; {for_latex(code)}"


def _narrow(line: str) -> list[str]:
    """A line of code in lines that fit the page; the later ones are set in further."""
    indent = " " * (len(line) - len(line.lstrip()))
    parts = textwrap.wrap(line, WIDEST, subsequent_indent=f"{indent}        ", break_on_hyphens=False)
    return parts or [""]


def _run(maths: Maths) -> str:
    if maths.right is None:
        return breakable(maths.left, maths.first)
    return f"{breakable(maths.left)} = {breakable(maths.right, maths.first)}"


def _beside(text: str) -> str:
    return rf"{{\raggedright\leftskip=2em\hangindent=2em\hangafter=1\relax {text}\par}}"


_HOW_TO_READ = (
    r"What the code calls \texttt{dX} is $\partial L/\partial X$ in formulas: the derivative of the loss with respect "
    "to every entry of $X$. Indices start at 0."
)


def document(title: str, sections: Sequence[str]) -> str:
    """The whole document."""
    body = "\n\n".join(sections)
    declared = [_FOR_TABLES_AND_LINKS, *declarations(body)]
    head = [PREAMBLE, *declared, rf"\title{{{for_latex(title)}}}", r"\date{}", r"\begin{document}", r"\maketitle"]
    return "\n".join([*head, _HOW_TO_READ, r"\tableofcontents", body, r"\end{document}", ""])
