"""Whose code is it? Whatever a user hands in, as an Implementation; PyTorch and JAX are imported only for their own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from checks.adapters import tensors
from checks.adapters.assumptions import runs
from checks.adapters.functions import from_functions
from checks.adapters.objects import from_object, gradient_of, is_object, methods_of
from checks.adapters.slopes import is_sloped, with_backward
from checks.adapters.tensors import JAX, TORCH
from checks.adapters.value_and_gradient import from_value_and_gradient, is_loss
from checks.implementation import Implementation
from derivations import Layer

Function = Callable[..., Any]
FRAMEWORKS = {TORCH: TORCH, JAX: JAX, "jaxlib": JAX}
EXPECTED = (
    "an implementation is a pair of functions (forward, backward), a class or an object with methods forward and "
    "backward, or with a function and its derivative, a function that returns a loss and its gradient, one function of "
    "PyTorch or JAX, a torch.autograd.Function, a torch.nn.Module, or an Implementation"
)


def adapt(
    made: Any,
    layer: Layer,
    names: Mapping[str, str] | None = None,
    device: str = "cpu",
    framework: str | None = None,
    wanted: Sequence[str] | None = None,
) -> Implementation:
    """An Implementation of whatever a user hands in.

    `framework` is torch or jax where the code does not show it; a pair of functions takes NumPy arrays unless it is
    given. `wanted` are the cotangents that are asked for, where these are not all. Raises ValueError for what is
    nothing of the kind, or not installed, and where the adapter in charge does.
    """
    if framework not in (None, *FRAMEWORKS.values()):
        raise ValueError(f"no framework is called {framework!r}; expected torch or jax")
    if isinstance(made, Implementation):
        return made
    if isinstance(made, tuple | list) and len(made) == 2 and all(map(callable, made)):
        forward, backward = made
        return _pair((forward, backward), layer, names, device, framework, wanted)
    if FRAMEWORKS.keys().isdisjoint(_origins(made)):
        if is_object(made):
            gradient = gradient_of(made, layer, names or {})
            if gradient is not None:
                return from_value_and_gradient(gradient, layer, names, wanted)
            return _object(made, layer, names, device, framework)
        if is_sloped(made):
            return from_object(with_backward(made), layer, names)
    if not callable(made):
        raise ValueError(f"given a {type(made).__name__}; {EXPECTED}")
    framework = framework or framework_of(made)
    if framework is None and is_loss(layer):
        _require_cpu(device)
        return from_value_and_gradient(made, layer, names, wanted)
    if framework is None:
        name = getattr(made, "__name__", type(made).__name__)
        raise ValueError(f"nothing shows who differentiates {name}: say framework='torch' or 'jax'; {EXPECTED}")
    return tensors.adapter(framework).adapted(made, layer, names or {}, device)


def _pair(
    made: tuple[Function, Function],
    layer: Layer,
    names: Mapping[str, str] | None,
    device: str,
    framework: str | None,
    wanted: Sequence[str] | None,
) -> Implementation:
    def on_arrays() -> Implementation:
        return from_functions(*made, layer, names, wanted)

    def on_tensors(name: str) -> Implementation:
        known = tensors.on_device(name, device)
        forward, backward = (tensors.on_tensors(function, known) for function in made)
        return from_functions(forward, backward, layer, names, wanted)

    return _on_either(on_arrays, on_tensors, made, layer, device, framework)


def _object(
    made: Any, layer: Layer, names: Mapping[str, str] | None, device: str, framework: str | None
) -> Implementation:
    methods = methods_of(made) or ()

    def on_arrays() -> Implementation:
        return from_object(made, layer, names)

    def on_tensors(name: str) -> Implementation:
        return from_object(tensors.object_on_tensors(made, methods, tensors.on_device(name, device)), layer, names)

    functions = [getattr(made, method) for method in methods]
    return _on_either(on_arrays, on_tensors, functions, layer, device, framework)


def _on_either(
    on_arrays: Callable[[], Implementation],
    on_tensors: Callable[[str], Implementation],
    functions: Sequence[Function],
    layer: Layer,
    device: str,
    framework: str | None,
) -> Implementation:
    """Code that takes arrays, or a framework's tensors: those if one is named, or on another device.

    Else a file that imports one may mean either, and it is the first that gets through: arrays before PyTorch's
    tensors, but behind JAX's arrays, which alone compute in 64 bits. Where nothing does, a file means what it imports.
    """
    imports = set().union(*map(tensors.modules_seen_by, functions))
    imported = [name for name in (JAX, TORCH) if name in imports]
    if framework is not None or (device != "cpu" and imported):
        return on_tensors(framework or imported[-1])
    _require_cpu(device)
    ways: list[Callable[[], Implementation]] = [*(partial(on_tensors, name) for name in imported), on_arrays]
    if imported == [TORCH]:
        ways.reverse()
    refused: ValueError | None = None
    for make in ways if imported else ():
        try:
            implementation = make()
        except ValueError as error:
            refused = error
            continue
        if runs(implementation, layer):
            return implementation
    if refused is not None:
        raise refused
    return on_arrays() if not imported or "numpy" in imports else on_tensors(imported[-1])


def _require_cpu(device: str) -> None:
    if device != "cpu":
        raise ValueError(f"NumPy computes on the CPU; expected device='cpu', or a framework, instead of {device!r}")


def framework_of(made: Any) -> str | None:
    """`torch` or `jax`, where the type of an object, or what its code names, comes from there; else None."""
    seen: set[int] = set()
    pending = [made]
    while pending:
        thing = pending.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        found = [FRAMEWORKS[top] for top in _origins(thing) if top in FRAMEWORKS]
        if found:
            return found[0]
        pending += _behind(thing)
    return None


def _origins(thing: Any) -> Iterator[str]:
    """The packages that a thing, its class and its class's ancestors come from."""
    classes = thing.__mro__ if isinstance(thing, type) else type(thing).__mro__
    name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    for origin in (name, *(each.__module__ for each in classes)):
        if isinstance(origin, str):
            yield origin.partition(".")[0]


def _behind(thing: Any) -> list[Any]:
    """What a function leads to: the owner of a method, the function in a wrapper, and what its code names."""
    inner = [getattr(thing, part, None) for part in ("__self__", "__wrapped__", "__func__", "func")]
    found = [each for each in inner if each is not None]
    found += [vars(each)["__call__"] for each in type(thing).__mro__ if "__call__" in vars(each)]
    if isinstance(thing, FunctionType):
        cells = [cell.cell_contents for cell in thing.__closure__ or () if _filled(cell)]
        found += cells + [thing.__globals__[name] for name in _names(thing.__code__) if name in thing.__globals__]
    return [each for each in found if isinstance(each, ModuleType | type) or callable(each)]


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
