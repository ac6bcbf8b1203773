"""Right but for a number: zero, a sign, a factor, a size."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations, permutations, product

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from checks.hypotheses.explanation import Explanation, place
from checks.suspect import Suspect
from derivations.expressions import Bracket, MaxOver
from derivations.layer import size_symbol

_NAME = re.compile(r"[A-Za-z_]\w*")
NEGATIVE = ("-1", -1.0, "")
ROUGH = 2.0**-5  # what rounding to few digits leaves so much of is no factor
NEARLY = 1e-3  # a number that is so near 1 is no factor that anybody has written


def nothing(suspect: Suspect) -> Iterator[Explanation]:
    """got = 0."""
    if suspect.got.size and not suspect.got.any():
        yield Explanation("zero", f"{suspect.name} is zero everywhere")


def sign(suspect: Suspect) -> Iterator[Explanation]:
    """got = -truth."""
    if suspect.explained_by(-suspect.expected):
        yield Explanation("sign", f"{suspect.name} has the wrong sign")


def accumulated_twice(suspect: Suspect) -> Iterator[Explanation]:
    """got = 2 truth."""
    if suspect.explained_by(2 * suspect.expected):
        yield Explanation("2", f"{suspect.name} is twice the true one: added up twice, or a factor 1/2 forgotten")


def clipped(suspect: Suspect) -> Iterator[Explanation]:
    """got = truth, cut off at -c and c."""
    limit = float(np.abs(suspect.got).max(initial=0.0))
    cut = np.clip(suspect.expected, -limit, limit)
    if limit and np.sum(np.abs(suspect.got) == limit) > 1 and suspect.explained_by(cut):
        meant = "where that is meant, check it before it is clipped"
        yield Explanation(f"clipped to {limit:g}", f"{suspect.name} is the true one, cut off at {limit:g} ({meant})")


def constant_factor(suspect: Suspect) -> Iterator[Explanation]:
    """got = k truth, for one number k; k is named by the sizes and options that make it."""
    if suspect.got.shape != suspect.expected.shape or not suspect.expected.any():
        return
    factor = suspect.factor
    if not suspect.explained_by(factor * suspect.expected):
        return
    off = np.abs(suspect.got - factor * suspect.expected).max() / np.abs(suspect.got).max()
    if off > ROUGH:
        return
    within, named = f" at every entry, to {off:.0e}", False
    for name, value in factor_names(suspect):
        if suspect.explained_by(value * suspect.expected):
            named = True
            given = " ".join(f"{size}={n:g}" for size, n in _given(suspect).items() if size in _NAME.findall(name))
            number = f", {value:.4g} at {given}," if given else f" = {value:.4g}"
            yield Explanation(name, f"{suspect.name} is the true one times {name}{number}{within}{why(name)}")
    if not named and abs(factor - 1) > NEARLY:
        yield Explanation(f"{factor:.6g}", f"{suspect.name} is the true one times {factor:.6g}{within}")


def one_number(suspect: Suspect) -> Iterator[Explanation]:
    """got = k truth, for one number k that is the same in every case, though in some of them sizes make it as well."""
    if suspect.fits and suspect.expected.any():
        factor = suspect.factor
        if abs(factor - 1) > NEARLY and suspect.explained_by(factor * suspect.expected):
            yield Explanation(f"{factor:.6g}", f"{suspect.name} is the true one times {factor:.6g} at every entry")


def size_mistaken(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one size in the place of another, in all means of an equation: divided by N, not by D."""
    for equation in suspect.equations if suspect.fits else ():
        for own, other in permutations(map(size_symbol, suspect.sizes), 2):
            mistaken = _with_size(equation.rhs, own, other)
            if mistaken != equation.rhs and suspect.explained_with(replace(equation, rhs=mistaken)):
                what = f"{other} for {own}"
                said = f"in {suspect.name}, {other} is taken for {own}{place(suspect, equation)}"
                yield Explanation(what, f"{said}: a mean is divided by the wrong size")


def _with_size(value: sp.Basic, own: sp.Symbol, other: sp.Symbol) -> sp.Basic:
    """The value with another size as a number; what indices run over, and conditions on them, stay."""
    if value == own:
        return other
    if isinstance(value, sp.Sum | MaxOver):
        return value.func(_with_size(value.function, own, other), *value.limits)
    if not value.args or isinstance(value, sp.Indexed | Bracket | Relational):
        return value
    return value.func(*(_with_size(part, own, other) for part in value.args))


def factor_names(suspect: Suspect) -> Iterator[tuple[str, float]]:
    """Numbers that sizes, options and 2 make, by name, the simplest first."""
    yield "-1", -1.0
    atoms = {"2": 2.0, **{name: number for name, number in _given(suspect).items() if number}}
    powers = [(name, value, exponent) for name, value in atoms.items() for exponent in (1, -1)]
    for minus, count in product((1, -1), (1, 2, 3)):
        for chosen in combinations(powers, count):
            if len({name for name, _, _ in chosen}) == count:
                above = "*".join(name for name, _, exponent in chosen if exponent == 1)
                below = "*".join(name for name, _, exponent in chosen if exponent == -1)
                below = f"({below})" if "*" in below else below
                text = f"{above or '1'}/{below}" if below else above
                value = float(np.prod([value**exponent for _, value, exponent in chosen]))
                yield (text if minus == 1 else f"-{text}"), minus * value


def _given(suspect: Suspect) -> dict[str, float]:
    """The sizes and options of the case."""
    options = {option.name: float(suspect.trial.values[option.name]) for option in suspect.layer.options}
    return {**suspect.sizes, **options}


def numbers(sizes: Mapping[str, int]) -> Iterator[tuple[str, float, str]]:
    """Numbers that get into an operand by mistake, with what may have gone wrong."""
    yield from (NEGATIVE, ("2", 2.0, ""), ("1/2", 0.5, ""))
    for n, size in sizes.items():
        if size > 1:
            yield n, size, f": a sum over {n} where the equations have a mean"
            yield f"1/{n}", 1 / size, f": a mean over {n} where the equations have a sum"
            yield f"{n}/({n} - 1)", size / (size - 1), f": a mean over {n} - 1 where the equations have one over {n}"
            yield f"({n} - 1)/{n}", (size - 1) / size, f": a mean over {n} where the equations have one over {n} - 1"
            yield f"sqrt({n})", size**0.5, ""
            yield f"1/sqrt({n})", size**-0.5, ""


def is_made_of_sizes(factor: str, suspect: Suspect) -> bool:
    """Whether a factor's name has a size in it."""
    return bool({*_NAME.findall(factor)} & {*suspect.sizes})


def why(factor: str) -> str:
    """What makes an answer so many times too large, where that is known."""
    if factor.startswith("1/") and factor[2:].isupper():
        return f": a mean over {factor[2:]} where the equations have a sum, or the mean taken twice"
    above, divided, below = factor.partition("/")
    if divided and above.isupper():
        return f": divided by {below} where {above} belongs"
    return f": the mean over {factor} is missing" if not divided and factor.isupper() else ""
