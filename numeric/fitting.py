"""The loop that moves parameters: epochs of mini-batches, and a stop at the first value that is not finite."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from numeric.batches import batches
from numeric.data.dataset import Dataset
from numeric.directional import ROWS, directional_check
from numeric.errors import TrainingError
from numeric.history import Epoch, Observer
from numeric.network import Network, Parameters
from numeric.recipes import Recipe
from numeric.resumption import Progress
from numeric.schedules import SCHEDULES
from numeric.team import Team
from numeric.trajectory import Trajectory

_OBSERVED = 64  # batches from one report to the next
_MEASURED = 8  # batches of an epoch at which lengths are measured: those of a single one jump about


@dataclass(frozen=True)
class Split:
    """Rows of the training images by number: those to learn from, and those to validate with."""

    train: np.ndarray
    validation: np.ndarray


@np.errstate(all="ignore")  # what overflows is found, and named, by require_finite
def fit(
    team: Team,
    progress: Progress,
    dataset: Dataset,
    rows: Split,
    recipe: Recipe,
    observers: Sequence[Observer] = (),
    out: Path | None = None,
    path: Trajectory | None = None,
) -> None:
    """Move `progress` through the epochs of `recipe` that are left, then its parameters back to the best of all epochs.

    After every epoch it is saved in `out`, and so is `path`, which sees the parameters on their way. Raises
    TrainingError, naming the layer and the step, as soon as the loss or a parameter is not finite, and where the
    cotangents of an epoch's last batch are not the slope of the loss.
    """
    network = team.network
    targets = network.targets(dataset.train_labels)
    validation = dataset.train_images[rows.validation], dataset.train_labels[rows.validation]
    vector, history, patience = progress.vector, progress.history, progress.patience
    schedule, steps = SCHEDULES[recipe.schedule], math.ceil(len(rows.train) / recipe.batch)
    for observer in observers:
        observer.start(recipe.epochs)
    for epoch in range(len(history), recipe.epochs):
        if not patience.goes_on:
            break
        began, full_rate = time.perf_counter(), recipe.rate * patience.share

        def rate_at(batch: int, before: int = epoch * steps, full_rate: float = full_rate) -> float:
            done = (before + batch) / (steps * recipe.epochs)
            if path is not None:
                team.settle()
                path.see(done, vector)
            if batch % _OBSERVED == 0:
                for observer in observers:
                    observer.batch(done)
            return full_rate * schedule(done)

        passed = run_epoch(team, progress, dataset.train_images, targets, rows.train, recipe, rate_at, epoch + 1)
        check = _slope_error(network, vector, passed.X[:ROWS], passed.T[:ROWS], epoch + 1)
        validated = team.accuracy(*validation)
        seconds = round(time.perf_counter() - began, 3)
        last_rate = full_rate * schedule(((epoch + 1) * steps - 1) / (steps * recipe.epochs))
        history.append(Epoch(epoch + 1, passed.loss, validated, last_rate, seconds, passed.norms, check))
        patience.hear(epoch + 1, validated, vector)
        if out is not None:
            progress.save(out)
            if path is not None:
                path.save(out)
        for observer in observers:
            observer.epoch(history[-1])
    if path is not None:
        path.see(1.0, vector)
        if out is not None:
            path.save(out)
    vector[:] = patience.best


@dataclass(frozen=True)
class Passed:
    """An epoch that is over: its mean loss, its last batch X and T, and the cotangents' mean lengths."""

    loss: float
    X: np.ndarray
    T: np.ndarray
    norms: dict[str, float]


def run_epoch(
    team: Team,
    progress: Progress,
    images: np.ndarray,
    targets: np.ndarray,
    rows: np.ndarray,
    recipe: Recipe,
    rate_at: Callable[[int], float],
    epoch: int,
) -> Passed:
    """One step for every mini-batch of `rows`, in random order; `rate_at` gives the learning rate of each, from 0 on.

    Raises TrainingError, naming the layer and the step, as soon as the loss or a cotangent is not finite.
    """
    network, vector, rng = team.network, progress.vector, progress.rng
    total, steps, order = 0.0, math.ceil(len(rows) / recipe.batch), rng.permutation(rows)
    seen = team.begin(images, order, recipe.batch)
    measured = set(np.linspace(0, steps - 1, min(steps, _MEASURED)).astype(int).tolist())
    lengths = dict.fromkeys(network.shapes, 0.0)

    def whole(batch: int, X: np.ndarray) -> np.ndarray:
        """All pixels of a batch of which the team has seen X."""
        first = batch * recipe.batch
        return X if seen is images else images[order[first : first + len(X)]]

    for batch, (X, T) in enumerate(batches(seen, targets, order, recipe.batch, recipe.distortion, rng)):
        L = team.backward(X, T, network.masks(len(X), rng))
        if not math.isfinite(L + team.square):
            team.settle()
            require_finite(network, network.views(vector), whole(batch, X), T, f"epoch {epoch}, batch {batch + 1}")
        if batch in measured:
            for name, cotangent in network.views(team.gradient).items():
                lengths[name] += float(np.linalg.norm(cotangent)) / len(measured)
        team.step(rate_at(batch), recipe.clip)
        total += L
    team.settle()
    X = whole(batch, X)
    require_finite(network, network.views(vector), X, T, f"the end of epoch {epoch}")
    return Passed(total / steps, X, T, lengths)


def require_finite(network: Network, parameters: Parameters, X: np.ndarray, T: np.ndarray, step: str) -> None:
    """Raise TrainingError, naming the first layer and tensor of this step that is not finite, if there is one."""
    for place, tensor, array in network.trace(parameters, X, T):
        if not np.isfinite(array).all():
            raise TrainingError(
                f"training stopped at {step}: {tensor} of {place} is not finite; try a smaller learning rate"
            )


def _slope_error(network: Network, vector: np.ndarray, X: np.ndarray, T: np.ndarray, epoch: int) -> float | None:
    """The error of one directional derivative, in units of its bound; None where differences cannot tell."""
    check = directional_check(network, vector, X, T, np.random.default_rng(epoch))
    if check.disagrees:
        raise TrainingError(
            f"training stopped at the end of epoch {epoch}: the cotangents say that the loss changes by "
            f"{check.claimed:.9g} along a random direction, differences of the loss say {check.measured:.9g}; "
            "check the layers"
        )
    return check.error
