"""Code whose arrays have their axes in another order than the layer declares: images with channels first, say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from checks.implementation import Implementation, Values
from derivations import Layer
from derivations.render.plain import plain

# Axis i of their array is axis order[i] of ours.
Orders = Mapping[str, tuple[int, ...]]


def orders_of(layer: Layer, axes: Mapping[str, str]) -> Orders:
    """The order of axes of each tensor, from its sizes in that order: `{"X": "NCHW"}`, or `"N, C, H, W"`.

    Raises ValueError for a tensor that the layer does not have, and for what is no order of its axes.
    """
    orders = {}
    for name, text in axes.items():
        if name not in layer.by_name:
            raise ValueError(f"{layer.name} has no tensor {name!r}; it has {', '.join(layer.by_name)}")
        ours = [plain(size) for size in layer.by_name[name].sizes]
        theirs = [size.strip() for size in text.split(",")] if "," in text else list(text.strip())
        if sorted(ours) != sorted(theirs):
            tensor = layer.by_name[name]
            raise ValueError(f"{text!r} is no order of the axes of {tensor}; write all of {', '.join(ours)}, each once")
        places = list(enumerate(ours))
        order = []
        for size in theirs:
            place = next(place for place in places if place[1] == size)
            places.remove(place)
            order.append(place[0])
        orders[name] = tuple(order)
    return orders


def reordered_layer(layer: Layer, orders: Orders) -> Layer:
    """The layer with the shapes that the code knows; its equations are not meant any more."""
    sizes = {t.name: tuple(t.sizes[axis] for axis in orders.get(t.name, range(len(t.sizes)))) for t in layer.tensors}
    return replace(layer, tensors=tuple(replace(tensor, sizes=sizes[tensor.name]) for tensor in layer.tensors))


def reordered(implementation: Implementation, orders: Orders) -> Implementation:
    """An Implementation for arrays as the layer declares them, made of one for arrays in other orders.

    Every array that goes in or comes out is a view of the other side's, so that what code does to its arguments is
    seen. `Implementation.laid_out` puts values where these views are contiguous.
    """
    if not orders:
        return implementation
    both = {**orders, **{f"d{name}": order for name, order in orders.items()}}

    def theirs(values: Values) -> dict[str, Any]:
        return {name: _transposed(value, both.get(name)) for name, value in values.items()}

    def ours(values: Values) -> dict[str, Any]:
        return {name: _transposed(value, _inverse(both.get(name))) for name, value in values.items()}

    again = implementation.forward_again
    return replace(
        implementation,
        forward=lambda values: ours(implementation.forward(theirs(values))),
        backward=lambda values: ours(implementation.backward(theirs(values))),
        forward_again=None if again is None else lambda values: ours(again(theirs(values))),
        laid_out=lambda values: {name: _laid_out(value, both.get(name)) for name, value in values.items()},
    )


def _inverse(order: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if order is None else tuple(int(axis) for axis in np.argsort(order))


def _transposed(value: Any, order: tuple[int, ...] | None) -> Any:
    """A view of an array with its axes in another order; what has not so many axes stays as it is."""
    if order is None or np.ndim(value) != len(order) or not hasattr(value, "transpose"):
        return value
    return value.transpose(order)


def _laid_out(value: Any, order: tuple[int, ...] | None) -> Any:
    """The same array in such memory that its transpose is contiguous."""
    if order is None:
        return value
    return np.ascontiguousarray(np.transpose(value, order)).transpose(np.argsort(order))
