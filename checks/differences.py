"""The witness that knows only the code: finite differences of the implementation's own forward.

Central differences of <dY, forward(...)> at falling steps, extrapolated to step zero with an error estimate
(C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4, 1982).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checks.verdict import Testimony

FIRST_STEP = 0.11
# Not 2: with halved steps a function that is rounded to a coarser grid gives exactly equal quotients, which look exact.
SHRINK = 2.3
# Steps from 0.11 down to 2e-13, where rounding has eaten every digit.
LEVELS = 33
# A coincidence at coarse steps must not end the search: with six steps the fifth-order extrapolation has neighbours.
FEWEST_LEVELS = 6
HIGHEST_ORDER = 5
# The estimate is the distance of two extrapolations, the coarser of which it overrates; the factor is for noise, of
# which the better of many extrapolations shows less than it has. Measured in tests/checks/test_differences.py.
SAFETY = 4.0
UNIT = 2.0**-53

Curve = Callable[[float], NDArray]


@dataclass(frozen=True)
class Estimate:
    """A derivative and by how much it may be off."""

    value: float
    error: float

    def meets(self, other: "Estimate") -> bool:
        """Whether the two could be estimates of one number."""
        return abs(self.value - other.value) <= self.error + other.error


NOTHING = Estimate(np.nan, np.inf)


def slope(curve: Curve, x: float, weights: NDArray, noise: float = 0.0) -> Estimate:
    """d/dx of sum(weights * curve(x)) by central differences; `noise` is the rounding error of that sum."""
    return _extrapolate(_Samples(curve, x, weights, noise).central, abs(x), power=2)


def slopes(curve: Curve, x: float, weights: NDArray, noise: float = 0.0) -> tuple[Estimate, Estimate, Estimate]:
    """The central slope and the slopes to the left and to the right of x, from the same samples of the curve."""
    samples = _Samples(curve, x, weights, noise)
    scale = abs(x)
    return (
        _extrapolate(samples.central, scale, power=2),
        _extrapolate(samples.left, scale, power=1),
        _extrapolate(samples.right, scale, power=1),
    )


def noise_level(curve: Curve, weights: NDArray) -> float:
    """The rounding noise of sum(weights * curve(t)) near t = 0, from tables of sixth differences.

    Sixth differences of a smooth function at these spacings vanish; what is left is noise, sqrt(924) times as large
    (J. J. More and S. M. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33, 2011). The wider spacing
    is for a forward that works in float32 inside.
    """
    levels = [0.0]
    for spacing in (1.1e-6, 1.3e-4):
        values = np.array([np.sum(weights * curve(spacing * k)) for k in range(15)])
        sixth = np.diff(values, n=6)
        levels.append(float(np.sqrt(np.mean(sixth**2) / 924)) if np.isfinite(sixth).all() else 0.0)
    return max(levels)


def differences(
    forward: Callable[[NDArray], NDArray],
    point: NDArray[np.float64],
    cotangent: NDArray[np.float64],
    *,
    direction: NDArray[np.float64],
    convention: NDArray[np.float64] | None = None,
    entries: Iterable[tuple[int, ...]] | None = None,
) -> Testimony:
    """The gradient of <cotangent, forward(point)> for the given entries of `point`, or all, by differences in float64.

    `forward` maps a float64 array of point's shape to one of cotangent's shape. `direction`, of point's shape, is where
    the noise of `forward` is measured. `convention` is given where the equations have kinks in reach: the slope that
    they name at each entry. It picks the side at a kink, and the differences say what the slope on that side is.
    """

    def along(t: float) -> NDArray:
        return forward(point + t * direction)

    value, error = np.full(point.shape, np.nan), np.full(point.shape, np.nan)
    reason = "differences do not settle"
    with np.errstate(all="ignore"):
        noise = noise_level(along, cotangent)
        for index in np.ndindex(point.shape) if entries is None else entries:
            curve, x = _coordinate(forward, point, index), float(point[index])
            if convention is None:
                estimate = slope(curve, x, cotangent, noise)
            else:
                estimate = _at_kink(slopes(curve, x, cotangent, noise), float(convention[index]))
                reason = "at a kink, the slope that the equations name is that of neither side"
            value[index], error[index] = estimate.value, estimate.error
    return Testimony(value, error, reason)


def _coordinate(forward: Callable[[NDArray], NDArray], point: NDArray, index: tuple[int, ...]) -> Curve:
    def curve(x: float) -> NDArray:
        moved = point.copy()
        moved[index] = x
        return np.array(forward(moved), np.float64)

    return curve


def _at_kink(estimates: tuple[Estimate, Estimate, Estimate], convention: float) -> Estimate:
    central, left, right = estimates
    if left.meets(right):
        return central
    named = Estimate(convention, 0.0)
    nearer = min(left, right, key=lambda side: abs(side.value - convention))
    return nearer if nearer.meets(named) else NOTHING


class _Samples:
    """Difference quotients of sum(weights * curve) about x, each with its rounding error; a sample is taken once."""

    def __init__(self, curve: Curve, x: float, weights: NDArray, noise: float) -> None:
        self.curve, self.x, self.weights, self.noise = curve, x, weights, noise
        self.taken: dict[float, NDArray] = {}
        self.touched = np.zeros(weights.shape, bool)
        self.grid = np.full(weights.shape, np.inf)

    def central(self, step: float) -> Estimate:
        return self._quotient(self.x - step, self.x + step)

    def left(self, step: float) -> Estimate:
        return self._quotient(self.x - step, self.x)

    def right(self, step: float) -> Estimate:
        return self._quotient(self.x, self.x + step)

    def _quotient(self, low: float, high: float) -> Estimate:
        below, above, run = self._sample(low), self._sample(high), high - low
        if run == 0:
            return NOTHING
        # Entry by entry first: outputs that x does not touch cancel exactly and bring no noise.
        rise = above - below
        self.touched |= rise != 0
        self.grid = np.minimum(self.grid, np.minimum(_last_digit(above), _last_digit(below)))
        rounding = np.where(self.touched, np.maximum(self.grid, UNIT * (np.abs(above) + np.abs(below))), 0.0)
        noise = float(np.sum(np.abs(self.weights) * rounding)) + self.noise
        return Estimate(float(np.sum(self.weights * rise)) / run, noise / run)

    def _sample(self, x: float) -> NDArray:
        if x not in self.taken:
            self.taken[x] = self.curve(x)
        return self.taken[x]


def _last_digit(values: NDArray) -> NDArray:
    """The value of the last binary digit set: the grid that the numbers lie on, coarse where code rounds to float32."""
    significand, exponent = np.frexp(values)
    digits = np.ldexp(significand, 53).astype(np.int64)
    return np.where(digits == 0, np.inf, np.ldexp((digits & -digits).astype(float), exponent - 53))


def _extrapolate(quotient: Callable[[float], Estimate], scale: float, power: int) -> Estimate:
    """Neville's table in step**power; the entry whose neighbours differ least, noise included, is the answer."""
    best, previous, levels = NOTHING, list[float](), 0
    for level in range(LEVELS):
        sample = quotient(FIRST_STEP * max(scale, 1.0) / SHRINK**level)
        if not np.isfinite(sample.value):
            previous = []  # outside the domain, as log is left of zero: start again nearer
            continue
        if levels >= FEWEST_LEVELS and sample.error >= best.error:
            break
        levels += 1
        row = [sample.value]
        for order, coarser in enumerate(previous[:HIGHEST_ORDER], 1):
            finer = row[-1]
            row.append(finer + (finer - coarser) / (SHRINK ** (power * order) - 1))
            error = SAFETY * (max(abs(row[-1] - finer), abs(row[-1] - coarser)) + sample.error)
            if error < best.error:
                best = Estimate(row[-1], error)
        previous = row
    return best
