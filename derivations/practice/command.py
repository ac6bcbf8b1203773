"""What `backproof practice` does, but for reading its options: sessions, the map, and files for a teacher."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import numpy as np

from derivations.practice.explanation import EXPLANATIONS, Explanation, explanation_for
from derivations.practice.export import as_csv, as_json
from derivations.practice.mastery import Attempt, Level
from derivations.practice.progress import open_progress, progress_path, read_attempts
from derivations.practice.scheduling import Record, records
from derivations.practice.session import WAYS, Plan, mixed_test, practise
from derivations.practice.skill import PracticeError, Skill, select
from derivations.practice.status_map import status_map
from derivations.practice.terminal import Face, Pipe, Screen, bounded_line, drive, summary

SEEDS = 1_000_000  # one of so many is drawn where none is given

LONGEST_TEXT = 100_000  # characters; no explanation has as many

Skills = Mapping[str, Skill]


@dataclass(frozen=True)
class Wish:
    """What is wished for: see Plan. Without a `seed`, one is drawn. The `count` of a test is that of its skills."""

    names: Sequence[str] = ()
    seed: int | None = None
    difficulty: int | None = None
    count: int | None = None
    test: bool = False


def run_session(
    wish: Wish, skills: Skills, file: Path | None, source: TextIO, target: TextIO, clock: Callable[[], float]
) -> bool:
    """Practise, on a terminal or through a pipe; whether every answer was right.

    `file` keeps the progress, None keeps nothing; `clock` gives seconds since 1970. Raises PracticeError.
    """
    on_terminal = source.isatty() and target.isatty()
    chosen = select(wish.names, skills)
    with _kept(file, skills) as (known, keep):
        events = practise(_plan(wish, chosen, known, retries=on_terminal), known, clock)
        face = _screen() if on_terminal else _pipe(source, target)
        try:
            tally = drive(events, face, keep)
        except KeyboardInterrupt:
            if on_terminal:
                print(file=target)  # what is said next is not to stand beside the prompt
            raise
        face.end([*summary(tally), *_advice(skills, known, clock())])
    return tally.all_right


def explained(title: str, source: TextIO, target: TextIO) -> str:
    """What the learner says about a subject: on a terminal up to an empty line, through a pipe up to the end."""
    _read_anything(source)
    if not (source.isatty() and target.isatty()):
        return source.read(LONGEST_TEXT)
    print(f"{title}: explain it in plain words, as to a friend. An empty line ends it.\n", file=target, flush=True)
    lines: list[str] = []
    while (line := bounded_line(source)) is not None and line.strip():
        lines.append(line)
    return "\n".join(lines)


def explanation_of(names: Sequence[str], skills: Skills) -> Explanation:
    """The explanation of a subject, `attention`, or that which fits a skill or a topic; without a name, a network's.

    Raises PracticeError.
    """
    if len(names) > 1:
        raise PracticeError(f"one thing is explained at a time, not {len(names)}: name one skill, or none")
    if not names:
        return EXPLANATIONS["network"]
    if names[0] in EXPLANATIONS:
        return EXPLANATIONS[names[0]]
    return explanation_for(next(iter(select(names, skills))))


def map_lines(names: Sequence[str], skills: Skills, file: Path, now: float, width: int) -> Iterator[str]:
    """The map of skills with the levels reached; of nothing in particular, a brief one. Raises PracticeError."""
    return status_map(select(names, skills), records(skills, read_attempts(file)), now, width, brief=not names)


def exported(path: Path, names: Sequence[str], skills: Skills, file: Path) -> dict[Path, str]:
    """What is to be written: NAME.json; or NAME.csv with the skills, and NAME-attempts.csv. Raises PracticeError."""
    if path.suffix not in (".json", ".csv"):
        raise PracticeError(f"cannot tell what to write into {path}; expected a name that ends in .json or .csv")
    chosen = select(names, skills)
    attempts = [attempt for attempt in read_attempts(file) if not names or attempt.skill in chosen]
    if path.suffix == ".json":
        return {path: json.dumps(as_json(chosen, attempts), indent=1, ensure_ascii=False) + "\n"}
    tables = as_csv(chosen, attempts)
    return {path: tables["skills"], path.with_name(f"{path.stem}-attempts.csv"): tables["attempts"]}


def progress_file() -> Path:
    """Where this user's progress is kept. Raises PracticeError where nothing says where that could be."""
    path = Path(progress_path(os.environ, sys.platform, Path("~").expanduser()))
    if path.parts[0] == "~":
        raise PracticeError("no home folder is known, to keep progress in; name a file with --progress")
    return path


@contextmanager
def _kept(file: Path | None, skills: Skills) -> Iterator[tuple[dict[str, Record], Callable[[Attempt], None]]]:
    """What is known so far, and how to keep an attempt."""
    if file is None:
        yield records(skills), lambda attempt: None
        return
    with open_progress(file) as progress:
        yield records(skills, progress.attempts()), progress.add


def _plan(wish: Wish, chosen: Skills, known: Mapping[str, Record], *, retries: bool) -> Plan:
    rng = np.random.default_rng(wish.seed)
    seed = int(rng.integers(SEEDS)) if wish.seed is None else wish.seed
    asked, count = dict(chosen), wish.count
    if wish.test:
        count = wish.count or (len(chosen) if wish.names else None)
        asked = mixed_test(chosen, known, rng, count)
    return Plan(asked, seed, wish.difficulty, count, wish.test, retries)


def _pipe(source: TextIO, target: TextIO) -> Face:
    _read_anything(source)
    return Pipe(source, target)


def _read_anything(source: TextIO) -> None:
    """Read bytes that are no text as the sign for that: an answer with it is unreadable, at its column."""
    if isinstance(source, TextIOWrapper):
        source.reconfigure(errors="replace")


def _screen() -> Face:
    from rich.console import Console

    with suppress(ImportError):
        import readline  # noqa: F401 - with it, input() edits its line and remembers the last ones
    screen = Screen(Console(highlight=False, markup=False))
    screen.greet(WAYS)
    return screen


def _advice(skills: Skills, known: Mapping[str, Record], now: float) -> Iterator[str]:
    """What to do next time."""
    due = sum(r.review.due is not None and r.review.due <= now for name, r in known.items() if name in skills)
    ready = sum(r.level == Level.PROFICIENT for name, r in known.items() if name in skills)
    if due:
        yield f"{_many(due)} due for review"
    if ready:
        yield f"{_many(ready)} proficient; a mixed test decides mastery: backproof practice --test"


def _many(count: int) -> str:
    return "1 skill is" if count == 1 else f"{count} skills are"
