"""What code that does not take an input or an option is looked at with, and values to try a call with."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import sympy as sp

from checks.implementation import MisconductError, Values
from checks.randomness import undisturbed
from derivations import DerivationError, Layer, Option
from derivations.expressions import entry_name

Result = TypeVar("Result")


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


def tried(
    run: Callable[[Values], Result], layer: Layer, *, equal: bool = False, settled: Mapping[str, float] | None = None
) -> Result | None:
    """What somebody's code makes of `example_of`; None where it raises, or where the smallest options do not fit.

    Nobody who draws random numbers besides is disturbed.
    """
    try:
        with undisturbed():
            return run(example_of(layer, equal=equal, settled=settled))
    except (MisconductError, DerivationError):
        return None


def example_of(layer: Layer, *, equal: bool = False, settled: Mapping[str, float] | None = None) -> Values:
    """Ones for every input, the smallest options, and sizes that are all different, or all `equal`, but for those told.

    Sizes that are named first are larger: a kernel fits into its image.
    """
    known = settled or {}
    free = (number for number in itertools.count(3) if number not in known.values())
    numbers: dict[str, Any] = {size: 3 if equal else next(free) for size in reversed(layer.size_names)}
    smallest = {option.name: smallest_of(option) for option in layer.options}
    numbers |= {name: 1 if low is None else low for name, low in smallest.items()}
    numbers |= known
    kinds = {tensor.name: np.int64 if tensor.integer else np.float64 for tensor in layer.inputs}
    return {**numbers, **{name: np.ones(layer.shape(name, numbers), kind) for name, kind in kinds.items()}}
