"""The witnesses of a gradient: each gives its testimony about one cotangent, or says why it cannot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.batching import NEARBY, Batch, sampled
from checks.complex_step import complex_step
from checks.differences import differences
from checks.implementation import MisconductError
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

    def __init__(self, trial: Trial, chosen: tuple[str, ...], rng: np.random.Generator) -> None:
        """`chosen` names the witnesses; `rng` draws the direction along which noise is measured."""
        self.trial = trial
        self.chosen = chosen
        self.rng = rng
        self.known: dict[str, Testimony] = {}

    def judge(self, cotangent: str, got: NDArray) -> list[Finding]:
        """What each chosen witness makes of `got`, the answer for `cotangent` (float64, of the right shape)."""
        return _outvote([self._judge(witness, cotangent, got) for witness in self.chosen])

    def _judge(self, witness: str, cotangent: str, got: NDArray) -> Finding:
        try:
            testimony = WITNESSES[witness](self, cotangent)
        except MisconductError as misconduct:
            return _silent(self.trial, cotangent, witness, misconduct.reason)
        return judge(self.trial.label, cotangent, witness, got, testimony, self.trial.bounds[cotangent])

    def derivation(self, cotangent: str) -> Testimony:
        """The equations, differentiated and evaluated exactly."""
        return self.trial.truth[cotangent]

    def differences(self, cotangent: str) -> Testimony:
        """Finite differences of the implementation's own forward, in float64. Raises MisconductError if that fails."""
        if cotangent not in self.known:
            problem = self._problem(cotangent, np.float64)
            direction = self.rng.standard_normal(problem.point.shape)
            samples, at_once = sampled(problem.forward, problem.again, problem.point, NEARBY * direction)
            self.known[cotangent] = differences(
                problem.forward,
                problem.point,
                problem.weights,
                entries=self._entries(problem.point.shape, at_once),
                direction=direction,
                convention=self.trial.truth[cotangent].value if self.trial.has_kinks else None,
                samples=samples,
            )
        return self.known[cotangent]

    def complex_step(self, cotangent: str) -> Testimony:
        """The implementation's own forward at a point moved into the imaginary direction.

        Raises MisconductError where the forward takes no complex numbers, and where differences tell that it is not
        analytic.
        """
        problem = self._problem(cotangent, np.complex128)
        bound = self.trial.double_bounds[cotangent]
        differing = self.differences(cotangent)
        entries = [index for index in np.ndindex(problem.point.shape) if not np.isnan(differing.error[index])]
        testimony = complex_step(
            problem.forward, problem.point, problem.weights, bound=bound, entries=entries, again=problem.again
        )
        check = judge("", cotangent, "", testimony.value, differing, bound)
        if check.verdict == "disagree":
            raise MisconductError(
                "not analytic", "the forward is not analytic: differences contradict its imaginary part"
            )
        return testimony

    def _entries(self, shape: tuple[int, ...], at_once: bool) -> list[tuple[int, ...]]:
        """The entries to look at: all, or some drawn at random."""
        indices = list(np.ndindex(shape))
        if len(indices) <= (EVERY_ENTRY_AT_ONCE if at_once else EVERY_ENTRY):
            return indices
        drawn = DRAWN_ENTRIES_AT_ONCE if at_once else DRAWN_ENTRIES
        return [indices[place] for place in self.rng.choice(len(indices), drawn, replace=False)]

    def _problem(self, cotangent: str, dtype: type) -> "_Problem":
        """The forward as a function of the one input whose cotangent is asked for, its outputs end to end."""
        trial, name = self.trial, cotangent.removeprefix("d")
        arguments = trial.arguments(dtype)
        reals = [real for real in trial.real_inputs if real != name]
        weights = np.concatenate([np.ravel(trial.values[given]) for given in trial.derivation.output_cotangents])

        def results(run: Callable[[Mapping[str, Any]], dict[str, Any]], point: Any) -> Any:
            given = run({**arguments, **_beside(point, arguments, reals), name: point})
            outputs = np.concatenate([np.ravel(given[output]) for output in trial.outputs if output in given])
            if outputs.shape != weights.shape:
                raise MisconductError("shape", "the forward does not give outputs of the layer's shapes")
            return outputs

        return _Problem(
            partial(results, trial.forward),
            partial(results, trial.forward_again),
            np.asarray(trial.values[name], np.float64),
            weights,
        )


@dataclass(frozen=True)
class _Problem:
    """The slopes of <weights, forward(point)> are asked for; `again` is the forward for points like one accepted."""

    forward: Callable[[Any], Any]
    again: Callable[[Any], Any]
    point: NDArray[np.float64]
    weights: NDArray[np.float64]


def _beside(point: Any, arguments: Mapping[str, Any], reals: list[str]) -> dict[str, Any]:
    """Where many points are given at once, the other real inputs, the same for each of them."""
    return {real: point.beside(arguments[real]) for real in reals} if isinstance(point, Batch) else {}


WITNESSES: dict[str, Callable[[Witnesses, str], Testimony]] = {
    "derivation": Witnesses.derivation,
    "differences": Witnesses.differences,
    "complex step": Witnesses.complex_step,
}


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
