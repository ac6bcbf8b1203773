"""What a forward and a backward have returned, by the names of a layer."""

import ast
import inspect
import textwrap
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from numbers import Real
from types import CodeType
from typing import Any

import numpy as np

from checks.adapters.arguments import CACHE
from checks.adapters.places import gradient_forms
from checks.implementation import MisconductError
from derivations import Layer


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
    code = getattr(inspect.unwrap(forward), "__code__", None)
    told = {names[outputs:] for names in _returned(code)} if code is not None else set()
    return told.pop() if len(told) == 1 else ()


@lru_cache(maxsize=32)  # code is adapted again for every order of axes that is tried
def _returned(code: CodeType) -> tuple[tuple[str, ...], ...]:
    """What a function calls the values of every tuple that it returns; nothing for what is no tuple, or has no name."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (
        OSError,
        TypeError,
        SyntaxError,
        tokenize.TokenError,
    ):  # typed at a prompt, compiled, or part of a longer line
        return ()
    returned = [node.value for node in _within(tree.body[0]) if isinstance(node, ast.Return)]
    return tuple(
        tuple(getattr(value, "id", "") for value in node.elts) if isinstance(node, ast.Tuple) else ()
        for node in returned
    )


def names_of_results(
    function: Callable[..., Any], known: Mapping[str, str], *, any_case: bool = False
) -> tuple[str, ...]:
    """What a function returns by the layer's names, where it calls all of it so, as in `return Z1, A1, Z2, A2`.

    `known` leads from what it may call them to the layer's names; in `any_case` small letters may stand for large ones.
    Nothing where something is called otherwise.
    """
    returned = names_behind(function, 0)
    alike = {name.lower(): meant for name, meant in reversed([*known.items()])} if any_case else {}
    meant = [known.get(name, alike.get(name.lower())) for name in returned]
    return tuple(filter(None, meant)) if len(returned) > 1 and all(meant) else ()


def _within(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions that are defined in it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _within(node)


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


def gradient_keys(real: Sequence[str], *called: Mapping[str, str]) -> dict[str, str]:
    """Keys under which a dictionary may have the cotangents `real`: dX as dX, dx or grad_x, or as X or x.

    What is `called` like X, a parameter say, stands for X, and what is called dX for that; small letters do where
    nothing else is called so.
    """
    inputs = [name[1:] for name in real]
    meant = [{name: name for name in inputs}, *called, {name.lower(): name for name in reversed(inputs)}]
    names = [(yours, name) for each in meant for yours, name in each.items() if name in inputs]
    keys: dict[str, str] = {yours: name for each in called for yours, name in each.items() if name in real}
    for yours, name in names:
        for form in gradient_forms(yours):
            keys.setdefault(form, f"d{name}")
    for yours, name in names:
        keys.setdefault(yours, f"d{name}")
    return keys


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
