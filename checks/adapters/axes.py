"""Code whose arrays have their axes in another order than the layer declares: images with channels first, say."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from checks.batching import Batch
from checks.implementation import Implementation, MisconductError, Values
from derivations import Layer, Tensor
from derivations.render.plain import plain


@dataclass(frozen=True)
class Order:
    """Axis i of their array is axis `axes[i]` of ours; None is one of length 1 that ours has not.

    `dropped` are axes of ours, of length 1, that theirs has not. Where there are `classes`, ours are labels, and theirs
    rows of 0 and 1, whose last axis, as ours would have them, is as long as an axis of another input, or as that size.
    """

    axes: tuple[int | None, ...]
    dropped: tuple[int, ...] = ()
    classes: "Classes | None" = None

    @property
    def ours(self) -> tuple[int, ...]:
        """All axes of ours: those that theirs has in its order, then the others."""
        return (*(axis for axis in self.axes if axis is not None), *self.dropped)


@dataclass(frozen=True)
class Classes:
    """How many classes labels have: as an axis of an input is long, or as the size `name` says."""

    name: str
    axis: int | None = None

    def count(self, values: Values) -> int:
        """The number of classes."""
        return int(values[self.name]) if self.axis is None else values[self.name].shape[self.axis]


Orders = Mapping[str, Order]
TRANSPOSED = ".T"


def with_transposes(names: Mapping[str, str], axes: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Names without, and axes with, what names say of transposes: `{"weight": "W.T"}` is W, whose axes are `.T`.

    Raises ValueError where the axes of W are told besides.
    """
    transposed = [name.removesuffix(TRANSPOSED) for name in names.values() if name.endswith(TRANSPOSED)]
    for name in [name for name in transposed if name in axes]:
        raise ValueError(f"the axes of {name} are told twice: as {name}{TRANSPOSED}, and as {axes[name]!r}")
    plain_names = {yours: name.removesuffix(TRANSPOSED) for yours, name in names.items()}
    return plain_names, {**axes, **dict.fromkeys(transposed, TRANSPOSED)}


def orders_of(layer: Layer, axes: Mapping[str, str], sizes: Mapping[str, float] | None = None) -> Orders:
    """The order of axes of each tensor, from its sizes in that order: `{"X": "NCHW"}`, or `"N, C, H, W"`.

    A 1 is an axis of length 1 that the layer does not have: `{"b": "C1"}`. An axis whose size is 1 for good, by
    `sizes`, may be left out. `.T` is a matrix transposed, which a square one cannot say otherwise. Labels `T[N] in
    0..C-1` that have an axis C as well, `{"T": "NC"}`, are rows of 0 with a 1 at the label's place. Raises ValueError
    for a tensor that the layer does not have, and for what is no order of its axes.
    """
    ones = {name for name, size in (sizes or {}).items() if size == 1}
    orders = {name: _order_of(layer, name, text, ones) for name, text in axes.items()}
    return {name: order for name, order in orders.items() if order.axes or order.dropped}  # one number has none


def _order_of(layer: Layer, name: str, text: str, ones: set[str]) -> Order:
    if name not in layer.by_name:
        raise ValueError(f"{layer.name} has no tensor {name!r}; it has {', '.join(layer.by_name)}")
    tensor = layer.by_name[name]
    if text.strip() == TRANSPOSED:
        if len(tensor.sizes) != 2:
            raise ValueError(f"{name}{TRANSPOSED} is the transpose of a matrix, and {tensor} is none: say its axes")
        return Order((1, 0))
    told = [size.strip() for size in text.split(",")] if "," in text else [*text.strip()]
    classes = classes_of(tensor)
    one_hot = classes is not None and plain(classes) in told
    tensor = as_rows(tensor) if one_hot else tensor
    left: list[str | None] = [plain(size) for size in tensor.sizes]
    order: list[int | None] = []
    for size in told:
        if size in left:
            order.append(left.index(size))
            left[left.index(size)] = None
        elif size == "1":
            order.append(None)
        else:
            left.append(size)
    if any(size and size not in ones for size in left) or len(left) > len(tensor.sizes):
        sizes = ", ".join(map(plain, tensor.sizes))
        raise ValueError(
            f"{text!r} is no order of the axes of {tensor}; write all of {sizes}, each once (one that is 1, and said "
            "to be, as by --set N=1, may be left out; a matrix may be .T)"
        )
    dropped = tuple(axis for axis, size in enumerate(left) if size)
    return Order(tuple(order), dropped, _where_counted(layer, classes) if one_hot else None)


def classes_of(labels: Tensor) -> sp.Symbol | None:
    """C of labels that lie in 0..C-1, and have no axis of that size; None of another tensor."""
    if not labels.integer or labels.low != 0 or labels.high is None:
        return None
    classes = labels.high + 1
    return classes if classes.is_Symbol and classes not in labels.sizes else None


def as_rows(labels: Tensor) -> Tensor:
    """The same as rows of 0, with a 1 at the label's place."""
    return Tensor(labels.name, (*labels.sizes, classes_of(labels)))


def _where_counted(layer: Layer, classes: sp.Symbol) -> Classes:
    """Where values say how many classes there are."""
    real = (tensor for tensor in layer.inputs if not tensor.integer and classes in tensor.sizes)
    tensor = next(real, None)
    return Classes(str(classes)) if tensor is None else Classes(tensor.name, tensor.sizes.index(classes))


def reordered_layer(layer: Layer, orders: Orders) -> Layer:
    """The layer with the shapes that the code knows; its equations are not meant any more."""

    def theirs(tensor: Tensor) -> Tensor:
        if tensor.name not in orders:
            return tensor
        axes = orders[tensor.name].axes
        tensor = as_rows(tensor) if orders[tensor.name].classes else tensor
        return replace(tensor, sizes=tuple(sp.S.One if axis is None else tensor.sizes[axis] for axis in axes))

    return replace(layer, tensors=tuple(map(theirs, layer.tensors)))


def reordered(implementation: Implementation, orders: Orders) -> Implementation:
    """An Implementation for arrays as the layer declares them, made of one for arrays in other orders.

    Every array that goes in or comes out is a view of the other side's, so that what code does to its arguments is
    seen. `Implementation.laid_out` puts values where these views are contiguous.
    """
    if not orders:
        return implementation
    one_hot = {name: order for name, order in orders.items() if order.classes}
    both = {f"d{name}": order for name, order in orders.items() if name not in one_hot} | {**orders}
    labels = {name for label in one_hot for name in (label, f"d{label}")}

    def theirs(values: Values) -> dict[str, Any]:
        rows = {name: _rows(values, name, order.classes) for name, order in one_hot.items() if order.classes}
        return {name: _theirs(value, both.get(name)) for name, value in {**values, **rows}.items()}

    def ours(values: Values) -> dict[str, Any]:
        return {name: _ours(value, both.get(name), name) for name, value in values.items() if name not in labels}

    def laid_out(values: Values) -> dict[str, Any]:
        laid = {name: order for name, order in both.items() if name not in one_hot}
        return {name: _laid_out(value, laid.get(name)) for name, value in values.items()}

    return replace(implementation.behind(theirs, ours), laid_out=laid_out)


def _rows(values: Values, name: str, classes: Classes) -> Any:
    """Labels as rows of 0 and 1, in the dtype of the real inputs."""
    dtypes = (getattr(value, "dtype", None) for value in values.values())
    real = (dtype for dtype in dtypes if dtype is not None and dtype.kind in ("f", "V"))  # V is bfloat16
    return np.eye(classes.count(values), dtype=next(real, np.dtype(float)))[values[name]]


def _theirs(value: Any, order: Order | None) -> Any:
    """A view of our array with axes as they have them; what has not so many stays as it is."""
    if order is None or np.ndim(value) != len(order.ours):
        return value
    places = (np.newaxis if axis is None else slice(None) for axis in order.axes)
    return value.transpose(order.ours)[(*places, *(0 for _ in order.dropped))]


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
    added = [place for place, axis in enumerate(order.axes) if axis is None]
    if not value.ndim and order.axes:  # one number for all of it: its shape is looked at later
        return value
    if value.ndim != len(order.axes) or any(value.shape[place] != 1 for place in added):
        ones = f", {len(added)} of them of length 1" if added else ""
        raise MisconductError("shape", f"{name} has shape {value.shape}, expected {len(order.axes)} axes{ones}")
    places = (0 if axis is None else slice(None) for axis in order.axes)
    kept = value[(*places, *(np.newaxis for _ in order.dropped))]
    return kept.transpose(np.argsort(order.ours))


def _laid_out(value: Any, order: Order | None) -> Any:
    """The same array in such memory that it is contiguous with their axes."""
    return value if order is None else _ours(np.ascontiguousarray(_theirs(value, order)), order)
