"""Curves over epochs as SVG: it scales to the window, takes its colours from the page, and needs no library."""

from collections.abc import Mapping, Sequence
from itertools import chain

from numeric.report.axes import Axis, counting_axis, linear_axis, logarithmic_axis
from numeric.report.markup import Markup, element

Series = Sequence[tuple[int, float]]  # epochs, counted from 1, and finite values

# In units of the drawing, of which a narrow telephone shows about 0.9 a pixel: text of 12 stays readable there.
WIDTH, HEIGHT = 400, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 388, 26, 208
_LETTER, _LABEL_HEIGHT = 9, 13
_MOST_DOTS, _LARGE_DOTS = 100, 30  # a dot for each epoch tells its value to a pointer; more would hide the line
COLOURS = 6


def line_chart(
    title: str,
    description: str,
    series: Mapping[str, Series],
    *,
    percent: bool = False,
    logarithmic: bool = False,
    include: Sequence[float] = (),
    mark: tuple[int, str] | None = None,
) -> Markup:
    """A line for every entry of `series`, each with one point or more, labelled at its end where there are several.

    The vertical axis also holds the values of `include`; `mark` is an epoch for a dashed line, and what is said of it.
    """
    points = list(chain.from_iterable(series.values()))
    values = [*include, *(value for _, value in points)]
    y = logarithmic_axis(values) if logarithmic else linear_axis(values, percent=percent)
    x = counting_axis(min(epoch for epoch, _ in points), max(epoch for epoch, _ in points))
    right = _RIGHT - _LETTER * max(map(len, series)) * (len(series) > 1)
    parts = [element("title", title), element("desc", description), *_frame(x, y, right)]
    if mark is not None:
        parts += _mark(x, *mark, right)
    for number, (name, line) in enumerate(series.items()):
        places = [(_across(x, epoch, right), _up(y, value)) for epoch, value in line]
        labels = [f"{name}, epoch {epoch}: {_value(value, percent)}" for epoch, value in line]
        parts.append(_curve(places, labels, number))
    if len(series) > 1:
        parts += _labels({name: _up(y, line[-1][1]) for name, line in series.items()}, right)
    return element("svg", *parts, class_="chart", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")


def _across(axis: Axis, epoch: float, right: float) -> float:
    return _LEFT + axis.share(epoch) * (right - _LEFT)


def _up(axis: Axis, value: float) -> float:
    return _BOTTOM - axis.share(value) * (_BOTTOM - _TOP)


def _frame(x: Axis, y: Axis, right: float) -> list[Markup]:
    """Ticks with their labels, a thin line at each value, and what runs across."""
    parts = []
    for value, label in y.ticks:
        height = _up(y, value)
        parts.append(_line("grid", _LEFT, height, right, height))
        parts.append(_text(label, _LEFT - 6, height + 4, "end"))
    for epoch, label in x.ticks:
        place = _across(x, epoch, right)
        parts.append(_line("tick", place, _BOTTOM, place, _BOTTOM + 4))
        parts.append(_text(label, place, _BOTTOM + 17, "middle"))
    return [*parts, _text("epoch", (_LEFT + right) / 2, HEIGHT - 6, "middle")]


def _mark(x: Axis, epoch: int, label: str, right: float) -> list[Markup]:
    place = _across(x, epoch, right)
    # Above the middle where there is room on both sides, else towards the side with more of it.
    anchor = "start" if x.share(epoch) < 0.25 else "end" if x.share(epoch) > 0.75 else "middle"
    return [_line("mark", place, _TOP - 6, place, _BOTTOM), _text(label, place, _TOP - 11, anchor)]


def _curve(places: Sequence[tuple[float, float]], labels: Sequence[str], number: int) -> Markup:
    line = element("polyline", points=" ".join(f"{across:.1f},{up:.1f}" for across, up in places))
    radius = 2.5 if len(places) <= _LARGE_DOTS else 1.5
    dots = [
        element("circle", element("title", label), cx=f"{across:.1f}", cy=f"{up:.1f}", r=radius)
        for (across, up), label in zip(places, labels, strict=True)
        if len(places) <= _MOST_DOTS
    ]
    dashes = "6 3" if number // COLOURS % 2 else None
    return element("g", line, *dots, class_=f"series s{number % COLOURS}", stroke_dasharray=dashes)


def _labels(heights: Mapping[str, float], right: float) -> list[Markup]:
    """Names at the ends of their lines, moved apart where they would cover each other."""
    numbers = {name: number for number, name in enumerate(heights)}
    ordered = sorted(heights, key=heights.__getitem__)
    distance = min(_LABEL_HEIGHT, (_BOTTOM - _TOP) / len(ordered))
    places: list[float] = []
    for name in ordered:
        places.append(max(heights[name], places[-1] + distance if places else 0.0))
    lowest = float(_BOTTOM)
    for place in reversed(range(len(places))):  # those that were pushed below the axis push the others up again
        places[place] = min(places[place], lowest)
        lowest = places[place] - distance
    return [
        element("text", name, x=f"{right + 6:.1f}", y=f"{place + 4:.1f}", class_=f"name s{numbers[name] % COLOURS}")
        for name, place in zip(ordered, places, strict=True)
    ]


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return element("line", class_=kind, x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}")


def _text(content: str, x: float, y: float, anchor: str) -> Markup:
    return element("text", content, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def _value(value: float, percent: bool) -> str:
    return f"{value:.2%}" if percent else f"{value:.4g}"
