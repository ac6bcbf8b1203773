"""Code that draws a mask itself, as dropout does: it draws the same one at every call here, and that is read off."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.adapters.assumptions import example_of
from checks.implementation import Implementation, MisconductError, Values, as_numbers
from checks.randomness import Generator, generators_among, seeded
from derivations import DerivationError, Layer, Tensor

DRAWN = "drawn"


def own_mask(implementation: Implementation, layer: Layer, dtype: np.dtype) -> Tensor | None:
    """The mask that an implementation does not take, where it draws one: its first output shows which.

    It draws where what it makes of ones is zero in other places with other seeds: of NumPy's own random numbers,
    Python's and PyTorch's, and of the generators that its module or its object has, or makes.
    """
    alike = [t for t in layer.inputs if t.name in implementation.assumed and t.sizes == layer.outputs[0].sizes]
    if not alike:
        return None
    try:
        example = example_of(layer)
    except DerivationError:  # the smallest options may not fit together
        return None
    weights = {option.name: 0.5 for option in layer.options if not option.integer}
    example = {**example, **weights, **implementation.sizes}
    places = [_kept(implementation, layer, example, dtype, seed) for seed in range(4)]
    told = [place for place in places if place is not None]
    return alike[0] if any(not np.array_equal(place, told[0]) for place in told) else None


def drawing(implementation: Implementation, layer: Layer, mask: Tensor) -> Implementation:
    """The same, with a forward that draws the same numbers whenever it is called, and tells which it draws."""

    namespaces = _namespaces(implementation)
    generators = _generators(namespaces)

    def always(forward: Callable[[Values], dict[str, Any]]) -> Callable[[Values], dict[str, Any]]:
        def same(values: Values) -> dict[str, Any]:
            with seeded(0, generators, namespaces):
                return forward(values)

        return same

    assumed = {name: value for name, value in implementation.assumed.items() if name != mask.name}
    again = implementation.forward_again and always(implementation.forward_again)
    same = replace(implementation, forward=always(implementation.forward), forward_again=again, assumed=assumed)

    def drawn(values: Values, dtype: np.dtype) -> dict[str, Any]:
        kept = _kept(same, layer, values, dtype, 0)
        if kept is None or kept.shape != np.shape(values[mask.name]):
            return {**values}
        return {**values, mask.name: kept.astype(values[mask.name].dtype)}

    return replace(same, drawn=drawn)


def _kept(
    implementation: Implementation, layer: Layer, values: Values, dtype: np.dtype, seed: int
) -> NDArray[np.bool_] | None:
    """Where a forward does not make zero of ones; None where it makes nothing.

    The numbers that code draws in one dtype are not those that it draws in another.
    """
    ones = {tensor.name: np.ones(np.shape(values[tensor.name]), dtype) for tensor in layer.inputs if not tensor.integer}
    namespaces = _namespaces(implementation)
    try:
        with seeded(seed, _generators(namespaces), namespaces):
            made = implementation.forward(implementation.laid_out({**values, **ones}))
        return as_numbers("Y", made[layer.outputs[0].name]) != 0
    except (MisconductError, KeyError):
        return None


def _namespaces(implementation: Implementation) -> list[dict[str, Any]]:
    """What is global where its functions are written."""
    namespaces = (getattr(inspect.unwrap(function), "__globals__", {}) for function in implementation.functions)
    return list({id(each): each for each in namespaces}.values())


def _generators(namespaces: Sequence[Mapping[str, Any]]) -> list[Generator]:
    return [generator for namespace in namespaces for generator in generators_among(namespace.values())]
