"""Where an object keeps the arrays of a layer: in attributes, or in dictionaries and lists that are attributes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from derivations import Layer, Tensor

_PARAMETERS, _GRADIENTS = ("params", "parameters"), ("grads", "gradients")
_OUTPUTS = ("output", "outputs", "out")
Sizes = dict[str, int]


@dataclass(frozen=True)
class Place:
    """An attribute of an object, or an entry of a dictionary that is one."""

    attribute: str
    key: str | None = None

    @property
    def name(self) -> str:
        """What the array is called there."""
        return self.attribute if self.key is None else self.key

    def array(self, made: Any) -> Any:
        """What is there."""
        kept = getattr(made, self.attribute)
        return kept if self.key is None else kept[self.key]

    def shape_as(self, axes: int, made: Any) -> tuple[int, ...] | None:
        """The shape of the array with so many axes, others being 1 long; None where it has not so many."""
        shape = np.shape(self.array(made))
        while len(shape) > axes and 1 in shape:
            first = shape.index(1)
            shape = shape[:first] + shape[first + 1 :]
        return shape if len(shape) == axes else None

    def put(self, made: Any, value: Any) -> None:
        """Put a value there, in the shape of what was there where that has as many entries: [C] as [1, C], say."""
        shape = np.shape(self.array(made))
        value = value.reshape(shape) if np.size(value) == np.prod(shape) else value
        if self.key is None:
            setattr(made, self.attribute, value)
        else:
            getattr(made, self.attribute)[self.key] = value


def places_of(
    made: Any, layer: Layer, wanted: Sequence[str], names: Mapping[str, str], sizes: Sizes | None = None
) -> dict[str, Place]:
    """Where an object keeps the inputs that are wanted: under their names, or else where their shapes alone fit.

    `sizes` are those that are known; `names` maps attributes to the layer's names. What is nowhere is left out.
    """
    found = {name: place for name in wanted if (place := place_by_name(made, name, names)) is not None}
    missing = [layer.by_name[name] for name in wanted if name not in found]
    free = [place for place in _arrays(made) if place not in found.values() and place.name not in names]
    sizes = sizes or {}
    for name, place in found.items():
        sizes = _agreeing(layer.by_name[name], place, made, sizes) or sizes
    choices = {tensor.name: [p for p in free if _agreeing(tensor, p, made, sizes) is not None] for tensor in missing}
    missing.sort(key=lambda tensor: len(choices[tensor.name]))
    fits = list(islice(_fitting(missing, choices, made, sizes), 2))
    return found | (fits[0] if len(fits) == 1 else {})


def required_places(made: Any, layer: Layer, wanted: Sequence[str], names: Mapping[str, str]) -> dict[str, Place]:
    """As `places_of`. Raises ValueError where something is nowhere."""
    places = places_of(made, layer, wanted, names)
    for name in wanted:
        if name not in places:
            kind = type(made).__name__
            raise ValueError(
                f"{kind} does not take {name} of {layer.name}, and it has no attribute {name}: say which one it is "
                f"(names={{'...': {name!r}}}, or --name ...={name}), or give the class if it is made from {name}"
            )
    return places


def filled(made: Any, places: Mapping[str, Place], values: Mapping[str, Any]) -> Any:
    """An object with other values at its places."""
    for name, place in places.items():
        place.put(made, values[name])
    return made


def settled(made: Any, layer: Layer, places: Mapping[str, Place], names: Mapping[str, str]) -> dict[str, float]:
    """The sizes that an object's arrays have, and the options among its attributes."""
    found: dict[str, float] = {}
    for name, place in places.items():
        sizes = layer.by_name[name].sizes
        shape = place.shape_as(len(sizes), made)
        if shape is not None:
            found |= {str(s): n for s, n in zip(sizes, shape, strict=True) if str(s) in layer.size_names}
    yours = {name: place for place, name in names.items()}
    for option in layer.options:
        value = getattr(made, yours.get(option.name, option.name), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[option.name] = value
    return found


def place_by_name(made: Any, name: str, names: Mapping[str, str]) -> Place | None:
    """Where an object keeps an input under its name: in an attribute, or in its dictionary `params`."""
    candidates = [*(yours for yours, meant in names.items() if meant == name), name, name.lower()]
    for candidate in candidates:
        if hasattr(made, candidate):
            return Place(candidate)
    for dictionary in _PARAMETERS:
        kept = getattr(made, dictionary, None)
        for candidate in candidates:
            if isinstance(kept, Mapping) and candidate in kept:
                return Place(dictionary, candidate)
    return None


def _arrays(made: Any) -> Iterator[Place]:
    """Every array of numbers that an object keeps."""
    for attribute, kept in getattr(made, "__dict__", {}).items():
        if isinstance(kept, np.ndarray) and kept.dtype.kind == "f":
            yield Place(attribute)
        elif attribute in _PARAMETERS and isinstance(kept, Mapping):
            yield from (Place(attribute, key) for key in kept)


def _fitting(
    tensors: Sequence[Tensor], choices: Mapping[str, Sequence[Place]], made: Any, sizes: Sizes
) -> Iterator[dict[str, Place]]:
    """Every way to give each tensor a place of its own, such that every size is one number."""
    if not tensors:
        yield {}
        return
    tensor, *others = tensors
    for place in choices[tensor.name]:
        agreeing = _agreeing(tensor, place, made, sizes)
        if agreeing is not None:
            left = {other.name: [p for p in choices[other.name] if p != place] for other in others}
            for rest in _fitting(others, left, made, agreeing):
                yield {tensor.name: place, **rest}


def _agreeing(tensor: Tensor, place: Place, made: Any, sizes: Sizes) -> Sizes | None:
    """The sizes, with those that a tensor has if it is there; None where they contradict each other."""
    shape = place.shape_as(len(tensor.sizes), made)
    if shape is None:
        return None
    found = dict(sizes)
    for size, n in zip(tensor.sizes, shape, strict=True):
        if size.is_Symbol and found.setdefault(str(size), int(n)) != n:
            return None
    return found


def output_left(made: Any, name: str, names: Mapping[str, str]) -> Any:
    """The output `name` that a forward left in its object; None where there is nothing called like it."""
    yours = [attribute for attribute, meant in names.items() if meant == name]
    kept = (getattr(made, attribute, None) for attribute in (*yours, name, name.lower(), *_OUTPUTS))
    return next((each for each in kept if each is not None), None)


def gradient_forms(name: str) -> tuple[str, ...]:
    """What the gradient of something is usually called."""
    return f"d{name}", f"d_{name}", f"grad_{name}", f"{name}_grad"


def gradients_left(made: Any, called: Mapping[str, Sequence[str]], names: Mapping[str, str]) -> dict[str, Any]:
    """The cotangents of inputs that a backward left in its object: as attributes, in a dictionary, or in a list.

    `called` are the names that each input goes by, in the order of such a list; `names` maps attributes to dX and so
    on.
    """
    found: dict[str, Any] = {}
    for number, (name, theirs) in enumerate(called.items()):
        usual = [form for own in theirs for form in gradient_forms(own)]
        yours = [attribute for attribute, meant in names.items() if meant == f"d{name}"]
        kept = [getattr(made, attribute) for attribute in (*yours, *usual) if hasattr(made, attribute)]
        for together in (getattr(made, attribute, None) for attribute in _GRADIENTS):
            if isinstance(together, Mapping):
                kept += [together[key] for key in (*theirs, *usual) if key in together]
            elif isinstance(together, list | tuple):
                kept += together[number : number + 1]
        if kept:
            found[f"d{name}"] = kept[0]
    return found
