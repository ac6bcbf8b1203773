"""Training: mini-batches, epochs, a validation split, and a stop at the first value that is not finite."""

import math
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from numeric.atomic import require_writable
from numeric.data.dataset import Dataset
from numeric.errors import InputError, TrainingError
from numeric.history import Epoch, Observer
from numeric.network import NETWORKS, Network, Parameters, build, require_network
from numeric.optimizers import clip
from numeric.patience import Patience
from numeric.recipes import RECIPES, Recipe
from numeric.resumption import CHECKPOINT, Progress
from numeric.run_directory import write_run
from numeric.schedules import SCHEDULES

_VALIDATION_SHARE = 1 / 12  # 5000 of MNIST's 60000
_OBSERVED = 64  # batches from one report to the next


@dataclass(frozen=True)
class Result:
    """A trained network, its parameters by name after its best epoch, its epochs, and what summary.json holds."""

    network: Network
    parameters: Parameters
    history: tuple[Epoch, ...]
    summary: dict[str, Any]


@dataclass(frozen=True)
class Split:
    """Rows of the training images by number: those to learn from, and those to validate with."""

    train: np.ndarray
    validation: np.ndarray


def split(images: int, rng: np.random.Generator) -> Split:
    """Set a twelfth of the training images aside, at random, and at least one; InputError where none would be left."""
    if images < 2:
        raise InputError("one training image is too few; expected two or more, one of them to validate with")
    order = rng.permutation(images)
    held_out = max(1, round(images * _VALIDATION_SHARE))
    return Split(train=order[held_out:], validation=order[:held_out])


def train(
    network_name: str,
    dataset: Dataset,
    *,
    epochs: int | None = None,
    seed: int = 0,
    out: Path | None = None,
    init: str | None = None,
    recipe: Recipe | None = None,
    threads: int = 1,
    verify: Callable[[list[str]], bool] | None = None,
    observers: Sequence[Observer] = (),
    resume: bool = False,
) -> Result:
    """Train a network of NETWORKS on `dataset`, by `recipe` or as RECIPES says, and write the run into `out`.

    After every epoch a checkpoint is written there; with `resume`, training goes on where the one in `out` stands.
    `epochs` and `init` replace what the tables say. `verify` gets the names of all layers in use and returns whether
    they may be trusted; nothing is trained otherwise. The same seed gives the same parameters, bit for bit, with one
    thread.

    Raises InputError for a wrong name or number and for an `out` that cannot be written, before anything is computed;
    TrainingError where `verify` says no, and where a value that is not finite turns up, naming the layer and the step.
    """
    require_network(network_name)
    recipe = recipe or _recipe(network_name, dataset.name)
    network = build(network_name, dataset.train_images.shape[1], dataset.classes, recipe.lam)
    recipe = replace(recipe, epochs=recipe.epochs if epochs is None else epochs)
    _require_at_least(1, epochs=recipe.epochs, threads=threads)
    _require_at_least(0, seed=seed)
    initial, splitting, shuffling = np.random.default_rng(seed).spawn(3)
    init = init or NETWORKS[network_name].init
    vector = network.initialize(init, initial)
    progress = Progress(
        {
            "network": network_name,
            "dataset": dataset.name,
            "epochs": recipe.epochs,
            "seed": seed,
            "init": init,
            "threads": threads,
            "recipe": str(recipe),
            "images": zlib.crc32(dataset.train_images.data),
        },
        vector,
        recipe.optimizer.start(vector),
        Patience(recipe.halve_after, recipe.patience),
        shuffling,
        [],
    )
    if out is not None:
        require_writable(out)
        if resume:
            progress.restore(out)
    if verify is not None and not verify(network.layers):
        raise TrainingError(f"{network_name} is not trained: of {', '.join(network.layers)}, not all have passed")

    rows = split(len(dataset.train_images), splitting)
    with threadpool_limits(limits=threads, user_api="blas"):
        fit(network, progress, dataset, rows, recipe, observers, out)
        history, best = progress.history, progress.patience.best_epoch
        parameters = network.views(vector)
        test_accuracy = accuracy(network, parameters, dataset.test_images, dataset.test_labels)
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
    if out is not None:
        write_run(out, parameters, history, summary)
        (out / CHECKPOINT).unlink(missing_ok=True)
    return Result(network, parameters, tuple(history), summary)


@np.errstate(all="ignore")  # what overflows is found, and named, by require_finite
def fit(
    network: Network,
    progress: Progress,
    dataset: Dataset,
    rows: Split,
    recipe: Recipe,
    observers: Sequence[Observer] = (),
    out: Path | None = None,
) -> None:
    """Move `progress` through the epochs of `recipe` that are left, then its parameters back to the best of all epochs.

    After every epoch it is saved in `out`.
    Raises TrainingError, naming the layer and the step, as soon as the loss or a parameter is not finite.
    """
    images, targets = dataset.train_images, network.targets(dataset.train_labels)
    validation_images, validation_labels = images[rows.validation], dataset.train_labels[rows.validation]
    vector, history, patience = progress.vector, progress.history, progress.patience
    parameters, schedule = network.views(vector), SCHEDULES[recipe.schedule]
    starts = range(0, len(rows.train), recipe.batch)
    total = len(starts) * recipe.epochs
    buffer = np.empty((recipe.batch, images.shape[1]), np.float32)
    for observer in observers:
        observer.start(recipe.epochs)
    for epoch in range(len(history), recipe.epochs):
        if not patience.goes_on:
            break
        began, losses = time.perf_counter(), 0.0
        order = progress.rng.permutation(rows.train)
        for batch, first in enumerate(starts):
            chosen = order[first : first + recipe.batch]
            X = images.take(chosen, axis=0, out=buffer[: len(chosen)], mode="clip")  # "raise" would copy once more
            done = (epoch * len(starts) + batch) / total
            rate = recipe.rate * schedule(done) * patience.share
            L, gradient = network.backward(parameters, X, targets[chosen])
            if not math.isfinite(L + gradient @ gradient):
                require_finite(network, parameters, X, targets[chosen], f"epoch {epoch + 1}, batch {batch + 1}")
            if recipe.clip is not None:
                clip(gradient, recipe.clip)
            recipe.optimizer.step(vector, gradient, rate, progress.state)
            losses += L
            if batch % _OBSERVED == 0:
                for observer in observers:
                    observer.batch(done)
        require_finite(network, parameters, X, targets[chosen], f"the end of epoch {epoch + 1}")
        validated = accuracy(network, parameters, validation_images, validation_labels)
        seconds = round(time.perf_counter() - began, 3)
        history.append(Epoch(epoch + 1, losses / len(starts), validated, rate, seconds))
        patience.hear(epoch + 1, validated, vector)
        if out is not None:
            progress.save(out)
        for observer in observers:
            observer.epoch(history[-1])
    vector[:] = patience.best


@np.errstate(all="ignore")  # some BLAS raise the flags without a reason
def accuracy(network: Network, parameters: Parameters, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of `images` [N, D] that the network gives the right one of `labels` [N]."""
    return float(np.mean(network.predict(parameters, images) == labels))


def require_finite(network: Network, parameters: Parameters, X: np.ndarray, T: np.ndarray, step: str) -> None:
    """Raise TrainingError, naming the first layer and tensor of this step that is not finite, if there is one."""
    for place, tensor, array in network.trace(parameters, X, T):
        if not np.isfinite(array).all():
            raise TrainingError(
                f"training stopped at {step}: {tensor} of {place} is not finite; try a smaller learning rate"
            )


def _recipe(network: str, dataset: str) -> Recipe:
    if (network, dataset) not in RECIPES:
        raise InputError(f"no recipe for {network} on {dataset}; give one, or use mnist or digits")
    return RECIPES[network, dataset]


def _require_at_least(least: int, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < least:
            raise InputError(f"{name} is {number}; expected a whole number, {least} or more")
