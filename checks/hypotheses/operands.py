"""Right for other operands: what comes in is ignored, left out, turned round, or mistaken for something else."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from checks.hypotheses.explanation import Explanation, place
from checks.hypotheses.scale import NEGATIVE, numbers
from checks.suspect import FEWEST_ENTRIES, Suspect
from derivations import Equation
from derivations.expressions import Bracket, MaxOver, entries, entry_name, tensor_names, walk
from derivations.render.plain import plain

_MOST_STEPS = 8  # to find a rate: each has about twice the digits of the one before


def cotangent_ignored(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for an incoming cotangent of ones."""
    for name, cotangent in suspect.cotangents.items() if suspect.fits else ():
        if suspect.explained_by(suspect.answer_at({name: np.ones_like(cotangent)})):
            value = (
                f"a {name} of ones" if np.ndim(cotangent) else f"{name} = 1 (where it is that for good: --set {name}=1)"
            )
            yield Explanation(f"{name} ignored", f"{suspect.name} ignores {name}: it is right for {value}")


def operand_transposed(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for a square matrix among the operands that is transposed."""
    for name, value in _operands(suspect):
        if value.ndim == 2 and value.shape[0] == value.shape[1] and _right_for(suspect, name, value.T):
            kept = "" if suspect.is_cotangent else f" (where it is kept so: --axes {name}=.T)"
            sentence = f"{suspect.name} takes {name}.T for {name}, or {name} for {name}.T{kept}"
            yield Explanation(f"{name} transposed", sentence)


def operand_flipped(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for an operand that is read backwards along some axes."""
    for name, value in _operands(suspect):
        for axes in _subsets(value):
            if _right_for(suspect, name, np.flip(value, axes)):
                where = _letters(suspect, name, axes)
                yield Explanation(f"{name} along {where}", f"{suspect.name} reads {name} backwards along {where}")


def operand_shifted(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for an operand that is read one place early or late along an axis."""
    for name, value in _operands(suspect):
        for axis in range(value.ndim):
            for by in (1, -1) if value.shape[axis] > 1 else ():
                if any(_right_for_all(suspect, moved) for moved in _moved(suspect, name, value, axis, by)):
                    true = _step_read(suspect, name, axis)
                    read, belongs = (_at_step(suspect, name, axis, step) for step in (true - by, true))
                    yield Explanation(f"{name} by {by}", f"{suspect.name} reads {read} where {belongs} belongs")


def _step_read(suspect: Suspect, name: str, axis: int) -> int:
    """By how much the place that an equation reads of a tensor, the last one that does, is off: -1 for h[t - 1]."""
    found = [[*entries(equation.rhs, name)] for equation in reversed(suspect.equations)]
    read = next((each for each in found if each), [])
    steps = {entry.indices[axis] - _without_a_step(entry.indices[axis]) for entry in read}
    return int(steps.pop()) if len(steps) == 1 else 0


def _at_step(suspect: Suspect, name: str, axis: int, step: int) -> str:
    letters = [*suspect.axis_names(name)]
    letters[axis] += f" {'+' if step > 0 else '-'} {abs(step)}" if step else ""
    return f"{name}[{', '.join(letters)}]"


def neighbour_read(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with entries of a tensor at the place at hand where those one before, or behind it, belong."""
    for equation in suspect.equations if suspect.fits else ():
        found: dict[str, dict[sp.Expr, sp.Expr]] = {}
        for entry in sorted(equation.rhs.atoms(sp.Indexed), key=sp.default_sort_key):
            here = entry.base[tuple(_without_a_step(each) for each in entry.indices)]
            if here != entry:
                found.setdefault(entry.base.name, {})[entry] = here
        for name, swaps in found.items():
            steps = [each for entry in swaps for each in entry.indices if _without_a_step(each) != each]
            inside = {each: sp.S.One for each in equation.rhs.atoms(Bracket) if any(each.has(step) for step in steps)}
            start = {e: _at_the_start(e, entry) for entry in swaps for e in entries(equation.rhs, f"{name}0")}
            if any(suspect.explained_with(equation, {**swaps, **more}) for more in ({}, inside, start)):
                there, here = (plain(each, equation.indices) for each in next(iter(swaps.items())))
                where = place(suspect, equation)
                yield Explanation(
                    f"{here} for {there}{where}", f"{suspect.name} reads {here} where {there} belongs{where}"
                )


def _without_a_step(position: sp.Expr) -> sp.Expr:
    """t of t - 1 and t + 1; everything else as it is, T - 1 too."""
    return next((each for each in (position - 1, position + 1) if each.is_Symbol and not each.is_positive), position)


def _at_the_start(start: sp.Indexed, state: sp.Indexed) -> sp.Expr:
    """The first state in the place of what a recurrence starts from: h[0, m] for h0[n, m]."""
    others = start.indices[len(start.indices) - len(state.indices) + 1 :]
    return state.base[(sp.S.Zero, *others)] if len(others) + 1 == len(state.indices) else start


def state_of_the_same_step(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with the state of a step in one place where that of the step before it, or its start, belongs."""
    for equation in suspect.equations if suspect.fits else ():
        for node in walk(equation.rhs):
            if not isinstance(node, sp.Add):
                continue
            read = {entry.base.name: entry for entry in node.atoms(sp.Indexed)}
            for name in [name for name in read if f"{name}0" in read]:
                same = read[name].xreplace({read[name].indices[0]: read[name].indices[0] + 1})
                if suspect.explained_with(equation, {node: same}):
                    yield Explanation(
                        f"{name} by -1", f"{suspect.name} takes {name} of the same step, not of the one before"
                    )


def operand_blocks_permuted(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for inputs whose 2, 3 or 4 equal blocks, as of gates, come in another order: of a forward."""
    found: dict[tuple[str, int], dict[str, int]] = {}
    for tensor in suspect.layer.inputs if suspect.fits and not suspect.is_cotangent else ():
        for axis, size in enumerate(tensor.sizes):
            count, one = size.as_coeff_Mul()
            if count in (2, 3, 4) and one.is_Symbol:
                found.setdefault((str(size), int(count)), {})[tensor.name] = axis
    for (size, count), axes in found.items():
        blocks = {name: np.split(suspect.operands[name], count, axis) for name, axis in axes.items()}
        for order in [*permutations(range(count))][1:]:
            changed = {name: np.concatenate([blocks[name][k] for k in order], axes[name]) for name in axes}
            if _right_for_all(suspect, changed):
                told, names = ", ".join(str(block + 1) for block in order), " and ".join(axes)
                sentence = f"{suspect.name} takes the {count} blocks of {size} in {names} in another order: {told}"
                yield Explanation(f"{size} in the order {told}", sentence)


def parameters_moved(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for parameters that have taken their step already: W - rate dW, whatever the rate.

    A parameter is an input that has no axis of the examples.
    """
    if not suspect.fits or not suspect.is_cotangent or suspect.got.size < FEWEST_ENTRIES:
        return
    (data, *others), truth = suspect.layer.inputs, suspect.trial.truth
    parameters = [t for t in others if t.name in suspect.used and not {*data.sizes[:1]} & {*t.sizes}]
    wanted = [tensor.name for tensor in parameters if f"d{tensor.name}" in {*truth} - {suspect.name}]
    moves = {name: truth[f"d{name}"].value for name in wanted}
    moves = {name: move for name, move in moves.items() if move.any()}

    def moved(rate: float) -> NDArray:
        return suspect.answer_at({name: suspect.operands[name] - rate * move for name, move in moves.items()})

    if moves and rate_when_right(suspect, moved) is not None:
        names, them = " and ".join(moves), "it" if len(moves) == 1 else "them"
        told = f"{suspect.name} reads {names} after the step that moves {them}: work it out first"
        yield Explanation(f"{names} moved", told)


def rate_when_right(suspect: Suspect, answer: Callable[[float], NDArray], start: float = 0.0) -> float | None:
    """The number of which an answer is the one in question: found by Gauss and Newton, from a start; None without."""
    rate, nudge, left = start, 1e-4, suspect.got - answer(start)
    for _ in range(_MOST_STEPS):
        slope = (answer(rate + nudge) - answer(rate - nudge)) / (2 * nudge)
        square = float(np.sum(slope**2))
        if not square or not np.isfinite(square):
            return None
        rate += float(np.sum(left * slope)) / square
        before, left = left, suspect.got - answer(rate)
        if suspect.explained_by(suspect.got - left):
            return rate
        if not np.abs(left).max() < np.abs(before).max() / 2:
            return None
    return None


def operand_left_out(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for an operand of ones, or of zeros."""
    masks = [t.name for t in suspect.layer.inputs if t.integer and t.high == 1] if suspect.fits else []
    for name, value in [*_operands(suspect), *((mask, np.asarray(suspect.trial.values[mask])) for mask in masks)]:
        fills = ((np.ones_like, "ones"), (np.zeros_like, "zeros"))[not _is_a_factor(suspect, name) :]
        for fill, what in fills if name not in suspect.cotangents else ():
            if _right_for(suspect, name, fill(value)):
                said = f"{suspect.name} leaves {name} out: it is right for a {name} of {what}"
                yield Explanation(f"{name} left out", said)


def _is_a_factor(suspect: Suspect, name: str) -> bool:
    """Whether a tensor is multiplied by something: of one that is only added, ones would be a coincidence."""
    nodes = (node for e in (*suspect.equations, *suspect.layer.equations) for node in walk(e.rhs))
    around = [node for node in nodes if any(_is_entry(part, name) for part in node.args)]
    return not around or any(not isinstance(node, sp.Add) for node in around)


def _is_entry(node: sp.Basic, name: str) -> bool:
    return isinstance(node, sp.Indexed | sp.Symbol) and entry_name(node) == name


def operand_scaled(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for minus an operand, or for one worked out on the way times 2 or a number that a size makes.

    Of the sizes only those count that it has no axis of: a statistic may be a sum, or a mean, over these.
    """
    inputs = {tensor.name for tensor in suspect.layer.inputs}
    for name, value in [*_operands(suspect), *_sources(suspect)]:
        if name in suspect.cotangents:
            continue  # the answer is linear in them: another hypothesis tells of a factor
        own = {axis.upper() for axis in suspect.axis_names(name)}
        sizes = {n: size for n, size in suspect.sizes.items() if n not in own}
        for factor, number, mistake in [NEGATIVE] if name in inputs else numbers(sizes):
            if _right_for(suspect, name, number * value) or _right_anew(suspect, name, number * value):
                times = f"-{name}" if factor == "-1" else f"{factor} times {name}"
                yield Explanation(f"{name} times {factor}", f"{suspect.name} takes {times} for {name}{mistake}")


def times_operand(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth times, or divided by, an operand at every place, or the truth where an operand is above 0."""
    truth, axes = suspect.expected, suspect.axis_names(suspect.name)
    for name, value in suspect.operands.items() if suspect.fits else ():
        fitted = _fitted(value, suspect.axis_names(name), truth.shape, axes)
        if fitted is None:
            continue
        with np.errstate(all="ignore"):
            for candidate, what in ((truth * fitted, "times"), (truth / fitted, "divided by")):
                if suspect.explained_by(candidate):
                    yield Explanation(f"{what} {name}", f"{suspect.name} is the true one {what} {name}")
            if suspect.explained_by(truth * (fitted > 0)) and not (fitted > 0).all():
                sentence = f"{suspect.name} is the true one where {name} > 0, and 0 elsewhere: a slope that is not here"
                yield Explanation(f"where {name} > 0", sentence)


def operand_mistaken(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with one operand, or another cotangent, in the place of another, at one place or at all."""
    cotangents = suspect.trial.derivation.cotangents if suspect.is_cotangent else ()
    others = {name: suspect.trial.truth[name].value for name in cotangents if name != suspect.name}
    for name, value in _operands(suspect):
        for other, instead in {**suspect.operands, **others}.items():
            if other == name:
                continue
            fitted = _fitted(instead, suspect.axis_names(other), value.shape, suspect.axis_names(name))
            if fitted is not None and _right_for(suspect, name, fitted):
                yield Explanation(f"{other} for {name}", f"{suspect.name} takes {other} for {name}")


def part_for_operand(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with what an operand is made of in the place of it: X - mu for (X - mu)/sqrt(v + eps)."""
    defined = {equation.name: equation for equation in suspect.layer.equations}
    for name, value in _operands(suspect):
        for part in _parts_of(defined[name]) if name in defined else ():
            if name in tensor_names(part):
                continue  # a recurrence
            instead = suspect.trial.recall.evaluate([replace(defined[name], rhs=part)], {})[name]
            if instead.shape == value.shape and _right_for(suspect, name, instead):
                taken = plain(part, defined[name].indices)
                yield Explanation(f"{taken} for {name}", f"{suspect.name} takes {taken} for {name}")


def _parts_of(equation: Equation) -> Iterator[sp.Expr]:
    """What stands in the right side, sums apart: more than an entry, less than all of it; read at the same indices."""
    own = {*equation.indices}
    bound = {limit[0] for total in equation.rhs.atoms(sp.Sum, MaxOver) for limit in total.limits}
    for node in dict.fromkeys(walk(equation.rhs)):
        whole = node == equation.rhs or not isinstance(node, sp.Add | sp.Mul | sp.Pow | sp.Function)
        if not whole and own & node.free_symbols and not bound & node.free_symbols and node.has(sp.Indexed):
            yield node


def cotangent_mistaken(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth of another cotangent."""
    for name in suspect.trial.derivation.cotangents if suspect.is_cotangent else ():
        if name != suspect.name and suspect.explained_by(suspect.trial.truth[name].value):
            yield Explanation(f"{name}", f"{suspect.name} is the true {name}")


def part_of_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth for a cotangent of which only, or all but, the first or last entries along some axes come in."""
    for name, cotangent in suspect.cotangents.items() if suspect.fits else ():
        for axes in _subsets(cotangent):
            where = _letters(suspect, name, axes)
            for at, word in ((0, "first"), (-1, "last")):
                alone = alone_at(cotangent, axes, (at,) * len(axes))
                if suspect.explained_by(suspect.answer_at({name: alone})):
                    what = f"only the {word} {where}"
                    yield Explanation(what, f"{suspect.name} counts {what}: assigned, or indexed, where a sum belongs")
                if len(axes) == 1 and suspect.explained_by(suspect.answer_at({name: cotangent - alone})):
                    what = f"all but the {word} {where}"
                    yield Explanation(what, f"{suspect.name} counts {what}: a loop or slice is one too short")


# More shares than this take longer than an explanation is worth.
MOST_SHARES = 64


def overwritten(suspect: Suspect) -> Iterator[Explanation]:
    """got = at each place the last, or first, of the shares that a cotangent's entries along some axes hand back."""
    for name, cotangent in suspect.cotangents.items() if suspect.fits else ():
        for axes in _subsets(cotangent, most=2):
            yield from _overwritten_along(suspect, name, cotangent, axes)
    # A window of which only the largest entry gets something is written whole: with zeros, where it gets nothing.
    read = tensor_names(suspect.equations[-1].rhs) if suspect.fits and suspect.is_cotangent else frozenset()
    for name in (e.name for e in suspect.equations[:-1] if e.name in read and e.name in suspect.operands):
        for axes in _subsets(suspect.operands[name], most=2):
            found = list(_overwritten_along(suspect, name, suspect.operands[name], axes, whole=True))
            if found:
                yield from found
                return


def _overwritten_along(
    suspect: Suspect, name: str, cotangent: NDArray, axes: tuple[int, ...], whole: bool = False
) -> Iterator[Explanation]:
    places = list(np.ndindex(*(cotangent.shape[axis] for axis in axes)))
    if len(places) > MOST_SHARES:
        return
    ones = np.ones_like(cotangent)
    for word, order in (("last", places[::-1]), ("first", places)):
        shares = (suspect.answer_at({name: alone_at(cotangent, axes, place)}) for place in order)
        written = (suspect.answer_at({name: alone_at(ones, axes, place)}) for place in order) if whole else None
        if _is_what_is_kept(suspect, shares, written):
            what = f"the {word} {_letters(suspect, name, axes)}"
            yield Explanation(what, f"{suspect.name} keeps {what} that reaches a place: = where += belongs")


def _is_what_is_kept(suspect: Suspect, shares: Iterator[NDArray], written: Iterator[NDArray] | None) -> bool:
    """Whether it has, at every place, the first of the shares that is written there: the first mistake ends the search.

    A share is written where it is not zero, or where its entry of `written` is not.
    """
    kept, left = np.zeros_like(suspect.expected), np.ones(suspect.expected.shape, bool)
    allowance = 2 * suspect.allowance(suspect.got)
    for share in shares:
        here = left & ((share if written is None else next(written)) != 0)
        kept[here], left[here] = share[here], False
        if (np.abs(suspect.got - kept)[here] > allowance).any():
            return False
    return suspect.explained_by(kept)


def _operands(suspect: Suspect) -> Iterator[tuple[str, NDArray]]:
    """The operands that the answer's equations read, and inner cotangents that its own equation does."""
    if suspect.fits:
        for name in suspect.used:
            yield name, suspect.operands[name]


def _sources(suspect: Suspect) -> Iterator[tuple[str, NDArray]]:
    """The intermediates of the forward that a backward's operands are made from: it may work them out anew."""
    if suspect.fits and suspect.is_cotangent:
        for tensor in suspect.layer.intermediates:
            if tensor.name not in suspect.used:
                yield tensor.name, suspect.operands[tensor.name]


def _right_for(suspect: Suspect, name: str, value: NDArray) -> bool:
    return _right_for_all(suspect, {name: value})


def _right_for_all(suspect: Suspect, changed: dict[str, NDArray]) -> bool:
    """Whether it is right for other operands: everywhere, in the last equation alone, or in the forward as well."""
    if any(suspect.explained_by(suspect.answer_at(changed, last=last)) for last in suspect.ways):
        return True
    if not suspect.is_cotangent:
        return False
    inputs = changed.keys() <= {tensor.name for tensor in suspect.layer.inputs}
    return inputs and suspect.explained_by(suspect.truth_at(changed))


def _right_anew(suspect: Suspect, name: str, value: NDArray) -> bool:
    """Whether it is right if it works out anew what the forward makes of an intermediate, from another value."""
    later = suspect.recomputed(name, value) if suspect.is_cotangent and name in suspect.layer.defined else {}
    return bool(later) and suspect.explained_by(suspect.answer_at({**later, name: value}))


def _moved(suspect: Suspect, name: str, value: NDArray, axis: int, by: int) -> Iterator[dict[str, NDArray]]:
    """The operand moved by one along an axis: round, zero coming in, or as a recurrence reads it, with its start."""
    rolled = np.roll(value, by, axis)
    padded = rolled.copy()
    padded[(slice(None),) * axis + (0 if by == 1 else -1,)] = 0
    yield {name: rolled}
    yield {name: padded}
    start, step = suspect.operands.get(f"{name}0"), value.shape[1:]
    if start is not None and axis == 0 and (start.shape[1:] == step or start.size == value[0].size):
        rows = start.reshape(-1, *step)
        if by == -1:
            yield {name: rolled, f"{name}0": np.broadcast_to(value[:1], rows.shape).reshape(start.shape)}
        else:
            yield {name: np.concatenate([rows[:1], value[:-1]])}


def _subsets(value: NDArray, most: int = 3) -> Iterator[tuple[int, ...]]:
    """Up to so many axes of more than one entry each."""
    long = [axis for axis, length in enumerate(value.shape) if length > 1]
    for count in range(1, min(most, len(long)) + 1):
        yield from combinations(long, count)


def alone_at(cotangent: NDArray, axes: tuple[int, ...], place: tuple[int, ...]) -> NDArray:
    """The cotangent, zero but for one place along some axes."""
    at: list[slice | int] = [slice(None)] * cotangent.ndim
    for axis, index in zip(axes, place, strict=True):
        at[axis] = index
    alone = np.zeros_like(cotangent)
    alone[tuple(at)] = cotangent[tuple(at)]
    return alone


def _fitted(value: NDArray, axes: tuple[str, ...], shape: tuple[int, ...], wanted: tuple[str, ...]) -> NDArray | None:
    """A tensor spread over the axes of another one, by their names; None where it has others."""
    if value.shape == shape:
        return value
    if not set(axes) <= set(wanted) or len({*axes}) < len(axes) or len({*wanted}) < len(wanted):
        return None
    order = np.transpose(value, sorted(range(len(axes)), key=lambda k: wanted.index(axes[k])))
    places = tuple(slice(None) if axis in axes else np.newaxis for axis in wanted)
    return np.broadcast_to(order[places], shape)


def _letters(suspect: Suspect, name: str, axes: tuple[int, ...]) -> str:
    return ", ".join(suspect.axis_names(name)[axis] for axis in axes)
