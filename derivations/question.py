"""Two expressions, side by side at one point: the same there, different there, or not to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flint
import numpy as np
import sympy as sp

from derivations.evaluate import evaluate_equations
from derivations.expressions import tensor_names, walk
from derivations.fields import Balls
from derivations.layer import DerivationError, Equation, Layer, Range, Tensor
from derivations.sampling import Point, drawn, shape_of, whole
from derivations.schedule import schedule

BITS = 256
AGREEMENT = 1e-50
LEFT, RIGHT = "left side", "right side"  # no tensor of a layer has a blank in its name


@dataclass(frozen=True)
class Question:
    """Two expressions, ready to be evaluated side by side."""

    layer: Layer
    left: Equation
    right: Equation
    given: tuple[Equation, ...]
    free: tuple[Tensor, ...] = field(default=())

    @classmethod
    def of(
        cls,
        left: sp.Expr,
        right: sp.Expr,
        layer: Layer,
        ranges: Mapping[sp.Symbol, Range],
        given: Sequence[Equation],
    ) -> Question:
        """The question whether `left` and `right` are equal, given some equations; other tensors may be anything."""
        indices = [i for i in ranges if left.has(i) or right.has(i)]
        ranges = {i: ranges[i] for i in indices}
        sizes = tuple(ranges[i][1] + 1 for i in indices)
        place = tuple(indices)
        equations = (
            Equation(Tensor(LEFT, sizes)[place], left, ranges),
            Equation(Tensor(RIGHT, sizes)[place], right, ranges),
        )
        by_name = {equation.name: equation for equation in given}
        needed = _closure(equations, by_name)
        tensors = {
            f"d{t.name}{end}": Tensor(f"d{t.name}{end}", t.sizes) for t in layer.tensors for end in ("", "_total")
        }
        tensors |= {t.name: t for t in layer.tensors if t.name in layer.defined}
        used = {name for e in [*equations, *(by_name[n] for n in needed)] for name in tensor_names(e.rhs)}
        free = tuple(tensors[name] for name in sorted(used) if name in tensors and name not in needed)
        return cls(layer, equations[0], equations[1], tuple(by_name[name] for name in needed), free)

    def evaluate(self, values: Mapping[str, Any], field: Any) -> tuple[np.ndarray, np.ndarray]:
        """Both sides, as arrays over the free indices. Raises DerivationError."""
        equations = [*self.given, self.left, self.right]
        results = evaluate_equations(self.layer, equations, values, field, given=self.free)
        return results[LEFT], results[RIGHT]

    def values_at(self, point: Point, rng: np.random.Generator) -> dict[str, Any]:
        """The point's values, and random ones for the tensors that are free here."""
        known = {**point.sizes, **whole(point.values)}
        return point.values | {t.name: drawn(shape_of(t, self.layer, known), rng) for t in self.free}

    def compare(self, values: Mapping[str, Any]) -> bool | None:
        """True: equal to 1e-50; False: different; None: cannot be told here."""
        try:
            left, right = self.evaluate(values, Balls(BITS))
        except DerivationError:
            return None
        with flint.ctx.workprec(BITS):
            verdicts = [same_ball(flint.arb(a), flint.arb(b)) for a, b in zip(left.flat, right.flat, strict=True)]
        if any(verdict is False for verdict in verdicts) and not any(map(_infinite, (*left.flat, *right.flat))):
            return False
        return True if all(verdicts) else None

    def is_rational(self) -> bool:
        """Whether nothing but + - * / and whole powers stands in the expressions and in what they are given by."""
        nodes = [node for e in (self.left, self.right, *self.given) for node in walk(e.rhs)]
        roots = any(isinstance(n, sp.Pow) and not n.exp.is_Integer for n in nodes)
        free = {name for e in (self.left, self.right, *self.given) for name in tensor_names(e.rhs)}
        recurrent = any(group.axis is not None for group in schedule(self.given))
        return not (roots or recurrent or any(isinstance(n, sp.Function) or n is sp.pi for n in nodes)) and bool(free)

    def names_shown(self) -> list[str]:
        """The inputs that a reader needs to follow a counterexample."""
        equations = [self.left, self.right, *self.given]
        used = {name for equation in equations for name in tensor_names(equation.rhs)}
        return [t.name for t in (*self.layer.inputs, *self.free) if t.name in used] + [
            o.name for o in self.layer.options if any(e.rhs.has(o.symbol) for e in equations)
        ]


def _closure(equations: Iterable[Equation], by_name: Mapping[str, Equation]) -> list[str]:
    needed: dict[str, None] = {}
    todo = list(equations)
    while todo:
        for name in tensor_names(todo.pop().rhs):
            if name in by_name and name not in needed:
                needed[name] = None
                todo.append(by_name[name])
    return list(needed)


def same_ball(left: flint.arb, right: flint.arb) -> bool | None:
    """True: equal to 1e-50; False: the balls are apart; None: not finite, or too wide to tell."""
    if not (left.is_finite() and right.is_finite()):
        return None
    if not left.overlaps(right):
        return False
    return True if _thin(left) and _thin(right) else None


def _infinite(ball: flint.arb) -> bool:
    return not flint.arb(ball).is_finite()


def _thin(ball: flint.arb) -> bool:
    return ball.rad() <= AGREEMENT * (1 + abs(ball.mid()))
