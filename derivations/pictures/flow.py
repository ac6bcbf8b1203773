"""What depends on what in a layer, forwards and backwards, and what flows back along each dependency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, groupby, takewhile
from typing import Any

import numpy as np

from derivations.backward import Derivation
from derivations.evaluate import evaluate_equations
from derivations.expressions import tensor_names
from derivations.layer import DerivationError, Equation, Layer
from derivations.sampling import drawn, points, random_inputs, settled, shape_of
from derivations.schedule import schedule

_JOINED = ("substitute a cotangent", "textbook form")  # from these steps on a cotangent skips the tensors between
_SIZES: tuple[dict[str, int], ...] = ({"N": 2}, {}, dict.fromkeys("NCHWRS", 2))  # the others are 3
_OTHER_SIZE, _BITS, _SEEDS = 3, 200, 20


@dataclass(frozen=True)
class Dependency:
    """`head` is computed from `tail`; in a recurrence `before` says that it is from `tail` at the step before."""

    tail: str
    head: str
    before: bool = False


def dependencies(layer: Layer) -> list[Dependency]:
    """Every tensor on the right of an equation, and the tensor on its left, in the order of the equations."""
    order = [equation.name for group in schedule(layer.equations) for equation in group.equations]
    places = {name: place for place, name in enumerate(order)}
    return [
        Dependency(tail.name, equation.name, places.get(tail.name, -1) >= places[equation.name])
        for equation in layer.equations
        for tail in layer.tensors
        if tail.name in tensor_names(equation.rhs)
    ]


def local_cotangents(derivation: Derivation) -> dict[str, Equation]:
    """For each tensor that a cotangent reaches, that cotangent from those of the tensors computed from it alone."""
    found = {}
    for target, steps in groupby(derivation.steps, key=lambda step: step.target):
        first, *others = steps
        last = [first, *takewhile(lambda step: step.rule not in _JOINED, others)][-1]
        found[target] = Equation(first.before_expression, last.after_expression, first.ranges)
    return found


def small_example(derivation: Derivation, cotangents: Mapping[str, Equation], seed: int = 0) -> dict[str, np.ndarray]:
    """The layer's tensors and their cotangents at small sizes and random inputs, to 200 bits, then as float64.

    The cotangent of a loss is 1, other cotangents from outside are random. Of several seeds from `seed` on, the first
    is taken at which no cotangent is all zero. Raises DerivationError where no small sizes fit the layer.
    """
    examples = (_example(derivation, cotangents, each) for each in range(seed, seed + _SEEDS))
    names = [equation.name for equation in cotangents.values()]
    first = next(examples)
    return next((e for e in chain([first], examples) if all(e[name].any() for name in names)), first)


def _example(derivation: Derivation, cotangents: Mapping[str, Equation], seed: int) -> dict[str, np.ndarray]:
    layer, rng = derivation.layer, np.random.default_rng(seed)
    sizes = _small_sizes(layer, rng)
    values = random_inputs(layer, sizes, rng)
    for tensor in derivation.given:
        values[tensor.name] = drawn(shape_of(tensor, layer, sizes), rng) if tensor.sizes else 1.0
    equations = (*layer.equations, *cotangents.values())
    computed = evaluate_equations(layer, equations, values, _BITS, given=derivation.given)
    floats = {name: np.vectorize(_float, otypes=[float])(array) for name, array in computed.items()}
    return {name: np.asarray(value) for name, value in values.items()} | floats


def _small_sizes(layer: Layer, rng: np.random.Generator) -> dict[str, int]:
    """Sizes of 2 and 3 where they fit, and else what the proofs of this layer are tried at."""
    for sizes in _SIZES:
        fitting = settled(layer, {name: sizes.get(name, _OTHER_SIZE) for name in layer.size_names}, rng)
        if fitting is not None:
            return fitting
    for point in points(layer, 0):
        return point.sizes
    raise DerivationError(f"{layer.name}: no small sizes were found that fit it")


def _float(ball: Any) -> float:
    return 0.0 if ball.contains(0) else float(ball)
