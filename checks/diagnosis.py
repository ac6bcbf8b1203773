"""What kind of wrong is it? The hypotheses about a wrong answer that hold, likeliest first."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from checks.conventions import lies_between_sides
from checks.hypotheses import HYPOTHESES, Explanation, Hypothesis
from checks.hypotheses.scale import factor_names, is_made_of_sizes, why
from checks.implementation import MisconductError, as_numbers
from checks.stability import finer
from checks.suspect import Suspect, SuspectUpToAFactor
from checks.trial import Trial, trial_at
from checks.verdict import DISAGREE, Finding, combine
from derivations import DerivationError

# More trials cost time and add no evidence: two of different sizes tell a size from a number.
MOST_TRIALS = 2
SQUARE = 4
# A factor that is fitted is known to this relative precision at least, in any dtype that is checked.
ALIKE = 1e-3
_FACTORS = ("constant factor", "one number")
# What is often wrong together with a factor, and quick to look at.
WITH_A_FACTOR = (
    "cotangent ignored",
    "activation's derivative",
    "transposed",
    "operand transposed",
    "missing sum",
    "wrong axis",
    "extra sum",
    "extra axes",
    "part of a sum",
    "held constant",
    "path cut",
    "other axis",
    "own entry of a sum",
    "operand left out",
)
Found = dict[tuple[str, str], dict[int, str]]  # by hypothesis and mistake: the cases in which it holds, a sentence each


@dataclass(frozen=True)
class Diagnosis:
    """An explanation of a wrong `cotangent` (or output), and in how many of the cases looked at it holds.

    `at` are the sizes, where it was looked for at others than those of the report.
    """

    cotangent: str
    hypothesis: str
    mistake: str
    sentence: str
    holds: int
    cases: int
    at: str = ""

    def __str__(self) -> str:
        """The sentence, and how often it holds."""
        where = "in the one case" if self.cases == 1 else f"in {self.holds} of {self.cases} cases"
        where = f"at {self.at}" if self.at else where
        return f"{self.sentence} ({where})"


def diagnose(trials: Sequence[Trial], findings: Sequence[Finding]) -> tuple[Diagnosis, ...]:
    """Explanations of every answer that the equations contradict, likeliest first.

    An explanation that holds in more cases comes first; among equals, the order of HYPOTHESES decides. Where the
    forward is explained, a cotangent that is right for it needs no explanation of its own.
    """
    diagnoses: list[Diagnosis] = []
    outputs = {output for trial in trials for output in trial.outputs}
    for name in dict.fromkeys(finding.cotangent for finding in findings if finding.witness in CONTRADICTIONS):
        if any(diagnosis.cotangent in outputs for diagnosis in diagnoses) and _is_right_for_its_forward(name, findings):
            continue
        cases = {f.case for f in findings if _contradicts(f, name)}
        diagnoses += _another_convention(name, [t for t in trials if t.label in cases], trials)
        suspects = [s for s in (_suspect(t, name) for t in trials if t.label in cases) if s is not None]
        diagnoses += _explain_at_other_sizes(name, _of_two_sizes(suspects))
    if any(finding.witness == "raises" for finding in findings):
        diagnoses += _explain_square(trials[0])
    return tuple(diagnoses)


def _of_two_sizes(suspects: Sequence[Suspect]) -> Sequence[Suspect]:
    """The first, and the first of other sizes, if there is one: two of the same do not tell a size from a number."""
    others = [each for each in suspects[1:] if each.sizes != suspects[0].sizes] or suspects[1:]
    return [*suspects[:1], *others[: MOST_TRIALS - 1]]


def _explain_at_other_sizes(name: str, suspects: Sequence[Suspect]) -> list[Diagnosis]:
    """What explains them; where a factor is made of sizes, and all have the same, so does one more of other sizes."""
    found = explain(name, suspects)
    factors = [each.mistake for each in found if each.hypothesis == "constant factor"]
    of_sizes = any(is_made_of_sizes(factor, suspects[0]) for factor in factors)
    if of_sizes and all(each.sizes == suspects[0].sizes for each in suspects):
        elsewhere = _at_larger_sizes(suspects[0])
        if elsewhere is not None and elsewhere.is_wrong:
            return explain(name, [suspects[0], elsewhere])
    return found


def _at_larger_sizes(suspect: Suspect) -> Suspect | None:
    """The answer where every size that the code leaves open is larger by one, and options are the same."""
    own, layer = suspect.trial, suspect.layer
    options = {option.name: own.values[option.name] for option in layer.options}
    larger = {name: size + 1 for name, size in suspect.sizes.items() if name in layer.size_names}
    with suppress(ValueError):  # the layer cannot have these sizes
        return _suspect(trial_at(own, {**options, **larger, **own.implementation.sizes}), suspect.name)
    return None


def _is_right_for_its_forward(name: str, findings: Sequence[Finding]) -> bool:
    return combine(f for f in findings if f.cotangent == name and f.witness == "differences") == "agree"


def _another_convention(name: str, wrong: Sequence[Trial], trials: Sequence[Trial]) -> list[Diagnosis]:
    """Right wherever the function is smooth, wrong only where something lies on a kink or a tie."""
    smooth = [trial for trial in trials if not trial.on_kink]
    if not smooth or not wrong or any(not trial.on_kink for trial in wrong):
        return []
    if all(_counts_ties_twice(trial, name) for trial in wrong):
        sentence = f"{name} is right except on a tie, where every one of the equal values gets the whole cotangent"
        return [Diagnosis(name, "ties", "counted more than once", sentence, len(wrong), len(wrong))]
    suspects = [_suspect(trial, name) for trial in wrong]
    if not all(each is not None and lies_between_sides(each.trial, name, each.got) for each in suspects):
        sentence = f"{name} is right in all cases but those in which something lies on a kink or a tie"
        return [Diagnosis(name, "kinks only", "at a kink", sentence, len(wrong), len(wrong))]
    sentence = f"{name} is right except on a kink or a tie, where it follows another convention than the equations"
    sentence += " (where that is meant: --kinks any)"
    return [Diagnosis(name, "convention", "at a kink", sentence, len(wrong), len(wrong))]


def _counts_ties_twice(trial: Trial, name: str) -> bool:
    """Whether a largest value is shared, and what is handed back does not add up to what it should."""
    suspect = _suspect(trial, name)
    tied = any(label.startswith("max[") and (gap == 0).any() for label, gap in trial.derivation.kinks(trial.values))
    if suspect is None or not tied:
        return False
    # Another choice among equals moves what is handed back, and keeps its sum.
    off = abs(suspect.got.sum() - suspect.expected.sum())
    return bool(off > DISAGREE * trial.bounds[name].sum())


def _explain_square(trial: Trial) -> list[Diagnosis]:
    """A product with the wrong transpose raises at sizes that differ: at equal sizes it gives a wrong answer."""
    square = trial_at(trial, dict.fromkeys(trial.derivation.layer.size_names, SQUARE))
    suspects = [s for s in (_suspect(square, name) for name in trial.derivation.cotangents) if s is not None]
    return [diagnosis for suspect in suspects if suspect.is_wrong for diagnosis in explain(suspect.name, [suspect])]


CONTRADICTIONS = {"derivation", "equations", "shape"}


def _contradicts(finding: Finding, name: str) -> bool:
    return finding.cotangent == name and finding.witness in CONTRADICTIONS and finding.verdict == "disagree"


def _suspect(trial: Trial, name: str) -> Suspect | None:
    """The answer in question; with more digits, where rounding hides what is wrong with it, or much of that."""
    own = _answer(trial, name)
    if own is None or (own.is_wrong and not trial.format.near):
        return own
    again = finer(trial)
    closer = _answer(again, name) if again else None
    return closer if closer is not None and closer.is_wrong else own


def _answer(trial: Trial, name: str) -> Suspect | None:
    try:
        returned = trial.gradients() if name in trial.derivation.cotangents else trial.forward(trial.arguments())
        got = as_numbers(name, returned[name]) if name in returned else None
    except MisconductError:
        return None
    return Suspect(trial, name, got) if got is not None and np.isfinite(got).all() else None


def explain(name: str, suspects: Sequence[Suspect]) -> list[Diagnosis]:
    """What explains the wrong answers for one tensor or cotangent, in one case or several; likeliest first."""
    found: Found = {}
    for title, hypothesis in HYPOTHESES.items():
        for case, suspect in enumerate(suspects):
            told = list(_explanations(hypothesis, suspect))
            for explanation in told:
                found.setdefault((title, explanation.mistake), {}).setdefault(case, explanation.sentence)
            if not told:
                break  # what does not explain one case explains no other one of them, but by chance
        if _settled(found, suspects):
            break  # what comes after is less specific, and takes longer
    found = {key: cases for key, cases in found.items() if not _is_coincidence(key, cases, suspects)}
    if len(suspects) > 1 and not _settled(found, suspects):
        found = _two_mistakes(suspects) or found
    ranks = {title: rank for rank, title in enumerate(HYPOTHESES)}
    order = sorted(found, key=lambda key: (-len(found[key]), ranks[key[0]]))  # stable: simpler mistakes come first
    return [
        Diagnosis(name, title, mistake, _first(found[title, mistake]), len(found[title, mistake]), len(suspects))
        for title, mistake in order
        if len(found[title, mistake]) == len(found[order[0]])
    ]


def _first(sentences: dict[int, str]) -> str:
    return sentences[min(sentences)]


def _explanations(hypothesis: Hypothesis, suspect: Suspect) -> Iterator[Explanation]:
    with suppress(DerivationError), np.errstate(all="ignore"):  # what has no value at these operands explains nothing
        yield from hypothesis(suspect)


def _is_coincidence(key: tuple[str, str], cases: Mapping[int, str], suspects: Sequence[Suspect]) -> bool:
    """Whether it is a factor of one entry: there always is one, which says something if it is the same in two cases."""
    title, factor = key
    alone = len(cases) == 1 and all(suspects[case].expected.size == 1 for case in cases)
    return alone and title in _FACTORS and (len(suspects) > 1 or not any(map(str.isalpha, factor)))


def _settled(found: Found, suspects: Sequence[Suspect]) -> bool:
    """Whether something explains the answer in every case."""
    return bool(suspects) and any(len(sentences) == len(suspects) for sentences in found.values())


def _two_mistakes(suspects: Sequence[Suspect]) -> Found:
    """What explains the answers in every case but for a factor that sizes or options make; nothing if nothing does."""
    for title in WITH_A_FACTOR:
        found: Found = {}
        for case, suspect in enumerate(suspects):
            loose = SuspectUpToAFactor(suspect.trial, suspect.name, suspect.got)
            for explanation in _explanations(HYPOTHESES[title], loose):
                for factor, value in factor_names(suspect):
                    if math.isclose(value, loose.factors[-1], rel_tol=ALIKE):
                        sentence = f"{explanation.sentence}; besides, it is {factor} times that{why(factor)}"
                        key = title, f"{explanation.mistake}, times {factor}"
                        found.setdefault(key, {}).setdefault(case, sentence)
        found = {key: sentences for key, sentences in found.items() if len(sentences) == len(suspects)}
        if found:
            return found
    return {}
