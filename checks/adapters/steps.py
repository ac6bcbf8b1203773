"""Code that moves its parameters at once, instead of returning their gradients: what it moved them by are these."""

from collections.abc import Mapping, Sequence
from inspect import getattr_static
from typing import Any

import numpy as np

from checks.adapters.arguments import RATE, RATES
from checks.adapters.places import Place

Rates = list[tuple[Any, str]]


def rates_of(made: Any, options: Sequence[str]) -> Rates:
    """Where an object, or an optimizer that it has, keeps a learning rate that is no option of the layer."""
    owners = [made, *(kept for kept in getattr(made, "__dict__", {}).values() if hasattr(kept, "__dict__"))]
    kept = [(owner, name) for owner in owners for name in RATES if name not in options]
    return [(owner, name) for owner, name in kept if isinstance(getattr_static(owner, name, None), float | int)]


def set_rates(rates: Rates) -> None:
    """Let all of them be RATE."""
    for owner, name in rates:
        setattr(owner, name, RATE)


def steps_taken_back(
    fresh: Any, places: Mapping[str, Place], before: Mapping[str, np.ndarray], rate: float = RATE
) -> dict[str, Any]:
    """The gradients that an object has moved its parameters by, which are where they were before, then."""
    found = {}
    for name, value in before.items():
        after = places[name].array(fresh)
        if np.shape(after) == value.shape and not np.array_equal(after, value):
            found[f"d{name}"] = (value - after) / value.dtype.type(rate)
            places[name].put(fresh, value)
    return found


def put_back(given: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> None:
    """Give arrays of `values` that code has moved in place, as it is meant to, their entries again."""
    for name, array in given.items():
        if not np.array_equal(values[name], array):
            values[name][...] = array
