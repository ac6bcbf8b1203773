"""A layer's Hessian-vector products, as a page for a terminal, in Markdown and in LaTeX."""

from __future__ import annotations

from collections.abc import Iterator

from derivations.backward import Step
from derivations.hessian import SecondOrder
from derivations.kinks import has_kinks
from derivations.layer import Equation, rate_name
from derivations.render.latex import latex
from derivations.render.latex_page import document, formula, numbered, sentences
from derivations.render.numpy_source import matrix_form
from derivations.render.page import NARROWEST, equation_lines, head_of, share_proved, step_lines, testimony
from derivations.render.unicode import unicode
from derivations.render.wrapping import wrapped

AT_KINKS = "at kinks and ties the second derivative is that of the branch taken: a slope that jumps counts as constant"


def meaning(second: SecondOrder) -> list[str]:
    """What H and v are, and what is agreed at kinks, in sentences."""
    outputs = " + ".join(f"d{name}·{name}" for name in second.layer.output_names)
    given = " and ".join(second.first.output_cotangents)
    inputs = _listed([name.removeprefix("d") for name in second.first.cotangents])
    scalar = all(not second.layer.by_name[name].sizes for name in second.layer.output_names)
    what = outputs if scalar else f"Σ {outputs}"
    directions = _listed([tensor.name for tensor in second.directions])
    found = [f"H is the Hessian of {what} in {inputs} where {given} stays the same; v, any direction, is {directions}"]
    return found + [AT_KINKS] * has_kinks(second.layer)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _parts(second: SecondOrder) -> list[tuple[Equation, Equation, tuple[Step, ...]]]:
    """Every rate and product: what is differentiated, its rate, and the steps between."""
    lines = {rate_name(line.name, second.layer): line for line in second.first.equations}
    found = {**second.rates, **second.products}
    return [(lines[n], e, tuple(s for s in second.steps if s.target == n)) for n, e in found.items()]


def text_page(second: SecondOrder, *, steps: bool = True, width: int = 80) -> str:
    """The layer, its equations forward and backward, then each rate and product, wrapped to `width` columns."""
    width = max(width, NARROWEST)
    layer, first = second.layer, second.first
    lines = [*head_of(layer, width)]
    indent = " " * (len(layer.name) + 3) if len(layer.name) + 23 <= width else "  "
    for sentence in meaning(second):
        lines += wrapped(sentence, indent, width)
    backward = first.equations[len(layer.equations) :]
    lines += ["", *equation_lines(layer.equations, "forward", width), *equation_lines(backward, "backward", width)]
    if steps:
        for line, rate, own in _parts(second):
            lines += ["", *_derivation_of(line, rate, own, width)]
    else:
        lines += equation_lines(second.rates.values(), "rates", width)
        lines += equation_lines(second.products.values(), "H·v", width)
    lines += ["", *wrapped(f"{share_proved(second.steps)} · {testimony(second.witness)}", "  ", width)]
    return "\n".join(line.rstrip() for line in lines)


def _derivation_of(line: Equation, rate: Equation, steps: tuple[Step, ...], width: int) -> Iterator[str]:
    title = f"{unicode(rate.lhs)}, the rate of {unicode(line.lhs)} = {unicode(line.rhs, line.indices)}"
    yield from wrapped(title, "  ", width, hang=2)
    yield from step_lines(steps, rate, "", width)


def markdown(second: SecondOrder, *, steps: bool = True) -> str:
    """A page of Markdown, mathematics between dollar signs."""
    layer, first = second.layer, second.first
    lines = [f"# {layer.name}, second order", "", layer.summary, "", *(f"- {each}" for each in meaning(second)), ""]
    for head, equations in (("Forward", layer.equations), ("Backward", first.equations[len(layer.equations) :])):
        lines += [f"## {head}", ""]
        lines += [part for equation in equations for part in ("$$", equation.latex, "$$", "")]
    lines += ["## Hessian times v", ""]
    for line, rate, own in _parts(second):
        if steps:
            lines += [f"### {rate.name}, the rate of {line.name}", ""]
            for number, step in enumerate(own, start=1):
                left = latex(step.before_expression) if number == 1 else ""
                right = latex(step.after_expression, tuple(step.ranges))
                lines += [f"{number}. **{step.rule}**: {step.because} ({step.proof})", "", "   $$"]
                lines += [f"   {left} = {right}", "   $$", ""]
        else:
            lines += ["$$", rate.latex, "$$", ""]
        matrix = matrix_form(rate, second.layer)
        lines += [f"In whole matrices: `{rate.name} = {matrix}`", ""] if matrix else []
    lines += [f"The whole derivation: {second.witness}.", ""]
    return "\n".join(lines)


def latex_page(second: SecondOrder, *, steps: bool = True) -> str:
    """A LaTeX document."""
    layer, first = second.layer, second.first
    body = sentences(meaning(second))
    for head, equations in (("Forward", layer.equations), ("Backward", first.equations[len(layer.equations) :])):
        body += [rf"\subsection*{{{head}}}", *map(formula, equations)]
    body.append(r"\subsection*{Hessian times $v$}")
    body += [numbered(own) if steps else formula(rate) for _, rate, own in _parts(second)]
    return document(f"{layer.name}, second order", layer.summary, body)
