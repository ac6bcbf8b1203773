"""Is this the slope? The remainder of Taylor's theorem tells, without a tolerance.

Along a direction v, |f(x + h v) - f(x) - h <g, v>| falls as h**2 where g is the gradient, and as h where it is not
(P. E. Farrell, D. A. Ham, S. W. Funke and M. E. Rognes, "Automated derivation of the adjoint of high-level transient
finite element programs", SIAM J. Sci. Comput. 35, 2013, section 5). The order is read off where the steps are smallest
and the remainder still stands out of the noise. Where it never does, f has no curvature along v.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checks.verdict import Verdict

# Steps from a quarter down to 4e-9, where a float64 remainder of second order is a float64's last digit.
STEPS = 4.0 ** -np.arange(1.0, 15.0)
# So many levels in a row tell an order.
FEWEST_LEVELS = 4
# A remainder that stands out by that much is changed by the noise by an eighth: its order over a step of 4, by 0.2.
STANDS_OUT = 8.0
SLACK = 0.3
# Nothing is called right where a slope off by a hundredth could hide, in the noise or behind the curvature.
HIDDEN = 0.01
# Rounding errors e know nothing of a direction v that is drawn afterwards, so <e, v> is a normal variable of deviation
# |e|: beyond six of them once in five hundred million.
SIGMAS = 6.0


@dataclass(frozen=True)
class Slope:
    """What the remainders say: the verdict, the order that they fall with (NaN where they never stand out), and why."""

    verdict: Verdict
    order: float
    reason: str
    error: float = 0.0


def slope_test(steps: NDArray, rises: NDArray, predicted: NDArray, noise: NDArray) -> Slope:
    """Judge a slope from how the function rises over falling steps, and how it was predicted to rise: arrays [L].

    `noise` bounds what rounding does to each remainder. A rise of NaN is one that could not be had: a point outside
    the domain, or beyond a kink.
    """
    with np.errstate(all="ignore"):
        remainders = np.abs(rises - predicted)
        clean, would_be = remainders > STANDS_OUT * noise, np.abs(predicted) > STANDS_OUT * noise
        shown = HIDDEN * np.abs(predicted) > STANDS_OUT * noise
    known = np.isfinite(rises)
    if known.any() and not np.isfinite(predicted[known]).all():
        return Slope("disagree", np.nan, "the slope is no number", np.inf)
    clean, would_be = clean & known & np.isfinite(noise), would_be & known
    end = _end_of_last_run(clean)
    if end:
        return _by_order(steps[:end], remainders[:end], np.abs(predicted[:end]), noise[:end])
    if clean.any():
        return Slope("unresolved", np.nan, "the remainder stands out of the noise at too few steps to tell its order")
    if not _end_of_last_run(would_be):
        return Slope("unresolved", np.nan, "vacuous: along this direction a slope of zero would do as well")
    if not _end_of_last_run(shown & known):
        return Slope("unresolved", np.nan, "the noise would hide a slope that is off by a hundredth")
    return Slope("agree", np.nan, "the remainder is no more than noise at every step")


def _by_order(steps: NDArray, remainders: NDArray, predicted: NDArray, noise: NDArray) -> Slope:
    """The verdict on the last levels that stand out of the noise."""
    last = slice(-FEWEST_LEVELS, None)
    orders = np.diff(np.log(remainders[last])) / np.diff(np.log(steps[last]))
    order = float(np.mean(orders))
    found = f"the remainder falls with order {order:.2f} down to steps of {steps[-1]:.1g}"
    if (orders > 2 - SLACK).all():
        if remainders[-1] > HIDDEN * predicted[-1]:
            return Slope("unresolved", order, f"{found}: curvature would hide a slope that is off by a hundredth")
        return Slope("agree", order, found)
    if (np.abs(orders - 1) < SLACK).all():
        error = float(remainders[-1] / noise[-1]) if noise[-1] else np.inf
        return Slope("disagree", order, f"{found}: this is not the slope", error)
    return Slope("unresolved", order, f"{found}: neither 1 nor 2")


def _end_of_last_run(flags: NDArray) -> int:
    """Behind the last run of enough flags: the place where it ends; 0 where there is none."""
    runs = np.convolve(flags, np.ones(FEWEST_LEVELS), mode="full")[: len(flags)] == FEWEST_LEVELS
    return int(np.flatnonzero(runs)[-1]) + 1 if runs.any() else 0
