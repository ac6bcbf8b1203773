"""An exercise of a book: a layer, what is asked of it, and what people answer instead, as text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from derivations.expressions import tensor_entry
from derivations.layer import Claim, Equation, Layer
from derivations.notation import read_equation
from derivations.practice.hints import hints
from derivations.practice.problem import Kind, Problem, formula_problem, layer_problem

NIELSEN = "Nielsen (2015), Neural Networks and Deep Learning"


@dataclass(frozen=True)
class Exercise:
    """A layer, the cotangent that is asked, what to say about it, and what people answer instead, as text.

    Where the layer ends in a cost, the cotangent of the cost is 1: what is asked is a derivative of the cost.
    """

    question: str
    layer: Layer
    asked: str
    mistakes: tuple[tuple[str, str], ...] = ()
    kind: Kind = "equation"

    def problem(self, skill: str) -> Problem:
        """The exercise as a problem; its truth is derived, its mistakes are read."""
        if self.kind != "equation":
            wrt = self.asked.removeprefix("d")
            output = self.layer.output_names[-1]
            prompt = f"{self.question}\n{forward(self.layer)}.\nWhat is d{output}/{self.asked}?"
            return replace(formula_problem(skill, skill, prompt, self.layer, wrt, self.mistakes), make_hints=hints)
        problem = layer_problem(self.layer, self.asked, skill)
        outside = [f"d{tensor.name}" for tensor in self.layer.outputs]
        costs = [tensor for tensor in self.layer.outputs if not tensor.sizes]
        if costs:
            problem = _with_unit_cost(problem, costs[0].name)
            ask = f"{self.asked} is the derivative of {costs[0].name}: what is it?"
        else:
            ask = f"Given {', '.join(outside)}, what is {self.asked}?"
        left = problem.left_side
        mistakes = tuple((said, read_equation(f"{left} = {text}", of=self.layer).rhs) for said, text in self.mistakes)
        prompt = f"{self.question}\n{forward(self.layer)}.\n{ask}"
        return replace(problem, id=skill, prompt=prompt, mistakes=mistakes, make_hints=hints)


def forward(layer: Layer) -> str:
    """The layer's equations, one a line."""
    return ";\n".join(equation.text for equation in layer.equations)


def _with_unit_cost(problem: Problem, cost: str) -> Problem:
    """The problem with 1 for the cotangent of the cost, which may still be written."""
    one = {tensor_entry(f"d{cost}", ()): sp.S.One}
    given = [Equation(e.lhs, e.rhs.xreplace(one), e.ranges) for e in problem.given]
    given.append(Equation(next(iter(one)), sp.S.One))
    truth = problem.expected
    return replace(problem, expected=Claim(truth.lhs, truth.rhs.xreplace(one), truth.ranges), given=tuple(given))


Levels = tuple[tuple[Exercise, ...], ...]  # of a skill: the exercises of difficulty 1, those of 2, those of 3
