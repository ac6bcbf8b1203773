"""Right but for a function in the forward that another one stands for: sigmoid where tanh belongs."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import sympy as sp

from checks.hypotheses.explanation import Explanation, place
from checks.suspect import Suspect
from derivations import Equation
from derivations.expressions import cos, exp, maximum, sigmoid, sin, tanh, walk
from derivations.render.plain import plain

_LONGEST = 40
_FUNCTIONS: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": lambda value: maximum(value, sp.S.Zero),
    "exp": exp,
    "sin": sin,
    "cos": cos,
    "no function": lambda value: value,
}


def function_mistaken(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth of a forward in which another function, or none, stands for one of its functions, or for all."""
    if suspect.is_cotangent or not suspect.fits:
        return
    every = [(equation, node, _argument(node)) for equation in suspect.equations for node in walk(equation.rhs)]
    found = {(equation, node): argument for equation, node, argument in every if argument is not None}
    for name, function in _FUNCTIONS.items():
        others = {node: function(argument) for (_, node), argument in found.items()}
        for equation, node in found:
            if others[node] != node and suspect.explained_with(equation, {node: others[node]}):
                what = f"{name} for {_shown(node, equation)}{place(suspect, equation)}"
                yield Explanation(what, f"{suspect.name} takes {what}")
        for kind in dict.fromkeys(type(node) for node in others):
            alike = {node: other for node, other in others.items() if isinstance(node, kind) and other != node}
            changed = [replace(equation, rhs=equation.rhs.xreplace(alike)) for equation in suspect.equations]
            if len(alike) > 1 and suspect.explained_with_all(*changed):
                what = f"{name} for every {kind.__name__}"
                yield Explanation(what, f"{suspect.name} takes {what}")


def _shown(node: sp.Basic, equation: Equation) -> str:
    text = plain(node, equation.indices)
    return text if len(text) <= _LONGEST else f"{type(node).__name__}(...)"


def _argument(node: sp.Basic) -> sp.Expr | None:
    """What one of these functions is taken of; None of anything else."""
    if isinstance(node, sigmoid | tanh | exp | sin | cos):
        return node.args[0]
    if isinstance(node, maximum) and sp.S.Zero in node.args:
        return next((each for each in node.args if each != 0), None)
    return None
