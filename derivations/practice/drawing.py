"""Small random formulas: numbers, functions and sums that a person can differentiate by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, log, sigmoid, sin, tanh

T = TypeVar("T")
Function = Callable[[sp.Expr], sp.Expr]


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """One of them."""
    return choices[int(rng.integers(len(choices)))]


def pick_several(rng: np.random.Generator, choices: Sequence[T], count: int) -> list[T]:
    """Several of them, all different."""
    return [choices[k] for k in rng.permutation(len(choices))[:count]]


def between(rng: np.random.Generator, low: int, high: int) -> sp.Integer:
    """A whole number from low to high."""
    return sp.Integer(int(rng.integers(low, high + 1)))


def nonzero(rng: np.random.Generator, largest: int) -> sp.Integer:
    """A whole number that is not 0, from -largest to largest."""
    return between(rng, 1, largest) * pick(rng, (1, 1, -1))


def linear(rng: np.random.Generator, x: sp.Expr) -> sp.Expr:
    """`a*x + b`, with a not 1."""
    return between(rng, 2, 5) * x + between(rng, 1, 5) * pick(rng, (0, 1, -1))


def polynomial(rng: np.random.Generator, x: sp.Expr, degrees: Sequence[int], count: int) -> sp.Expr:
    """A sum of a few powers of x; 0 among the degrees is a constant term."""
    return sp.Add(*(nonzero(rng, 5) * x**degree for degree in pick_several(rng, degrees, count)))


def above_zero(rng: np.random.Generator, x: sp.Expr) -> sp.Expr:
    """A polynomial that is positive everywhere."""
    return between(rng, 1, 4) * x**2 + between(rng, 1, 5)


def times(number: sp.Expr) -> Function:
    """The function that multiplies by a number."""
    return lambda x: number * x


TRIGONOMETRIC: tuple[Function, ...] = (sin, cos)
SMOOTH: tuple[Function, ...] = (sin, cos, exp, tanh, sigmoid)
POSITIVE_ONLY: tuple[Function, ...] = (log, sp.sqrt)
