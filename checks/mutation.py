"""Who checks the checker? Break the code on purpose: would the checks notice?

Every mutant of a layer's hand-written backward runs in this process against the layer's checks: the same cases as in
`gradcheck`, the equations as the witness, then the laws of conduct. A mutant that the checks let pass has survived,
unless it is proved to compute the same functions. What the equations say is computed once for each case, and shared by
all mutants.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain

import numpy as np

from checks.adapters.functions import from_functions
from checks.cases import all_cases
from checks.conduct import conduct
from checks.equivalence import same_functions
from checks.examination import admissible
from checks.implementation import MisconductError
from checks.mutants import Function, Mutant, mutants, with_global, without_guards
from checks.parallel import shared
from checks.patience import lines_run, patient
from checks.precision import FORMATS
from checks.suite import DTYPES, Row, rows
from checks.trial import Trial, make_trial
from checks.verdict import AGREE, Finding, judge
from derivations import derive

# What a module that works in blocks calls the length of one, and a length of a few numbers.
BLOCK, SHORT = "BLOCK_BYTES", 100


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: `killed`, `survived` or `equivalent`, and who noticed or why nobody could."""

    mutant: Mutant
    fate: str
    reason: str


@np.errstate(all="ignore")  # broken code divides by zero; that is what the checks are there to notice
def mutate(chosen: Row | Sequence[Row], seed: int = 0) -> list[Outcome]:
    """Run the checks of a layer, which are those of all its rows, on every mutant of its backward."""
    chosen = (chosen,) if isinstance(chosen, Row) else chosen
    bench = Bench(chosen, seed)
    outcomes = []
    for mutant in mutants(chosen[0].layer, chosen[0].backward):
        noticed = bench.noticed(mutant.backward)
        outcomes.append(_fate(bench, mutant, noticed))
    return outcomes


def mutate_rows(
    chosen: Sequence[Row], seed: int = 0, jobs: int = 1, scheduler: str | None = None
) -> Iterator[tuple[Row, list[Outcome]]]:
    """`mutate` for the layers of several rows, shared as `parallel.shared` does; the first row of each, in order."""
    layers = list(dict.fromkeys(row.layer for row in chosen))
    firsts = [next(row for row in chosen if row.layer == layer) for layer in layers]
    tasks = [(layer, seed) for layer in layers]
    yield from zip(firsts, shared(_mutate_by_name, tasks, jobs, scheduler), strict=True)


def _mutate_by_name(layer: str, seed: int) -> list[Outcome]:
    """The outcomes without the mutants' functions, which belong to no module and so stay in their process."""
    found = rows([layer])
    outcomes = mutate(found, seed)
    return [replace(outcome, mutant=replace(outcome.mutant, backward=found[0].backward)) for outcome in outcomes]


def killed_share(outcomes: Sequence[Outcome]) -> float:
    """The share of the mutants that are not proved equivalent that the checks noticed; 1 where there are none."""
    relevant = [outcome for outcome in outcomes if outcome.fate != "equivalent"]
    return sum(outcome.fate == "killed" for outcome in relevant) / len(relevant) if relevant else 1.0


class Bench:
    """The trials of a layer's right backward, made when a mutant needs them: most need only the first."""

    def __init__(self, chosen: Sequence[Row], seed: int) -> None:
        """`seed` draws the cases, as it does in `gradcheck`."""
        self.rows, self.seed = chosen, seed
        self.made: list[Trial] = []
        self.following = chain(*(_trials(row, dtype, seed) for dtype in DTYPES for row in chosen))

    def trials(self) -> Iterator[Trial]:
        """Those that were needed before, then more."""
        yield from self.made
        for trial in self.following:
            self.made.append(trial)
            yield trial

    def noticed(self, backward: Function) -> tuple[Trial, Finding] | None:
        """The first trial and finding that give a backward away, run as it is and then in short blocks."""
        short = _in_blocks(backward)
        return self._noticed(backward) or (None if short is backward else self._noticed(short))

    def _noticed(self, backward: Function) -> tuple[Trial, Finding] | None:
        for number, right in enumerate(self.trials()):
            own = right.implementation
            on_trial = from_functions(own.functions[0], patient(backward), right.derivation.layer)
            trial = replace(right, implementation=on_trial)
            vars(trial).update(truth=right.truth, bounds=right.bounds)  # what the equations say, whoever is on trial
            finding = next(_doubts(trial, with_conduct=number == 0), None)
            if finding is not None:
                return trial, finding
        return None

    @cached_property
    def lines(self) -> set[tuple[str, int]]:
        """The files and lines that the right backward comes by in any of the trials."""
        lines: set[tuple[str, int]] = set()
        for row in self.rows:
            for trial in _trials(row, DTYPES[0], self.seed):
                results = trial.forward(trial.arguments())
                lines |= lines_run(partial(trial.backward, trial.arguments(), results))
        return lines


def _trials(row: Row, dtype: str, seed: int) -> Iterator[Trial]:
    """The trials that `gradcheck` makes of a row."""
    derivation, format, rng = derive(row.layer), FORMATS[dtype], np.random.default_rng(seed)
    implementation = from_functions(row.forward, row.backward, derivation.layer)
    for case in all_cases(derivation, row.sizes, format, rng):
        yield make_trial(implementation, derivation, case, format, rng)


def _in_blocks(function: Function) -> Function:
    """The function, its blocks so short that the sizes of a check make several: what comes up at full size only."""
    return with_global(function, BLOCK, SHORT) if BLOCK in function.__globals__ else function


def _doubts(trial: Trial, *, with_conduct: bool) -> Iterator[Finding]:
    """Whatever the checks hold against a backward, the cheapest first."""
    try:
        returned = trial.backward(trial.arguments(), trial.forward(trial.arguments()))
    except MisconductError as misconduct:
        yield Finding(trial.label, "", misconduct.kind, "disagree", np.inf, misconduct.reason)
        return
    got, faults = admissible(trial, returned)
    yield from faults
    for name, array in got.items():
        finding = judge(trial.label, name, "derivation", array, trial.truth[name], trial.bounds[name])
        if finding.verdict == "disagree" or finding.error > AGREE:
            yield finding
    if with_conduct:
        yield from (finding for finding in conduct(trial, got) if finding.verdict == "disagree")


def _fate(bench: Bench, mutant: Mutant, noticed: tuple[Trial, Finding] | None) -> Outcome:
    if noticed is not None:
        trial, finding = noticed
        return Outcome(mutant, "killed", f"{finding.witness}, {trial.format.name}, {finding.case}")
    if (mutant.backward.__code__.co_filename, mutant.line) not in bench.lines:
        return Outcome(mutant, "survived", "no check comes by this line")
    original = without_guards(inspect.unwrap(bench.rows[0].backward))
    if (proof := same_functions(bench.rows, original, without_guards(mutant.backward))) is not None:
        return Outcome(mutant, "equivalent", proof)
    return Outcome(mutant, "survived", "no check noticed")
