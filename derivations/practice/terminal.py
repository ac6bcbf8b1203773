"""A session in a terminal, or through a pipe: what is read, and how events are told.

In a terminal a problem stays until it is right, or left; through a pipe every line answers the next problem, and every
answer gives one line that begins with its verdict. An answer of several lines has a semicolon between them, or at the
end of each but the last.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Protocol, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from derivations.practice.grading import Verdict
from derivations.practice.mastery import Attempt, Level
from derivations.practice.session import Event, GivenUp, Hinted, Judged, Lines, Posed, Remark
from derivations.practice.status_map import NARROWEST
from derivations.render.wrapping import wrapped

LONGEST_LINE = 10_000  # characters; what is longer is cut, and refused by the grader
MOST_LINES = 100
MARKS = {
    "right": ("✓", "green"),
    "wrong": ("✗", "bold red"),
    "unreadable": ("?", "yellow"),
    "undecided": ("?", "yellow"),
}


@dataclass
class Tally:
    """What a session came to: verdicts by their number, and for each skill by its title the first and last level."""

    verdicts: Counter[str] = field(default_factory=Counter)
    levels: dict[str, tuple[Level, Level]] = field(default_factory=dict)

    @property
    def answers(self) -> int:
        """How many problems were answered or given up."""
        return self.verdicts.total()

    @property
    def all_right(self) -> bool:
        """Whether nothing was wrong, unreadable, undecided or given up; skipping is none of these."""
        return self.verdicts["right"] == self.answers

    def note(self, event: Event, title: str) -> None:
        """Count an event that ended in a verdict; of a problem that is tried again only what was counted first."""
        if isinstance(event, Judged | GivenUp):
            if event.attempt is not None:
                first, _ = self.levels.get(title, (event.before, event.after))
                self.levels[title] = first, event.after
                self.verdicts[event.attempt.result] += 1
            elif isinstance(event, Judged) and not event.asks and event.verdict.status == "unreadable":
                self.verdicts["unreadable"] += 1


class Face(Protocol):
    """How a session meets its learner."""

    def tell(self, event: Event) -> None:
        """Show an event."""

    def read(self) -> str | None:
        """The next line; None at the end of input."""

    def end(self, lines: Sequence[str]) -> None:
        """Show the last words, the most important ones first."""


def drive(events: Lines, face: Face, keep: Callable[[Attempt], None]) -> Tally:
    """Run a session to its end, which may be the end of input; every attempt is kept before its verdict is told."""
    tally = Tally()
    event, title = next(events, None), ""
    while event is not None:
        if isinstance(event, Posed):
            title = event.choice.skill.title
        if isinstance(event, Judged | GivenUp) and event.attempt is not None:
            keep(event.attempt)
        tally.note(event, title)
        face.tell(event)
        line = face.read() if event.asks else None
        if event.asks and line is None:
            break
        try:
            event = events.send(line)
        except StopIteration:
            break
    events.close()
    return tally


def answer_from(read_line: Callable[[bool], str | None]) -> str | None:
    """One answer, its lines joined by newlines; `read_line` is told whether it goes on with one. None at the end."""
    lines: list[str] = []
    while len(lines) < MOST_LINES:
        line = read_line(bool(lines))
        if line is None:
            break
        lines.append(line.rstrip().removesuffix(";"))
        if not line.rstrip().endswith(";"):
            break
    return "\n".join(lines).replace(";", "\n") if lines else None


# ------------------------------------------------------------------------------------------ through a pipe


@dataclass
class Pipe:
    """One line for every problem, and one for every answer."""

    source: TextIO
    target: TextIO

    def read(self) -> str | None:
        """The next answer."""
        return answer_from(lambda _: bounded_line(self.source))

    def tell(self, event: Event) -> None:
        """One line, written at once."""
        print(_in_one_line(_piped(event)), file=self.target, flush=True)

    def end(self, lines: Sequence[str]) -> None:
        """The first of the last words."""
        print(lines[0], file=self.target, flush=True)


def _piped(event: Event) -> str:
    match event:
        case Posed():
            return f"{event.number} {event.problem.id} {event.problem.prompt}"
        case Judged():
            return "; ".join([verdict_line(event.verdict), *_evidence(event.verdict)])
        case Hinted():
            return f"hint {event.number} of {event.of}: {event.text}"
        case GivenUp(truth=None):
            return "skipped"
        case GivenUp():
            return f"shown: {event.truth}"
        case Remark():
            return f"note: {event.text}"
    raise TypeError(event)


def verdict_line(verdict: Verdict) -> str:
    """The verdict in one line, its status first: `unreadable: column 7: ...`."""
    if verdict.status == "unreadable":
        line, column = verdict.line or 1, verdict.column or 1
        reason = verdict.sentence.removeprefix(f"this cannot be read (line {line}, column {column}): ")
        return f"unreadable: {f'line {line}, ' if line > 1 else ''}column {column}: {reason}"
    said = verdict.sentence
    return said if said.startswith(verdict.status) else f"{verdict.status}: {said}"


def _evidence(verdict: Verdict) -> list[str]:
    """What the verdict has to tell beyond its sentence."""
    more = [*verdict.diagnoses, *([verdict.counterexample] if verdict.counterexample else [])]
    return [text for text in more if text not in verdict.sentence]


def bounded_line(source: TextIO) -> str | None:
    """The next line without its end, cut where it is very long; None at the end of input."""
    line = source.readline(LONGEST_LINE)
    rest = line
    while rest and not rest.endswith("\n"):
        rest = source.readline(LONGEST_LINE)
    return line.removesuffix("\n").removesuffix("\r") if line else None


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


# ------------------------------------------------------------------------------------------ in a terminal


@dataclass
class Screen:
    """A terminal, with or without colours, 40 columns wide or more."""

    console: Console
    ask: Callable[[str], str] = input

    def read(self) -> str | None:
        """The next answer; the end of input is Ctrl-D."""
        return answer_from(self._line)

    def _line(self, continued: bool) -> str | None:
        try:
            return self.ask("| " if continued else "> ")
        except EOFError:
            self.console.print()
            return None

    @property
    def _width(self) -> int:
        columns = shutil.get_terminal_size().columns  # the console takes a dumb terminal to be 80 columns wide
        return max(columns, NARROWEST)

    def _say(self, text: str, indent: str = "  ", style: str = "", hang: int = 0) -> None:
        for paragraph in text.splitlines() or [""]:
            own = paragraph[: len(paragraph) - len(paragraph.lstrip(" "))]
            for line in wrapped(_printable(paragraph), indent + own, self._width, hang):
                self.console.print(Text(line, style=style), soft_wrap=True)

    def greet(self, text: str) -> None:
        """A first word."""
        self._say(text, "", "dim")

    def end(self, lines: Sequence[str]) -> None:
        """The last words."""
        self._say("\n".join(["", *lines]), "", hang=2)

    @singledispatchmethod
    def tell(self, event: Event) -> None:
        """Show an event."""
        raise TypeError(event)

    @tell.register
    def _(self, event: Posed) -> None:
        number = f"{event.number}" if event.of is None else f"{event.number} of {event.of}"
        skill = event.choice.skill
        self.console.print()
        self._heading(f"{number}  {skill.title}", event.problem.id)
        self._say(event.choice.why, style="dim")
        self.console.print()
        self._say(event.problem.prompt, "    ", hang=2)
        self.console.print()

    def _heading(self, left: str, right: str) -> None:
        gap = self._width - cell_len(left) - cell_len(right)
        line = (
            Text.assemble((left, "bold"), " " * max(gap, 2), (right, "dim")) if gap >= 2 else Text(left, style="bold")
        )
        self.console.print(line, soft_wrap=True)
        if gap < 2:
            self.console.print(Text(f"  {right}", style="dim"), soft_wrap=True)

    @tell.register
    def _(self, event: Judged) -> None:
        verdict = event.verdict
        mark, style = MARKS[verdict.status]
        if verdict.status == "unreadable":
            self._point_at(event.answer, verdict)
        self._say(f"{mark} {verdict_line(verdict)}", "", style, hang=2)
        for text in _evidence(verdict):
            self._say(text)
        self._levels(event.before, event.after)
        if event.asks and verdict.status != "unreadable":
            self._say("again, or Enter for the next one; ? for a hint, show for the truth", style="dim")

    def _point_at(self, answer: str, verdict: Verdict) -> None:
        """A caret below the column, and above it the line again where it is not the one just typed, or is too long."""
        line = answer.splitlines()[(verdict.line or 1) - 1] if answer else ""
        column = (verdict.column or 1) - 1
        room = self._width - 3
        if "\n" in answer or len(line) > room:
            start = max(0, column - room // 2)
            line, column = line[start : start + room], column - start
            self.console.print(Text(f"  {_printable(line)}"), soft_wrap=True)
        self.console.print(Text(" " * (2 + cell_len(_printable(line[:column]))) + "^", style="yellow"), soft_wrap=True)

    def _levels(self, before: Level, after: Level) -> None:
        if before != after:
            self._say(f"{before} → {after}", style="green" if after > before else "yellow")

    @tell.register
    def _(self, event: Hinted) -> None:
        self._say(f"hint {event.number} of {event.of}", "", "cyan")
        self._say(event.text, "    ", hang=2)
        if event.costs:
            self._say("with a hint this answer will not count as right", style="dim")

    @tell.register
    def _(self, event: GivenUp) -> None:
        if event.truth is None:
            self._say("skipped", "", "dim")
        else:
            self._say(event.truth, "    ", hang=2)
        self._levels(event.before, event.after)

    @tell.register
    def _(self, event: Remark) -> None:
        self._say(event.text, style="dim")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\N{NO-BREAK SPACE}" else "?" for c in text)


def summary(tally: Tally) -> Iterator[str]:
    """What the session came to, in lines: the numbers, then every skill whose level has changed."""
    if not tally.answers:
        yield "nothing was answered"
        return
    numbers = [f"{count} {name}" for name, count in tally.verdicts.items()]
    yield f"{'1 answer' if tally.answers == 1 else f'{tally.answers} answers'}: {', '.join(numbers)}"
    for title, (first, last) in tally.levels.items():
        yield f"{title}: {last}" if first == last else f"{title}: {first} → {last}"
