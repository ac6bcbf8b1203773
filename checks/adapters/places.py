"""Where an object keeps the arrays of a layer: in attributes, or in dictionaries and lists that are attributes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from checks.adapters.layer_lists import Shapes, entry_of, is_list_of_arrays, letters_and_number
from checks.adapters.tensors import alike, array_of, is_array
from checks.implementation import call
from derivations import Layer, Tensor

_PARAMETERS, _GRADIENTS = ("params", "parameters"), ("grads", "gradients")
_WRAPPED, _GRADIENT = ("data", "value", "array"), "grad"
_OUTPUTS = ("output", "outputs", "out")
_LOSSES = ("L", "l", "J", "j", "E", "C", "loss", "cost")
_STATISTICS = ("running", "moving")
Sizes = dict[str, int]


@dataclass(frozen=True)
class Place:
    """An attribute of an object, or an entry of a dictionary or a list that is one."""

    attribute: str
    key: str | int | None = None

    @property
    def name(self) -> str:
        """What the array is called there."""
        if isinstance(self.key, int):
            return f"{self.attribute}[{self.key}]"
        return self.attribute if self.key is None else self.key

    def array(self, made: Any) -> Any:
        """What is there, as an array where it is a tensor, or an object that keeps one."""
        kept = self._kept(made)
        inner = wrapped(kept)
        return array_of(kept if inner is None else getattr(kept, inner))

    def gradient(self, made: Any) -> Any:
        """The gradient that an object keeps beside the array that is there; None where it keeps none."""
        kept = self._kept(made)
        return None if wrapped(kept) is None else getattr(kept, _GRADIENT, None)

    def _kept(self, made: Any) -> Any:
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
        there = self._kept(made)
        inner = wrapped(there)
        array = there if inner is None else getattr(there, inner)
        shape = np.shape(array)
        value = alike(value.reshape(shape) if np.size(value) == np.prod(shape) else value, array)
        if inner is not None:
            setattr(there, inner, value)
            return
        if self.key is None:
            setattr(made, self.attribute, value)
            return
        kept = getattr(made, self.attribute)
        if isinstance(kept, tuple):
            setattr(made, self.attribute, tuple(value if n == self.key else each for n, each in enumerate(kept)))
        else:
            kept[self.key] = value


def wrapped(kept: Any) -> str | None:
    """Where an object that stands for a parameter has its array, `W.data` or `W.value`; None for what is no such thing.

    It has a place for the gradient as well: an array has data, too.
    """
    if is_array(kept) or not hasattr(kept, _GRADIENT):
        return None
    return next((name for name in _WRAPPED if isinstance(getattr(kept, name, None), np.ndarray)), None)


def places_of(
    made: Any, layer: Layer, wanted: Sequence[str], names: Mapping[str, str], sizes: Sizes | None = None
) -> dict[str, Place]:
    """Where an object keeps the inputs that are wanted: under their names, or else where their shapes alone fit.

    `sizes` are those that are known; `names` maps attributes to the layer's names. What is nowhere is left out.
    """
    found = {name: place for name in wanted if (place := place_by_name(made, name, names)) is not None}
    missing = [layer.by_name[name] for name in wanted if name not in found]
    free = [place for place in _free(made, layer) if place not in found.values() and place.name not in names]
    sizes = sizes or {}
    for name, place in found.items():
        sizes = _agreeing(layer.by_name[name], place, made, sizes) or sizes
    choices = {tensor.name: [p for p in free if _agreeing(tensor, p, made, sizes) is not None] for tensor in missing}
    missing.sort(key=lambda tensor: len(choices[tensor.name]))
    fits = list(islice(_fitting(missing, choices, made, sizes), 2))
    return found | (fits[0] if len(fits) == 1 else {})


def unclaimed(made: Any, layer: Layer, name: str, places: Mapping[str, Place]) -> list[Place]:
    """The arrays of an object that are at none of its `places`, and have as many axes as that input.

    What it calls running, or moving, is a statistic of what it has seen.
    """
    free = [place for place in _free(made, layer) if place not in places.values()]
    free = [place for place in free if not place.name.startswith(_STATISTICS)]
    return [place for place in free if _agreeing(layer.by_name[name], place, made, {}) is not None]


def required_places(made: Any, layer: Layer, wanted: Sequence[str], names: Mapping[str, str]) -> dict[str, Place]:
    """As `places_of`. Raises ValueError where something is nowhere."""
    places = places_of(made, layer, wanted, names)
    for name in wanted:
        if name not in places:
            raise ValueError(nowhere(made, layer, name))
    return places


def nowhere(made: Any, layer: Layer, name: str) -> str:
    """That an object does not have an input of the layer, and what to do then."""
    return (
        f"{type(made).__name__} does not take {name} of {layer.name}, and it has no attribute {name}: say which one "
        f"it is (names={{'...': {name!r}}}, or --name ...={name}), or give the class if it is made from {name}"
    )


def filled(made: Any, places: Mapping[str, Place], values: Mapping[str, Any]) -> Any:
    """An object with other values at its places. Raises MisconductError where it refuses one."""
    for name, place in places.items():
        call(place.put, [(type(made).__name__, made), (name, values[name])], {})
    return made


def gradient_shapes(made: Any, places: Mapping[str, Place], values: Mapping[str, Any], real: Sequence[str]) -> Shapes:
    """The shapes that the cotangents of inputs may have: as an object keeps these, or else as the values have them."""
    kept = {f"d{name}": np.shape(place.array(made)) for name, place in places.items()}
    return {**kept, **{f"d{name}": np.shape(values[name]) for name in real if f"d{name}" not in kept}}


def as_the_layer_has_them(found: dict[str, Any], shapes: Shapes, values: Mapping[str, Any]) -> dict[str, Any]:
    """Cotangents with the layer's shapes: that of a bias that an object keeps as a row is right to be a row."""
    alike = [name for name, shape in shapes.items() if getattr(found.get(name), "shape", None) == shape]
    return found | {name: found[name].reshape(np.shape(values[name[1:]])) for name in alike}


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
    """Where an object keeps an input under its name: in an attribute, in its dictionary `params`, or in a list.

    W2 is the second of a list `W` or `weights`, as long as only one list is called like that.
    """
    candidates = [*(yours for yours, meant in names.items() if meant == name), name, name.lower()]
    for candidate in candidates:
        if hasattr(made, candidate):
            return Place(candidate)
    for dictionary in _PARAMETERS:
        kept = getattr(made, dictionary, None)
        for candidate in candidates:
            if isinstance(kept, Mapping) and candidate in kept:
                return Place(dictionary, candidate)
    entries = [place for place in _list_entries(made) if place.name in candidates]
    if not entries:
        found = [(attribute, entry_of(attribute, kept, name)) for attribute, kept in _attributes(made)]
        entries = [Place(attribute, place) for attribute, place in found if place is not None]
    return entries[0] if len(entries) == 1 else None


def _attributes(made: Any) -> list[tuple[str, Any]]:
    return list(getattr(made, "__dict__", {}).items())


def _list_entries(made: Any) -> Iterator[Place]:
    """Every array in a list that an object keeps, unless it is an attribute as well."""
    own = {id(kept) for _, kept in _attributes(made)}
    for attribute, kept in _attributes(made):
        if is_list_of_arrays(kept):
            yield from (Place(attribute, n) for n, each in enumerate(kept) if each is not None and id(each) not in own)


def arrays_of(made: Any) -> Iterator[Place]:
    """Every array of numbers that an object keeps."""
    yield from _list_entries(made)
    for attribute, kept in _attributes(made):
        if wrapped(kept) is not None or (is_array(kept) and array_of(kept).dtype.kind == "f"):
            yield Place(attribute)
        elif attribute in _PARAMETERS and isinstance(kept, Mapping):
            yield from (Place(attribute, key) for key in kept)


def _free(made: Any, layer: Layer) -> list[Place]:
    """Every array that an object keeps, but for what is called the gradient of another one, or of an input."""
    places = [*arrays_of(made)]
    called = {*(place.name for place in places), *(form for name in layer.by_name for form in (name, name.lower()))}
    gradients = {form for name in called for form in gradient_forms(name)}
    return [place for place in places if place.name not in gradients]


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
    wanted = [size for size in tensor.sizes if size != 1]
    shape = place.shape_as(len(wanted), made)
    if shape is None:
        return None
    found = dict(sizes)
    for size, n in zip(wanted, shape, strict=True):
        if size.is_Symbol and found.setdefault(str(size), int(n)) != n:
            return None
    return found


def output_left(made: Any, name: str, names: Mapping[str, str]) -> Any:
    """The output `name` that a forward left in its object; None where there is nothing called like it."""
    yours = [attribute for attribute, meant in names.items() if meant == name]
    kept = (getattr(made, attribute, None) for attribute in (*yours, name, name.lower(), *_OUTPUTS))
    return next((each for each in kept if each is not None), None)


def gradient_forms(name: str) -> tuple[str, ...]:
    """What the gradient of something is usually called: dW, grad_W, gW, W_bar, dL_dW, dJdW."""
    fractions = (f"d{loss}{between}{name}" for loss in _LOSSES for between in ("_d", "d", "_d_"))
    words = (f"grad_{name}", f"grad{name}", f"grad{name.capitalize()}", f"{name}_grad", f"nabla_{name}")
    short = (f"g{name}", f"g_{name}", f"{name}_bar", f"delta_{name}")
    return f"d{name}", f"d_{name}", *words, *short, *fractions


def gradients_left(
    made: Any, called: Mapping[str, Sequence[str]], names: Mapping[str, str], places: Mapping[str, Place]
) -> dict[str, Any]:
    """The cotangents of inputs that a backward left in its object: as attributes, in a dictionary, or in a list.

    `called` are the names that each input goes by, in the order of such a list; `names` maps attributes to dX and so
    on. Beside a list at whose `places` inputs are, there may be one of their cotangents.
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
        place = places.get(name)
        if place is not None and place.gradient(made) is not None:
            kept.append(place.gradient(made))
        if place is not None and isinstance(place.key, int):
            letters, _ = letters_and_number(name) or (name, 0)
            called_so = (place.attribute, letters, letters.lower())
            lists = [form for own in called_so for form in (*gradient_forms(own), f"nabla_{own}")]
            together = [getattr(made, attribute) for attribute in lists if hasattr(made, attribute)]
            kept += [entries[place.key] for entries in together if is_list_of_arrays(entries)]
        if kept:
            found[f"d{name}"] = kept[0]
    return found
