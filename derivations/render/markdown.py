"""Derivations as Markdown, mathematics between dollar signs."""

from __future__ import annotations

from derivations.backward import Derivation
from derivations.render.latex import latex
from derivations.render.numpy_source import matrix_form
from derivations.render.page import claim_label, conventions, equation_for, given_cotangents, targets


def markdown(derivation: Derivation, *, steps: bool = True) -> str:
    """A page of Markdown: the layer, its equations, and each cotangent with its steps (or only its result)."""
    layer = derivation.layer
    tensors = ", ".join(f"`{t}`" for t in (*layer.inputs, *layer.options))
    lines = [f"# {layer.name}", ""]
    if layer.summary:
        lines += [layer.summary, ""]
    lines += [f"{tensors} → {', '.join(f'`{t}`' for t in layer.outputs)}", ""]
    lines += [f"- {convention}" for convention in conventions(layer)] + [""] * bool(conventions(layer))
    lines += ["## Forward", ""]
    for equation in layer.equations:
        lines += ["$$", equation.latex, "$$", ""]
    lines += ["## Backward", ""]
    for target in targets(derivation):
        lines += _cotangent(derivation, target, steps)
    if derivation.claims:
        lines += ["## As the textbook writes it", ""]
        lines += [
            f"- `{claim.text}`{f' ({claim.label})' if claim.label else ''}: {proof}"
            for claim, proof in derivation.claims
        ]
        lines += [""]
    lines += [f"The whole derivation: {derivation.witness}.", ""]
    if layer.source:
        lines += [f"Source: {layer.source}", ""]
    return "\n".join(lines)


def _cotangent(derivation: Derivation, target: str, steps: bool) -> list[str]:
    equation = equation_for(derivation, target)
    lines: list[str] = []
    if steps:
        own = [step for step in derivation.steps if step.target == target]
        given = ", ".join(f"`{name}`" for name in given_cotangents(derivation, target))
        lines += [f"### d{target}" + (f", given {given}" if given else ""), ""]
        for number, step in enumerate(own, start=1):
            left = latex(step.before_expression) if number == 1 else ""
            right = latex(step.after_expression, tuple(step.ranges))
            lines += [f"{number}. **{step.rule}**: {step.because} ({step.proof})", "", "   $$"]
            lines += [f"   {left} = {right}", "   $$", ""]
    if equation is not None:
        if not steps:
            lines += ["$$", equation.latex, "$$", ""]
        matrix, label = matrix_form(equation, derivation.layer), claim_label(derivation, equation)
        if matrix:
            lines += [f"In whole matrices: `{equation.name} = {matrix}`" + (f" ({label})" if label else ""), ""]
        elif label:
            lines += [f"({label})", ""]
    return lines
