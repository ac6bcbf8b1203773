"""A condition that is turned round, or wrong at its boundary: a mask that lets the wrong places through."""

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp
from sympy.core.relational import Relational

from checks.hypotheses.explanation import Explanation, place
from checks.suspect import Suspect
from derivations.expressions import walk
from derivations.render.plain import plain

STRICT = {sp.Le: sp.Lt, sp.Lt: sp.Le, sp.Ge: sp.Gt, sp.Gt: sp.Ge}


def condition_turned(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one condition a <= b in place of another: b <= a, a < b, or its contrary."""
    for equation in suspect.equations if suspect.fits else ():
        for condition in dict.fromkeys(node for node in walk(equation.rhs) if isinstance(node, Relational)):
            for instead in _alternatives(condition):
                if suspect.explained_with(replace(equation, rhs=equation.rhs.xreplace({condition: instead}))):
                    what = f"{plain(instead, equation.indices)} for {plain(condition, equation.indices)}"
                    said = f"in {suspect.name}, the condition{place(suspect, equation)} is {what}"
                    yield Explanation(what, said)


def _alternatives(condition: Relational) -> Iterator[sp.Basic]:
    left, right = condition.args
    if type(condition) in STRICT:
        yield STRICT[type(condition)](left, right)
        yield type(condition)(right, left)
        yield STRICT[type(condition)](right, left)
