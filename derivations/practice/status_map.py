"""The map of skills as text: topics as blocks, a bar for every level, and what a skill builds on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from derivations.practice.mastery import Level
from derivations.practice.scheduling import Record, is_open, spoken_day
from derivations.practice.skill import Skill
from derivations.render.wrapping import together, wrapped

NARROWEST = 40
INDENT = "  "
MANY = 16  # skills of a topic; where there are more, only some that are not begun yet are shown
NEXT = 5
BARS: dict[Level, str] = {level: f"[{('#' * level).ljust(Level.MASTERED)}]" for level in Level}


def status_map(
    skills: Mapping[str, Skill], known: Mapping[str, Record], now: float, width: int, brief: bool = False
) -> Iterator[str]:
    """The map in lines of at most `width` columns, 40 or more; `now` is in seconds since 1970.

    A skill that was practised says when it is due; one that is not open yet, what it waits for. In a `brief` map most
    of what is not begun is only counted where a topic has many skills.
    """
    record = {name: known[name] for name in skills}
    for topic, members in by_topic(skills).items():
        mastered = sum(record[skill.name].level == Level.MASTERED for skill in members)
        yield from _apart(topic, f"{mastered} of {len(members)} mastered", max(width, NARROWEST))
        new = [skill for skill in members if record[skill.name].level == Level.NOT_STARTED]
        ready = [skill for skill in new if is_open(skill, record)]
        few = [skill for skill in members if skill not in new or skill in ready[:NEXT]]
        shown = few if brief and len(members) > MANY else members
        for skill in shown:
            notes = [*_due(record[skill.name], now), *_waits_for(skill, skills, record)]
            bar = f"{INDENT}{BARS[record[skill.name].level]} "
            yield from _row(bar, skill.title, ", ".join(notes), max(len(s.title) for s in shown), width)
        if len(shown) < len(members):
            rest = {"to begin with": len(ready[NEXT:]), "that wait for others": len(new) - len(ready)}
            yield from wrapped(_counted(rest, bool(shown)), INDENT, max(width, NARROWEST))
        yield ""
    yield from wrapped("   ".join(together(f"{BARS[level]} {level}") for level in Level), "", max(width, NARROWEST))


def _counted(numbers: Mapping[str, int], more: bool) -> str:
    """`and 3 more to begin with, and 28 more that wait for others`."""
    return ", ".join(f"and {n} more {what}" if more else f"{n} {what}" for what, n in numbers.items() if n)


def skill_list(skills: Mapping[str, Skill], width: int) -> Iterator[str]:
    """The names that the command takes: topics, and below each its skills, with their titles and what they build on."""
    for topic, members in by_topic(skills).items():
        yield topic
        for skill in members:
            after = f"; after {', '.join(skill.prerequisites)}" if skill.prerequisites else ""
            yield from _row(INDENT, skill.name, f"{skill.title}{after}", max(map(len, skills)), width)


def by_topic(skills: Mapping[str, Skill]) -> dict[str, list[Skill]]:
    """The skills of every topic, in the order of the map."""
    topics: dict[str, list[Skill]] = {}
    for skill in skills.values():
        topics.setdefault(skill.topic, []).append(skill)
    return topics


def _row(mark: str, name: str, remark: str, column: int, width: int) -> Iterator[str]:
    """A mark, a name, and a remark in the next column; below the name where there is no room."""
    width = max(width, NARROWEST)
    if remark and len(mark) + column + len(INDENT) + len(remark) <= width:
        yield f"{mark}{name:<{column}}{INDENT}{remark}"
        return
    first, *rest = wrapped(name, " " * len(mark), width)
    yield mark + first[len(mark) :]
    yield from rest
    if remark:
        yield from wrapped(remark, " " * (len(mark) + len(INDENT)), width)


def _due(mine: Record, now: float) -> Sequence[str]:
    return [] if mine.review.due is None else [f"due {spoken_day(mine.review.due, now)}"]


def _waits_for(skill: Skill, skills: Mapping[str, Skill], record: Mapping[str, Record]) -> Sequence[str]:
    if is_open(skill, record):
        return []
    missing = [n for n in skill.prerequisites if n in record and record[n].level < Level.PROFICIENT]
    titles = dict.fromkeys(skills[name].title.partition(":")[0] for name in missing)
    return [f"after {' and '.join(titles)}"]


def _apart(left: str, right: str, width: int) -> Sequence[str]:
    gap = width - len(left) - len(right)
    return [left + " " * gap + right] if gap >= 2 else [left, right.rjust(width)]
