"""Right, but for another layer."""

from collections.abc import Iterator

import numpy as np

from checks.hypotheses.explanation import Explanation
from checks.suspect import Suspect
from derivations import LAYERS, Layer
from derivations.evaluate import evaluate_equations


def another_layer(suspect: Suspect) -> Iterator[Explanation]:
    """got = an output of another layer of the catalogue that takes the same inputs."""
    if suspect.is_cotangent or not suspect.fits:
        return
    for name, other in LAYERS.items():
        if name == suspect.layer.name or _signature(other) != _signature(suspect.layer):
            continue
        if any(option.name not in suspect.trial.values for option in other.options):
            continue
        with np.errstate(all="ignore"):
            truth = evaluate_equations(other, other.equations, suspect.trial.values, "float64")[suspect.name]
        if suspect.explained_by(truth):
            yield Explanation(name, f"{suspect.name} is that of {name}: is that the layer that it should be?")


def _signature(layer: Layer) -> tuple:
    """What goes in and comes out: names, sizes, and the range of integers."""
    return tuple(
        tuple((tensor.name, tensor.sizes, tensor.low, tensor.high) for tensor in tensors)
        for tensors in (layer.inputs, layer.outputs)
    )
