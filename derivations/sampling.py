"""Random inputs of a layer, and random sizes at which it makes sense: where equations are evaluated to be compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from derivations.demand import work
from derivations.evaluate import Machine, evaluate_equations
from derivations.expressions import log, tensor_names, walk
from derivations.fields import Floats
from derivations.layer import DerivationError, Layer, Option, Tensor
from derivations.sizes import concrete_sizes, concrete_value

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
LARGEST_SIZE = 3
MOST_PLACES = 3000
MOST_DRAWS = 2000
MOST_TERMS = 500_000  # of all equations at a point, a second or two of balls


def random_inputs(layer: Layer, sizes: Mapping[str, float], rng: np.random.Generator) -> dict[str, Any]:
    """Random inputs and options of a layer, exactly representable in 12 bits, so that every dtype holds them.

    Real tensors are near N(0, 1), positive ones between 1/8 and 3; integer tensors lie within their bounds; options
    keep the values given in `sizes`. Where the equations have logarithms or roots, inputs at which they are not
    finite are drawn again, then from the positive numbers, then from those between 0 and 1.
    Raises DerivationError for missing sizes.
    """
    styles = (_normal, _normal, _positive, _fraction) if _has_a_domain(layer) else (_normal,)
    for style in styles:
        values = _draw_inputs(layer, sizes, rng, style)
        if len(styles) == 1 or _is_finite(layer, values):
            break
    return values


def is_in_domain(layer: Layer, values: Mapping[str, Any]) -> bool:
    """Whether the layer's equations have a value, no logarithm or root of what has none, at some values."""
    return not _has_a_domain(layer) or _is_finite(layer, values)


@lru_cache(maxsize=256)
def _has_a_domain(layer: Layer) -> bool:
    """Whether the equations have functions that not every number has a value under."""
    nodes = [node for equation in layer.equations for node in walk(equation.rhs)]
    return any(isinstance(n, log) or (isinstance(n, sp.Pow) and not n.exp.is_integer) for n in nodes)


@lru_cache(maxsize=256)
def _under_a_logarithm(layer: Layer) -> frozenset[str]:
    """The positive inputs whose logarithm is taken: most are probabilities, and code may cut these off at 1."""
    positive = {tensor.name for tensor in layer.inputs if tensor.positive}
    taken = [tensor_names(node) for equation in layer.equations for node in walk(equation.rhs) if isinstance(node, log)]
    return frozenset(positive.intersection(*[set().union(*taken)]))


def _is_finite(layer: Layer, values: Mapping[str, Any]) -> bool:
    results = evaluate_equations(layer, layer.equations, values, "float64")
    return all(np.isfinite(result).all() for result in results.values())


def _draw_inputs(layer: Layer, sizes: Mapping[str, float], rng: np.random.Generator, style: Draw) -> dict[str, Any]:
    options, known = _draw_options(layer, sizes, rng)
    values: dict[str, Any] = dict(options)
    for tensor in layer.inputs:
        shape = tuple(concrete_value(size, known) for size in tensor.sizes)
        own = _fraction if tensor.name in _under_a_logarithm(layer) and style is not _positive else style
        values[tensor.name] = _random_tensor(tensor, shape, known, rng, own)
    return values | {name: known[name] for name in layer.hidden_sizes if name in known}


def _draw_options(
    layer: Layer, sizes: Mapping[str, float], rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, int]]:
    """Values for the options, drawn where `sizes` leaves them open, and all sizes that follow."""
    options = {o.name: sizes[o.name] if o.name in sizes else _random_option(o, sizes, rng) for o in layer.options}
    whole = {name: int(value) for name, value in options.items() if float(value).is_integer()}
    return options, concrete_sizes(layer, {**{n: int(v) for n, v in sizes.items() if n in layer.size_names}, **whole})


def _random_option(option: Option, sizes: Mapping[str, float], rng: np.random.Generator) -> Any:
    if not option.integer:
        return float(rng.integers(1, 32 if option.high is None else 16 * int(option.high) + 1)) / 16
    low = 1 if option.positive else 0
    if option.low is None:
        return low
    known = {name: value for name, value in sizes.items() if isinstance(value, int | np.integer)}
    low = concrete_value(option.low, known)
    high = concrete_value(option.high, known) if option.high is not None else low + 2
    _check_bounds(option, low, high)
    return int(rng.integers(low, high + 1))


def _check_bounds(what: Option | Tensor, low: int, high: int) -> None:
    if low > high:
        raise DerivationError(f"{what.name} lies in {low}..{high} at these sizes, and there is nothing in it")


def _label_bounds(tensor: Tensor, known: Mapping[str, int]) -> tuple[int, int]:
    low, high = concrete_value(tensor.low, known), concrete_value(tensor.high, known)
    _check_bounds(tensor, low, high)
    return low, high


def _random_tensor(
    tensor: Tensor, shape: tuple[int, ...], known: Mapping[str, int], rng: np.random.Generator, style: Draw
) -> Any:
    if tensor.integer and tensor.low is not None and tensor.high is not None:
        low, high = _label_bounds(tensor, known)
        return rng.integers(low, high + 1, size=shape)
    return (_positive if tensor.positive and style is _normal else style)(rng, shape)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.clip(np.round(rng.standard_normal(shape) * 512), -2047, 2047) / 512


def _positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.integers(128, 3072, size=shape) / 1024)


def _fraction(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.integers(64, 960, size=shape) / 1024)


# ------------------------------------------------------------------------------------------ random points


@dataclass(frozen=True)
class Point:
    """Sizes with whole options, and random inputs and options at these sizes."""

    sizes: dict[str, int]
    values: dict[str, Any]


def points(layer: Layer, seed: int) -> Iterator[Point]:
    """Where to evaluate a layer's equations: all sizes 1 first, then small ones at random.

    The same layer and seed give the same points; what one proof has drawn serves the next. Not to be written to.
    """
    found = (_point(layer, seed, draw) for draw in range(MOST_DRAWS))
    return (point for point in found if point is not None)


@lru_cache(maxsize=4096)
def _point(layer: Layer, seed: int, draw: int) -> Point | None:
    rng = np.random.default_rng([seed, draw])
    sizes = settled(layer, _small_sizes(layer, rng) if draw else dict.fromkeys(layer.size_names, 1), rng)
    return Point(sizes, random_inputs(layer, sizes, rng)) if sizes is not None else None


def _small_sizes(layer: Layer, rng: np.random.Generator) -> dict[str, int]:
    largest = LARGEST_SIZE + 2 * bool(layer.size_definitions)
    sizes = {name: int(rng.integers(1, largest + 1)) for name in layer.size_names}
    for option in layer.options:
        if option.integer and option.high is None:
            sizes[option.name] = int(rng.integers(1 if option.positive else 0, 3))
    return sizes


def settled(layer: Layer, sizes: Mapping[str, int], rng: np.random.Generator) -> dict[str, int] | None:
    """The sizes, and whole options drawn for them; None where some tensor has no shape, or one is too large."""
    try:
        options, known = _draw_options(layer, sizes, rng)
        for tensor in layer.inputs:
            if tensor.integer and tensor.low is not None and tensor.high is not None:
                _label_bounds(tensor, known)
    except DerivationError:
        return None
    if math.prod(size for name, size in known.items() if name[0].isupper()) > MOST_PLACES:
        return None
    if terms_at(layer, known) > MOST_TERMS:
        return None
    return {**sizes, **{name: value for name, value in options.items() if isinstance(value, int)}}


def require_evaluable(layer: Layer) -> None:
    """Raise DerivationError for a layer whose fixed sizes are so large that nothing about it could be evaluated."""
    smallest = dict.fromkeys(layer.size_names, 1)
    try:
        _, known = _draw_options(layer, smallest, np.random.default_rng(0))
        least = terms_at(layer, known)
    except DerivationError:
        return  # there are other sizes
    if least > MOST_TERMS:
        raise DerivationError(
            f"{layer.name}: with the numbers among its sizes it has {least} terms or more; at most {MOST_TERMS} are "
            "evaluated: write letters, X[N, D], since what is derived holds for all sizes"
        )


def terms_at(layer: Layer, sizes: Mapping[str, int]) -> int:
    """How many terms the equations have at some sizes and whole options, and entries the inputs."""
    known = concrete_sizes(layer, sizes)
    inputs = sum(math.prod(concrete_value(size, known) for size in tensor.sizes) for tensor in layer.inputs)
    return inputs + work(layer.equations, Machine(Floats(), known))


def shape_of(tensor: Tensor, layer: Layer, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """A tensor's shape, also that of a cotangent, which is none of the layer's own tensors."""
    known = concrete_sizes(layer, sizes)
    return tuple(concrete_value(size, known) for size in tensor.sizes)


def drawn(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Numbers near N(0, 1) of a few bits."""
    return np.asarray(np.round(rng.standard_normal(shape) * 512) / 512)


def whole(values: Mapping[str, Any]) -> dict[str, int]:
    """The sizes and whole options among the values of a point."""
    return {name: value for name, value in values.items() if isinstance(value, int)}
