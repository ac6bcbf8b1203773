"""Optimizers: how the parameters move, given the gradient. All parameters of a network are one vector here."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

State = dict[str, np.ndarray]


class Optimizer(Protocol):
    """A rule with named state vectors, each as long as the parameters."""

    def start(self, parameters: np.ndarray) -> State:
        """Return the state before the first step."""

    def step(self, parameters: np.ndarray, gradient: np.ndarray, rate: float, state: State) -> None:
        """Move `parameters` and `state` in place by one step at learning rate `rate`; `gradient` is used up."""


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent: v = momentum v - rate g, then w = w + v.

    Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eqs. 107 and 108.
    """

    momentum: float = 0.0

    def start(self, parameters: np.ndarray) -> State:
        """Return the velocity, at rest; without momentum there is none to keep."""
        return {"velocity": np.zeros_like(parameters)} if self.momentum else {}

    def step(self, parameters: np.ndarray, gradient: np.ndarray, rate: float, state: State) -> None:
        """Move the float vectors `parameters` and the velocity in place; `gradient` is used up."""
        gradient *= rate
        if self.momentum:
            velocity = state["velocity"]
            velocity *= self.momentum
            velocity -= gradient
            parameters += velocity
        else:
            parameters -= gradient
