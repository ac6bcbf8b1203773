"""Progress for a teacher: JSON, or two tables of comma-separated values."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from derivations.practice.mastery import Attempt
from derivations.practice.scheduling import Record, records
from derivations.practice.skill import Skill

SKILL_COLUMNS = ("skill", "title", "topic", "level", "attempts", "right", "last", "due")
ATTEMPT_COLUMNS = ("when", "skill", "problem", "kind", "result", "hints", "counts_as_right", "answer")
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(skills: Mapping[str, Skill], attempts: Sequence[Attempt]) -> dict[str, Any]:
    """`skills` and `attempts`, each a list of plain data; times are ISO 8601 in UTC, null where there is none."""
    return {"skills": _skill_rows(skills, records(skills, attempts)), "attempts": _attempt_rows(attempts)}


def as_csv(skills: Mapping[str, Skill], attempts: Sequence[Attempt]) -> dict[str, str]:
    """The tables `skills` and `attempts`, as RFC 4180 has them.

    What a spreadsheet would take for a formula has an apostrophe before it, answers above all: `= 2*x` is one.
    """
    return {
        "skills": _table(SKILL_COLUMNS, _skill_rows(skills, records(skills, attempts))),
        "attempts": _table(ATTEMPT_COLUMNS, _attempt_rows(attempts)),
    }


def _skill_rows(skills: Mapping[str, Skill], known: Mapping[str, Record]) -> list[dict[str, Any]]:
    """A row for every skill of the map, then those that were tried and are not on it any more."""
    rows = []
    for name, record in known.items():
        skill = skills.get(name)
        title, topic = (skill.title, skill.topic) if skill is not None else ("", "")
        values = (name, title, topic, str(record.level), record.attempts, record.right)
        rows.append(dict(zip(SKILL_COLUMNS, (*values, _time(record.last), _time(record.review.due)), strict=True)))
    return rows


def _attempt_rows(attempts: Iterable[Attempt]) -> list[dict[str, Any]]:
    return [
        dict(
            zip(
                ATTEMPT_COLUMNS,
                (_time(a.moment), a.skill, a.problem, a.kind, a.result, a.hints, a.counts_as, a.answer),
                strict=True,
            )
        )
        for a in attempts
    ]


def _time(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    page = StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return page.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS_A_FORMULA) else value
