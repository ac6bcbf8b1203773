"""Plain functions: a forward and a backward, matched to a layer by the names of their parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from checks.adapters.arguments import CACHE, CACHES, Plan, names_of_parameters, plan_of, require_known, sizes_named
from checks.adapters.assumptions import assumed_without, tried
from checks.adapters.layer_lists import NestedGradients, Shapes
from checks.adapters.results import (
    by_their_names,
    gradient_keys,
    gradient_names,
    gradients_by_name,
    gradients_named,
    names_behind,
    names_of_results,
    outputs_first,
    renamed,
    results_by_name,
    times_cotangent,
    with_one_array,
)
from checks.adapters.value_and_gradient import is_loss
from checks.implementation import Implementation, Values, call
from derivations import Layer
from numeric.contract import contract_of, without_contract

_OUTPUTS = ("out", "output", "outputs", "probs")


def from_functions(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    layer: Layer,
    names: Mapping[str, str] | None = None,
    wanted: Sequence[str] | None = None,
) -> Implementation:
    """Make an Implementation of two plain functions.

    A parameter takes the tensor or option of its own name, or of the name that `names` gives it, and so do the keys of
    a dictionary that is returned; Y is an output that has another name, and where that leaves no parameter out, small
    letters stand for large ones. One of the backward that means nothing by itself means what it does in the forward.
    Sizes that no input shows can be asked for by name, too. The backward may ask for output cotangents (`dY`), inputs,
    options, the output, and whatever the forward returned by name: tensors of the layer, and what the forward's
    contract declares beyond them. A parameter that has no counterpart keeps its default. If one has neither a
    counterpart nor a default, or no output cotangent would come into the backward, all without a counterpart take, in
    order, what the others leave: inputs in the order of the layer's declaration, then options; before them, for the
    backward, the output cotangents. So do the arguments of a function that has no readable signature, or takes any
    number of them. One that is called `bn_param`, or `config`, takes a dictionary of the options that are left, as
    courses have it, with `mode` for training, under the keys that `names` gives them, and of the tensors that no other
    parameter is there for, or a list of these where the forward refuses a dictionary; one called `training` takes True.
    Options that the forward does not read there are left out. One called `weights`, or `Ws`, takes a list of W1, W2,
    ... where nothing else takes these. What neither function takes is as code without it has it: a mask, an input of 0
    and 1, is all ones, the state that a recurrence starts from all zeros, a stride or a padding the smallest there is.

    The forward returns the output array, or a tuple of several; a dictionary of arrays, the output under its name or
    first; or a tuple with more behind its outputs: what it calls these in `return Y, mean, scale` the backward can ask
    for, and one thing alone is its parameter `cache` as well. Where all names of `return Z1, A1` are the layer's, that
    is what they are, and a loss may be missing: then the gradient is that of dL = 1. The backward returns a dictionary,
    `{"dX": ...}`, with X as the layer or the code calls it, a sequence under such names, `return dX, dW`, or in the
    order of the real inputs, or its first ones and a dictionary of the others, or one array, the first of these; where
    it returns just as many as are `wanted`, those; or lists, with an entry for every layer, whose arrays are told by
    their shapes (`adapters.layer_lists`).
    Raises ValueError where `names` leads to a name that the layer does not have.
    """
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    outputs = [tensor.name for tensor in layer.outputs]
    cotangents = [f"d{name}" for name in outputs]
    real = [f"d{tensor.name}" for tensor in layer.inputs if not tensor.integer]
    hidden = list(layer.hidden_sizes)
    behind = names_behind(forward, len(outputs))
    between = [tensor.name for tensor in layer.intermediates]
    saved = [*outputs, *between, *_declared(forward), *filter(None, behind), CACHE]
    names = names or {}
    require_known(layer, names, {*cotangents, *inputs, *options, *layer.size_names, *saved, *real})
    hidden += sizes_named(layer, names)
    names = {**_usual_names(layer, backward), **{each: CACHE for each in CACHES if each not in layer.by_name}, **names}
    forward_plan = plan_of(forward, inputs, options, hidden, names)
    backward_plan = plan_of(
        backward,
        cotangents + inputs,
        options,
        hidden + saved,
        {**forward_plan.by_name, **names},
        needed=cotangents,
        of_loss=is_loss(layer),
    )

    if forward_plan.settings:
        given = tried(_given(forward, forward_plan), layer, equal=True)
        if given is None and tried(_given(forward, forward_plan.with_lists()), layer, equal=True) is not None:
            forward_plan, backward_plan = forward_plan.with_lists(), backward_plan.with_lists()
        ignored = _unread(given, forward_plan, layer)
        forward_plan, backward_plan = forward_plan.without(ignored), backward_plan.without(ignored)

    own = [*outputs, *between]
    known = {**dict(zip(own, own, strict=True)), **{yours: name for yours, name in names.items() if name in own}}
    by_name = names_of_results(forward, {**dict.fromkeys((CACHE, *CACHES), CACHE), **known})
    by_name = by_name or outputs_first(forward, outputs, names)
    # A forward that returns no loss, by name, has a gradient by itself.
    no_loss = is_loss(layer) and bool(by_name) and outputs[0] not in by_name and not {*cotangents} & backward_plan.taken

    def run_forward(values: Values, function: Callable[..., Any] = forward) -> dict[str, Any]:
        positional, named = forward_plan(values)
        returned = call(function, positional, named)
        if by_name and isinstance(returned, tuple) and len(returned) == len(by_name):
            return by_their_names(returned, by_name)
        return results_by_name(renamed(returned, names), outputs, behind)

    def run_forward_again(values: Values) -> dict[str, Any]:
        return run_forward(values, without_contract(forward))

    assumed = assumed_without(layer, forward_plan.taken | backward_plan.taken)
    orders = [*([wanted] if wanted else []), [name for name in real if name[1:] not in assumed]]

    keys = gradient_keys(real, names, forward_plan.called, backward_plan.called)
    told = gradients_named(backward, gradient_names(real, names, forward_plan.called, backward_plan.called), orders[0])

    def pulled(values: Values) -> tuple[Any, Shapes]:
        positional, named = backward_plan(values)
        returned = by_their_names(renamed(call(backward, positional, named), names), told)
        return with_one_array(returned, layer), {name: np.shape(values[name[1:]]) for name in real}

    nested = NestedGradients(lambda values: pulled({**values, **run_forward(values)}), layer, {}, orders)

    def run_backward(values: Values) -> dict[str, Any]:
        returned, shapes = pulled(values)
        if nested.are_in(returned):
            return nested.by_name(returned, shapes)
        found = gradients_by_name(returned, real, len(inputs), orders, keys)
        if no_loss:
            found = {name: times_cotangent(values[cotangents[0]], gradient) for name, gradient in found.items()}
        return found

    name = getattr(forward, "__name__", layer.name)
    functions = (forward, backward)
    guessed = {**forward_plan.guessed, **backward_plan.guessed}
    return Implementation(
        name, run_forward, run_backward, functions, run_forward_again, assumed=assumed, guessed=guessed
    )


def _declared(forward: Callable[..., Any]) -> list[str]:
    """What a forward under contract says that it returns."""
    return [tensor.name for tensor in contract_of(forward).outputs] if hasattr(forward, "contract") else []


def _given(forward: Callable[..., Any], plan: Plan) -> Callable[[Values], dict[str, Any]]:
    """A function that calls a forward, and returns what it has been given by name."""

    def run(values: Values) -> dict[str, Any]:
        positional, named = plan(values)
        call(forward, positional, named)
        return named

    return run


def _unread(given: dict[str, Any] | None, plan: Plan, layer: Layer) -> set[str]:
    """The keys of dictionaries that a forward has not looked at: it knows nothing of such an option."""
    if given is None:  # it may not have come so far as to look
        return set()
    options = {option.name for option in layer.options}
    found = [(key, name, given[parameter]) for parameter, keys in plan.settings.items() for key, name in keys.items()]
    return {key for key, name, dictionary in found if name in options and key not in dictionary.read}


def _usual_names(layer: Layer, backward: Callable[..., Any]) -> dict[str, str]:
    """What an only output that is an array, its cotangent, and that of an only real input are called as well.

    An `out` that a backward can do without is where it writes to.
    """
    real = [tensor.name for tensor in layer.inputs if not tensor.integer]
    usual = {"dX": f"d{real[0]}"} if len(real) == 1 else {}
    if len(layer.outputs) == 1 and layer.outputs[0].sizes:
        asked = {*names_of_parameters(backward, required=True)}.intersection(_OUTPUTS)
        usual |= {**dict.fromkeys(("Y", *asked), layer.outputs[0].name), "dY": f"d{layer.outputs[0].name}"}
    return {yours: name for yours, name in usual.items() if yours.removeprefix("d") not in layer.by_name}
