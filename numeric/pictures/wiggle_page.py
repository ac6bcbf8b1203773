"""The wiggle as a page: a slider nudges the weight; dots run along the curves, and along the tangents beside them."""

import json

import numpy as np

from numeric.drawing.axes import linear_axis
from numeric.drawing.document import document, figure
from numeric.drawing.frame import Frame, line
from numeric.drawing.images import ink_uri
from numeric.drawing.markup import Markup, element, join
from numeric.errors import InputError
from numeric.model import Model
from numeric.pictures.wiggle import NUDGES, Curve, Wiggle, heaviest, read_weight, wiggle

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 400, 270, 58, 386, 14, 226
_STYLE = """
main { max-width: 96rem; }
.pair { grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); } .pair figure { max-width: 40rem; }
.curve { fill: none; stroke: var(--s0); stroke-width: 2; }
.tangent { stroke: var(--s1); stroke-width: 1.5; stroke-dasharray: 6 4; }
.now { fill: var(--s0); } .foretold { fill: none; stroke: var(--s1); stroke-width: 2; }
.digit { width: 5.6rem; image-rendering: pixelated; border: 1px solid var(--rule); float: right; margin-left: 1rem; }
.slider { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; margin: 1rem 0 1.5rem; clear: both; }
.slider input { flex: 1 1 14rem; max-width: 40rem; accent-color: var(--s0); }
.slider output { min-width: 11rem; font-variant-numeric: tabular-nums; }
.real { color: var(--s0); } .told { color: var(--s1); } .real, .told { font-variant-numeric: tabular-nums; }
"""
_SCRIPT = """
const slider = document.querySelector("input"), told = document.querySelector("[data-wiggle]").dataset.wiggle;
const data = JSON.parse(told), figures = document.querySelectorAll("figure");
const signed = value => (value < 0 ? "\\u2212" : "+") + Math.abs(value).toPrecision(3);
slider.addEventListener("input", () => {
  const k = +slider.value;
  document.querySelector("output").textContent = `${data.weight} ${signed(data.nudges[k])}`;
  data.curves.forEach((curve, number) => {
    const [now, foretold] = figures[number].querySelectorAll("circle");
    for (const dot of [now, foretold]) dot.setAttribute("cx", curve.across[k]);
    now.setAttribute("cy", curve.up[k]);
    foretold.setAttribute("cy", curve.foretold[k]);
    foretold.setAttribute("visibility", curve.foretold[k] === null ? "hidden" : "visible");
    figures[number].querySelector(".real").textContent = signed(curve.moves[k]);
    figures[number].querySelector(".told").textContent = signed(curve.slope * data.nudges[k]);
  });
});
"""


def wiggle_page(model: Model, row: np.ndarray, label: int, weight: str | None = None) -> str:
    """A page with a slider for one weight of a model that reads an image `row` [1, D] of a `label`.

    Without a weight, that of the first matrix on which the loss depends the most is taken; of several networks that
    vote, the first. Raises InputError for a weight that there is not, and for a label that is no class of the model.
    """
    network, parameters = model.network.members(model.parameters)[0]
    if not 0 <= label < network.classes:
        raise InputError(f"{label} is no class of {model.network.name}; expected 0 to {network.classes - 1}")
    chosen = read_weight(weight, network) if weight else heaviest(network, parameters, row, label)
    found = wiggle(network, parameters, row, label, chosen)
    frames = [_frame(curve, found.nudges) for curve in found.curves]
    title, side = f"The wiggle of {chosen}", round(row.size**0.5)
    lead = (
        f"{chosen} of {model.network.name} is {found.value:.4g}. Nudge it, and see how {_list(found)} move for this "
        f"example, a {label}: in blue as they do, in orange as their derivatives say."
    )
    data = {
        "weight": str(chosen),
        "nudges": [float(f"{nudge:.6g}") for nudge in found.nudges],
        "curves": [_places(curve, frame, found.nudges) for curve, frame in zip(found.curves, frames, strict=True)],
    }
    slider = element(
        "label",
        "nudge",
        element("input", type="range", min=0, max=NUDGES - 1, value=NUDGES // 2),
        element("output", f"{chosen} +0.00"),
        class_="slider",
    )
    figures = [_figure(curve, frame, found) for curve, frame in zip(found.curves, frames, strict=True)]
    content = (
        element("img", src=ink_uri(row.reshape(side, side)), alt=f"a {label}", class_="digit"),
        element("h1", title),
        element("p", lead, class_="lead"),
        slider,
        element("div", *figures, class_="pair", data_wiggle=json.dumps(data)),
    )
    return document(title, *content, style=_STYLE, script=_SCRIPT)


def _list(found: Wiggle) -> str:
    *names, last = [curve.name for curve in found.curves]
    return f"{', '.join(names)} and {last}"


def _frame(curve: Curve, nudges: np.ndarray) -> Frame:
    x = linear_axis([float(nudges[0]), float(nudges[-1])])
    return Frame(x, linear_axis([float(value) for value in curve.values]), _LEFT, _RIGHT, _TOP, _BOTTOM)


def _places(curve: Curve, frame: Frame, nudges: np.ndarray) -> dict[str, object]:
    """What the script shows at each nudge; a prediction that leaves the drawing has no place in it."""
    predicted = curve.predicted(nudges)
    return {
        "across": [round(frame.across(float(nudge)), 1) for nudge in nudges],
        "up": [round(frame.up(float(value)), 1) for value in curve.values],
        "foretold": [round(frame.up(float(v)), 1) if frame.y.low <= v <= frame.y.high else None for v in predicted],
        "moves": [float(f"{value - curve.values[NUDGES // 2]:.6g}") for value in curve.values],
        "slope": curve.slope,
    }


def _figure(curve: Curve, frame: Frame, found: Wiggle) -> Markup:
    points = zip(found.nudges, curve.values, strict=True)
    course = " ".join(f"{frame.across(float(nudge)):.1f},{frame.up(float(value)):.1f}" for nudge, value in points)
    predicted = curve.predicted(found.nudges)
    inside = np.flatnonzero((predicted >= frame.y.low) & (predicted <= frame.y.high))
    ends = [(frame.across(float(found.nudges[k])), frame.up(float(predicted[k]))) for k in (inside[0], inside[-1])]
    at = {"cx": f"{frame.across(0.0):.1f}", "cy": f"{frame.up(float(curve.values[NUDGES // 2])):.1f}"}
    parts = [
        element("title", f"{curve.name} against the nudge"),
        element("desc", f"{curve.name} is {curve.meaning}; its derivative is {curve.slope:.4g}."),
        *frame.drawn(f"nudge of {found.weight}"),
        element("polyline", points=course, class_="curve"),
        line("tangent", *ends[0], *ends[1]),
        element("circle", **at, r=5, class_="now"),
        element("circle", **at, r=8, class_="foretold"),
    ]
    chart = element("svg", *parts, class_="chart", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img")
    moves, says = (element("b", "+0.00", class_=kind) for kind in ("real", "told"))
    derivative = f"d{curve.name}/d{found.weight} = {curve.slope:.4g}"
    caption = join([f"{derivative}. {curve.name} moves by ", moves, ", its derivative says ", says, "."])
    return figure(f"{curve.name}, {curve.meaning}", chart, caption)
