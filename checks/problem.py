"""A forward as a function of one point: all real inputs that have a cotangent, end to end."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.implementation import MisconductError
from checks.trial import Trial
from checks.verdict import Testimony


@dataclass(frozen=True)
class Problem:
    """The slopes of <weights, forward(point)>: the point holds the inputs of these shapes, end to end.

    `again` is the forward for points like one that it has accepted.
    """

    forward: Callable[[Any], Any]
    again: Callable[[Any], Any]
    weights: NDArray[np.float64]
    shapes: Mapping[str, tuple[int, ...]]
    point: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def parts(self) -> dict[str, slice]:
        """Where in the point each input lies."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes.values()])
        return {
            name: slice(int(end) - math.prod(shape), int(end))
            for (name, shape), end in zip(self.shapes.items(), ends, strict=True)
        }

    def joined(self, arrays: Mapping[str, NDArray]) -> NDArray[np.float64]:
        """Arrays of the inputs' shapes, end to end."""
        return np.concatenate([np.ravel(arrays[name]) for name in self.shapes])

    def split(self, point: NDArray) -> dict[str, NDArray]:
        """A point, or a direction, as arrays of the inputs' shapes."""
        return {name: point[part].reshape(self.shapes[name]) for name, part in self.parts().items()}

    def parted(self, testimony: Testimony) -> dict[str, Testimony]:
        """What is said about the point, as said about the cotangent of each input."""
        values, errors = self.split(testimony.value), self.split(testimony.error)
        return {f"d{name}": replace(testimony, value=values[name], error=errors[name]) for name in self.shapes}


def problem_of(trial: Trial, dtype: type) -> Problem:
    """The forward of a trial, for points of this dtype."""
    arguments = trial.arguments(dtype)
    weights = np.concatenate([np.ravel(trial.values[given]) for given in trial.derivation.output_cotangents])
    shapes = {name: np.shape(trial.values[name]) for name in trial.wanted_inputs}
    outputs, alike = trial.outputs, trial.draws_alike_in(dtype)

    def results(run: Callable[[Mapping[str, Any]], dict[str, Any]], point: Any) -> Any:
        if not alike:
            reason = f"in {np.dtype(dtype).name} the code draws other numbers than in {trial.format.name}"
            raise MisconductError("drawn", reason)
        given = run({**arguments, **{name: point[part].reshape(shapes[name]) for name, part in parts.items()}})
        found = [np.ravel(given[output]) for output in outputs if output in given]
        if not found:
            raise MisconductError("missing", f"the code does not return {outputs[0]}")
        joined = found[0] if len(found) == 1 else np.concatenate(found)
        if joined.shape != weights.shape:
            raise MisconductError("shape", "the forward does not give outputs of the layer's shapes")
        return joined

    problem = Problem(partial(results, trial.forward), partial(results, trial.forward_again), weights, shapes)
    parts = problem.parts()
    return replace(problem, point=problem.joined({name: trial.values[name] for name in shapes}))
