"""Sizes at concrete values: what follows from what, and what the shapes of given arrays say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from derivations.expressions import floordiv, modulo
from derivations.layer import DerivationError, Layer, Tensor

Value = int | Fraction


def concrete_value(expression: sp.Expr, known: Mapping[str, int]) -> int:
    """A size or an integer expression of sizes at concrete values.

    Raises DerivationError where a size is missing, or where it comes out as no whole number.
    """
    if expression.is_Integer:
        return int(expression)
    if expression.is_Symbol and expression.name in known:
        return known[expression.name]
    missing = [name for name in names_in(expression) if name not in known]
    if missing:
        raise DerivationError(f"the size {missing[0]!r} is not known; give it a value")
    try:
        value = _function(expression)(known)
    except ZeroDivisionError:
        raise DerivationError(f"{expression} divides by 0 where {where(expression, known)}") from None
    if value.denominator != 1:
        raise DerivationError(f"{expression} is no whole number where {where(expression, known)}")
    return int(value)


@lru_cache(maxsize=8192)
def names_in(expression: sp.Expr) -> tuple[str, ...]:
    """The names of the symbols in an expression of sizes, sorted."""
    return tuple(sorted(symbol.name for symbol in expression.free_symbols))


@lru_cache(maxsize=8192)
def _function(expression: sp.Expr) -> Callable[[Mapping[str, int]], Value]:
    """An expression of sizes as a function of their values: SymPy's own substitution takes a thousand times longer."""
    if expression.is_Symbol:
        return lambda known: known[expression.name]
    if expression.is_Rational:
        number: Value = int(expression) if expression.is_Integer else Fraction(int(expression.p), int(expression.q))
        return lambda known: number
    operation = _OPERATIONS.get(expression.func)
    if operation is None:
        raise DerivationError(f"{expression} is no size")
    parts = [_function(part) for part in expression.args]
    return lambda known: operation([part(known) for part in parts])


_OPERATIONS: dict[type, Callable[[list[Value]], Value]] = {
    sp.Add: sum,
    sp.Mul: math.prod,
    sp.Pow: lambda parts: Fraction(parts[0]) ** int(parts[1]),
    floordiv: lambda parts: parts[0] // parts[1],
    modulo: lambda parts: parts[0] % parts[1],
    sp.Min: min,
    sp.Max: max,
}


def where(expression: sp.Expr, known: Mapping[str, int]) -> str:
    """`H = 3 and pad = 1`: the values behind an expression."""
    return " and ".join(f"{name} = {known[name]}" for name in names_in(expression))


def concrete_sizes(layer: Layer, sizes: Mapping[str, float]) -> dict[str, int]:
    """The given sizes and options, and the sizes that follow from them.

    Raises DerivationError for a size that is missing, unknown, or comes out below 1.
    """
    known = {name: value for name, value in sizes.items() if isinstance(value, int | np.integer)}
    pending = dict(layer.size_definitions)
    while pending:
        ready = {s: d for s, d in pending.items() if all(name in known for name in names_in(d))}
        if not ready:
            missing = sorted({name for d in pending.values() for name in names_in(d)} - set(known))
            raise DerivationError(f"{layer.name}: the size {missing[0]!r} is not known; give it a value")
        for size, definition in ready.items():
            value = concrete_value(definition, known)
            if known.get(size.name, value) != value:
                raise DerivationError(f"{layer.name}: {size} = {definition} is {value}, not {known[size.name]}")
            known[size.name] = value
            del pending[size]
    for name in known:
        if known[name] < 1 and name[0].isupper():
            raise DerivationError(f"{layer.name}: the size {name} is {known[name]}; it must be at least 1")
    for tensor in layer.tensors:
        for size in tensor.sizes:
            if size.is_Symbol or any(name not in known for name in names_in(size)):
                continue
            if concrete_value(size, known) < 1:
                raise DerivationError(
                    f"{layer.name}: {tensor} is empty where {where(size, known)}; a size must be at least 1"
                )
    return known


def sizes_from(layer: Layer, tensors: Iterable[Tensor], values: Mapping[str, Any]) -> dict[str, int]:
    """Read the sizes off the shapes of the values.

    Raises DerivationError, naming both sides, where shapes clash.
    """
    known = {name: int(values[name]) for name in layer.size_names if name in values}
    known |= {option.name: int(values[option.name]) for option in layer.options if option.integer}
    origin = dict.fromkeys(known, "the given value")
    todo: list[tuple[Tensor, sp.Expr, int]] = []
    for tensor in tensors:
        shape = np.shape(values[tensor.name])
        if len(shape) != len(tensor.sizes):
            raise DerivationError(f"{layer.name}: {tensor.name} has shape {shape}, expected {tensor}")
        todo += [(tensor, size, actual) for size, actual in zip(tensor.sizes, shape, strict=True)]
    defined = {size.name for size in layer.size_definitions}
    while todo:
        left = []
        for tensor, size, actual in todo:
            unknown = [name for name in names_in(size) if name not in known]
            if not unknown:
                expected = concrete_value(size, known)
                if expected != actual:
                    sources = ", ".join(sorted({origin.get(n, "a formula") for n in names_in(size)}) or ["itself"])
                    raise DerivationError(
                        f"{layer.name}: {tensor.name} has shape {np.shape(values[tensor.name])}, expected {tensor} "
                        f"with {size} = {expected} (from {sources})"
                    )
            elif len(unknown) == 1 and unknown[0] not in defined:
                found = actual if size.is_Symbol else _solved(size, unknown[0], known, actual)
                if found is None or found < 1:
                    raise DerivationError(f"{layer.name}: {tensor.name} has a size of {actual}, which no {size} makes")
                known[unknown[0]], origin[unknown[0]] = found, tensor.name
            else:
                left.append((tensor, size, actual))
        if len(left) == len(todo):
            known = concrete_sizes(layer, known)
            origin = {name: origin.get(name, "a formula") for name in known}
        todo = left
    return concrete_sizes(layer, known)


def _solved(size: sp.Expr, name: str, known: Mapping[str, int], actual: int) -> int | None:
    """The one unknown of a size that is linear in it; None where no whole number does it."""
    at_zero, at_one, at_two = (_function(size)({**known, name: value}) for value in (0, 1, 2))
    slope = at_one - at_zero
    if slope == 0 or at_two - at_one != slope:
        return None
    found = Fraction(actual - at_zero) / slope
    fits = found.denominator == 1 and _function(size)({**known, name: int(found)}) == actual
    return int(found) if fits else None
