"""On a kink the slope is a convention: is an answer another one of those that lie between the slopes of its sides?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.trial import Trial
from checks.verdict import Finding

STATED, ANY = "stated", "any"
ANOTHER = "on a kink, another one of the slopes there"
# Far enough from the kink for float64 to tell its sides, and near enough for the slopes to be those beside it.
_BESIDE = 2.0**-30
_SLACK = 2.0**-20
_DRAWS = 40  # of four equal values each is the largest in one of them but once in a hundred thousand


def lies_between_sides(trial: Trial, name: str, got: NDArray) -> bool:
    """Whether a cotangent, entry by entry, lies between those that the equations have on the sides of its kinks.

    Where equal values tie for the largest, what all of them get together has to be what one of them would.
    """
    if not trial.on_kink:
        return False
    ties = (gap for label, gap in trial.derivation.kinks(trial.values) if label.startswith("max["))
    tied = any((gap == 0).any() for gap in ties)
    with np.errstate(all="ignore"):
        sides = np.array([trial.truth[name].value, *(_to_all_sides(trial, name) if tied else _beside(trial, name))])
    slack = _SLACK * np.abs(sides).max(initial=0.0)
    between = np.all((sides.min(axis=0) - slack <= got) & (got <= sides.max(axis=0) + slack))
    return bool(between and (not tied or abs(got.sum() - sides[0].sum()) <= slack * got.size))


def with_other_conventions(trial: Trial, findings: list[Finding], got: dict[str, NDArray]) -> list[Finding]:
    """The findings at values that lie on a kink, without those that call another convention wrong."""
    wrong = {finding.cotangent for finding in findings if finding.verdict == "disagree"} & got.keys()
    allowed = {name for name in wrong if lies_between_sides(trial, name, got[name])}
    return [
        replace(finding, verdict="agree", error=0.0, reason=ANOTHER, worst=(), wrong=0)
        if finding.cotangent in allowed and finding.verdict == "disagree"
        else finding
        for finding in findings
    ]


def _to_all_sides(trial: Trial, name: str) -> list[NDArray]:
    """The cotangent where all inputs lie a little beside, each to a side of its own: another one wins every time."""
    rng = np.random.default_rng(0)
    given = {name: np.asarray(trial.values[name]) for name in trial.real_inputs}
    moved = [
        {each: _moved(value, rng.uniform(-1, 1, value.shape)) for each, value in given.items()} for _ in range(_DRAWS)
    ]
    return [_cotangent(trial, name, {**trial.values, **values}) for values in moved]


def _beside(trial: Trial, name: str) -> list[NDArray]:
    """The cotangent where one of the inputs lies a little above, or below."""
    moved = [
        {**trial.values, given: _moved(trial.values[given], side)} for given in trial.real_inputs for side in (1, -1)
    ]
    return [_cotangent(trial, name, values) for values in moved]


def _moved(value: Any, side: Any) -> Any:
    return value + side * _BESIDE * (1 + np.abs(value))


def _cotangent(trial: Trial, name: str, values: Mapping[str, Any]) -> NDArray:
    return np.asarray(trial.derivation.evaluate(values, precision="float64")[name], float)
