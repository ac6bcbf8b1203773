"""Hand-written code that computes with a framework's tensors, and gets a face of NumPy arrays: no autograd is asked.

A framework is imported only where a tensor of its is there already, or is asked for.
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from checks.implementation import Values

Function = Callable[..., Any]
TORCH, JAX = "torch", "jax"
_TENSORS = {("torch", "Tensor"): TORCH, ("jaxlib", "ArrayImpl"): JAX}  # by package and name


class Tensors(Protocol):
    """A framework's tensors on one device."""

    def tensors(self, values: Values) -> dict[str, Any]:
        """The tensors of NumPy arrays, in the same dtypes; whatever is no array stays as it is."""

    def array(self, tensor: Any) -> Any:
        """The NumPy array of a tensor, in the same dtype; whatever is none stays as it is."""

    def computing(self, values: Values) -> AbstractContextManager[Any]:
        """Where code computes in the dtypes of these values."""


def is_tensor(thing: Any) -> bool:
    """Whether it is a tensor of a framework."""
    return _framework_of(thing) is not None


def is_array(thing: Any) -> bool:
    """Whether it is an array, or a tensor."""
    return isinstance(thing, np.ndarray) or is_tensor(thing)


def array_of(thing: Any) -> Any:
    """The array of a tensor; whatever is no tensor stays as it is."""
    name = _framework_of(thing)
    return thing if name is None else on_device(name, "cpu").array(thing)


def alike(array: Any, there: Any) -> Any:
    """The array, as a tensor on the same device where a tensor is there."""
    name = _framework_of(there)
    if name is None:
        return array
    return on_device(name, str(there.device) if name == TORCH else "cpu").tensors({"": array})[""]


def _framework_of(thing: Any) -> str | None:
    kinds = ((each.__module__.partition(".")[0], each.__name__) for each in type(thing).__mro__)
    return next((_TENSORS[kind] for kind in kinds if kind in _TENSORS), None)


def on_device(name: str, device: str) -> Tensors:
    """A framework's tensors on a device. Raises ValueError where it has none such, or is not installed."""
    return adapter(name).OnDevice(device)


def adapter(name: str) -> Any:
    """The module of `adapters` for a framework. Raises ValueError where that is not installed."""
    try:
        return import_module(f"checks.adapters.{name}")
    except ImportError as error:
        raise ValueError(f"{name} cannot be imported here: {error}") from error


def modules_seen_by(function: Function) -> set[str]:
    """The packages whose modules stand in the globals of a function: what its file imports."""
    namespace = getattr(inspect.unwrap(function), "__globals__", {})
    return {each.__name__.partition(".")[0] for each in namespace.values() if isinstance(each, ModuleType)}


def on_tensors(function: Function, framework: Tensors) -> Function:
    """A function that computes with tensors, behind a face of NumPy arrays; what it keeps in a cache stays tensors.

    Where it is given no array, it is left alone: its own file calls it.
    """

    @functools.wraps(function)
    def on_arrays(*positional: Any, **named: Any) -> Any:
        places: Values = {str(place): value for place, value in enumerate(positional)}
        values = {**places, **named}
        if not any(_holds_array(value) for value in values.values()):
            return function(*positional, **named)
        given = _tensors(values, framework)
        in_order = [given.pop(place) for place in places]
        with framework.computing(values):
            return _arrays(function(*in_order, **given), framework)

    on_arrays.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return on_arrays


def object_on_tensors(made: Any, methods: Sequence[str], framework: Tensors) -> Any:
    """A class, or a copy of an object, whose `methods` and making take arrays, and compute with tensors.

    Raises ValueError for a class that lets none be made of it.
    """
    kind = made if isinstance(made, type) else type(made)
    making = [name for name in ("__init__",) if getattr(kind, name) is not getattr(object, name)]
    wrapped = {name: _method_on_tensors(kind, name, framework) for name in [*methods, *making]}
    try:
        face = type(kind.__name__, (kind,), {**wrapped, "__module__": kind.__module__})
    except TypeError as error:
        raise ValueError(f"no class can be made of {kind.__name__} that takes arrays: {error}") from None
    if isinstance(made, type):
        return face
    copied: Any = object.__new__(face)
    slots = [name for each in kind.__mro__ for name in _slots(each) if hasattr(made, name)]
    for name, value in {**{name: getattr(made, name) for name in slots}, **getattr(made, "__dict__", {})}.items():
        object.__setattr__(copied, name, value)
    return copied


def _slots(kind: type) -> list[str]:
    """The attributes that a class has places for."""
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _method_on_tensors(kind: type, name: str, framework: Tensors) -> Any:
    face, found = on_tensors(getattr(kind, name), framework), inspect.getattr_static(kind, name)
    return staticmethod(face) if isinstance(found, staticmethod | classmethod) else face


def _holds_array(value: Any) -> bool:
    each = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
    return any(isinstance(one, np.ndarray) for one in each)


def _tensors(values: Values, framework: Tensors) -> dict[str, Any]:
    """Tensors for arrays, those in lists and dictionaries as well."""
    found = {}
    for name, value in values.items():
        found[name] = value
        if isinstance(value, np.ndarray):
            found[name] = framework.tensors({name: value})[name]
        elif isinstance(value, list | tuple) and _holds_array(value):
            found[name] = list(_tensors({str(place): each for place, each in enumerate(value)}, framework).values())
        elif isinstance(value, dict) and _holds_array(value):
            value.update(_tensors(value, framework))  # which remembers, it may be, what is read of it
    return found


def _arrays(returned: Any, framework: Tensors) -> Any:
    if isinstance(returned, Mapping):
        return {name: framework.array(value) for name, value in returned.items()}
    if isinstance(returned, tuple | list):
        return type(returned)(framework.array(value) for value in returned)
    return framework.array(returned)
