"""Objects with methods forward and backward, as tutorials write layers: what lies between the two is their own."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import getattr_static
from itertools import islice, permutations
from types import MethodType
from typing import Any

import numpy as np

from checks.adapters.arguments import CACHE, RATE, RATES, Plan, plan_of, require_known
from checks.adapters.assumptions import assumed_without, example_of, tried
from checks.adapters.layer_lists import NestedGradients, Shapes, widths_of
from checks.adapters.places import (
    Place,
    as_the_layer_has_them,
    copied,
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
from derivations import Layer

Method = Callable[..., Any]
Run = Callable[[Any, Values], Any]
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

    Its forward knows nothing of the loss: it does not see all data that this takes. Of a class that is made from a list
    of sizes it is that of an object with a few units. None where it is another object.
    """
    if layer.outputs[0].sizes:
        return None
    made = _with_widths(made, layer) if isinstance(made, type) else made
    if made is None:
        return None
    run, pull = (getattr(made, method) for method in _methods(made) or ())
    seen, taken = ({names.get(name, name) for name in inspect.signature(method).parameters} for method in (run, pull))
    return pull if taken <= {tensor.name for tensor in layer.inputs} and taken - seen else None


def from_object(made: Any, layer: Layer, names: Mapping[str, str] | None = None) -> Implementation:
    """Make an Implementation of a class that is made from parameters or from sizes, or of an object.

    `forward(X)` and `backward(dY)`, or another pair of _METHODS, take what their parameters mean, as plain functions do
    (`adapters.functions`). A class is called with the inputs and options that its forward does not take; where it
    refuses these, or its forward does then, with their sizes, by name or in the first order in which its arrays fit, or
    with a list of the widths of its layers.
    What an object, or a class made from sizes, has for parameters are attributes, entries of its dictionary `params`,
    or of a list with one for every layer, that are given other values: `W` or `w`, `weights[0]` for W1, else the only
    arrays whose shapes fit; where there are none yet, those that it makes in its first forward. The shapes of an object
    settle sizes; options among its attributes stay as they are. The forward returns its output or leaves it as the
    attribute `Y` or `output`. The backward returns the cotangents of what the forward takes, or all of them; the others
    are attributes afterwards, `dW`, `dw`, `grad_W` or `W_grad`, for W as the layer and as the object calls it, or in
    `grads`, a dictionary or a list in the order of the layer's declaration, or in lists beside those of the parameters;
    or where the backward takes a learning rate, or the object or its optimizer keeps one, what it has moved the
    parameters by. `names` maps parameters and attributes to the layer's names. Every forward has an object of its own.
    Raises ValueError where an object has no attribute for an input, and where `names` leads to a name that the layer
    does not have.
    """
    names, is_class = names or {}, isinstance(made, type)
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    real = [tensor.name for tensor in layer.inputs if not tensor.integer]
    outputs = [tensor.name for tensor in layer.outputs]
    cotangents, hidden = [f"d{name}" for name in outputs], list(layer.hidden_sizes)
    between = [tensor.name for tensor in layer.intermediates]
    known = {*inputs, *options, *layer.size_names, *outputs, *between, *cotangents, *(f"d{name}" for name in real)}
    require_known(layer, names, known)
    methods = _methods(made)
    assert methods is not None
    run, pull = (_method(made, method) for method in methods)
    forward_plan = plan_of(run, inputs, options, hidden, names)
    both = {**forward_plan.by_name, **names}
    backward_plan = plan_of(pull, cotangents + inputs, options, hidden + outputs + between, both, needed=cotangents)
    takes_rate = not backward_plan.constants.keys().isdisjoint(RATES)
    own = [name for name in inputs if name not in forward_plan.taken]
    free = [name for name in options if name not in forward_plan.taken]

    def run_once(fresh: Any, values: Values) -> Any:
        """An object after a forward: some layers make their parameters then. What it has in lists is as it was."""
        positional, named = forward_plan(values)
        begun = copied(fresh)
        call(getattr(begun, methods[0]), positional, named)
        for attribute, kept in getattr(fresh, "__dict__", {}).items():
            if isinstance(kept, list):
                setattr(begun, attribute, copied(kept))
        return begun

    if is_class:
        maker = _instances(made, layer, own, free, names, run_once)
    else:
        maker = _copies(made, layer, own, names, run_once)
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
            for owner, rate in _rates(fresh, options):
                setattr(owner, rate, RATE)
        positional, named = forward_plan(values)
        returned = call(getattr(fresh, methods[0]), positional, named)
        found = _left(fresh, outputs, names) if returned is None else results_by_name(returned, outputs)
        return {**found, CACHE: fresh}

    def pulled(values: Values) -> tuple[Any, Shapes]:
        fresh = values[CACHE]
        asked = {name: output_left(fresh, name, names) for name in between if name in backward_plan.taken}
        positional, named = backward_plan({**asked, **values})
        shapes = gradient_shapes(fresh, maker.places, values, real)
        try:
            returned = call(getattr(fresh, methods[1]), positional, named)
        except MisconductError as misconduct:
            hint = _no_cotangent(backward_plan, layer, fresh)
            raise MisconductError(misconduct.kind, misconduct.reason + hint) from misconduct
        return renamed(returned, names), shapes

    moved: set[str] = set()
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
        steps = _steps_taken_back(fresh, maker.places, before)
        moved.update(steps)
        still = {name: np.zeros_like(before[name[1:]]) for name in moved}  # what moves at other times has not moved
        found = still | steps | found
        found |= gradients_left(fresh, left, names, maker.places)
        return as_the_layer_has_them(found, shapes, values)

    name = made.__name__ if is_class else type(made).__name__
    functions = (_function(made, methods[0]), _function(made, methods[1]))
    assumed = assumed_without(layer, forward_plan.taken | maker.taken)
    return Implementation(name, forward, backward, functions, None, maker.sizes, assumed)


def _no_cotangent(plan: Plan, layer: Layer, made: Any) -> str:
    """What to type where the backward of a loss may take predictions for the cotangent, as some have it."""
    if layer.outputs[0].sizes:
        return ""
    cotangent = f"d{layer.outputs[0].name}"
    theirs = next((parameter for parameter, name in plan.by_name.items() if name == cotangent), cotangent)
    kept = [tensor.name for tensor in layer.intermediates if output_left(made, tensor.name, {}) is not None]
    predictions = [*kept, *(tensor.name for tensor in layer.inputs if not tensor.integer)]
    if theirs == cotangent or not predictions:
        return ""
    return f"; if {theirs} is {predictions[0]}, say so (--name {theirs}={predictions[0]} --set {cotangent}=1)"


def _method(made: Any, name: str) -> Method:
    """The method as it is called, without the object."""
    method = getattr(made, name)
    takes_object = isinstance(made, type) and inspect.isfunction(getattr_static(made, name))
    return MethodType(method, made) if takes_object else method


def _function(made: Any, name: str) -> Method:
    return getattr(made if isinstance(made, type) else type(made), name)


def _rates(made: Any, options: Sequence[str]) -> list[tuple[Any, str]]:
    """Where an object, or an optimizer that it has, keeps a learning rate that is no option of the layer."""
    owners = [made, *(kept for kept in getattr(made, "__dict__", {}).values() if hasattr(kept, "__dict__"))]
    kept = [(owner, name) for owner in owners for name in RATES if name not in options]
    return [(owner, name) for owner, name in kept if isinstance(getattr_static(owner, name, None), float | int)]


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


def _copies(made: Any, layer: Layer, own: Sequence[str], names: Mapping[str, str], run_once: Run) -> _Maker:
    """Copies of an object, with other parameters. Raises ValueError where one of these is nowhere."""
    spared = assumed_without(layer, set())
    wanted = [name for name in own if name not in spared]
    if not _has(places_of(made, layer, wanted, names), wanted, made):
        begun = tried(lambda values: run_once(made, values), layer)
        if begun is not None and _has(places_of(begun, layer, wanted, names), wanted, begun):
            made = begun
    places = required_places(made, layer, wanted, names)
    kept = {name: place_by_name(made, name, names) for name in own if name in spared}
    places |= {name: place for name, place in kept.items() if place is not None}
    sizes = settled(made, layer, places, names)

    def fresh(values: Values) -> Any:
        return filled(copied(made), places, values)

    return _Maker(fresh, {*places, *sizes}, places, sizes)


def _has(places: Mapping[str, Place], wanted: Sequence[str], made: Any) -> bool:
    """Whether an object has all its parameters: where there is None, it is going to make them."""
    return all(name in places and places[name].array(made) is not None for name in wanted)


def _instances(
    made: Any, layer: Layer, own: list[str], options: list[str], names: Mapping[str, str], run_once: Run
) -> _Maker:
    """Objects of a class, made from parameters; where it refuses these and takes their sizes, from sizes."""
    asked = plan_of(made, own, options, list(layer.hidden_sizes), names)
    fresh = tried(lambda values: call(made, *asked(values)), layer)
    from_parameters = _Maker(lambda values: call(made, *asked(values)), asked.taken)
    if fresh is not None:
        from_parameters = replace(from_parameters, places=places_of(fresh, layer, own, names))
        if not own or tried(lambda values: run_once(fresh, values), layer) is not None:
            return from_parameters
    for by_size in _size_plans(made, layer, own, options, names):
        for first in (lambda fresh, values: fresh, run_once):
            maker = _sized(made, by_size, layer, own, names, first)
            if maker is not None:
                return maker
    network = _with_widths(made, layer)
    return from_parameters if network is None else _copies(network, layer, own, names, run_once)


def _sized(
    made: Any, by_size: Plan, layer: Layer, own: Sequence[str], names: Mapping[str, str], first: Run
) -> _Maker | None:
    """Objects of a class that is made from sizes, if it is, and has its parameters after what is done `first`."""

    def empty(values: Values) -> Any:
        return first(call(made, *by_size(_with_sizes(layer, values))), values)

    fresh = tried(empty, layer)
    if fresh is None:
        return None
    example = example_of(layer)
    places = places_of(fresh, layer, own, names, {size: example[size] for size in layer.size_names})
    shapes = {name: layer.shape(name, example) for name in own}
    if not _has(places, own, fresh) or any(places[n].shape_as(len(s), fresh) != s for n, s in shapes.items()):
        return None
    return _Maker(lambda values: filled(empty(values), places, values), {*own, *by_size.taken}, places)


def _size_plans(
    made: Any, layer: Layer, own: Sequence[str], options: Sequence[str], names: Mapping[str, str]
) -> Iterator[Plan]:
    """How a class may be called that is made from sizes: options and sizes by name, those of its inputs in any order.

    First in the order in which the inputs name them; last in a list, as widths of its layers.
    """
    parameters = inspect.signature(made).parameters.values()
    known = {*layer.size_names, *options}
    meant = {p.name: names.get(p.name, p.name) for p in parameters if names.get(p.name, p.name) in known}
    sizes = dict.fromkeys(str(size) for name in own for size in layer.by_name[name].sizes)
    left = [size for size in sizes if size in layer.size_names and size not in meant.values()]
    others = [p.name for p in parameters if p.name not in meant and p.default is p.empty]
    for order in islice(permutations(left, len(others)), _MOST_ORDERS):
        yield Plan([], {**meant, **dict(zip(others, order, strict=True))})
    if by_widths := _widths_plan(made, layer, meant):
        yield by_widths


def _with_widths(made: Any, layer: Layer) -> Any | None:
    """An object of a class that takes its layers' widths; None of another class."""
    by_widths = _widths_plan(made, layer, {})
    return by_widths and tried(lambda values: call(made, *by_widths(values)), layer)


def _widths_plan(made: Any, layer: Layer, meant: Mapping[str, str]) -> Plan | None:
    """How a class may be called that takes a list of its layers' widths, and nothing besides but what is meant."""
    parameters = inspect.signature(made).parameters.values()
    asked = [p.name for p in parameters if p.name not in meant and p.default is p.empty]
    widths = widths_of(layer)
    return Plan([], dict(meant), lists={asked[0]: widths}) if len(asked) == 1 and widths else None


def _with_sizes(layer: Layer, values: Values) -> Values:
    """Values, and the sizes that their shapes have."""
    shapes = [zip(tensor.sizes, np.shape(values[tensor.name]), strict=True) for tensor in layer.inputs]
    return {**{str(size): n for shape in shapes for size, n in shape if size.is_Symbol}, **values}


def _left(made: Any, outputs: Sequence[str], names: Mapping[str, str]) -> dict[str, Any]:
    """The outputs that a forward left in its object. Raises MisconductError where it left none."""
    found = {name: output_left(made, name, names) for name in outputs}
    if any(output is None for output in found.values()):
        raise MisconductError("arity", f"the forward returned None, and left no attribute {outputs[0]} or output")
    return found
