"""Derivations for a notebook: HTML with foldable steps; the notebook typesets the LaTeX."""

from __future__ import annotations

from html import escape

from derivations.backward import Derivation
from derivations.render.latex import latex
from derivations.render.page import equation_for, targets


def derivation_html(derivation: Derivation) -> str:
    """The layer's equations, and each cotangent with its steps folded away."""
    layer = derivation.layer
    parts = [f"<h3>{escape(layer.name)}</h3>", f"<p>{escape(layer.summary)}</p>"]
    parts += [f"<p>$\\displaystyle {escape(equation.latex)}$</p>" for equation in layer.equations]
    for target in targets(derivation):
        equation = equation_for(derivation, target)
        shown = equation.latex if equation is not None else f"d{target}"
        parts.append(f"<details><summary>$\\displaystyle {escape(shown)}$</summary><ol>")
        for step in derivation.steps:
            if step.target == target:
                line = escape(latex(step.after_expression, tuple(step.ranges)))
                reason = f"<b>{escape(step.rule)}</b>: {escape(step.because)} <i>({escape(str(step.proof))})</i>"
                parts.append(f"<li>{reason}<br>$\\displaystyle = {line}$</li>")
        parts.append("</ol></details>")
    return "\n".join(parts)
