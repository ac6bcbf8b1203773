"""One direction through all entries at once: what is left to look along where entries are too many for a look at each.

Along a random direction v the forward's slope is <dX, v>, a sum over every entry: a mistake in any of them shows unless
it is smaller than the rounding of all of them together.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from checks.differences import UNIT, slope
from checks.implementation import MisconductError
from checks.problem import Problem, problem_of
from checks.taylor import FEWEST_LEVELS, SIGMAS, STANDS_OUT, STEPS, slope_test
from checks.trial import Trial
from checks.verdict import Finding, Testimony, judge

Look = Callable[[Trial, Problem, NDArray, Mapping[str, NDArray]], Finding]


def along_a_direction(
    trial: Trial, got: Mapping[str, NDArray], chosen: tuple[str, ...], rng: np.random.Generator
) -> list[Finding]:
    """What the chosen witnesses see along one random direction through all inputs; where they object, along one for
    each input.

    `got` is what the backward gave, by name.
    """
    problem = problem_of(trial, np.float64)
    known = [name for name in problem.shapes if f"d{name}" in got]
    chosen = tuple(witness for witness in chosen if witness in LOOKS)
    if not known or not chosen:
        return []
    if trial.has_kinks:
        reason = "among so many entries some kink is always in reach"
        return [Finding(trial.label, f"d{n}", w, "unresolved", 0.0, reason) for n in known for w in chosen]
    everywhere = rng.standard_normal(problem.point.shape)
    findings: dict[str, list[Finding]] = {}
    for witness, found in zip(chosen, _looked(trial, problem, everywhere, got, known, chosen), strict=True):
        findings[witness] = [replace(found, cotangent=f"d{name}") for name in known]
    objecting = tuple(witness for witness in chosen if findings[witness][0].verdict == "disagree")
    if objecting and len(known) > 1:
        apart = [_looked(trial, problem, _within(problem, name, everywhere), got, [name], objecting) for name in known]
        for place, witness in enumerate(objecting):
            findings[witness] = [replace(f[place], cotangent=f"d{name}") for name, f in zip(known, apart, strict=True)]
    return [findings[witness][place] for place in range(len(known)) for witness in chosen]


def _within(problem: Problem, name: str, direction: NDArray) -> NDArray:
    part = problem.parts()[name]
    inside = np.zeros_like(direction)
    inside[part] = direction[part]
    return inside


def _looked(
    trial: Trial,
    problem: Problem,
    direction: NDArray,
    got: Mapping[str, NDArray],
    names: list[str],
    chosen: tuple[str, ...],
) -> list[Finding]:
    directions = problem.split(direction)
    with np.errstate(all="ignore"):
        predicted = sum(float(np.vdot(got[f"d{name}"], directions[name])) for name in names)
    # The bounds of entries that are not drawn are taken to be like those that are.
    squares = [np.nanmean(trial.bounds[f"d{name}"] ** 2) * directions[name].size for name in names]
    allowed = SIGMAS * float(np.sqrt(sum(squares)))

    @cache
    def rise(t: float) -> float:
        return float(problem.weights @ (problem.forward(problem.point + t * direction) - base))

    try:
        base = np.array(problem.forward(problem.point.copy()), np.float64)
        size = float(np.abs(problem.weights) @ np.abs(base))
        return [LOOKS[witness](trial, rise, 2 * UNIT * size, predicted, allowed) for witness in chosen]
    except MisconductError as misconduct:
        return [Finding(trial.label, "", witness, "unresolved", 0.0, misconduct.reason) for witness in chosen]


def _differences(
    trial: Trial, rise: Callable[[float], float], noise: float, predicted: float, allowed: float
) -> Finding:
    with np.errstate(all="ignore"):
        found = slope(lambda t: np.array([rise(t)]), 0.0, np.ones(1), noise)
    testimony = Testimony(np.array([found.value]), np.array([found.error]), "differences do not settle")
    finding = judge(trial.label, "", "differences", np.array([predicted]), testimony, np.array([allowed]))
    return replace(finding, worst=(), entries=0, of=0, reason=finding.reason or "along a random direction")


def _taylor(trial: Trial, rise: Callable[[float], float], noise: float, predicted: float, allowed: float) -> Finding:
    rises = np.full(STEPS.shape, np.nan)
    for level, step in enumerate(STEPS):  # a forward takes long: no smaller steps than it takes to see the noise
        rises[level] = rise(float(step))
        seen = STANDS_OUT * (noise + step * allowed)
        if level >= FEWEST_LEVELS and abs(rises[level] - step * predicted) <= seen:
            break
    found = slope_test(STEPS, rises, STEPS * predicted, noise + STEPS * allowed)
    return Finding(trial.label, "", "taylor", found.verdict, found.error, found.reason)


LOOKS: dict[str, Callable[..., Finding]] = {"differences": _differences, "taylor": _taylor}
