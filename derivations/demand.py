"""Which entries do some entries need? Read off the equations, before anything is computed.

The entries that are wanted are a list. Of the tensors behind them a block is kept for each: along every axis, the
places that any of the entries reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from derivations.expressions import BINDERS, entry_indices
from derivations.layer import Equation
from derivations.schedule import Group

if TYPE_CHECKING:
    from derivations.evaluate import Indices, Machine


@dataclass(frozen=True)
class Block:
    """A part of a tensor: along every axis, the places that it holds, sorted."""

    places: tuple[np.ndarray, ...]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many entries it holds."""
        return int(np.prod([len(along) for along in self.places], dtype=np.int64))

    def lookup(self) -> tuple[np.ndarray, ...]:
        """Along every axis: where in the block each place of the whole tensor lies."""
        found = tuple(np.zeros(length, np.int64) for length in self.shape)
        for where, along in zip(found, self.places, strict=True):
            where[along] = np.arange(len(along))
        return found

    def with_more(self, other: Block) -> Block:
        """The smallest block that holds both."""
        both = zip(self.places, other.places, strict=True)
        return Block(tuple(np.union1d(mine, theirs) for mine, theirs in both), self.shape)


def demanded(
    groups: Sequence[Group],
    wanted: Mapping[str, np.ndarray],
    machine: Machine,
    shapes: Mapping[str, tuple[int, ...]],
) -> dict[str, Block]:
    """For every tensor that the wanted entries depend on, the block that they read.

    `wanted` maps names of tensors to their entries, int64 [entries, axes]; `shapes` holds the whole tensors' shapes.
    """
    blocks: dict[str, Block] = {}
    for group in reversed(groups):
        for equation in group.equations:
            if equation.name in wanted:
                _read(blocks, equation, listed(equation, wanted[equation.name]), 1, machine, shapes)
        _read_by_blocks(blocks, group, machine, shapes)
    return blocks


def _read_by_blocks(blocks: dict[str, Block], group: Group, machine: Machine, shapes: Mapping) -> None:
    """What the blocks of a group's tensors read; in a recurrence every step reads others, until nothing is new."""
    sizes: list[int] = []
    while True:
        for equation in group.equations:
            block = blocks.get(equation.name)
            if block is None:
                continue
            if group.axis is not None:
                along = [*block.places]
                along[group.axis] = np.arange(block.shape[group.axis])
                block = blocks[equation.name] = Block(tuple(along), block.shape)
            _read(blocks, equation, on_axes(equation, block.places), len(block.places), machine, shapes)
        before, sizes = sizes, [blocks[e.name].size for e in group.equations if e.name in blocks]
        if group.axis is None or sizes == before:
            return


def listed(equation: Equation, entries: np.ndarray) -> dict[sp.Expr, np.ndarray]:
    """The indices of the left side at some entries [E, axes]: the entries lie along one axis."""
    return dict(zip(entry_indices(equation.lhs), entries.T, strict=True))


def on_axes(equation: Equation, places: Sequence[np.ndarray]) -> dict[sp.Expr, np.ndarray]:
    """The indices of the left side, each on an axis of its own."""
    rank = len(places)
    return {
        index: along.reshape((1,) * axis + (-1,) + (1,) * (rank - axis - 1))
        for axis, (index, along) in enumerate(zip(entry_indices(equation.lhs), places, strict=True))
    }


def _read(
    blocks: dict[str, Block],
    equation: Equation,
    axes: Indices,
    rank: int,
    machine: Machine,
    shapes: Mapping[str, tuple[int, ...]],
) -> None:
    for name, indices in _reads(equation.rhs, axes, rank, machine):
        shape = shapes.get(name)
        if shape is None:
            continue
        inside = (np.clip(i, 0, n - 1) for i, n in zip(indices, shape, strict=True))
        block = Block(tuple(np.unique(along) for along in inside), shape)
        blocks[name] = blocks[name].with_more(block) if name in blocks else block


def _reads(
    expression: sp.Basic, axes: Indices, rank: int, machine: Machine
) -> Iterator[tuple[str, tuple[np.ndarray, ...]]]:
    """The tensors that an expression reads, each with its index arrays."""
    parts: Iterable[sp.Basic] = expression.args
    if isinstance(expression, BINDERS):
        axes, rank = machine.bind(expression.limits, axes, rank)
        parts = [expression.function]
    elif isinstance(expression, sp.Indexed):
        yield expression.base.name, tuple(machine.integer(i, axes) for i in expression.indices)
        parts = expression.indices
    elif isinstance(expression, sp.Symbol):
        yield expression.name, ()
    for part in parts:
        if isinstance(part, sp.Basic) and not isinstance(part, sp.IndexedBase):
            yield from _reads(part, axes, rank, machine)


def work(equations: Iterable[Equation], machine: Machine) -> int:
    """How many terms all entries of some equations have."""
    return sum(math.prod(machine.shape(equation)) * terms(equation, machine) for equation in equations)


def terms(equation: Equation, machine: Machine) -> int:
    """How many terms one entry of an equation has at most: the longest of its sums, sums within sums multiplied."""
    return _terms(equation.rhs, machine)


def _terms(expression: sp.Basic, machine: Machine) -> int:
    inside = max((_terms(part, machine) for part in expression.args), default=1)
    if not isinstance(expression, BINDERS):
        return inside
    return reduce(lambda count, limit: count * machine.length(limit), expression.limits, inside)
