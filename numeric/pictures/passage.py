"""One example's way through a network and back: what every layer computes, and what the loss asks of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from inspect import signature, unwrap

import numpy as np

from numeric.layers import IMPLEMENTATIONS
from numeric.network import DROPOUT, Network, Parameters, Stage


@dataclass(frozen=True)
class Stop:
    """What a layer computes of one example, and the cotangent of the loss with respect to it, of the same shape."""

    layer: str
    values: np.ndarray
    cotangents: np.ndarray


@dataclass(frozen=True)
class Passage:
    """The image, every layer's output in order, the loss, and what the network gives each class."""

    stops: tuple[Stop, ...]
    loss: float
    shares: np.ndarray


def passage(network: Network, parameters: Parameters, X: np.ndarray, label: int) -> Passage:
    """The way of one image X[1, D] through a network, and of the cotangents of its loss at `label` back to it.

    The first stop is the image itself. What only drops or flattens is left out.
    """
    T = network.targets(np.array([label]))
    T = T if T.dtype.kind == "i" else T.astype(X.dtype)
    seen, memories = X.reshape(1, *network.image), []
    for stage in _whole(network):
        memories.append((stage, stage.remember(seen, stage.known(parameters))))
        seen = memories[-1][1][stage.output]
    end = network.loss.remember(seen, {"T": T})
    cotangent = network.loss.pull(1.0, end)["d" + network.loss.input]
    stops = []
    for stage, memory in reversed(memories):
        stops.append(Stop(stage.name, memory[stage.output][0], cotangent[0]))
        cotangent = stage.pull(cotangent, memory)["d" + stage.input]
    stops.append(Stop("image", X[0], cotangent.reshape(-1)))
    kept = [stop for stop in reversed(stops) if stop.layer != "flatten"]
    return Passage(tuple(kept), float(end[network.loss.output]), network.shares(parameters, X)[0])


def _whole(network: Network) -> Iterator[Stage]:
    """The stages that are there when it reads; the first, too, tells the cotangent of its data."""
    first, *others = [stage for stage in network.stages if stage.name != DROPOUT]
    backward = IMPLEMENTATIONS[first.name].backward
    needs = tuple(name for name in signature(backward).parameters if name != "out")[1:]
    yield replace(first, backward=unwrap(backward), needs=needs)
    yield from others
