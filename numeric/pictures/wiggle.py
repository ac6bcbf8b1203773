"""The wiggle: nudge one weight, and compute how z, a and C move, and what the derivatives predict.

z is the weighted sum that the weight goes into, a what the activation makes of it, C the loss of one example. At a
nudge of t a derivative predicts a change of t times itself: a tangent, right at 0 and nearly right near it.
"""

import re
from dataclasses import dataclass

import numpy as np

from numeric.errors import InputError
from numeric.network import DROPOUT, Memory, Network, Parameters, Stage

NUDGES = 121  # an odd number: the middle one is 0
_LEAST_REACH, _MOST_REACH = 1.0, 20.0
_ACTIVATIONS = ("relu", "sigmoid", "tanh")
_WEIGHT = re.compile(r"(W[1-9][0-9]{0,3})\[([0-9]{1,6}), ?([0-9]{1,6})\]")


@dataclass(frozen=True)
class Weight:
    """The entry of a matrix W[D, C] that connects unit `source` to unit `target` of the layer behind it."""

    name: str
    source: int
    target: int

    def __str__(self) -> str:
        return f"{self.name}[{self.source},{self.target}]"


@dataclass(frozen=True)
class Curve:
    """What a quantity is at every nudge [NUDGES], and its derivative with respect to the weight at the nudge 0."""

    name: str
    meaning: str
    values: np.ndarray
    slope: float

    def predicted(self, nudges: np.ndarray) -> np.ndarray:
        """What the derivative says that the quantity is at every nudge."""
        return self.values[NUDGES // 2] + self.slope * nudges


@dataclass(frozen=True)
class Wiggle:
    """A weight, its value, the nudges that it gets, and what moves with it."""

    weight: Weight
    value: float
    nudges: np.ndarray
    curves: tuple[Curve, ...]


def read_weight(written: str, network: Network) -> Weight:
    """`W1[3,5]`: an entry of a weight matrix. Raises InputError for anything else, and for one outside of it."""
    matrices = {name: shape for name, shape in network.shapes.items() if len(shape) == 2}
    found = _WEIGHT.fullmatch(written)
    if found is None or found[1] not in matrices:
        raise InputError(
            f"{written!r:.40} is no weight of {network.name}; expected one like {next(iter(matrices))}[0,0], of "
            f"{', '.join(f'{name}{list(shape)}' for name, shape in matrices.items())}"
        )
    weight = Weight(found[1], int(found[2]), int(found[3]))
    rows, columns = matrices[weight.name]
    if weight.source >= rows or weight.target >= columns:
        raise InputError(f"{weight} lies outside of {weight.name}[{rows}, {columns}]; indices count from 0")
    return weight


def heaviest(network: Network, parameters: Parameters, X: np.ndarray, label: int) -> Weight:
    """The entry of the first weight matrix on which the loss of X[1, D] at `label` depends the most."""
    name = next(name for name, shape in network.shapes.items() if len(shape) == 2)
    cotangent = network.views(network.backward(*_exact(network, parameters, X, label))[1])[name]
    source, target = np.unravel_index(np.abs(cotangent).argmax(), cotangent.shape)
    return Weight(name, int(source), int(target))


def wiggle(network: Network, parameters: Parameters, X: np.ndarray, label: int, weight: Weight) -> Wiggle:
    """Nudge a weight of a network that reads X[1, D], and compute in float64 what moves, and the derivatives.

    The nudges reach as far as z needs to come to 0, within bounds. `a` is left out where no activation follows.
    """
    parameters, X, T = _exact(network, parameters, X, label)
    stages = [stage for stage in network.stages if stage.name != DROPOUT]
    place = next(k for k, stage in enumerate(stages) if weight.name in stage.parameters.values())
    linear, after = stages[place], next(iter(stages[place + 1 : place + 2]), None)
    if after is not None and after.name not in _ACTIVATIONS:
        after = None
    reads = X.reshape(1, *network.image)
    for stage in stages[:place]:
        reads = stage.remember(reads, stage.known(parameters))[stage.output]
    dC = network.views(network.backward(parameters, X, T)[1])[weight.name]
    entry, unit = (weight.source, weight.target), (0, weight.target)
    start, dz = float(parameters[weight.name][entry]), float(reads[0, weight.source])
    Z = linear.remember(reads, linear.known(parameters))[linear.output]
    reach = min(_MOST_REACH, max(_LEAST_REACH, 1.5 * abs(float(Z[unit]) / dz))) if dz else _LEAST_REACH
    nudges = np.linspace(-reach, reach, NUDGES)
    z, a, C = np.empty(NUDGES), np.empty(NUDGES), np.empty(NUDGES)
    nudged = parameters | {weight.name: parameters[weight.name].copy()}
    for k, nudge in enumerate(nudges):
        nudged[weight.name][entry] = start + nudge
        moved = linear.remember(reads, linear.known(nudged))[linear.output]
        z[k], C[k] = moved[unit], network.loss_of(nudged, X, T)
        if after is not None:
            a[k] = after.remember(moved, after.known(nudged))[after.output][unit]
    curves = [Curve("z", "the weighted sum", z, dz)]
    if after is not None:
        slope = _slope(after, after.remember(Z, after.known(parameters)), unit) * dz
        curves.append(Curve("a", f"what {after.name} makes of it", a, slope))
    return Wiggle(weight, start, nudges, (*curves, Curve("C", "the loss", C, float(dC[entry]))))


def _exact(
    network: Network, parameters: Parameters, X: np.ndarray, label: int
) -> tuple[Parameters, np.ndarray, np.ndarray]:
    """All in float64: small nudges must not drown in rounding."""
    T = network.targets(np.array([label]))
    exact = {name: array.astype(np.float64) for name, array in parameters.items()}
    return exact, X.astype(np.float64), T if T.dtype.kind == "i" else T.astype(np.float64)


def _slope(stage: Stage, memory: Memory, unit: tuple[int, int]) -> float:
    """The derivative of one output of an activation with respect to its own input."""
    picked = np.zeros_like(memory[stage.output])
    picked[unit] = 1
    return float(stage.pull(picked, memory)["d" + stage.input][unit])
