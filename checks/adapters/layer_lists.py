"""Lists with an entry for every layer, in which networks keep W1, W2, ... together, and return their gradients."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from checks.adapters.assumptions import tried
from checks.adapters.tensors import is_array
from checks.implementation import MisconductError, Values
from derivations import Layer

Shapes = Mapping[str, tuple[int, ...]]

_NUMBERED = re.compile(r"([A-Za-z]+)_?([1-9]\d*)")


def letters_and_number(name: str) -> tuple[str, int] | None:
    """W and 2 of W2; None for a name that does not count layers."""
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def lists_of(names: Sequence[str]) -> dict[str, list[str]]:
    """The names that count layers, by their letters: W1, W2 and W3 as W; each list is complete from 1 on."""
    found: dict[str, dict[int, str]] = {}
    for name in names:
        letters, number = letters_and_number(name) or ("", 0)
        found.setdefault(letters, {})[number] = name
    return {
        letters: [numbers[n] for n in sorted(numbers)]
        for letters, numbers in found.items()
        if letters and sorted(numbers) == list(range(1, len(numbers) + 1)) and len(numbers) > 1
    }


def widths_of(layer: Layer) -> list[str]:
    """The sizes that W1[D, M] and W2[M, C], or their transposes, lead through: D, M and C; none where they do not."""
    for names in lists_of([tensor.name for tensor in layer.inputs]).values():
        weights = [[str(size) for size in layer.by_name[name].sizes] for name in names]
        if all(len(sizes) == 2 for sizes in weights):
            for chain in (weights, [sizes[::-1] for sizes in weights]):
                if all(left[1] == right[0] for left, right in pairwise(chain)):
                    return [chain[0][0], *(sizes[1] for sizes in chain)]
    return []


def is_list_name(name: str, letters: str) -> bool:
    """Whether something called so may be the list of all W: `weights`, or `Ws`."""
    return name.endswith("s") and _begins(name, letters)


def _begins(name: str, letters: str) -> bool:
    return name.lower().lstrip("_").startswith(letters.lower())


def is_list_of_arrays(value: Any) -> bool:
    """Whether it is a list or a tuple with an array for every layer; the first may be left empty."""
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(is_array(each) for each in value[value[0] is None :]) and value[-1] is not None


def entry_of(attribute: str, kept: Any, name: str) -> int | None:
    """Where in a list called `weights`, or `W`, W2 stands; None where it stands in no list of that name.

    Layers are counted from 1, and lists from 0, unless their first entry is left empty.
    """
    found = letters_and_number(name)
    if found is None or not is_list_of_arrays(kept):
        return None
    letters, number = found
    place = number - 1 + (kept[0] is None)
    return place if _begins(attribute, letters) and place < len(kept) else None


@dataclass
class NestedGradients:
    """Which array is which in lists of cotangents: each is the first name left that has its shape.

    Shapes are looked at once, in an example whose sizes are all different. `run` is given its values, and returns what
    the code returns and the shapes that cotangents may have. Where there are as many arrays as names in one of
    `choices`, they are those.
    """

    run: Callable[[Values], tuple[Any, Shapes]]
    layer: Layer
    settled: Mapping[str, float]
    choices: Sequence[Sequence[str]] = ()

    def are_in(self, returned: Any) -> bool:
        """Whether what was returned has such lists; one of equal rows may be a matrix, where no input counts layers."""
        counts = bool(lists_of([tensor.name for tensor in self.layer.inputs]))
        lists = [part for part in _parts(returned) if _holds_arrays(part)]
        return any(counts or len({_shape(array) for array in _flat(part)}) > 1 for part in lists)

    def by_name(self, returned: Any, shapes: Shapes) -> dict[str, Any]:
        """What was returned, by name; what has the shape of none, as a wrong product, is the first that is left over.

        Raises MisconductError where there are more arrays than names.
        """
        arrays = list(_flat(returned))
        names, shapes = self._names, self._chosen(len(arrays), shapes)
        if names is None or len(names) != len(arrays):
            names = _by_shape(returned, shapes)
        if len(arrays) > len(shapes):
            raise MisconductError("arity", f"the backward returned {len(arrays)} arrays, expected {', '.join(shapes)}")
        left = (name for name in shapes if name not in names)
        return {next(left) if name is None else name: array for name, array in zip(names, arrays, strict=True)}

    @cached_property
    def _names(self) -> list[str | None] | None:
        """Those of the example; None where it cannot be tried, or where an array has the shape of none."""
        found = tried(self._run_with_ones, self.layer, settled=self.settled)
        if found is None:
            return None
        returned, shapes = found
        names = _by_shape(returned, self._chosen(len(list(_flat(returned))), shapes))
        return None if None in names else names

    def _run_with_ones(self, values: Values) -> tuple[Any, Shapes]:
        outputs = {f"d{tensor.name}": np.ones(self.layer.shape(tensor.name, values)) for tensor in self.layer.outputs}
        return self.run({**values, **outputs})

    def _chosen(self, count: int, shapes: Shapes) -> Shapes:
        chosen = next((choice for choice in self.choices if len(choice) == count), shapes)
        return {name: shape for name, shape in shapes.items() if name in chosen}


def _by_shape(returned: Any, shapes: Shapes) -> list[str | None]:
    """The name of every array in turn: a list with the shapes of all weights is that of the weights."""
    lists = lists_of(list(shapes)).values()
    names: list[str | None] = []
    for part in _parts(returned):
        given = [_shape(array) for array in _flat(part)]
        alike = [each for each in lists if given == [shapes[name] for name in each] and not set(each) & set(names)]
        if alike:
            names += alike[0]
            continue
        for shape in given:
            names.append(next((name for name in shapes if shapes[name] == shape and name not in names), None))
    return names


def _flat(returned: Any, depth: int = 5) -> Iterator[Any]:
    if _holds_arrays(returned, depth) or isinstance(returned, Mapping):
        for part in _parts(returned):
            yield from _flat(part, depth - 1)
    elif returned is not None:
        yield returned


def _holds_arrays(value: Any, depth: int = 5) -> bool:
    """A list of numbers is none of arrays: it may be an array itself. One in itself holds none, however deep."""
    if not isinstance(value, list | tuple) or not depth:
        return False
    return any(isinstance(each, np.ndarray) or _holds_arrays(each, depth - 1) for each in value)


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of an array, or of a list of numbers; None of a ragged one."""
    try:
        return np.shape(value)
    except ValueError:
        return None


def _parts(returned: Any) -> Sequence[Any]:
    if isinstance(returned, Mapping):
        return list(returned.values())
    return returned if isinstance(returned, list | tuple) else [returned]
