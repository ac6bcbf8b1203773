"""The topic map: what can be practised, what comes before it, and problems of it without end.

problem("chain_rule.nested", seed=3, difficulty=2)     # the same problem every time

A skill's generator takes a random generator and a difficulty, and keeps to no global state: 1 is one rule, 2 is two
rules combined, 3 is three, or nested ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from derivations.layer import DerivationError
from derivations.practice import (
    chain_rule,
    deltas,
    derivatives,
    gradients,
    implicit,
    index_jacobians,
    inverse,
    jacobians,
    limits,
    many_variables,
    sums,
    tables,
)
from derivations.practice.problem import Problem

Make = Callable[[np.random.Generator, int], Problem]
DIFFICULTIES = (1, 2, 3)
TOPICS = ("derivatives", "chain rule", "many variables", "Nielsen's exercises", "layers")


@dataclass(frozen=True)
class Skill:
    """Something that can be practised: its name, what it is called, its topic, and the skills that come before it."""

    name: str
    title: str
    topic: str
    prerequisites: tuple[str, ...]
    make: Make


# Every prerequisite stands before what needs it, so there is no way around in a circle.
SKILLS = (
    Skill("derivatives.powers", "Powers and sums of them", "derivatives", (), derivatives.powers),
    Skill("derivatives.limits", "From the limit", "derivatives", ("derivatives.powers",), limits.limits),
    Skill("derivatives.exponentials", "Exponentials", "derivatives", ("derivatives.powers",), derivatives.exponentials),
    Skill("derivatives.logarithms", "Logarithms", "derivatives", ("derivatives.powers",), derivatives.logarithms),
    Skill(
        "derivatives.trigonometric",
        "Sines and cosines",
        "derivatives",
        ("derivatives.powers",),
        derivatives.trigonometrics,
    ),
    Skill(
        "derivatives.products",
        "The product rule",
        "derivatives",
        ("derivatives.exponentials", "derivatives.trigonometric"),
        derivatives.products,
    ),
    Skill(
        "derivatives.quotients", "The quotient rule", "derivatives", ("derivatives.products",), derivatives.quotients
    ),
    Skill(
        "derivatives.tables",
        "From tables of values",
        "derivatives",
        ("derivatives.products", "derivatives.quotients"),
        tables.combinations,
    ),
    Skill(
        "derivatives.second",
        "Second derivatives",
        "derivatives",
        ("derivatives.products", "derivatives.logarithms"),
        derivatives.second,
    ),
    Skill(
        "chain_rule.composites",
        "Composites",
        "chain rule",
        ("derivatives.products", "derivatives.logarithms"),
        chain_rule.composites,
    ),
    Skill(
        "chain_rule.tables",
        "Composites from tables of values",
        "chain rule",
        ("chain_rule.composites", "derivatives.tables"),
        tables.composites,
    ),
    Skill("chain_rule.nested", "Composites of composites", "chain rule", ("chain_rule.composites",), chain_rule.nested),
    Skill(
        "chain_rule.implicit", "Implicit differentiation", "chain rule", ("chain_rule.composites",), implicit.implicit
    ),
    Skill("chain_rule.inverse", "Inverse functions", "chain rule", ("chain_rule.composites",), inverse.inverse),
    Skill(
        "chain_rule.logarithmic",
        "Logarithmic differentiation",
        "chain rule",
        ("chain_rule.composites", "derivatives.quotients"),
        chain_rule.logarithmic,
    ),
    Skill(
        "many_variables.partial",
        "Partial derivatives",
        "many variables",
        ("chain_rule.composites",),
        many_variables.partials,
    ),
    Skill(
        "many_variables.chain",
        "The chain rule with several ways",
        "many variables",
        ("many_variables.partial",),
        many_variables.chain,
    ),
    Skill("many_variables.jacobians", "Jacobians", "many variables", ("many_variables.partial",), jacobians.jacobians),
    Skill("many_variables.sums", "Sums and index notation", "many variables", ("many_variables.partial",), sums.sums),
    Skill("many_variables.deltas", "Kronecker deltas", "many variables", ("many_variables.sums",), deltas.deltas),
    Skill(
        "many_variables.gradients",
        "Gradients in index notation",
        "many variables",
        ("many_variables.deltas", "many_variables.chain"),
        gradients.gradients,
    ),
    Skill(
        "many_variables.index_jacobians",
        "Jacobians in index notation",
        "many variables",
        ("many_variables.gradients", "many_variables.jacobians"),
        index_jacobians.index_jacobians,
    ),
)
BY_NAME: Mapping[str, Skill] = MappingProxyType({skill.name: skill for skill in SKILLS})


def skill(name: str) -> Skill:
    """A skill by its name. Raises DerivationError for one that there is not, with those that are like it."""
    if name not in BY_NAME:
        import difflib

        near = difflib.get_close_matches(name, BY_NAME, 3) or list(BY_NAME)
        raise DerivationError(f"there is no skill {name!r}; there are {', '.join(near)}")
    return BY_NAME[name]


def topic(name: str) -> tuple[Skill, ...]:
    """The skills of a topic, those that come first before the others. Raises DerivationError for an unknown one."""
    if name not in TOPICS:
        raise DerivationError(f"there is no topic {name!r}; there are {', '.join(TOPICS)}")
    return tuple(skill for skill in SKILLS if skill.topic == name)


def before(name: str) -> tuple[Skill, ...]:
    """All skills that come before one, in an order in which they can be learned. Raises DerivationError."""
    needed: set[str] = set()
    todo = list(skill(name).prerequisites)
    while todo:
        other = todo.pop()
        if other not in needed:
            needed.add(other)
            todo.extend(BY_NAME[other].prerequisites)
    return tuple(skill for skill in SKILLS if skill.name in needed)


def open_to(known: Iterable[str]) -> tuple[Skill, ...]:
    """The skills that are not known yet, and whose prerequisites are: what can be learned next."""
    mastered = set(known)
    return tuple(s for s in SKILLS if s.name not in mastered and mastered.issuperset(s.prerequisites))


def problem(name: str, seed: int, difficulty: int = 1) -> Problem:
    """The problem of a skill that a seed gives: the same seed, the same problem, on every machine.

    Raises DerivationError for an unknown skill, a difficulty that is not 1, 2 or 3, or a negative seed.
    """
    chosen = skill(name)
    if difficulty not in DIFFICULTIES:
        raise DerivationError(f"a difficulty is 1, 2 or 3, got {difficulty!r}")
    if seed < 0:
        raise DerivationError(f"a seed is 0 or more, got {seed}")
    rng = np.random.default_rng([zlib.crc32(name.encode()), seed, difficulty])
    return replace(chosen.make(rng, difficulty), id=f"{name}:{seed}:{difficulty}", skill=name)
