"""When a skill is to be reviewed, and which one comes next: spaced repetition, and the map of prerequisites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from derivations.practice.mastery import Attempt, Level, Standing
from derivations.practice.skill import Skill

DAY = 86_400.0  # seconds
FIRST_INTERVALS = (1.0, 6.0)  # days
HARDEST_EASE, EASIEST_EASE = 1.3, 2.5
LONGEST_INTERVAL = 365.0  # days
PASSED = 3  # the lowest quality that is not a lapse


@dataclass(frozen=True)
class Review:
    """The state of SM-2 for one skill; intervals in days, `due` in seconds since 1970, None before the first attempt.

        I(1) = 1,  I(2) = 6,  I(n) = I(n - 1)*EF,  EF' = EF + 0.1 - (5 - q)*(0.08 + (5 - q)*0.02) >= 1.3

    with a quality q of 5 for a right answer, 3 for one with hints; below 3, a lapse, repetitions start again and EF
    stays. Ours: what is right before it is due changes nothing, for it says little about memory; EF stays below 2.5,
    where it starts, and no interval is longer than a year.

    Source: Wozniak (1990), Optimization of Learning, section 3.2, algorithm SM-2.
    """

    repetitions: int = 0
    ease: float = EASIEST_EASE
    interval: float = 0.0
    due: float | None = None

    def after(self, attempt: Attempt) -> Review:
        """The state once an attempt has been taken into account."""
        quality = _quality(attempt)
        if quality is None:
            return self
        if quality < PASSED:
            return replace(
                self, repetitions=0, interval=FIRST_INTERVALS[0], due=attempt.moment + FIRST_INTERVALS[0] * DAY
            )
        if self.due is not None and attempt.moment < self.due:
            return self
        ease = self.ease + 0.1 - (5 - quality) * (0.08 + (5 - quality) * 0.02)
        ease = min(max(ease, HARDEST_EASE), EASIEST_EASE)
        early = self.repetitions < len(FIRST_INTERVALS)
        interval = FIRST_INTERVALS[self.repetitions] if early else min(self.interval * ease, LONGEST_INTERVAL)
        return Review(self.repetitions + 1, ease, interval, attempt.moment + interval * DAY)


def _quality(attempt: Attempt) -> int | None:
    if attempt.result == "undecided":
        return None
    return 1 if attempt.result != "right" else 3 if attempt.hints else 5


@dataclass(frozen=True)
class Record:
    """All that is known about one skill: where it stands, when it is due, how often it was tried, right, and when."""

    standing: Standing = field(default_factory=Standing)
    review: Review = field(default_factory=Review)
    attempts: int = 0
    right: int = 0
    last: float | None = None

    @property
    def level(self) -> Level:
        """The level reached."""
        return self.standing.level

    def after(self, attempt: Attempt) -> Record:
        """The record with one attempt more."""
        return Record(
            self.standing.after(attempt),
            self.review.after(attempt),
            self.attempts + 1,
            self.right + (attempt.counts_as is True),
            attempt.moment,
        )


def records(skills: Mapping[str, Skill], attempts: Iterable[Attempt] = ()) -> dict[str, Record]:
    """A record for every skill of the map, and every other that was tried; attempts in the order of their making."""
    found = {name: Record(Standing(length=skill.set_length)) for name, skill in skills.items()}
    for attempt in attempts:
        found[attempt.skill] = found.get(attempt.skill, Record()).after(attempt)
    return found


@dataclass(frozen=True)
class Choice:
    """A skill, and why it comes next."""

    skill: Skill
    why: str


def next_skill(
    skills: Mapping[str, Skill],
    known: Mapping[str, Record],
    now: float,
    last: str | None = None,
    asked: Mapping[str, int] | None = None,
) -> Choice | None:
    """What to practise next; None where there are no skills. `known` has a record for each of them.

    `last` is the skill that was just answered: a set that was just begun goes on until its skill is proficient or the
    set is over. Then come reviews that are due, the longest overdue first. Then, in the order of the map, a skill below
    proficient whose prerequisites are proficient (those outside of `skills` are not asked for): one whose set is open,
    else another one than `last` where there is a choice. Then whatever has rested longest, lower levels first.
    What was `asked` more often in this session waits for what was asked less often: who skips gets something else.
    """
    record, times = {name: known[name] for name in skills}, asked or {}
    if last in record and record[last].standing.in_a_set and record[last].level < Level.PROFICIENT:
        return Choice(skills[last], _place_in_set(record[last].standing))
    due = [(times.get(name, 0), r.review.due, name) for name, r in record.items() if _is_due(r, now)]
    if due:
        _, since, name = min(due)
        return Choice(skills[name], f"review, due {spoken_day(since or now, now)}")
    below = [name for name, r in record.items() if r.level < Level.PROFICIENT and is_open(skills[name], record)]
    if below:
        name = min(below, key=lambda name: (times.get(name, 0), not record[name].standing.in_a_set, name == last))
        return Choice(skills[name], _place_in_set(record[name].standing) if record[name].attempts else "new")
    if not record:
        return None
    name = min(record, key=lambda name: (times.get(name, 0), record[name].level, record[name].last or 0.0))
    return Choice(skills[name], f"{record[name].level}, and rested longest")


def _is_due(record: Record, now: float) -> bool:
    return record.review.due is not None and record.review.due <= now


def is_open(skill: Skill, record: Mapping[str, Record]) -> bool:
    """Whether all prerequisites in `record` are at least proficient."""
    return all(record[name].level >= Level.PROFICIENT for name in skill.prerequisites if name in record)


def _place_in_set(standing: Standing) -> str:
    return f"answer {standing.right + standing.missed + 1} of {standing.length} in this set"


def spoken_day(moment: float, now: float) -> str:
    """The day of a moment as seen from now, by the calendar of where the learner is; both in seconds since 1970."""
    ago = (date.fromtimestamp(now) - date.fromtimestamp(moment)).days
    near = {0: "today", 1: "yesterday", -1: "tomorrow"}
    return near.get(ago) or (f"{ago} days ago" if ago > 0 else f"in {-ago} days")
