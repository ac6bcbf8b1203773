"""How far apart may two correct answers be, in this dtype, at this entry?

Ball arithmetic answers: the derivation is evaluated with as many bits as the dtype has, every operation adds its
rounding to the radius, and the radius of the result is what a correct program may be off by (F. Johansson, "Arb:
efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans. Computers 66, 2017).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from checks.kinks import on_kink
from checks.precision import Format
from derivations import Derivation
from derivations.evaluate import evaluate_entries, evaluate_equations
from derivations.fields import Balls

# Balls round elementary functions to half a unit in the last place. NumPy's, and those of graphics processors, are
# right to one to four units (CUDA C++ Programming Guide, "Mathematical functions"): one bit less makes room for that.
LIBRARY_BITS = 1


class Roundings(Balls):
    """Balls that grow by every rounding of a program with so many bits, term by term in matrix products as well."""

    def matmul(self, left: NDArray, right: NDArray) -> NDArray:
        """The ball of the exact product, and the roundings of every term and of every partial sum."""
        first, second = _middles(left), _middles(right)
        partial = np.zeros((*left.shape[:2], right.shape[2]))
        sizes = np.zeros_like(partial)
        for k in range(left.shape[2]):
            term = first[:, :, k, None] * second[:, k, None, :]
            partial += term
            sizes += np.abs(term) + np.abs(partial)
        return super().matmul(left, right) + np.frompyfunc(arb, 2, 1)(0.0, sizes * 2.0**-self.bits)


def rounding_bounds(
    derivation: Derivation,
    values: Mapping[str, Any],
    format: Format,
    entries: Mapping[str, NDArray] | None = None,
) -> dict[str, NDArray]:
    """For every tensor that the derivation defines, a float64 array: by how much each entry may be off.

    `values` holds inputs, options and output cotangents, all of them numbers of `format`. A bound is infinite where
    rounding leaves nothing certain: a divisor that may be zero, a result beyond the largest number. `entries` asks for
    some entries of some tensors only, int64 [entries, axes]; the bounds are then [entries].
    """
    field, layer, equations = Roundings(format.precision - LIBRARY_BITS), derivation.layer, derivation.equations
    perturbed = _perturbed(derivation, values)

    def enter(name: str, part: NDArray) -> NDArray:
        return _spread(part, format) if name in perturbed else field.array(part)

    if entries is None:
        given = {name: _spread(value, format) if name in perturbed else value for name, value in values.items()}
        balls = evaluate_equations(layer, equations, given, field, given=derivation.given)
    else:
        balls = evaluate_entries(layer, equations, values, entries, field, given=derivation.given, enter=enter)
    return {
        name: np.vectorize(lambda ball: _bound(ball, format), otypes=[float])(array) for name, array in balls.items()
    }


def _perturbed(derivation: Derivation, values: Mapping[str, Any]) -> set[str]:
    """The tensors whose entries become balls of one rounding about themselves.

    A backward stable program gives the right answer to inputs that are one rounding away (N. J. Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, section 1.5). It may shift logits by their maximum, or subtract a mean,
    before it does anything else. Where inputs tie or lie on a kink they stay as they are: a correct program compares
    them exactly, and a ball about them would hold both sides. Nothing compares cotangents, and a sum of them that
    cancels has a small radius in one order of additions only: they get their balls there, too.
    """
    real = set(derivation.output_cotangents)
    if not on_kink(derivation, values):
        real |= {tensor.name for tensor in derivation.layer.inputs if not tensor.integer}
    return real


def _spread(values: Any, format: Format) -> NDArray:
    return np.asarray(np.frompyfunc(arb, 2, 1)(np.asarray(values, object), np.abs(values) * format.unit), object)


def _middles(balls: NDArray) -> NDArray[np.float64]:
    return np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)


def _bound(ball: arb, format: Format) -> float:
    """The radius, one rounding of the value and the smallest normal number, under which no digit is sure."""
    size, radius = float(ball.abs_upper()), float(ball.rad())
    if not math.isfinite(size) or size > format.largest:
        return np.inf
    return radius + size * format.unit + format.tiny
