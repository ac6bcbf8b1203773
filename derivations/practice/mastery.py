"""How far a learner is in a skill, by the rules of Khan Academy.

A skill is not started, attempted, familiar, proficient or mastered. What Khan Academy publishes ("How do Khan Academy's
Mastery levels work?" and "Mastery Mechanics Changes September 2018", support.khanacademy.org):

- **In a practice set** of one skill, less than 70 % right is attempted, 70 to 99 % familiar, all right proficient. A
  set never raises to mastered, and a poor one lowers: from mastered to proficient where 70 to 99 % were right and to
  familiar below that, from proficient to familiar unless all were right, from familiar to attempted below 70 %.
- **In a mixed test** of several skills, every right answer raises its skill by one level, from not started to familiar,
  and only here does proficient become mastered. A miss lowers it by one level, never below attempted.

What we add: a set is SET_LENGTH answers to one skill, whenever they are given, or fewer where the skill has no more
problems. What an answer has settled counts at once, before the set is over: the first of four that is missed lowers
what only a perfect set may keep, and a second one ends the set, since less than 70 % will be right. No miss lowers by
more than one level. A test between the answers of a set ends it. An answer is right only if no hint was asked for
before it; one that cannot be read or decided does not count at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

SET_LENGTH = 4
SHARE_OF_FAMILIAR = 0.7

Kind = Literal["practice", "test"]
Result = Literal["right", "wrong", "undecided", "shown", "skipped"]


class Level(IntEnum):
    """The levels, from low to high."""

    NOT_STARTED = 0
    ATTEMPTED = 1
    FAMILIAR = 2
    PROFICIENT = 3
    MASTERED = 4

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Attempt:
    """One answer that was judged, or given up: "shown" the truth, or "skipped" in a test.

    `moment` is in seconds since 1970, UTC. `hints` were asked for before the answer.
    """

    skill: str
    problem: str
    kind: Kind
    result: Result
    hints: int
    moment: float
    answer: str = ""

    @property
    def counts_as(self) -> bool | None:
        """Whether it counts as right; None where it does not count."""
        return None if self.result == "undecided" else self.result == "right" and self.hints == 0


@dataclass(frozen=True)
class Standing:
    """A level, and the practice set that is open: the level at which it began, how many were right, how many missed.

    `length` is how many answers a set of this skill has.
    """

    level: Level = Level.NOT_STARTED
    start: Level = Level.NOT_STARTED
    right: int = 0
    missed: int = 0
    length: int = SET_LENGTH

    @property
    def in_a_set(self) -> bool:
        """Whether a practice set has begun and is not over."""
        return self.right + self.missed > 0

    def after(self, attempt: Attempt) -> Standing:
        """The standing once an attempt has been counted."""
        right = attempt.counts_as
        if right is None:
            return self
        return self._after_test(right) if attempt.kind == "test" else self._after_practice(right)

    def _after_test(self, right: bool) -> Standing:
        raised = max(Level.FAMILIAR, Level(min(self.level + 1, Level.MASTERED)))
        return self._settled(raised if right else max(Level.ATTEMPTED, self._one_lower))

    def _after_practice(self, right: bool) -> Standing:
        start = self.start if self.in_a_set else self.level
        hits, misses = self.right + right, self.missed + (not right)
        best = 1 - misses / self.length  # the share that is right if all others are
        lowered = _LOWERED[start][0 if misses == 0 else 1 if best >= SHARE_OF_FAMILIAR else 2]
        known = max(lowered, self._one_lower)
        if best < SHARE_OF_FAMILIAR:
            return self._settled(known)
        if hits + misses == self.length:
            return self._settled(max(known, Level.FAMILIAR if misses else Level.PROFICIENT))
        return Standing(known, start, hits, misses, self.length)

    @property
    def _one_lower(self) -> Level:
        return Level(max(self.level - 1, Level.NOT_STARTED))

    def _settled(self, level: Level) -> Standing:
        return Standing(level, level, length=self.length)


def standing(attempts: Iterable[Attempt], length: int = SET_LENGTH) -> Standing:
    """Where the attempts at one skill, in their order, have led."""
    reached = Standing(length=length)
    for attempt in attempts:
        reached = reached.after(attempt)
    return reached


# What is left of the level at which a set began while all are right, at 70 to 99 %, and below that.
_LOWERED: dict[Level, tuple[Level, Level, Level]] = {
    Level.NOT_STARTED: (Level.ATTEMPTED, Level.ATTEMPTED, Level.ATTEMPTED),
    Level.ATTEMPTED: (Level.ATTEMPTED, Level.ATTEMPTED, Level.ATTEMPTED),
    Level.FAMILIAR: (Level.FAMILIAR, Level.FAMILIAR, Level.ATTEMPTED),
    Level.PROFICIENT: (Level.PROFICIENT, Level.FAMILIAR, Level.FAMILIAR),
    Level.MASTERED: (Level.MASTERED, Level.PROFICIENT, Level.FAMILIAR),
}
