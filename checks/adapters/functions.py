"""Plain functions: a forward and a backward, matched to a layer by the names of their parameters."""

import ast
import inspect
import textwrap
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy as sp

from checks.adapters.places import gradient_forms
from checks.adapters.settings import Settings
from checks.implementation import Implementation, MisconductError, Values, call
from derivations import DerivationError, Layer, Option
from derivations.expressions import entry_name
from numeric.contract import contract_of, without_contract

CACHE = "cache"
# What courses and tutorials call a dictionary of options or parameters, and what they expect in it besides.
BUNDLES = ("param", "params", "parameters", "config", "options", "settings")
TRAINING: dict[str, Any] = {"mode": "train"}
# What they call the flag by which a layer knows that it is trained, and the learning rate of a backward that takes its
# step at once: a power of two, so that the step is the gradient to all its digits.
RATE = 2.0**12
RATES = ("learning_rate", "learn_rate", "lr", "eta", "step_size")
CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("training", "is_training", "train", "is_train", "train_flg"), True),
    **dict.fromkeys(RATES, RATE),
}


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
    parameter is there for; one called `training` takes True. Options that the forward does not read there are left out.
    What neither function takes is as code without it has it: a mask, an input of 0 and 1, is all ones, the state that a
    recurrence starts from all zeros, a stride or a padding the smallest there is.

    The forward returns the output array, or a tuple of several; a dictionary of arrays, the output under its name or
    first; or a tuple with more behind its outputs: what it calls these in `return Y, mean, scale` the backward can ask
    for, and one thing alone is its parameter `cache` as well. The backward returns a dictionary, `{"dX": ...}`, with
    X as the layer or the code calls it, a sequence in the order of the real inputs, or its first ones and a dictionary
    of the others, or one array, the first of these; where it returns just as many as are `wanted`, those.
    Raises ValueError where `names` leads to a name that the layer does not have.
    """
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    outputs = [tensor.name for tensor in layer.outputs]
    cotangents = [f"d{name}" for name in outputs]
    real = [f"d{tensor.name}" for tensor in layer.inputs if not tensor.integer]
    hidden = list(layer.hidden_sizes)
    behind = names_behind(forward, len(outputs))
    saved = [*outputs, *(tensor.name for tensor in layer.intermediates), *_declared(forward), *behind, CACHE]
    names = names or {}
    require_known(layer, names, {*cotangents, *inputs, *options, *hidden, *saved, *real})
    names = {**_usual_names(layer), **names}
    forward_plan = plan_of(forward, inputs, options, hidden, names)
    backward_plan = plan_of(
        backward, cotangents + inputs, options, hidden + saved, {**forward_plan.by_name, **names}, needed=cotangents
    )

    ignored = _unread(forward, forward_plan, layer)
    forward_plan, backward_plan = forward_plan.without(ignored), backward_plan.without(ignored)

    def run_forward(values: Values, function: Callable[..., Any] = forward) -> dict[str, Any]:
        positional, named = forward_plan(values)
        return results_by_name(renamed(call(function, positional, named), names), outputs, behind)

    def run_forward_again(values: Values) -> dict[str, Any]:
        return run_forward(values, without_contract(forward))

    assumed = assumed_without(layer, forward_plan.taken | backward_plan.taken)
    orders = [*([wanted] if wanted else []), [name for name in real if name[1:] not in assumed]]

    keys = gradient_keys(real, names, forward_plan.called, backward_plan.called)

    def run_backward(values: Values) -> dict[str, Any]:
        positional, named = backward_plan(values)
        returned = renamed(call(backward, positional, named), names)
        return gradients_by_name(returned, real, len(inputs), orders, keys)

    name = getattr(forward, "__name__", layer.name)
    functions = (forward, backward)
    return Implementation(name, run_forward, run_backward, functions, run_forward_again, assumed=assumed)


def _declared(forward: Callable[..., Any]) -> list[str]:
    """What a forward under contract says that it returns."""
    return [tensor.name for tensor in contract_of(forward).outputs] if hasattr(forward, "contract") else []


def require_known(layer: Layer, names: Mapping[str, str], known: set[str]) -> None:
    """Raise ValueError where `names` leads to a name that the layer does not have."""
    for yours, name in names.items():
        if name not in known:
            there = ", ".join(sorted(known - {CACHE}))
            raise ValueError(f"{layer.name} has nothing called {name!r}, which {yours!r} was mapped to; it has {there}")


def renamed(returned: Any, names: Mapping[str, str]) -> Any:
    """A dictionary that was returned, under the layer's names; anything else as it is."""
    return (
        {names.get(key, key): value for key, value in returned.items()} if isinstance(returned, Mapping) else returned
    )


@dataclass(frozen=True)
class Plan:
    """How to call a function: what goes by position, what by name, what in a dictionary, and constants."""

    in_order: list[str]
    by_name: dict[str, str]
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)

    @property
    def taken(self) -> set[str]:
        """The names of all values that the function is given."""
        bundled = (name for keys in self.settings.values() for name in keys.values())
        return {*self.in_order, *self.by_name.values(), *bundled}

    @property
    def called(self) -> dict[str, str]:
        """What the function calls the values that it is given by name, or finds in a dictionary."""
        return {**{key: name for keys in self.settings.values() for key, name in keys.items()}, **self.by_name}

    def without(self, keys: set[str]) -> "Plan":
        """The same without some keys of dictionaries."""
        kept = {
            parameter: {key: name for key, name in own.items() if key not in keys}
            for parameter, own in self.settings.items()
        }
        return replace(self, settings=kept)

    def __call__(self, values: Values) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
        """The arguments by position, with their names, and those by name. Raises MisconductError for a missing one."""
        missing = [name for name in [*self.in_order, *self.by_name.values()] if name not in values]
        if missing:
            raise MisconductError("raises", f"the backward asks for {missing[0]!r}, which the forward does not return")
        named = {parameter: values[name] for parameter, name in self.by_name.items()}
        for parameter, keys in self.settings.items():
            named[parameter] = Settings(TRAINING | {key: values[name] for key, name in keys.items() if name in values})
        named |= self.constants
        return [(name, values[name]) for name in self.in_order], named


def plan_of(
    function: Callable[..., Any],
    tensors: list[str],
    options: list[str],
    saved: list[str],
    names: Mapping[str, str],
    needed: Sequence[str] = (),
) -> Plan:
    """How to call `function`: by name tensors, options and what is saved, or tensors and then options in order.

    One of those `needed` has to come in where any parameter is free for it, whatever its default.
    """
    plan = _matched(function, tensors, options, saved, names, needed)
    return Plan([*tensors, *options][: _places(function)], {}) if plan is None else plan


def _unread(forward: Callable[..., Any], plan: Plan, layer: Layer) -> set[str]:
    """The keys of dictionaries that a forward does not look at: it knows nothing of such an option."""
    if not plan.settings:
        return set()
    try:
        positional, named = plan(example_of(layer, equal=True))
        call(forward, positional, named)
    except (MisconductError, DerivationError):  # it may not have come so far as to look
        return set()
    options = {option.name for option in layer.options}
    found = [(key, name, named[parameter]) for parameter, keys in plan.settings.items() for key, name in keys.items()]
    return {key for key, name, given in found if name in options and key not in given.read}


def example_of(layer: Layer, *, equal: bool = False) -> Values:
    """Ones for every input, the smallest options, and sizes that are all different, or all `equal`.

    Sizes that are named first are larger: a kernel fits into its image.
    """
    numbers: dict[str, Any] = {
        size: 3 if equal else 3 + number for number, size in enumerate(reversed(layer.size_names))
    }
    smallest = {option.name: smallest_of(option) for option in layer.options}
    numbers |= {name: 1 if low is None else low for name, low in smallest.items()}
    return {**numbers, **{tensor.name: np.ones(layer.shape(tensor.name, numbers)) for tensor in layer.inputs}}


def assumed_without(layer: Layer, taken: set[str]) -> dict[str, int]:
    """What masks, states that a recurrence starts from, and options such as a stride, are for code without them."""
    starts = {entry_name(boundary.rhs): 0 for boundary in layer.boundaries if isinstance(boundary.rhs, sp.Indexed)}
    masks = {tensor.name: 1 for tensor in layer.inputs if tensor.integer and (tensor.low, tensor.high) == (0, 1)}
    smallest = {option.name: smallest_of(option) for option in layer.options if option.integer}
    options = {name: low for name, low in smallest.items() if low is not None}
    return {name: value for name, value in {**starts, **masks, **options}.items() if name not in taken}


def smallest_of(option: Option) -> int | None:
    """The smallest number that an option may be, where the layer names it."""
    return int(option.low) if option.low is not None and option.low.is_Integer else None


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError:  # some builtins have no signature
        return None


def _places(function: Callable[..., Any]) -> int | None:
    """How many arguments fit by position; None where there is no telling, or no end."""
    parameters = _parameters(function)
    if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _matched(
    function: Callable[..., Any],
    tensors: Sequence[str],
    options: Sequence[str],
    saved: Sequence[str],
    names: Mapping[str, str],
    needed: Sequence[str],
) -> Plan | None:
    """What goes by position and what by name; None where everything goes by position.

    Parameters that mean nothing take, in order, what is left of tensors and options, if one of them has no default, or
    if nothing of what is `needed` comes in otherwise.
    """
    parameters, given = _parameters(function), [*tensors, *options]
    if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    parameters = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
    meant = {p.name: names.get(p.name, p.name) for p in parameters if names.get(p.name, p.name) in {*given, *saved}}
    bundles = [p.name for p in parameters if p.name not in meant and p.default is p.empty and _is_bundle(p)]
    left_out = [name for name in options if name not in meant.values()]
    # Tensors come in such a dictionary as well, where two or more are left over; one alone would be the parameter.
    free = [name for name in tensors if name not in meant.values()]
    wanting = [p for p in parameters if p.name not in {*meant, *bundles[:1], *CONSTANTS} and p.default is p.empty]
    bundled = free[len(wanting) :] if bundles and len(free) > len(wanting) + 1 else []
    held = {*left_out, *bundled}
    renamed_keys = {yours: name for yours, name in names.items() if yours not in meant and name in {*held, *saved}}
    keys = {**{name: name for name in [*bundled, *left_out] if name not in renamed_keys.values()}, **renamed_keys}
    settings = {bundles[0]: keys} if bundles and keys else {}
    others = [p for p in parameters if p.name not in meant and p.name not in settings]
    constants = {p.name: CONSTANTS[p.name] for p in others if p.default is p.empty and p.name in CONSTANTS}
    # What is a word or a flag by default is no tensor or number of a layer.
    others = [p for p in others if p.name not in constants and not isinstance(p.default, str | bool)]
    small = _by_small_letters([p.name for p in others], [*given, *saved])
    if not any(p.default is p.empty and p.name not in small for p in others):
        meant |= small
        others = [p for p in others if p.name not in small]
    if any(p.default is p.empty for p in others) or (needed and not set(needed) & set(meant.values())):
        left = [name for name in given if name not in {*meant.values(), *(held if settings else ())}]
        if len(left) < sum(p.default is p.empty for p in others):
            return None
        meant |= {p.name: name for p, name in zip(others, left, strict=False)}
    in_order = [meant[p.name] for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in meant]
    by_name = {p.name: meant[p.name] for p in parameters if p.kind is not p.POSITIONAL_ONLY and p.name in meant}
    return Plan(in_order, by_name, settings, constants)


def _is_bundle(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is called like a dictionary of settings, and can be given by name."""
    return parameter.name.endswith(BUNDLES) and parameter.kind is not parameter.POSITIONAL_ONLY


def _by_small_letters(parameters: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """The values that parameters mean if the case of letters does not count: `w` is W where nothing else is."""
    alike = {parameter: [name for name in known if name.lower() == parameter.lower()] for parameter in parameters}
    return {parameter: names[0] for parameter, names in alike.items() if len(names) == 1}


def _usual_names(layer: Layer) -> dict[str, str]:
    """What an only output that is an array, its cotangent, and that of an only real input are called as well."""
    real = [tensor.name for tensor in layer.inputs if not tensor.integer]
    usual = {"dX": f"d{real[0]}"} if len(real) == 1 else {}
    if len(layer.outputs) == 1 and layer.outputs[0].sizes:
        usual |= {"Y": layer.outputs[0].name, "dY": f"d{layer.outputs[0].name}"}
    return {yours: name for yours, name in usual.items() if yours.removeprefix("d") not in layer.by_name}


def names_behind(forward: Callable[..., Any], outputs: int) -> tuple[str, ...]:
    """What a function calls the values behind its outputs where it returns them, as in `return Y, mean, scale`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(forward)))
    except (
        OSError,
        TypeError,
        SyntaxError,
        tokenize.TokenError,
    ):  # typed at a prompt, compiled, or part of a longer line
        return ()
    returned = [node.value for node in _within(tree.body[0]) if isinstance(node, ast.Return)]
    told = {
        tuple(getattr(value, "id", "") for value in node.elts[outputs:]) if isinstance(node, ast.Tuple) else ()
        for node in returned
    }
    return told.pop() if len(told) == 1 else ()


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
    if isinstance(returned, tuple):
        if len(returned) - len(outputs) in (0, 1, len(behind)):
            cache = {CACHE: returned[-1]} if len(returned) == len(outputs) + 1 else {}
            return {**dict(zip((*outputs, *behind), returned, strict=False)), **cache}
        raise MisconductError("arity", f"the forward returned {len(returned)} values, expected {', '.join(outputs)}")
    return {outputs[0]: returned}


def gradient_keys(real: Sequence[str], *called: Mapping[str, str]) -> dict[str, str]:
    """Keys under which a dictionary may have the cotangents `real`: dX as dX, dx or grad_x, or as X or x.

    What is `called` like X, a parameter say, stands for X; small letters do where nothing else is called so.
    """
    inputs = [name[1:] for name in real]
    meant = [{name: name for name in inputs}, *called, {name.lower(): name for name in reversed(inputs)}]
    names = [(yours, name) for each in meant for yours, name in each.items() if name in inputs]
    keys: dict[str, str] = {}
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
