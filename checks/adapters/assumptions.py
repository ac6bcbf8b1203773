"""What code that does not take an input or an option is looked at with, and values to try a call with."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import sympy as sp

from checks.implementation import Implementation, MisconductError, Values
from checks.randomness import undisturbed
from derivations import DerivationError, Layer, Option
from derivations.expressions import entry_name

Result = TypeVar("Result")


def assumed_without(layer: Layer, taken: set[str]) -> dict[str, int]:
    """What code without them has for masks, for states that a recurrence starts from, biases and gains, and options.

    A mask is all ones, a first state zero, a stride or a padding the smallest there is; what is added to every row is
    zero, and what multiplies every row is one.
    """
    starts = {entry_name(boundary.rhs): 0 for boundary in layer.boundaries if isinstance(boundary.rhs, sp.Indexed)}
    masks = {tensor.name: 1 for tensor in layer.inputs if tensor.integer and (tensor.low, tensor.high) == (0, 1)}
    smallest = {option.name: smallest_of(option) for option in layer.options if option.integer}
    options = {name: low for name, low in smallest.items() if low is not None}
    values = {**starts, **masks, **neutral(layer), **options}
    return {name: value for name, value in values.items() if name not in taken}


def neutral(layer: Layer) -> dict[str, int]:
    """What changes nothing of biases and gains: 0 where a parameter is a term, 1 where it is a factor of one.

    Such a parameter is read once, and by every entry of something that has more axes than it has itself.
    """
    found: dict[str, int] = {}
    read = [(equation, node) for equation in layer.equations for node in _entries(equation.rhs)]
    for tensor in layer.inputs:
        here = [(equation, node) for equation, node in read if entry_name(node) == tensor.name]
        if tensor.integer or len(here) != 1:
            continue
        equation, entry = here[0]
        if 0 < len(tensor.sizes) < len(equation.indices):
            if any(entry in total.args and len(_read(total)) > 1 for total in equation.rhs.atoms(sp.Add)):
                found[tensor.name] = 0
            elif any(entry in sp.Mul.make_args(term) for term in sp.Add.make_args(equation.rhs)):
                found[tensor.name] = 1
    return found


def _entries(expression: sp.Expr) -> list[sp.Expr]:
    """Every entry of a tensor in an expression, as often as it stands there."""
    return [node for node in sp.preorder_traversal(expression) if isinstance(node, sp.Indexed)]


def _read(expression: sp.Expr) -> set[str]:
    """The tensors that an expression reads."""
    return {entry_name(node) for node in _entries(expression)}


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


def sizes_shown(layer: Layer, values: Values) -> dict[str, int]:
    """The sizes that the shapes of the inputs show, as far as these are there."""
    shapes = [zip(each.sizes, np.shape(values[each.name]), strict=True) for each in layer.inputs if each.name in values]
    return {str(size): n for shape in shapes for size, n in shape if size.is_Symbol}


def told_sizes(layer: Layer, names: Mapping[str, Any]) -> dict[str, float]:
    """The sizes that are told, as numbers beside the names of other things."""
    return {name: n for name, n in names.items() if isinstance(n, int | float) and name in layer.size_names}


def runs(implementation: Implementation, layer: Layer) -> bool:
    """Whether somebody's forward and backward get through `example_of`."""

    def run(values: Values) -> bool:
        results = implementation.forward(values)
        outputs = [tensor.name for tensor in layer.outputs]
        implementation.backward({**values, **results, **{f"d{name}": np.ones_like(results[name]) for name in outputs}})
        return True

    return bool(tried(run, layer, settled=implementation.sizes))


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
