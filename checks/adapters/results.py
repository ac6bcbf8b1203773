"""What a forward and a backward have returned, by the names of a layer."""

import re
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from checks.adapters.arguments import CACHE
from checks.adapters.places import gradient_forms
from checks.adapters.syntax import flat, names_returned, names_returned_in_all
from checks.implementation import MisconductError
from derivations import Layer

_GRADIENT = re.compile(r"d|.*grad|delta|nabla", re.IGNORECASE)
# Losses, states and the like, which code returns beside its gradients.
_NO_GRADIENT = re.compile(
    r"(?!d|.*grad)([hcs]s?(_?(last|prev|next|final|[nt]))?|.*(loss|cost|acc(uracy)?|states?|cache|probs?|preds?|out|last))$",
    re.IGNORECASE,
)


def renamed(returned: Any, names: Mapping[str, str]) -> Any:
    """A dictionary that was returned, under the layer's names; anything else as it is."""
    return (
        {names.get(key, key): value for key, value in returned.items()} if isinstance(returned, Mapping) else returned
    )


def with_one_array(returned: Any, layer: Layer) -> Any:
    """What a backward returned; a list of numbers is one gradient where none of the layer's is a number itself."""
    scalars = [tensor for tensor in layer.inputs if not tensor.integer and not tensor.sizes]
    if scalars or not isinstance(returned, list) or not returned:
        return returned
    return np.array(returned) if all(isinstance(each, Real) for each in returned) else returned


def names_behind(forward: Callable[..., Any], outputs: int) -> tuple[str, ...]:
    """What a function calls the values behind its outputs where it returns them, as in `return Y, mean, scale`."""
    return names_returned(forward)[outputs:]


def names_of_results(function: Callable[..., Any], known: Mapping[str, str]) -> tuple[str, ...]:
    """What a function returns by the layer's names, where it calls all of it so, as in `return Z1, A1, Z2, A2`.

    `known` leads from what it may call them to the layer's names. Nothing where something is called otherwise.
    """
    meant = [known.get(name) for name in names_returned(function)]
    return tuple(filter(None, meant)) if len(meant) > 1 and all(meant) else ()


def outputs_first(function: Callable[..., Any], outputs: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """What a function calls all that it returns, where its outputs are among it and do not come first.

    An output has its own name, or that which `names` lead from. Nothing where one of them has neither.
    """
    returned = names_returned(function)
    told = {yours: meant for yours, meant in names.items() if meant in outputs and yours in returned}
    meant = {name: name for name in outputs if name in returned and name not in told.values()} | told
    called = tuple(meant.get(name, "" if name in outputs else names.get(name, name)) for name in returned)
    return called if {*outputs} <= {*called} and called[: len(outputs)] != tuple(outputs) else ()


def gradients_named(function: Callable[..., Any], names: Mapping[str, str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Which cotangent each value is that a function returns, by what it calls them there; "" for what is none.

    As in `return loss, dW, db, h[-1]`; `names` are those of gradients (`gradient_names`), in any case. What has no
    name, or none that says what it is, is one of those `wanted` that have not come under their names, where there are
    as many of these. Nothing where names leave it open.
    """
    returned = names_returned_in_all(function)
    alike = {name.lower(): meant for name, meant in reversed([*names.items()])}
    meant = [names.get(name) or alike.get(name.lower(), "") for name in returned]
    known = [*filter(None, meant)]
    if len(returned) < 2 or not known or len({*known}) < len(known):
        return ()
    missing = [name for name in wanted if name not in known]
    others = [place for place, name in enumerate(meant) if not name and not _NO_GRADIENT.match(returned[place])]
    likely = [place for place in others if not returned[place] or _GRADIENT.match(returned[place])]
    places = next((places for places in (likely, others) if len(places) == len(missing)), others)
    if missing and places:
        if len(missing) != len(places):
            return ()
        for place, name in zip(places, missing, strict=True):
            meant[place] = name
    return tuple(meant)


def by_their_names(returned: Any, named: Sequence[str]) -> Any:
    """The values of a tuple, and of those in it, that are `named`, under their names; what is none as it is."""
    values = [*flat(returned)] if isinstance(returned, tuple | list) else []
    return (
        {name: value for name, value in zip(named, values, strict=True) if name}
        if values and len(values) == len(named)
        else returned
    )


def results_by_name(returned: Any, outputs: Sequence[str], behind: Sequence[str] = ()) -> dict[str, Any]:
    """What a forward returned, by name, with what it calls the values `behind` its outputs.

    Raises MisconductError where it cannot be the layer's outputs.
    """
    if isinstance(returned, Mapping):
        if not returned:
            raise MisconductError("arity", "the forward returned an empty dictionary")
        named = dict(returned)
        if outputs[0] not in named:
            named = {outputs[0]: next(iter(named.values())), **named}
        return named
    if isinstance(returned, tuple) or _is_list_of_results(returned):
        if len(returned) - len(outputs) in (0, 1, len(behind)):
            cache = {CACHE: returned[-1]} if len(returned) == len(outputs) + 1 else {}
            return {**dict(zip((*outputs, *behind), returned, strict=False)), **cache}
        raise MisconductError("arity", f"the forward returned {len(returned)} values, expected {', '.join(outputs)}")
    return {outputs[0]: returned}


def times_cotangent(cotangent: Any, gradient: Any) -> Any:
    """The product in the gradient's own dtype; what is no array is left for whoever looks at it."""
    dtype = getattr(gradient, "dtype", None)
    return gradient if dtype is None else np.multiply(cotangent, gradient, dtype=dtype)


def _is_list_of_results(returned: Any) -> bool:
    """Whether a list is what a tuple would be, and not rows of one array: it holds things that are not alike."""
    return isinstance(returned, list) and len({getattr(each, "shape", None) for each in returned}) > 1


def gradient_names(real: Sequence[str], *called: Mapping[str, str]) -> dict[str, str]:
    """What the cotangents `real` are called: dX is dX, dx or grad_x.

    What is `called` like X, a parameter say, stands for X, and what is called dX for that; small letters do where
    nothing else is called so.
    """
    found = {yours: name for each in called for yours, name in each.items() if name in real}
    for yours, name in _names_of_inputs(real, *called):
        for form in gradient_forms(yours):
            found.setdefault(form, f"d{name}")
    return found


def gradient_keys(real: Sequence[str], *called: Mapping[str, str]) -> dict[str, str]:
    """Keys under which a dictionary may have the cotangents `real`: those of `gradient_names`, or X or x for dX."""
    plain = {yours: f"d{name}" for yours, name in reversed(_names_of_inputs(real, *called))}
    return {**plain, **gradient_names(real, *called)}


def _names_of_inputs(real: Sequence[str], *called: Mapping[str, str]) -> list[tuple[str, str]]:
    inputs = [name[1:] for name in real]
    meant = [{name: name for name in inputs}, *called, {name.lower(): name for name in reversed(inputs)}]
    return [(yours, name) for each in meant for yours, name in each.items() if name in inputs]


def gradients_by_name(
    returned: Any, real: Sequence[str], inputs: int, orders: Sequence[Sequence[str]], keys: Mapping[str, str]
) -> dict[str, Any]:
    """What a backward returned, by name; a sequence is the first of `orders` that is as long, or begins all of `real`.

    `keys` are those of a dictionary (`gradient_keys`). Raises MisconductError where it cannot be the layer's
    cotangents.
    """
    fields = getattr(returned, "_fields", ())  # those of a named tuple
    if fields and keys.keys() >= {*fields}:
        returned = dict(zip(fields, returned, strict=True))
    if isinstance(returned, Mapping):
        return {keys.get(key, key): value for key, value in returned.items()}
    if returned is None:
        raise MisconductError("arity", f"the backward returned None, expected {', '.join(real)}")
    given = list(returned) if isinstance(returned, tuple | list) else [returned]
    if len(given) > 1 and isinstance(given[-1], Mapping):  # that of the data, and a dictionary of the others
        *first, others = given
        return {**gradients_by_name(first, real, inputs, orders, keys), **gradients_by_name(others, real, 0, (), keys)}
    if len(given) == inputs:  # None stands where an input has no gradient, as autograd frameworks have it
        given = [one for one in given if one is not None]
    if not 0 < len(given) <= len(real):
        raise MisconductError("arity", f"the backward returned {len(given)} arrays, expected {', '.join(real)}")
    order = next((order for order in orders if len(order) == len(given)), real)
    return dict(zip(order, given, strict=False))  # of those that are missing, another finding tells
