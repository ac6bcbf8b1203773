"""A worked derivation: its lines, each by a rule, and the hints that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from derivations.expressions import entry_indices
from derivations.practice.problem import Problem


class Slope(sp.Function):
    """`d/dx(u)`, before it is worked out."""

    nargs = 2
    is_real = True
    is_commutative = True


@dataclass(frozen=True)
class Line:
    """One line: `left = expression`, by a rule; what is asked stands on the left where `left` is None."""

    rule: str
    because: str
    expression: sp.Expr
    left: sp.Expr | None = None


def same(expression: sp.Expr) -> sp.Expr:
    """The expression as it is."""
    return expression


@dataclass(frozen=True)
class Worked:
    """The derivation of a problem, made when it is first asked for.

    `value` gives what a line says in the letters of the answer, such as a formula in x at x = 2; `shown` what is
    printed of it.
    """

    make: Callable[[], Iterable[Line]]
    value: Callable[[sp.Expr], sp.Expr] = same
    shown: Callable[[sp.Expr], sp.Expr] = same

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines, in order."""
        return tuple(self.make())

    def __call__(self, problem: Problem, so_far: str = "") -> Iterator[str]:
        """The hints: the rule to begin with by name, its line, the whole derivation; these are short."""
        first = self.lines[0]
        yield f"{first.rule}: {first.because}"
        yield self._text(first, problem)
        yield "\n".join(f"{self._text(line, problem)}    ({line.rule}: {line.because})" for line in self.lines)

    def _text(self, line: Line, problem: Problem) -> str:
        letters = [i for i in entry_indices(problem.expected.lhs) if isinstance(i, sp.Symbol)]
        left = problem.left_side if line.left is None else written(line.left, letters)
        return f"{left} = {written(self.shown(line.expression), letters)}"


def written(expression: sp.Expr, letters: Sequence[sp.Symbol] = ()) -> str:
    """An expression in the notation, with `d/dx(...)` for a derivative that is not yet worked out."""
    from derivations.render.plain import plain

    standing = {
        node: sp.Symbol(f"d/d{plain(node.args[1])}({plain(node.args[0])})", real=True)
        for node in expression.atoms(Slope)
    }
    return plain(expression.xreplace(standing), letters)
