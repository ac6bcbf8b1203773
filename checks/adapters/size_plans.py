"""How a class is called that is made from sizes: which parameter is which size, or a list of them all."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, permutations
from typing import Any

from checks.adapters.arguments import CONSTANTS, Plan, own_settings
from checks.adapters.layer_lists import widths_of
from derivations import Layer

_WINDOW = 2  # how high and wide a window is that has to be square
_MOST_ORDERS = 200  # in which sizes are tried


def size_plans(
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
    usual = {p.name: CONSTANTS[p.name] for p in parameters if p.default is p.empty and p.name in CONSTANTS}
    told = {**usual, **own_settings([*parameters], names)}
    asked = [p.name for p in parameters if p.name not in {*meant, *told} and p.default is p.empty]
    # A size may have a default as well, `hidden_size=64`.
    whole = [p.name for p in parameters if p.name not in {*meant, *told} and type(p.default) is int]
    for others in (asked, [*asked, *whole])[: 2 if whole else 1]:
        for order in islice(permutations(left, len(others)), _MOST_ORDERS):
            guessed = dict(zip(others, order, strict=True))
            yield Plan([], {**meant, **guessed}, constants=told, guessed=guessed)
    if by_widths := widths_plan(made, layer, meant):
        yield by_widths


def widths_plan(made: Any, layer: Layer, meant: Mapping[str, str]) -> Plan | None:
    """How a class may be called that takes a list of its layers' widths, and nothing besides but what is meant."""
    parameters = inspect.signature(made).parameters.values()
    asked = [p.name for p in parameters if p.name not in meant and p.default is p.empty]
    widths = widths_of(layer)
    return Plan([], dict(meant), lists={asked[0]: widths}) if len(asked) == 1 and widths else None


def square_window(layer: Layer, own: Sequence[str], told: Mapping[str, float]) -> dict[str, float]:
    """A kernel's height and width, which other sizes follow from and one parameter alone has; alike where one is open.

    Code that is made from one number for both has windows of no other kind.
    """
    read = {str(each) for definition in layer.size_definitions.values() for each in definition.free_symbols}
    having = {size: [t.name for t in layer.inputs if size in map(str, t.sizes)] for size in layer.size_names}
    alone = [size for size, tensors in having.items() if size in read and len(tensors) == 1 and tensors[0] in own]
    if len(alone) != 2 or having[alone[0]] != having[alone[1]]:
        return {}
    known = [told[size] for size in alone if size in told]
    return dict.fromkeys(alone, known[0] if known else _WINDOW) if len(known) < 2 else {}
