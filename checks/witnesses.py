"""The witnesses of a gradient: each gives its testimony about one cotangent, or says why it cannot."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from checks.batching import NEARBY, Samples, sampled
from checks.complex_step import complex_step
from checks.differences import SAFETY, UNIT, differences, noise_along
from checks.implementation import MisconductError
from checks.problem import Problem, problem_of
from checks.taylor import SIGMAS, STEPS, slope_test
from checks.trial import Trial
from checks.verdict import AGREE, Finding, Testimony, judge

# Every entry of a small tensor; of a larger one, as many as a forward can be called for without a wait.
EVERY_ENTRY = 60
DRAWN_ENTRIES = 16
# The same where one call takes many points.
EVERY_ENTRY_AT_ONCE = 400
DRAWN_ENTRIES_AT_ONCE = 64


class Witnesses:
    """The witnesses of one trial; what one of them has found out is kept for the next."""

    def __init__(
        self, trial: Trial, chosen: tuple[str, ...], rng: np.random.Generator, *, every_entry: bool = False
    ) -> None:
        """`chosen` names the witnesses; `rng` draws the direction along which noise is measured.

        Of large tensors entries are drawn, unless `every_entry` is asked for.
        """
        self.trial = trial
        self.chosen = chosen
        self.rng = rng
        self.every_entry = every_entry
        self.known: dict[str, Testimony] = {}
        self.steps: dict[str, Testimony] = {}

    def judge(self, cotangent: str, got: NDArray) -> list[Finding]:
        """What each chosen witness makes of `got`, the answer for `cotangent` (float64, of the right shape)."""
        return _outvote([self._judge(witness, cotangent, got) for witness in self.chosen])

    def _judge(self, witness: str, cotangent: str, got: NDArray) -> Finding:
        try:
            if witness == "taylor":
                return self.taylor(cotangent, got)
            testimony = TESTIMONIES[witness](self, cotangent)
        except MisconductError as misconduct:
            return _silent(self.trial, cotangent, witness, misconduct.reason)
        trial, bounds = self.trial, self.trial.bounds[cotangent]
        found = judge(trial.label, cotangent, witness, got, testimony, bounds, trial.format.near)
        if witness == "derivation" or found.verdict == "agree" or not trial.contradicted:
            return found
        bounds = _of_another_function(trial, cotangent, testimony)
        return judge(trial.label, cotangent, witness, got, testimony, bounds, trial.format.near)

    def derivation(self, cotangent: str) -> Testimony:
        """The equations, differentiated and evaluated exactly."""
        return self.trial.truth[cotangent]

    def differences(self, cotangent: str) -> Testimony:
        """Finite differences of the implementation's own forward, in float64. Raises MisconductError if that fails."""
        if cotangent not in self.known:
            problem, direction, samples, at_once, refusals = self.sampled
            truth = self.trial.truth if self.trial.has_kinks else {}
            found = differences(
                problem.forward,
                problem.point,
                problem.weights,
                entries=self._entries(problem, at_once),
                direction=direction,
                convention=problem.joined({name: truth[f"d{name}"].value for name in problem.shapes})
                if truth
                else None,
                samples=samples,
                noise=self.noise,
            )
            reason = refusals[0].reason if refusals else found.reason
            self.known |= problem.parted(replace(found, reason=reason))
        return self.known[cotangent]

    def complex_step(self, cotangent: str) -> Testimony:
        """The implementation's own forward at a point moved into the imaginary direction.

        Raises MisconductError where the forward takes no complex numbers, and where differences tell that it is not
        analytic.
        """
        differing, bound = self.differences(cotangent), self.trial.double_bounds[cotangent]
        if cotangent not in self.steps:
            problem = problem_of(self.trial, np.complex128)
            bounds = problem.joined({name: self.trial.double_bounds[f"d{name}"] for name in problem.shapes})
            asked = problem.joined({name: self.known[f"d{name}"].error for name in problem.shapes})
            entries = [(int(place),) for place in np.flatnonzero(~np.isnan(asked))]
            try:
                found = complex_step(
                    problem.forward, problem.point, problem.weights, bound=bounds, entries=entries, again=problem.again
                )
            except MisconductError as misconduct:
                raise MisconductError(
                    misconduct.kind, f"the forward takes no complex numbers: {misconduct.reason}"
                ) from misconduct
            self.steps |= problem.parted(found)
        testimony = self.steps[cotangent]
        check = judge("", cotangent, "", testimony.value, differing, bound)
        if check.verdict == "disagree":
            raise MisconductError(
                "not analytic", "the forward is not analytic: differences contradict its imaginary part"
            )
        return testimony

    def taylor(self, cotangent: str, got: NDArray) -> Finding:
        """The order with which Taylor's remainder falls along a random direction, if the answer is the slope.

        Raises MisconductError where the forward fails.
        """
        if self.trial.on_kink:
            return _silent(self.trial, cotangent, "taylor", "on a kink there is no slope to all sides")
        if not np.isfinite(got).all() and not np.isfinite(self.trial.truth[cotangent].value).all():
            return _silent(self.trial, cotangent, "taylor", "the layer itself has no slope here")
        problem, everywhere, samples, _, _ = self.sampled
        name = cotangent.removeprefix("d")
        direction = np.zeros_like(everywhere)
        direction[problem.parts()[name]] = everywhere[problem.parts()[name]]
        points = problem.point + STEPS[:, None] * direction
        moved, parts = points - problem.point, problem.parts()[name]
        with np.errstate(all="ignore"):
            base, *results = samples(np.concatenate([problem.point[None], points]))
            outputs = np.stack(results)
            rises = (outputs - base) @ problem.weights
            sizes = np.where(outputs == base, 0.0, np.abs(outputs) + np.abs(base))
        rises[~self._smooth(problem, direction)] = np.nan
        noise = SAFETY * self.noise + UNIT * sizes @ np.abs(problem.weights)
        noise += STEPS * SIGMAS * np.linalg.norm(self.trial.bounds[cotangent])
        with np.errstate(all="ignore"):
            predicted = moved[:, parts] @ got.ravel()
        found = slope_test(STEPS, rises, predicted, noise)
        return Finding(self.trial.label, cotangent, "taylor", found.verdict, found.error, found.reason)

    def _smooth(self, problem: Problem, direction: NDArray) -> NDArray:
        """For each of Taylor's steps, whether no kink lies within it: all arguments keep half their distance from one.

        Steps fall, so it is asked by halving.
        """
        if not self.trial.has_kinks:
            return np.full(len(STEPS), True)
        derivation, values = self.trial.derivation, self.trial.values
        base = derivation.kinks(values)
        beyond, within = -1, len(STEPS)
        while within - beyond > 1:
            middle = (beyond + within) // 2
            there = derivation.kinks({**values, **problem.split(problem.point + STEPS[middle] * direction)})
            keeps = all(_keeps_off(d0, d) for (_, d0), (_, d) in zip(base, there, strict=True))
            beyond, within = (beyond, middle) if keeps else (middle, within)
        return np.arange(len(STEPS)) >= within

    @cached_property
    def sampled(self) -> tuple[Problem, NDArray, Samples, bool, list[MisconductError]]:
        """The forward in float64 as a function of one point, a direction through it, and many results at once."""
        problem = problem_of(self.trial, np.float64)
        direction = self.rng.standard_normal(problem.point.shape)
        return problem, direction, *sampled(problem.forward, problem.again, problem.point, NEARBY * direction)

    @cached_property
    def noise(self) -> float:
        """The rounding noise of the weighted outputs."""
        problem, direction, samples, _, _ = self.sampled
        return noise_along(samples, problem.point, direction, problem.weights)

    def _entries(self, problem: Problem, at_once: bool) -> list[tuple[int]]:
        """The entries to look at: all of a tensor, or some drawn at random."""
        most, drawn = (EVERY_ENTRY_AT_ONCE, DRAWN_ENTRIES_AT_ONCE) if at_once else (EVERY_ENTRY, DRAWN_ENTRIES)
        entries: list[tuple[int]] = []
        for part in problem.parts().values():
            size = part.stop - part.start
            every = self.every_entry or size <= most
            places = range(size) if every else self.rng.choice(size, drawn, replace=False)
            entries += [(part.start + int(place),) for place in places]
        return entries


TESTIMONIES: dict[str, Callable[[Witnesses, str], Testimony]] = {
    "derivation": Witnesses.derivation,
    "differences": Witnesses.differences,
    "complex step": Witnesses.complex_step,
}
# Taylor's remainder gives no value to compare with, and judges by itself.
WITNESSES = (*TESTIMONIES, "taylor")


def _of_another_function(trial: Trial, cotangent: str, testimony: Testimony) -> NDArray:
    """What rounding may make of the slope of a forward that is another function than the layer's.

    Nobody knows its equations: a share of its largest entry is granted, as large as that of the layer's own.
    """
    truth, bounds = trial.truth[cotangent].value, trial.bounds[cotangent]
    largest, of_truth = (np.abs(v).max(where=np.isfinite(v), initial=0.0) for v in (testimony.value, truth))
    share = bounds.max(where=np.isfinite(bounds), initial=0.0) / of_truth if of_truth else 0.0
    return np.maximum(bounds, max(share, trial.format.unit) * largest)


def _keeps_off(here: NDArray, there: NDArray) -> bool:
    """Whether distances from kinks change by half of themselves at most."""
    with np.errstate(invalid="ignore"):  # where there is nothing to tie with, the distance is infinite
        return bool(((here == there) | (np.abs(there - here) <= here / 2)).all())


def _outvote(findings: list[Finding]) -> list[Finding]:
    """A complex step that alone contradicts is at fault itself.

    It looks at the same forward as the differences do, but has no estimate of its own error where that forward cancels
    (log(1 - sigmoid(x)), far out).
    """
    others = [finding for finding in findings if finding.witness != "complex step"]
    verdicts = {finding.verdict for finding in others}
    if "agree" not in verdicts or "disagree" in verdicts:
        return findings
    reason = "the forward loses digits at a complex point, or is not analytic: no other witness contradicts"
    return others + [
        finding
        if finding.error <= AGREE
        else replace(finding, verdict="unresolved", error=0.0, reason=reason, worst=())
        for finding in findings
        if finding.witness == "complex step"
    ]


def _silent(trial: Trial, cotangent: str, witness: str, reason: str) -> Finding:
    return Finding(trial.label, cotangent, witness, "unresolved", 0.0, reason)
