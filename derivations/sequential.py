"""A chain of layers as one layer: what each is computed from is what the one before has computed.

sequential("mlp", ["linear", "relu", "linear", "softmax_cross_entropy"], LAYERS)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from string import ascii_lowercase
from typing import TypeAlias

import sympy as sp

from derivations.catalogue import find
from derivations.compose import compose, part
from derivations.layer import DerivationError, Layer

_OUTPUTS = "ZABEGU"  # what one layer with parameters computes, then what those without compute of that
Name: TypeAlias = str | int | sp.Expr


def sequential(name: str, names: Sequence[str], layers: Mapping[str, Layer], summary: str = "") -> Layer:
    """The layers of these names, one after the other, each reading as its first tensor the output of the one before.

    The k-th layer with parameters has W and b as Wk and bk, and Zk as its output; the next, without any, computes Ak of
    that, the next Bk; names that are taken get a small letter more. What a loss brings keeps its name. Raises
    DerivationError for an unknown name, and where a layer cannot read what the one before it computes.
    """
    parts: list[Layer] = []
    number = 0
    taken: set[str] = set()
    for layer in (find(each, layers) for each in names):
        number += _has_parameters(layer)
        suffix = str(number) if layer.outputs[0].sizes else ""
        parts.append(part(layer, suffix="", **_names(layer, parts[-1] if parts else None, suffix, taken)))
    return compose(name, summary or f"{', then '.join(names)}.", *parts)


def _has_parameters(layer: Layer) -> bool:
    """Whether anything but its data has a cotangent."""
    return bool(layer.outputs[0].sizes) and any(not tensor.integer for tensor in islice(layer.inputs, 1, None))


def _names(layer: Layer, before: Layer | None, suffix: str, taken: set[str]) -> dict[str, Name]:
    """New names of tensors and sizes, which are added to those that are taken; the data are the output before."""
    data, output = layer.inputs[0], layer.outputs[0]
    names: dict[str, Name] = {}
    kept = {symbol.name for size in data.sizes for symbol in size.free_symbols}
    if before is None:
        names[data.name] = data.name
        taken |= {data.name, *kept}
    else:
        given = before.outputs[0]
        if len(given.sizes) != len(data.sizes) or not all(size.is_Symbol for size in data.sizes):
            raise DerivationError(f"{layer.name} reads {data}, and not the {given} of {before.name}")
        names[data.name] = given.name
        names |= {old.name: new for old, new in zip(data.sizes, given.sizes, strict=True)}
    sizes = [*layer.size_names, *(size.name for size in layer.size_definitions)]
    options = [option.name for option in layer.options]
    for old in [*(tensor.name for tensor in layer.tensors), *sizes, *options]:
        if old not in names and old not in kept:
            stems = tuple(_OUTPUTS) if old == output.name and suffix else (old,)
            candidates = [stem + suffix for stem in stems]
            longer = (candidate + letter for letter in ascii_lowercase for candidate in candidates)
            names[old] = next(name for name in (*candidates, *longer) if name not in taken)
            taken.add(str(names[old]))
    return names
