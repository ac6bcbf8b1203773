"""Two ways to add up fewer terms than a sum has: skip those that an indicator makes 0, and multiply matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from derivations.expressions import INDICATORS, Bracket
from derivations.fields import YES, boxed

if TYPE_CHECKING:
    from derivations.evaluate import Indices, Machine

# Below that many terms neither way is worth its preparations.
MANY_TERMS = 256
# A matrix product pays where every entry of a factor is used that often.
FEWEST_USES = 4


def present_terms(function: sp.Expr, inner: Indices, rank: int, total: int, machine: Machine) -> np.ndarray | None:
    """The sum over the axes from `rank` to `total` of a product with indicators of whole numbers, none of the terms
    evaluated that they make 0; None where that is not worth it.

    The terms that are left lie along one axis, in the order of the entries that they belong to.
    """
    indicators = [f for f in sp.Mul.make_args(function) if isinstance(f, INDICATORS) and _of_whole_numbers(f)]
    if not indicators:
        return None
    state = reduce(np.minimum, [machine.indicator(f, inner, total) for f in indicators])
    state = state.reshape((1,) * (total - state.ndim) + state.shape)
    if state.size < MANY_TERMS or 2 * np.count_nonzero(state) > state.size:
        return None
    present = np.nonzero(state == YES)
    count = len(present[0])

    def along(values: np.ndarray) -> np.ndarray:
        """An index with the terms on an axis of their own, between those of the entry and those of the sum."""
        joint = any(n > 1 and state.shape[axis] > 1 for axis, n in enumerate(values.shape))
        if joint:
            return np.broadcast_to(values, state.shape)[present].reshape((1,) * rank + (-1,) + (1,) * (total - rank))
        return np.expand_dims(values, rank)

    axes = {
        index: along(values.reshape((1,) * (total - values.ndim) + values.shape)) for index, values in inner.items()
    }
    rest = sp.Mul(*(f for f in sp.Mul.make_args(function) if f not in indicators))
    lengths = _lengths(inner, total)
    bound = [1 if state.shape[axis] > 1 else lengths[axis] for axis in range(rank, total)]
    outer = [1 if state.shape[axis] > 1 else lengths[axis] for axis in range(rank)]
    terms = np.broadcast_to(machine.value(rest, axes, total + 1), (*outer, count, *bound))
    sums = boxed(terms.sum(axis=tuple(range(rank + 1, total + 1)))) if total > rank else terms

    joint = tuple(state.shape[axis] if state.shape[axis] > 1 else 1 for axis in range(rank))
    owner = np.ravel_multi_index(tuple(present[axis] for axis in range(rank)), joint) if rank else np.zeros(count, int)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    result = np.broadcast_to(machine.field.array(0), (math.prod(joint), *outer)).copy()
    if count:
        result[owner[starts]] = np.moveaxis(np.add.reduceat(sums, starts, axis=rank), rank, 0)
    # [joint axes, then outer axes], of each pair one has length 1
    paired = result.reshape(*joint, *outer).transpose([axis + half for axis in range(rank) for half in (0, rank)])
    return paired.reshape(tuple(a * b for a, b in zip(joint, outer, strict=True)))


def matrix_product(function: sp.Expr, inner: Indices, rank: int, total: int, machine: Machine) -> np.ndarray | None:
    """The sum over the axes from `rank` to `total` of a product of two factors, as a product of matrices.

    None where it is no such product, or where a factor's entries are not used often enough for that to pay.
    """
    factors = sp.Mul.make_args(function)
    if machine.field.matmul is None or len(factors) != 2 or any(isinstance(f, INDICATORS) for f in factors):
        return None
    lengths = _lengths(inner, total)
    if math.prod(lengths) < MANY_TERMS:
        return None
    spans = [_spanned(factor, inner, total) for factor in factors]
    if not all(axis in spans[0] and axis in spans[1] for axis in range(rank, total)):
        return None
    both = [axis for axis in range(rank) if axis in spans[0] and axis in spans[1]]
    own = [[axis for axis in range(rank) if axis in spans[k] and axis not in spans[1 - k]] for k in range(2)]
    if min(math.prod(lengths[axis] for axis in axes) for axes in own) < FEWEST_USES:
        return None
    summed = list(range(rank, total))
    left, right = (machine.value(factor, inner, total) for factor in factors)
    rows = _matrices(left, both, own[0], summed, lengths)
    columns = _matrices(right, both, own[1], summed, lengths)
    product = machine.field.matmul(rows, columns.swapaxes(1, 2))
    order = [*both, *own[0], *own[1]]
    shaped = product.reshape([lengths[axis] for axis in order]).transpose(np.argsort(order))
    return shaped.reshape([lengths[axis] if axis in order else 1 for axis in range(rank)])


def _matrices(
    values: np.ndarray, both: Sequence[int], own: Sequence[int], summed: Sequence[int], lengths: Sequence[int]
) -> np.ndarray:
    """A factor as [shared axes, own axes, summed axes]."""
    values = values.reshape((1,) * (len(lengths) - values.ndim) + values.shape)
    kept = {*both, *own, *summed}
    whole = np.broadcast_to(values, [n if axis in kept else 1 for axis, n in enumerate(lengths)])
    order = [*both, *own, *summed, *(axis for axis in range(len(lengths)) if axis not in kept)]
    return whole.transpose(order).reshape([math.prod(lengths[axis] for axis in axes) for axes in (both, own, summed)])


def _spanned(factor: sp.Expr, inner: Indices, total: int) -> set[int]:
    """The axes along which a factor may change."""
    indices = [values for index, values in inner.items() if factor.has(index)]
    return {axis + total - v.ndim for v in indices for axis, n in enumerate(v.shape) if n > 1}


def _lengths(inner: Indices, total: int) -> tuple[int, ...]:
    shape = np.broadcast_shapes(*(values.shape for values in inner.values()))
    return (1,) * (total - len(shape)) + shape


def _of_whole_numbers(indicator: sp.Expr) -> bool:
    """Whether no real number has a say in it: the state is then never unsure."""
    if isinstance(indicator, sp.KroneckerDelta):
        return True
    return isinstance(indicator, Bracket) and all(
        part.is_integer for part in sp.preorder_traversal(indicator.args[0]) if isinstance(part, sp.Indexed | sp.Symbol)
    )
