"""A derivation as a page of a textbook, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sympy.core.relational import Relational

from derivations.backward import WITNESSED, Derivation, Step
from derivations.evidence import Proof
from derivations.expressions import INDICATORS, MaxOver, Where, absolute, maximum, minimum, walk
from derivations.layer import Equation, Layer
from derivations.render.numpy_source import matrix_form
from derivations.render.unicode import is_padded, unicode
from derivations.render.wrapping import together, wrapped
from derivations.schedule import users

NARROWEST = 40


def page(derivation: Derivation, *, steps: bool = True, width: int = 80) -> str:
    """The layer, its equations, and each cotangent with its steps (or only its result), wrapped to `width` columns."""
    width = max(width, NARROWEST)
    layer = derivation.layer
    lines = [*head_of(layer, width), "", *equation_lines(layer.equations, "forward", width, layer)]
    head = "backward"
    for target in targets(derivation):
        equation = equation_for(derivation, target)
        if steps:
            lines += ["", *_derivation_of(derivation, target, equation, width)]
        elif equation is not None:
            lines += [*line_with_matrix(equation, claim_label(derivation, equation), width, head, layer)]
            head = ""
    lines += ["", *_evidence(derivation, width)]
    if layer.leads_to == "network":
        from derivations.network import four_lines

        lines += [
            "",
            *wrapped("with an activation between, in a network of any depth (backproof derive network):", "  ", width),
        ]
        lines += four_lines(width, batch=True)
    return "\n".join(line.rstrip() for line in lines)


def claim_label(derivation: Derivation, equation: Equation) -> str:
    """What the textbook calls an equation, if the layer says so."""
    return next((c.label for c in derivation.layer.claims if c.name == equation.name and c.label), "")


def sentence(text: str) -> str:
    """The words as a sentence, with a capital letter unless they begin with an entry of a tensor."""
    return f"{text[:1].upper()}{text[1:]}." if text[:1].islower() and text[1:2] != "[" else f"{text}."


def conventions(layer: Layer) -> list[str]:
    """What is agreed at kinks and ties, and outside of tensors' ranges, in sentences."""
    nodes = [node for equation in layer.equations for node in walk(equation.rhs)]
    found = [layer.kinks] if layer.kinks else []
    if not layer.kinks and any(isinstance(n, maximum | minimum) for n in nodes):
        found.append("of equal values the first one wins, and gets the whole derivative")
    if any(isinstance(n, MaxOver) for n in nodes):
        found.append("max: the first of equal values, in reading order, gets the whole derivative")
    if any(isinstance(n, absolute) for n in nodes):
        found.append("the slope of the absolute value at 0 is 0")
    if any(isinstance(n, (Where, *INDICATORS)) and _asks_about_values(n) for n in nodes):
        found.append("a condition has slope 0 where it changes")
    if layer.padded:
        found.append(f"{' and '.join(layer.padded)} {'is' if len(layer.padded) == 1 else 'are'} zero outside the range")
    found += [f"the recurrence starts at {boundary.text}" for boundary in layer.boundaries]
    found += [f"{size} = {unicode(definition)}" for size, definition in layer.size_definitions.items()]
    return found


def _asks_about_values(node) -> bool:
    relations = node.atoms(Relational)
    return any(not (relation.lhs.is_integer and relation.rhs.is_integer) for relation in relations)


def targets(derivation: Derivation) -> list[str]:
    """The tensors whose cotangents are derived, in the order of the derivation."""
    return list(dict.fromkeys(step.target for step in derivation.steps))


def equation_for(derivation: Derivation, target: str) -> Equation | None:
    """The final equation of a tensor's cotangent; None where it was only a stepping stone."""
    for equation in (*derivation.cotangents.values(), *derivation.intermediate_cotangents.values()):
        if equation.name in {f"d{target}", f"d{target}_total"}:
            return equation
    return None


def head_of(layer: Layer, width: int) -> Iterator[str]:
    """The layer's name, what it does, its tensors, source and conventions."""
    indent = " " * (len(layer.name) + 3)
    summary = layer.summary[:1].lower() + layer.summary[1:].rstrip(".") if layer.summary else "a layer"
    if len(indent) + 20 > width:
        yield layer.name
        indent = "  "
        yield from wrapped(summary, indent, width)
    else:
        first, *rest = list(wrapped(summary, indent, width))
        yield layer.name + first[len(layer.name) :]
        yield from rest
    shown = [*layer.inputs, *layer.options]
    tensors = (
        "   ".join(together(str(t)) for t in shown) + "   ->   " + "   ".join(together(str(t)) for t in layer.outputs)
    )
    yield from wrapped(tensors, indent, width)
    if layer.source:
        yield from wrapped(layer.source, indent, width)
    for convention in conventions(layer):
        yield from wrapped(convention, indent, width)


def equation_lines(equations: Iterable[Equation], head: str, width: int, layer: Layer | None = None) -> Iterator[str]:
    """Equations under a head, each with its matrix form."""
    for position, equation in enumerate(equations):
        yield from line_with_matrix(equation, "", width, head if position == 0 else "", layer)


def line_with_matrix(
    equation: Equation, label: str, width: int, head: str = "", layer: Layer | None = None
) -> Iterator[str]:
    """The index form, and beside it the matrix form, or below where there is no room."""
    indent = "  " + head.ljust(9) + "  "
    text = f"{unicode(equation.lhs)} = {unicode(equation.rhs, equation.indices)}"
    lines = list(wrapped(text, " " * len(indent), width))
    lines[0] = indent + lines[0][len(indent) :]
    matrix = matrix_form(equation, layer)
    beside = "   ".join(part for part in (f"{equation.name} = {matrix}" if matrix else "", label) if part)
    if not beside or (matrix and beside == text):
        yield from lines
        return
    room = width - len(lines[-1]) - len(beside)
    if len(lines) == 1 and room >= 3:
        yield lines[0] + " " * room + beside
        return
    yield from lines
    yield from wrapped(beside, " " * len(indent) + "  ", width)


def _derivation_of(derivation: Derivation, target: str, equation: Equation | None, width: int) -> Iterator[str]:
    steps = [step for step in derivation.steps if step.target == target]
    given = ", ".join(given_cotangents(derivation, target))
    left = unicode(steps[0].before_expression)
    yield f"  {left}" + (f", given {given}" if given else "")
    label = claim_label(derivation, equation) if equation else ""
    yield from step_lines(steps, equation, label, width, derivation.layer)


def step_lines(
    steps: Sequence[Step], equation: Equation | None, label: str, width: int, layer: Layer | None = None
) -> Iterator[str]:
    """Numbered steps, and the matrix form of the equation that they lead to."""
    rules = max(len(step.rule) for step in steps)
    column = min(max(rules, 11) + 7, 33)
    if width < 60:
        column = 5
    for number, step in enumerate(steps, start=1):
        head = f"  {number:<2} {step.rule}"
        because = f"{step.because}"
        if width < 60:
            yield head
            yield from wrapped(because, " " * column, width)
        else:
            first, *rest = list(wrapped(because, " " * column, width))
            yield head.ljust(column) + first[column:]
            yield from rest
        yield from wrapped("= " + unicode(step.after_expression, tuple(step.ranges)), " " * column, width, hang=2)
        if not step.proof.for_all_sizes and step.rule not in WITNESSED:
            yield from wrapped(f"({step.proof})", " " * column, width)
    if equation is None:
        return
    matrix = matrix_form(equation, layer)
    if matrix:
        text = f"{equation.name} = {matrix}"
        head = "     matrix form" if width >= 60 else ""
        yield from _final(head.ljust(column), text, label, width)
    elif label:
        yield from _final(" " * column, "", label, width)


def _final(head: str, text: str, label: str, width: int) -> Iterator[str]:
    room = width - len(head) - len(text) - len(label)
    if len(head) + len(text) > width:
        first, *rest = wrapped(text, " " * len(head), width, hang=2)
        yield head + first[len(head) :]
        yield from rest
        yield from wrapped(label, " " * len(head), width) if label else ()
    elif room >= 3 or not label:
        yield head + text + " " * max(room, 0) * bool(label) + label
    else:
        yield head + text
        yield from wrapped(label, " " * len(head), width)


def given_cotangents(derivation: Derivation, target: str) -> list[str]:
    """The cotangents that a tensor's own is computed from."""
    names = [e.name for e in users(derivation.layer.equations, target)]
    outputs = derivation.layer.output_names
    totals = {e.name for e in derivation.intermediate_cotangents.values()}
    return [f"d{n}_total" if f"d{n}_total" in totals and n in outputs else f"d{n}" for n in names]


def _evidence(derivation: Derivation, width: int) -> Iterator[str]:
    claims = derivation.claims
    parts = [share_proved(derivation.steps)]
    wrong = [(claim, proof) for claim, proof in claims if not proof.holds]
    if claims and not wrong:
        parts.append(f"{len(claims)} textbook claim{'s' * (len(claims) > 1)} {_claims_verdict(claims)}")
    parts.append(testimony(derivation.witness))
    yield from wrapped(" · ".join(parts), "  ", width)
    for claim, proof in wrong:
        yield from wrapped(f"claim {claim.text}: {proof}", "  ", width)
    if any(is_padded(e.rhs) for e in derivation.cotangents.values()):
        yield from wrapped("indices outside a tensor's range read zero", "  ", width)


def share_proved(steps: Sequence[Step]) -> str:
    """How many steps are proved; those that differentiate have the power series as their witness."""
    shown = [step for step in steps if step.rule not in WITNESSED]
    proved = sum(step.proof.for_all_sizes for step in shown)
    return "proved for all sizes" if proved == len(shown) else f"{proved} of {len(shown)} steps proved for all sizes"


def testimony(witness: Proof) -> str:
    """What the witness of a whole derivation says."""
    if witness.holds:
        return witness.method
    return f"{'WRONG' if witness.verdict == 'refuted' else 'open'}: {witness.method}"


def _claims_verdict(claims) -> str:
    return "proved" if all(proof.for_all_sizes for _, proof in claims) else "certified"
