"""The map of skills as text: topics as blocks, a bar for every level, and what a skill builds on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from derivations.practice.mastery import Level
from derivations.practice.scheduling import Record, is_open, spoken_day
from derivations.practice.skill import Skill
from derivations.render.wrapping import together, wrapped

NARROWEST = 40
INDENT = "  "
BARS: dict[Level, str] = {level: f"[{('#' * level).ljust(Level.MASTERED)}]" for level in Level}
STYLES: dict[Level, str] = {
    Level.NOT_STARTED: "dim",
    Level.ATTEMPTED: "red",
    Level.FAMILIAR: "yellow",
    Level.PROFICIENT: "cyan",
    Level.MASTERED: "green",
}


def status_map(skills: Mapping[str, Skill], known: Mapping[str, Record], now: float, width: int) -> Iterator[str]:
    """The map in lines of at most `width` columns, 40 or more; `now` is in seconds since 1970.

    A skill that is not open yet says what it waits for; one that is due says so.
    """
    width = max(width, NARROWEST)
    record = {name: known.get(name, Record()) for name in skills}
    room = max(len(f"{INDENT}{BARS[level]} ") for level in Level) + max(
        (len(s.title) for s in skills.values()), default=0
    )
    for topic in dict.fromkeys(skill.topic for skill in skills.values()):
        members = [skill for skill in skills.values() if skill.topic == topic]
        mastered = sum(record[skill.name].level == Level.MASTERED for skill in members)
        yield from _apart(_title(topic), f"{mastered} of {len(members)} mastered", width)
        for skill in members:
            yield from _skill(skill, skills, record, now, room, width)
        yield ""
    yield from _legend(width)


def skill_list(skills: Mapping[str, Skill], width: int) -> Iterator[str]:
    """The names that a command takes: topics, and below each its skills with their titles."""
    width = max(width, NARROWEST)
    column = max((len(name) for name in skills), default=0) + 2 * len(INDENT)
    for topic in dict.fromkeys(skill.topic for skill in skills.values()):
        yield topic
        for skill in skills.values():
            if skill.topic != topic:
                continue
            head = f"{INDENT}{skill.name}"
            if column + len(skill.title) <= width:
                yield head.ljust(column) + skill.title
            else:
                yield head
                yield from wrapped(skill.title, 2 * INDENT, width)


def _skill(
    skill: Skill, skills: Mapping[str, Skill], record: Mapping[str, Record], now: float, room: int, width: int
) -> Iterator[str]:
    mine = record[skill.name]
    head = f"{INDENT}{BARS[mine.level]} {skill.title}"
    hang = " " * len(f"{INDENT}{BARS[mine.level]} ")
    notes = [note for note in (_due(mine, now), _waits_for(skill, skills, record)) if note]
    remark = ", ".join(notes)
    if remark and room + 2 + len(remark) <= width:
        yield f"{head:<{room}}  {remark}"
        return
    yield from wrapped(head.lstrip(), INDENT, width, hang=len(hang) - len(INDENT))
    if remark:
        yield from wrapped(", ".join(map(together, notes)), hang, width)


def _due(mine: Record, now: float) -> str:
    return "" if mine.review.due is None else f"due {spoken_day(mine.review.due, now)}"


def _waits_for(skill: Skill, skills: Mapping[str, Skill], record: Mapping[str, Record]) -> str:
    if is_open(skill, record):
        return ""
    missing = [n for n in skill.prerequisites if n in record and record[n].level < Level.PROFICIENT]
    return "after " + " and ".join(skills[name].title for name in missing)


def _apart(left: str, right: str, width: int) -> Sequence[str]:
    gap = width - len(left) - len(right)
    return [left + " " * gap + right] if gap >= 2 else [left, right.rjust(width)]


def _title(topic: str) -> str:
    return topic.replace("_", " ").capitalize() if topic.islower() else topic


def _legend(width: int) -> Iterator[str]:
    yield from wrapped("   ".join(together(f"{BARS[level]} {level}") for level in Level), "", width)
