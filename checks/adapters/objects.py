"""Objects with methods forward and backward, as tutorials write layers: what lies between the two is their own."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from inspect import getattr_static
from itertools import chain, product
from types import MethodType, ModuleType
from typing import Any

import numpy as np

from checks.adapters.accumulation import added_up, hand_on, sets_gradients_to_zero
from checks.adapters.arguments import CACHE, CACHES, RATE, Plan, names_of_parameters, plan_of, require_known
from checks.adapters.assumptions import assumed_without
from checks.adapters.contexts import takes_context, with_own_context
from checks.adapters.copying import copied, parts_of
from checks.adapters.layer_lists import NestedGradients, Shapes
from checks.adapters.makers import copies, instances, with_widths
from checks.adapters.places import (
    Place,
    as_the_layer_has_them,
    gradient_shapes,
    gradients_left,
    output_left,
    place_by_name,
)
from checks.adapters.results import (
    by_their_names,
    gradient_keys,
    gradient_names,
    gradients_by_name,
    gradients_named,
    names_behind,
    outputs_first,
    renamed,
    results_by_name,
    times_cotangent,
)
from checks.adapters.steps import put_back, rates_of, set_rates, steps_taken_back
from checks.adapters.tensors import array_of
from checks.adapters.value_and_gradient import is_loss
from checks.implementation import USED, Implementation, MisconductError, Values, call
from checks.randomness import begin_anew
from derivations import Layer

Method = Callable[..., Any]
_LOSSES = ("loss", "cost")

# What tutorials call the two methods; what goes best together comes first.
_FORWARDS = (
    *("forward", "forward_pass", "forward_propagation", "forward_prop", "forward_propagate", "forwardprop"),
    *("feedforward", "feed_forward", "fprop", "__call__"),
)
_BACKWARDS = (
    *("backward", "backward_pass", "backward_propagation", "backward_prop", "backward_propagate", "back_prop"),
    *("backprop", "back_propagate", "backpropagate", "backpropagation", "back_propagation", "bprop", "back"),
)
_METHODS = tuple(product(_FORWARDS, _BACKWARDS))


def is_object(made: Any) -> bool:
    """Whether it is a class, or an object, with a method for the forward and one for the backward."""
    return methods_of(made) is not None


def methods_of(made: Any) -> tuple[str, str] | None:
    """What an object, or a class, calls its forward and its backward."""
    classes = (made if isinstance(made, type) else type(made)).__mro__
    own = {name for each in classes for name, value in vars(each).items() if callable(getattr(each, name, None))}
    return next((pair for pair in _METHODS if own.issuperset(pair)), None)


def gradient_of(made: Any, layer: Layer, names: Mapping[str, str]) -> Method | None:
    """The method of a network that returns the gradient of its loss from the data, as `backprop(x, y)` of Nielsen's.

    Its forward knows nothing of the loss: it does not see all data that this takes, which is all that the object has
    not. Of a class that is made from a list of sizes it is that of an object with a few units. None where it is another
    object.
    """
    if layer.outputs[0].sizes:
        return None
    made = with_widths(made, layer) if isinstance(made, type) else made
    if made is None:
        return None
    run, pull = (getattr(made, method) for method in methods_of(made) or ())
    seen, taken = ([names.get(name, name) for name in inspect.signature(method).parameters] for method in (run, pull))
    inputs = {tensor.name for tensor in layer.inputs}
    if {*taken} <= inputs and {*taken} - {*seen}:
        return pull
    data = [name for name in inputs if place_by_name(made, name, names) is None]
    told = {f"d{layer.outputs[0].name}", *inputs} & {*taken, *seen}
    is_all = len(taken) == len(data) > len(seen) and len(data) < len(inputs)
    return pull if is_all and not told - {*data} else None


def keeps_inputs(made: Any, methods: tuple[str, str], layer: Layer, names: Mapping[str, str]) -> bool:
    """Whether an object has inputs of the layer that neither of its methods takes."""
    if not hasattr(made, "__dict__") or isinstance(made, type | ModuleType):
        return False
    functions = [getattr(made, each) for each in methods if hasattr(made, each)]
    taken = {names.get(name, name) for each in functions for name in names_of_parameters(each)}
    return any(place_by_name(made, tensor.name, names) for tensor in layer.inputs if tensor.name not in taken)


def from_object(
    made: Any,
    layer: Layer,
    names: Mapping[str, str] | None = None,
    methods: tuple[str, str] | None = None,
    wanted: Sequence[str] | None = None,
) -> Implementation:
    """Make an Implementation of a class that is made from parameters or from sizes, or of an object.

    `forward(X)` and `backward(dY)`, or other `methods`, or another pair of _METHODS, take what their parameters mean,
    as plain functions do (`adapters.functions`). A class is called with the inputs and options that its forward does
    not take; where it refuses these, or its forward does then, with their sizes, by name or in the first order in which
    its arrays fit, or with a list of the widths of its layers.
    What an object, or a class made from sizes, has for parameters are attributes, entries of its dictionary `params`,
    or of a list with one for every layer, that are given other values: `W` or `w`, `weights[0]` for W1, else the only
    arrays whose shapes fit; where there are none yet, those that it makes in its first forward. The shapes of an object
    settle sizes; options among its attributes stay as they are. The forward returns its output or leaves it as the
    attribute `Y` or `output`. The backward returns the cotangents of what the forward takes, or all of them, or those
    that are `wanted`, or what it calls by their names; the others are attributes afterwards, `dW`, `dw`, `grad_W` or
    `W_grad`, for W as the layer and as the object calls it, or in `grads`, a dictionary or a list in the order of the
    layer's declaration, or in lists beside those of the parameters; or where the backward takes a learning rate, or the
    object or its optimizer keeps one, what it has moved the parameters by. `names` maps parameters and attributes to
    the layer's names. Every forward has an object of its own, and so has every backward of one that adds up gradients
    on purpose (`adapters.accumulation`).
    Raises ValueError where an object has no attribute for an input, and where `names` leads to a name that the layer
    does not have.
    """
    names, is_class = names or {}, isinstance(made, type)
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    real = [tensor.name for tensor in layer.inputs if not tensor.integer]
    outputs = [tensor.name for tensor in layer.outputs]
    cotangents, hidden = [f"d{name}" for name in outputs], list(layer.hidden_sizes)
    between = [tensor.name for tensor in layer.intermediates]
    methods = methods or methods_of(made)
    assert methods is not None
    if takes_context(made, methods):
        made = with_own_context(made, methods)
    run, pull = (_method(made, method) for method in methods)
    behind, in_order = names_behind(run, len(outputs)), outputs_first(run, outputs, names)
    saved = [*outputs, *between, *filter(None, behind), CACHE]
    known = {*inputs, *options, *layer.size_names, *saved, *cotangents, *(f"d{name}" for name in real)}
    require_known(layer, names, known)
    names = {**{each: CACHE for each in CACHES if each not in layer.by_name}, **names}
    forward_plan = plan_of(run, inputs, options, hidden, names)
    both = {**forward_plan.by_name, **names}
    backward_plan = plan_of(pull, cotangents + inputs, options, hidden + saved, both, cotangents, is_loss(layer))
    takes_rate = RATE in backward_plan.constants.values()
    # A network whose forward gives no loss takes none of its cotangent, which is 1 then.
    no_cotangent = is_loss(layer) and not {*cotangents} & backward_plan.taken
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
        maker = instances(made, layer, own, free, names, run_once)
    else:
        maker = copies(made, layer, own, names, run_once)
    assumed = assumed_without(layer, forward_plan.taken | maker.taken)
    called = {
        name: [name, name.lower(), *_yours(name, forward_plan, maker.places)] for name in real if name not in assumed
    }
    # It may keep these where nobody finds them, and leave their gradients.
    besides = {name: [name, name.lower()] for name in real if name in assumed}

    gradients = [f"d{name}" for name in real]
    theirs = {yours: name for name, all_of_them in called.items() for yours in all_of_them}
    keys = gradient_keys(gradients, names, theirs)
    # It may return the cotangents of what the forward takes, or of the first of these.
    its = [name for name in gradients if name[1:] in forward_plan.taken]
    orders: list[Sequence[str]] = [its[:length] for length in range(1, len(its) + 1)]
    if wanted and len(wanted) > 1:
        orders.insert(0, wanted)
    told = gradients_named(pull, gradient_names(gradients, names, theirs), wanted or gradients)

    def forward(values: Values) -> dict[str, Any]:
        fresh = values[USED] if USED in values else maker.fresh(values)
        if USED not in values and (takes_rate or rates_of(fresh, options)):
            fresh = maker.fresh({**values, **{name: np.array(values[name]) for name in maker.places}})
            set_rates(rates_of(fresh, options))
        begin_anew(chain(parts_of(fresh), (value for each in kind.__mro__ for value in vars(each).values())))
        positional, named = forward_plan(values)
        returned = call(getattr(fresh, methods[0]), positional, named)
        if returned is None:
            found = _left(fresh, outputs, names, may_be_missing=no_cotangent)
        else:
            found = results_by_name(by_their_names(returned, in_order), outputs, behind)
        return {**{name: array_of(value) for name, value in found.items()}, USED: fresh}

    def pulled(values: Values) -> tuple[Any, Shapes]:
        fresh = values[USED]
        asked = {name: output_left(fresh, name, names) for name in between if name in backward_plan.taken}
        positional, named = backward_plan({**asked, **values})
        shapes = gradient_shapes(fresh, maker.places, values, real)
        try:
            returned = call(getattr(fresh, methods[1]), positional, named)
        except MisconductError as misconduct:
            hint = _no_cotangent(backward_plan, layer, fresh)
            raise MisconductError(misconduct.kind, misconduct.reason + hint) from misconduct
        return by_their_names(renamed(returned, names), told), shapes

    def moved_by_themselves(values: Values) -> dict[str, Any]:
        """What a backward without a rate has moved the parameters by: with more digits, W - (W - dW) is dW."""
        longer = {name: np.array(values[name], np.longdouble) for name in maker.places}
        try:
            fresh = maker.fresh({**values, **{name: np.array(array) for name, array in longer.items()}})
            call(getattr(fresh, methods[0]), *forward_plan(values))
            call(getattr(fresh, methods[1]), *backward_plan({**values, USED: fresh}))
        except MisconductError:  # a framework has no such numbers: nothing is known of its steps
            return {}
        steps = steps_taken_back(fresh, maker.places, longer, rate=1)
        return {name: step.astype(np.asarray(values[name[1:]]).dtype) for name, step in steps.items()}

    kind: type = made if is_class else type(made)
    adds_up, added = sets_gradients_to_zero(kind), added_up(kind, methods)
    moved: set[str] = set()
    own_gradients = [f"d{name}" for name in maker.places]
    nested = NestedGradients(lambda values: pulled({**values, **forward(values)}), layer, maker.sizes, [own_gradients])

    def backward(values: Values) -> dict[str, Any]:
        fresh = begun = values[USED]
        # What stands beside a parameter is meant to add up, as PyTorch's does.
        if adds_up or added or any(place.gradient(fresh) is not None for place in maker.places.values()):
            fresh = copied(fresh)
            values = {**values, USED: fresh}
        takes_step = takes_rate or rates_of(fresh, options)
        before = {name: np.array(place.array(fresh)) for name, place in maker.places.items() if takes_step}
        given = {name: np.array(values[name]) for name in maker.places if no_cotangent}
        returned, shapes = pulled(values)
        if added and not adds_up:
            hand_on(fresh, begun, but_for=added)
        if returned is None:
            found = {}
        elif nested.are_in(returned):
            found = nested.by_name(returned, shapes)
        else:
            found = gradients_by_name(returned, gradients, len(inputs), orders, keys)
        left = {name: theirs for name, theirs in called.items() if f"d{name}" not in found}
        steps = steps_taken_back(fresh, maker.places, before)
        moved.update(steps)
        still = {name: np.zeros_like(before[name[1:]]) for name in moved}  # what moves at other times has not moved
        found = still | steps | found
        kept = gradients_left(fresh, {**left, **besides}, names, maker.places)
        found |= {name: value for name, value in kept.items() if name[1:] in left or np.any(array_of(value))}
        if not found:
            put_back(given, values)
            found = moved_by_themselves(values)
        found = {name: array_of(value) for name, value in found.items()}
        found = as_the_layer_has_them(found, shapes, values)
        if no_cotangent and outputs[0] not in values:
            found = {name: times_cotangent(values[cotangents[0]], value) for name, value in found.items()}
        return found

    name = made.__name__ if is_class else type(made).__name__
    functions = (_function(made, methods[0]), _function(made, methods[1]))
    guessed = {**maker.guessed, **forward_plan.guessed, **backward_plan.guessed}
    return Implementation(
        name,
        forward,
        backward,
        functions,
        sizes=maker.sizes,
        assumed=assumed,
        guessed=guessed,
        kept=frozenset({*own} & {*maker.places}),
    )


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


def _yours(name: str, forward_plan: Plan, places: Mapping[str, Place]) -> list[str]:
    """What an object calls an input of the layer: a parameter of its forward, or where it keeps it."""
    parameters = [yours for yours, meant in forward_plan.by_name.items() if meant == name]
    return parameters + [places[name].name for _ in range(name in places)]


def _left(made: Any, outputs: Sequence[str], names: Mapping[str, str], *, may_be_missing: bool) -> dict[str, Any]:
    """The outputs that a forward left in its object. Raises MisconductError where it left none.

    Where a loss `may_be_missing`, what is called an output is none.
    """
    if may_be_missing:
        called = (*(yours for yours, meant in names.items() if meant == outputs[0]), outputs[0], *_LOSSES)
        kept = [getattr(made, name) for name in called if getattr(made, name, None) is not None]
        return dict(zip(outputs, kept, strict=False))
    found = {name: output_left(made, name, names) for name in outputs}
    if any(output is None for output in found.values()):
        raise MisconductError("arity", f"the forward returned None, and left no attribute {outputs[0]} or output")
    return found
