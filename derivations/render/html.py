"""Layers, steps and derivations for a notebook, steps to be unfolded; the notebook typesets the LaTeX."""

from __future__ import annotations

from html import escape

from derivations.backward import Derivation, Step
from derivations.layer import Layer
from derivations.render.latex import latex
from derivations.render.page import equation_for, targets


def derivation_html(derivation: Derivation) -> str:
    """The layer's equations, and each cotangent with its steps folded away."""
    parts = [layer_html(derivation.layer)]
    for target in targets(derivation):
        equation = equation_for(derivation, target)
        shown = (
            f"$\\displaystyle {escape(equation.latex)}$" if equation is not None else f"<code>d{escape(target)}</code>"
        )
        parts.append(f"<details><summary>{shown}</summary><ol>")
        for step in derivation.steps:
            if step.target == target:
                line = escape(latex(step.after_expression, tuple(step.ranges)))
                parts.append(f"<li>{_reason(step)}<br>$\\displaystyle = {line}$</li>")
        parts.append("</ol></details>")
    return "\n".join(parts)


def layer_html(layer: Layer) -> str:
    """The layer's name, what it does, its tensors, and its equations."""
    tensors = ", ".join(str(tensor) for tensor in (*layer.inputs, *layer.options))
    outputs = ", ".join(map(str, layer.outputs))
    parts = [f"<h3>{escape(layer.name)}</h3>", f"<p>{escape(layer.summary)}</p>"]
    parts += [f"<p><code>{escape(tensors)} → {escape(outputs)}</code></p>"]
    parts += [f"<p>$\\displaystyle {escape(equation.latex)}$</p>" for equation in layer.equations]
    return "\n".join(parts)


def step_html(step: Step) -> str:
    """The rule and why it holds, and below it the line before and the line after."""
    before, after = latex(step.before_expression), latex(step.after_expression, tuple(step.ranges))
    return f"<p>{_reason(step)}<br>$\\displaystyle {escape(before)} = {escape(after)}$</p>"


def _reason(step: Step) -> str:
    return f"<b>{escape(step.rule)}</b>: {escape(step.because)} <i>({escape(str(step.proof))})</i>"
