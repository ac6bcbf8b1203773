"""Whose code is it? Whatever a user hands in, as an Implementation; PyTorch and JAX are imported only for their own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from checks.adapters import tensors
from checks.adapters.arguments import names_of_parameters, sizes_named
from checks.adapters.assumptions import runs, sizes_shown
from checks.adapters.functions import from_functions
from checks.adapters.objects import from_object, gradient_of, is_object, keeps_inputs, methods_of
from checks.adapters.slopes import is_sloped, with_backward
from checks.adapters.tensors import JAX, TORCH
from checks.adapters.usual_names import with_usual_names
from checks.adapters.value_and_gradient import from_value_and_gradient, is_loss
from checks.implementation import Implementation, Values
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
    given. `wanted` are the cotangents that are asked for, where these are not all. Beside what parameters are called,
    `names` may hold numbers: sizes, and what a parameter of the code's own is to be. Raises ValueError for what is
    nothing of the kind, or not installed, and where the adapter in charge does.
    """
    if framework not in (None, *FRAMEWORKS.values()):
        raise ValueError(f"no framework is called {framework!r}; expected torch or jax")
    if isinstance(made, Implementation):
        return made
    names = with_usual_names(_functions_of(made), layer, names or {})
    sized = sizes_named(layer, names)
    if sized:
        return _with_sizes(_adapted(made, layer, names, device, framework, wanted), layer, sized)
    return _adapted(made, layer, names, device, framework, wanted)


def _adapted(
    made: Any,
    layer: Layer,
    names: dict[str, Any],
    device: str,
    framework: str | None,
    wanted: Sequence[str] | None,
) -> Implementation:
    if isinstance(made, tuple | list) and len(made) == 2 and all(map(callable, made)):
        forward, backward = made
        owner = getattr(forward, "__self__", None)
        methods = (getattr(forward, "__name__", ""), getattr(backward, "__name__", ""))
        if (
            owner is not None
            and owner is getattr(backward, "__self__", None)
            and keeps_inputs(owner, methods, layer, names)
        ):
            return _object(owner, methods, layer, names, device, framework, wanted)
        return _pair((forward, backward), layer, names, device, framework, wanted)
    if FRAMEWORKS.keys().isdisjoint(_origins(made)):
        if is_object(made):
            gradient = gradient_of(made, layer, names or {})
            if gradient is not None:
                return from_value_and_gradient(gradient, layer, names, wanted)
            return _object(made, methods_of(made), layer, names, device, framework, wanted)
        if is_sloped(made):
            sloped = with_backward(made)
            return from_object(sloped, layer, with_usual_names([sloped.forward], layer, names))
    if not callable(made):
        raise ValueError(f"given a {type(made).__name__}; {EXPECTED}")
    framework = framework or framework_of(made)
    if framework is None and is_loss(layer):
        _require_cpu(device)
        return from_value_and_gradient(made, layer, names, wanted)
    if framework is None:
        name = getattr(made, "__name__", type(made).__name__)
        raise ValueError(
            f"nothing shows who differentiates {name}: where it is a backward, name its forward (--forward NAME), and "
            f"of a framework say which (in Python: framework='torch' or 'jax'); {EXPECTED}"
        )
    adapted = tensors.adapter(framework).adapted(made, layer, names or {}, device)
    masks = [tensor.name for tensor in layer.inputs if tensor.integer and (tensor.low, tensor.high) == (0, 1)]
    return adapted if not masks or runs(adapted, layer) else _with_real_masks(adapted, layer, masks)


def _with_sizes(implementation: Implementation, layer: Layer, sized: Sequence[str]) -> Implementation:
    """The same for code that asks for sizes that its inputs show."""

    def theirs(values: Values) -> dict[str, Any]:
        sizes = sizes_shown(layer, values)
        return {**{name: sizes[name] for name in sized if name in sizes}, **values}

    return implementation.behind(theirs, dict)


def _with_real_masks(implementation: Implementation, layer: Layer, masks: Sequence[str]) -> Implementation:
    """The same with real numbers for what is 0 or 1, if that is what the code wants: as frameworks' losses do."""
    real = [tensor.name for tensor in layer.inputs if not tensor.integer]

    def theirs(values: Values) -> dict[str, Any]:
        return {**values, **{name: values[name].astype(values[real[0]].dtype) for name in masks if name in values}}

    asked = implementation.behind(theirs, dict)
    return asked if real and runs(asked, layer) else implementation


def parameters_of(made: Any) -> set[str]:
    """What everything is called that a user's code can be given."""
    owner = getattr(made, "__self__", made)
    functions = [*_functions_of(made), *(getattr(owner, name, None) for name in ("forward", "__init__"))]
    return {name for function in functions if callable(function) for name in names_of_parameters(function)}


def _functions_of(made: Any) -> list[Function]:
    """What is called of what a user hands in: both functions of a pair, a class and the methods of it, a function."""
    if isinstance(made, tuple | list):
        return list(made)
    return [getattr(made, method) for method in methods_of(made) or ()] + [made for _ in range(callable(made))]


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
    made: Any,
    methods: tuple[str, str] | None,
    layer: Layer,
    names: Mapping[str, str] | None,
    device: str,
    framework: str | None,
    wanted: Sequence[str] | None,
) -> Implementation:
    assert methods is not None

    def on_arrays() -> Implementation:
        return from_object(made, layer, names, methods, wanted)

    def on_tensors(name: str) -> Implementation:
        face = tensors.object_on_tensors(made, methods, tensors.on_device(name, device))
        return from_object(face, layer, names, methods, wanted)

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
