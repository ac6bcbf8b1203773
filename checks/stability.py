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
from checks.verdict import AGREE, Finding, judge

Run = Callable[[Trial], Mapping[str, Any]]
# Not float64 for three digits or so: much code of that kind computes in float32 inside.
FINER = {"bfloat16": "float32", "float16": "float32", "float32": "float64"}


def weigh(trial: Trial, finding: Finding, got: NDArray, run: Run) -> Finding:
    """The finding, left open where the error is one of rounding alone, and closed where it is none of rounding.

    Code that cancels (tanh as 2 sigmoid(2x) - 1, near 0) is off by many bounds, and yet computes the right function. In
    three digits a mistake may be off by two bounds, and by thousands of them in seven.
    """
    if not np.isfinite(got).all():
        return finding
    if finding.verdict == "disagree" and _shrinks(trial, finding.cotangent, got, run):
        reason = f"loses digits: off by {finding.error:.2g} bounds, but less with more precision; unstable, not wrong"
        return replace(finding, verdict="unresolved", reason=reason)
    open_question = finding.verdict == "unresolved" and finding.witness == "derivation" and trial.format.name in FINER
    if open_question and not _shrinks(trial, finding.cotangent, got, run):
        return _looked_at_closely(trial, finding, run)
    return finding


def finer(trial: Trial) -> Trial | None:
    """The same trial with more digits, if the code can do with them: if its forward agrees there."""
    if trial.format.name not in FINER:
        return None
    again = replace(trial, format=FORMATS[FINER[trial.format.name]])
    try:
        results = again.forward(again.arguments())
        got = {name: as_numbers(name, results[name]) for name in again.outputs}
    except MisconductError:
        return None
    for name, value in got.items():
        truth = again.truth[name]
        if value.shape != truth.value.shape:
            return None
        if judge("", name, "", value, truth, again.bounds[name]).verdict == "disagree":
            return None
    return again


def _looked_at_closely(trial: Trial, finding: Finding, run: Run) -> Finding:
    """What the same witness finds with more digits, if that is a disagreement."""
    again, name = finer(trial), finding.cotangent
    if again is None:
        return finding
    try:
        got = as_numbers(name, run(again)[name])
    except MisconductError:
        return finding
    if got.shape != again.truth[name].value.shape:
        return finding
    found = judge(trial.label, name, finding.witness, got, again.truth[name], again.bounds[name])
    why = f"it is off by {finding.error:.1f} bounds only" if finding.error > AGREE else "rounding might hide it"
    reason = f"in {again.format.name}: in {trial.format.name} {why}"
    return replace(found, reason=reason) if found.verdict == "disagree" else finding


def _shrinks(trial: Trial, name: str, got: NDArray, run: Run) -> bool:
    """Whether the error falls with the unit of rounding, between this dtype and another, rather than stay.

    The geometric mean of "as the unit does" and "not at all" divides the two. (A mistake in the twelfth digit of
    float64 is beneath what float32 can show, and counts as rounding: it is left open, too, never called right.)
    """
    other = FORMATS[FINER.get(trial.format.name, "float32")]
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
