"""The truth in one of its forms: what wrong forms are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

from derivations.calculus import name_bounds
from derivations.expressions import Bracket, Where, entry_indices
from derivations.layer import Layer, Range, Tensor
from derivations.notation import Reader
from derivations.ranges import Known

Form = tuple[str, sp.Expr]  # a wrong form, and the sentence that names it
LONGEST_SHOWN = 100
CONDITIONS = (Relational, BooleanFunction)


@dataclass(frozen=True)
class Truth:
    """The truth in one of its forms, and the letters of an answer: its own, and those that it has too many."""

    form: sp.Expr
    left: sp.Expr
    ranges: Mapping[sp.Symbol, Range]
    extra: tuple[sp.Symbol, ...]
    layer: Layer
    names: frozenset[str]  # that the answer uses
    of_scalars: bool
    answer_sums: bool = True  # whether the answer has a sum in it

    @property
    def letters(self) -> tuple[sp.Symbol, ...]:
        """The letters of the left side."""
        return tuple(i for i in entry_indices(self.left) if isinstance(i, sp.Symbol))

    def size(self, letter: sp.Symbol) -> sp.Expr:
        """How many values a letter of the answer takes."""
        low, high = self.ranges[letter]
        return high - low + 1

    def text(self, part: sp.Expr) -> str:
        """A part of it, as it can be typed; long ones are cut."""
        from derivations.render.plain import plain

        named = name_bounds(part, frozenset(i.name for i in self.letters))
        # A condition alone is no expression to the printer; within a bracket it is.
        shown = (
            plain(Bracket(named), self.letters)[1:-1] if isinstance(part, CONDITIONS) else plain(named, self.letters)
        )
        return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."

    def with_part(self, part: sp.Basic, other: sp.Basic) -> sp.Expr:
        """The form with one part replaced, wherever it stands."""
        return self.form.xreplace({part: other})

    @cached_property
    def parts(self) -> tuple[sp.Basic, ...]:
        """The parts that are values: not the indices, and not the conditions."""
        found: dict[sp.Basic, None] = {}
        todo: list[sp.Basic] = [self.form]
        while todo:
            node = todo.pop()
            found[node] = None
            if isinstance(node, sp.Sum):
                todo.append(node.function)
            elif isinstance(node, Where):
                todo.extend(node.args[1:])
            elif not isinstance(node, sp.Indexed | Bracket | sp.KroneckerDelta | sp.Tuple):
                todo.extend(reversed(node.args))
        return tuple(found)

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Every tensor and cotangent by name."""
        reader = Reader.about(self.layer)
        return {**reader.tensors, **reader.cotangents}

    @cached_property
    def bare(self) -> sp.Expr:
        """The form without what is written down for places outside of a tensor."""

        def visit(node: sp.Basic) -> sp.Basic:
            if isinstance(node, sp.KroneckerDelta) and _starts(node):
                return sp.S.Zero
            if is_guard(node):
                return sp.S.One
            if not node.args or isinstance(node, sp.Indexed | sp.Tuple):
                return node
            return node.func(*(visit(part) for part in node.args))

        return visit(self.form)

    def guarded(self, expression: sp.Expr) -> sp.Expr:
        """An expression with everything written down again for places outside of a tensor."""
        return Reader.about(self.layer).guard(expression, Known.of(self.layer, self.ranges))


def _starts(delta: sp.KroneckerDelta) -> bool:
    """Whether this picks the first step of a recurrence."""
    return 0 in delta.args and any(isinstance(side, sp.Symbol) for side in delta.args)


def is_guard(node: sp.Basic) -> bool:
    """Whether this keeps an index within a tensor: nobody types that, and so nobody forgets it."""
    return isinstance(node, Bracket) and isinstance(node.args[0], sp.Ge | sp.Le) and node.args[0].lhs.is_integer is True
