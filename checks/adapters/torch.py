"""PyTorch: functions, `torch.autograd.Function`s and modules, differentiated by its autograd.

Imported only where one of them comes in, because it imports PyTorch.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from checks.adapters.arguments import Plan, names_of_parameters, plan_of, require_known
from checks.adapters.autograd import Arguments, Differentiable, Results, differentiated
from checks.implementation import Implementation, MisconductError, Values, call, shown
from derivations import Layer

OURS = "torch"


def adapted(made: Any, layer: Layer, names: Mapping[str, str], device: str) -> Implementation:
    """An Implementation of a function, an autograd Function (or its `apply`) or a module, on `cpu` or `cuda`.

    Parameters of a function are called as those of plain functions are (`adapters.functions`); those of a Function are
    what its forward takes beside `ctx`. A module is a function of what its forward takes and of its own parameters, by
    their names in `named_parameters`; its parameters' values are not used, but their shapes are. `names` maps a
    parameter to a tensor. Options that a module keeps as attributes are taken from there. Raises ValueError for a
    device that is not there, for a name that the layer does not have, for a class of modules, and for a parameter of a
    module that is called like nothing in the layer.
    """
    if isinstance(made, type) and issubclass(made, torch.nn.Module):
        made = _made(made)
    function = getattr(made, "__self__", made) if getattr(made, "__name__", "") == "apply" else made
    if isinstance(made, torch.nn.Module):
        what = _module(made, layer, names)
    elif isinstance(function, type) and issubclass(function, torch.autograd.Function):
        what = _function(function, layer, names)
    else:
        what = _plain(made, layer, names)
    return differentiated(what, OnDevice(device), layer, names)


def _made(module: type[torch.nn.Module]) -> torch.nn.Module:
    """A module of a class that is made from nothing. Raises ValueError for another class."""
    try:
        return call(module, [], {})
    except MisconductError as misconduct:
        name = module.__name__
        raise ValueError(
            f"{name} is a class of modules; expected one of them, such as {name}(...): make it in the file "
            f"({misconduct.reason})"
        ) from None


class OnDevice:
    """The `adapters.autograd.Framework` that PyTorch is."""

    def __init__(self, device: str) -> None:
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError(f"PyTorch sees no CUDA device here; expected device='cpu' instead of {device!r}")
        try:
            self.device = torch.empty(0, device=device).device
        except RuntimeError:
            raise ValueError(f"PyTorch has no device {device!r} here; expected cpu or cuda") from None

    def tensors(self, values: Values) -> dict[str, Any]:
        """On the CPU they share memory with the arrays, so strides arrive as they are, and writes can be seen."""
        return {name: self._tensor(value) if hasattr(value, "dtype") else value for name, value in values.items()}

    def _tensor(self, value: Any) -> torch.Tensor:
        if getattr(value, "dtype", None) == "bfloat16":  # which NumPy itself does not know
            return torch.from_numpy(value.view(np.int16)).view(torch.bfloat16).to(self.device)
        return torch.from_numpy(value).to(self.device)

    def array(self, tensor: Any) -> NDArray:
        """In memory of its own."""
        if not isinstance(tensor, torch.Tensor):
            return tensor
        on_cpu = tensor.detach().cpu().resolve_conj().resolve_neg()
        if on_cpu.dtype == torch.bfloat16:
            import ml_dtypes

            return on_cpu.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16).copy()
        return on_cpu.numpy().copy()

    def computing(self, values: Values) -> AbstractContextManager[None]:
        """Anywhere."""
        return nullcontext()

    def vmap(self, run: Callable[[Values], Results]) -> Callable[[Values], Results]:
        """By `torch.vmap`; a Function without a rule for it raises, and is called one by one."""
        return torch.vmap(run)

    def run(self, run: Callable[[Values], Results], tensors: Values) -> Results:
        """Without a graph."""
        with torch.no_grad(), _silent_about_imaginary_parts():
            return run(tensors)

    def pull(
        self, run: Callable[[Values], Results], tensors: Values, wrt: list[str], outputs: list[str]
    ) -> tuple[Results, Callable[[Results], Results]]:
        """By `torch.autograd.grad`, which may be asked more than once."""
        leaves = {name: tensors[name].requires_grad_() for name in wrt}
        with _silent_about_imaginary_parts():
            results = _run_in_place(run, tensors, leaves)

        def pullback(cotangents: Results) -> Results:
            given = [_cotangent(name, results[name], cotangents[name]) for name in outputs]

            def backward(**_: Any) -> tuple[torch.Tensor | None, ...]:
                ends = [results[name] for name in outputs]
                return torch.autograd.grad(ends, list(leaves.values()), given, retain_graph=True, allow_unused=True)

            pulled = call(backward, [], {f"d{name}": cotangents[name] for name in outputs})
            return dict(zip(leaves, pulled, strict=True))

        return results, pullback


def _run_in_place(run: Callable[[Values], Results], tensors: Values, leaves: Mapping[str, torch.Tensor]) -> Results:
    """What `run` gives; code that computes in place, which a leaf does not allow, is given copies.

    Other code is not, so that what it writes can be seen. Raises MisconductError.
    """
    before = {name: leaf.detach().clone() for name, leaf in leaves.items()}
    try:
        return run(tensors)
    except MisconductError:
        with torch.no_grad():  # it may have written before it was told not to
            for name, leaf in leaves.items():
                leaf.copy_(before[name])
        return run({**tensors, **{name: leaf.clone() for name, leaf in leaves.items()}})


@contextmanager
def _silent_about_imaginary_parts() -> Iterator[None]:
    """A forward that drops them is found out by the differences, which know better."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Casting complex values to real")
        yield


def _cotangent(name: str, output: Any, cotangent: torch.Tensor) -> torch.Tensor:
    """The cotangent in the dtype of the output, whatever that is: another finding tells that it is wrong."""
    if not isinstance(output, torch.Tensor) or not output.requires_grad:
        raise MisconductError("detached", f"autograd knows no way from {name} back to the inputs: it was detached")
    if output.shape != cotangent.shape:
        raise MisconductError("shape", f"{name} has shape {tuple(output.shape)}, expected {tuple(cotangent.shape)}")
    return cotangent.to(output.dtype)


# --------------------------------------------------------------------------------------------- three makes


def _plain(function: Callable[..., Any], layer: Layer, names: Mapping[str, str]) -> Differentiable:
    name, plan = getattr(function, "__name__", type(function).__name__), _plan(function, layer, names)
    return Differentiable(name, lambda tensors: (function, *plan(tensors)), plan.taken, _own([function]))


def _function(function: type[torch.autograd.Function], layer: Layer, names: Mapping[str, str]) -> Differentiable:
    """Its `apply` takes arguments by position only: those of its forward, but for the context in the older style."""
    parameters = list(inspect.signature(function.forward).parameters.values())
    if function.setup_context is torch.autograd.Function.setup_context:
        parameters = parameters[1:]
    signature = inspect.Signature(parameters)

    def apply(*positional: Any, **named: Any) -> Any:
        try:
            bound = signature.bind(*positional, **named)
        except TypeError as error:
            given = shown(function, list(zip(signature.parameters, positional, strict=False)), named)
            absent = [p.name for p in list(signature.parameters.values())[len(positional) :] if p.name not in named]
            hint = f"; tell it as --set {absent[0]}=NUMBER" if absent and "missing" in f"{error}" else ""
            raise MisconductError("raises", f"{given}: {error}{hint}", ran=False) from None
        bound.apply_defaults()
        return function.apply(*bound.args)

    apply.__name__, apply.__signature__ = function.__name__, signature  # type: ignore[attr-defined]
    plan, own = (
        _plan(apply, layer, names, known={*names_of_parameters(function.backward)}),
        _own([function.forward, function.backward, function.setup_context, function.vjp]),
    )
    return Differentiable(function.__name__, lambda tensors: (apply, *plan(tensors)), plan.taken, own)


def _module(module: torch.nn.Module, layer: Layer, names: Mapping[str, str]) -> Differentiable:
    """The module as a function of its parameters; buffers come along as copies in the inputs' dtype."""
    name = type(module).__name__
    parameters = dict(module.named_parameters())
    places = {path: names.get(path, path) for path in parameters}
    for path, place in places.items():
        if place not in layer.by_name:
            raise ValueError(
                f"{name} has a parameter {path!r}, {layer.name} has none: say by names={{{path!r}: ...}}, or --name "
                f"{path}=..., which tensor it is, or (NAME.T) the transpose of which; "
                f"there are {', '.join(each.name for each in layer.inputs)}"
            )
    taken = set(places.values())
    others = {yours: n for yours, n in names.items() if yours not in places}
    plan = _plan(module.forward, layer, others, taken, known={*dir(module)})

    def bind(tensors: Values) -> Arguments:
        positional, named = plan(tensors)
        like = next(tensors[tensor.name] for tensor in layer.inputs if not tensor.integer)
        state = {path: _like(buffer, like) for path, buffer in module.named_buffers()}
        state |= {path: tensors[place] for path, place in places.items()}

        def call_module(*args: Any, **options: Any) -> Any:
            return torch.func.functional_call(module, state, args, options)

        call_module.__name__ = name
        return call_module, positional, named

    functions = _own([type(each) for each in module.modules()])
    return Differentiable(name, bind, plan.taken | taken, functions, _settled(module, layer, names, places))


def _like(buffer: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    dtype = like.dtype if buffer.is_floating_point() else buffer.dtype
    return buffer.detach().to(like.device, dtype, copy=True)


def _settled(
    module: torch.nn.Module, layer: Layer, names: Mapping[str, str], places: Mapping[str, str]
) -> dict[str, float]:
    """The sizes that the shapes of a module's parameters show, and the options among its attributes."""
    settled: dict[str, float] = {}
    for path, parameter in module.named_parameters():
        shape, sizes = tuple(parameter.shape), layer.by_name[places[path]].sizes
        if len(sizes) == len(shape):
            settled |= {str(size): n for size, n in zip(sizes, shape, strict=True) if str(size) in layer.size_names}
    attributes = {name: yours for yours, name in names.items()}
    for option in layer.options:
        value = getattr(module, attributes.get(option.name, option.name), None)
        each = set(value) if isinstance(value, tuple) else {value}
        number = each.pop() if len(each) == 1 else None
        if isinstance(number, int | float) and not isinstance(number, bool):
            settled[option.name] = number
    return settled


def _plan(
    function: Callable[..., Any],
    layer: Layer,
    names: Mapping[str, str],
    taken: AbstractSet[str] = frozenset(),
    known: AbstractSet[str] = frozenset(),
) -> Plan:
    """How to call a function: with all inputs and options but those that are taken.

    Raises ValueError where `names` tells what an input or an option is called, and nothing is called so: no parameter,
    and nothing that is `known` besides.
    """
    inputs = [tensor.name for tensor in layer.inputs if tensor.name not in taken]
    options, hidden = [option.name for option in layer.options], list(layer.hidden_sizes)
    require_known(layer, names, {*layer.by_name, *options, *hidden})
    plan, parameters = plan_of(function, inputs, options, hidden, names), names_of_parameters(function)
    for yours, name in names.items():
        if name in (*inputs, *options) and parameters and yours not in {*parameters, *plan.called, *known}:
            called = getattr(function, "__name__", type(function).__name__)
            raise ValueError(f"nothing in {called} is called {yours!r}, to be {name}; it takes {', '.join(parameters)}")
    return plan


def _own(functions: list[Any]) -> tuple[Callable[..., Any], ...]:
    """Those that are not PyTorch's: its version says enough about those."""
    return tuple(each for each in functions if (getattr(each, "__module__", None) or OURS).partition(".")[0] != OURS)
