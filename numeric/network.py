"""A sequential network: a chain of layers, a loss at its end, and parameters W1 b1 W2 b2 ... in one vector."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from inspect import signature, unwrap
from typing import Any

import numpy as np

from numeric.activations import sigmoid, softmax
from numeric.contract import contract_of
from numeric.errors import InputError
from numeric.initialization import INITIALIZATIONS
from numeric.layers import IMPLEMENTATIONS

Parameters = dict[str, np.ndarray]
Memory = dict[str, Any]
Pull = Callable[..., float]

DROPOUT = "dropout"
_ROWS = 500  # images read at once: many more would take more memory than the data
# From the outputs of a network to shares, where its loss makes them of its outputs.
_SHARES = {"softmax_cross_entropy": softmax, "sigmoid_cross_entropy": sigmoid}


@dataclass(frozen=True)
class Stage:
    """A layer at its place in a network: the very functions that are checked, without their input checks.

    `parameters` maps the layer's tensors to the network's parameters (`W` to `W2`); `needs` are the tensors that the
    backward asks for after the cotangent of the output; `options` are the layer's settings.
    """

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., dict[str, np.ndarray]]
    input: str
    output: str
    parameters: dict[str, str]
    needs: tuple[str, ...]
    options: Mapping[str, float] = field(default_factory=dict)

    def known(self, parameters: Parameters) -> Memory:
        """What the layer is given at every step: its options and its parameters, by tensor."""
        return {**self.options, **{tensor: parameters[name] for tensor, name in self.parameters.items()}}

    def places(self, cotangents: Parameters) -> Parameters:
        """Where the cotangents of its parameters are to be written, as dW, db, ..."""
        return {"d" + tensor: cotangents[name] for tensor, name in self.parameters.items()}

    def remember(self, X: np.ndarray, known: Memory) -> Memory:
        """Run forward; return all its inputs, its output and intermediates."""
        memory = {self.input: X, **known}
        result = self.forward(**memory)
        if isinstance(result, dict):
            memory.update(result)
        else:
            memory[self.output] = result
        return memory

    def pull(
        self, cotangent: np.ndarray | float, memory: Memory, places: Parameters | None = None
    ) -> dict[str, np.ndarray]:
        """Run backward: from the cotangent of the output to those of the inputs, named dX, dW, ...

        Those of the parameters are written into `places`, where there are any.
        """
        needed = [memory[name] for name in self.needs]
        if not places:
            return self.backward(cotangent, *needed)
        if self._writes:
            return self.backward(cotangent, *needed, out=places)
        pulled = self.backward(cotangent, *needed)
        for name, place in places.items():
            place[...] = pulled[name]
        return pulled

    @cached_property
    def _writes(self) -> bool:
        """Whether the backward takes arrays that it writes into."""
        return "out" in signature(self.backward).parameters


def stage(layer: str, number: int = 0, first: bool = False, options: Mapping[str, float] | None = None) -> Stage:
    """The layer `layer` of IMPLEMENTATIONS at its place; its parameters, if it has any, get `number` to their names.

    Nobody needs the cotangent of what the `first` layer reads, and it would be the dearest product of a step.
    """
    implementation = IMPLEMENTATIONS[layer]
    terms = contract_of(implementation.forward)
    data, *others = (tensor.name for tensor in terms.inputs)
    backward = (first and implementation.parameters_backward) or implementation.backward
    return Stage(
        name=layer,
        forward=unwrap(implementation.forward),
        backward=unwrap(backward),
        input=data,
        output=terms.outputs[0].name,
        parameters={tensor: f"{tensor}{number}" for tensor in others if number},
        needs=tuple(name for name in signature(backward).parameters if name != "out")[1:],
        options=options or {},
    )


@dataclass(frozen=True)
class Penalty:
    """What every weight matrix pays, whatever the data: lam1 times its absolute values, lam2/2 times its squares."""

    lam1: float = 0.0
    lam2: float = 0.0

    @property
    def stage(self) -> Stage | None:
        """The layer that says so; None where nothing is paid."""
        if self.lam1 and self.lam2:
            return stage("elastic_net", options={"lam1": self.lam1, "lam2": self.lam2})
        if self.lam1:
            return stage("l1_penalty", options={"lam": self.lam1})
        return stage("l2_penalty", options={"lam": self.lam2}) if self.lam2 else None


NOTHING = Penalty()


@dataclass(frozen=True)
class Network:
    """Stages in order, the loss, and the shape of every parameter, in the order of the vector that holds them all.

    `image` is the shape in which the first stage wants each row of X. A dropout stage is there only while training.
    """

    name: str
    stages: tuple[Stage, ...]
    loss: Stage
    shapes: dict[str, tuple[int, ...]]
    image: tuple[int, ...]
    classes: int
    penalty: Penalty = NOTHING

    @property
    def layers(self) -> list[str]:
        """The names of the layers that the network uses, each once."""
        stages = (*self.stages, self.loss, self._penalty)
        return list(dict.fromkeys(stage.name for stage in stages if stage))

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    @property
    def features(self) -> int:
        """The number of pixels that it reads."""
        return int(np.prod(self.image))

    @property
    def convolves(self) -> bool:
        """Whether it sees its images as such, and not as rows of numbers."""
        return len(self.image) > 1

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

    def members(self, parameters: Parameters) -> list[tuple["Network", Parameters]]:
        """The networks that it is made of, each with its parameters: itself alone."""
        return [(self, parameters)]

    def forward(self, parameters: Parameters, X: np.ndarray) -> np.ndarray:
        """The last stage's output, [N, classes], for X[N, D]."""
        if len(X) > _ROWS:
            parts = [X[first : first + _ROWS] for first in range(0, len(X), _ROWS)]
            return np.concatenate([self.forward(parameters, part) for part in parts])
        X = X.reshape(len(X), *self.image)
        for stage in self.stages:
            if stage.name != DROPOUT:
                X = stage.remember(X, stage.known(parameters))[stage.output]
        return X

    def shares(self, parameters: Parameters, X: np.ndarray) -> np.ndarray:
        """What it gives each class, from 0 to 1, for X[N, D]: probabilities where its loss is that of a softmax.

        Sigmoid outputs answer one question each, and need not add up to 1.
        """
        outputs = self.forward(parameters, X)
        return _SHARES[self.loss.name](outputs) if self.loss.name in _SHARES else outputs

    def predict(self, parameters: Parameters, X: np.ndarray) -> np.ndarray:
        """The label of the largest output for every row of X[N, D]."""
        return self.forward(parameters, X).argmax(axis=1)

    def loss_of(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> float:
        """L of a batch X[N, D] with targets T, penalties included."""
        L = self.loss.remember(self.forward(parameters, X), {"T": T})[self.loss.output]
        return float(L) + sum(float(memory["L"]) for *_, memory in self._paid(parameters))

    def masks(self, N: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw which inputs of each dropout stage are kept, [N, D] of 0 and 1, for a batch of N."""
        return [
            (rng.random((N, width), dtype=np.float32) < keep).astype(np.uint8) for width, keep in self._dropped_widths
        ]

    def backward(
        self, parameters: Parameters, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray] = ()
    ) -> tuple[float, np.ndarray]:
        """L of a batch X[N, D] with targets T, penalties included, and the cotangents of all parameters, one vector.

        Without `masks` nothing is dropped.
        """
        cotangents = np.empty(self.size, parameters[next(iter(self.shapes))].dtype)
        views = self.views(cotangents)
        L = self.bind(parameters, views)(X, T, masks)
        return L + self.penalize(parameters, views), cotangents

    def bind(self, parameters: Parameters, cotangents: Parameters) -> Pull:
        """A function of X[N, D], targets T, masks and a share, to be called at every step.

        It returns the share times L, without penalties, and writes what that makes of the cotangents into `cotangents`.
        The share is what these rows are of a batch: what the parts of a batch return adds up to what the whole does.
        """
        bound = [(stage, stage.known(parameters)) for stage in self.stages]
        places = {id(stage): stage.places(cotangents) for stage in self.stages}
        nowhere: Parameters = {}

        def pull(X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray] = (), share: float = 1.0) -> float:
            memories = self._memories(bound, X, T, masks)
            cotangent: np.ndarray | float = share
            for stage, memory in reversed(memories):
                pulled = stage.pull(cotangent, memory, places.get(id(stage), nowhere))
                cotangent = pulled.get("d" + stage.input, cotangent)
            return share * float(memories[-1][1][self.loss.output])

        return pull

    def penalize(self, parameters: Parameters, cotangents: Parameters) -> float:
        """What all weights pay; what that makes of their cotangents is added to these."""
        L = 0.0
        for name, stage, memory in self._paid(parameters):
            L += float(memory["L"])
            cotangents[name] += stage.pull(1.0, memory)["dW"].reshape(cotangents[name].shape)
        return L

    def memories(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> list[tuple[Stage, Memory]]:
        """Every stage in use with what it sees and makes of X[N, D], the loss with its targets T last."""
        return self._memories([(stage, stage.known(parameters)) for stage in self.stages], X, T, ())

    def trace(self, parameters: Parameters, X: np.ndarray, T: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
        """Every array of a step in the order in which it is used or made: the layer's place, the tensor, the array."""
        memories = self.memories(parameters, X, T)
        places = [f"layer {number} ({stage.name})" for number, (stage, _) in enumerate(memories, start=1)]
        for place, (_, memory) in zip(places, memories, strict=True):
            for tensor, array in memory.items():
                yield place, tensor, array
        for name, stage, memory in self._paid(parameters):
            yield f"the {stage.name} of {name}", "L", memory["L"]
        cotangent: np.ndarray | float = 1.0
        for place, (stage, memory) in reversed(list(zip(places, memories, strict=True))):
            pulled = stage.pull(cotangent, memory)
            for tensor, array in pulled.items():
                yield place, tensor, array
            cotangent = pulled.get("d" + stage.input, cotangent)

    def _memories(
        self, bound: Sequence[tuple[Stage, Memory]], X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]
    ) -> list[tuple[Stage, Memory]]:
        """What every stage in use saw and made, the loss last."""
        X = X.reshape(len(X), *self.image)
        memories, left = [], iter(masks)
        for stage, known in bound:
            if stage.name == DROPOUT:
                if not masks:
                    continue
                known = {**known, "M": next(left)}
            memory = stage.remember(X, known)
            memories.append((stage, memory))
            X = memory[stage.output]
        memories.append((self.loss, self.loss.remember(X, {"T": T})))
        return memories

    def _paid(self, parameters: Parameters) -> Iterator[tuple[str, Stage, Memory]]:
        """For every weight, as a matrix, its name, the penalty, and what that saw and made."""
        penalty = self._penalty
        if penalty is None:
            return
        for name in self._weights:
            rows = parameters[name].reshape(-1, parameters[name].shape[-1])
            yield name, penalty, penalty.remember(rows, penalty.known({}))

    @cached_property
    def _penalty(self) -> Stage | None:
        return self.penalty.stage

    @cached_property
    def _weights(self) -> list[str]:
        return [name for name, shape in self.shapes.items() if len(shape) > 1]

    @cached_property
    def _dropped_widths(self) -> list[tuple[int, float]]:
        """The width of what every dropout stage reads, that of the linear layer before it, and the share it keeps."""
        widths, width = [], 0
        for stage in self.stages:
            if "b" in stage.parameters:
                (width,) = self.shapes[stage.parameters["b"]]
            if stage.name == DROPOUT:
                widths.append((width, stage.options["keep"]))
        return widths
