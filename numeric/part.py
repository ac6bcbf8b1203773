"""A run of a network's parameters, which one process looks after: what its weights pay, and how they move."""

from dataclasses import replace

import numpy as np

from numeric.network import Network
from numeric.optimizers import Optimizer, State, drop_subnormals

_DROPPED = 64  # steps from one look at subnormal numbers to the next: it takes a third of a step


class Part:
    """The parameters `run` of a vector of all, with their part of the gradient and of the optimizer's state.

    `vector`, `gradient` and `state` are those of the whole network: the part is moved where it is.
    """

    def __init__(
        self,
        network: Network,
        run: slice,
        vector: np.ndarray,
        gradient: np.ndarray,
        optimizer: Optimizer,
        state: State,
    ) -> None:
        self.parameters, self.gradient = vector[run], gradient[run]
        self._optimizer, self._steps = optimizer, 0
        self._state = {name: array[run] if array.ndim else array for name, array in state.items()}
        weights = {name: each for name, each in _runs(network, run).items() if len(network.shapes[name]) > 1}
        # A penalty asks every weight alike: a run of a matrix is a matrix of one row.
        self._penalized = replace(network, shapes={name: (1, each.stop - each.start) for name, each in weights.items()})
        self._weights = {name: vector[each] for name, each in weights.items()}
        self._cotangents = {name: gradient[each] for name, each in weights.items()}

    def begin(self) -> None:
        """Begin an epoch: each is like the others, whatever was before."""
        self._steps = 0

    def penalize(self) -> float:
        """What its weights pay; what that makes of their cotangents is added to these."""
        return self._penalized.penalize(self._weights, self._cotangents)

    @property
    def counters(self) -> State:
        """What of its state counts steps, and is the same for every part."""
        return {name: array for name, array in self._state.items() if not array.ndim}

    @property
    def square(self) -> float:
        """What the squares of its part of the gradient add up to."""
        return float(self.gradient @ self.gradient)

    def step(self, rate: float, scale: float = 1.0) -> None:
        """Move by `scale` times the gradient, which is used up; every now and then look at subnormal numbers."""
        if scale != 1:
            self.gradient *= scale
        self._optimizer.step(self.parameters, self.gradient, rate, self._state)
        if self._steps % _DROPPED == 0:
            drop_subnormals(self._state)
        self._steps += 1


def _runs(network: Network, run: slice) -> dict[str, slice]:
    """What of each parameter lies in `run`: where that is in the vector of all, by name."""
    found, start = {}, 0
    for name, shape in network.shapes.items():
        end = start + int(np.prod(shape))
        if max(start, run.start) < min(end, run.stop):
            found[name] = slice(max(start, run.start), min(end, run.stop))
        start = end
    return found
