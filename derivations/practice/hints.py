"""Hints for what is derived: the next rule by name, then the next line, then the whole derivation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sympy as sp

from derivations.backward import AXIOMS, Step, derive
from derivations.calculus import canonical
from derivations.expressions import entry_indices, tensor_entry, tensor_names, with_fresh_bounds
from derivations.layer import Equation
from derivations.practice.problem import Problem
from derivations.practice.reading import AnswerReader
from derivations.render.numpy_source import matrix_form
from derivations.render.plain import plain


def hints(problem: Problem, so_far: str = "") -> tuple[str, str, str]:
    """The next rule by name, the next line, and the whole derivation, for a problem that asks for a cotangent.

    `so_far` is what the learner has written already: the next line is the one after the last of the derivation's that
    stands there. Raises NotationError where it cannot be read, DerivationError for a layer that cannot be derived.
    """
    steps = own_steps(problem)
    following = _after(problem, steps, so_far) if so_far.strip() else 0
    if following == len(steps):
        done = "nothing is left to do: your last line is that of the derivation"
        return done, done, whole_derivation(problem)
    step = steps[following]
    return f"{step.rule}: {step.because}", f"{problem.left_side} = {_line(problem, step)}", whole_derivation(problem)


def own_steps(problem: Problem) -> tuple[Step, ...]:
    """The steps that lead to what is asked, without those of the cotangents that it is made of."""
    target = _target(problem.expected.name or "")
    return _that_change_something(problem, (step for step in derive(problem.layer).steps if step.target == target))


def _that_change_something(problem: Problem, steps: Iterable[Step]) -> tuple[Step, ...]:
    """Without the steps that only move a cotangent that is 1 here."""
    kept: list[Step] = []
    for step in steps:
        if not kept or _line(problem, step) != _line(problem, kept[-1]):
            kept.append(step)
    return tuple(kept)


def whole_derivation(problem: Problem) -> str:
    """The derivation of what is asked, and before it those of what it is made of: each line, its rule, its proof."""
    paragraphs = []
    for steps in (_that_change_something(problem, steps) for steps in _on_the_way(problem)):
        own = steps[0].target == _target(problem.expected.name or "")
        left = problem.left_side if own else plain(steps[0].before_expression)
        lines = [left]
        for number, step in enumerate(steps, start=1):
            lines += [f"  {number}. {step.rule}: {step.because}", f"     = {_line(problem, step)}    ({_known(step)})"]
        if own and (matrix := _matrix_form(problem)):
            lines.append(f"  in matrix form: {matrix}")
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)


def _target(name: str) -> str:
    return name.removeprefix("d").removesuffix("_total")


def _on_the_way(problem: Problem) -> list[list[Step]]:
    """The steps of every cotangent that is met on the way to what is asked, in the order of the derivation."""
    by_target: dict[str, list[Step]] = {}
    for step in derive(problem.layer).steps:
        by_target.setdefault(step.target, []).append(step)
    needed: set[str] = set()
    todo = [_target(problem.expected.name or "")]
    while todo:
        target = todo.pop()
        if target in needed or target not in by_target:
            continue
        needed.add(target)
        for step in by_target[target]:
            todo += [_target(name) for name in tensor_names(step.after_expression) if name.startswith("d")]
    return [steps for target, steps in by_target.items() if target in needed]


def _line(problem: Problem, step: Step) -> str:
    return plain(_as_asked(problem, step.after_expression), tuple(step.ranges))


def _as_asked(problem: Problem, expression: sp.Expr) -> sp.Expr:
    """With what the problem says of the cotangents from outside, such as 1 for that of the cost."""
    outside = {tensor_entry(f"d{name}", ()): sp.S.One for name in problem.layer.output_names}
    known = {equation.lhs for equation in problem.given if equation.rhs == 1}
    if problem.kind == "equation":
        outside = {name: one for name, one in outside.items() if name in known}
    return expression.xreplace(outside)


def _known(step: Step) -> str:
    """`proved`, `certified`, or by which theorem or definition."""
    return AXIOMS[step.rule].partition(":")[0] if step.rule in AXIOMS else step.proof.verdict


def _matrix_form(problem: Problem) -> str | None:
    if problem.kind != "equation":
        return None
    expected = problem.expected
    matrix = matrix_form(Equation(expected.lhs, expected.rhs, expected.ranges), problem.layer)
    return None if matrix is None else f"{expected.name} = {matrix}"


def _after(problem: Problem, steps: Sequence[Step], so_far: str) -> int:
    """How many steps are done: up to the last one whose line the learner has written."""
    written = {_comparable(line) for line in _lines(problem, so_far)}
    done = [k for k, step in enumerate(steps, start=1) if _comparable(_renamed(problem, step)) in written]
    return max(done, default=0)


def _lines(problem: Problem, so_far: str) -> Iterator[sp.Expr]:
    for statement in AnswerReader(problem).read(so_far):
        if statement.target.asked:
            yield statement.expression


def _renamed(problem: Problem, step: Step) -> sp.Expr:
    """The line of a step in the letters of what is asked."""
    letters = dict(zip(step.ranges, entry_indices(problem.expected.lhs), strict=True))
    return _as_asked(problem, step.after_expression).xreplace(letters)


def _comparable(expression: sp.Expr) -> sp.Expr:
    return canonical(with_fresh_bounds(expression))
