"""Wrong, or only inaccurate? Rounding errors shrink with the precision; a mistake stays as it is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.cases import rounded
from checks.implementation import MisconductError, as_numbers
from checks.precision import FORMATS
from checks.trial import Trial
from checks.verdict import Finding

Run = Callable[[Trial], Mapping[str, Any]]


def weigh(trial: Trial, finding: Finding, got: NDArray, run: Run) -> Finding:
    """The finding, its disagreement left open where the error is one of rounding alone.

    Code that cancels (tanh as 2 sigmoid(2x) - 1, near 0) is off by many bounds, and yet computes the right function.
    """
    if finding.verdict != "disagree" or not np.isfinite(got).all() or not _shrinks(trial, finding.cotangent, got, run):
        return finding
    reason = f"loses digits: off by {finding.error:.2g} bounds, but less with more precision; unstable, not wrong"
    return replace(finding, verdict="unresolved", reason=reason)


def _shrinks(trial: Trial, name: str, got: NDArray, run: Run) -> bool:
    """Whether the error falls with the unit of rounding, between this dtype and another, rather than stay.

    The geometric mean of "as the unit does" and "not at all" divides the two. (A mistake in the twelfth digit of
    float64 is beneath what float32 can show, and counts as rounding: it is left open, too, never called right.)
    """
    other = FORMATS["float32" if trial.format.name == "float64" else "float64"]
    again = replace(trial, format=other, values=rounded(trial.derivation.layer, trial.values, other))
    try:
        returned = as_numbers(name, run(again)[name])
    except MisconductError:
        return False
    runs = [(trial.format.unit, _error(trial, name, got)), (other.unit, _error(again, name, returned))]
    (fine_unit, fine), (coarse_unit, coarse) = sorted(runs)
    return fine < coarse * np.sqrt(fine_unit / coarse_unit)


def _error(trial: Trial, name: str, got: NDArray) -> float:
    off = np.abs(got - trial.truth[name].value)
    return float(np.max(off, where=~np.isnan(off), initial=0.0))  # not every entry may have been drawn
