"""Code whose arrays have their axes in another order than the layer declares: images with channels first, say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from checks.batching import Batch
from checks.implementation import Implementation, MisconductError, Values
from derivations import Layer, Tensor
from derivations.render.plain import plain

# Axis i of their array is axis order[i] of ours; None is one of length 1 that ours has not.
Order = tuple[int | None, ...]
Orders = Mapping[str, Order]


def orders_of(layer: Layer, axes: Mapping[str, str]) -> Orders:
    """The order of axes of each tensor, from its sizes in that order: `{"X": "NCHW"}`, or `"N, C, H, W"`.

    A 1 is an axis of length 1 that the layer does not have: `{"b": "C1"}`. Raises ValueError for a tensor that the
    layer does not have, and for what is no order of its axes.
    """
    return {name: _order_of(layer, name, text) for name, text in axes.items()}


def _order_of(layer: Layer, name: str, text: str) -> Order:
    if name not in layer.by_name:
        raise ValueError(f"{layer.name} has no tensor {name!r}; it has {', '.join(layer.by_name)}")
    tensor = layer.by_name[name]
    left: list[str | None] = [plain(size) for size in tensor.sizes]
    order: list[int | None] = []
    for size in [size.strip() for size in text.split(",")] if "," in text else text.strip():
        if size in left:
            order.append(left.index(size))
            left[left.index(size)] = None
        elif size == "1":
            order.append(None)
        else:
            left.append(size)
    if any(left):
        sizes = ", ".join(map(plain, tensor.sizes))
        raise ValueError(f"{text!r} is no order of the axes of {tensor}; write all of {sizes}, each once")
    return tuple(order)


def reordered_layer(layer: Layer, orders: Orders) -> Layer:
    """The layer with the shapes that the code knows; its equations are not meant any more."""

    def theirs(tensor: Tensor) -> Tensor:
        order = orders.get(tensor.name, range(len(tensor.sizes)))
        return replace(tensor, sizes=tuple(sp.S.One if axis is None else tensor.sizes[axis] for axis in order))

    return replace(layer, tensors=tuple(map(theirs, layer.tensors)))


def reordered(implementation: Implementation, orders: Orders) -> Implementation:
    """An Implementation for arrays as the layer declares them, made of one for arrays in other orders.

    Every array that goes in or comes out is a view of the other side's, so that what code does to its arguments is
    seen. `Implementation.laid_out` puts values where these views are contiguous.
    """
    if not orders:
        return implementation
    both = {**orders, **{f"d{name}": order for name, order in orders.items()}}

    def theirs(values: Values) -> dict[str, Any]:
        return {name: _theirs(value, both.get(name)) for name, value in values.items()}

    def ours(values: Values) -> dict[str, Any]:
        return {name: _ours(value, both.get(name), name) for name, value in values.items()}

    again = implementation.forward_again
    return replace(
        implementation,
        forward=lambda values: ours(implementation.forward(theirs(values))),
        backward=lambda values: ours(implementation.backward(theirs(values))),
        forward_again=None if again is None else lambda values: ours(again(theirs(values))),
        laid_out=lambda values: {name: _laid_out(value, both.get(name)) for name, value in values.items()},
    )


def _theirs(value: Any, order: Order | None) -> Any:
    """A view of our array with axes as they have them; what has not so many stays as it is."""
    axes = [axis for axis in order or () if axis is not None]
    if order is None or np.ndim(value) != len(axes):
        return value
    return value.transpose(axes)[tuple(np.newaxis if axis is None else slice(None) for axis in order)]


def _ours(value: Any, order: Order | None, name: str = "") -> Any:
    """A view of their array with axes as we have them; None and lists stay what they are.

    Raises MisconductError for an array that cannot have these axes.
    """
    if order is None or value is None or isinstance(value, list | tuple):
        return value
    if not isinstance(value, np.ndarray | Batch):
        try:
            value = np.asarray(value)
        except (TypeError, RuntimeError, ValueError):  # a framework's own array: another finding tells
            return value
    added = [place for place, axis in enumerate(order) if axis is None]
    if value.ndim != len(order) or any(value.shape[place] != 1 for place in added):
        ones = f", {len(added)} of them of length 1" if added else ""
        raise MisconductError("shape", f"{name} has shape {value.shape}, expected {len(order)} axes{ones}")
    kept = value[tuple(0 if axis is None else slice(None) for axis in order)]
    return kept.transpose(np.argsort([axis for axis in order if axis is not None]))


def _laid_out(value: Any, order: Order | None) -> Any:
    """The same array in such memory that it is contiguous with their axes."""
    return value if order is None else _ours(np.ascontiguousarray(_theirs(value, order)), order)
