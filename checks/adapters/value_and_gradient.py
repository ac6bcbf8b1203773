"""One function that returns a loss and its gradient at once, as optimizers ask for it and tutorials write it."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from checks.adapters.arguments import plan_of, require_known
from checks.adapters.assumptions import assumed_without
from checks.adapters.places import filled, place_by_name, required_places, settled
from checks.adapters.results import gradient_keys, gradients_by_name, renamed
from checks.implementation import Implementation, MisconductError, Values, call
from derivations import Layer

GRADIENT = "gradient"  # between the forward and its backward; no tensor of a layer is called like it


def is_loss(layer: Layer) -> bool:
    """Whether the layer gives one number, so that it has a gradient by itself."""
    return len(layer.outputs) == 1 and not layer.outputs[0].sizes


def from_value_and_gradient(
    function: Callable[..., Any],
    layer: Layer,
    names: Mapping[str, str] | None = None,
    wanted: Sequence[str] | None = None,
) -> Implementation:
    """Make an Implementation of `f(X, ...) -> (L, dX)`: the gradient is taken for that of dL = 1, and times dL.

    Parameters are matched to inputs and options as those of plain functions are (`adapters.functions`). A method of an
    object finds there what it does not take: attributes, or entries of its dictionary `params`, by their names. Behind
    the loss stands the gradient, or several, one by one, in a sequence or in a dictionary: all those of real inputs, or
    those `wanted`. Raises ValueError where `names` leads to a name that the layer does not have, and where an object
    has no attribute for an input.
    """
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    real = [f"d{tensor.name}" for tensor in layer.inputs if not tensor.integer]
    hidden, names, (loss,) = list(layer.hidden_sizes), names or {}, layer.outputs
    require_known(layer, names, {*inputs, *options, *hidden, *real})
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", layer.name)
    kept = [] if owner is None else [each for each in inputs if place_by_name(owner, each, names)]
    plan = plan_of(function, [each for each in inputs if each not in kept], options, hidden, names)
    own = [] if owner is None else [each for each in inputs if each not in plan.taken]
    places = required_places(owner, layer, own, names)

    keys = gradient_keys(real, names, plan.called)

    def forward(values: Values) -> dict[str, Any]:
        positional, named = plan(values)
        method = getattr(filled(copy.deepcopy(owner), places, values), name) if places else function
        returned = call(method, positional, named)
        if not isinstance(returned, tuple | list) or len(returned) < 2:
            raise MisconductError(
                "arity", f"{name} is no backward by its name, and returns no pair: expected (loss, gradient)"
            )
        value, *gradients = returned
        return {loss.name: value, GRADIENT: gradients[0] if len(gradients) == 1 else gradients}

    def backward(values: Values) -> dict[str, Any]:
        returned = renamed(values[GRADIENT], names)
        found = gradients_by_name(returned, real, len(inputs), [wanted] if wanted else [], keys)
        return {name: _times(values[f"d{loss.name}"], gradient) for name, gradient in found.items()}

    sizes = settled(owner, layer, places, names) if places else {}
    assumed = assumed_without(layer, plan.taken | places.keys())
    return Implementation(name, forward, backward, (function,), None, sizes, assumed)


def with_told_cotangent(implementation: Implementation, layer: Layer, sizes: Mapping[str, float]) -> Implementation:
    """An Implementation of one whose backward takes dL to be a number for good, such as 1, where `sizes` say so.

    Raises ValueError for a cotangent of another layer than a loss, and where dL is 0.
    """
    name = next((f"d{output.name}" for output in layer.outputs if f"d{output.name}" in sizes), None)
    if name is None:
        return implementation
    if not is_loss(layer):
        raise ValueError(f"{name} of {layer.name} is no number; only the cotangent of a loss can be set")
    if not sizes[name]:
        raise ValueError(f"{name} is set to 0, where every gradient is 0; expected another number, such as 1")

    def backward(values: Values) -> dict[str, Any]:
        found = implementation.backward(values)
        return {key: _times(values[name] / sizes[name], gradient) for key, gradient in found.items()}

    return replace(implementation, backward=backward)


def _times(cotangent: Any, gradient: Any) -> Any:
    """The product in the gradient's own dtype; what is no array is left for whoever looks at it."""
    dtype = getattr(gradient, "dtype", None)
    return gradient if dtype is None else np.multiply(cotangent, gradient, dtype=dtype)
