"""Optimizers: how the parameters move, given the gradient. All parameters of a network are one vector here."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

State = dict[str, np.ndarray]


class Optimizer(Protocol):
    """A rule with named state vectors, each as long as the parameters; `steps`, where it is there, counts the steps."""

    def start(self, parameters: np.ndarray) -> State:
        """Return the state before the first step."""

    def step(self, parameters: np.ndarray, gradient: np.ndarray, rate: float, state: State) -> None:
        """Move `parameters` and `state` in place by one step at learning rate `rate`; `gradient` is used up."""


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent: v = momentum v - rate g, then w = w + v, or, with `nesterov`,
    w = w + momentum v - rate g.

    Sources: Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eqs. 107 and 108; for Nesterov's, which takes the
    gradient where the momentum is about to lead, Bengio, Boulanger-Lewandowski and Pascanu (2013), Advances in
    Optimizing Recurrent Networks, section 3.5: the parameters kept here are those at that point.
    """

    momentum: float = 0.0
    nesterov: bool = False

    def start(self, parameters: np.ndarray) -> State:
        """Return the velocity, at rest; without momentum there is none to keep."""
        return {"velocity": np.zeros_like(parameters)} if self.momentum else {}

    def step(self, parameters: np.ndarray, gradient: np.ndarray, rate: float, state: State) -> None:
        """Move the float vectors `parameters` and the velocity in place; `gradient` is used up."""
        gradient *= rate
        if not self.momentum:
            parameters -= gradient
            return
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity -= gradient
        if self.nesterov:
            parameters -= gradient
            parameters += np.multiply(velocity, self.momentum, out=gradient)
        else:
            parameters += velocity


@dataclass(frozen=True)
class RMSProp:
    """s = decay s + (1 - decay) g**2, then w = w - rate g/(sqrt(s) + eps).

    Source: Tieleman and Hinton (2012), Neural Networks for Machine Learning, lecture 6.5; eps keeps it finite.
    """

    decay: float = 0.9
    eps: float = 1e-8

    def start(self, parameters: np.ndarray) -> State:
        """Return the mean square, at 0."""
        return {"square": np.zeros_like(parameters)}

    def step(self, parameters: np.ndarray, gradient: np.ndarray, rate: float, state: State) -> None:
        """Move the float vectors `parameters` and the mean square in place; `gradient` is used up."""
        root = _moved_square(state["square"], gradient, self.decay)
        np.sqrt(root, out=root)
        root += self.eps
        gradient /= root
        gradient *= rate
        parameters -= gradient


@dataclass(frozen=True)
class Adam:
    """m = beta1 m + (1 - beta1) g and s = beta2 s + (1 - beta2) g**2, both freed of their start at 0, then
    w = w - rate m/(sqrt(s) + eps).

    With `decay` the weights shrink beside that, by rate decay w: this is AdamW, with the schedule's rate for eta.
    Sources: Kingma and Ba (2015), Adam, Algorithm 1; Loshchilov and Hutter (2019), Decoupled Weight Decay
    Regularization, Algorithm 2, line 12, where alpha and lambda are written as one rate and one decay.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    decay: float = 0.0

    def start(self, parameters: np.ndarray) -> State:
        """Return the mean and the mean square, at 0, and the number of steps."""
        zeros = {name: np.zeros_like(parameters) for name in ("mean", "square")}
        return {**zeros, "steps": np.zeros((), np.int64)}

    def step(self, parameters: np.ndarray, gradient: np.ndarray, rate: float, state: State) -> None:
        """Move the float vectors `parameters`, the mean and the mean square in place; `gradient` is used up."""
        state["steps"] += 1
        steps, mean = int(state["steps"]), state["mean"]
        root = _moved_square(state["square"], gradient, self.beta2)
        mean *= self.beta1
        gradient *= 1 - self.beta1
        mean += gradient
        root /= 1 - self.beta2**steps
        np.sqrt(root, out=root)
        root += self.eps
        np.divide(mean, root, out=gradient)
        gradient *= rate / (1 - self.beta1**steps)
        if self.decay:
            parameters *= 1 - rate * self.decay
        parameters -= gradient


def drop_subnormals(state: State) -> None:
    """Make numbers 0, in place, that are so small that processors take up to a hundred times as long with them.

    Where a weight's gradient is zero for long, as beside a pixel that is almost never inked, its velocity shrinks, and
    stays, at the smallest number that there is. No weight would notice.
    """
    for array in state.values():
        if array.ndim:
            np.multiply(array, np.abs(array) >= np.finfo(array.dtype).tiny, out=array)


def clipping(square: float, longest: float | None) -> float:
    """What to scale a gradient by, whose entries' squares add up to `square`, so that it is no longer than `longest`.

    Source: Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks, Algorithm 1.
    """
    length = math.sqrt(square)
    return 1.0 if longest is None or length <= longest else longest / length


def _moved_square(square: np.ndarray, gradient: np.ndarray, decay: float) -> np.ndarray:
    """Move a running mean of squares in place, and return a copy of it to work on."""
    work = np.square(gradient)
    work *= 1 - decay
    square *= decay
    square += work
    np.copyto(work, square)
    return work
