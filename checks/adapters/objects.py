"""Objects with methods forward and backward, as tutorials write layers: what lies between the two is their own."""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, permutations
from types import MethodType
from typing import Any

import numpy as np

from checks.adapters.arguments import CACHE, RATE, RATES, Plan, plan_of, require_known
from checks.adapters.assumptions import assumed_without, example_of
from checks.adapters.layer_lists import NestedGradients, Shapes
from checks.adapters.places import (
    Place,
    as_the_layer_has_them,
    filled,
    gradient_shapes,
    gradients_left,
    output_left,
    place_by_name,
    places_of,
    required_places,
    settled,
)
from checks.adapters.results import gradient_keys, gradients_by_name, renamed, results_by_name
from checks.implementation import Implementation, MisconductError, Values, call
from derivations import DerivationError, Layer

Method = Callable[..., Any]
_MOST_ORDERS = 200  # in which sizes are tried

# What tutorials call the two methods.
_METHODS = (
    ("forward", "backward"),
    ("forward_pass", "backward_pass"),
    ("forward_propagation", "backward_propagation"),
    ("forward_prop", "backward_prop"),
    ("forward_prop", "back_prop"),
    ("feedforward", "backprop"),
    ("feed_forward", "back_propagate"),
    ("forward", "backprop"),
    ("forward", "back"),
    ("fprop", "bprop"),
    ("__call__", "backward"),
)


def is_object(made: Any) -> bool:
    """Whether it is a class, or an object, with a method for the forward and one for the backward."""
    return _methods(made) is not None


def _methods(made: Any) -> tuple[str, str] | None:
    """What an object, or a class, calls its forward and its backward."""
    classes = (made if isinstance(made, type) else type(made)).__mro__
    own = {name for each in classes for name, value in vars(each).items() if callable(value)}
    return next((pair for pair in _METHODS if own.issuperset(pair)), None)


def gradient_of(made: Any, layer: Layer, names: Mapping[str, str]) -> Method | None:
    """The method of a network that returns the gradient of its loss from the data, as `backprop(x, y)` of Nielsen's.

    Its forward knows nothing of the loss: it does not see all data that this takes. None where it is another object.
    """
    if isinstance(made, type) or layer.outputs[0].sizes:
        return None
    run, pull = (getattr(made, method) for method in _methods(made) or ())
    seen, taken = ({names.get(name, name) for name in inspect.signature(method).parameters} for method in (run, pull))
    return pull if taken <= {tensor.name for tensor in layer.inputs} and taken - seen else None


def from_object(made: Any, layer: Layer, names: Mapping[str, str] | None = None) -> Implementation:
    """Make an Implementation of a class that is made from parameters or from sizes, or of an object.

    `forward(X)` and `backward(dY)`, or another pair of _METHODS, take what their parameters mean, as plain functions do
    (`adapters.functions`). A class is called with the inputs and options that its forward does not take; where it
    refuses these, with their sizes, by name or in the first order in which its arrays fit. What an object, or a class
    made from sizes, has for parameters are attributes, entries of its dictionary `params`, or of a list with one for
    every layer, that are given other values: `W` or `w`, `weights[0]` for W1, else the only arrays whose shapes fit.
    The shapes of an object settle sizes; options among its attributes stay as they are. The forward returns its output
    or leaves it as the attribute `Y` or `output`. The backward returns the cotangents of what the forward takes, or all
    of them; the others are attributes afterwards, `dW`, `dw`, `grad_W` or `W_grad`, for W as the layer and as the
    object calls it, or in `grads`, a dictionary or a list in the order of the layer's declaration, or in lists beside
    those of the parameters; or where the backward takes a learning rate, or the object keeps one, what it has moved the
    parameters by. `names` maps parameters and attributes to the layer's names. Every forward has an object of its own.
    Raises ValueError where an object has no attribute for an input, and where `names` leads to a name that the layer
    does not have.
    """
    names, is_class = names or {}, isinstance(made, type)
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    real = [tensor.name for tensor in layer.inputs if not tensor.integer]
    outputs = [tensor.name for tensor in layer.outputs]
    cotangents, hidden = [f"d{name}" for name in outputs], list(layer.hidden_sizes)
    known = {*inputs, *options, *layer.size_names, *outputs, *cotangents, *(f"d{name}" for name in real)}
    require_known(layer, names, known)
    methods = _methods(made)
    assert methods is not None
    run, pull = (_method(made, method) for method in methods)
    forward_plan = plan_of(run, inputs, options, hidden, names)
    both = {**forward_plan.by_name, **names}
    backward_plan = plan_of(pull, cotangents + inputs, options, hidden + outputs, both, needed=cotangents)
    takes_rate = not backward_plan.constants.keys().isdisjoint(RATES)
    own = [name for name in inputs if name not in forward_plan.taken]
    free = [name for name in options if name not in forward_plan.taken]
    maker = _instances(made, layer, own, free, names) if is_class else _copies(made, layer, own, names)
    called = {name: [name, name.lower(), *_yours(name, forward_plan, maker.places)] for name in real}

    gradients = [f"d{name}" for name in real]
    keys = gradient_keys(gradients, names, {theirs: name for name, yours in called.items() for theirs in yours})
    # It may return the cotangents of what the forward takes, or of the first of these.
    its = [name for name in gradients if name[1:] in forward_plan.taken]
    orders = [its[:length] for length in range(1, len(its) + 1)]

    def forward(values: Values) -> dict[str, Any]:
        fresh = maker.fresh(values)
        if takes_rate or _rates(fresh, options):
            fresh = maker.fresh({**values, **{name: np.array(values[name]) for name in maker.places}})
            for rate in _rates(fresh, options):
                setattr(fresh, rate, RATE)
        positional, named = forward_plan(values)
        returned = call(getattr(fresh, methods[0]), positional, named)
        found = _left(fresh, outputs, names) if returned is None else results_by_name(returned, outputs)
        return {**found, CACHE: fresh}

    def pulled(values: Values) -> tuple[Any, Shapes]:
        positional, named = backward_plan(values)
        shapes = gradient_shapes(values[CACHE], maker.places, values, real)
        return renamed(call(getattr(values[CACHE], methods[1]), positional, named), names), shapes

    own_gradients = [f"d{name}" for name in maker.places]
    nested = NestedGradients(lambda values: pulled({**values, **forward(values)}), layer, maker.sizes, [own_gradients])

    def backward(values: Values) -> dict[str, Any]:
        fresh = values[CACHE]
        takes_step = takes_rate or _rates(fresh, options)
        before = {name: np.array(place.array(fresh)) for name, place in maker.places.items() if takes_step}
        returned, shapes = pulled(values)
        if returned is None:
            found = {}
        elif nested.are_in(returned):
            found = nested.by_name(returned, shapes)
        else:
            found = gradients_by_name(returned, gradients, len(inputs), orders, keys)
        left = {name: theirs for name, theirs in called.items() if f"d{name}" not in found}
        found = _steps_taken_back(fresh, maker.places, before) | found
        found |= gradients_left(fresh, left, names, maker.places)
        return as_the_layer_has_them(found, shapes, values)

    name = made.__name__ if is_class else type(made).__name__
    functions = (_function(made, methods[0]), _function(made, methods[1]))
    assumed = assumed_without(layer, forward_plan.taken | maker.taken)
    return Implementation(name, forward, backward, functions, None, maker.sizes, assumed)


def _method(made: Any, name: str) -> Method:
    """The method as it is called, without the object."""
    method = getattr(made, name)
    takes_object = isinstance(made, type) and inspect.isfunction(inspect.getattr_static(made, name))
    return MethodType(method, made) if takes_object else method


def _function(made: Any, name: str) -> Method:
    return getattr(made if isinstance(made, type) else type(made), name)


def _rates(made: Any, options: Sequence[str]) -> list[str]:
    """What an object keeps its learning rate as, unless that is an option of the layer."""
    kept = {name: inspect.getattr_static(made, name, None) for name in RATES if name not in options}
    return [name for name, value in kept.items() if isinstance(value, float | int)]


def _steps_taken_back(fresh: Any, places: Mapping[str, Place], before: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The gradients that an object has moved its parameters by, which are where they were before, then."""
    found = {}
    for name, value in before.items():
        after = places[name].array(fresh)
        if not np.array_equal(after, value):
            found[f"d{name}"] = (value - after) / value.dtype.type(RATE)
            places[name].put(fresh, value)
    return found


def _yours(name: str, forward_plan: Plan, places: Mapping[str, Place]) -> list[str]:
    """What an object calls an input of the layer: a parameter of its forward, or where it keeps it."""
    parameters = [yours for yours, meant in forward_plan.by_name.items() if meant == name]
    return parameters + [places[name].name for _ in range(name in places)]


@dataclass(frozen=True)
class _Maker:
    """How every forward gets an object of its own: what that is made from, where it keeps it, what it has settled."""

    fresh: Callable[[Values], Any]
    taken: set[str]
    places: Mapping[str, Place] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)


def _copies(made: Any, layer: Layer, own: Sequence[str], names: Mapping[str, str]) -> _Maker:
    """Copies of an object, with other parameters. Raises ValueError where one of these is nowhere."""
    spared = assumed_without(layer, set())
    places = required_places(made, layer, [name for name in own if name not in spared], names)
    kept = {name: place_by_name(made, name, names) for name in own if name in spared}
    places |= {name: place for name, place in kept.items() if place is not None}
    sizes = settled(made, layer, places, names)

    def fresh(values: Values) -> Any:
        return filled(copy.deepcopy(made), places, values)

    return _Maker(fresh, {*places, *sizes}, places, sizes)


def _instances(made: Any, layer: Layer, own: list[str], options: list[str], names: Mapping[str, str]) -> _Maker:
    """Objects of a class, made from parameters; where it refuses these and takes their sizes, from sizes."""
    asked = plan_of(made, own, options, list(layer.hidden_sizes), names)
    fresh = _tried(made, asked, layer)
    if fresh is not None:
        return _Maker(lambda values: call(made, *asked(values)), asked.taken, places_of(fresh, layer, own, names))
    for by_size in _size_plans(made, layer, own, options, names):
        places = _places_if_sized(made, by_size, layer, own, names)
        if places is not None:
            return _Maker(_sized(made, by_size, layer, places), {*own, *by_size.taken}, places)
    return _Maker(lambda values: call(made, *asked(values)), asked.taken)


def _sized(made: Any, by_size: Plan, layer: Layer, places: Mapping[str, Place]) -> Callable[[Values], Any]:
    return lambda values: filled(call(made, *by_size(_with_sizes(layer, values))), places, values)


def _tried(made: Any, asked: Plan, layer: Layer) -> Any:
    """An object of a class, made as a plan says; None where it cannot be."""
    try:
        return call(made, *asked(example_of(layer)))
    except (MisconductError, DerivationError):
        return None


def _size_plans(
    made: Any, layer: Layer, own: Sequence[str], options: Sequence[str], names: Mapping[str, str]
) -> Iterator[Plan]:
    """How a class may be called that is made from sizes: options and sizes by name, those of its inputs in any order.

    First in the order in which the inputs name them.
    """
    parameters = inspect.signature(made).parameters.values()
    known = {*layer.size_names, *options}
    meant = {p.name: names.get(p.name, p.name) for p in parameters if names.get(p.name, p.name) in known}
    sizes = dict.fromkeys(str(size) for name in own for size in layer.by_name[name].sizes)
    left = [size for size in sizes if size in layer.size_names and size not in meant.values()]
    others = [p.name for p in parameters if p.name not in meant and p.default is p.empty]
    for order in islice(permutations(left, len(others)), _MOST_ORDERS):
        yield Plan([], {**meant, **dict(zip(others, order, strict=True))})


def _with_sizes(layer: Layer, values: Values) -> Values:
    """Values, and the sizes that their shapes have."""
    shapes = [zip(tensor.sizes, np.shape(values[tensor.name]), strict=True) for tensor in layer.inputs]
    return {**{str(size): n for shape in shapes for size, n in shape if size.is_Symbol}, **values}


def _places_if_sized(
    made: Any, asked: Plan, layer: Layer, own: Sequence[str], names: Mapping[str, str]
) -> dict[str, Place] | None:
    """Where an object keeps its parameters that is made from their sizes; None where it cannot be made, or has not."""
    fresh = _tried(made, asked, layer)
    if fresh is None:
        return None
    values = example_of(layer)
    places = places_of(fresh, layer, own, names, {size: values[size] for size in layer.size_names})
    return places if len(places) == len(own) else None


def _left(made: Any, outputs: Sequence[str], names: Mapping[str, str]) -> dict[str, Any]:
    """The outputs that a forward left in its object. Raises MisconductError where it left none."""
    found = {name: output_left(made, name, names) for name in outputs}
    if any(output is None for output in found.values()):
        raise MisconductError("arity", f"the forward returned None, and left no attribute {outputs[0]} or output")
    return found
