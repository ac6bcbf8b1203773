"""A layer's page: its equations, every step to its cotangents, its textbook, its code, and what the checks measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from derivations.backward import WITNESSED, Derivation, derive
from derivations.book.blocks import (
    Badge,
    Block,
    Bullets,
    Fold,
    Formula,
    Heading,
    Inline,
    Line,
    Link,
    Listing,
    Maths,
    Mono,
    Page,
    Paragraph,
    Steps,
    Table,
    Words,
)
from derivations.kinks import kink_labels
from derivations.layer import Claim, Equation, Layer
from derivations.proof import Proof
from derivations.render.numpy_source import matrix_form
from derivations.render.page import (
    claim_label,
    conventions,
    equation_for,
    given_cotangents,
    sentence,
    share_proved,
    targets,
    testimony,
)
from derivations.render.unicode import is_padded

Measured = Mapping[str, Any]
LONGEST = 95  # signs of a matrix form that stands below its equation


def page_name(layer: str) -> str:
    """What the page of a layer is called."""
    return f"layer-{layer}"


def title_of(layer: str) -> str:
    """A layer's name in words."""
    return layer.replace("_", " ")


def layer_page(
    name: str,
    family: str = "",
    source: str | None = None,
    measured: Measured | None = None,
    chapters: Sequence[tuple[str, str]] = (),
) -> Page:
    """The page of a layer of the catalogue.

    `source` is hand-written NumPy source. `measured` is what checks found: `verdict`, `seed`, and `rows`, mappings of
    `witness`, `dtype`, `cases`, `agree`, `unresolved`, `disagree` and `largest` (an error, in units of the rounding
    bound). `chapters` are names and titles.
    """
    derivation = derive(name)
    layer = derivation.layer
    blocks: list[Block] = [
        *_tensors(layer),
        *_forward(layer),
        *_kinks(layer),
        *_backward(derivation),
        *_textbook(derivation),
        *_code(derivation, source),
        *_checks(measured),
        *_related(chapters),
    ]
    rules = dict.fromkeys(step.rule for step in derivation.steps)
    labels = [claim.label for claim in layer.claims if claim.label]
    words = " ".join([family, *(t.name for t in layer.tensors), *derivation.cotangents, *labels, layer.source, *rules])
    return Page(page_name(name), "layer", title_of(name), layer.summary, tuple(blocks), words)


def _tensors(layer: Layer) -> list[Block]:
    roles = [("input", layer.inputs), ("between", layer.intermediates), ("output", layer.outputs)]
    rows: list[tuple[Line, ...]] = [
        ((Mono(str(tensor)),), (Words(role if not tensor.integer else f"{role}, whole numbers"),))
        for role, tensors in roles
        for tensor in tensors
    ]
    rows += [((Mono(str(option)),), (Words("option"),)) for option in layer.options]
    rows += [
        ((Mono(f"{size} = {_plain(definition)}"),), (Words("a size that follows from others"),))
        for size, definition in layer.size_definitions.items()
    ]
    return [Table("Tensors, and the sizes of their axes", ("Tensor", "Role"), tuple(rows))]


def _plain(expression: Any) -> str:
    from derivations.render.plain import plain

    return plain(expression)


def _forward(layer: Layer) -> list[Block]:
    return [Heading("Forward"), *(formula(equation, layer) for equation in layer.equations)]


def formula(equation: Equation, layer: Layer, label: str = "") -> Formula:
    """An equation of a layer on a line of its own, with its matrix form."""
    matrix = matrix_form(equation, layer)
    if matrix and len(matrix) > LONGEST:  # the listing of the source has it
        matrix = None
    maths = Maths(equation.lhs, equation.rhs, equation.indices)
    return Formula(maths, f"{equation.name} = {matrix}" if matrix else "", label)


def _kinks(layer: Layer) -> list[Block]:
    sizes = {f"{size} = " for size in layer.size_definitions}
    agreed = [text for text in conventions(layer) if not text.startswith(tuple(sizes))] if sizes else conventions(layer)
    places = list(dict.fromkeys(kink_labels(layer)))
    if places:
        first: Line = (Words("The slope may jump, or a tie must be broken, in "), *_listed(places), Words("."))
    else:
        first = (Words("Nowhere: no maximum, no absolute value and no condition on values stands in the equations."),)
    bullets = [Bullets(tuple((Words(sentence(text)),) for text in agreed))] if agreed else []
    lead = [Paragraph((Words("What is agreed:"),))] if agreed else []
    return [Heading("Where it kinks"), Paragraph(first), *lead, *bullets]


def _listed(names: Sequence[str]) -> Line:
    parts: list[Any] = []
    for number, name in enumerate(names):
        if number:
            parts.append(Words(" and " if number == len(names) - 1 else ", "))
        parts.append(Mono(name))
    return tuple(parts)


def _backward(derivation: Derivation) -> list[Block]:
    given = ", ".join(derivation.output_cotangents)
    lead: Line = (
        Words("Given "),
        Mono(given),
        Words(", the derivative of the loss with respect to what the layer returns, every other cotangent follows."),
    )
    blocks: list[Block] = [Heading("Backward"), Paragraph(lead)]
    for target in targets(derivation):
        blocks += derived(derivation, target)
    evidence = [share_proved(derivation.steps), testimony(derivation.witness)]
    if any(is_padded(equation.rhs) for equation in derivation.equations):
        evidence.append("indices outside a tensor's range read zero")
    return [*blocks, Paragraph((Words(f"The whole derivation: {'; '.join(evidence)}."),), "note")]


def derived(derivation: Derivation, target: str, *, open_steps: bool = False) -> list[Block]:
    """One cotangent: the result, and the steps that lead to it, folded away."""
    steps = tuple(step for step in derivation.steps if step.target == target)
    equation = equation_for(derivation, target)
    blocks: list[Block] = [Heading(equation.name if equation is not None else f"d{target}", 3)]
    if equation is not None:
        blocks.append(formula(equation, derivation.layer, claim_label(derivation, equation)))
    else:
        blocks.append(
            Paragraph((Words("A stepping stone: it is put into what needs it, and is not computed."),), "note")
        )
    given = given_cotangents(derivation, target)
    title = f"{len(steps)} step{'s' * (len(steps) > 1)}" + (f", given {', '.join(given)}" if given else "")
    return [*blocks, Fold((Words(f"{title} "), _summed_up(steps)), (Steps(steps),), open_steps)]


def _summed_up(steps: Sequence[Any]) -> Badge:
    proofs = [step.proof for step in steps]
    if not all(proof.holds for proof in proofs):
        return Badge("open", "not every step is proved")
    shown = [step.proof for step in steps if step.rule not in WITNESSED]
    certified = sum(not proof.for_all_sizes for proof in shown)
    if certified:
        return Badge("certified", f"{certified} of {len(shown)} steps certified at random points, the others proved")
    witnessed = len(shown) < len(steps)
    return Badge("proved", f"proved for all sizes{', differentiation certified' if witnessed else ''}")


def _textbook(derivation: Derivation) -> list[Block]:
    layer, blocks = derivation.layer, []
    for claim, proof in derivation.claims:
        blocks.append(claimed(claim, proof))
    if not blocks and not layer.source:
        return []
    source = [Paragraph((Words(f"Source: {layer.source}."),), "note")] if layer.source else []
    lead = [Paragraph((Words("What is stated of it, and proved here from the equations alone:"),))] if blocks else []
    return [Heading("As the textbook writes it"), *lead, *blocks, *source]


def claimed(claim: Claim, proof: Proof) -> Formula:
    """A textbook's claim, and its proof."""
    first = tuple(claim.ranges)
    return Formula(Maths(claim.lhs, claim.rhs, first), "", claim.label, Badge(proof.verdict, str(proof)))


def _code(derivation: Derivation, source: str | None) -> list[Block]:
    name = derivation.layer.name
    derived_source = Listing(derivation.numpy(), f"Derived NumPy source of {name}")
    folds: list[Block] = [
        Fold((Words("Written by the derivation: every equation as it stands"),), (derived_source,), True)
    ]
    if source:
        listing = Listing(source, f"Hand-written NumPy source of {name}")
        folds.append(Fold((Words("Written by hand, and checked against the derivation"),), (listing,), True))
    return [Heading("NumPy"), *folds]


def _checks(measured: Measured | None) -> list[Block]:
    if not measured:
        return [
            Heading("What the checks measured"),
            Paragraph((Words("Nothing: this book was built without running the checks."),), "note"),
        ]
    head = ("Witness", "dtype", "Cases", "Findings", "Largest error")
    rows: list[tuple[Line, ...]] = []
    for row in measured["rows"]:
        found = ", ".join(f"{row[verdict]} {words}" for verdict, words in _FINDINGS.items() if row[verdict])
        error = _error(row["largest"]) if row["agree"] else "–"
        cells: list[Inline] = [Words(row["witness"]), Mono(row["dtype"])]
        cells += [Words(str(row["cases"])), Words(found), Words(error)]
        rows.append(tuple((cell,) for cell in cells))
    verdict = Badge(measured["verdict"], _VERDICTS[measured["verdict"]])
    about = "The hand-written NumPy against its witnesses; errors in units of what rounding may do"
    return [
        Heading("What the checks measured"),
        Paragraph((verdict,)),
        Table(about, head, tuple(rows)),
        Paragraph((Words(f"{_HOW_TO_READ} The numbers were drawn with seed {measured['seed']}."),), "note"),
    ]


_FINDINGS = {"agree": "agree", "unresolved": "cannot tell", "disagree": "disagree"}
_VERDICTS = {
    "agree": "the code agrees with the equations",
    "disagree": "the code disagrees with the equations",
    "unresolved": "the witnesses cannot tell whether the code is right",
}
_HOW_TO_READ = (
    "A case is one choice of sizes, options and inputs; at each, every tensor is one finding. Up to an error of 1, "
    "rounding alone explains the difference. A witness cannot tell where the true value is too close to zero for it, "
    "where a kink is in its reach, or where the code takes no numbers of its kind."
)


def _error(value: float) -> str:
    return "0" if not value else f"{value:.2g}" if value >= 0.01 else "below 0.01"


def _related(chapters: Sequence[tuple[str, str]]) -> list[Block]:
    if not chapters:
        return []
    lines = tuple((Link(title, name),) for name, title in chapters)
    return [Heading("Where it is told"), Bullets(lines)]
