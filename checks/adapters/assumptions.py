"""What code that does not take an input or an option is looked at with, and values to try a call with."""

from typing import Any

import numpy as np
import sympy as sp

from checks.implementation import Values
from derivations import Layer, Option
from derivations.expressions import entry_name


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
