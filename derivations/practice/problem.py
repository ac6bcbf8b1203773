"""What is asked: a layer, the equation that is wanted of it, and what may be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import sympy as sp

from derivations.backward import Derivation, derive
from derivations.expressions import entry_indices, entry_name, tensor_entry
from derivations.layer import Claim, DerivationError, Equation, Layer
from derivations.notation import read_equation
from derivations.schedule import totals

Kind = Literal["equation", "formula", "number"]
Mistake = tuple[str, sp.Expr]


@dataclass(frozen=True)
class Problem:
    """A question with one true answer: the right side of `expected`, as a function of the layer's tensors.

    `id` is stable ("chain_rule.nested:3:2" is skill:seed:difficulty), `skill` a name in the topic map. The answer is
    read in the context of `layer`, whose scalars (`x y`) are the variables of a formula; `given` are the equations
    that it may use. An "equation" is answered by the whole equation or by its right side, in index notation or in
    matrix form; a "formula" and a "number" are ordinary formulas. `mistakes` are what people often answer instead,
    each with the sentence that tells them so. `asked` is how the left side is written in the prompt.
    """

    id: str
    skill: str
    prompt: str
    layer: Layer
    expected: Claim
    given: tuple[Equation, ...] = ()
    kind: Kind = "equation"
    mistakes: tuple[Mistake, ...] = ()
    asked: str = ""
    make_hints: Callable[[Problem, str], Iterable[str]] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def hints(self) -> tuple[str, ...]:
        """From the name of the first rule to the whole derivation; made when they are first asked for."""
        return self.hints_after("")

    def hints_after(self, so_far: str) -> tuple[str, ...]:
        """From the name of the next rule to the whole derivation, for who has written so much, which can be read."""
        return tuple(self.make_hints(self, so_far)) if self.make_hints is not None else ()

    @cached_property
    def left_side(self) -> str:
        """What the answer is equal to, as the prompt writes it: `dW[d, c]`, `dy/dx`."""
        from derivations.render.plain import plain

        if self.asked:
            return self.asked
        name = self.expected.name
        if self.kind == "formula" and name is not None and name.startswith("d") and name[1:] in self.layer.by_name:
            return f"d{self.layer.output_names[-1]}/{name}"
        return plain(self.expected.lhs)

    @property
    def answer(self) -> str:
        """The truth in the notation, as it can be typed."""
        from derivations.render.plain import plain

        return f"{self.left_side} = {plain(self.typed, entry_indices(self.expected.lhs))}"

    @cached_property
    def typed(self) -> sp.Expr:
        """The truth with `dY[n, 0 + i]`, as the notation wants it, where a letter runs beyond a tensor's size."""
        typed, by_name = self.expected.rhs, self.layer.by_name
        for entry in typed.atoms(sp.Indexed):
            name = entry_name(entry)
            tensor = by_name.get(name) or by_name.get(name.removeprefix("d"))
            if tensor is not None:
                places = tuple(map(self._within, entry.indices, tensor.sizes))
                typed = typed.xreplace({entry: entry.base[places]})
        return typed

    def _within(self, index: sp.Expr, size: sp.Expr) -> sp.Expr:
        runs = self.expected.ranges.get(index)
        beyond = runs is not None and runs[1] != size - 1
        return sp.Symbol(f"0 + {index.name}", integer=True) if beyond else index

    def _repr_latex_(self) -> str:
        from derivations.render.latex import latex

        top, slash, bottom = self.left_side.partition("/")
        left = f"\\frac{{{top}}}{{{bottom}}}" if slash else f"\\text{{{self.left_side}}}"
        if self.kind == "equation":
            left = latex(self.expected.lhs)
        return f"$\\displaystyle {left} = \\;?$"

    def _repr_html_(self) -> str:
        from html import escape

        lines = f'<pre style="white-space: pre-wrap">{escape(self.prompt)}</pre>'
        return f"<p><b>{escape(self.skill)}</b></p>{lines}"


def layer_problem(what: str | Layer, cotangent: str, skill: str = "layers") -> Problem:
    """The problem to derive one cotangent of a layer, `layer_problem("linear", "dW")`; its truth is derived.

    Raises DerivationError for an unknown layer or cotangent.
    """
    derivation = derive(what)
    layer = derivation.layer
    equations = cotangents_of(derivation)
    if cotangent not in equations:
        raise DerivationError(f"{layer.name} has no cotangent {cotangent!r}; it has {', '.join(equations)}")
    wanted = equations[cotangent]
    forward = "; ".join(equation.text for equation in layer.equations)
    outside = ", ".join(derivation.output_cotangents)
    return Problem(
        id=f"layer.{layer.name}.{cotangent}",
        skill=skill,
        prompt=f"{forward}. Given {outside}, what is {cotangent}?",
        layer=layer,
        expected=Claim(wanted.lhs, wanted.rhs, wanted.ranges),
        given=(*layer.equations, *equations.values()),
    )


def cotangents_of(derivation: Derivation) -> dict[str, Equation]:
    """The cotangents of a derivation by name: those of the inputs, and those that it went through on the way."""
    layer = derivation.layer
    found: dict[str, Equation] = {}
    for step in derivation.steps:
        name = f"d{step.target}_total" if step.target in totals(layer) else f"d{step.target}"
        found[name] = Equation(tensor_entry(name, step.ranges), step.after_expression, step.ranges)
    return {**found, **derivation.intermediate_cotangents, **derivation.cotangents}


def formula_problem(
    id: str, skill: str, prompt: str, layer: Layer, wrt: str, mistakes: Sequence[tuple[str, str]] = ()
) -> Problem:
    """The problem to differentiate a layer of scalars with respect to one of them; its truth is derived.

    `mistakes` pairs what a learner is told with the wrong right side, as text.
    Raises DerivationError for an unknown variable, NotationError for a mistake that is not in the notation.
    """
    derivation = derive(layer)
    if f"d{wrt}" not in derivation.cotangents:
        raise DerivationError(f"{layer.name}: nothing is differentiated with respect to {wrt!r}")
    outside = {tensor_entry(f"d{name}", ()): sp.S.One for name in layer.output_names}
    within = tuple(
        Equation(e.lhs, e.rhs.xreplace(outside), e.ranges)
        for e in (*derivation.intermediate_cotangents.values(), *derivation.cotangents.values())
    )
    truth = next(equation for equation in within if equation.name == f"d{wrt}")
    read = tuple((said, read_equation(f"d{wrt} = {text}", of=layer).rhs) for said, text in mistakes)
    return Problem(id, skill, prompt, layer, Claim(truth.lhs, truth.rhs), (*layer.equations, *within), "formula", read)
