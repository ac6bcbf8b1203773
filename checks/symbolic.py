"""The witness that knows only the mathematics: the derivation, evaluated exactly."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from checks.verdict import Testimony
from derivations import Derivation, SecondOrder

# Enough for any float64 inputs to be told from a tie, and for a hundred digits to cancel.
PRECISION = 400
# For forty digits to cancel, which takes half the time; what is left open then is reported as open.
PRECISION_AT_FULL_SIZE = 192
UNIT = 2.0**-53


def symbolic(derivation: Derivation | SecondOrder, values: Mapping[str, Any]) -> dict[str, Testimony]:
    """What the equations say, for every tensor that they define: intermediates, outputs and cotangents.

    `values` holds inputs, options and output cotangents; they are taken exactly. The error is that of writing the
    true value as a float64; it is infinite where the equations leave the value open, as at an undecidable tie.
    """
    return {name: _testimony(balls) for name, balls in derivation.evaluate(values, precision=PRECISION).items()}


def symbolic_entries(
    derivation: Derivation, values: Mapping[str, Any], entries: Mapping[str, NDArray]
) -> dict[str, Testimony]:
    """The same for some entries of some tensors, int64 [entries, axes]: what is said is [entries]."""
    balls = derivation.evaluate_entries(values, entries, precision=PRECISION_AT_FULL_SIZE)
    return {name: _testimony(found) for name, found in balls.items()}


def _testimony(balls: np.ndarray) -> Testimony:
    value = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)
    radius = np.vectorize(_radius, otypes=[float])(balls)
    return Testimony(value, radius + np.abs(value) * UNIT, "the equations leave the value open here")


def _radius(ball: arb) -> float:
    return float(ball.rad()) if ball.is_finite() else np.inf
