"""Is correct code ever called wrong? Random checks of the suite's own layers, counted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np

from checks.gradcheck import gradcheck
from checks.parallel import shared
from checks.report import Report
from checks.suite import DTYPES, SUITE, Row, rows
from checks.verdict import AGREE, Finding
from derivations import LAYERS, DerivationError
from numeric.errors import InputError

# Sizes are drawn up to here: where a layer has many of them, its tensors are large soon enough.
LARGEST_SIZE, LARGEST_OF_MANY, MANY = 7, 3, 4
ATTEMPTS = 30
# What a finding says where the code has refused its arguments.
REFUSAL = f" raises {InputError.__name__}: "
# Runs that are shared out at a time; all of them are counted.
BATCH = 16


@dataclass(frozen=True)
class Run:
    """One call of `gradcheck`: a row of the suite by its number, sizes and options, dtype and seed."""

    row: int
    sizes: dict[str, float]
    dtype: str
    seed: int

    @property
    def command(self) -> str:
        """A command that repeats it."""
        row = SUITE[self.row]
        names = f"{row.forward.__name__}, {row.backward.__name__}"
        check = f"gradcheck(({names}), {row.layer!r}, sizes={self.sizes}, dtype={self.dtype!r}, seed={self.seed})"
        return f'python -c "from checks import gradcheck; from {row.forward.__module__} import {names}; print({check})"'


@dataclass(frozen=True)
class Tally:
    """What came of many runs; `alarms` and `doubts` are those with findings that disagree, and that might.

    Draws that the code refuses by an InputError (padding wider than a window) are no checks: they are `refused`.
    """

    runs: int
    refused: int
    verdicts: Counter[str]
    alarms: tuple[Run, ...]
    doubts: tuple[Run, ...]

    @property
    def checks(self) -> int:
        """How many single checks: one witness or law about one tensor, at one case."""
        return self.verdicts.total()


def random_checks(
    checks: int,
    layers: Sequence[str] | None = None,
    dtypes: Sequence[str] = DTYPES,
    seed: int = 0,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[Tally]:
    """Check random rows of the suite, or of some layers, until there are so many single checks or a few more.

    The tally is given after every run. A run draws a row, sizes from 1 upwards, options, a dtype and a seed, all from
    `seed` and its own number: the same whoever shares the work. Raises ValueError for a layer that has no row, and what
    `parallel.shared` raises.
    """
    rows(layers)  # says what does not exist
    numbers = tuple(number for number, row in enumerate(SUITE) if layers is None or row.layer in layers)
    tally = Tally(0, 0, Counter(), (), ())
    for start in count(0, BATCH):
        tasks = ((numbers, tuple(dtypes), seed, number) for number in range(start, start + BATCH))
        for run, verdicts in shared(_check, tasks, jobs, scheduler):
            tally = Tally(
                tally.runs + bool(verdicts),
                tally.refused + (not verdicts),
                tally.verdicts + verdicts,
                tally.alarms + ((run,) if verdicts["disagree"] else ()),
                tally.doubts + ((run,) if verdicts["doubt"] else ()),
            )
            yield tally
        if tally.checks >= checks:
            return


def _check(numbers: tuple[int, ...], dtypes: tuple[str, ...], seed: int, number: int) -> tuple[Run, Counter[str]]:
    run, report = draw_and_check(numbers, dtypes, np.random.default_rng([seed, number]))
    refused = any(REFUSAL in finding.reason for finding in report.findings if finding.witness == "raises")
    return run, Counter(() if refused else map(_verdict, report.findings))


def draw_and_check(numbers: Sequence[int], dtypes: Sequence[str], rng: np.random.Generator) -> tuple[Run, Report]:
    """A random run and its report. Sizes are drawn again where they do not fit each other."""
    number, dtype, seed = int(rng.choice(numbers)), str(rng.choice(dtypes)), int(rng.integers(2**31))
    row = SUITE[number]
    check = partial(gradcheck, (row.forward, row.backward), row.layer, dtype=dtype, seed=seed)
    for _ in range(ATTEMPTS):
        sizes = _draw_sizes(row, rng)
        try:
            return Run(number, sizes, dtype, seed), check(sizes=sizes)
        except (DerivationError, ValueError):
            continue
    return Run(number, dict(row.sizes), dtype, seed), check(sizes=row.sizes)


def _draw_sizes(row: Row, rng: np.random.Generator) -> dict[str, float]:
    """A size of its own for every name; options that the row has settled stay."""
    names = LAYERS[row.layer].size_names
    largest = LARGEST_OF_MANY if len(names) > MANY else LARGEST_SIZE
    drawn = {name: int(rng.integers(1, largest + 1)) for name in names}
    return {**{name: value for name, value in row.sizes.items() if name not in drawn}, **drawn}


def _verdict(finding: Finding) -> str:
    return "doubt" if finding.verdict == "unresolved" and finding.error > AGREE else finding.verdict
