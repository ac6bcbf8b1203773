"""A sequential network: a chain of layers, a loss at its end, and parameters W1 b1 W2 b2 ... in one vector."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from inspect import signature, unwrap
from typing import Any

import numpy as np

from numeric.contract import contract_of
from numeric.errors import InputError
from numeric.initialization import INITIALIZATIONS
from numeric.layers import IMPLEMENTATIONS, Implementation
from numeric.penalties import l2_penalty, l2_penalty_backward

Parameters = dict[str, np.ndarray]
Memory = dict[str, Any]

_PENALTY = Implementation(unwrap(l2_penalty), unwrap(l2_penalty_backward))


@dataclass(frozen=True)
class Stage:
    """A layer at its place in a network: the very functions that are checked, without their input checks.

    `parameters` maps the layer's tensors to the network's parameters (`W` to `W2`); `needs` are the tensors that the
    backward asks for after the cotangent of the output.
    """

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., dict[str, np.ndarray]]
    input: str
    output: str
    parameters: dict[str, str]
    needs: tuple[str, ...]

    def remember(self, X: np.ndarray, parameters: Parameters, **others: np.ndarray) -> Memory:
        """Run forward on the data and the layer's parameters; return all its inputs, its output and intermediates."""
        memory = {self.input: X, **others}
        for tensor, name in self.parameters.items():
            memory[tensor] = parameters[name]
        result = self.forward(**memory)
        if isinstance(result, dict):
            memory.update(result)
        else:
            memory[self.output] = result
        return memory

    def pull(self, cotangent: np.ndarray | float, memory: Memory) -> dict[str, np.ndarray]:
        """Run backward: from the cotangent of the output to those of the inputs, named dX, dW, ..."""
        return self.backward(cotangent, *[memory[name] for name in self.needs])


@dataclass(frozen=True)
class Network:
    """Stages in order, the loss, and the shape of every parameter, in the order of the vector that holds them all.

    With `lam` above 0, every weight matrix also pays its l2_penalty.
    """

    name: str
    stages: tuple[Stage, ...]
    loss: Stage
    shapes: dict[str, tuple[int, ...]]
    classes: int
    lam: float = 0.0

    @property
    def layers(self) -> list[str]:
        """The names of the layers that the network uses, each once."""
        names = [stage.name for stage in (*self.stages, self.loss)]
        return list(dict.fromkeys(names + ["l2_penalty"] * (self.lam > 0)))

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def views(self, vector: np.ndarray) -> Parameters:
        """Name the parts of a vector of all parameters: arrays that share its memory."""
        ends = np.cumsum([np.prod(shape) for shape in self.shapes.values()])[:-1]
        parts = np.split(vector, ends)
        return {name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def initialize(self, init: str, rng: np.random.Generator) -> np.ndarray:
        """Draw all parameters as one float32 vector; raises InputError where `init` is no name in INITIALIZATIONS."""
        if init not in INITIALIZATIONS:
            raise InputError(f"unknown initialization {init!r}; expected one of {', '.join(INITIALIZATIONS)}")
        drawn = [INITIALIZATIONS[init].draw(shape, rng) for shape in self.shapes.values()]
        return np.concatenate([part.ravel() for part in drawn])

    def targets(self, labels: np.ndarray) -> np.ndarray:
        """Labels as the loss wants them: as they are, or as rows with a 1 at the label's place, whole or float32."""
        _, T = contract_of(IMPLEMENTATIONS[self.loss.name].forward).inputs
        return labels if len(T.sizes) == 1 else np.eye(self.classes, dtype=np.int64 if T.last else np.float32)[labels]

    def forward(self, parameters: Parameters, X: np.ndarray) -> np.ndarray:
        """The last stage's output, [N, classes], for X[N, D]."""
        for stage in self.stages:
            X = stage.remember(X, parameters)[stage.output]
        return X

    def predict(self, parameters: Parameters, X: np.ndarray) -> np.ndarray:
        """The label of the largest output for every row of X[N, D]."""
        return self.forward(parameters, X).argmax(axis=1)

    def backward(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> tuple[float, np.ndarray]:
        """L of a batch X[N, D] with targets T, penalties included, and the cotangents of all parameters, one vector."""
        memories = self._memories(parameters, X, T)
        L = memories[-1][self.loss.output]
        cotangents: dict[str, np.ndarray] = {}
        cotangent: np.ndarray | float = 1.0
        for stage, memory in zip(reversed((*self.stages, self.loss)), reversed(memories), strict=True):
            pulled = stage.pull(cotangent, memory)
            for tensor, name in stage.parameters.items():
                cotangents[name] = pulled["d" + tensor]
            cotangent = pulled.get("d" + stage.input, cotangent)
        if self.lam:
            for name in self._weights:
                L += _PENALTY.forward(parameters[name], self.lam)
                cotangents[name] += _PENALTY.backward(1.0, parameters[name], self.lam)["dW"]
        return float(L), np.concatenate([cotangents[name].ravel() for name in self.shapes])

    def trace(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        """Every array of a step in the order in which it is used or made: the layer's place, the tensor, the array."""
        stages = (*self.stages, self.loss)
        places = [f"layer {number} ({stage.name})" for number, stage in enumerate(stages, start=1)]
        memories = self._memories(parameters, X, T)
        for place, memory in zip(places, memories, strict=True):
            for tensor, array in memory.items():
                yield place, tensor, array
        for name in self._weights if self.lam else ():
            yield f"the l2_penalty of {name}", "L", _PENALTY.forward(parameters[name], self.lam)
        cotangent: np.ndarray | float = 1.0
        for place, stage, memory in reversed(list(zip(places, stages, memories, strict=True))):
            pulled = stage.pull(cotangent, memory)
            for tensor, array in pulled.items():
                yield place, tensor, array
            cotangent = pulled.get("d" + stage.input, cotangent)

    def _memories(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> list[Memory]:
        memories = []
        for stage in self.stages:
            memories.append(stage.remember(X, parameters))
            X = memories[-1][stage.output]
        return [*memories, self.loss.remember(X, parameters, T=T)]

    @cached_property
    def _weights(self) -> list[str]:
        return [name for name, shape in self.shapes.items() if len(shape) > 1]


@dataclass(frozen=True)
class Architecture:
    """A network but for the sizes of its data: hidden widths, the layers around them, and where it starts."""

    hidden: tuple[int, ...]
    activation: str
    ending: tuple[str, ...]
    loss: str
    init: str


NETWORKS = {
    "mlp": Architecture((128, 64), "relu", ending=(), loss="softmax_cross_entropy", init="he"),
    "three-layer": Architecture((300,), "sigmoid", ending=(), loss="softmax_cross_entropy", init="xavier"),
    # Weisberg (2018), Building a Neural Network from Scratch
    "weisberg": Architecture((64,), "sigmoid", ending=(), loss="softmax_cross_entropy", init="xavier"),
    # Nielsen (2015), Neural Networks and Deep Learning, ch. 3 (100 hidden neurons) and ch. 1 (30)
    "nielsen": Architecture((100,), "sigmoid", ending=(), loss="sigmoid_cross_entropy", init="scaled"),
    "nielsen-quadratic": Architecture((30,), "sigmoid", ending=("sigmoid",), loss="squared_error", init="scaled"),
    # Sanderson (2017), But what is a neural network?
    "three-blue-one-brown": Architecture((16, 16), "sigmoid", ending=("sigmoid",), loss="squared_error", init="scaled"),
}


def require_network(name: str) -> None:
    """Raise InputError where NETWORKS has no such name."""
    if name not in NETWORKS:
        raise InputError(f"unknown network {name!r}; expected one of {', '.join(NETWORKS)}")


def build(name: str, features: int, classes: int, lam: float = 0.0) -> Network:
    """The network `name` for data of so many features and classes; InputError where NETWORKS has no such name."""
    require_network(name)
    architecture = NETWORKS[name]
    hidden = [layer for _ in architecture.hidden for layer in ("linear", architecture.activation)]
    layers = [*hidden, "linear", *architecture.ending]
    widths = iter((features, *architecture.hidden, classes))
    D = next(widths)
    stages: list[Stage] = []
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in layers:
        number = len(shapes) // 2 + 1
        stages.append(_stage(layer, number, first=not stages))
        if stages[-1].parameters:
            C = next(widths)
            shapes |= {f"W{number}": (D, C), f"b{number}": (C,)}
            D = C
    return Network(name, tuple(stages), _stage(architecture.loss), shapes, classes, lam)


def _stage(layer: str, number: int = 0, first: bool = False) -> Stage:
    implementation = IMPLEMENTATIONS[layer]
    terms = contract_of(implementation.forward)
    data, *others = (tensor.name for tensor in terms.inputs)
    # Nobody needs the cotangent of the images, and it would be the dearest product of a step.
    backward = (first and implementation.parameters_backward) or implementation.backward
    return Stage(
        name=layer,
        forward=unwrap(implementation.forward),
        backward=unwrap(backward),
        input=data,
        output=terms.outputs[0].name,
        parameters={tensor: f"{tensor}{number}" for tensor in others if number},
        needs=tuple(signature(backward).parameters)[1:],
    )
