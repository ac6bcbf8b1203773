"""Axes of a chart: from where to where, linear or logarithmic, and ticks at round numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_TICKS = 6
_FEW_DECADES = 100  # over less than this ratio, 2 and 5 times a power of ten are ticks as well
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with a mark and a label at some values in between."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end, and 1/2 where those are the same.

        What is below the low end is put there: on a logarithmic axis zero is.
        """
        if self.low == self.high:
            return 0.5
        value = max(value, self.low)
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def linear_axis(values: Sequence[float], *, percent: bool = False) -> Axis:
    """An axis that holds all finite `values`, and ends at ticks; with `percent` 0.5 is labelled 50%."""
    low, high = min(values), max(values)
    step = _round_step((high - low or abs(high) or 1.0) / (_MOST_TICKS - 2))
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        first, last = (first - 1, last) if first > 0 else (first, last + 1)
    stride = math.ceil((last - first) / _MOST_TICKS)
    ticks = tuple((k * step, _label(k * step, step, percent)) for k in range(first, last + 1, stride))
    return Axis(first * step, last * step, ticks)


def logarithmic_axis(values: Sequence[float]) -> Axis:
    """An axis that holds all finite `values` above zero, from one power of ten (or 2 or 5 times one) to another."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = min(positive), max(positive)
    factors = (1, 2, 5) if high < _FEW_DECADES * low else (1,)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    steps = [(factor * 10.0**power, _power_label(factor, power)) for power in powers for factor in factors]
    first = max(place for place, (value, _) in enumerate(steps) if value <= low)
    last = next(place for place, (value, _) in enumerate(steps) if value >= high and place > first)
    stride = math.ceil((last - first) / _MOST_TICKS) if len(factors) == 1 else 1
    ticks = steps[first : last + 1 : stride]
    return Axis(steps[first][0], steps[last][0], tuple(ticks), logarithmic=True)


def counting_axis(first: int, last: int) -> Axis:
    """An axis for epochs: ticks at `first` and at round whole numbers up to `last`."""
    step = max(1, int(_round_step((last - first) / _MOST_TICKS)))
    ticks = dict.fromkeys([first, *(k for k in range(step, last + 1, step) if k >= first + step / 2)])
    return Axis(first, last, tuple((float(tick), str(tick)) for tick in ticks))


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`; 1 for 0."""
    if not least:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _label(value: float, step: float, percent: bool) -> str:
    if percent:
        value, step = 100 * value, 100 * step
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    is_long = digits > 3 or abs(value) >= 1e5
    return (f"{value:.1e}" if is_long else f"{value:.{digits}f}") + ("%" if percent else "")


def _power_label(factor: int, power: int) -> str:
    if -3 <= power <= 3:
        return f"{factor * 10.0**power:g}"
    return f"{factor}·10{str(power).translate(_SUPERSCRIPTS)}".removeprefix("1·")
