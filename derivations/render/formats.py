"""What derive prints, by the name of its format: a layer's derivation, of first or second order, or the network's."""

import json
from collections.abc import Sequence
from typing import Literal

from derivations import LAYERS
from derivations.backward import Derivation, derive
from derivations.layer import DerivationError, Layer

Format = Literal["text", "latex", "markdown", "json", "numpy"]


def formatted(
    what: str | Layer,
    format: Format,
    *,
    wrt: Sequence[str] | None = None,
    order: int = 1,
    steps: bool = True,
    width: int = 80,
) -> str:
    """Derive a layer, or the four equations of a "network", and write that down, text in so many columns.

    Order 2 gives the Hessian times a direction. Raises DerivationError as `derive` and `second_order` do, and for a
    format that does not exist.
    """
    if what == "network" and what not in LAYERS:
        return _network(format, wrt, order, steps, width)
    if order == 1:
        return _first_order(derive(what, wrt), format, steps, width)
    return _second_order(what, wrt, format, steps, width)


def refutation(what: str | Layer, wrt: Sequence[str] | None = None, order: int = 1) -> str | None:
    """Why what `formatted` prints is wrong, if its independent witness says so: never but by a mistake of ours."""
    from derivations.hessian import second_order

    if what == "network" and what not in LAYERS:
        return None
    witness = (derive(what, wrt) if order == 1 else second_order(what, wrt)).witness
    return witness.method if witness.verdict == "refuted" else None


def _first_order(derivation: Derivation, format: Format, steps: bool, width: int) -> str:
    match format:
        case "text":
            from derivations.render.page import page

            return page(derivation, steps=steps, width=width)
        case "markdown":
            from derivations.render.markdown import markdown

            return markdown(derivation, steps=steps)
        case "latex":
            from derivations.render.latex_page import latex_page

            return latex_page(derivation, steps=steps)
        case "json":
            from derivations.render.json import as_json

            return json.dumps(as_json(derivation))
        case "numpy":
            return derivation.numpy()


def _second_order(what: str | Layer, wrt: Sequence[str] | None, format: Format, steps: bool, width: int) -> str:
    from derivations.hessian import second_order
    from derivations.render import hessian as pages

    second = second_order(what, wrt)
    match format:
        case "text":
            return pages.text_page(second, steps=steps, width=width)
        case "markdown":
            return pages.markdown(second, steps=steps)
        case "latex":
            return pages.latex_page(second, steps=steps)
        case "json":
            from derivations.render.json import second_order_json

            return json.dumps(second_order_json(second))
        case "numpy":
            return second.numpy()


def _network(format: Format, wrt: Sequence[str] | None, order: int, steps: bool, width: int) -> str:
    from derivations.network import network_page

    if order > 1:
        raise DerivationError("network has unnamed activations, whose second derivative has no name; leave --order out")
    if wrt:
        raise DerivationError("network has no single input to differentiate by; leave --wrt out")
    return network_page(format, steps=steps, width=width)
