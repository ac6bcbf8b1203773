"""Right but for a small number that keeps a logarithm, a root or a division away from zero."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from checks.hypotheses.explanation import Explanation, place
from checks.suspect import Suspect
from derivations import Derivation, Equation, Layer, derive
from derivations.expressions import log
from derivations.layer import Option

_SMALLEST, _LARGEST = -16, -2  # as powers of ten
_NEAR = 0.05  # of the largest entry: a small number does not change more
_GUARD = Option("small_number_added", positive=True)

Swaps = dict[sp.Expr, sp.Expr]


def guarded(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with a power of ten added within its logarithms, or the forward's, or to what it divides by."""
    if not suspect.fits or np.abs(suspect.got - suspect.expected).max() > _NEAR * np.abs(suspect.expected).max():
        return
    guarded_forward = _of_guarded_logarithms(suspect) if suspect.is_cotangent else None
    for exponent in range(_SMALLEST, _LARGEST + 1):
        small = sp.Rational(10) ** exponent
        for what, swaps in _guards(suspect, small):
            if swaps and suspect.explained_with_all(*_swapped(swaps)):
                added = f"1e{exponent} is added {what}"
                yield Explanation(added, f"in {suspect.name}, {added}")
                return
        if guarded_forward is not None and suspect.explained_by(guarded_forward(small)):
            added = f"1e{exponent} is added within the logarithm, or to what its derivative divides by"
            yield Explanation(added, f"in {suspect.name}, {added}")
            return


def _of_guarded_logarithms(suspect: Suspect) -> Callable[[sp.Rational], NDArray[np.float64]] | None:
    """The cotangent of a forward with something added within its logarithms, if it has any: derived once for all."""
    swaps = {equation: _logarithms(equation.rhs, _GUARD.symbol) for equation in suspect.layer.equations}
    if not any(swaps.values()):
        return None
    layer, name = suspect.layer, suspect.name
    guarded = replace(layer, equations=tuple(_swapped(swaps)), options=(*layer.options, _GUARD), claims=())
    derivation = _derived(guarded, name.removeprefix("d"))

    def at(small: sp.Rational) -> NDArray[np.float64]:
        values = {**suspect.trial.values, _GUARD.name: float(small)}
        return derivation.evaluate(values, precision="float64")[name]

    return at


@lru_cache(maxsize=64)
def _derived(layer: Layer, wrt: str) -> Derivation:
    return derive(layer, wrt=wrt)


def unguarded(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with a small number that its equations have left out: p - y beside log(p + 1e-12), say."""
    for equation in suspect.equations if suspect.fits else ():
        small = [number for number in equation.rhs.atoms(sp.Rational) if 0 < number <= sp.Rational(10) ** _LARGEST]
        for number in sorted(small):
            if suspect.explained_with(equation, {number: sp.S.Zero}):
                said = f"{float(number):.3g} is left out{place(suspect, equation)}".replace("e-0", "e-")
                yield Explanation(said, f"in {suspect.name}, the small number {said}")


def _swapped(swaps: Mapping[Equation, Swaps]) -> list[Equation]:
    return [replace(equation, rhs=equation.rhs.xreplace(swap)) for equation, swap in swaps.items()]


def _guards(suspect: Suspect, small: sp.Rational) -> Iterator[tuple[str, Mapping[Equation, Swaps]]]:
    """What may be kept away from zero, in all equations: every logarithm, every divisor, every product of divisors."""
    ways = (
        ("within the logarithm", _logarithms),
        ("to what is divided by", _divisors),
        ("to what is divided by", _products_of_divisors),
    )
    for what, way in ways:
        swaps = {equation: way(equation.rhs, small) for equation in suspect.equations}
        yield what, {equation: swap for equation, swap in swaps.items() if swap}


def _logarithms(expression: sp.Expr, small: sp.Expr) -> Swaps:
    return {node: log(node.args[0] + small) for node in expression.atoms(log)}


def _divisors(expression: sp.Expr, small: sp.Rational) -> Swaps:
    return {node: (node.base + small) ** node.exp for node in expression.atoms(sp.Pow) if _divides(node)}


def _products_of_divisors(expression: sp.Expr, small: sp.Rational) -> Swaps:
    found = {}
    for node in expression.atoms(sp.Mul):
        divisors = [factor for factor in node.args if _divides(factor) and factor.exp == -1]
        if len(divisors) > 1:
            whole = sp.Mul(*(factor.base for factor in divisors))
            found[node] = node * whole / (whole + small)
    return found


def _divides(node: sp.Basic) -> bool:
    return isinstance(node, sp.Pow) and bool(node.exp.is_negative) and node.base.has(sp.Indexed)
