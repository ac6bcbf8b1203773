"""Code that a framework differentiates: the forward is the user's, the backward is what autograd makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.adapters.assumptions import assumed_without
from checks.adapters.results import renamed, results_by_name
from checks.adapters.tensors import Tensors
from checks.batching import Batch
from checks.implementation import Implementation, MisconductError, Values, call
from derivations import Layer

GRAPH = "graph"  # the forward's own result, for its backward; the layer's names never look like it

Arguments = tuple[Callable[..., Any], list[tuple[str, Any]], dict[str, Any]]
Results = Mapping[str, Any]
DOUBLE = {np.dtype(np.float64), np.dtype(np.complex128)}


@dataclass(frozen=True)
class Differentiable:
    """Code that a framework can differentiate.

    `bind(tensors)` says which function to call, with which positional and named arguments, and `taken` names the values
    that it is given. `functions` are the user's own, for a certificate; `sizes` are sizes and options that the code has
    settled for itself.
    """

    name: str
    bind: Callable[[Values], Arguments]
    taken: set[str]
    functions: tuple[Callable[..., Any], ...]
    sizes: Mapping[str, float] = field(default_factory=dict)


class Framework(Tensors, Protocol):
    """What the checks need of an autograd framework, on one device."""

    def vmap(self, run: Callable[[Values], Results]) -> Callable[[Values], Results]:
        """The function that does for many samples what `run` does for one. Raises TypeError where it takes longer."""

    def run(self, run: Callable[[Values], Results], tensors: Values) -> Results:
        """What `run` gives, not to be differentiated."""

    def pull(
        self, run: Callable[[Values], Results], tensors: Values, wrt: list[str], outputs: list[str]
    ) -> tuple[Results, Callable[[Results], Results]]:
        """What `run` gives, and the function from cotangents of `outputs` to those of `wrt`, by the same names.

        A cotangent that autograd has none of is None. Raises MisconductError, as does the function.
        """


def differentiated(
    made: Differentiable, framework: Framework, layer: Layer, names: Mapping[str, str]
) -> Implementation:
    """An Implementation whose backward is the framework's.

    The forward that the witnesses call again keeps no graph, and must stay in float64 where it is given float64:
    differences of rounder numbers would tell nothing.
    """
    outputs = [tensor.name for tensor in layer.outputs]
    assumed = assumed_without(layer, made.taken | made.sizes.keys())
    wrt = [tensor.name for tensor in layer.inputs if not tensor.integer and tensor.name not in assumed]

    def run(tensors: Values) -> dict[str, Any]:
        returned = results_by_name(renamed(call(*made.bind(tensors)), names), outputs)
        return {name: value for name, value in returned.items() if name in layer.by_name}

    def forward(values: Values) -> dict[str, Any]:
        tensors = framework.tensors(values)
        results, pullback = framework.pull(run, tensors, wrt, outputs)
        _show_writes(framework, tensors, values)
        return {**_arrays(framework, results), GRAPH: (tensors, pullback)}

    def forward_again(values: Values) -> dict[str, Any]:
        many = {name: value.rows for name, value in values.items() if isinstance(value, Batch)}
        given = {value.dtype for value in (many or {name: values[name] for name in wrt}).values()}

        def run_all(tensors: Values) -> Results:
            samples = {name: tensors[name] for name in many}
            return framework.vmap(lambda sample: run({**tensors, **sample}))(samples) if many else run(tensors)

        # It may compute in place, and the points are asked for again.
        copies = {n: np.array(v) if isinstance(v, np.ndarray) else v for n, v in {**values, **many}.items()}
        results = _arrays(framework, framework.run(run_all, framework.tensors(copies)))
        for name, value in results.items():
            if given & DOUBLE and value.dtype not in DOUBLE:
                reason = f"given float64, the forward works in another dtype: {name} is {value.dtype}"
                raise MisconductError("dtype", reason)
        return {name: Batch(value) for name, value in results.items()} if many else results

    def backward(values: Values) -> dict[str, Any]:
        tensors, pullback = values[GRAPH]
        pulled = pullback(framework.tensors({name: values[f"d{name}"] for name in outputs}))
        _show_writes(framework, tensors, values)
        return {f"d{name}": None if value is None else framework.array(value) for name, value in pulled.items()}

    return Implementation(made.name, forward, backward, made.functions, forward_again, made.sizes, assumed)


def _arrays(framework: Framework, results: Results) -> dict[str, NDArray]:
    return {name: framework.array(value) for name, value in results.items()}


def _show_writes(framework: Framework, tensors: Values, values: Values) -> None:
    """Let the caller see in its arrays what was written to the tensors."""
    for name, value in values.items():
        if isinstance(value, np.ndarray) and name in tensors:
            np.copyto(value, framework.array(tensors[name]))
