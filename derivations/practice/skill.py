"""A skill of the topic map: what it is called, what it builds on, and how its problems are made."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from derivations.practice.mastery import SET_LENGTH
from derivations.practice.problem import Problem

EASIEST, HARDEST = 1, 3


class PracticeError(ValueError):
    """What was asked of the practice cannot be done; the message is one line that says why."""


@dataclass(frozen=True)
class Skill:
    """One skill: `make(rng, difficulty)` draws a problem of it; `prerequisites` are the skills that it builds on.

    `set_length` is how many answers a practice set has: less than usual for a skill that has only a few problems.
    """

    name: str
    title: str
    topic: str
    prerequisites: tuple[str, ...]
    make: Callable[[np.random.Generator, int], Problem] = field(compare=False, repr=False)
    set_length: int = SET_LENGTH


def pose(skill: Skill, seed: int, difficulty: int) -> Problem:
    """The problem `skill:seed:difficulty`: the same three, the same problem, on every machine."""
    problem = skill.make(np.random.default_rng([zlib.crc32(skill.name.encode()), seed, difficulty]), difficulty)
    return replace(problem, id=f"{skill.name}:{seed}:{difficulty}", skill=skill.name)


def select(names: Iterable[str], skills: Mapping[str, Skill]) -> dict[str, Skill]:
    """The named skills, where the name of a topic, or the beginning of names before a dot, stands for all of these.

    `layers.linear` is all that is asked about that layer. Without a name, all skills.
    Raises PracticeError, naming the nearest ones, for a name that is none.
    """
    found: dict[str, Skill] = {}
    for name in names:
        chosen = {key: skill for key, skill in skills.items() if name in _names_of(skill)}
        if not chosen:
            known = dict.fromkeys(known for skill in skills.values() for known in _names_of(skill))
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"did you mean {', '.join(near)}?" if near else "backproof practice --list tells them all"
            raise PracticeError(f"there is no skill or topic {name!r}; {hint}")
        found |= chosen
    return found or dict(skills)


def _names_of(skill: Skill) -> list[str]:
    """What a skill can be called by."""
    parts = skill.name.split(".")
    return [skill.topic, *(".".join(parts[: k + 1]) for k in range(len(parts)))]
