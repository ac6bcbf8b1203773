"""Second order: differences of the hand-written backward along a direction, against the derived Hessian times it.

A backward may be right at one point and wrong around it: a number where a function belongs, what an earlier call left
behind. With dY held fixed, dX(X + t·vX, W + t·vW, ...) rises at t = 0 as HvX says, or it is no gradient of the layer.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from checks.cases import Case, draw_cases, given_case
from checks.differences import FEWEST_LEVELS, FIRST_STEP, SHRINK, UNIT, differences
from checks.implementation import Implementation, MisconductError
from checks.kinks import on_kink
from checks.precision import FORMATS
from checks.report import Report
from checks.sources import source_digests
from checks.subject import Pair, Subject
from checks.symbolic import symbolic
from checks.trial import Trial, make_trial
from checks.verdict import AGREE, Finding, Testimony, judge
from derivations import Layer, SecondOrder, second_order

WITNESS = "derivation"
# Of larger inputs so many entries are drawn at every case.
MOST_ENTRIES = 100
MOST_HALVINGS = 40
NUDGE = 2.0**-8


def hessian_check(
    implementation: Implementation | Pair | Callable[..., Any],
    against: str | Layer | SecondOrder,
    *,
    sizes: Mapping[str, float] | None = None,
    inputs: Mapping[str, Any] | None = None,
    seed: int = 0,
    names: Mapping[str, str] | None = None,
) -> Report:
    """Check a forward and a backward against a layer's Hessian-vector products, in float64.

    The arguments are those of `gradcheck`. At every case a direction through all real inputs is drawn at random; the
    backward, each time after a forward of its own, is called along it, and what its answers rise at is compared with
    the derived products, entry by entry. Errors are in units of what the differences may be off by, as they estimate
    themselves. No case that is drawn lies on a kink, and none is in reach of its direction.

    Whatever the implementation does wrong is a finding of the Report. Raises ValueError for a size or input that does
    not exist, and DerivationError for an unknown layer, for inputs that do not fit it, or where it has no second order.
    """
    second = against if isinstance(against, SecondOrder) else second_order(against)
    layer, format = second.layer, FORMATS["float64"]
    wanted = tuple(second.first.cotangents)
    subject = Subject.told(implementation, layer, wanted, names or {}, {}, sizes or {}, "cpu", None)
    adapted = subject.adapted()
    if subject.sizes and inputs is not None:
        raise ValueError("give sizes or inputs, not both: the inputs have sizes of their own")
    rng = np.random.default_rng(seed)
    drawn = draw_cases(layer, {**adapted.sizes, **subject.sizes}, format, rng) if inputs is None else ()
    cases = [_off_kinks(second, c, rng) for c in drawn] if inputs is None else [given_case(layer, inputs, format)]
    with threadpool_limits(limits=1, user_api="blas"):  # small products: more threads only wait for each other
        findings = [
            finding
            for case in cases
            for finding in _examine(second, make_trial(adapted, second.first, case, format, rng), rng)
        ]
    return Report(
        layer=layer.name,
        implementation=adapted.name,
        dtype=format.name,
        seed=seed,
        findings=tuple(findings),
        diagnoses=(),
        sources=source_digests(adapted.functions),
        order=2,
    )


def _off_kinks(second: SecondOrder, case: Case, rng: np.random.Generator) -> Case:
    """The case, moved a little where it happens to lie on a kink: an entry drawn as 0."""
    if not on_kink(second.first, case.values):
        return case
    names = [name.removeprefix("d") for name in second.first.cotangents]
    moved = {name: case.values[name] + rng.uniform(0.5, 1, np.shape(case.values[name])) * NUDGE for name in names}
    return replace(case, values={**case.values, **moved})


def _examine(second: SecondOrder, trial: Trial, rng: np.random.Generator) -> list[Finding]:
    direction = _direction(trial, rng)
    truth = symbolic(second, {**trial.values, **{f"v{name}": along for name, along in direction.items()}})
    derived = np.concatenate([truth[name].value.ravel() for name in second.products])
    try:
        rises = _rises(trial, direction, derived, rng)
        here = trial.gradients()
    except MisconductError as misconduct:
        first = next(iter(second.products))
        return [Finding(trial.label, first, misconduct.kind, "disagree", np.inf, misconduct.reason)]
    findings = []
    for name, cotangent in zip(second.products, second.first.cotangents, strict=True):
        rise = rises[cotangent]
        asked = np.where(np.isnan(rise.error), np.nan, truth[name].error)
        told = replace(truth[name], error=asked, reason=rise.reason)
        finding = judge(trial.label, name, WITNESS, rise.value, told, rise.error)
        if not told.value.any() and finding.error <= AGREE and np.nanmax(rise.error) <= np.abs(here[cotangent]).max():
            finding = replace(finding, verdict="agree", reason="")  # a rate as large as the cotangent would have shown
        findings.append(finding)
    return findings


def _direction(trial: Trial, rng: np.random.Generator) -> dict[str, NDArray]:
    """A random direction, so short that no kink is in reach of the differences, unless the values lie on one."""
    names = [name.removeprefix("d") for name in trial.derivation.cotangents]
    direction = {name: rng.standard_normal(np.shape(trial.values[name])) for name in names}
    halvings = MOST_HALVINGS if trial.has_kinks else 0
    while halvings and _reaches_a_kink(trial, direction):
        direction = {name: along / 2 for name, along in direction.items()}
        halvings -= 1
    return direction


def _reaches_a_kink(trial: Trial, direction: Mapping[str, NDArray]) -> bool:
    """Whether the first step may cross a kink: what does so on one side is twice as far from it on the other."""

    def distances(t: float) -> list[NDArray]:
        moved = {name: trial.values[name] + t * along for name, along in direction.items()}
        return [distance for _, distance in trial.derivation.kinks({**trial.values, **moved})]

    here = distances(0.0)
    return any(
        bool((there[before > 0] >= 2 * before[before > 0]).any(where=np.isfinite(before[before > 0])))
        for t in (FIRST_STEP, -FIRST_STEP)
        for before, there in zip(here, distances(t), strict=True)
    )


def _rises(
    trial: Trial, direction: Mapping[str, NDArray], derived: NDArray, rng: np.random.Generator
) -> dict[str, Testimony]:
    """How fast each cotangent that the backward gives rises along the direction. Raises MisconductError.

    Every entry that moves at all has a line of its own, t[e]; those that are at the same t share a call. On a kink
    the sides rise differently, and `derived`, the products end to end, says which of them is meant.
    """
    shapes = {f"d{name}": np.shape(trial.values[name]) for name in direction}
    lost: list[str] = []

    def gradients(t: float) -> NDArray:
        moved = {name: trial.values[name] + t * along for name, along in direction.items()}
        found = trial.at(**moved).gradients()
        return np.concatenate([_of_shape(found, name, shape) for name, shape in shapes.items()])

    here = gradients(0.0)

    @cache
    def at(t: float) -> NDArray:
        try:
            return gradients(t)
        except MisconductError as refusal:  # outside of the domain
            lost.append(refusal.reason)
            return np.full(here.shape, np.nan)

    counts = [int(np.prod(shape)) for shape in shapes.values()]
    ends = np.cumsum(counts)
    chosen = np.concatenate([e - 1 - rng.permutation(n)[:MOST_ENTRIES] for e, n in zip(ends, counts, strict=True)])
    steps = FIRST_STEP / SHRINK ** np.arange(FEWEST_LEVELS)
    still = (np.stack([at(float(t)) for t in (*steps, *-steps)]) == here).all(axis=0)
    moving = chosen[~still[chosen]]

    def samples(points: NDArray) -> NDArray:
        times, places = np.unique(points, return_inverse=True)
        table = np.stack([at(float(t))[moving] for t in times])
        return table[places.reshape(points.shape), np.arange(moving.size)]

    value, error, reason = np.zeros(here.size), np.full(here.size, np.nan), ""
    error[chosen] = np.abs(here[chosen]) * UNIT / FIRST_STEP  # whatever rises less does so within the last digit
    if moving.size:
        ones = np.ones(moving.size)
        meant = derived[moving] if trial.on_kink else None
        found = differences(samples, 0 * ones, ones, direction=ones, convention=meant, samples=samples)
        value[moving], error[moving], reason = found.value, found.error, found.reason
    reason = lost[0] if lost else reason
    values, errors = (np.split(part, ends[:-1]) for part in (value, error))
    return {
        name: Testimony(rise.reshape(shape), off.reshape(shape), reason)
        for (name, shape), rise, off in zip(shapes.items(), values, errors, strict=True)
    }


def _of_shape(found: Mapping[str, NDArray], name: str, shape: tuple[int, ...]) -> NDArray:
    if name not in found:
        raise MisconductError("missing", f"the backward does not return {name}")
    if found[name].shape != shape:
        raise MisconductError("shape", f"{name} has shape {found[name].shape}, expected {shape}")
    return found[name].ravel()
