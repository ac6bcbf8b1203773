"""Wrong under some circumstances alone: where a size is 1, or where float64 is asked of code that works in float32."""

from collections.abc import Sequence

import numpy as np

from checks.diagnosis import Diagnosis
from checks.verdict import AGREE, Finding

_FEW_DIGITS = 2.0**-14  # what is off by less of the largest entry may come of rounding in float32, and of sums of it
_WITHOUT_NUMBERS = {"missing", "extra", "shape", "arity", "raises", "detached"}


def only_at_one(findings: Sequence[Finding]) -> tuple[Diagnosis, ...]:
    """That code is wrong, or in doubt, in no case but those that have some size 1."""
    wrong = {finding.case for finding in findings if finding.verdict == "disagree"}
    in_doubt = {finding.case for finding in findings if finding.verdict == "unresolved" and finding.error > AGREE}
    right = {finding.case for finding in findings} - wrong - in_doubt
    ones = [{size for size in case.partition(",")[0].split() if size.endswith("=1")} for case in wrong | in_doubt]
    elsewhere = {size for case in right for size in case.split()}
    alone = sorted(set.intersection(*ones) - elsewhere) if wrong and right else []
    if not alone:
        return ()
    size = alone[0].removesuffix("=1")
    sentence = f"it fails where {size} is 1, and nowhere else (where {size} never is: --set {size}=3)"
    return (Diagnosis("", "at one", alone[0], sentence, len(wrong), len(wrong)),)


def widened(findings: Sequence[Finding]) -> tuple[Diagnosis, ...]:
    """What makes float64 of an answer in another dtype, most often."""
    wide = {f.case for f in findings if f.witness == "dtype" and "dtype float64, expected" in f.reason}
    sentence = "something makes float64 of it: a number of NumPy's own does, as np.sqrt(2) is, or a new array"
    return (Diagnosis("", "widened", "float64", sentence, len(wide), len(wide)),) if wide else ()


def in_float32(findings: Sequence[Finding]) -> Diagnosis | None:
    """That code works in float32, whatever it is given: its arrays say so, or all that is wrong are such numbers."""
    wrong = [finding for finding in findings if finding.verdict == "disagree"]
    told = any(finding.witness == "dtype" and "dtype float32" in finding.reason for finding in wrong)
    if not told and not (any(finding.worst for finding in wrong) and all(map(_may_be_rounding, wrong))):
        return None
    cases = len({finding.case for finding in wrong})
    sentence = "it works in float32 inside: look at it in that (--dtype float32)"
    return Diagnosis("", "works in float32", "--dtype float32", sentence, cases, cases)


def _may_be_rounding(finding: Finding) -> bool:
    if finding.witness in _WITHOUT_NUMBERS:
        return False
    largest = max((abs(entry.expected) for entry in finding.worst), default=0.0)
    near = all(abs(entry.expected - entry.got) <= _FEW_DIGITS * largest for entry in finding.worst)
    return near and all(entry.got and float(np.float32(entry.got)) == entry.got for entry in finding.worst)
