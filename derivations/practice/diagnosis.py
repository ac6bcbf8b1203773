"""What kind of wrong is it? Wrong forms are built from the truth, and those that equal the answer are named."""

from __future__ import annotations

from derivations.practice.problem import Problem
from derivations.practice.reading import Statement


def diagnose(problem: Problem, statement: Statement) -> tuple[str, ...]:
    return ()
