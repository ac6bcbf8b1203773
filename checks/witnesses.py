"""The witnesses of a gradient: each gives its testimony about one cotangent, or says why it cannot."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.batching import NEARBY, sampled
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
            problem = self._problem(np.float64)
            direction = self.rng.standard_normal(problem.point.shape)
            samples, at_once, refusals = sampled(problem.forward, problem.again, problem.point, NEARBY * direction)
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
            problem = self._problem(np.complex128)
            bounds = problem.joined({name: self.trial.double_bounds[f"d{name}"] for name in problem.shapes})
            asked = problem.joined({name: self.known[f"d{name}"].error for name in problem.shapes})
            entries = [(int(place),) for place in np.flatnonzero(~np.isnan(asked))]
            found = complex_step(
                problem.forward, problem.point, problem.weights, bound=bounds, entries=entries, again=problem.again
            )
            self.steps |= problem.parted(found)
        testimony = self.steps[cotangent]
        check = judge("", cotangent, "", testimony.value, differing, bound)
        if check.verdict == "disagree":
            raise MisconductError(
                "not analytic", "the forward is not analytic: differences contradict its imaginary part"
            )
        return testimony

    def _entries(self, problem: "_Problem", at_once: bool) -> list[tuple[int]]:
        """The entries to look at: all of a tensor, or some drawn at random."""
        most, drawn = (EVERY_ENTRY_AT_ONCE, DRAWN_ENTRIES_AT_ONCE) if at_once else (EVERY_ENTRY, DRAWN_ENTRIES)
        entries: list[tuple[int]] = []
        for part in problem.parts().values():
            size = part.stop - part.start
            every = self.every_entry or size <= most
            places = range(size) if every else self.rng.choice(size, drawn, replace=False)
            entries += [(part.start + int(place),) for place in places]
        return entries

    def _problem(self, dtype: type) -> "_Problem":
        """The forward as a function of all real inputs, end to end, and its outputs, end to end."""
        trial = self.trial
        arguments = trial.arguments(dtype)
        weights = np.concatenate([np.ravel(trial.values[given]) for given in trial.derivation.output_cotangents])
        shapes = {name: np.shape(trial.values[name]) for name in trial.real_inputs}

        def results(run: Callable[[Mapping[str, Any]], dict[str, Any]], point: Any) -> Any:
            reals = {name: point[part].reshape(shapes[name]) for name, part in problem.parts().items()}
            given = run({**arguments, **reals})
            outputs = np.concatenate([np.ravel(given[output]) for output in trial.outputs if output in given])
            if outputs.shape != weights.shape:
                raise MisconductError("shape", "the forward does not give outputs of the layer's shapes")
            return outputs

        problem = _Problem(partial(results, trial.forward), partial(results, trial.forward_again), weights, shapes)
        return replace(problem, point=problem.joined({name: trial.values[name] for name in shapes}))


@dataclass(frozen=True)
class _Problem:
    """The slopes of <weights, forward(point)>: the point holds the inputs of these shapes, end to end.

    `again` is the forward for points like one that it has accepted.
    """

    forward: Callable[[Any], Any]
    again: Callable[[Any], Any]
    weights: NDArray[np.float64]
    shapes: Mapping[str, tuple[int, ...]]
    point: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def parts(self) -> dict[str, slice]:
        """Where in the point each input lies."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes.values()])
        return {
            name: slice(int(end) - math.prod(shape), int(end))
            for (name, shape), end in zip(self.shapes.items(), ends, strict=True)
        }

    def joined(self, arrays: Mapping[str, NDArray]) -> NDArray[np.float64]:
        """Arrays of the inputs' shapes, end to end."""
        return np.concatenate([np.ravel(arrays[name]) for name in self.shapes])

    def parted(self, testimony: Testimony) -> dict[str, Testimony]:
        """What is said about the point, as said about the cotangent of each input."""
        return {
            f"d{name}": replace(
                testimony,
                value=testimony.value[part].reshape(self.shapes[name]),
                error=testimony.error[part].reshape(self.shapes[name]),
            )
            for name, part in self.parts().items()
        }


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
