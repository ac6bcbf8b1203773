"""Layers as large as they are trained: which entries to look at, where all of them would take too long.

Entries are drawn at random. Where what they depend on is itself large (attention's weights), they are drawn from fewer
rows, until what has to be computed for them is small enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivations import Derivation
from derivations.demand import demanded, terms, work
from derivations.evaluate import Machine, machine_for
from derivations.fields import Floats
from derivations.schedule import schedule

# A case is of full size when its equations have more terms than that: a second or two of ball arithmetic.
FULL_SIZE_TERMS = 4_000_000
# An error in a tenth of the entries is missed by so many with a chance of 0.9**64, one in a thousand.
DRAWN_ENTRIES = 64
FEWEST_ENTRIES = 16
# Of long sums fewer entries are drawn, so that an equation has no more terms than that.
MOST_TERMS = 250_000
# Entries of intermediate tensors that are computed for those drawn.
MOST_BEHIND = 1 << 18

Entries = dict[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Draw:
    """Entries of outputs and cotangents, int64 [entries, axes], and the sizes of which only some places were drawn."""

    entries: Entries
    narrowed: Mapping[str, NDArray[np.int64]]

    def __str__(self) -> str:
        return " and ".join(f"{size} is {', '.join(map(str, places))}" for size, places in self.narrowed.items())


def is_full_size(derivation: Derivation, values: Mapping[str, Any]) -> bool:
    """Whether the equations have so many terms at these values that only some entries are evaluated exactly."""
    return work(derivation.equations, _machine(derivation, values)) > FULL_SIZE_TERMS


def draw(derivation: Derivation, values: Mapping[str, Any], rng: np.random.Generator) -> Draw:
    """Entries of every output and of every input's cotangent: the corners, and others at random."""
    machine = _machine(derivation, values)
    groups = schedule(derivation.equations)
    shapes = {equation.name: machine.shape(equation) for equation in derivation.equations}
    wanted = {
        e.name: e for e in derivation.equations if e.name in {*derivation.layer.output_names, *derivation.cotangents}
    }
    axes = {name: _sizes(derivation, name) for name in wanted}
    length = {size: n for name in wanted for size, n in zip(axes[name], shapes[name], strict=True)}
    counts = {
        name: int(np.clip(MOST_TERMS // terms(equation, machine), FEWEST_ENTRIES, DRAWN_ENTRIES))
        for name, equation in wanted.items()
    }

    def entries(places: Mapping[str, NDArray]) -> Entries:
        return {name: _drawn([places[size] for size in axes[name]], counts[name], rng) for name in wanted}

    def behind(drawn: Entries) -> int:
        blocks = demanded(groups, drawn, machine, shapes)
        return sum(block.size for block in blocks.values())

    places = {size: np.arange(n) for size, n in length.items()}
    drawn = entries(places)
    needed = behind(drawn)
    while needed > MOST_BEHIND:
        fewer = [{**places, size: _half(of, rng)} for size, of in places.items() if len(of) > 1]
        tried = [(behind(found), k, found) for k, found in enumerate(map(entries, fewer))]
        least = min(tried, default=None, key=lambda each: each[:2])
        if least is None or least[0] >= needed:
            break
        needed, place, drawn = least
        places = fewer[place]
    return Draw(drawn, {size: of for size, of in places.items() if len(of) < length[size]})


def _machine(derivation: Derivation, values: Mapping[str, Any]) -> Machine:
    return machine_for(derivation.layer, values, Floats(), derivation.given)


def _sizes(derivation: Derivation, name: str) -> tuple[str, ...]:
    """The sizes of a tensor's axes, or of the tensor's that a cotangent belongs to, as text."""
    tensors = derivation.layer.by_name
    tensor = tensors[name] if name in tensors else tensors[name.removeprefix("d")]
    return tuple(str(size) for size in tensor.sizes)


def _half(places: NDArray, rng: np.random.Generator) -> NDArray:
    return np.sort(rng.choice(places, len(places) // 2, replace=False))


def _drawn(places: list[NDArray], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """So many different entries, or all there are: the first, the last, and others at random."""
    lengths = [len(along) for along in places]
    total = int(np.prod(lengths, dtype=np.int64))
    flat = rng.choice(total, min(count, total), replace=False)
    flat = np.unique(np.concatenate([flat[: max(count - 2, 0)], [0, total - 1]]))
    columns = np.unravel_index(flat, lengths) if lengths else ()
    chosen = [along[column] for along, column in zip(places, columns, strict=True)]
    return np.stack(chosen, axis=1).astype(np.int64) if chosen else np.zeros((1, 0), np.int64)
