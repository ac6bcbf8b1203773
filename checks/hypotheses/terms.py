"""What the right side of an equation is the sum of."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import sympy as sp

from derivations import Equation


def terms(equation: Equation) -> Iterator[tuple[str, sp.Expr]]:
    """The terms, each with its text, where there are several; first as they stand, then those within a sum."""
    coarse = sp.Add.make_args(sp.expand_mul(equation.rhs, deep=False))
    within = [part for term in coarse for part in parts(term)]
    for term in dict.fromkeys((*coarse, *within)):
        if term != equation.rhs:
            yield replace(equation, rhs=term).text.partition("= ")[2], term


def parts(value: sp.Expr) -> list[sp.Expr]:
    """What a value is the sum of, also within a sum over an index, and where a factor stands before the bracket."""
    match value:
        case sp.Add():
            return [part for term in value.args for part in parts(term)]
        case sp.Sum():
            return [sp.Sum(part, *value.limits) for part in parts(value.function)]
        case sp.Mul():
            parted = [parts(factor) for factor in value.args]
            if sum(len(each) > 1 for each in parted) == 1:
                return [sp.Mul(*factors) for factors in product(*parted)]
    return [value]
