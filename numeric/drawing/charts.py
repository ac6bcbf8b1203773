"""Curves over epochs as SVG: it scales to the window, takes its colours from the page, and needs no library."""

from collections.abc import Mapping, Sequence
from itertools import chain

from numeric.drawing.axes import counting_axis, linear_axis, logarithmic_axis
from numeric.drawing.frame import Frame, line, text
from numeric.drawing.markup import Markup, element

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
    every = list(chain.from_iterable(series.values()))
    values = [*include, *(value for _, value in every)]
    y = logarithmic_axis(values) if logarithmic else linear_axis(values, percent=percent)
    x = counting_axis(min(epoch for epoch, _ in every), max(epoch for epoch, _ in every))
    right = _RIGHT - _LETTER * max(map(len, series)) * (len(series) > 1)
    frame = Frame(x, y, _LEFT, right, _TOP, _BOTTOM)
    parts = [element("title", title), element("desc", description), *frame.drawn("epoch")]
    if mark is not None:
        parts += _mark(frame, *mark)
    for number, (name, points) in enumerate(series.items()):
        places = [(frame.across(epoch), frame.up(value)) for epoch, value in points]
        labels = [f"{name}, epoch {epoch}: {_value(value, percent)}" for epoch, value in points]
        parts.append(_curve(places, labels, number))
    if len(series) > 1:
        parts += _labels({name: frame.up(points[-1][1]) for name, points in series.items()}, right)
    return element("svg", *parts, class_="chart", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")


def _mark(frame: Frame, epoch: int, label: str) -> list[Markup]:
    place, share = frame.across(epoch), frame.x.share(epoch)
    # Above the middle where there is room on both sides, else towards the side with more of it.
    anchor = "start" if share < 0.25 else "end" if share > 0.75 else "middle"
    return [line("mark", place, frame.top - 6, place, frame.bottom), text(label, place, frame.top - 11, anchor)]


def _curve(places: Sequence[tuple[float, float]], labels: Sequence[str], number: int) -> Markup:
    curve = element("polyline", points=" ".join(f"{across:.1f},{up:.1f}" for across, up in places))
    radius = 2.5 if len(places) <= _LARGE_DOTS else 1.5
    dots = [
        element("circle", element("title", label), cx=f"{across:.1f}", cy=f"{up:.1f}", r=radius)
        for (across, up), label in zip(places, labels, strict=True)
        if len(places) <= _MOST_DOTS
    ]
    dashes = "6 3" if number // COLOURS % 2 else None
    return element("g", curve, *dots, class_=f"series s{number % COLOURS}", stroke_dasharray=dashes)


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


def _value(value: float, percent: bool) -> str:
    return f"{value:.2%}" if percent else f"{value:.4g}"
