"""A trained network from its file: built anew by name, and refused unless every parameter fits."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from numeric import checkpoint
from numeric.architectures import NETWORKS, build
from numeric.errors import InputError
from numeric.network import Network, Parameters


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
    names.
    """
    parameters, metadata = checkpoint.load(path)
    name, features = metadata.get("network", ""), metadata.get("features", "")
    if name not in NETWORKS:
        raise InputError(f"{path} names no network of ours ({name!r:.40}); expected a model that backproof train wrote")
    if not isinstance(features, str) or not re.fullmatch(r"[1-9][0-9]{0,5}", features):
        raise InputError(f"{path} does not say how many pixels {name} reads ({features!r:.40}); train the model anew")
    last = parameters.get(list(build(name, int(features), 1).shapes)[-1])
    if last is None or last.ndim != 1 or not len(last):
        raise InputError(f"{path} lacks the last parameters of {name}; train the model anew")
    network = build(name, int(features), len(last))
    shapes = {name: array.shape for name, array in parameters.items()}
    if shapes != network.shapes:
        wrong = sorted(n for n in {*shapes, *network.shapes} if shapes.get(n) != network.shapes.get(n))[0]
        raise InputError(
            f"{path}: {wrong} is {shapes.get(wrong, 'missing')}, expected {network.shapes.get(wrong, 'no such tensor')}"
        )
    if not all(np.isfinite(array).all() for array in parameters.values()):
        raise InputError(f"{path} holds parameters that are not finite; train the model anew")
    return Model(network, {name: array.astype(np.float32) for name, array in parameters.items()}, metadata)
