"""The cost surface as a page: as a landscape, and from above, with the path that training took."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from numeric.data.datasets import common_name
from numeric.drawing.axes import linear_axis
from numeric.drawing.contours import contour
from numeric.drawing.document import document, figure
from numeric.drawing.frame import Frame
from numeric.drawing.markup import Markup, element
from numeric.errors import InputError
from numeric.model import dataset_of, load_model
from numeric.pictures.surface import Surface, principal_plane, random_plane, surface
from numeric.run_directory import MODEL
from numeric.trajectory import TRAJECTORY, Trajectory

_SIZE, _LEFT, _RIGHT, _TOP, _BOTTOM = 440, 58, 426, 14, 382
_LEVELS, _SHADES = 12, 16
_TURNS = tuple(math.radians(35 + 90 * quarter) for quarter in range(4))  # from which corner the landscape is seen
_LOOKED_AT, _GRID, _SMALL_GRID = 256, 31, 15  # images, and points along each side; convolutions take longer
_TILT, _HIGH, _WIDE = 0.5, 170, 290
_STYLE = """
.lines path { fill: none; stroke: var(--s0); stroke-width: 1.2; }
.lines text { fill: var(--s0); font-size: 10px; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
.cells { shape-rendering: crispEdges; }
.path { fill: none; stroke: var(--s1); stroke-width: 2; stroke-linejoin: round; }
.stop { fill: var(--s1); } .end { fill: var(--paper); stroke: var(--s1); stroke-width: 3; }
.land path { stroke: var(--paper); stroke-width: .5; stroke-linejoin: round; }
""" + "".join(
    f".h{k} {{ fill: color-mix(in srgb, var(--s0) {8 + 80 * k // _SHADES}%, var(--paper)); }}\n" for k in range(_SHADES)
)


def surface_of_run(run: Path, data: Path | None, seed: int) -> str:
    """The page of the loss around the model in the folder `run`, on the first training images of its dataset.

    The plane is that in which its kept path moved the most; of a run without one, or with one that stands still, it is
    random, drawn with `seed`. `data` is MNIST's folder. Raises InputError where a file is missing, damaged or of
    another network, and where there is no loss to draw.
    """
    model = load_model(run / MODEL)
    network, name = model.network, model.network.name
    path = Trajectory.load(run).vectors if (run / TRAJECTORY).is_file() else []
    if path and path[0].size != network.size:
        raise InputError(f"{run / TRAJECTORY} is of another network than {MODEL}; train anew")
    dataset = dataset_of(model, data)
    images, labels = dataset.train_images[:_LOOKED_AT], dataset.train_labels[:_LOOKED_AT]
    vector = np.concatenate([model.parameters[key].ravel() for key in network.shapes])
    moves = any((place != path[-1]).any() for place in path)
    plane = principal_plane(path) if moves else random_plane(network, vector, np.random.default_rng(seed))
    points = _SMALL_GRID if network.convolves else _GRID
    found = surface(network, plane, images, network.targets(labels), points, path if moves else ())
    if not np.isfinite(found.loss).any():
        raise InputError(f"the loss of {name} is finite nowhere around the model in {run}; train it anew")
    told = f"The loss of {name} on {len(images)} training images of {common_name(dataset.name)}, without penalties."
    return surface_page(f"The cost surface of {name}", found, told)


def surface_page(title: str, found: Surface, told: str) -> str:
    """A page of a surface; `told` says of which network and batch it is."""
    levels = heights(found)
    low, high = _range(found)
    lead = f"{told} {found.plane.told} The loss lies between {low:.3g} and {high:.3g} here."
    told_levels = ", ".join(f"{level:.3g}" for level in levels)
    path = (
        " The path of training is orange, with a ring at its end." if len(found.path) > 1 else " The ring is the model."
    )
    from_above = figure(
        "From above", _map(found, levels), f"Along each line the loss is the same: {told_levels}.{path}"
    )
    height = "the logarithm of the loss" if low > 0 else "the loss"
    across = figure("As a landscape", _landscape(found), f"The height is {height}.")
    content = element("div", across, from_above, class_="pair")
    return document(title, element("h1", title), element("p", lead, class_="lead"), content, style=_STYLE)


def heights(found: Surface) -> np.ndarray:
    """The levels of the lines between the lowest loss and the highest.

    Equal steps of the loss's logarithm, or of the loss itself where some of it is not positive.
    """
    low, high = _range(found)
    steps = np.linspace(0, 1, _LEVELS + 2)[1:-1]
    return low * (high / low) ** steps if low > 0 else low + (high - low) * steps


def _range(found: Surface) -> tuple[float, float]:
    finite = found.loss[np.isfinite(found.loss)]
    return float(finite.min()), float(finite.max())


def _shares(found: Surface) -> np.ndarray:
    """How high each point of the grid lies, from 0 to 1; what is not finite is as high as can be."""
    low, high = _range(found)
    loss = np.where(np.isfinite(found.loss), found.loss, high)
    if low > 0:
        loss, low, high = np.log(loss), math.log(low), math.log(high)
    return (loss - low) / (high - low) if high > low else np.zeros_like(loss)


def _map(found: Surface, levels: np.ndarray) -> Markup:
    ends = [[float(values[0]), float(values[-1])] for values in (found.a, found.b)]
    x, y = (replace(linear_axis(values), low=values[0], high=values[1]) for values in ends)
    x, y = (replace(axis, ticks=tuple(t for t in axis.ticks if axis.low <= t[0] <= axis.high)) for axis in (x, y))
    frame = Frame(x, y, _LEFT, _RIGHT, _TOP, _BOTTOM)
    shades = _shares(found)
    across = [frame.across(float(value)) for value in found.a]
    up = [frame.up(float(value)) for value in found.b]
    parts = [
        element("title", "The loss from above"),
        element("desc", "Lines of equal loss around the model."),
        element("g", *_cells(shades, across, up), class_="cells"),
        *frame.drawn("along the first direction (and the second, upwards)"),
        element("g", *(_line(found, level, frame) for level in levels), class_="lines"),
    ]
    places = [(frame.across(float(a)), frame.up(float(b))) for a, b in found.path]
    return element("svg", *parts, *_path(places), class_="chart", viewBox=f"0 0 {_SIZE} {_SIZE - 14}", role="img")


def _cells(shades: np.ndarray, across: Sequence[float], up: Sequence[float]) -> Iterator[Markup]:
    """Rectangles between the points of the grid, shaded by the mean of their corners."""
    for row, (low, high) in enumerate(pairwise(up)):
        for column, (left, right) in enumerate(pairwise(across)):
            shade = _shade(shades[row : row + 2, column : column + 2].mean())
            course = f"M{left:.1f},{low:.1f}H{right:.1f}V{high:.1f}H{left:.1f}Z"
            yield element("path", d=course, class_=shade)


def _shade(share: float) -> str:
    return f"h{min(_SHADES - 1, int(share * _SHADES))}"


def _line(found: Surface, level: float, frame: Frame) -> Markup:
    """All segments of one level as one path, which tells the level to a pointer."""

    def place(column: float, row: float) -> str:
        a = float(np.interp(column, np.arange(len(found.a)), found.a))
        b = float(np.interp(row, np.arange(len(found.b)), found.b))
        return f"{frame.across(a):.1f},{frame.up(b):.1f}"

    course = "".join(f"M{place(*start)}L{place(*end)}" for start, end in contour(found.loss, level))
    return element("path", element("title", f"loss {level:.3g}"), d=course)


def _path(places: Sequence[tuple[float, float]]) -> Iterator[Markup]:
    """A dot for each of them, joined, and a ring around the last."""
    if len(places) > 1:
        yield element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), class_="path")
    for x, y in places[:-1]:
        yield element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=2.5, class_="stop")
    x, y = places[-1]
    yield element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=6, class_="end")


def _landscape(found: Surface) -> Markup:
    """The grid seen from a corner and from above, what is far away drawn first, the path's start at the back."""
    shades = _shares(found)
    rows, columns = shades.shape
    places = [
        (float(np.interp(a, found.a, np.arange(columns))), float(np.interp(b, found.b, np.arange(rows))))
        for a, b in found.path
    ]

    def behind(column: float, row: float, turn: float) -> float:
        return (column / (columns - 1) - 0.5) * math.sin(turn) + (row / (rows - 1) - 0.5) * math.cos(turn)

    turn = max(_TURNS, key=lambda turn: behind(*places[0], turn)) if len(places) > 1 else _TURNS[0]

    def seen(column: float, row: float, share: float) -> tuple[float, float]:
        right = behind(column, row, turn + math.pi / 2)
        return _SIZE / 2 + _WIDE * right, -_WIDE * _TILT * behind(column, row, turn) - _HIGH * share

    parts, heights_seen = [], []
    for row, column in sorted(np.ndindex(rows - 1, columns - 1), key=lambda cell: -behind(cell[1], cell[0], turn)):
        corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
        points = [seen(j, i, float(shades[i, j])) for i, j in corners]
        heights_seen += [y for _, y in points]
        course = "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(element("path", d=f"M{course}Z", class_=_shade(shades[row : row + 2, column : column + 2].mean())))
    path = [seen(column, row, _between(shades, row, column)) for column, row in places]
    top, bottom = min(heights_seen) - 8, max(heights_seen) + 8
    told = [element("title", "The loss as a landscape"), element("desc", "Its height over the two directions.")]
    land = element("g", *parts, class_="land")
    view = f"0 {top:.0f} {_SIZE} {bottom - top:.0f}"
    return element("svg", *told, land, *_path(path), class_="chart", viewBox=view, role="img")


def _between(values: np.ndarray, row: float, column: float) -> float:
    """The value at a place between the points of a grid, linear along both axes."""
    along = [float(np.interp(column, np.arange(values.shape[1]), line)) for line in values]
    return float(np.interp(row, np.arange(values.shape[0]), along))
