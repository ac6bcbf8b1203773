"""Second order: the engine differentiates its own backward equations along a direction v.

With the cotangents of the outputs held fixed, L = Σ dY·Y is a function of the inputs, and its Hessian times v is the
rate at which the cotangents change along v:

    HvX[a] = d/dt dX[a] at X + t·vX, W + t·vW, ... = sum over the inputs V, sum over b, of  (∂²L/∂X[a]∂V[b]) * vV[b]

(B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994). `vP` is the rate at which
a tensor P changes along v, and `HvP` that of its cotangent dP; `vX` of an input X is part of the direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from derivations.backward import Derivation, Pen, Step, derive, put_in, taken_names, work_out
from derivations.calculus import canonical, cost, derivative, name_bounds
from derivations.expressions import (
    BINDERS,
    entries,
    entry_indices,
    entry_name,
    tensor_entry,
    tensor_names,
    with_fresh_bounds,
)
from derivations.layer import DerivationError, Equation, Layer, Tensor, rate_name
from derivations.ranges import Known
from derivations.render.unicode import unicode
from derivations.schedule import schedule, users

if TYPE_CHECKING:
    import numpy as np

    from derivations.proof import Proof


@dataclass(frozen=True)
class SecondOrder:
    """A layer's Hessian-vector products, and the steps that lead to them.

    `whole` is forward, backward and rates as one layer: its inputs are the layer's own, the cotangents from outside and
    the direction. `rates` are the rates of change that the `products` are computed from.
    """

    first: Derivation
    whole: Layer
    rates: Mapping[str, Equation]
    products: Mapping[str, Equation]
    steps: tuple[Step, ...]

    @property
    def layer(self) -> Layer:
        """The layer whose Hessian this is."""
        return self.first.layer

    @property
    def directions(self) -> tuple[Tensor, ...]:
        """The parts of the direction, one for each input that is differentiated by."""
        return tuple(self.whole.by_name[rate_name(name[1:], self.layer)] for name in self.first.cotangents)

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """Forward, backward, rates and products."""
        return (*self.first.equations, *self.rates.values(), *self.products.values())

    @property
    def given(self) -> tuple[Tensor, ...]:
        """What comes from outside: the outputs' cotangents and the direction."""
        return (*self.first.given, *self.directions)

    def evaluate(self, values: Mapping[str, Any], precision: int | str = 200) -> dict[str, np.ndarray]:
        """Every tensor, cotangent, rate and product at concrete values: the exact oracle.

        `values` maps inputs, options, output cotangents and directions (vX) to arrays or numbers; see
        `Derivation.evaluate` for the precisions and for what is raised.
        """
        from derivations.evaluate import evaluate_equations

        return evaluate_equations(self.layer, self.equations, values, precision, given=self.given)

    def numpy(self) -> str:
        """NumPy source of `forward(...)`, `backward(...)` and `hessian_vector_product(...)`."""
        from derivations.render.numpy_source import second_order_source

        return second_order_source(self)

    @cached_property
    def witness(self) -> Proof:
        """The products against the true second derivative, by power series of balls carried through the forward."""
        from derivations.witness import enclosed_twice

        return enclosed_twice(self)


def second_order(what: str | Layer, wrt: str | Sequence[str] | None = None) -> SecondOrder:
    """Derive a layer's Hessian-vector products: `second_order("linear")`, `second_order("linear", wrt="W")`.

    With `wrt` only these inputs move, and only their products are derived: a block of the Hessian.
    Raises DerivationError for an unknown layer or tensor, where there is nothing to differentiate by, for a name that
    a direction or a product needs, and for a function whose second derivative has no name.
    """
    first = derive(what, wrt)
    if not first.cotangents:
        raise DerivationError(f"{first.layer.name} has no real input, so that there is nothing to differentiate by")
    return _SecondOrder(first).run()


def along(expression: sp.Expr, rates: Mapping[str, str]) -> sp.Expr:
    """How fast an expression changes where the named tensors change at the rates of these names: d/dt, at t = 0."""

    def moved(node: sp.Basic) -> sp.Basic:
        if isinstance(node, sp.Indexed | sp.Symbol):
            rate = None if node.is_integer else rates.get(entry_name(node))
            return node if rate is None else node + _TIME * tensor_entry(rate, entry_indices(node))
        return node.func(*map(moved, node.args)) if node.args else node

    found = derivative(moved(expression), _TIME)
    if found.has(sp.Derivative, sp.Subs):
        raise DerivationError("the derivative of sigma_prime has no name in the notation")
    return found.xreplace({_TIME: sp.S.Zero})


_TIME = sp.Dummy("t", real=True)


class _SecondOrder:
    """One run along a direction; collects the rates' equations and the steps."""

    def __init__(self, first: Derivation) -> None:
        self.first = first
        self.layer = first.layer
        self.targets = [name.removeprefix("d") for name in first.cotangents]
        self.products = [self._rate(name) for name in first.cotangents]
        self.moving = {name: self._rate(name) for name in self.targets}
        self.raw: dict[str, sp.Expr] = {}
        self.found: dict[str, Equation] = {}
        self.steps: dict[str, list[Step]] = {}

    def run(self) -> SecondOrder:
        for group in schedule(self.first.equations):
            self._follow(group.equations)
        whole = self._whole()
        for line in self._lines():
            self._work_out(line, whole)
        for name in self.found:
            self._shorten(name, whole)
        kept = self._still_needed()
        named = {name: self._named(equation) for name, equation in self.found.items() if name in kept}
        return SecondOrder(
            self.first,
            whole,
            {name: equation for name, equation in named.items() if name not in self.products},
            {name: named[name] for name in self.products},
            tuple(step for name in named for step in self.steps[name]),
        )

    def _follow(self, group: Sequence[Equation]) -> None:
        """Find which tensors of a group change along v, and how fast; in a recurrence one makes the other change."""
        grown = True
        while grown:
            rates = {equation.name: along(equation.rhs, self.moving) for equation in group}
            fresh = [name for name, rate in rates.items() if rate != 0 and name not in self.moving]
            self.moving |= {name: self._rate(name) for name in fresh}
            self.raw |= rates
            grown = any(users(group, name) for name in fresh)

    def _lines(self) -> list[Equation]:
        """What is differentiated, in the order of computation: what moves, and every input's cotangent, last."""
        order = [e for group in schedule(self.first.equations) for e in group.equations]
        moving = [e for e in order if e.name in self.moving and e.name not in self.first.cotangents]
        return [*moving, *self.first.cotangents.values()]

    def _whole(self) -> Layer:
        """Forward, backward and rates as one layer. Raises DerivationError where two things would have one name."""
        lines = self._lines()
        directions = tuple(
            replace(self.layer.by_name[name], name=self.moving[name], positive=False) for name in self.targets
        )
        inputs = (*self.layer.inputs, *self.first.given, *directions)
        backward = self.first.equations[len(self.layer.equations) :]
        defined = [*map(_tensor, backward), *(replace(_tensor(e), name=self._rate(e.name)) for e in lines)]
        forward = [t for t in self.layer.tensors if t.name in self.layer.defined]
        tensors = (*inputs, *forward, *defined)
        names = [*(t.name for t in tensors), *(option.name for option in self.layer.options), *self.layer.size_names]
        for name in names:
            if names.count(name) > 1:
                raise DerivationError(f"{self.layer.name}: at second order {name!r} is a rate of change; rename yours")
        rates = [self._equation(e, self.raw[e.name]) for e in lines]
        return replace(
            self.layer,
            tensors=tensors,
            equations=(*self.first.equations, *rates),
            claims=(),
            output_names=tuple(self.products),
        )

    def _rate(self, name: str) -> str:
        return rate_name(name, self.layer)

    def _equation(self, line: Equation, rhs: sp.Expr) -> Equation:
        return Equation(tensor_entry(self._rate(line.name), entry_indices(line.lhs)), rhs, line.ranges)

    def _work_out(self, line: Equation, whole: Layer) -> None:
        equation = self._equation(line, self.raw[line.name])
        pen = Pen(equation.name, whole, line.ranges, self.steps.setdefault(equation.name, []), equation.lhs)
        expression = with_fresh_bounds(equation.rhs)
        shown = unicode(line.lhs)
        because = f"what stands in {shown} changes, each tensor at its own rate"
        if expression == 0:
            because = f"nothing that stands in {shown} changes"
        pen.write("differentiate along v", because, expression, given=(line,))
        written = work_out(pen, expression, Known.of(whole, line.ranges), self.layer.equations)
        same = written == canonical(expression)  # then the letters stay as they were
        self.found[equation.name] = Equation(equation.lhs, expression if same else written, line.ranges)

    def _shorten(self, name: str, whole: Layer) -> None:
        """Put the rates in that make the whole no longer, or that are products of numbers and used here alone."""
        stepwise = {e.name for g in schedule(list(self.found.values())) if g.axis is not None for e in g.equations}
        for other in reversed([n for n in self.found if n != name and n not in self.products and n not in stepwise]):
            equation, inner = self.found[name], self.found[other]
            if other not in tensor_names(equation.rhs):
                continue
            expression = put_in(inner, equation, self.layer)
            if cost(expression) <= cost(equation.rhs) or (not inner.rhs.has(*BINDERS) and self._is_used_once(other)):
                pen = Pen(name, whole, equation.ranges, self.steps[name], equation.lhs, equation.rhs)
                written = unicode(self._named(inner).rhs, inner.indices)
                because = f"put in {unicode(inner.lhs)} = {written} and simplify"
                pen.write("substitute a rate", because, expression, given=(*self.layer.equations, inner))
                self.found[name] = Equation(equation.lhs, expression, equation.ranges)

    def _is_used_once(self, name: str) -> bool:
        using = [e.rhs for e in self.found.values() if name in tensor_names(e.rhs)]
        return len(using) == 1 and len(list(entries(using[0], name))) == 1

    def _named(self, equation: Equation) -> Equation:
        return Equation(equation.lhs, name_bounds(equation.rhs, taken_names(equation.lhs, self.layer)), equation.ranges)

    def _still_needed(self) -> set[str]:
        needed: set[str] = set()
        todo = list(self.products)
        while todo:
            name = todo.pop()
            if name not in needed:
                needed.add(name)
                todo += [other for other in self.found if other in tensor_names(self.found[name].rhs)]
        return needed


def _tensor(equation: Equation) -> Tensor:
    return Tensor(equation.name, tuple(high + 1 for _, high in equation.ranges.values()))
