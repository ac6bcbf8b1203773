"""A trained network from its file: built anew by name, and refused unless every parameter fits."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from numeric import checkpoint
from numeric.architectures import NETWORKS, build
from numeric.checkpoint import Shapes
from numeric.data.dataset import Dataset
from numeric.data.datasets import load
from numeric.errors import InputError
from numeric.network import Network, Parameters

MOST_FEATURES = 1 << 20  # the pixels of a picture, 1024 x 1024


@dataclass(frozen=True)
class Model:
    """A network with its parameters, and what its file says of them (network, dataset, seed)."""

    network: Network
    parameters: Parameters
    metadata: dict[str, str]

    def shares(self, X: np.ndarray) -> np.ndarray:
        """As `Network.shares`."""
        return self.network.shares(self.parameters, X)


def load_model(path: Path) -> Model:
    """Read a model.safetensors that `backproof train --out` wrote.

    Raises InputError where the file is missing or malformed, or its parameters are not those of the network that it
    names: by their shapes, before any of them is read.
    """
    parameters, metadata = checkpoint.load(path, lambda shapes, metadata: _network(path, shapes, metadata))
    network = _network(path, {name: array.shape for name, array in parameters.items()}, metadata)
    single = {name: checkpoint.cast(array) for name, array in parameters.items()}
    if not all(np.isfinite(array).all() for array in single.values()):
        raise InputError(f"{path} holds parameters that are not finite; train the model anew")
    return Model(network, single, metadata)


def dataset_of(model: Model, data: Path | None) -> Dataset:
    """The dataset that a model was trained on; `data` is the folder of MNIST's files.

    Raises InputError where its file names none, or one that cannot be had, or whose images or classes do not fit it.
    """
    name, network = model.metadata.get("dataset", "auto"), model.network
    if name == "auto":
        raise InputError(f"the file of {network.name} does not say which data it was trained on; train the model anew")
    dataset = load(name, data)
    if (dataset.train_images.shape[1], dataset.classes) != (network.features, network.classes):
        raise InputError(
            f"{network.name} sorts images of {network.features} pixels into {network.classes} classes, {dataset.name} "
            f"has {dataset.train_images.shape[1]} and {dataset.classes}; train the model anew"
        )
    return dataset


def _network(path: Path, shapes: Shapes, metadata: dict[str, str]) -> Network:
    """The network that a file names, if the shapes in the file are those of its parameters."""
    name, features = metadata.get("network", ""), metadata.get("features", "")
    if name not in NETWORKS:
        raise InputError(f"{path} names no network of ours ({name!r:.40}); expected a model that backproof train wrote")
    if not re.fullmatch(r"[1-9][0-9]{0,6}", features) or int(features) > MOST_FEATURES:
        raise InputError(f"{path} does not say how many pixels {name} reads ({features!r:.40}); train the model anew")
    last = shapes.get(list(build(name, int(features), 1).shapes)[-1], ())
    if len(last) != 1 or not 0 < last[0] <= MOST_FEATURES:
        raise InputError(f"{path} lacks the last parameters of {name}; train the model anew")
    network = build(name, int(features), last[0])
    if shapes != network.shapes:
        wrong = sorted(n for n in {*shapes, *network.shapes} if shapes.get(n) != network.shapes.get(n))[0]
        raise InputError(
            f"{path}: {wrong} is {shapes.get(wrong, 'missing')}, expected {network.shapes.get(wrong, 'no such tensor')}"
        )
    return network
