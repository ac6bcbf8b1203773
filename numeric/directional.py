"""One directional derivative of the whole network's loss, in float64: is the gradient still the slope?

The backward claims the slope <gradient, v> along a random direction v. The loss itself, at a few weights on the line
through the current ones, says what it is: a parabola is fitted to it (A. Savitzky and M. J. E. Golay, "Smoothing and
differentiation of data by simplified least squares procedures", Analytical Chemistry 36, 1964), and what the fit leaves
over is rounding, truncation or a kink (of ReLU, of a maximum): by each of them the slope may be off in proportion.
Ridders' extrapolation needs as many samples, and has but one disagreement to tell its error by, which is small by
chance now and then; the fit has as many as it has degrees of freedom.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from numeric.network import Network

# Images that are enough: an error in a backward is one in every row.
ROWS = 8
# Along a direction of length 1 the loss is a parabola to the last digit within steps so small, and differences still
# have nine digits. Smaller ones are for networks with so many kinks that some are always in reach.
STEPS = (1e-5, 1e-6, 1e-7)
PLACES = np.arange(-3.0, 4.0)
_POWERS = np.vander(PLACES, 3)
_FIT = np.linalg.pinv(_POWERS)  # from the loss at the places to the coefficients of the parabola
# The estimated standard deviation of the slope has four degrees of freedom: beyond fifty of them Student's t lies once
# in a million times, and two steps must say so. Curvature's own slope explains five of them, one kink three.
SAFETY = 50.0
# How far along the line its middle lies from the current weights: at a start whose biases are all zero, an image
# without ink lies on the kink of every ReLU, and the slopes on both sides may be alike by chance and unlike the
# backward's.
NUDGE = 1e-4
# A slope that is known no better than to a thousandth of itself would not show much.
TELLING = 1e-3
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class DirectionalCheck:
    """The slope that the backward claims, the one that the loss has, and by how much they may differ at most."""

    claimed: float
    measured: float
    bound: float

    @property
    def error(self) -> float | None:
        """How far apart the two are, in units of the bound; None where kinks or rounding hide the slope."""
        if math.isfinite(self.measured) and not math.isfinite(self.claimed):
            return math.inf
        if not self.bound <= TELLING * max(abs(self.claimed), abs(self.measured)):
            return None
        return abs(self.claimed - self.measured) / self.bound

    @property
    def disagrees(self) -> bool:
        """Whether the gradient is not the slope."""
        return self.error is not None and self.error > 1


def directional_check(
    network: Network, vector: np.ndarray, X: np.ndarray, T: np.ndarray, rng: np.random.Generator
) -> DirectionalCheck:
    """Compare the gradient beside `vector`, NUDGE away, with the slope of the loss of a batch X with targets T, as
    `network.targets` gives them, along a direction drawn with `rng`.

    Everything is computed in float64, whatever it comes in. The loss must be a function: with a stage that draws anew
    each time, as dropout does, nothing can be told. A disagreement counts where two steps in turn show it.
    """
    at, X = vector.astype(np.float64), X.astype(np.float64)  # copies, also of float64
    T = T.astype(np.float64) if T.dtype.kind == "f" else T
    parameters, move = network.views(at), _direction(network, NUDGE, rng)
    at += move
    with np.errstate(all="ignore"):  # what is not finite shows in the numbers; some BLAS raise the flags for nothing
        L, gradient = network.backward(parameters, X, T)
        claimed, length, ahead, disagreed = float(gradient @ move) / NUDGE, NUDGE, 0.0, False
        rises = np.zeros(len(PLACES))
        for step in STEPS:
            move *= step / length
            at += (PLACES[0] - 1 - ahead / step) * move
            for number, place in enumerate(PLACES):
                at += move
                if place:
                    rises[number] = network.loss_of(parameters, X, T) - L
            length, ahead = step, PLACES[-1] * step
            found = DirectionalCheck(claimed, *_slope(rises, step, L))
            if found.error is not None and (disagreed or not found.disagrees):
                return found
            disagreed = found.disagrees
    return replace(found, bound=math.inf) if disagreed else found


def _direction(network: Network, length: float, rng: np.random.Generator) -> np.ndarray:
    """Random signs, of this length altogether; every tensor has an equal share: a bias counts as much as a matrix."""
    bits = np.frombuffer(rng.bytes(math.ceil(network.size / 8)), np.uint8)
    signs = np.unpackbits(bits, count=network.size).view(np.int8)
    signs += signs
    signs -= 1
    v = np.empty(network.size)
    for part, sign in zip(network.views(v).values(), network.views(signs).values(), strict=True):
        np.multiply(sign, length / math.sqrt(part.size * len(network.shapes)), out=part)
    return v


def _slope(rises: np.ndarray, step: float, L: float) -> tuple[float, float]:
    """The slope at the middle of the line, and by how much it may be off."""
    if not np.isfinite(rises).all():
        return math.nan, math.inf
    coefficients = _FIT @ rises
    left = rises - _POWERS @ coefficients
    noise = math.hypot(math.sqrt(left @ left / (len(PLACES) - 3)), EPS * L)
    # The last term is the backward's own rounding, in networks whose answers are of about 1.
    return float(coefficients[1]) / step, SAFETY * (noise / (step * math.sqrt(PLACES @ PLACES)) + EPS)
