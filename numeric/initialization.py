"""Where the parameters of a network start: a table of recipes for weights W[D, C], kernels and biases b[C]."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np


@dataclass(frozen=True)
class Initialization:
    """The standard deviation of the weights, given the numbers of inputs D and outputs C, and that of the biases."""

    weights: Callable[[int, int], float]
    biases: float
    source: str

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Draw float32 weights for a shape [D, C], biases for a shape [C], from normal distributions around 0.

        A kernel of shape [R, S, C, F] makes each of its outputs of D = R S C inputs, and uses each input R S F times.
        """
        *places, C, F = shape if len(shape) > 1 else (1, *shape)
        deviation = self.weights(prod(places) * C, prod(places) * F) if len(shape) > 1 else self.biases
        return (deviation * rng.standard_normal(shape)).astype(np.float32)


INITIALIZATIONS = {
    "he": Initialization(
        weights=lambda D, C: (2 / D) ** 0.5,
        biases=0.0,
        source="He, Zhang, Ren, Sun (2015), Delving Deep into Rectifiers, eq. 10",
    ),
    "xavier": Initialization(
        weights=lambda D, C: (2 / (D + C)) ** 0.5,
        biases=0.0,
        source="Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward networks, eq. 12",
    ),
    "scaled": Initialization(
        weights=lambda D, C: (1 / D) ** 0.5,
        biases=1.0,
        source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, Weight initialization",
    ),
    "nielsen": Initialization(
        weights=lambda D, C: 1.0,
        biases=1.0,
        source="Nielsen (2015), Neural Networks and Deep Learning, ch. 1, network.py",
    ),
}
