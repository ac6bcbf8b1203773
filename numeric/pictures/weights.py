"""The weights of the first layer as pictures: what each of its units looks for."""

from collections.abc import Mapping

import numpy as np

from numeric.drawing.document import document
from numeric.drawing.images import weights_uri
from numeric.drawing.markup import Markup, element
from numeric.model import Model
from numeric.network import Parameters

MOST_UNITS = 128
_LARGEST_KERNEL = 7  # pixels along a side: images have more
_OF_UNITS = (
    "One picture for each unit: ink on orange speaks for it, ink on blue against it. Strokes and edges help to tell "
    "digits apart; a unit that looks like noise has found little, and a blank one nothing."
)
_OF_KERNELS = (
    "One picture for each kernel, which slides over the image: ink on orange speaks for it, ink on blue against it. "
    "Orange beside blue looks for an edge, orange alone for ink of any shape."
)
_FULL_COLOUR = 99.5  # the percentile of all weights' sizes: a few outliers would make all others pale


def weights_page(model: Model) -> str:
    """A page with the first layer's weights of a trained network, of the first one where several vote."""
    network, parameters = model.network.members(model.parameters)[0]
    side = round(network.features**0.5)
    weights = first_weights(parameters, network.shapes, (side, side))
    title = f"What the first layer of {model.network.name} looks for"
    return document(title, element("h1", title), weight_tiles(weights))


def weight_tiles(weights: np.ndarray | None) -> Markup:
    """A picture for each unit of weights [units, H, W], with what its colours mean; a sentence where there are none."""
    if weights is None:
        return element("p", "Its weights do not belong to pixels, so there is no picture of them.")
    limit = float(np.percentile(np.abs(weights), _FULL_COLOUR)) or 1.0
    sizes = np.linalg.norm(weights.reshape(len(weights), -1), axis=1)
    shown = np.sort(np.argsort(-sizes, kind="stable")[:MOST_UNITS])
    chosen = f"The {len(shown)} units of {len(weights)} with the largest weights. " if len(shown) < len(weights) else ""
    pictures = [
        element("img", src=weights_uri(weights[unit], limit), alt=f"Unit {unit + 1}", title=f"unit {unit + 1}")
        for unit in shown
    ]
    scale = element("p", f"against, −{limit:.2g}", element("span"), f"+{limit:.2g}, for", class_="scale")
    kernels = weights.shape[-1] <= _LARGEST_KERNEL
    tiles = element(
        "div",
        *pictures,
        class_="tiles kernels" if kernels else "tiles",
        role="img",
        aria_label=f"The weights of {len(shown)} units",
    )
    return element("figure", scale, tiles, element("figcaption", chosen + (_OF_KERNELS if kernels else _OF_UNITS)))


def first_weights(
    parameters: Parameters, shapes: Mapping[str, tuple[int, ...]], image_shape: tuple[int, int]
) -> np.ndarray | None:
    """The weights of the first layer as pictures [units, H, W]; None where it looks at something else than pixels.

    A unit of W[D, C] is a column, of the shape of an image; one of K[R, S, C, F] is a filter, its channels below each
    other.
    """
    first = next((parameters[name] for name, shape in shapes.items() if len(shape) > 1), np.empty(0))
    if first.ndim == 4:
        R, S, C, F = first.shape
        return first.transpose(3, 2, 0, 1).reshape(F, C * R, S)
    if first.ndim == 2 and len(first) == image_shape[0] * image_shape[1]:
        return first.T.reshape(-1, *image_shape)
    return None
