"""An answer that disagrees with the equations, and what a hypothesis about it may ask."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.trial import Trial
from checks.verdict import DISAGREE
from derivations import Layer, derive


@dataclass(frozen=True)
class Suspect:
    """The wrong answer `got` for the tensor or cotangent `name`; its shape may be wrong, too."""

    trial: Trial
    name: str
    got: NDArray[np.float64]

    @property
    def layer(self) -> Layer:
        """The layer that the answer is about."""
        return self.trial.derivation.layer

    @property
    def expected(self) -> NDArray[np.float64]:
        """The true answer."""
        return self.trial.truth[self.name].value

    @property
    def is_cotangent(self) -> bool:
        """Whether a backward gave it."""
        return self.name in self.trial.derivation.cotangents

    @property
    def cotangents(self) -> dict[str, NDArray[np.float64]]:
        """The output cotangents that came in."""
        return {name: np.asarray(self.trial.values[name]) for name in self.trial.derivation.output_cotangents}

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The sizes by name, read off the tensors whose sizes are plain names."""
        tensors = [*self.layer.inputs, *self.layer.outputs]
        shapes = {t.name: np.shape(self.trial.values[t.name]) for t in self.layer.inputs}
        shapes |= {t.name: self.trial.truth[t.name].value.shape for t in self.layer.outputs}
        return {
            str(size): length
            for tensor in tensors
            for size, length in zip(tensor.sizes, shapes[tensor.name], strict=True)
            if size.is_Symbol
        }

    def axis_names(self, tensor: str) -> tuple[str, ...]:
        """What the axes of a tensor (or of its cotangent) are called: the small letters of its sizes."""
        sizes = self.layer.by_name[tensor if tensor in self.layer.by_name else tensor.removeprefix("d")].sizes
        return tuple(str(size).lower() for size in sizes)

    def truth_at(self, **values: Any) -> NDArray[np.float64]:
        """What the true answer would be for other values, in float64."""
        given: Mapping[str, Any] = {**self.trial.values, **values}
        return self.trial.derivation.evaluate(given, precision="float64")[self.name]

    def truth_without(self, intermediate: str) -> NDArray[np.float64]:
        """What the true answer would be if an intermediate did not depend on the inputs."""
        kept = tuple(equation for equation in self.layer.equations if equation.name != intermediate)
        cut = replace(self.layer, name=f"{self.layer.name}_without_{intermediate}", equations=kept, claims=())
        value = self.trial.truth[intermediate].value
        derivation = derive(cut, wrt=self.name.removeprefix("d"))  # nothing else is looked at, and all of it takes long
        return derivation.evaluate({**self.trial.values, intermediate: value}, precision="float64")[self.name]

    def explained_by(self, candidate: NDArray | float, got: NDArray | None = None) -> bool:
        """Whether the answer is the candidate, up to rounding.

        Rounding is judged by the largest bound among the entries, scaled to the candidate: a hypothesis has to single
        itself out among others, not to pass a test of its own.
        """
        got = self.got if got is None else got
        candidate = np.asarray(candidate, np.float64)
        bound = self.trial.bounds[self.name]
        if candidate.shape != got.shape or not np.isfinite(candidate).all() or not np.isfinite(bound).all():
            return False
        size, true_size = np.abs(candidate).max(initial=0.0), np.abs(self.expected).max(initial=0.0)
        if size == 0 or true_size == 0:
            return False
        allowance = DISAGREE * bound.max() * max(1.0, size / true_size)
        return bool(size > allowance and (np.abs(got - candidate) <= allowance).all())
