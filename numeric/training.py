"""Training: what is asked for, in a checked form; a validation split; the run and its summary."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from numeric.architectures import NETWORKS, build, require_network
from numeric.atomic import require_writable, sweep
from numeric.data.dataset import Dataset
from numeric.errors import InputError, TrainingError
from numeric.fitting import Split, fit
from numeric.history import Epoch, Observer
from numeric.network import Network, Parameters, Penalty
from numeric.patience import Patience
from numeric.recipes import RECIPES, Recipe
from numeric.resumption import CHECKPOINT, Progress
from numeric.run_directory import write_run
from numeric.teams import team_for, usual_threads
from numeric.trajectory import Trajectory

MOST_THREADS = 256
_VALIDATION_SHARE = 1 / 12  # 5000 of MNIST's 60000


@dataclass(frozen=True)
class Result:
    """A trained network, its parameters by name after its best epoch, its epochs, and what summary.json holds."""

    network: Network
    parameters: Parameters
    history: tuple[Epoch, ...]
    summary: dict[str, Any]


def split(images: int, rng: np.random.Generator) -> Split:
    """Set a twelfth of the training images aside, at random, and at least one; InputError where none would be left."""
    if images < 2:
        raise InputError("one training image is too few; expected two or more, one of them to validate with")
    order = rng.permutation(images)
    held_out = max(1, round(images * _VALIDATION_SHARE))
    return Split(train=order[held_out:], validation=order[:held_out])


def recipe_for(network: str, dataset: str) -> Recipe:
    """What RECIPES says. Raises InputError where it says nothing."""
    if (network, dataset) not in RECIPES:
        raise InputError(f"no recipe for {network} on {dataset}; give one, or use mnist or digits")
    return RECIPES[network, dataset]


def train(
    network_name: str,
    dataset: Dataset,
    *,
    epochs: int | None = None,
    seed: int = 0,
    out: Path | None = None,
    init: str | None = None,
    recipe: Recipe | None = None,
    threads: int | None = None,
    verify: Callable[[list[str]], str | None] | None = None,
    observers: Sequence[Observer] = (),
    resume: bool = False,
    keep_path: bool = False,
) -> Result:
    """Train a network of NETWORKS on `dataset`, by `recipe` or as RECIPES says, and write the run into `out`.

    After every epoch a checkpoint is written there; with `resume`, training goes on where the one in `out` stands.
    `epochs` and `init` replace what the tables say, `threads` what the network's size says. `verify` gets the names of
    all layers in use and returns what the model's file says of their certificate, or None where they may not be
    trusted; nothing is trained then. With `keep_path` the way of the parameters is kept, too (`Trajectory`). The same
    seed and number of threads give the same parameters, bit for bit.

    Raises InputError for a wrong name or number and for an `out` that cannot be written, before anything is computed;
    TrainingError where `verify` says no, where a value that is not finite turns up, naming the layer and the step, and
    where the cotangents of an epoch are not the slope of its loss.
    """
    require_network(network_name)
    recipe = recipe or recipe_for(network_name, dataset.name)
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    _require_at_least(0, seed=seed)
    features = dataset.train_images.shape[1]
    network = build(network_name, features, dataset.classes, Penalty(recipe.lam1, recipe.lam), recipe.keep)
    threads = usual_threads(network) if threads is None else threads
    _require_at_least(1, threads=threads)
    if threads > MOST_THREADS:
        raise InputError(f"threads is {threads}; expected {MOST_THREADS} at most")
    initial, splitting, drawing = np.random.default_rng(seed).spawn(3)
    init = init or NETWORKS[network_name].init
    vector = network.initialize(init, initial)
    progress = Progress(
        {
            "network": network_name,
            "dataset": dataset.name,
            "seed": seed,
            "init": init,
            "threads": threads,
            "recipe": recipe.to_json(),
            "keep_path": keep_path,
            "images": zlib.crc32(dataset.train_images.data),
        },
        vector,
        recipe.optimizer.start(vector),
        Patience(recipe.halve_after, recipe.patience),
        drawing,
        [],
    )
    path = Trajectory() if keep_path else None
    if out is not None:
        require_writable(out)
        if resume:
            progress.restore(out)
            path = path and Trajectory.resumed(out, len(progress.history) / recipe.epochs, network.size)
        elif out.is_dir():
            sweep(out)
    certificate = verify(network.layers) if verify else ""
    if certificate is None:
        raise TrainingError(f"{network_name} is not trained: of {', '.join(network.layers)}, not all have passed")

    rows = split(len(dataset.train_images), splitting)
    distorted = recipe.distortion is not None
    with team_for(network, vector, recipe.optimizer, progress.state, threads, distorted) as team:
        fit(team, progress, dataset, rows, recipe, observers, out, path)
        test_accuracy = team.accuracy(dataset.test_images, dataset.test_labels)
    history, best = progress.history, progress.patience.best_epoch
    summary = {
        "network": network_name,
        "dataset": dataset.name,
        "parameters": network.size,
        "epochs": len(history),
        "best_epoch": best,
        "train_seconds": round(sum(epoch.seconds for epoch in history), 3),
        "test_accuracy": test_accuracy,
        "validation_accuracy": history[best - 1].validation_accuracy,
        "seed": seed,
        "threads": threads,
    }
    parameters = network.views(vector)
    if out is not None:
        told = {key: str(summary[key]) for key in ("network", "dataset", "seed")}
        told |= {"features": str(features), "certificate": certificate}
        write_run(out, parameters, told, history, summary)
        (out / CHECKPOINT).unlink(missing_ok=True)
    return Result(network, parameters, tuple(history), summary)


def _require_at_least(least: int, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < least:
            raise InputError(f"{name} is {number}; expected a whole number, {least} or more")
