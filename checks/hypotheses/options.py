"""Right but for an option: one that is left out, mistaken, or a number for good in the code."""

import math
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.hypotheses.explanation import Explanation
from checks.hypotheses.operands import rate_when_right
from checks.suspect import Suspect
from derivations import DerivationError
from derivations.evaluate import machine_for
from derivations.fields import Floats
from derivations.layer import Option

_DIGITS = 3  # of a number that somebody writes


def option_ignored(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for an option of 1 or of 0."""
    real = [option.name for option in suspect.layer.options if not option.integer]
    for name, value in product(real, (1.0, 0.0)) if suspect.fits else ():
        with np.errstate(all="ignore"):
            found = suspect.explained_by(suspect.answer_at({name: value}))
        if found:
            what = f"{suspect.name} leaves {name} out: it is right for {name} = {value:g}"
            yield Explanation(f"{name} ignored", f"{what} (where that is meant: --set {name}={value:g})")


def count_ignored(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for a stride or dilation of 1, or a padding of 0, for the windows that the outputs have."""
    for option in suspect.layer.options if suspect.fits and suspect.is_cotangent else ():
        own = suspect.trial.values[option.name]
        least = 0 if option.low is None else int(option.low) if option.low.is_Integer else own
        for value in (0, 1) if option.integer else ():
            if least <= value != own and _right_for_count(suspect, option, value):
                said = f"{suspect.name} leaves {option.name} out: it is right for {option.name} = {value}"
                yield Explanation(f"{option.name} ignored", f"{said}, while the forward has {option.name} = {own}")


def _right_for_count(suspect: Suspect, option: Option, value: int) -> bool:
    """Outputs that only this value has get no cotangent; those that it has not got are left out."""
    trial, layer = suspect.trial, suspect.layer
    values: dict[str, Any] = {**trial.values, option.name: value}
    try:
        sizes = machine_for(layer, values, Floats()).sizes
        for name, cotangent in suspect.cotangents.items():
            values[name] = _cut_or_filled(cotangent, layer.shape(name.removeprefix("d"), sizes))
        truth = trial.derivation.evaluate(values, precision="float64")[suspect.name]
    except DerivationError:  # a size comes out below 1
        return False
    return suspect.explained_by(truth)


def _cut_or_filled(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The values in an array of another shape, where both have them; zero elsewhere."""
    filled = np.zeros(shape)
    both = tuple(slice(0, min(lengths)) for lengths in zip(shape, values.shape, strict=True))
    filled[both] = values[both]
    return filled


def option_mistaken(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for 1 less an option."""
    for option in suspect.layer.options if suspect.fits else ():
        own = float(suspect.trial.values[option.name])
        if not option.integer and 0 < own < 1 and suspect.explained_at({option.name: 1 - own}):
            what = f"1 - {option.name} in the place of {option.name}"
            told = f"(where it has that instead: --name ...=1-{option.name})"
            yield Explanation(what, f"{suspect.name} is right for {what} {told}")


def option_fixed(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for an option that is another number, of few digits, whatever it is: the code has it for good."""
    for option in suspect.layer.options if suspect.fits else ():
        if not option.integer and not _depends_on(suspect, option):
            for value in dict.fromkeys(_written(suspect, option)):
                if suspect.explained_at({option.name: value}):
                    told = f"{option.name} = {value:g}"
                    wanted = f" (where it is that for good: --set {option.name}={value:g})"
                    beside = f", whatever {option.name} is" if suspect.is_cotangent else wanted
                    yield Explanation(told, f"{suspect.name} is right for {told}{beside}")


def _written(suspect: Suspect, option: Option) -> Iterator[float]:
    """Numbers that somebody may have written for an option, and that may make it right; one without it has 0 or 1."""
    for value in _values_when_right(suspect, option):
        short = float(f"{value:.{_DIGITS}g}")
        if _allows(option, short) and short not in (0, 1) and not _made_by_sizes(suspect, short):
            yield short


def _depends_on(suspect: Suspect, option: Option) -> bool:
    """Whether the code gives anything else where the option is another one."""
    own = float(suspect.trial.values[option.name])
    other = suspect.trial.format.round(0.75 * own if own else 0.5)
    again = suspect.got_at({option.name: float(other)})
    return again is None or not np.array_equal(again, suspect.got, equal_nan=True)


def _values_when_right(suspect: Suspect, option: Option) -> Iterator[float]:
    """Values of an option that may make it right: found step by step, or what makes up for a factor."""
    own = float(suspect.trial.values[option.name])
    with np.errstate(all="ignore"):
        found = rate_when_right(suspect, lambda value: suspect.answer_at({option.name: value}), own)
        factor = suspect.factor
    if found is not None:
        yield found
    if np.isfinite(factor) and factor:
        yield from (own / factor, own * factor)


def _made_by_sizes(suspect: Suspect, value: float) -> bool:
    """Whether it is a size, or a product of some, or 1 over that: no number that somebody has written."""
    every = [*suspect.sizes.values()]
    products = {math.prod(some) for count in (1, 2, 3) for some in combinations(every, count)} - {1}
    return value in products or (value > 0 and 1 / value in products)


def _allows(option: Option, value: float) -> bool:
    most = np.inf if option.high is None else float(option.high)
    return (value > 0 if option.positive else value >= 0) and value <= most
