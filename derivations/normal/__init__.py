"""A normal form that proves equations for all sizes at once.

An expression becomes a sum of terms; each term is a rational number times a product of atoms, summed over bound
indices: every sum stands on the outside, every delta is contracted, every function is an atom whose argument is itself
in normal form, and bound indices are named canonically (the least over their permutations). Two expressions with the
same normal form are the same function. What divides or stands under a root is an atom too; `vanishes` then multiplies
through by such bases, so that fractions compare as polynomials do.

Nothing is shared with `calculus`, which derives: this module is to judge it.
"""

from __future__ import annotations

import sympy as sp

from derivations.affine import TooHardError
from derivations.expressions import exp, sigmoid, tanh
from derivations.normal.normalizer import Normalizer
from derivations.normal.terms import Frozen
from derivations.ranges import Known

__all__ = ["TooHardError", "normal_form", "vanishes"]


def normal_form(expression: sp.Expr, known: Known) -> Frozen:
    """The normal form of an expression.

    Raises TooHardError where it grows beyond a few thousand terms.
    """
    normalizer = Normalizer(known)
    return normalizer.freeze(normalizer.divided(normalizer.terms(expression)))


def vanishes(expression: sp.Expr, known: Known) -> bool:
    """Whether an expression is 0 for all sizes and values; False means only that no proof was found.

    Raises TooHardError.
    """
    if _vanishes(expression, Normalizer(known)):
        return True
    # A sigmoid is short, and so is 1/(1 + exp(-x)) as one, but beside an exponential it must be known for a fraction.
    both = expression.has(exp) and (expression.has(sigmoid, tanh) or any(map(_divides, expression.atoms(sp.Pow))))
    return both and _vanishes(expression, Normalizer(known, sigmoids_are_fractions=True))


def _divides(power: sp.Pow) -> bool:
    return bool(power.exp.is_negative)


def _vanishes(expression: sp.Expr, normalizer: Normalizer) -> bool:
    terms = normalizer.thaw(
        normalizer.freeze(normalizer.divided(normalizer.freely_split(normalizer.terms(expression))))
    )
    for _ in range(40):
        if not terms:
            return True
        cleared = normalizer.clear_one_base(terms)
        if cleared is None:
            return not normalizer.freeze(normalizer.complemented(terms))
        terms = normalizer.thaw(normalizer.freeze(cleared))
    return False
