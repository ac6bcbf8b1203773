"""The witness that knows only the code: finite differences of the implementation's own forward.

Central differences of <dY, forward(...)> at falling steps, extrapolated to step zero with an error estimate
(C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4, 1982), for all
coordinates at once. Coordinates that move different outputs are moved together (A. R. Curtis, M. J. D. Powell and
J. K. Reid, "On the estimation of sparse Jacobian matrices", IMA Journal of Applied Mathematics 13, 1974).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from checks.batching import NEARBY, NUMBERS_AT_ONCE, Samples, sampled
from checks.verdict import Testimony

FIRST_STEP = 0.11
# Not 2: with halved steps a function that is rounded to a coarser grid gives exactly equal quotients, which look exact.
SHRINK = 2.3
# Steps from 0.11 down to 2e-13, where rounding has eaten every digit.
LEVELS = 33
# A coincidence at coarse steps must not end the search: with six steps the fifth-order extrapolation has neighbours.
FEWEST_LEVELS = 6
HIGHEST_ORDER = 5
# The estimate is the largest distance to the extrapolations beside, all coarser, which it overrates; the factor is for
# noise, of which the best of many extrapolations shows less than it has. Measured in tests/checks/test_differences.py.
SAFETY = 4.0
UNIT = 2.0**-53
# Quotients that are the same at so many steps, but for noise, are those of a straight line: no other function has no
# second, fourth or sixth derivative and no kink in reach of any of them.
STRAIGHT_LEVELS = 4
# Levels that are sampled at once: as many as tell a straight line, as many as tell another, then a few at a time.
BLOCKS = (0, STRAIGHT_LEVELS, FEWEST_LEVELS + 2, *range(FEWEST_LEVELS + 5, LEVELS, 3), LEVELS)
# Results that are kept at a time: 16 MB.
RESULTS_AT_ONCE = 1 << 21

Curve = Callable[[float], NDArray]


@dataclass(frozen=True)
class Estimate:
    """Derivatives and by how much each may be off: two floats, or two arrays of one shape."""

    value: NDArray
    error: NDArray

    def meets(self, other: "Estimate") -> NDArray:
        """Whether the two could be estimates of one number."""
        return abs(self.value - other.value) <= self.error + other.error


@dataclass(frozen=True)
class _Plan:
    """Which coordinates are moved in which sample, and the outputs that then tell of each.

    `entries` are places in the flattened point, `probe` the number of the sample that moves each of them. The pairs
    (`owner`, `output`), sorted, say which output tells of which coordinate; of some only where they are `grouped`.
    """

    entries: NDArray
    probe: NDArray
    owner: NDArray
    output: NDArray
    grouped: bool = False

    def only(self, chosen: NDArray) -> "_Plan":
        """The plan for some of the coordinates: a mask."""
        if chosen.all():
            return self
        _, probe = np.unique(self.probe[chosen], return_inverse=True)
        pairs = chosen[self.owner]
        return _Plan(
            self.entries[chosen], probe, (np.cumsum(chosen) - 1)[self.owner[pairs]], self.output[pairs], self.grouped
        )

    def and_line(self, entry: int, outputs: int) -> "_Plan":
        """The plan with one coordinate more, which is moved by itself and touches all outputs."""
        return _Plan(
            np.append(self.entries, entry),
            np.append(self.probe, self.probe.max() + 1),
            np.append(self.owner, np.full(outputs, len(self.entries))),
            np.append(self.output, np.arange(outputs)),
            self.grouped,
        )

    def per_coordinate(self, terms: NDArray) -> NDArray:
        """Terms [L, pairs] added up for each coordinate, [L, E]."""
        total = np.zeros((len(terms), len(self.entries)))
        if self.owner.size:
            total[:, self.owner[self.starts]] = np.add.reduceat(terms, self.starts, axis=1)
        return total

    @cached_property
    def starts(self) -> NDArray:
        """Where in the pairs those of another coordinate begin."""
        return np.flatnonzero(np.diff(self.owner, prepend=-1))


def slope(curve: Curve, x: float, weights: NDArray, noise: float = 0.0) -> Estimate:
    """d/dx of sum(weights * curve(x)) by central differences; `noise` is the rounding error of that sum."""
    (central,) = _along_axis(curve, x, weights, noise, sides=("central",))
    return central


def slopes(curve: Curve, x: float, weights: NDArray, noise: float = 0.0) -> tuple[Estimate, Estimate, Estimate]:
    """The central slope and the slopes to the left and to the right of x, from the same samples of the curve."""
    central, left, right = _along_axis(curve, x, weights, noise, sides=tuple(SIDES))
    return central, left, right


def noise_level(curve: Curve, weights: NDArray) -> float:
    """The rounding noise of sum(weights * curve(t)) near t = 0, from tables of sixth differences.

    Sixth differences of a smooth function at these spacings vanish; what is left is noise, sqrt(924) times as large
    (J. J. More and S. M. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33, 2011). The wider spacing
    is for a forward that works in float32 inside.
    """
    return _noise(lambda points: np.stack([curve(float(t)) for t in points]), weights)


def noise_along(samples: Samples, point: NDArray, direction: NDArray, weights: NDArray) -> float:
    """The same along a direction through a point; `samples` gives the results of many points at once."""
    with np.errstate(all="ignore"):
        return _noise(lambda steps: samples(point + steps.reshape(-1, *(1,) * point.ndim) * direction), weights)


def differences(
    forward: Callable[[NDArray], NDArray],
    point: NDArray[np.float64],
    cotangent: NDArray[np.float64],
    *,
    direction: NDArray[np.float64],
    convention: NDArray[np.float64] | None = None,
    entries: Iterable[tuple[int, ...]] | None = None,
    samples: Samples | None = None,
    noise: float | None = None,
) -> Testimony:
    """The gradient of <cotangent, forward(point)> for the given entries of `point`, or all, by differences in float64.

    `forward` maps a float64 array of point's shape to one of cotangent's shape. `direction`, of point's shape, is where
    the noise of `forward` is measured. `convention` is given where the equations have kinks in reach: the slope that
    they name at each entry. It picks the side at a kink, and the differences say what the slope on that side is.
    `samples` gives the results of many points at once, where the caller knows how to get them, and `noise` is what
    `noise_along` measures, where it has been measured.
    """
    value, error = np.full(point.shape, np.nan), np.full(point.shape, np.nan)
    chosen = np.arange(point.size) if entries is None else _flat(entries, point.shape)
    reason = "differences do not settle"
    weights = np.ravel(cotangent)
    with np.errstate(all="ignore"):
        if samples is None:
            samples, _, _ = sampled(forward, forward, point, NEARBY * direction)
        outputs = _flattened(samples)
        noise = noise_along(outputs, point, direction, weights) if noise is None else noise
        if convention is None:
            found = _smooth(outputs, point, chosen, weights, noise, direction)
        else:
            one_by_one = _every_pair(chosen, len(weights))
            central, left, right = _estimates(outputs, point, one_by_one, weights, noise, tuple(SIDES))
            found = _at_kink(central, left, right, convention.ravel()[chosen])
            reason = "at a kink, the slope that the equations name is that of neither side"
    value.ravel()[chosen], error.ravel()[chosen] = found.value, found.error
    return Testimony(value, error, reason)


def _flat(entries: Iterable[tuple[int, ...]], shape: tuple[int, ...]) -> NDArray:
    places = np.array(list(entries), int).reshape(-1, len(shape))
    return np.ravel_multi_index(tuple(places.T), shape) if shape else np.zeros(len(places), int)


def _flattened(samples: Samples) -> Samples:
    def outputs(points: NDArray) -> NDArray:
        return samples(points).reshape(len(points), -1)

    return outputs


def _along_axis(curve: Curve, x: float, weights: NDArray, noise: float, sides: tuple[str, ...]) -> tuple[Estimate, ...]:
    def outputs(points: NDArray) -> NDArray:
        return np.stack([np.ravel(curve(float(t))) for (t,) in points]).astype(np.float64)

    plan = _every_pair(np.zeros(1, int), weights.size)
    found = _estimates(outputs, np.array([x]), plan, np.ravel(weights), noise, sides)
    return tuple(Estimate(each.value[0], each.error[0]) for each in found)


def _noise(outputs: Samples, weights: NDArray) -> float:
    """The larger of two spacings, each on the quieter side: a kink on one side is no noise, and would end searches."""
    spacings = np.array([[1.1e-6], [-1.1e-6], [1.3e-4], [-1.3e-4]])
    values = outputs((spacings * np.arange(15)).ravel()).reshape(4, 15, -1)
    sixth = np.diff(np.sum(np.ravel(weights) * values, axis=2), n=6, axis=1)
    levels = np.sqrt(np.mean(sixth**2, axis=1) / 924)
    quieter = np.where(np.isfinite(sixth).all(axis=1), levels, np.inf).reshape(2, 2).min(axis=1)
    return float(np.max(quieter, where=np.isfinite(quieter), initial=0.0))


def _smooth(
    outputs: Samples, point: NDArray, entries: NDArray, weights: NDArray, noise: float, direction: NDArray
) -> Estimate:
    """The slopes of coordinates that are moved together where they can be.

    That rests on what each of them moved at the first step, so another slope is asked whether the answers are right:
    the one along `direction`, in which all of them move. If it contradicts, or cannot tell, they are moved one by one.
    """
    plan = _grouped(outputs, point, entries, len(weights))
    if not plan.grouped:
        (found,) = _estimates(outputs, point, plan, weights, noise, ("central",))
        return found
    along = np.zeros(point.size)
    along[entries] = direction.ravel()[entries]

    def with_line(points: NDArray) -> NDArray:
        """The last coordinate moves the others along the direction."""
        moved, far = points[:, :-1], np.flatnonzero(points[:, -1])
        moved[far] += points[far, -1:] * along
        return outputs(moved.reshape(-1, *point.shape))

    extended = np.append(point.ravel(), 0.0)
    (all_found,) = _estimates(
        with_line, extended, plan.and_line(point.size, len(weights)), weights, noise, ("central",)
    )
    found, line = (Estimate(all_found.value[part], all_found.error[part]) for part in (slice(-1), -1))
    parts = along[entries]
    together = Estimate(np.sum(parts * found.value), np.sum(np.abs(parts) * found.error))
    if np.isfinite(line.error + together.error) and line.meets(together):
        return found
    (found,) = _estimates(outputs, point, _every_pair(entries, len(weights)), weights, noise, ("central",))
    return found


def _every_pair(entries: NDArray, outputs: int) -> _Plan:
    """Every coordinate by itself, and all outputs looked at."""
    places = np.arange(len(entries))
    return _Plan(entries, places, np.repeat(places, outputs), np.tile(np.arange(outputs), len(entries)))


def _grouped(outputs: Samples, point: NDArray, entries: NDArray, count: int) -> _Plan:
    """Coordinates that move different outputs at the first step share a sample."""
    moved = np.zeros((len(entries), count), bool)
    steps = FIRST_STEP * np.maximum(np.abs(point.ravel()[entries]), 1.0)
    for part in _parts(len(entries), count, RESULTS_AT_ONCE):
        places = (point.ravel()[entries[part]] + steps[part])[None]
        results = _moved(outputs, point, entries[part], np.arange(part.stop - part.start), places, count)
        moved[part] = results[1:] != results[0]
    probe = _first_fit(moved)
    if probe.max(initial=-1) == len(entries) - 1:
        return _every_pair(entries, count)
    owner, output = np.nonzero(moved)
    return _Plan(entries, probe, owner, output, grouped=True)


def _first_fit(moved: NDArray) -> NDArray:
    """For each coordinate the number of its group, in which no two move the same output; `moved` is [E, O].

    Coordinates that move the same outputs make a class. Classes that have no output in common go side by side, and a
    group takes one coordinate of each.
    """
    packed = np.packbits(moved, axis=1)
    patterns, own_class = np.unique(packed.view(f"S{packed.shape[1]}").ravel(), return_inverse=True)
    taken: list[int] = []
    side = np.zeros(len(patterns), int)
    for place, pattern in enumerate(patterns.tolist()):
        own = int.from_bytes(pattern, "little")
        fitting = next((k for k, others in enumerate(taken) if not others & own), len(taken))
        if fitting == len(taken):
            taken.append(0)
        taken[fitting] |= own
        side[place] = fitting
    sizes = np.bincount(own_class)
    longest = np.zeros(len(taken), int)
    np.maximum.at(longest, side, sizes)
    order = np.argsort(own_class, kind="stable")
    rank = np.empty(len(moved), int)
    rank[order] = np.arange(len(moved)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return (np.cumsum(longest) - longest)[side[own_class]] + rank


def _parts(length: int, each: int, most: int) -> Iterator[slice]:
    """Slices of a range, so long that with `each` numbers for every place they take `most` numbers."""
    step = max(1, most // max(each, 1))
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def _moved(outputs: Samples, point: NDArray, entries: NDArray, probe: NDArray, moved: NDArray, count: int) -> NDArray:
    """The results at the point and with its entries moved: `moved` is [K, E], the results are [1 + K*P, O].

    The points are made as they are needed, so many at a time as stay in the cache.
    """
    probes = int(probe.max(initial=-1)) + 1
    samples = 1 + probe + probes * np.arange(len(moved))[:, None]
    order = np.argsort(samples, axis=None, kind="stable")
    sample, place, value = samples.ravel()[order], np.tile(entries, len(moved))[order], moved.ravel()[order]
    results = np.empty((1 + len(moved) * probes, count))
    for part in _parts(len(results), point.size + count, NUMBERS_AT_ONCE):
        points = np.empty((part.stop - part.start, point.size))
        points[...] = point.ravel()
        first, last = np.searchsorted(sample, [part.start, part.stop])
        points[sample[first:last] - part.start, place[first:last]] = value[first:last]
        results[part] = outputs(points.reshape(-1, *point.shape))
    return results


# Which two of the samples below, at and above a coordinate make the quotient, and the power of the step in its error.
SIDES = {"central": (0, 2, 2), "left": (0, 1, 1), "right": (1, 2, 1)}


def _estimates(
    outputs: Samples, point: NDArray, plan: _Plan, weights: NDArray, noise: float, sides: tuple[str, ...]
) -> tuple[Estimate, ...]:
    """The estimates of the chosen sides, for every coordinate of the plan."""
    found = tuple(Estimate(*np.full((2, len(plan.entries)), np.nan)) for _ in sides)
    probes = int(plan.probe.max(initial=-1)) + 1
    for part in _parts(probes, 2 * BLOCKS[1] * len(weights), RESULTS_AT_ONCE):
        chosen = (plan.probe >= part.start) & (plan.probe < part.stop)
        settled = _settled(outputs, point, plan.only(chosen), weights, noise, sides)
        for whole, estimate in zip(found, settled, strict=True):
            whole.value[chosen], whole.error[chosen] = estimate.value, estimate.error
    return found


def _settled(
    outputs: Samples, point: NDArray, plan: _Plan, weights: NDArray, noise: float, sides: tuple[str, ...]
) -> tuple[Estimate, ...]:
    """Level after level, for those coordinates that still gain by it."""
    found = tuple(Estimate(*np.full((2, len(plan.entries)), np.nan)) for _ in sides)
    live, pairs = np.arange(len(plan.entries)), _Pairs(plan, weights, noise)
    quotients = [(np.empty((0, len(live))), np.empty((0, len(live)))) for _ in sides]
    for first, last in pairwise(BLOCKS):
        fresh = pairs.quotients(outputs, point, np.arange(first, last), sides)
        quotients = [
            (np.concatenate([old, new]), np.concatenate([old_error, new_error]))
            for (old, old_error), (new, new_error) in zip(quotients, fresh, strict=True)
        ]
        done = np.full(len(live), True)
        for side, whole, table in zip(sides, found, quotients, strict=True):
            estimate, closed = _extrapolated(*table, power=SIDES[side][2])
            whole.value[live], whole.error[live] = estimate.value, estimate.error
            done &= closed
        if done.all():
            break
        live, pairs = live[~done], pairs.only(~done)
        quotients = [(value[:, ~done], error[:, ~done]) for value, error in quotients]
    return found


class _Pairs:
    """Difference quotients, each with its rounding error, and what the samples so far have shown of that."""

    def __init__(self, plan: _Plan, weights: NDArray, noise: float) -> None:
        self.plan, self.weights, self.noise = plan, weights, noise
        # Outputs that a coordinate does not touch cancel exactly and bring no noise; where coordinates are grouped, the
        # pairs are those that touch.
        self.touched = np.full(plan.owner.shape, plan.grouped)
        self.grid = np.full(plan.owner.shape, np.inf)

    def only(self, chosen: NDArray) -> "_Pairs":
        """The same for some of the coordinates: a mask."""
        fewer = _Pairs(self.plan.only(chosen), self.weights, self.noise)
        pairs = chosen[self.plan.owner]
        fewer.touched, fewer.grid = self.touched[pairs], self.grid[pairs]
        return fewer

    def quotients(
        self, outputs: Samples, point: NDArray, levels: NDArray, sides: tuple[str, ...]
    ) -> list[tuple[NDArray, NDArray]]:
        """For each side the quotients at these levels and their rounding errors, [L, E]."""
        plan, count = self.plan, len(self.weights)
        x = point.ravel()[plan.entries]
        steps = FIRST_STEP * np.maximum(np.abs(x), 1.0) / SHRINK ** levels[:, None]
        places = (x - steps, x[None], x + steps)
        everything = _moved(outputs, point, plan.entries, plan.probe, np.concatenate([places[0], places[2]]), count)
        below, above = everything[1:].reshape(2, len(levels), -1)
        pairs = plan.probe[plan.owner] * count + plan.output
        results = (below.take(pairs, axis=1), everything[:1].take(plan.output, axis=1), above.take(pairs, axis=1))
        self._look_at(*results)
        weights = self.weights[plan.output]
        shares = np.where(self.touched, np.abs(weights), 0.0)
        grid = np.where(np.isfinite(self.grid), self.grid, 0.0)
        found = []
        for side in sides:
            low, high, _ = SIDES[side]
            run = places[high] - places[low]
            rise = results[high] - results[low]
            rise *= weights
            rounding = np.abs(results[high]) + np.abs(results[low])
            rounding *= UNIT
            np.maximum(rounding, grid, out=rounding)
            rounding *= shares
            slope = np.where(run == 0, np.nan, plan.per_coordinate(rise) / run)
            found.append((slope, (plan.per_coordinate(rounding) + self.noise) / run))
        return found

    def _look_at(self, below: NDArray, base: NDArray, above: NDArray) -> None:
        if not self.plan.grouped:
            self.touched = self.touched | ((above != below) | (above != base)).any(axis=0)
        for values in (below, base, above):  # at a kink an output may move to one side only
            self.grid = np.minimum(self.grid, _last_digit(values).min(axis=0, initial=np.inf))


def _last_digit(values: NDArray) -> NDArray:
    """The value of the last binary digit set: the grid that the numbers lie on, coarse where code rounds to float32.

    Of a power of two it may be half of that: there the last bit set is one of the exponent.
    """
    bits = np.ascontiguousarray(values).view(np.int64)
    digits = np.abs(values - (bits & (bits - 1)).view(np.float64))
    return np.where(digits > 0, digits, np.inf)


def _at_kink(central: Estimate, left: Estimate, right: Estimate, convention: NDArray) -> Estimate:
    """The central slopes where both sides meet; elsewhere that of the side that the convention names, if it does."""
    to_left = ~(np.abs(right.value - convention) < np.abs(left.value - convention))
    value, error = np.where(to_left, left.value, right.value), np.where(to_left, left.error, right.error)
    named = np.abs(value - convention) <= error
    smooth = left.meets(right)
    return Estimate(
        np.where(smooth, central.value, np.where(named, value, np.nan)),
        np.where(smooth, central.error, np.where(named, error, np.inf)),
    )


def _extrapolated(quotients: NDArray, errors: NDArray, power: int) -> tuple[Estimate, NDArray]:
    """Neville's table in step**power, one column of quotients [L] for each coordinate, [L, E].

    The entry whose neighbours differ least, noise included, is the answer. Beside it stands whether the search is over:
    whether noise alone has come to exceed the best error. A quotient that is no number lies outside the domain, as log
    does left of zero: the table starts again below it.
    """
    finite = np.isfinite(quotients)
    entries = [np.where(finite, quotients, np.nan)]
    estimated = [np.full(quotients.shape, np.inf)]
    for order in range(1, HIGHEST_ORDER + 1):
        finer = entries[-1]
        coarser = np.full(finer.shape, np.nan)
        coarser[1:] = finer[:-1]
        better = finer + (finer - coarser) / (SHRINK ** (power * order) - 1)
        before = np.full(finer.shape, np.nan)
        before[1:] = better[:-1]  # finer and coarser agree by chance where their error has a turning point
        change = np.max(np.abs(better - np.stack([finer, coarser, before])), axis=0)
        entries.append(better)
        estimated.append(np.nan_to_num(SAFETY * (change + errors), nan=np.inf, posinf=np.inf))
    table, estimate = np.stack(entries, axis=1), np.stack(estimated, axis=1)

    best_before = np.full(quotients.shape, np.inf)
    best_before[1:] = np.minimum.accumulate(estimate.min(axis=1), axis=0)[:-1]
    enough = np.cumsum(finite, axis=0) - finite >= FEWEST_LEVELS
    over = np.logical_or.accumulate(finite & enough & (errors >= best_before), axis=0)
    estimate[np.broadcast_to(over[:, None], estimate.shape)] = np.inf

    levels, orders, coordinates = estimate.shape
    flat = estimate.reshape(levels * orders, coordinates)
    best, every = flat.argmin(axis=0), np.arange(coordinates)
    error = flat[best, every]
    value = np.where(np.isfinite(error), table.reshape(levels * orders, coordinates)[best, every], np.nan)
    return Estimate(value, error), over[-1] | _straight(quotients, errors)


def _straight(quotients: NDArray, errors: NDArray) -> NDArray:
    """Which columns are the same at the first steps, but for noise."""
    first, noise = quotients[:STRAIGHT_LEVELS], errors[:STRAIGHT_LEVELS]
    same = np.abs(np.diff(first, axis=0)) <= noise[1:] + noise[:-1]
    return same.all(axis=0) & (len(first) == STRAIGHT_LEVELS)
