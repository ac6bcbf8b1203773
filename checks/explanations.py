"""What explains the findings of all cases: a mistake by its name, or sizes and axes that the code takes otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from checks.axis_orders import another_order
from checks.diagnosis import Diagnosis, diagnose
from checks.equal_sizes import equal_sizes, squared
from checks.examination import Examiner, wrong_forward
from checks.small_sizes import at_small_sizes, right_when_small
from checks.subject import Subject
from checks.trial import Trial
from checks.verdict import Finding

Fixed = Mapping[str, float] | None


def explanations(
    subject: Subject, examiner: Examiner, trials: Sequence[Trial], findings: Sequence[Finding], fixed: Fixed
) -> tuple[Diagnosis, ...]:
    """What is known of the mistakes that the trials show, looked for at small sizes if all are of full size.

    `fixed` are the sizes and options that are not drawn; None where inputs are given, so that nothing is.
    """
    small = [trial for trial in trials if trial.drawn is None]
    if small:
        return _or_misread(subject, small, findings, fixed, diagnose(small, findings))
    if fixed is None or all(finding.verdict != "disagree" for finding in findings):
        return ()
    there = at_small_sizes(trials[0], fixed)
    if there is None:
        return ()
    seen = examiner.examine(there, with_conduct=False)
    found = (replace(diagnosis, at=there.label) for diagnosis in diagnose([there], seen))
    return _or_misread(subject, [there], seen, fixed, (*right_when_small(findings, seen), *found))


def _or_misread(
    subject: Subject,
    trials: Sequence[Trial],
    findings: Sequence[Finding],
    fixed: Fixed,
    found: tuple[Diagnosis, ...],
) -> tuple[Diagnosis, ...]:
    """What was found, and how the code means its sizes and axes, where its forward is right once they are so."""
    wrong = wrong_forward(trials[0], findings) - {"dtype"}
    shapeless = not wrong <= {"equations"}
    misread = next(filter(None, _misreadings(subject, trials, fixed, shapeless)), ()) if wrong else ()
    # Where nothing can be compared, nothing else that would explain it can be true as well.
    return misread if misread and shapeless else (*found, *misread)


def _misreadings(
    subject: Subject, trials: Sequence[Trial], fixed: Fixed, shapeless: bool
) -> Iterator[tuple[Diagnosis, ...]]:
    # What has its shape at unequal sizes, and is wrong, is a mistake even where it is right at equal ones.
    if shapeless and fixed is not None:
        yield equal_sizes(trials[0], fixed)
    if not subject.axes:
        yield another_order(trials, subject.adapted)
        if shapeless:
            yield from (another_order([square], subject.adapted) for square in squared(trials[0], fixed or {}))
