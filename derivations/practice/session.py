"""A session of practice as a generator: it poses problems, takes lines, and says what happened. It reads no clock and
writes nothing itself, so that a terminal, a pipe, a notebook and a test can all drive it.

    events = practise(plan, known, clock)
    event = next(events)                # a Posed
    event = events.send("X.T @ dY")     # a Judged, whose attempt is to be kept before it is shown
    event = events.send(None)           # where the event does not ask: the next Posed, or StopIteration
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from derivations.practice.grading import Verdict, grade
from derivations.practice.mastery import Attempt, Kind, Level, Result, Standing
from derivations.practice.problem import Problem
from derivations.practice.scheduling import Choice, Record, next_skill
from derivations.practice.skill import EASIEST, HARDEST, PracticeError, Skill, pose

DRAWS = 3  # of one problem, if it is the same as before
TEST_LENGTH = 8  # skills of a mixed test, where nobody says how many
FEWEST_IN_TEST = 2  # of one skill it would not be mixed
FIRST_IN_TEST = (Level.PROFICIENT, Level.MASTERED, Level.FAMILIAR, Level.ATTEMPTED, Level.NOT_STARTED)
COMMANDS = {"?": "hint", "hint": "hint", "show": "show", "skip": "skip", "quit": "quit", "exit": "quit"}
WAYS = "?: a hint   show: the truth   skip   quit   a line that ends in ; goes on"
NO_HINTS = "a test gives no hints and shows nothing; skip counts as missed"


@dataclass(frozen=True)
class Plan:
    """What a session is to do: the skills it draws from, and how.

    The first problem is made from `seed`, each other from the next; a skill's problem that was asked just before is
    drawn again. Without a `difficulty`, each follows from the level reached, and from what was right in this set. A
    `test` asks each of its skills once, in the order given. `count` bounds the problems of practice. With `retries` a
    wrong answer may be followed by others, which do not count.
    """

    skills: Mapping[str, Skill]
    seed: int
    difficulty: int | None = None
    count: int | None = None
    test: bool = False
    retries: bool = False

    @property
    def kind(self) -> Kind:
        """What the attempts are recorded as."""
        return "test" if self.test else "practice"


@dataclass(frozen=True)
class Event:
    """Something to be told. Where it `asks`, a line is expected; else the session goes on by itself."""

    asks: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class Posed(Event):
    """A new problem, the `number`-th of this session, and why it was chosen."""

    problem: Problem
    choice: Choice
    number: int
    of: int | None


@dataclass(frozen=True)
class Judged(Event):
    """The verdict on an answer. `attempt` is to be kept, where it counts; `before` and `after` are the levels."""

    verdict: Verdict
    answer: str
    before: Level
    after: Level
    attempt: Attempt | None = None


@dataclass(frozen=True)
class Hinted(Event):
    """The `number`-th of `of` hints; the first one `costs` that the answer will not count as right."""

    text: str
    number: int
    of: int
    costs: bool = False


@dataclass(frozen=True)
class GivenUp(Event):
    """The problem was skipped, or its truth asked for: then `truth` is what could have been typed."""

    truth: str | None
    before: Level
    after: Level
    attempt: Attempt | None = None


@dataclass(frozen=True)
class Remark(Event):
    """A sentence about what can be done."""

    text: str


Lines = Generator[Event, str | None, None]


def practise(plan: Plan, known: dict[str, Record], clock: Callable[[], float]) -> Lines:
    """Pose problems until the plan is done, or the line is `quit`.

    `known` has a record for every skill, and is kept up to date.

    `clock` gives seconds since 1970. Sent lines are answers, lines of one answer joined by a newline, or commands:
    `?`, `hint`, `show`, `skip`, `quit`.
    """
    count = len(plan.skills) if plan.test else plan.count
    answered: str | None = None
    seed, asked = plan.seed, Counter[str]()
    prompts: dict[str, str] = {}
    while count is None or asked.total() < count:
        if plan.test:
            choice: Choice | None = Choice(list(plan.skills.values())[asked.total()], "test")
        else:
            choice = next_skill(plan.skills, known, clock(), answered, asked)
        if choice is None:
            return
        name = choice.skill.name
        difficulty = plan.difficulty or fitting(known[name].standing)
        for _ in range(DRAWS):
            problem = pose(choice.skill, seed, difficulty)
            seed += 1
            if problem.prompt != prompts.get(name):
                break
        prompts[name] = problem.prompt
        asked[name] += 1
        played = _Round(plan, Posed(problem, choice, asked.total(), count), known, clock)
        goes_on = yield from played.play()
        if not goes_on:
            return
        answered = name if played.counted else None


@dataclass
class _Round:
    """One problem, until it is over. Its first answer counts, or that it was given up."""

    plan: Plan
    posed: Posed
    known: dict[str, Record]
    clock: Callable[[], float]
    hints: int = 0
    counted: bool = False
    written: str = ""  # the last answer that could be read: hints go on from there

    def play(self) -> Generator[Event, str | None, bool]:
        """Take lines; whether another problem may follow."""
        line = yield self.posed
        while line is not None:
            command = COMMANDS.get(line.strip().lower())
            if command == "quit":
                return False
            if not line.strip() and self.counted:
                return True
            event = self._judged(line) if command is None else getattr(self, f"_{command}")()
            line = yield event
            if not event.asks:
                return True
        return False

    def _judged(self, answer: str) -> Event:
        if not answer.strip():
            return Remark(WAYS) if self.plan.retries else self._skip()
        verdict = grade(self.posed.problem, answer)
        if verdict.status == "unreadable":
            return Judged(verdict, answer, self._level, self._level, asks=self.plan.retries)
        self.written = answer
        again = verdict.status != "right" and self.plan.retries and not self.plan.test
        told = verdict
        if again and verdict.status == "wrong" and self.posed.problem.kind == "number":
            told = _without_the_number(verdict, self.posed.problem)
        return Judged(told, answer, *self._counted(verdict.status, answer), asks=again)

    def _hint(self) -> Event:
        if self.plan.test:
            return Remark(NO_HINTS)
        hints = self.posed.problem.hints_after(self.written)
        if self.hints == len(hints):
            return Remark("there is no further hint; show tells the truth" if hints else "there is no hint; show does")
        self.hints += 1
        return Hinted(hints[self.hints - 1], self.hints, len(hints), costs=self.hints == 1 and not self.counted)

    def _show(self) -> Event:
        if self.plan.test:
            return Remark(NO_HINTS)
        return GivenUp(self.posed.problem.answer, *self._counted("shown"), asks=False)

    def _skip(self) -> Event:
        if self.plan.test:
            return GivenUp(None, *self._counted("skipped"), asks=False)
        return GivenUp(None, self._level, self._level, asks=False)

    @property
    def _level(self) -> Level:
        return self.known[self.posed.choice.skill.name].level

    def _counted(self, result: Result, answer: str = "") -> tuple[Level, Level, Attempt | None]:
        """The level before and after, and the attempt, if none of this problem has been counted yet."""
        skill, before = self.posed.choice.skill.name, self._level
        if self.counted:
            return before, before, None
        attempt = Attempt(skill, self.posed.problem.id, self.plan.kind, result, self.hints, self.clock(), answer)
        self.counted = attempt.counts_as is not None
        self.known[skill] = self.known[skill].after(attempt)
        return before, self._level, attempt


def _without_the_number(verdict: Verdict, problem: Problem) -> Verdict:
    """What kind of mistake it is, without the number that is looked for, nor how far off the answer is from it."""
    diagnoses = tuple(said for said, _ in problem.mistakes if said in verdict.diagnoses)
    said = ": ".join(("wrong", *diagnoses[:1]))
    return replace(verdict, sentence=said, counterexample=None, diagnoses=diagnoses)


def fitting(standing: Standing) -> int:
    """The difficulty for a level, the easiest up to attempted, the hardest from proficient on; more later in a set."""
    risen = standing.right * HARDEST // standing.length
    return min(max(int(standing.level), EASIEST) + risen, HARDEST)


def mixed_test(
    skills: Mapping[str, Skill], known: Mapping[str, Record], rng: np.random.Generator, count: int | None = None
) -> dict[str, Skill]:
    """The skills of a mixed test, in random order.

    Those that are proficient are chosen first, for only a test masters them; then mastered ones and familiar ones, and
    only then, or where a `count` asks for more, what was hardly practised. Raises PracticeError for fewer than two.
    """
    if len(skills) < FEWEST_IN_TEST or (count is not None and count < FEWEST_IN_TEST):
        raise PracticeError("a test is mixed: it needs at least two skills; name more, or leave the names out")
    shuffled = [list(skills)[k] for k in rng.permutation(len(skills))]
    level = {name: known[name].level for name in skills}
    ranked = sorted(shuffled, key=lambda name: FIRST_IN_TEST.index(level[name]))
    ready = sum(level[name] >= Level.FAMILIAR for name in ranked)
    chosen = ranked[: count or min(TEST_LENGTH, max(ready, FEWEST_IN_TEST))]
    return {name: skills[name] for name in (chosen[k] for k in rng.permutation(len(chosen)))}
