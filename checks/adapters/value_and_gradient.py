"""One function that returns a loss and its gradient at once, as optimizers ask for it and tutorials write it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from checks.adapters.arguments import plan_of, require_known, sizes_named
from checks.adapters.assumptions import assumed_without, tried
from checks.adapters.copying import copied
from checks.adapters.layer_lists import NestedGradients, Shapes
from checks.adapters.places import (
    as_the_layer_has_them,
    filled,
    gradient_shapes,
    place_by_name,
    required_places,
    settled,
)
from checks.adapters.results import (
    by_their_names,
    gradient_keys,
    gradient_names,
    gradients_by_name,
    gradients_named,
    renamed,
    times_cotangent,
)
from checks.adapters.steps import put_back, rates_of, set_rates, steps_taken_back
from checks.implementation import Implementation, MisconductError, Values, call
from derivations import Layer

_LOSSES = ("loss", "cost", "value")
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

    The loss comes first or last, or in a dictionary as `loss` or `cost`; where there is none, as in Nielsen's
    `backprop(x, y)`, the implementation has no output.

    Parameters are matched to inputs and options as those of plain functions are (`adapters.functions`). A method of an
    object finds there what it does not take: attributes, entries of its dictionary `params`, or of lists with one for
    every layer, by their names. Beside the loss stands the gradient, or several, one by one, in a sequence, in a
    dictionary, or in lists (`adapters.layer_lists`): all those of real inputs, or those `wanted`. Raises ValueError
    where `names` leads to a name that the layer does not have, and where an object has no attribute for an input.
    """
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    real = [f"d{tensor.name}" for tensor in layer.inputs if not tensor.integer]
    hidden, names, (loss,) = list(layer.hidden_sizes), names or {}, layer.outputs
    require_known(layer, names, {*inputs, *options, *layer.size_names, *real})
    hidden += sizes_named(layer, names)
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", layer.name)
    kept = [] if owner is None else [each for each in inputs if place_by_name(owner, each, names)]
    plan = plan_of(function, [each for each in inputs if each not in kept], options, hidden, names)
    own = [] if owner is None else [each for each in inputs if each not in plan.taken]
    places = required_places(owner, layer, own, names)

    keys = gradient_keys(real, names, plan.called)
    told = gradients_named(function, gradient_names(real, names, plan.called), wanted or real)
    sizes = settled(owner, layer, places, names) if places else {}

    def run(values: Values) -> tuple[Any, Any]:
        positional, named = plan(values)
        if not places:
            return owner, call(function, positional, named)
        given, made = {name: np.array(values[name]) for name in places}, filled(copied(owner), places, values)
        set_rates(rates_of(made, options))
        before = {name: np.array(place.array(made)) for name, place in places.items()}
        returned = call(getattr(made, name), positional, named)
        if returned is None:
            returned = steps_taken_back(made, places, before) or None
            put_back(given, values)
        return made, returned

    place = _place_of_loss(run, layer, sizes, [gradient[1:] for gradient in wanted or real])

    def forward(values: Values) -> dict[str, Any]:
        made, returned = run(values)
        if place is None:
            return {GRADIENT: (made, returned)}
        value, gradients = _parted(returned, place)
        if gradients is None:
            raise MisconductError(
                "arity",
                f"{name} is no backward by its name, and returns no pair: expected (loss, gradient)",
                ran=False,
            )
        return {loss.name: value, GRADIENT: (made, gradients)}

    if isinstance(place, int) and told:  # the loss is none of the gradients
        told = tuple(name for at, name in enumerate(told) if at != place % len(told))

    def pulled(values: Values) -> tuple[Any, Shapes]:
        made, returned = values[GRADIENT]
        returned = by_their_names(renamed(returned, names), told)
        return returned, gradient_shapes(made, places, values, [gradient[1:] for gradient in real])

    choices = [*([wanted] if wanted else []), [f"d{name}" for name in places]]
    nested = NestedGradients(lambda values: pulled({**values, **forward(values)}), layer, sizes, choices)

    def backward(values: Values) -> dict[str, Any]:
        returned, shapes = pulled(values)
        if nested.are_in(returned):
            found = nested.by_name(returned, shapes)
        else:
            found = gradients_by_name(returned, real, len(inputs), [wanted] if wanted else [], keys)
        found = as_the_layer_has_them(found, shapes, values)
        return {name: times_cotangent(values[f"d{loss.name}"], gradient) for name, gradient in found.items()}

    assumed = assumed_without(layer, plan.taken | places.keys())
    return Implementation(name, forward, backward, (function,), None, sizes, assumed, plan.guessed)


def _place_of_loss(
    run: Callable[[Values], tuple[Any, Any]], layer: Layer, sizes: Values, wanted: Sequence[str]
) -> int | str | None:
    """Where a function returns its loss: first or last, under a key, or nowhere, if it returns gradients alone.

    Gradients alone are as many as are `wanted`, and have their shapes. Where it cannot be tried, the loss is first.
    """
    found = tried(lambda values: (run(values)[1], [np.shape(values[name]) for name in wanted]), layer, settled=sizes)
    if found is None:
        return 0
    returned, shapes = found
    if isinstance(returned, Mapping):
        keys = (layer.outputs[0].name, *_LOSSES)
        return next((key for key in keys if key in returned), None)
    parts = returned if isinstance(returned, tuple | list) and returned else [returned]
    if [_shape(part) for part in parts] == shapes and len(parts) > 1:
        return None
    return next((place for place in (0, -1) if _is_number(parts[place])), None)


def _is_number(value: Any) -> bool:
    return _shape(value) is not None and np.size(value) == 1


def _shape(value: Any) -> tuple[int, ...] | None:
    """None for what is no array or number."""
    return None if isinstance(value, list | tuple | Mapping) else np.shape(value)


def _parted(returned: Any, place: int | str) -> tuple[Any, Any]:
    """The loss, and the gradient or several; None for these where there are none."""
    if isinstance(place, str):
        if not isinstance(returned, Mapping) or place not in returned:
            return returned, None
        others = {key: value for key, value in returned.items() if key != place}
        (inner, *more) = others.values() or [None]
        return returned[place], inner if isinstance(inner, Mapping) and not more else others or None
    if not isinstance(returned, tuple | list) or len(returned) < 2:
        return returned, None
    gradients = list(returned)
    value = gradients.pop(place)
    return value, gradients[0] if len(gradients) == 1 else gradients


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
        told = np.asarray(values[name]).dtype.type(sizes[name])
        found = implementation.backward({**values, name: told})
        return {key: times_cotangent(values[name] / told, gradient) for key, gradient in found.items()}

    return replace(implementation, backward=backward)
