"""Problems on the chain rule: composites, nested ones, powers whose base and exponent both move."""

from __future__ import annotations

from functools import partial

import numpy as np
import sympy as sp

from derivations.expressions import cos, exp, log, sigmoid, sin, tanh
from derivations.practice.derivatives import differentiate
from derivations.practice.drawing import SMOOTH, above_zero, between, linear, nonzero, pick, pick_several
from derivations.practice.posing import X


def composite(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A function of a linear one; of a power or a sum; the same beside another factor."""
    outer = pick(rng, (sin, cos, exp, tanh, sigmoid))
    if difficulty == 1:
        inner = linear(rng, X)
        return nonzero(rng, 5) * pick(rng, (outer(inner), inner ** between(rng, 2, 6), outer(X ** between(rng, 2, 4))))
    inner = pick(rng, (X**2, X**3)) * between(rng, 1, 3) + nonzero(rng, 4) * pick(rng, (1, X))
    whole = pick(rng, (outer(inner), inner ** between(rng, 2, 5), log(above_zero(rng, X)), sp.sqrt(above_zero(rng, X))))
    if difficulty == 2:
        return nonzero(rng, 5) * whole
    return X ** between(rng, 1, 3) * whole


def nest(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """Two functions, one in the other; three; three with a factor or a term in between."""
    one, two, three = pick_several(rng, SMOOTH, 3)
    rate = between(rng, 2, 5)
    if difficulty == 1:
        return nonzero(rng, 3) * pick(rng, (one(two(rate * X)), one(X) ** between(rng, 2, 5), one(two(X))))
    if difficulty == 2:
        outside = pick(rng, (one, lambda z: z ** between(rng, 2, 4)))
        return nonzero(rng, 3) * outside(two(X ** between(rng, 2, 3) + nonzero(rng, 4)))
    middle = two(three(rate * X)) if rng.integers(2) else two(X * three(X))
    return pick(
        rng,
        (one(middle), sp.sqrt(between(rng, 1, 5) + middle**2), log(between(rng, 1, 5) + middle**2), one(middle) ** 2),
    )


def moving_power(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """x to a power that moves; a function to one; a product of powers, or both at once."""
    scale = nonzero(rng, 4)
    if difficulty == 1:
        return scale * X ** pick(
            rng, (between(rng, 1, 6) * X, X + nonzero(rng, 5), between(rng, 2, 4) * X + nonzero(rng, 3))
        )
    if difficulty == 2:
        exponent = pick(
            rng, (X**2, pick(rng, (sin, cos, tanh))(between(rng, 1, 4) * X), log(X), X * between(rng, 1, 5))
        )
        return scale * pick(rng, (X, X + between(rng, 1, 5), X**2 + between(rng, 1, 5))) ** exponent
    return scale * pick(
        rng,
        (
            X ** (between(rng, 1, 4) * X) * exp(between(rng, 2, 5) * X),
            X ** between(rng, 2, 4)
            * sp.sqrt(X + between(rng, 1, 6))
            / (X**2 + between(rng, 1, 6)) ** between(rng, 2, 3),
            (X + between(rng, 1, 6)) ** X * X ** between(rng, 2, 5),
            X ** (X ** between(rng, 2, 3)) * (X + between(rng, 1, 6)),
        ),
    )


composites = partial(differentiate, composite)
nested = partial(differentiate, nest)
logarithmic = partial(differentiate, moving_power)
