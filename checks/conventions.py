"""On a kink the slope is a convention: is an answer another one of those that lie between the slopes of its sides?"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from checks.trial import Trial
from checks.verdict import Finding

STATED, ANY = "stated", "any"
ANOTHER = "on a kink, another one of the slopes there"
# Far enough from the kink for float64 to tell its sides, and near enough for the slopes to be those beside it.
_BESIDE = 2.0**-30
_SLACK = 2.0**-20


def lies_between_sides(trial: Trial, name: str, got: NDArray) -> bool:
    """Whether a cotangent, entry by entry, lies between those that the equations have on the sides of its kinks.

    Never where equal values tie for the largest: what one of them gets, another one has to miss.
    """
    ties = (gap for label, gap in trial.derivation.kinks(trial.values) if label.startswith("max["))
    if not trial.on_kink or any((gap == 0).any() for gap in ties):
        return False
    with np.errstate(all="ignore"):
        sides = np.array([trial.truth[name].value, *_beside(trial, name)])
    slack = _SLACK * np.abs(sides).max(initial=0.0)
    return bool(np.all((sides.min(axis=0) - slack <= got) & (got <= sides.max(axis=0) + slack)))


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


def _beside(trial: Trial, name: str) -> list[NDArray]:
    """The cotangent where one of the inputs lies a little above, or below."""
    moved = [
        {**trial.values, given: trial.values[given] + side * _BESIDE * (1 + np.abs(trial.values[given]))}
        for given in trial.real_inputs
        for side in (1, -1)
    ]
    return [np.asarray(trial.derivation.evaluate(values, precision="float64")[name], float) for values in moved]
