"""Code that has 1 - keep where the layer has keep: the share that dropout leaves out, say."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from checks.implementation import Implementation, Values
from derivations import Layer

_COMPLEMENT = "1-"


def with_complements(names: Mapping[str, str], layer: Layer) -> tuple[dict[str, str], list[str]]:
    """Names without, and the options of which, they tell a complement: `{"rate": "1-keep"}` is keep, and [keep].

    Raises ValueError for the complement of what is no option that may be a fraction.
    """
    told = {yours: "".join(name.split()) for yours, name in names.items()}
    complements = [name.removeprefix(_COMPLEMENT) for name in told.values() if name.startswith(_COMPLEMENT)]
    real = [option.name for option in layer.options if not option.integer]
    for name in complements:
        if name not in real:
            there = f"it has {', '.join(real)}" if real else "it has none"
            raise ValueError(f"1-{name} is no complement of an option of {layer.name} that may be a fraction; {there}")
    return {yours: name.removeprefix(_COMPLEMENT) for yours, name in told.items()}, complements


def complemented(implementation: Implementation, options: Collection[str]) -> Implementation:
    """An Implementation that takes these options, made of one that takes 1 less each."""
    if not options:
        return implementation

    def theirs(values: Values) -> dict[str, Any]:
        return {name: 1 - value if name in options else value for name, value in values.items()}

    return replace(implementation.behind(theirs, dict), sizes=theirs(implementation.sizes))
