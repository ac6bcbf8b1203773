"""The computation graph of a layer: a card for every tensor, an arrow for every dependency, and one back.

On a card stand the equation that defines the tensor, below it that of its cotangent, from the cotangents that flow in
along the arrows; on request also both at a small example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from xml.etree.ElementTree import Element

import numpy as np

from derivations.backward import derive
from derivations.layer import Equation, Layer, Tensor
from derivations.pictures.flow import Dependency, dependencies, local_cotangents, small_example
from derivations.pictures.layered import Edge, Layout, Point, lay_out
from derivations.pictures.svg import box, group, path, svg, text, text_width
from derivations.render.unicode import unicode
from derivations.render.wrapping import FIXED_BLANK, wrapped

_MARGIN, _PADDING, _COLUMNS, _HEAD_COLUMNS = 24.0, 12.0, 46, 76
_NAME, _LINE, _NUMBER = 15.0, 13.0, 12.0  # heights of letters
_LEADING = 1.45  # from baseline to baseline, in heights of letters
_SHOWN_ROWS, _SHOWN_COLUMNS = 3, 4
_APART = 3.5  # half of what lies between an arrow and the one back
_BEND = 12.0  # the radius of corners
_AFTER_SIGN = re.compile(r"(?<=Σ_[\w(]) |(?<=\)) (?=[\w(])")  # no line ends with the sign of a sum
_HEAD_LONG, _HEAD_WIDE = 8.0, 3.6
_LOOP = 26.0  # how far an arrow from a card to itself sticks out


@dataclass(frozen=True)
class _Line:
    content: str
    size: float
    kind: str | None = None

    @property
    def width(self) -> float:
        return text_width(self.content, self.size)

    @property
    def height(self) -> float:
        return self.size * _LEADING


def layer_graph(
    what: str | Layer, wrt: str | Sequence[str] | None = None, *, values: bool = False, seed: int = 0
) -> str:
    """The graph of a layer as SVG; with `wrt` only the cotangents of these inputs and what leads to them.

    With `values`, the cards show what they hold at a small random example (`seed`), evaluated to 200 bits and rounded.
    Raises DerivationError for an unknown layer or input.
    """
    derivation = derive(what, wrt)
    layer = derivation.layer
    cotangents = local_cotangents(derivation)
    numbers = small_example(derivation, cotangents, seed) if values else {}
    equations = {equation.name: equation for equation in layer.equations}
    cards = {t.name: _card(t, equations.get(t.name), cotangents.get(t.name), layer, numbers) for t in layer.tensors}
    arrows = dependencies(layer)
    loops = {arrow.tail for arrow in arrows if arrow.tail == arrow.head}
    sizes = {
        name: (max(line.width for line in lines) + 2 * _PADDING, sum(line.height for line in lines) + 2 * _PADDING)
        for name, lines in cards.items()
    }
    roomy = {name: (width + 2 * _LOOP * (name in loops), height) for name, (width, height) in sizes.items()}
    ways = dict.fromkeys(_downwards(arrow) for arrow in arrows if arrow.tail != arrow.head)
    layout = lay_out(roomy, list(ways))
    head = list(_head(layer, values))
    top = _MARGIN + sum(line.height for line in head) + _MARGIN
    parts = [
        *_written(head, _MARGIN, _MARGIN),
        *(part for arrow in arrows for part in _arrows(arrow, layout, sizes, cotangents, top)),
    ]
    for name, lines in cards.items():
        (x, y), (width, height) = layout.corners[name], sizes[name]
        x, y = x + _MARGIN + _LOOP * (name in loops), y + top
        kind = "card given" if name not in layer.defined else "card"
        frame = box(x, y, width, height, kind + " result" * (name in layer.output_names))
        parts.append(group([frame, *_written(lines, x + _PADDING, y + _PADDING)], id=name))
    wide = max(layout.width, max(line.width for line in head))
    description = f"{layer.summary} Boxes are tensors; arrows lead from each to those that are computed from it."
    return svg(
        f"The computation graph of {layer.name}", description, wide + 2 * _MARGIN, top + layout.height + _MARGIN, parts
    )


def _head(layer: Layer, values: bool) -> Iterator[_Line]:
    yield _Line(layer.name, 20.0, "strong")
    yield from (_Line(line, _LINE, "muted") for line in wrapped(layer.summary, "", _HEAD_COLUMNS))
    yield _Line("→ forward: what is computed from what", _LINE, "forward")
    yield _Line("← back: the cotangents, d and the tensor's name, each with its equation", _LINE, "back")
    if any(arrow.before for arrow in dependencies(layer)):
        yield _Line("dotted: from the step before, and back to it", _LINE, "muted")
    if values:
        yield _Line("numbers: a random example, and what flows through it", _LINE, "muted")


def _card(
    tensor: Tensor,
    equation: Equation | None,
    cotangent: Equation | None,
    layer: Layer,
    numbers: Mapping[str, np.ndarray],
) -> list[_Line]:
    lines = [_Line(str(tensor), _NAME, "strong")]
    if equation is not None:
        lines += _equation(equation, "forward")
    if cotangent is not None:
        lines += _equation(cotangent, "back")
    elif tensor.name in layer.output_names:
        lines.append(_Line(f"d{tensor.name} comes from outside", _LINE, "back"))
    known = [name for name in (tensor.name, f"d{tensor.name}", f"d{tensor.name}_total") if name in numbers]
    blocks = [_shown(name, numbers[name]) for name in known]
    return [*lines, *(_Line(line.rstrip(), _NUMBER) for block in blocks for line in block)]


def _equation(equation: Equation, kind: str) -> Iterator[_Line]:
    written = f"{unicode(equation.lhs)} = {unicode(equation.rhs, equation.indices)}"
    unbroken = _AFTER_SIGN.sub(FIXED_BLANK, written)
    return (_Line(line, _LINE, kind) for line in wrapped(unbroken, "", _COLUMNS, hang=2))


def _shown(name: str, array: np.ndarray) -> list[str]:
    """The first rows and columns of an array, its axes but the last run together, behind its name."""
    rows = np.asarray(array).reshape(-1, array.shape[-1] if array.ndim else 1)
    cells = [[_number(value) for value in row[:_SHOWN_COLUMNS]] for row in rows[:_SHOWN_ROWS]]
    width = max(len(cell) for row in cells for cell in row)
    more = " …" * (rows.shape[1] > _SHOWN_COLUMNS)
    lines = [" ".join(cell.rjust(width) for cell in row) + more for row in cells]
    if len(rows) > _SHOWN_ROWS:
        lines[-1] += " …" * (not more)
    return [f"{left}{line}" for left, line in zip_longest([f"{name} = "], lines, fillvalue=" " * (len(name) + 3))]


def _number(value: float) -> str:
    return f"{value:d}" if isinstance(value, int | np.integer) else f"{value:.3g}".replace("-", "−")


def _written(lines: Sequence[_Line], x: float, y: float) -> Iterator[Element]:
    for line in lines:
        yield text(line.content, x, y + line.size, line.size, line.kind)
        y += line.height


def _downwards(arrow: Dependency) -> Edge:
    return (arrow.head, arrow.tail) if arrow.before else (arrow.tail, arrow.head)


def _arrows(
    arrow: Dependency,
    layout: Layout,
    sizes: Mapping[str, tuple[float, float]],
    cotangents: Mapping[str, Equation],
    top: float,
) -> Iterator[Element]:
    """The arrow of a dependency, and beside it the one back, where a cotangent takes that way."""
    tail, head, before = arrow.tail, arrow.head, " before" * arrow.before
    if tail == head:
        (x, y), (width, height) = layout.corners[tail], sizes[tail]
        right, middle = x + _MARGIN + _LOOP + width, y + top + height / 2
        there, back = _loop(right, middle, _LOOP), _loop(right, middle, _LOOP - 2 * _APART)[::-1]
        sides = (0.0, 0.0)
    else:
        there = [(x + _MARGIN, y + top) for x, y in layout.courses[_downwards(arrow)]][:: -1 if arrow.before else 1]
        back, sides = there[::-1], (-_APART, _APART)
    yield from _arrow(there, sides[0], "forward", before, {"data-from": tail, "data-to": head})
    if tail in cotangents:
        yield from _arrow(back, sides[1], "back", before, {"data-from": head, "data-to": tail})


def _loop(x: float, y: float, out: float) -> list[Point]:
    """Out of the right side of a card, and in again above."""
    rise = out * 0.7
    return [(x, y + rise), (x + out, y + rise), (x + out, y - rise), (x, y - rise)]


def _arrow(points: Sequence[Point], side: float, kind: str, before: str, ends: Mapping[str, str]) -> Iterator[Element]:
    points = [points[0], *(point for last, point in pairwise(points) if point != last)]
    yield path(_course(points, side), kind + before, **ends)
    (x, y), (tip_x, tip_y) = points[-2], points[-1]
    down, right = (tip_y > y) - (tip_y < y), (tip_x > x) - (tip_x < x)
    if down:  # cards are reached from straight above or below, loops go sideways
        right = 0
    corners = [(0.0, 0.0), (-_HEAD_LONG, _HEAD_WIDE), (-_HEAD_LONG, -_HEAD_WIDE)]
    tip = " ".join(f"{tip_x + side + a * right - b * down:.1f},{tip_y + a * down + b * right:.1f}" for a, b in corners)
    yield path(f"M{tip}Z", f"{kind}-head")


def _course(points: Sequence[Point], side: float) -> str:
    """Further right by `side`: round corners between straight lines, smooth bends where the course slants."""
    moved = [(x + side, y) for x, y in points]
    for k, ((x, y), (next_x, next_y)) in enumerate(pairwise(points)):
        if y == next_y and 0 < k < len(points) - 2:  # a level line that comes from above and goes on downwards
            lift = side if (next_x > x) != (points[k + 2][1] > y) else -side
            moved[k], moved[k + 1] = (x + side, y + lift), (next_x + side, y + lift)
    (x, y), *others = moved
    written = f"M{x:.1f},{y:.1f}"
    for k, (to_x, to_y) in enumerate(others):
        if to_x != x and to_y != y:
            middle = (y + to_y) / 2
            written += f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}"
        elif k + 1 < len(others) and (others[k + 1][1] == to_y if to_x == x else others[k + 1][0] == to_x):
            (x, y), (after_x, after_y) = _short_of((x, y), (to_x, to_y)), _short_of(others[k + 1], (to_x, to_y))
            written += f"L{x:.1f},{y:.1f}Q{to_x:.1f},{to_y:.1f} {after_x:.1f},{after_y:.1f}"
            to_x, to_y = after_x, after_y
        else:
            written += f"L{to_x:.1f},{to_y:.1f}"
        x, y = to_x, to_y
    return written


def _short_of(start: Point, corner: Point) -> Point:
    """Where a line from `start` begins to round the corner."""
    far = abs(corner[0] - start[0]) + abs(corner[1] - start[1])
    share = 1 - min(_BEND, far / 2) / far if far else 0.0
    return start[0] + share * (corner[0] - start[0]), start[1] + share * (corner[1] - start[1])
