"""Plain functions: a forward and a backward, matched to a layer by the names of their parameters."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from checks.implementation import Implementation, MisconductError, Values, call
from derivations import Layer

CACHE = "cache"


def from_functions(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    layer: Layer,
    names: Mapping[str, str] | None = None,
) -> Implementation:
    """Make an Implementation of two plain functions.

    A parameter takes the tensor or option of its own name, or of the name that `names` gives it. The backward may ask
    for output cotangents (`dY`), inputs, options, the output, and whatever the forward returned by name. A parameter
    that has no counterpart keeps its default. If a function has one that neither has a counterpart nor a default, or
    has no readable signature, its arguments go by position: inputs in the order of the layer's declaration, then
    options; before them, for the backward, the output cotangents.

    The forward returns the output array; a dictionary of arrays, the output under its name or first; or the pair
    (output, cache), whose second part the backward gets as its parameter `cache`. The backward returns a dictionary
    (`{"dX": ...}`), a sequence in the order of the real inputs, or one array where there is one real input.
    """
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    outputs = [tensor.name for tensor in layer.outputs]
    cotangents = [f"d{name}" for name in outputs]
    forward_plan = _plan(forward, inputs + options, names or {})
    known = [*cotangents, *inputs, *options, *outputs, *(t.name for t in layer.intermediates), CACHE]
    backward_plan = _plan(backward, known, names or {})
    real = [f"d{tensor.name}" for tensor in layer.inputs if not tensor.integer]

    def run_forward(values: Values) -> dict[str, Any]:
        positional, named = forward_plan(values)
        return _results(call(forward, positional, named), outputs)

    def run_backward(values: Values) -> dict[str, Any]:
        positional, named = backward_plan(values)
        return _gradients(call(backward, positional, named), real, len(inputs))

    return Implementation(getattr(forward, "__name__", layer.name), run_forward, run_backward, (forward, backward))


Plan = Callable[[Values], tuple[list[tuple[str, Any]], dict[str, Any]]]


def _plan(function: Callable[..., Any], known: Sequence[str], names: Mapping[str, str]) -> Plan:
    """How to call `function` when the values are there: which go by name, which by position."""
    matched = _matched(function, known, names)
    if matched is None:
        return lambda values: ([(name, values[name]) for name in known if name in values and name != CACHE], {})
    by_position, by_name = matched

    def plan(values: Values) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
        missing = [name for name in [*by_position, *by_name.values()] if name not in values]
        if missing:
            raise MisconductError("raises", f"the backward asks for {missing[0]!r}, which the forward does not return")
        return [(name, values[name]) for name in by_position], {p: values[name] for p, name in by_name.items()}

    return plan


def _matched(
    function: Callable[..., Any], known: Sequence[str], names: Mapping[str, str]
) -> tuple[list[str], dict[str, str]] | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some builtins have no signature
        return None
    by_position: list[str] = []
    by_name: dict[str, str] = {}
    for parameter in parameters:
        name = names.get(parameter.name, parameter.name)
        if name not in known:
            if parameter.default is parameter.empty:
                return None
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            by_position.append(name)
        else:
            by_name[parameter.name] = name
    return by_position, by_name


def _results(returned: Any, outputs: Sequence[str]) -> dict[str, Any]:
    if isinstance(returned, Mapping):
        if not returned:
            raise MisconductError("arity", "the forward returned an empty dictionary")
        named = dict(returned)
        if outputs[0] not in named:
            named = {outputs[0]: next(iter(named.values())), **named}
        return named
    if isinstance(returned, tuple):
        if len(outputs) > 1 and len(returned) == len(outputs):
            return dict(zip(outputs, returned, strict=True))
        if len(returned) == 2:
            return {outputs[0]: returned[0], CACHE: returned[1]}
        raise MisconductError("arity", f"the forward returned {len(returned)} values, expected {', '.join(outputs)}")
    return {outputs[0]: returned}


def _gradients(returned: Any, real: Sequence[str], inputs: int) -> dict[str, Any]:
    if isinstance(returned, Mapping):
        return dict(returned)
    if isinstance(returned, tuple | list):
        # None stands where an input has no gradient, as autograd frameworks have it.
        given = [one for one in returned if one is not None] if len(returned) == inputs else list(returned)
        if len(given) != len(real):
            raise MisconductError("arity", f"the backward returned {len(given)} arrays, expected {', '.join(real)}")
        return dict(zip(real, given, strict=True))
    if returned is None or len(real) != 1:
        given = "None" if returned is None else f"one {type(np.asarray(returned)).__name__}"
        raise MisconductError("arity", f"the backward returned {given}, expected {', '.join(real)}")
    return {real[0]: returned}
