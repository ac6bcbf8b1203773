"""A derivation as a LaTeX document, whose long formulas break into lines."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from derivations.backward import Derivation, Step
from derivations.layer import Equation
from derivations.render.latex import Breakable, for_latex
from derivations.render.latex_signs import declarations
from derivations.render.page import claim_label, conventions, equation_for, sentence, targets

PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage[a4paper, margin=25mm]{geometry}
\usepackage{amsmath, amssymb}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5em plus 0.2em}
\emergencystretch=3em
"""


def latex_page(derivation: Derivation, *, steps: bool = True) -> str:
    """A LaTeX document: the layer, its equations, and each cotangent with its steps (or only its result)."""
    layer = derivation.layer
    lines = [
        *sentences(conventions(layer)),
        r"\subsection*{Forward}",
        *map(formula, layer.equations),
        r"\subsection*{Backward}",
    ]
    for target in targets(derivation):
        equation = equation_for(derivation, target)
        if steps:
            lines.append(numbered([step for step in derivation.steps if step.target == target]))
        elif equation is not None:
            lines.append(formula(equation, claim_label(derivation, equation)))
    if layer.source:
        lines.append(f"Source: {for_latex(layer.source)}.")
    return document(layer.name, layer.summary, lines)


def document(title: str, summary: str, parts: Sequence[str]) -> str:
    """A LaTeX document of these paragraphs."""
    body = "\n\n".join([rf"\section*{{{for_latex(title)}}}", for_latex(summary), *parts])
    return "\n".join([PREAMBLE, *declarations(body), r"\begin{document}", body, r"\end{document}", ""])


def sentences(texts: Sequence[str]) -> list[str]:
    """A paragraph for each sentence."""
    return [for_latex(sentence(text)) for text in texts]


def formula(equation: Equation, label: str = "") -> str:
    """`left = right`, and behind it what it is called."""
    run = f"{breakable(equation.lhs)} = {breakable(equation.rhs, equation.indices)}"
    return paragraph(run + (rf" \quad\text{{({for_latex(label)})}}" if label else ""))


def numbered(steps: Sequence[Step]) -> str:
    """Steps one below the other, each with its rule and why it holds."""
    lefts = [f"{breakable(step.before_expression)} " if number == 0 else "" for number, step in enumerate(steps)]
    items = [item(step, left=left) for step, left in zip(steps, lefts, strict=True)]
    return "\n".join([r"\begin{enumerate}", *items, r"\end{enumerate}"])


def item(step: Step, *, left: str = "", proof: str = "") -> str:
    """A step in a list: its rule, why it holds, how that is known, and the line that it leads to."""
    reason = rf"\item \textbf{{{for_latex(step.rule)}}}: {for_latex(step.because)}{proof}"
    return f"{reason}\n\n{paragraph(f'{left}= {breakable(step.after_expression, tuple(step.ranges))}')}"


def paragraph(run: str) -> str:
    """A formula as a paragraph: TeX breaks its line at relations and signs, which it does not do in a display."""
    return rf"{{\raggedright\hangindent=2em\hangafter=1\relax $\displaystyle {run}$\par}}"


def breakable(expression: sp.Basic, first: Sequence[sp.Symbol] = ()) -> str:
    """An expression that a line may break in."""
    return Breakable(first).text(expression)
