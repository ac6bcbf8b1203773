"""Do two backwards compute the same rational functions? Run both on numbers that only know arithmetic, exactly.

NumPy runs a backward on arrays of exact rationals that can be added, multiplied and divided, but not compared: what
comes out is a rational function of what went in, with no case distinctions. Two such functions that differ agree at a
random point only with a chance of at most degree / number of values to choose from (Schwartz, 1980, J. ACM 27(4),
Lemma 1), which is made as small as one likes. A backward that compares, or needs an exponential, is not judged.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq

from derivations import derive

if TYPE_CHECKING:
    from checks.suite import Row

SIZES = (2, 3, 4)
POINTS = 4
BITS = 62
# No backward here multiplies more than a few factors for each of at most a few hundred entries.
LARGEST_DEGREE = 2**16


class Exact:
    """A rational number that can be calculated with, but not compared."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __neg__(self) -> Exact:
        return Exact(-self.value)

    def __pow__(self, exponent: int) -> Exact:
        return Exact(self.value**exponent)


def _arithmetic(name: str) -> Callable[[Exact, Any], Any]:
    def operation(self: Exact, other: Any) -> Any:
        if isinstance(other, Exact):
            other = other.value
        elif isinstance(other, int | float | np.integer | np.floating) and float(other).is_integer():
            other = fmpq(int(other))
        elif isinstance(other, float | np.floating):
            other = fmpq(*float(other).as_integer_ratio())
        else:
            return NotImplemented
        return Exact(getattr(self.value, name)(other))

    return operation


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv"):
    setattr(Exact, f"__{_name}__", _arithmetic(f"__{_name}__"))


def same_rational_functions(row: Row, one: Callable[..., Any], other: Callable[..., Any]) -> str | None:
    """How it is known that two backwards of a layer return the same rational functions; None where it is not."""
    layer = derive(row.layer).layer
    sizes = {**{name: SIZES[k % len(SIZES)] for k, name in enumerate(layer.size_names)}, **row.sizes}
    rng = np.random.default_rng(0)
    for _ in range(POINTS):
        values = layer.random_inputs(sizes, rng)
        known = {**sizes, **{name: value for name, value in values.items() if isinstance(value, int)}}
        shapes = {tensor.name: layer.shape(tensor.name, known) for tensor in layer.tensors if not tensor.integer}
        shapes |= {f"d{tensor.name}": shapes[tensor.name] for tensor in layer.outputs}
        names = list(inspect.signature(one).parameters)
        arguments = {n: _random(shapes[n], rng) if n in shapes else values[n] for n in names if n in {*shapes, *values}}
        results = [_run(function, arguments) for function in (one, other)]
        if results[0] is None or results[1] is None or not _equal(results[0], results[1]):
            return None
    chance = POINTS * (BITS - LARGEST_DEGREE.bit_length())
    return (
        f"the same rational functions: exactly equal at {POINTS} random points, by chance with less than 2**-{chance}"
    )


def _random(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if not shape:
        return Exact(fmpq(int(rng.integers(1, 2**BITS))))
    array = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        array[place] = Exact(fmpq(int(rng.integers(1, 2**BITS))))
    return array


def _run(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, list[Any]] | None:
    """What a backward makes of exact numbers; None where it needs more than arithmetic."""
    fresh = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}
    try:
        returned = function(**fresh)
    except (TypeError, AttributeError, ValueError, ZeroDivisionError, IndexError, np.exceptions.AxisError):
        return None
    if not isinstance(returned, dict):
        return None
    return {name: [np.shape(value), *np.ravel(np.asarray(value, dtype=object))] for name, value in returned.items()}


def _equal(left: dict[str, list[Any]], right: dict[str, list[Any]]) -> bool:
    return left.keys() == right.keys() and all(
        len(left[name]) == len(right[name])
        and all(_number(a) == _number(b) for a, b in zip(left[name], right[name], strict=True))
        for name in left
    )


def _number(value: Any) -> Any:
    return value.value if isinstance(value, Exact) else value
