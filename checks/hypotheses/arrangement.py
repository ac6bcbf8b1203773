"""The right numbers in the wrong places, or summed too little or too much."""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product

import numpy as np

from checks.hypotheses.explanation import Explanation
from checks.suspect import Suspect


def permuted_axes(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with its axes in another order, or read into another order."""
    truth = suspect.expected
    for order in permutations(range(truth.ndim)):
        if order == tuple(range(truth.ndim)):
            continue
        what = "transposed" if truth.ndim == 2 else f"permuted by {order}"
        turned = truth.transpose(order)
        if suspect.explained_by(turned):
            yield Explanation(what, f"{suspect.name} is {what}")
        if turned.shape != truth.shape and suspect.explained_by(turned.reshape(truth.shape)):
            yield Explanation(
                "reshaped", f"{suspect.name} is {what}, then reshaped: a reshape where a transpose belongs"
            )


def missing_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got, summed over some axes, = truth."""
    got, truth = suspect.got, suspect.expected
    for count in range(1, got.ndim + 1):
        for axes in combinations(range(got.ndim), count):
            if got.shape == truth.shape or np.prod([got.shape[axis] for axis in axes]) == 1:
                continue
            for keepdims in (False, True):
                total = got.sum(axis=axes, keepdims=keepdims)
                if suspect.explained_by(truth, total):
                    names = _sizes_named(suspect, [got.shape[axis] for axis in axes])
                    yield Explanation(f"over {names}", f"the sum over {names} is missing in {suspect.name}")


def extra_sum(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth summed over some axes, repeated along them or not."""
    truth = suspect.expected
    for count in range(1, truth.ndim + 1):
        for axes in combinations(range(truth.ndim), count):
            names = ", ".join(suspect.axis_names(suspect.name)[axis] for axis in axes)
            if np.prod([truth.shape[axis] for axis in axes]) == 1:
                continue
            for keepdims in (True, False):
                total = truth.sum(axis=axes, keepdims=keepdims)
                spread = np.broadcast_to(total, truth.shape) if keepdims else total
                if suspect.explained_by(spread) or suspect.explained_by(total):
                    yield Explanation(f"over {names}", f"{suspect.name} is summed over {names}, which is no sum index")
                    break


def extra_axes(suspect: Suspect) -> Iterator[Explanation]:
    """got = truth, but for axes of length 1."""
    if suspect.got.shape != suspect.expected.shape and suspect.explained_by(
        suspect.expected.squeeze(), suspect.got.squeeze()
    ):
        yield Explanation("shape", f"{suspect.name} has the right numbers, but shape {suspect.got.shape}")


def wrong_axis(suspect: Suspect) -> Iterator[Explanation]:
    """got = the incoming cotangent summed over other axes than those that the equations sum."""
    for name, cotangent in suspect.cotangents.items():
        kept = sorted(suspect.axis_names(suspect.name))
        for count in range(1, cotangent.ndim):
            for axes in combinations(range(cotangent.ndim), count):
                letters = suspect.axis_names(name)
                left = sorted(letter for axis, letter in enumerate(letters) if axis not in axes)
                if left != kept and suspect.is_cotangent and suspect.explained_by(cotangent.sum(axis=axes)):
                    names = ", ".join(letters[axis] for axis in axes)
                    yield Explanation(f"over {names}", f"{suspect.name} is {name} summed over {names}: the wrong axis")


def shifted(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth moved by one along an axis, zero or the other end coming in."""
    truth = suspect.expected
    for axis, by in product(range(truth.ndim), (1, -1)):
        if truth.shape[axis] == 1:
            continue
        rolled = np.roll(truth, by, axis)
        padded = rolled.copy()
        padded[(slice(None),) * axis + (0 if by == 1 else -1,)] = 0
        if suspect.explained_by(rolled) or suspect.explained_by(padded):
            letter = suspect.axis_names(suspect.name)[axis]
            yield Explanation(f"{letter} by {by}", f"{suspect.name} is shifted by {by} along {letter}")


def blocks_permuted(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth with the two, three or four equal blocks that an axis is made of in another order."""
    truth = suspect.expected
    for axis, count in product(range(truth.ndim), (2, 3, 4)):
        length, rest = divmod(truth.shape[axis], count)
        if rest or not length:
            continue
        blocks = np.split(truth, count, axis)
        for order in permutations(range(count)):
            if order != tuple(range(count)) and suspect.explained_by(np.concatenate([blocks[k] for k in order], axis)):
                told = ", ".join(str(block + 1) for block in order)
                what = "its two halves swapped" if count == 2 else f"its {count} blocks in the order {told}"
                yield Explanation(f"{what} along {axis}", f"{suspect.name} has {what} along axis {axis}")


def flipped(suspect: Suspect) -> Iterator[Explanation]:
    """got = the truth read backwards along some axes."""
    truth = suspect.expected
    for count in range(1, truth.ndim + 1):
        for axes in combinations(range(truth.ndim), count):
            if min(truth.shape[axis] for axis in axes) > 1 and suspect.explained_by(np.flip(truth, axes)):
                names = ", ".join(suspect.axis_names(suspect.name)[axis] for axis in axes)
                yield Explanation(f"along {names}", f"{suspect.name} is flipped along {names}")


def _sizes_named(suspect: Suspect, lengths: Sequence[int]) -> str:
    names = {length: name.lower() for name, length in suspect.sizes.items()}
    return ", ".join(names.get(length, f"an axis of {length}") for length in lengths)
