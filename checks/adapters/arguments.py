"""How a function is called: its parameters, matched by name or order with the tensors and options of a layer."""

import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from checks.adapters.layer_lists import is_list_name, lists_of
from checks.adapters.settings import Settings
from checks.adapters.syntax import parameters_with_keys
from checks.implementation import MisconductError, Values
from derivations import Layer

CACHE = "cache"
CACHES = ("caches", "ctx", "context", "saved", "memory", "tape")
# What courses and tutorials call a dictionary of options or parameters, and what they expect in it besides.
BUNDLES = ("param", "params", "parameters", "config", "options", "settings")
TRAINING: dict[str, Any] = {"mode": "train"}
# What they call the flag by which a layer knows that it is trained, and the learning rate of a backward that takes its
# step at once: a power of two, so that the step is the gradient to all its digits.
RATE = 2.0**12
RATES = ("learning_rate", "learn_rate", "learningrate", "l_rate", "lr", "eta", "step_size")
CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("seed", "random_seed", "random_state"), 0),
    "rng": np.random,
    **dict.fromkeys(("training", "is_training", "train", "is_train", "train_flg"), True),
    **dict.fromkeys(RATES, RATE),
}
_OF_NO_TENSOR = re.compile(r"(n|num)_|units$|.*_(size|units|dim|features|channels)$")  # how many of something there are
_OF_NO_OPTION = re.compile(r"momentum|axis|dim|decay|tol|.*(thresh|clip|limit|max|min)")
# What a layer may be asked to do without.
_BY_DEFAULT_NONE = re.compile(r"weights?|w|bias|b|scale|shift|gain|offset|gamma|beta|.*mask|.*state|h0|c0")
_UNUSED = ("", "args", "rest", "unused")  # *args of a method that has parameters before


@dataclass(frozen=True)
class Plan:
    """How to call a function: what goes by position, what by name, what in a dictionary or a list, and constants.

    What is `guessed` goes to a parameter that means nothing by its name, because nothing else was left for it.
    """

    in_order: list[str]
    by_name: dict[str, str]
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    lists: Mapping[str, list[str]] = field(default_factory=dict)
    guessed: Mapping[str, str] = field(default_factory=dict)

    @property
    def taken(self) -> set[str]:
        """The names of all values that the function is given."""
        bundled = (name for keys in self.settings.values() for name in keys.values())
        listed = (name for names in self.lists.values() for name in names)
        return {*self.in_order, *self.by_name.values(), *bundled, *listed}

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

    def with_lists(self) -> "Plan":
        """The same with lists in the place of dictionaries."""
        listed = {parameter: list(own.values()) for parameter, own in self.settings.items()}
        return replace(self, settings={}, lists={**self.lists, **listed})

    def __call__(self, values: Values) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
        """The arguments by position, with their names, and those by name. Raises MisconductError for a missing one."""
        listed = (name for names in self.lists.values() for name in names)
        missing = [name for name in [*self.in_order, *self.by_name.values(), *listed] if name not in values]
        if missing:
            raise MisconductError("raises", f"the backward asks for {missing[0]!r}, which the forward does not return")
        named = {parameter: values[name] for parameter, name in self.by_name.items()}
        for parameter, keys in self.settings.items():
            named[parameter] = Settings({key: values[name] for key, name in keys.items() if name in values}, TRAINING)
        named |= {parameter: [values[name] for name in listed] for parameter, listed in self.lists.items()}
        named |= self.constants
        return [(name, values[name]) for name in self.in_order], named


def plan_of(
    function: Callable[..., Any],
    tensors: list[str],
    options: list[str],
    saved: list[str],
    names: Mapping[str, Any],
    needed: Sequence[str] = (),
    of_loss: bool = False,
) -> Plan:
    """How to call `function`: by name tensors, options and what is saved, or tensors and then options in order.

    Parameters that mean nothing take, in order, what is left of tensors and options, if one of them has no default, or
    if nothing of what is `needed` comes in otherwise; numbers by default are options, if just as many are left.
    Everything goes in order where that leaves a parameter out, and where there are none to be seen.
    """
    parameters, given = _parameters(function), [*tensors, *options]
    in_order = Plan(given[: _places(function)], {})
    if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return in_order
    parameters = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
    meant = {p.name: names.get(p.name, p.name) for p in parameters if names.get(p.name, p.name) in {*given, *saved}}
    bundles = [p for p in parameters if p.name not in meant and _is_bundle(p, parameters_with_keys(function))]
    settings = _dictionary([p.name for p in bundles][:1], parameters, meant, tensors, options, saved, names)
    others = [p for p in parameters if p.name not in meant and p.name not in settings]
    constants = {p.name: CONSTANTS[p.name] for p in others if p.default is not None and p.name in CONSTANTS}
    constants |= own_settings(others, names) | {p.name: RATE for p in others if names.get(p.name) in RATES}
    counted = lists_of([name for name in tensors if name not in meant.values()])
    lists = {p.name: _listed(p.name, counted) for p in others if p.default is p.empty and _listed(p.name, counted)}
    others = [p for p in others if p.name not in lists]
    # What is a word or a flag by default is no tensor or number of a layer.
    others = [p for p in others if p.name not in constants and not isinstance(p.default, str | bool)]
    small = _by_small_letters([p.name for p in others], [*given, *saved])
    if any(p.default is p.empty and p.name not in small for p in others):
        small = {parameter: name for parameter, name in small.items() if name in saved}
    meant |= small
    others = [p for p in others if p.name not in small]
    held = {name for keys in settings.values() for name in keys.values()}
    held |= {name for listed in lists.values() for name in listed}
    left = [name for name in given if name not in {*meant.values(), *held}]
    if len(left) < sum(p.default is p.empty for p in others):
        named = [p.name for p in parameters if p.name not in constants]
        return Plan([], dict(zip(named, given, strict=False)), constants=constants) if constants else in_order
    unmet = not {*needed} & {*meant.values()} if needed else None
    by_place = _by_place(others, left, options, unmet, of_loss)
    meant |= by_place
    guessed = {p.name: by_place[p.name] for p in others if p.name in by_place and p.kind is not p.POSITIONAL_ONLY}
    positional = [meant[p.name] for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in meant]
    by_name = {p.name: meant[p.name] for p in parameters if p.kind is not p.POSITIONAL_ONLY and p.name in meant}
    return Plan(positional, by_name, settings, constants, lists, guessed)


def _by_place(
    others: Sequence[inspect.Parameter], left: Sequence[str], options: Sequence[str], unmet: bool | None, of_loss: bool
) -> dict[str, str]:
    """What parameters that mean nothing by their names take of what is left, in order.

    `unmet`: whether what is needed does not come in otherwise; None where nothing is, as in a forward. A weight that a
    forward may be asked to do without is given all the same.
    """
    empty = [p for p in others if p.default is p.empty]
    absent = [p for p in others if p.default is None and not of_loss]  # a loss has no cotangent there
    asking = [p for p in empty if not _OF_NO_TENSOR.match(p.name)]
    if empty:
        asking += absent
    elif unmet:
        asking = [p for p in others if p.default is not None or p in absent]
    elif unmet is None:
        spared = [p for p in absent if _BY_DEFAULT_NONE.fullmatch(p.name)]
        asking = spared if len(spared) == sum(name not in options for name in left) else []
    taken = dict(zip((p.name for p in asking), left, strict=False))
    numbers = [p.name for p in others if p.name not in taken and _is_option_by_default(p)]
    free = [name for name in left if name in options and name not in taken.values()]
    return {**taken, **(dict(zip(numbers, free, strict=True)) if len(numbers) == len(free) else {})}


def sizes_named(layer: Layer, names: Mapping[str, Any]) -> list[str]:
    """The sizes, shown by inputs, that parameters are said to be: M of `{"m": "M"}`."""
    return [name for name in layer.size_names if name in names.values() and name not in layer.hidden_sizes]


def own_settings(parameters: Sequence[inspect.Parameter], names: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that are told for parameters of the code's own, beside the names of others."""
    return {p.name: names[p.name] for p in parameters if isinstance(names.get(p.name), int | float)}


def require_known(layer: Layer, names: Mapping[str, Any], known: set[str]) -> None:
    """Raise ValueError where `names` leads to a name that the layer does not have."""
    for yours, name in names.items():
        if isinstance(name, str) and name not in known and name not in RATES:
            there = ", ".join(sorted(known - {CACHE}))
            raise ValueError(f"{layer.name} has nothing called {name!r}, which {yours!r} was mapped to; it has {there}")


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):  # some builtins have no signature, and what is no function has none
        return None
    unused = [p for p in parameters[1:] if p.kind is p.VAR_POSITIONAL and p.name.strip("_") in _UNUSED]
    return [p for p in parameters if p not in unused] if inspect.ismethod(function) else parameters


def names_of_parameters(function: Callable[..., Any], *, required: bool = False) -> list[str]:
    """What a function calls its parameters, or those that it cannot do without; nothing where there is no telling."""
    parameters = _parameters(function) or []
    no_need = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if not required or (p.default is p.empty and p.kind not in no_need)]


def _places(function: Callable[..., Any]) -> int | None:
    """How many arguments fit by position; None where there is no telling, or no end."""
    parameters = _parameters(function)
    if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _dictionary(
    bundles: Sequence[str],
    parameters: Sequence[inspect.Parameter],
    meant: Mapping[str, str],
    tensors: Sequence[str],
    options: Sequence[str],
    saved: Sequence[str],
    names: Mapping[str, str],
) -> dict[str, dict[str, str]]:
    """What comes under which keys in a dictionary that a parameter is there for, if one of the `bundles` is.

    That is the options which no parameter means, and the tensors where two or more are left over by the other
    parameters: one alone is what the parameter itself is.
    """
    wanting = [p for p in parameters if p.name not in {*meant, *bundles, *CONSTANTS} and p.default is p.empty]
    left = [name for name in tensors if name not in meant.values()]
    surplus = left[len(wanting) :]
    held = [*(surplus if len(surplus) > 1 else ()), *(name for name in options if name not in meant.values())]
    yours = {key: name for key, name in names.items() if key not in meant and name in {*held, *saved}}
    keys = {**{name: name for name in held if name not in yours.values()}, **yours}
    return {bundle: keys for bundle in bundles if keys or not left}


def _listed(parameter: str, counted: Mapping[str, list[str]]) -> list[str]:
    """The tensors of all layers that a parameter called `weights`, or `Ws`, takes together; none for another one."""
    alike = [letters for letters in counted if is_list_name(parameter, letters)]
    return counted[max(alike, key=len)] if alike else []


def _is_bundle(parameter: inspect.Parameter, with_keys: Collection[str]) -> bool:
    """Whether a parameter is a dictionary of settings, by its name or by what is done with it, and given by name."""
    is_one = parameter.name.endswith(BUNDLES) or parameter.name in with_keys
    return is_one and parameter.default is parameter.empty and parameter.kind is not parameter.POSITIONAL_ONLY


def _is_option_by_default(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is a number by default that may be an option of a layer."""
    is_number = isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool)
    return is_number and not _OF_NO_TENSOR.match(parameter.name) and not _OF_NO_OPTION.match(parameter.name)


def _by_small_letters(parameters: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """The values that parameters mean if the case of letters does not count: `w` is W where nothing else is."""
    alike = {parameter: [name for name in known if name.lower() == parameter.lower()] for parameter in parameters}
    return {parameter: names[0] for parameter, names in alike.items() if len(names) == 1}
