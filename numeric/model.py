"""A trained network from its file: built anew by name, and refused unless every parameter fits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from numeric import checkpoint
from numeric.activations import sigmoid, softmax
from numeric.checkpoint import Shapes
from numeric.errors import InputError
from numeric.network import NETWORKS, Network, Parameters, build

MOST_FEATURES = 1 << 20  # the pixels of a picture, 1024 x 1024


@dataclass(frozen=True)
class Model:
    """A network with its parameters, and what its file says of them (network, dataset, seed)."""

    network: Network
    parameters: Parameters
    metadata: dict[str, str]

    @property
    def features(self) -> int:
        """The number of pixels that it reads."""
        return self.parameters["W1"].shape[0]

    def shares(self, X: np.ndarray) -> np.ndarray:
        """What it gives each class, from 0 to 1, for X[N, D]: probabilities where its loss is that of a softmax.

        Sigmoid outputs answer one question each, and need not add up to 1.
        """
        outputs = self.network.forward(self.parameters, X)
        if self.network.loss.name == "softmax_cross_entropy":
            return softmax(outputs)
        return sigmoid(outputs) if self.network.loss.name == "sigmoid_cross_entropy" else outputs


def load_model(path: Path) -> Model:
    """Read a model.safetensors that `backproof train --out` wrote.

    Raises InputError where the file is missing or malformed, or its parameters are not those of the network that it
    names: by their shapes, before any of them is read.
    """
    parameters, metadata = checkpoint.load(path, lambda shapes, metadata: _network(path, shapes, metadata))
    network = _network(path, {name: array.shape for name, array in parameters.items()}, metadata)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        single = {name: array.astype(np.float32) for name, array in parameters.items()}
    if not all(np.isfinite(array).all() for array in single.values()):
        raise InputError(f"{path} holds parameters that are not finite; train the model anew")
    return Model(network, single, metadata)


def _network(path: Path, shapes: Shapes, metadata: dict[str, str]) -> Network:
    """The network that a file names, if the shapes in the file are those of its parameters."""
    name = metadata.get("network", "")
    if name not in NETWORKS:
        raise InputError(f"{path} names no network of ours ({name!r:.40}); expected a model that backproof train wrote")
    first, last = shapes.get("W1", ()), shapes.get(f"b{len(NETWORKS[name].hidden) + 1}", ())
    if len(first) != 2 or len(last) != 1:
        raise InputError(f"{path} lacks the first or the last parameters of {name}; train the model anew")
    if first[0] > MOST_FEATURES or last[0] > MOST_FEATURES:
        raise InputError(f"{path}: a network of {first[0]} inputs and {last[0]} classes is larger than any of ours")
    network = build(name, first[0], last[0])
    if shapes != network.shapes:
        wrong = sorted(n for n in {*shapes, *network.shapes} if shapes.get(n) != network.shapes.get(n))[0]
        raise InputError(
            f"{path}: {wrong} is {shapes.get(wrong, 'missing')}, expected {network.shapes.get(wrong, 'no such tensor')}"
        )
    return network
