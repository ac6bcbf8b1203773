"""Do two backwards compute the same functions? Run both on numbers that only know arithmetic, exactly.

NumPy runs a backward on arrays of exact rationals that can be added, multiplied and divided, but not compared. An
exponential, a root or a tanh of such a number is a random one, always the same for the same argument: it stands for any
function at all. What comes out is a rational function of what went in and of those, with no case distinctions, and
two such functions that differ agree at a random point only with a chance of at most degree / number of values to
choose from (Schwartz, 1980, J. ACM 27(4), Lemma 1), which is made as small as one likes. Memory that was asked for and
not filled holds random numbers, others each time. A backward that compares numbers is not judged.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq

from checks.cases import draw_cases
from checks.mutants import with_global
from checks.precision import FORMATS
from derivations import derive

if TYPE_CHECKING:
    from checks.suite import Row

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

    def conjugate(self) -> Exact:
        """Itself, as it is real."""
        return self


def _arithmetic(name: str) -> Callable[[Exact, Any], Any]:
    def operation(self: Exact, other: Any) -> Any:
        if isinstance(other, Exact):
            other = other.value
        elif isinstance(other, int | float | np.integer | np.floating | np.bool_):
            other = fmpq(*float(other).as_integer_ratio())
        else:
            return NotImplemented
        return Exact(getattr(self.value, name)(other))

    return operation


def _opaque(name: str) -> Callable[[Exact], Exact]:
    """Any function: a random number for an argument, and the same one whenever it comes again."""
    return lambda self: Exact(fmpq(random.Random(f"{name} {self.value}").randrange(1, 2**BITS)))


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv"):
    setattr(Exact, f"__{_name}__", _arithmetic(f"__{_name}__"))
for _name in ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "sin", "cos"):
    setattr(Exact, _name, _opaque(_name))  # NumPy's function of an array of objects calls the method of that name


class _WithoutFilling:
    """NumPy, but memory that nobody has filled holds random exact numbers."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, *_: Any, **__: Any) -> Any:
        """Random numbers of this shape."""
        return _random(np.broadcast_shapes(shape), self.rng)

    def empty_like(self, array: Any, *_: Any, **__: Any) -> Any:
        """Random numbers of the array's shape."""
        return _random(np.shape(array), self.rng)


def same_functions(chosen: Sequence[Row], one: Callable[..., Any], other: Callable[..., Any]) -> str | None:
    """How it is known that two backwards of a layer return the same functions; None where it is not.

    They are run at all sizes and options at which the layer is checked, so that every way through the code is taken
    that a check takes.
    """
    rng, looked = np.random.default_rng(0), 0
    for row in chosen:
        layer = derive(row.layer).layer
        for case in draw_cases(layer, row.sizes, FORMATS["float64"], rng):
            known = {**case.sizes, **{n: v for n, v in case.values.items() if isinstance(v, int)}}
            shapes = {tensor.name: layer.shape(tensor.name, known) for tensor in layer.tensors if not tensor.integer}
            shapes |= {f"d{tensor.name}": shapes[tensor.name] for tensor in layer.outputs}
            names = [n for n in inspect.signature(one).parameters if n in {*shapes, *case.values}]
            for _ in range(POINTS if not looked else 1):
                looked += 1
                arguments = {n: _random(shapes[n], rng) if n in shapes else case.values[n] for n in names}
                results = [_run(function, arguments, rng) for function in (one, other)]
                if results[0] is None or results[1] is None or not _equal(results[0], results[1]):
                    return None
    chance = BITS - LARGEST_DEGREE.bit_length()
    return f"the same functions: exactly equal at {looked} random points, each by chance with less than 2**-{chance}"


def _random(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    if not shape:
        return Exact(fmpq(int(rng.integers(1, 2**BITS))))
    array = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        array[place] = Exact(fmpq(int(rng.integers(1, 2**BITS))))
    return array


def _run(
    function: Callable[..., Any], arguments: dict[str, Any], rng: np.random.Generator
) -> dict[str, list[Any]] | None:
    """What a backward makes of exact numbers; None where it needs more than arithmetic."""
    fresh = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}
    try:
        returned = with_global(function, "np", _WithoutFilling(rng))(**fresh)
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
