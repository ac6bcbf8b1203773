"""The whole map: all skills of the five topics, what comes before each, and their problems.

draw("chain_rule.nested", seed=3, difficulty=2)    # the same problem every time
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from derivations.practice import nielsen, topics
from derivations.practice.layers import layer_skills
from derivations.practice.problem import Problem
from derivations.practice.skill import EASIEST, HARDEST, PracticeError, Skill, pose, select


@cache
def skills() -> Mapping[str, Skill]:
    """All skills by name; every prerequisite stands before what needs it, so there is no way around in a circle."""
    return MappingProxyType({skill.name: skill for skill in (*topics.SKILLS, *nielsen.SKILLS, *layer_skills())})


def draw(name: str, seed: int = 0, difficulty: int = EASIEST) -> Problem:
    """The problem of a skill that a seed gives: the same seed, the same problem, on every machine.

    Raises PracticeError for an unknown skill, a difficulty that is not 1, 2 or 3, or a negative seed.
    """
    if name not in skills():
        near = ", ".join(select([name], skills()))  # what is unknown altogether is refused here
        raise PracticeError(f"{name!r} is several skills; name one of {near}")
    if difficulty not in range(EASIEST, HARDEST + 1):
        raise PracticeError(f"a difficulty is 1, 2 or 3, got {difficulty!r}")
    if seed < 0:
        raise PracticeError(f"a seed is 0 or more, got {seed}")
    return pose(skills()[name], seed, difficulty)
