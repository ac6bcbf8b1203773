"""Objects with methods forward and backward, as tutorials write layers: what lies between the two is their own."""

import copy
from collections.abc import Callable, Iterator, Mapping
from types import MethodType
from typing import Any

import numpy as np

from checks.adapters.functions import CACHE, Plan, assumed_without, plan_of, require_known, results_by_name
from checks.implementation import Implementation, Values, call
from derivations import Layer

Method = Callable[..., Any]


def is_object(made: Any) -> bool:
    """Whether it is a class, or an object, with methods `forward` and `backward`."""
    return all(callable(getattr(made, method, None)) for method in ("forward", "backward"))


def from_object(made: Any, layer: Layer, names: Mapping[str, str] | None = None) -> Implementation:
    """Make an Implementation of a class that is made from parameters, or of an object that has them as attributes.

    `forward(X)` and `backward(dY)` take what their parameters mean (`adapters.functions`); a class is called with the
    inputs and options that its forward does not take. Of an object, `W` or `w` is the attribute that is given another
    value, and its shape settles sizes; options among its attributes stay as they are. The backward returns the
    cotangents of what the forward takes, or all of them; those of other inputs are attributes afterwards, `dW`, `dw`,
    `grad_W` or `W_grad`, or in `grads`, a dictionary or a list in the order of the layer's declaration. `names` maps
    parameters and attributes to the layer's names. Every forward has an object of its own.
    Raises ValueError where an object has no attribute for an input, and where `names` leads to a name that the layer
    does not have.
    """
    names, is_class = names or {}, isinstance(made, type)
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    real = [tensor.name for tensor in layer.inputs if not tensor.integer]
    outputs = [tensor.name for tensor in layer.outputs]
    cotangents, hidden = [f"d{name}" for name in outputs], list(layer.hidden_sizes)
    require_known(layer, names, {*inputs, *options, *hidden, *outputs, *cotangents, *(f"d{name}" for name in real)})
    forward_plan = plan_of(_method(made, "forward"), inputs, options, hidden, names)
    backward_plan = plan_of(
        _method(made, "backward"), cotangents + inputs, options, hidden + outputs, names, needed=cotangents
    )
    own = [name for name in inputs if name not in forward_plan.taken]
    if is_class:
        asked = plan_of(made, own, [name for name in options if name not in forward_plan.taken], hidden, names)
        sizes: dict[str, float] = {}
        taken = forward_plan.taken | asked.taken
    else:
        places = {name: _attribute(made, layer, name, names) for name in own}
        asked = Plan([], {place: name for name, place in places.items()})
        sizes = dict(_settled(made, layer, places, names))
        taken = forward_plan.taken | set(own) | sizes.keys()
    name = made.__name__ if is_class else type(made).__name__

    def forward(values: Values) -> dict[str, Any]:
        positional, named = asked(values)
        if is_class:
            fresh = call(made, positional, named)
        else:
            fresh = copy.deepcopy(made)
            for place, value in named.items():
                setattr(fresh, place, value)
        positional, named = forward_plan(values)
        return {**results_by_name(call(fresh.forward, positional, named), outputs), CACHE: fresh}

    def backward(values: Values) -> dict[str, Any]:
        fresh = values[CACHE]
        positional, named = backward_plan(values)
        returned = call(fresh.backward, positional, named)
        return _gradients(fresh, returned, real, [name for name in real if name in forward_plan.taken], names)

    functions = (_function(made, "forward"), _function(made, "backward"))
    return Implementation(name, forward, backward, functions, None, sizes, assumed_without(layer, taken))


def _method(made: Any, name: str) -> Method:
    """The method as it is called, without the object."""
    method = getattr(made, name)
    return MethodType(method, made) if isinstance(made, type) else method


def _function(made: Any, name: str) -> Method:
    return getattr(made if isinstance(made, type) else type(made), name)


def _attribute(made: Any, layer: Layer, name: str, names: Mapping[str, str]) -> str:
    """What an object calls an input of the layer."""
    yours = [place for place, meant in names.items() if meant == name]
    found = [place for place in (*yours, name, name.lower()) if hasattr(made, place)]
    if not found:
        kind = type(made).__name__
        raise ValueError(
            f"the forward of {kind} does not take {name} of {layer.name}, and it has no attribute {name}: say which "
            f"one it is (names={{'...': {name!r}}}, or --name ...={name}), or give the class if it is made from {name}"
        )
    return found[0]


def _settled(
    made: Any, layer: Layer, places: Mapping[str, str], names: Mapping[str, str]
) -> Iterator[tuple[str, float]]:
    """The sizes that an object's attributes have, and the options among them."""
    for name, place in places.items():
        sizes, shape = layer.by_name[name].sizes, np.shape(getattr(made, place))
        if len(sizes) == len(shape):
            yield from ((str(s), n) for s, n in zip(sizes, shape, strict=True) if str(s) in layer.size_names)
    yours = {name: place for place, name in names.items()}
    for option in layer.options:
        value = getattr(made, yours.get(option.name, option.name), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield option.name, value


def _gradients(
    fresh: Any, returned: Any, real: list[str], taken: list[str], names: Mapping[str, str]
) -> dict[str, Any]:
    """What the backward returned, and what it left in the object."""
    if isinstance(returned, Mapping):
        found = {names.get(key, key): value for key, value in returned.items()}
    elif isinstance(returned, tuple | list):
        order = real if len(returned) > len(taken) else taken
        found = {f"d{name}": value for name, value in zip(order, returned, strict=False)}
    else:
        found = {f"d{taken[0]}": returned} if taken and returned is not None else {}
    left = [name for name in real if f"d{name}" not in found]
    grads = getattr(fresh, "grads", None)
    for place, name in enumerate(left):
        yours = [attribute for attribute, meant in names.items() if meant == f"d{name}"]
        usual = [f"d{name}", f"d{name.lower()}", f"grad_{name}", f"grad_{name.lower()}", f"{name}_grad"]
        kept = [getattr(fresh, attribute) for attribute in (*yours, *usual) if hasattr(fresh, attribute)]
        if kept:
            found[f"d{name}"] = kept[0]
        elif isinstance(grads, Mapping):
            kept = [grads[key] for key in (name, name.lower(), f"d{name}", f"d{name.lower()}") if key in grads]
            found |= {f"d{name}": kept[0]} if kept else {}
        elif isinstance(grads, list | tuple) and place < len(grads):
            found[f"d{name}"] = grads[place]
    return found
