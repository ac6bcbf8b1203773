"""Rounds: every contestant trains an epoch in turn, so that whatever else the machine does falls on all of them."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numeric.data.dataset import Dataset
from numeric.errors import InputError

OURS = "backproof"


@dataclass(frozen=True)
class Entrant:
    """A contestant and how it runs."""

    name: str
    threads: int = 1
    layout: str = "default"

    def __str__(self) -> str:
        layout = ", channels last" if self.layout == "channels_last" else ""
        return f"{self.name}, {self.threads} thread{'s' * (self.threads > 1)}{layout}"


@dataclass(frozen=True)
class Comparison:
    """A task, its entrants, and the ratio of our time to the best other one's that it aims at."""

    title: str
    task: str
    entrants: tuple[Entrant, ...]
    aim: float
    until: float | None = None  # the accuracy at which a run ends; without it, epochs are compared one by one


_NUMPY = tuple(Entrant(OURS, threads) for threads in (1, 2))
_TORCH = tuple(Entrant("torch", threads) for threads in (1, 2))
_TORCH_IMAGES = tuple(
    Entrant("torch", threads, layout) for threads in (1, 2) for layout in ("default", "channels_last")
)
COMPARISONS = (
    Comparison("an epoch of 784-128-64-10, batch 128", "mlp", _NUMPY + _TORCH, aim=0.65),
    Comparison("an epoch of CNN 16-32-128, batch 128", "cnn", _NUMPY[1:] + _TORCH_IMAGES, aim=1.0),
    Comparison(
        "CNN 16-32-128 to 99 % of test images", "cnn-99", (_NUMPY[1], Entrant("torch", 2, "channels_last")), 1.0, 0.99
    ),
    Comparison("an epoch of 784-30-10, batch 10", "nielsen", (_NUMPY[0], Entrant("book")), aim=1 / 15),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a comparison: seconds by entrant, and the most bytes that ours took beyond its imports."""

    comparison: Comparison
    seconds: dict[Entrant, list[float]]
    bytes: int = 0
    missing: dict[Entrant, str] = field(default_factory=dict)

    def ratios(self) -> list[float]:
        """Our time over the others' in every round, each side by its best entrant."""
        sides = [
            min(
                (times for entrant, times in self.seconds.items() if (entrant.name == OURS) == ours and times),
                key=statistics.median,
                default=[],
            )
            for ours in (True, False)
        ]
        return [mine / other for mine, other in zip(*sides, strict=False)]


def run(comparison: Comparison, rounds: int, data: Path | None, tell: Callable[[str], None]) -> Outcome:
    """Let all entrants take turns. Those whose library is not installed are left out, and named.

    Raises InputError where a process of ours ends before it has answered.
    """
    seconds: dict[Entrant, list[float]] = {entrant: [] for entrant in comparison.entrants}
    missing: dict[Entrant, str] = {}
    most = 0
    tries = range(rounds) if comparison.until is None else range(min(rounds, 3))
    with ExitStack() as open_processes:
        asked: dict[Entrant, Callable[[], dict[str, Any]]] = {}
        for number in tries:
            for entrant in comparison.entrants:
                if entrant in missing:
                    continue
                tell(f"{comparison.title}: {entrant}, round {number + 1} of {len(tries)}")
                if comparison.until is not None:
                    with _process(comparison.task, entrant, number, data) as ask:
                        answer = _until(comparison.until, ask)
                else:
                    if entrant not in asked:
                        process = _process(comparison.task, entrant, 0, data)
                        asked[entrant] = _warmed_up(open_processes.enter_context(process))
                    answer = asked[entrant]()
                if "trouble" in answer:
                    missing[entrant] = answer["trouble"]
                    continue
                seconds[entrant].append(answer["seconds"])
                if entrant.name == OURS:
                    most = max(most, answer["bytes"])
    return Outcome(comparison, seconds, most, missing)


def _warmed_up(ask: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Train the first epoch, which is not counted; where there is trouble, that is the answer from then on."""
    first = ask()
    return (lambda: first) if "trouble" in first else ask


_LONGEST = 20  # epochs; who has not arrived by then never will


def _until(accuracy: float, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Train until the test images are read so well: the last answer, with the seconds that all of it took."""
    total = 0.0
    for _ in range(_LONGEST):
        answer = ask()
        if "trouble" in answer:
            return answer
        total += answer["seconds"]
        if answer["accuracy"] >= accuracy:
            return answer | {"seconds": total}
    return {"trouble": f"did not arrive in {_LONGEST} epochs"}


@contextmanager
def _process(task: str, entrant: Entrant, seed: int, data: Path | None) -> Iterator[Callable[[], dict[str, Any]]]:
    """A contestant's process, and the function that lets it train one epoch."""
    command: Sequence[str] = [sys.executable, "-m", "numeric.bench.process", task, entrant.name, str(entrant.threads)]
    command = [*command, str(seed), entrant.layout, *([str(data)] if data else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ask() -> dict[str, Any]:
            with suppress(BrokenPipeError):  # who has ended reads no more, and says nothing
                stdin.write("\n")
                stdin.flush()
            line = stdout.readline()
            if not line:
                raise InputError(f"{entrant} ended before it had trained; run {' '.join(command[1:])} to see why")
            return json.loads(line)

        try:
            yield ask
        finally:
            with suppress(BrokenPipeError):
                stdin.close()


def bytes_needed(dataset: Dataset, parameters: int, threads: int = 2) -> int:
    """The data set, and for each parameter its value, velocity, best value, and a cotangent for every thread."""
    data = dataset.train_images.nbytes + dataset.test_images.nbytes
    return data + 4 * parameters * (3 + threads)
