"""A condition that is turned round, wrong at its boundary, or forgotten: a mask that lets the wrong places through."""

from collections.abc import Iterator

import sympy as sp
from sympy.core.relational import Relational

from checks.hypotheses.explanation import Explanation, place
from checks.suspect import Suspect
from derivations.expressions import Where, walk
from derivations.render.plain import Plain

STRICT = {sp.Le: sp.Lt, sp.Lt: sp.Le, sp.Ge: sp.Gt, sp.Gt: sp.Ge}


def condition_turned(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one condition a <= b in place of another: b <= a, a < b, or its contrary."""
    for equation in suspect.equations if suspect.fits else ():
        for condition in dict.fromkeys(node for node in walk(equation.rhs) if isinstance(node, Relational)):
            for instead in _alternatives(condition):
                if suspect.explained_with(equation, {condition: instead}):
                    write = Plain(equation.indices).condition
                    what = f"{write(instead)} for {write(condition)}"
                    said = f"in {suspect.name}, the condition{place(suspect, equation)} is {what}"
                    yield Explanation(what, said)


def _alternatives(condition: Relational) -> Iterator[sp.Basic]:
    left, right = condition.args
    if type(condition) in STRICT:
        yield STRICT[type(condition)](left, right)
        yield type(condition)(right, left)
        yield STRICT[type(condition)](right, left)


def branch_ignored(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one case distinction left out: one branch of a `where` everywhere."""
    for equation in suspect.equations if suspect.fits else ():
        for node in dict.fromkeys(node for node in walk(equation.rhs) if isinstance(node, Where)):
            for branch in node.args[1:]:
                if suspect.explained_with(equation, {node: branch}):
                    write = Plain(equation.indices)
                    taken, condition = write.text(branch), write.condition(node.args[0])
                    said = f"in {suspect.name}{place(suspect, equation)}, {taken} is taken whether {condition} or not"
                    yield Explanation(f"{taken} everywhere", said)
