"""Wrong, or only inaccurate? Rounding errors shrink with the precision; a mistake stays as it is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.implementation import MisconductError, as_numbers, numbers_in
from checks.precision import FORMATS
from checks.trial import Trial
from checks.verdict import AGREE, Finding, judge
from checks.witnesses import Witnesses

Run = Callable[[Trial], Mapping[str, Any]]
# Not float64 for three digits or so: much code of that kind computes in float32 inside.
FINER = {"bfloat16": "float32", "float16": "float32", "float32": "float64"}

# As far as neighbours of three digits are apart; two errors of rounding are alike by chance, more are not.
NEARBY = 2.0**-6
NEARBY_POINTS = 4


def weigh(trial: Trial, finding: Finding, got: NDArray, run: Run) -> Finding:
    """The finding, its disagreement left open where the error is one of rounding alone.

    Code that cancels (tanh as 2 sigmoid(2x) - 1, near 0) is off by many bounds, and yet computes the right function.
    Where the equations contradict the forward, and not this answer, its error is none: another function's slope is.
    """
    name = finding.cotangent
    if finding.verdict != "disagree" or not np.isfinite(got).all():
        return finding
    if trial.verdict_on(name, got) == "agree" and _is_another_function(trial):
        return finding
    if not _shrinks(trial, name, got, run):
        return finding
    off = f"off by {finding.error:.2g} bounds"
    if trial.format.name in FINER:
        reason = f"loses digits: {off}, but less with more precision; unstable, not wrong"
    elif _stays(trial, name, got, run):
        reason = (
            f"{off}, {_error(trial, name, got):.0e}, and by as much at inputs nearby: a number in it may be rounded"
        )
    else:
        reason = f"loses digits: {off}, and by more with less precision; unstable, or it works in float32 inside"
    return replace(finding, verdict="unresolved", reason=reason)


class CloserLook:
    """A trial with more digits, if its code can do with them: what of it rounding hides shows there.

    In three digits a mistake may be off by two bounds, or by half of one, and by thousands of them in seven.
    """

    def __init__(self, trial: Trial) -> None:
        """`trial` is the one in the dtype that was asked for; nothing is run before an answer is looked at."""
        self.trial = trial

    @cached_property
    def again(self) -> Trial | None:
        """The trial in the finer dtype."""
        return finer(self.trial)

    @cached_property
    def answers(self) -> dict[str, NDArray]:
        """What the code gives there: outputs, intermediates and cotangents."""
        if self.again is None:
            return {}
        arguments = self.again.arguments()
        try:
            results = self.again.forward(arguments)
            results = {**results, **self.again.backward(arguments, results)}
            return numbers_in({name: results[name] for name in self.again.truth if name in results})
        except MisconductError:
            return {}

    def at_output(self, finding: Finding) -> Finding:
        """The finding about an output or an intermediate, or the one with more digits where these show a mistake."""
        if finding.verdict == "disagree" or not self._shows_mistake(finding.cotangent, _forward):
            return finding
        assert self.again is not None
        name, again = finding.cotangent, self.again
        found = judge(again.label, name, finding.witness, self.answers[name], again.truth[name], again.bounds[name])
        return replace(found, reason=self._reason(finding))

    def at_cotangent(
        self, name: str, got: NDArray, findings: list[Finding], witnesses: tuple[str, ...], rng: np.random.Generator
    ) -> list[Finding]:
        """The findings about a cotangent, or, where the derivation leaves a mistake open, those with more digits."""
        told = next((f for f in findings if f.witness == "derivation" and f.verdict != "disagree"), None)
        if told is None or not np.isfinite(got).all():
            return findings
        if not self._leaves_doubt(told, got) and not self._shows_mistake(name, Trial.gradients):
            return findings
        if self.again is None or name not in self.answers or self.answers[name].shape != got.shape:
            return findings
        found = Witnesses(self.again, witnesses, rng).judge(name, self.answers[name])
        if not any(finding.witness == "derivation" and finding.verdict == "disagree" for finding in found):
            return findings
        reason = self._reason(told)
        return [replace(finding, reason=reason) if finding.verdict == "disagree" else finding for finding in found]

    def _leaves_doubt(self, told: Finding, got: NDArray) -> bool:
        """Whether the derivation cannot tell, and more digits could; a truth of zero is not hidden."""
        if told.verdict != "unresolved" or self.trial.format.name not in FINER:
            return False
        if told.error <= AGREE and not self.trial.format.near:
            return False
        return not _shrinks(self.trial, told.cotangent, got, Trial.gradients)

    def _shows_mistake(self, name: str, run: Run) -> bool:
        """Whether, where the trial has few digits, more of them show what the few could show as well.

        That is off by more than roundings in the few, and by the same at inputs nearby.
        """
        if not self.trial.format.near or self.again is None or name not in self.answers:
            return False
        got, truth = self.answers[name], self.again.truth[name]
        if got.shape != truth.value.shape:
            return False
        bounds = self.again.bounds[name] + self.trial.format.unit * np.abs(truth.value)
        found = judge("", name, "", got, truth, bounds)
        return found.verdict == "disagree" and _stays(self.again, name, got, run)

    def _reason(self, told: Finding) -> str:
        assert self.again is not None
        why = f"it is off by {told.error:.1f} bounds only" if told.error > AGREE else "rounding might hide it"
        return f"in {self.again.format.name}: in {self.trial.format.name} {why}"


def finer(trial: Trial) -> Trial | None:
    """The same trial with more digits, if the code can do with them: if its forward does not contradict the equations.

    From few digits to more it may contradict them by a mistake, if not by working in few digits there as well.
    """
    if trial.format.name not in FINER:
        return None
    again = trial.in_format(FORMATS[FINER[trial.format.name]])
    wrong = again.contradicted
    if wrong and not trial.format.near:
        return None
    stays = all(value is not None and _stays(again, name, value, _forward) for name, value in wrong.items())
    return again if stays else None


def _stays(trial: Trial, name: str, got: NDArray, run: Run) -> bool:
    """Whether an error is the same at inputs nearby, as that of a mistake is; those of rounding have nothing in common.

    "Nearby" is as far as numbers of few digits are apart.
    """
    here, rng = got - trial.truth[name].value, np.random.default_rng(0)
    asked = ~np.isnan(trial.truth[name].error)
    largest = np.abs(here).max(where=asked, initial=0.0)
    for _ in range(NEARBY_POINTS):
        given = {each: np.asarray(trial.values[each]) for each in trial.real_inputs}
        smaller = {each: value * (1 - NEARBY * rng.random(value.shape)) for each, value in given.items()}
        moved = trial.at(**{each: trial.format.round(value) for each, value in smaller.items()})
        try:
            there = as_numbers(name, run(moved)[name]) - moved.truth[name].value
        except (MisconductError, KeyError):
            return False
        if not (np.abs(there - here)[asked] <= largest / 2).all():
            return False
    return True


def _is_another_function(trial: Trial) -> bool:
    """Whether the equations contradict the forward, and not for rounding alone."""
    outputs = trial.contradicted.items()
    return any(value is None or not _shrinks(trial, name, value, _forward) for name, value in outputs)


def _forward(trial: Trial) -> Mapping[str, Any]:
    return trial.forward(trial.arguments())


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
