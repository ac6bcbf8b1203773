"""What a forward gives in one case, and whether it is what the equations say."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from checks.implementation import MisconductError, as_numbers
from checks.trial import Trial
from checks.verdict import judge

Outputs = Mapping[str, NDArray[np.float64]]


def outputs_of(trial: Trial) -> Outputs:
    """What a forward gives; nothing where it raises, or gives something of another shape.

    Of one that gives no output at all, as networks without their loss do, what it gives on the way.
    """
    try:
        results = trial.forward(trial.arguments())
        given = {name for name in trial.truth if name in results and name not in trial.derivation.cotangents}
        missing = given & {*trial.outputs} and {*trial.outputs} - given
        names = [] if missing else [name for name in trial.outputs if name in given] or sorted(given)
        found = {name: as_numbers(name, results[name]) for name in names}
    except MisconductError:
        return {}
    return found if all(array.shape == trial.truth[name].value.shape for name, array in found.items()) else {}


def outputs_agree(trial: Trial, found: Outputs) -> bool:
    """Whether outputs are what the equations say; there have to be some."""
    near = trial.format.near
    return bool(found) and all(
        judge("", name, "equations", array, trial.truth[name], trial.bounds[name], near).verdict == "agree"
        for name, array in found.items()
    )
