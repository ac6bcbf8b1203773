"""JAX: functions, jitted or not, and those with a `custom_vjp`, differentiated by its reverse mode.

Imported only where one of them comes in, because it imports JAX.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import takewhile
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from checks.adapters.arguments import names_of_parameters, plan_of, require_known
from checks.adapters.autograd import DOUBLE, Arguments, Differentiable, Results, differentiated
from checks.batching import UnbatchableError
from checks.implementation import Implementation, MisconductError, Values, call
from derivations import Layer

OURS = {"jax", "jaxlib"}


def adapted(made: Any, layer: Layer, names: Mapping[str, str], device: str) -> Implementation:
    """An Implementation of a JAX function on `cpu` or `cuda`, called as plain functions are (`adapters.functions`).

    Raises ValueError for a device that is not there, and for a name in `names` that the layer does not have.
    """
    inputs, options = [tensor.name for tensor in layer.inputs], [option.name for option in layer.options]
    hidden = list(layer.hidden_sizes)
    require_known(layer, names, {*layer.by_name, *options, *hidden})
    plan = plan_of(made, inputs, options, hidden, names)
    parameters = names_of_parameters(made)

    def bind(tensors: Values) -> Arguments:
        """By position as far as that goes: `jax.vmap` takes some of its arguments no other way."""
        positional, named = plan(tensors)
        leading = list(takewhile(named.__contains__, parameters[len(positional) :]))
        return made, positional + [(parameter, named.pop(parameter)) for parameter in leading], named

    name = getattr(made, "__name__", type(made).__name__)
    what = Differentiable(name, bind, plan.taken, tuple(_own(made)))
    return differentiated(what, OnDevice(device), layer, names)


class OnDevice:
    """The `adapters.autograd.Framework` that JAX is."""

    def __init__(self, device: str) -> None:
        try:
            self.device = jax.devices(device)[0]
        except RuntimeError:
            raise ValueError(f"JAX sees no device {device!r} here; expected device='cpu'") from None

    def tensors(self, values: Values) -> dict[str, Any]:
        """Copies: JAX's arrays are never written to."""
        with _wide(values):
            return {
                name: jax.device_put(np.array(value), self.device) if hasattr(value, "dtype") else value
                for name, value in values.items()
            }

    def array(self, tensor: Any) -> NDArray:
        """In memory of its own."""
        return np.array(tensor) if isinstance(tensor, jax.Array) else tensor

    def computing(self, values: Values) -> AbstractContextManager[Any]:
        """Where it computes in 64 bits, if one of them has so many."""
        return _wide(values)

    def vmap(self, run: Callable[[Values], Results]) -> Callable[[Values], Results]:
        """Not here: every number of samples would be compiled anew, which takes longer than to call one by one."""
        raise UnbatchableError("one call for many samples would be compiled anew")

    def run(self, run: Callable[[Values], Results], tensors: Values) -> Results:
        """What `run` gives."""
        with _wide(tensors):
            return run(tensors)

    def pull(
        self, run: Callable[[Values], Results], tensors: Values, wrt: list[str], outputs: list[str]
    ) -> tuple[Results, Callable[[Results], Results]]:
        """By `jax.vjp`."""

        def parted(leaves: dict[str, Any]) -> tuple[dict[str, Any], Results]:
            results = run({**tensors, **leaves})
            return {name: results[name] for name in outputs if name in results}, results

        with _wide(tensors):
            ends, pull, results = jax.vjp(parted, {name: tensors[name] for name in wrt}, has_aux=True)

        def pullback(cotangents: Results) -> Results:
            def backward(**_: Any) -> Results:
                with _wide(tensors):
                    (pulled,) = pull({name: _fitting(name, ends, cotangents) for name in outputs})
                return pulled

            return call(backward, [], {f"d{name}": cotangents[name] for name in outputs})

        return results, pullback


def _fitting(name: str, ends: Results, cotangents: Results) -> Any:
    """The cotangent in the dtype of the output, whatever that is: another finding tells that it is wrong."""
    if name not in ends:
        raise MisconductError("arity", f"the forward does not return {name}")
    if ends[name].shape != cotangents[name].shape:
        raise MisconductError("shape", f"{name} has shape {ends[name].shape}, expected {cotangents[name].shape}")
    return cotangents[name].astype(ends[name].dtype)


def _wide(values: Values) -> Any:
    """JAX computes in 64 bits only where it is told to; other dtypes are to run as they always do."""
    wide = any(getattr(value, "dtype", None) in DOUBLE for value in values.values())
    return jax.enable_x64(True) if wide else nullcontext()


def _own(made: Any) -> Iterator[Callable[..., Any]]:
    """The user's functions behind a function that JAX has wrapped: those of a custom_vjp, too."""
    if made is None:
        return
    for inner in (getattr(made, part, None) for part in ("__wrapped__", "fun", "fwd", "bwd")):
        yield from _own(inner)
    if (getattr(made, "__module__", None) or "jax").partition(".")[0] not in OURS:
        yield made
