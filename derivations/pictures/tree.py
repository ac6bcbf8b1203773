"""The tree of the chain rule: from the output to the inputs, a branch for every way that one depends on the other.

A cotangent is a sum over these ways, of the products of the derivatives along each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from xml.etree.ElementTree import Element

from derivations.backward import derive
from derivations.layer import DerivationError, Layer
from derivations.pictures.flow import Dependency, dependencies
from derivations.pictures.svg import box, group, path, svg, text, text_width

MOST_WAYS = 100
_MARGIN, _ROW, _STEP, _TALL, _PADDING = 24.0, 38.0, 44.0, 28.0, 10.0
_LETTERS, _TITLE, _LINE = 13.0, 20.0, 20.0


@dataclass(frozen=True)
class Branch:
    """A tensor and those that it is computed from; where it is that of the `before` step, it ends here."""

    name: str
    branches: tuple[Branch, ...] = ()
    before: bool = False

    @property
    def label(self) -> str:
        """What stands in its box."""
        return f"{self.name}, one step before" if self.before else self.name

    @cached_property
    def ways(self) -> tuple[tuple[Branch, ...], ...]:
        """Every way from here to an end, itself first."""
        return tuple((self, *way) for branch in self.branches for way in branch.ways) or ((self,),)


def chain_tree(what: str | Layer, wrt: str | Sequence[str] | None = None) -> str:
    """The tree of a layer as SVG; with `wrt` only the ways that lead to these inputs.

    Integer tensors have no cotangent, and are left out; a recurrence ends at the step before. Raises DerivationError
    for an unknown layer or input, and where there are more than MOST_WAYS ways.
    """
    derivation = derive(what, wrt)
    layer, targets = derivation.layer, [name[1:] for name in derivation.cotangents]
    roots = trees(layer, targets)
    columns = _columns(roots)
    head = [
        "Left of each tensor stands what is computed from it. Every branch is a way from an input to the output,",
        "and a term of the input's cotangent: the derivatives along it, multiplied.",
        *(f"d{target} {_sum(target, roots)}" for target in targets),
    ]
    parts = [text(f"The chain rule in {layer.name}", _MARGIN, _MARGIN + _TITLE, _TITLE, "strong")]
    top = _MARGIN + 2 * _TITLE
    for place, line in enumerate(head):
        parts.append(text(line, _MARGIN, top + _LINE * (place + 0.7), _LETTERS, "back" if place > 1 else "muted"))
    y = top + _LINE * (len(head) + 1)
    wide = max(text_width(line, _LETTERS) for line in head) + _MARGIN
    for root in roots:
        drawn, _, below = _drawn(root, columns, 0, y)
        parts += drawn
        for row, way in enumerate(root.ways):
            product = product_along(way)
            wide = max(wide, columns[-1] + text_width(product, _LETTERS))
            middle = y + row * _ROW + _TALL / 2
            parts.append(text(product, columns[-1], middle + _LETTERS / 3, _LETTERS, "back"))
        y = below
    description = "A tree of tensors. " + " ".join(f"{line}." for line in head[2:])
    return svg(f"The chain rule in {layer.name}", description, wide + _MARGIN, y + _MARGIN, parts)


def trees(layer: Layer, targets: Sequence[str]) -> list[Branch]:
    """A tree for every output of a layer, with the branches that end at one of the targets, or at a step before.

    Raises DerivationError where there are more than MOST_WAYS ways.
    """
    arrows: dict[str, list[Dependency]] = {}
    for arrow in dependencies(layer):
        arrows.setdefault(arrow.head, []).append(arrow)
    leading = _leading_to(targets, arrows)
    counts: dict[str, int] = {}

    def count(name: str) -> int:
        if name not in counts:
            kept = [arrow for arrow in arrows.get(name, []) if arrow.tail in leading]
            counts[name] = sum(1 if arrow.before else count(arrow.tail) for arrow in kept) or 1
        return counts[name]

    def grown(name: str) -> Branch:
        kept = [arrow for arrow in arrows.get(name, []) if arrow.tail in leading]
        return Branch(name, tuple(Branch(a.tail, before=True) if a.before else grown(a.tail) for a in kept))

    found = sum(count(name) for name in layer.output_names)
    if found > MOST_WAYS:
        raise DerivationError(
            f"{layer.name}: {found} ways lead to {', '.join(targets)}, and no page holds more than {MOST_WAYS}; name "
            "one input that fewer lead to"
        )
    return [grown(name) for name in layer.output_names]


def _leading_to(targets: Sequence[str], arrows: Mapping[str, Sequence[Dependency]]) -> set[str]:
    """The targets, and all tensors that depend on them."""
    reached: set[str] = set(targets)
    while more := {head for head, its in arrows.items() if any(a.tail in reached for a in its)} - reached:
        reached |= more
    return reached


def product_along(way: Sequence[Branch]) -> str:
    """`dY · ∂Y/∂Z · ∂Z/∂X`."""
    steps = [f"∂{one.name}/∂{other.name}" for one, other in pairwise(way)]
    return " · ".join([f"d{way[0].name}", *steps]) + (" one step before" if way[-1].before else "")


def _sum(target: str, roots: Sequence[Branch]) -> str:
    ends = [way[-1] for root in roots for way in root.ways]
    own = sum(end.name == target and not end.before for end in ends)
    later = any(end.before for end in ends)
    return f"is the sum over {own} way{'s' * (own != 1)}" + (", at this step and every one before" if later else "")


def _columns(roots: Sequence[Branch]) -> list[float]:
    """Where each column of boxes begins, and, last, where the products do."""
    widths: list[float] = []

    def measure(branch: Branch, depth: int) -> None:
        if depth == len(widths):
            widths.append(0.0)
        widths[depth] = max(widths[depth], text_width(branch.label, _LETTERS) + 2 * _PADDING)
        for other in branch.branches:
            measure(other, depth + 1)

    for root in roots:
        measure(root, 0)
    columns = [_MARGIN]
    for width in widths:
        columns.append(columns[-1] + width + _STEP)
    return columns


def _drawn(branch: Branch, columns: Sequence[float], depth: int, top: float) -> tuple[list[Element], float, float]:
    """A branch and all to its right: what is drawn, the height of its middle, and where the next may begin."""
    parts: list[Element] = []
    middles, below = [], top
    for other in branch.branches:
        drawn, middle, below = _drawn(other, columns, depth + 1, below)
        parts += drawn
        middles.append(middle)
    if not middles:
        below = top + _ROW
    here = sum(middles) / len(middles) if middles else top + _TALL / 2
    x, width = columns[depth], text_width(branch.label, _LETTERS) + 2 * _PADDING
    for middle, other in zip(middles, branch.branches, strict=True):
        kind = "branch before" if other.before else "branch"
        parts.append(path(_bend(x + width, here, columns[depth + 1], middle), kind))
    kind = "card result" if not depth else "card" if branch.branches else "card given"
    label = text(branch.label, x + _PADDING, here + _LETTERS / 3, _LETTERS, None if branch.before else "strong")
    parts.append(group([box(x, here - _TALL / 2, width, _TALL, kind), label], **{"data-name": branch.name}))
    return parts, here, below


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    start, middle = to_x - _STEP, to_x - _STEP / 2
    level = f"M{x:.1f},{y:.1f}L{start:.1f},{y:.1f}"
    return f"{level}C{middle:.1f},{y:.1f} {middle:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}"
