"""When do an answer and a witness agree?

Every comparison in this wing is made here. A witness gives a Testimony: what it takes the answer to be, and by how
much it may itself be off. The answer has a rounding bound: by how much a correct program may be off in this dtype.
Their sum is the allowance of an entry, and the error of an entry is its distance in units of that allowance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["agree", "disagree", "unresolved"]

# Up to one bound, rounding explains the difference: the bound is a ball that holds every result of the derived
# expression with each operation rounded.
AGREE = 1.0
# Another correct order of operations may leave that ball by a small factor. Two bits are granted before an answer is
# called wrong; between the two, the verdict is left open. A mistake is off by 2**precision bounds or so, divided by
# the number of operations: millions in float32, and still more than four in bfloat16.
DISAGREE = 4.0

WORST_ENTRIES = 3


@dataclass(frozen=True)
class Testimony:
    """What a witness takes the answer to be, and by how much it may be off; `reason` tells why where that is infinite.

    `value` and `error` are float64 arrays of the answer's shape. An error of NaN marks an entry that was not asked for.
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    reason: str = ""


@dataclass(frozen=True)
class Entry:
    """One entry of an array: its index, what the witness expects, what the code gave, the error in bounds."""

    index: tuple[int, ...]
    expected: float
    got: float
    error: float


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: the verdict, the largest error in units of the bound, and why.

    `wrong` of `entries` entries are wrong, and so many were looked at `of` all that the array has. With `nearly` it
    agrees although its bounds say nothing, because it is near enough. Where nothing `ran`, the code does not take what
    the layer has.
    """

    case: str
    cotangent: str
    witness: str
    verdict: Verdict
    error: float
    reason: str = ""
    worst: tuple[Entry, ...] = ()
    wrong: int = 0
    entries: int = 0
    of: int = 0
    nearly: bool = False
    ran: bool = True


def combine(findings: Iterable[Finding]) -> Verdict:
    """One verdict from several findings about the same thing.

    A disagreement decides. So does a doubt: an error beyond the bound, too small to be called wrong. A witness that
    could not tell has no vote; if none could, the verdict is open.
    """
    findings = tuple(findings)
    if any(f.verdict == "disagree" for f in findings):
        return "disagree"
    if any(f.verdict == "unresolved" and f.error > AGREE for f in findings):
        return "unresolved"
    return "agree" if any(f.verdict == "agree" for f in findings) else "unresolved"


def judge(
    case: str, cotangent: str, witness: str, got: NDArray, testimony: Testimony, bound: NDArray, near: float = 0.0
) -> Finding:
    """Compare `got` with a testimony, entry by entry; all arrays have one shape.

    The witness is blind, and the verdict open, where a bound is infinite, or where zero would have agreed just as well
    at every entry. Rounding might then have left nothing (a long sum in few digits), but it need not have: the answer
    agrees if no entry is further off than `near`, a share of the largest that is expected.
    """
    got = np.asarray(got, np.float64)
    expected, allowance = testimony.value, bound + testimony.error
    told = np.isfinite(allowance) & np.isfinite(expected)
    asked = ~np.isnan(testimony.error)
    errors = np.where(told, units(got - np.where(told, expected, 0), allowance), 0)
    error = float(errors.max(initial=0.0))
    wrong = int((errors > DISAGREE).sum())

    blind = _blindness(testimony, allowance, asked, told)
    verdict: Verdict
    if wrong:
        verdict, reason = "disagree", ("not a number" if np.isnan(got).any() else "")
    elif error > AGREE:
        verdict, reason = "unresolved", f"off by {error:.1f} bounds: too far for rounding, too near for a mistake"
    elif not blind:
        verdict, reason = "agree", ""
    elif _is_near(got[asked], expected[asked], testimony.error[asked], near):
        verdict, reason = "agree", f"only within {near:.0%} of the largest entry: rounding might hide all of it"
    else:
        verdict, reason = "unresolved", blind
    worst = worst_entries(expected, got, errors) if error > AGREE else ()
    counts, nearly = (wrong, int(asked.sum()), asked.size), bool(blind) and verdict == "agree"
    return Finding(case, cotangent, witness, verdict, error, reason, worst, *counts, nearly)


def _blindness(testimony: Testimony, allowance: NDArray, asked: NDArray, told: NDArray) -> str:
    """Why a witness cannot tell right from wrong; nothing where it can."""
    if (asked & ~told).any():
        silent = not np.isfinite(testimony.error[asked]).all()
        why = testimony.reason if silent and testimony.reason else "in this dtype rounding might leave nothing of it"
        return f"{int((asked & ~told).sum())} of {int(asked.sum())} entries: {why}"
    if (units(testimony.value, allowance)[told] <= AGREE).all():
        return "vacuous: the true value is zero, within what this witness can tell"
    return ""


def _is_near(got: NDArray, expected: NDArray, doubt: NDArray, near: float) -> bool:
    """Whether all entries are within that share of the largest, the witness's error added; zeros never are."""
    with np.errstate(invalid="ignore"):
        off = np.abs(got - expected) + doubt
        return bool((off <= near * np.abs(expected).max(initial=0.0)).all() and expected.any())


def units(distance: NDArray, allowance: NDArray) -> NDArray[np.float64]:
    """|distance| in units of the allowance; no distance is 0 units of any allowance, and NaN is infinitely far."""
    distance = np.abs(distance)
    with np.errstate(all="ignore"):
        ratio = np.where(distance == 0, 0.0, distance / allowance)
    return np.where(np.isnan(distance) | np.isnan(ratio), np.inf, ratio)


def worst_entries(expected: NDArray, got: NDArray, errors: NDArray) -> tuple[Entry, ...]:
    """The entries furthest off, worst first."""
    order = np.argsort(errors, axis=None, kind="stable")[::-1][:WORST_ENTRIES]
    indices = [tuple(int(i) for i in np.unravel_index(flat, errors.shape)) for flat in order]
    return tuple(Entry(i, float(expected[i]), float(got[i]), float(errors[i])) for i in indices if errors[i] > AGREE)
