"""A digit's way through a network and back, step by step: a page that moves without a script.

Forward each layer lights up with what it computes, then the outputs, then, from the loss back, what each layer's values
would have to change for the loss to grow. Who asks for less motion, or prints, sees all of it at once.
"""

import math

import numpy as np

from numeric.drawing.document import document
from numeric.drawing.images import ink_uri, weights_uri
from numeric.drawing.markup import Markup, element
from numeric.errors import InputError
from numeric.model import Model
from numeric.pictures.passage import Passage, Stop, passage

_SECONDS, _REST = 1.1, 4  # a step takes so long, and the end so many steps
_MOST_MAPS = 32
_NAMES = {
    "image": "the image",
    "linear": "weighted sums",
    "relu": "ReLU",
    "sigmoid": "sigmoid",
    "conv_relu_pool2d": "convolution, ReLU, pooling",
}
_STYLE = """
main { max-width: 96rem; }
.way { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; margin: 1rem 0; }
.stop { flex: 1 1 10rem; max-width: 22rem; border: 1px solid var(--rule); border-radius: 8px; padding: .75rem; }
.stop h2 { font-size: 1rem; border: 0; margin: 0 0 .1rem; padding: 0; }
.stop p { font-size: .85rem; color: var(--muted); margin: .35rem 0 .25rem; }
.maps { flex-basis: 24rem; max-width: 30rem; } .stop .tiles { --tile: 2.4rem; gap: .2rem; }
.stop .one { display: block; width: 100%; max-width: 11rem; image-rendering: pixelated; background: var(--wash); }
.back { --s: var(--s1); } .back p { color: var(--s1); } .there p { color: var(--s0); }
.bars { display: grid; grid-template-columns: auto 1fr auto; gap: .1rem .5rem; font-size: .9rem; align-items: center; }
.bars span { height: .7rem; border-radius: 2px; background: var(--s0); min-width: 1px; }
.bars .read { font-weight: 700; }
.control { position: sticky; top: 0; z-index: 1; background: var(--paper); padding: .5rem 0; }
.control label { cursor: pointer; } .control .play { display: none; }
#still { margin-right: .5rem; }
@media (prefers-reduced-motion: no-preference) {
  @media screen {
    .step { animation: var(--when) var(--whole) linear infinite; }
    main:has(#still:checked) .step { animation-play-state: paused; }
    main:has(#still:checked) .play { display: inline; } main:has(#still:checked) .pause { display: none; }
  }
}
@media (prefers-reduced-motion: reduce) { .control { display: none; } }
@media print { .control { display: none; } }
"""


def digit_page(model: Model, row: np.ndarray, label: int | None = None) -> str:
    """The way of an image `row` [1, D] through a model, as a page; without a `label`, the loss is of what it reads.

    Of several networks that vote the first is shown. Raises InputError for a label that is no class of the model.
    """
    network, parameters = model.network.members(model.parameters)[0]
    if label is not None and not 0 <= label < network.classes:
        raise InputError(f"{label} is no class of {model.network.name}; expected 0 to {network.classes - 1}")
    read = int(network.predict(parameters, row)[0])
    way = passage(network, parameters, row, read if label is None else label)
    whole = 2 * len(way.stops) + 1
    stops = [_stop(stop, number, whole) for number, stop in enumerate(way.stops)]
    ending = _ending(way, read, read if label is None else label, len(way.stops))
    title = f"How {model.network.name} reads a {read}"
    control = element(
        "p",
        element("label", element("input", type="checkbox", id="still"), element("span", "Pause", class_="pause"),
                element("span", "Go on: untick", class_="play")),
        class_="control",
    )  # fmt: skip
    lead = (
        f"Forward, in blue headings: what each layer computes of the image; orange is above zero, blue below. Back, in "
        f"orange headings: the cotangent of the loss for a {read if label is None else label}, how the loss would grow "
        "with each of these values."
    )
    return document(
        title,
        element("h1", title),
        element("p", lead, class_="lead"),
        control,
        element("div", *stops, ending, class_="way", style=f"--whole: {(whole + _REST) * _SECONDS:.1f}s"),
        style=_STYLE + _keyframes(whole),
    )


def _stop(stop: Stop, number: int, whole: int) -> Markup:
    shape = " × ".join(map(str, stop.values.shape))
    title = _NAMES.get(stop.layer, stop.layer)
    return element(
        "section",
        element("h2", title),
        element("p", f"{shape} values" if number else f"{shape} pixels"),
        _shown(f"{title}: what it computes", "there", number, stop.values, is_image=number == 0),
        _shown(f"{title}: the cotangent", "back", whole - 1 - number, stop.cotangents),
        class_="stop maps" if stop.values.ndim == 3 else "stop",
    )


def _shown(title: str, kind: str, step: int, values: np.ndarray, is_image: bool = False) -> Markup:
    largest = float(np.abs(values).max())
    told = element("p", ("forward" if kind == "there" else "back") + f", up to {largest:.2g}")
    if is_image:
        side = math.isqrt(values.size)
        pictures = element("img", src=ink_uri(values.reshape(side, side)), alt=title, class_="one")
    elif values.ndim == 3:
        maps = values.transpose(2, 0, 1)[:_MOST_MAPS]
        images = [
            element("img", src=weights_uri(m, largest or 1.0), alt=f"{title}, map {k}") for k, m in enumerate(maps, 1)
        ]
        pictures = element("div", *images, class_="tiles")
    else:
        pictures = element("img", src=weights_uri(_grid(values), largest or 1.0), alt=title, class_="one")
    return element("div", told, pictures, class_=f"step {kind}", style=f"--when: step{step}")


def _grid(values: np.ndarray) -> np.ndarray:
    """A vector as the rows of a rectangle that is not much wider than high; what is left over is 0."""
    side = math.isqrt(values.size)
    width = side if side * side == values.size else next((w for w in (16, 10, 8) if values.size % w == 0), side + 1)
    rows = np.zeros((-(-values.size // width), width), values.dtype)
    rows.flat[: values.size] = values
    return rows


def _ending(way: Passage, read: int, label: int, step: int) -> Markup:
    bars = []
    for number, share in enumerate(way.shares):
        kind = "read" if number == read else None
        bar = element("span", style=f"width: {100 * float(share):.1f}%")
        bars += [
            element("b" if kind else "i", str(number), class_=kind),
            bar,
            element("small", f"{share:.1%}", class_=kind),
        ]
    told = element("p", f"loss for a {label}: {way.loss:.3g}")
    outputs = element("div", *bars, class_="bars", role="img", aria_label=f"It reads a {read}.")
    shown = element(
        "div", element("p", "what it gives each class"), outputs, told, class_="step there", style=f"--when: step{step}"
    )
    return element("section", element("h2", f"It reads a {read}"), shown, class_="stop")


def _keyframes(whole: int) -> str:
    """For every step: hidden before its time, lit up at it, and then there until all begins anew."""
    unit = 100 / (whole + _REST)
    rules = []
    for step in range(whole):
        start, lit = step * unit, (step + 1) * unit
        rules.append(
            f"@keyframes step{step} {{ 0%, {start:.2f}% {{ opacity: .08; outline: 2px solid transparent; }} "
            f"{start + unit / 3:.2f}%, {lit:.2f}% "
            "{ opacity: 1; outline: 2px solid currentcolor; outline-offset: 3px; } "
            f"{lit + unit / 3:.2f}%, 100% {{ opacity: 1; outline: 2px solid transparent; outline-offset: 3px; }} }}"
        )
    return "\n".join(rules) + "\n"
