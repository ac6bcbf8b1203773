"""Wrong, or only inaccurate? Rounding errors shrink with the precision; a mistake stays as it is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.implementation import MisconductError, as_numbers
from checks.precision import FORMATS
from checks.trial import Trial
from checks.verdict import AGREE, Finding, Verdict, judge
from checks.witnesses import Witnesses

Run = Callable[[Trial], Mapping[str, Any]]
# Not float64 for three digits or so: much code of that kind computes in float32 inside.
FINER = {"bfloat16": "float32", "float16": "float32", "float32": "float64"}


def weigh(trial: Trial, finding: Finding, got: NDArray, run: Run) -> Finding:
    """The finding, its disagreement left open where the error is one of rounding alone.

    Code that cancels (tanh as 2 sigmoid(2x) - 1, near 0) is off by many bounds, and yet computes the right function.
    Where the equations contradict the forward, and not this answer, its error is none: another function's slope is.
    """
    name = finding.cotangent
    if finding.verdict != "disagree" or not np.isfinite(got).all():
        return finding
    if _verdict(trial, name, got) == "agree" and _is_another_function(trial):
        return finding
    if not _shrinks(trial, name, got, run):
        return finding
    reason = f"loses digits: off by {finding.error:.2g} bounds, but less with more precision; unstable, not wrong"
    return replace(finding, verdict="unresolved", reason=reason)


def look_closer(
    trial: Trial, name: str, got: NDArray, findings: list[Finding], witnesses: tuple[str, ...], rng: np.random.Generator
) -> list[Finding]:
    """The findings about a cotangent, or, where the derivation leaves a mistake open, those with more digits.

    In three digits a mistake may be off by two bounds, and by thousands of them in seven.
    """
    doubt = next((f for f in findings if f.witness == "derivation" and f.verdict == "unresolved"), None)
    if doubt is None or trial.format.name not in FINER or not np.isfinite(got).all():
        return findings
    if doubt.error <= AGREE and not trial.format.near:  # the truth is zero, not hidden
        return findings
    again = None if _shrinks(trial, name, got, Trial.gradients) else finer(trial)
    if again is None:
        return findings
    try:
        closer = again.gradients()[name]
    except MisconductError:
        return findings
    if closer.shape != got.shape:
        return findings
    found = Witnesses(again, witnesses, rng).judge(name, closer)
    if not any(finding.witness == "derivation" and finding.verdict == "disagree" for finding in found):
        return findings
    why = f"it is off by {doubt.error:.1f} bounds only" if doubt.error > AGREE else "rounding might hide it"
    reason = f"in {again.format.name}: in {trial.format.name} {why}"
    return [replace(finding, reason=reason) if finding.verdict == "disagree" else finding for finding in found]


def finer(trial: Trial) -> Trial | None:
    """The same trial with more digits, if the code can do with them: if its forward agrees there."""
    if trial.format.name not in FINER:
        return None
    again = trial.in_format(FORMATS[FINER[trial.format.name]])
    return again if _forward_agrees(again) else None


def _forward_agrees(trial: Trial) -> bool:
    """Whether the equations contradict none of the forward's outputs."""
    return not _contradicted(trial)


def _is_another_function(trial: Trial) -> bool:
    """Whether the equations contradict the forward, and not for rounding alone."""
    outputs = _contradicted(trial)
    return any(value is None or not _shrinks(trial, name, value, _forward) for name, value in outputs.items())


def _contradicted(trial: Trial) -> dict[str, NDArray | None]:
    """The outputs that the equations contradict; None for what cannot be compared with them."""
    try:
        results = _forward(trial)
        got = {name: as_numbers(name, results[name]) for name in trial.outputs}
    except MisconductError:
        return dict.fromkeys(trial.outputs)
    comparable = {name: value if value.shape == trial.truth[name].value.shape else None for name, value in got.items()}
    return {n: value for n, value in comparable.items() if value is None or _verdict(trial, n, value) == "disagree"}


def _forward(trial: Trial) -> Mapping[str, Any]:
    return trial.forward(trial.arguments())


def _verdict(trial: Trial, name: str, value: NDArray) -> Verdict:
    """What the equations say of a value."""
    return judge("", name, "", value, trial.truth[name], trial.bounds[name]).verdict


def _shrinks(trial: Trial, name: str, got: NDArray, run: Run) -> bool:
    """Whether the error falls with the unit of rounding, between this dtype and another, rather than stay.

    The geometric mean of "as the unit does" and "not at all" divides the two. (A mistake in the twelfth digit of
    float64 is beneath what float32 can show, and counts as rounding: it is left open, too, never called right.)
    """
    other = FORMATS[FINER.get(trial.format.name, "float32")]
    again = trial.in_format(other)
    try:
        results = run(again)
        if results.get(name) is None:  # it may have none in another format
            return False
        returned = as_numbers(name, results[name])
    except MisconductError:
        return False
    runs = [(trial.format.unit, _error(trial, name, got)), (other.unit, _error(again, name, returned))]
    (fine_unit, fine), (coarse_unit, coarse) = sorted(runs)
    return fine < coarse * np.sqrt(fine_unit / coarse_unit)


def _error(trial: Trial, name: str, got: NDArray) -> float:
    off = np.abs(got - trial.truth[name].value)
    return float(np.max(off, where=~np.isnan(off), initial=0.0))  # not every entry may have been drawn
