"""Who is timed: each trains a network for one epoch after the other, on all training images, in its own way."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from numeric.architectures import NETWORKS, Architecture, assemble
from numeric.data.dataset import Dataset
from numeric.errors import InputError
from numeric.fitting import run_epoch
from numeric.optimizers import SGD
from numeric.patience import Patience
from numeric.recipes import Recipe
from numeric.resumption import Progress
from numeric.teams import team_for


@dataclass(frozen=True)
class Task:
    """What is trained, by momentum or plain descent.

    The rate falls to a tenth during so many `epochs`, and stays there; without `epochs` it stays what it is.
    """

    architecture: Architecture
    batch: int
    rate: float
    momentum: float
    epochs: int | None = None

    def rate_at(self, done: float) -> float:
        """The rate after so many epochs: along half a cosine, or constant."""
        if self.epochs is None:
            return self.rate
        return self.rate * max(0.1, (1 + math.cos(math.pi * min(1.0, done / self.epochs))) / 2)


# Not that of NETWORKS: figures stay comparable when a preset changes.
_CNN = Architecture((128,), "relu", loss="softmax_cross_entropy", init="he", kernels=(16, 32))
TASKS = {
    "mlp": Task(NETWORKS["mlp"], batch=128, rate=0.1, momentum=0.9),
    "cnn": Task(_CNN, batch=128, rate=0.05, momentum=0.9),
    "cnn-99": Task(_CNN, batch=128, rate=0.05, momentum=0.9, epochs=6),
    "nielsen": Task(NETWORKS["nielsen-quadratic"], batch=10, rate=3.0, momentum=0.0),
}

# Whenever the next is drawn, an epoch is trained; then the labels that it reads can be asked for.
Epochs = Iterator[Callable[[], np.ndarray]]


def backproof(task: Task, dataset: Dataset, threads: int, seed: int) -> Epochs:
    """Our own loop, as `backproof train` runs it, but for validation and checks."""
    network = assemble("bench", task.architecture, dataset.train_images.shape[1], dataset.classes)
    initial, drawing = np.random.default_rng(seed).spawn(2)
    vector = network.initialize(task.architecture.init, initial)
    recipe = Recipe(1, task.batch, task.rate, "constant", SGD(task.momentum))
    progress = Progress({}, vector, recipe.optimizer.start(vector), Patience(), drawing, [])
    targets, rows = network.targets(dataset.train_labels), np.arange(len(dataset.train_images))
    steps, epoch = -(-len(rows) // task.batch), 0
    with team_for(network, vector, recipe.optimizer, progress.state, threads) as team, np.errstate(all="ignore"):
        while True:

            def rate_at(batch: int, epoch: int = epoch) -> float:
                return task.rate_at(epoch + batch / steps)

            run_epoch(team, progress, dataset.train_images, targets, rows, recipe, rate_at, epoch + 1)
            epoch += 1
            yield lambda: network.predict(network.views(vector), dataset.test_images)


def torch(task: Task, dataset: Dataset, threads: int, seed: int, channels_last: bool = False) -> Epochs:
    """PyTorch, eager: the same layers, initial distribution, batches and optimizer.

    Raises InputError where torch is not installed.
    """
    try:
        import torch as t
    except ImportError:
        raise InputError("PyTorch is not installed: pip install torch") from None
    t.set_num_threads(threads)
    t.manual_seed(seed)
    architecture, classes = task.architecture, dataset.classes
    layers: list[Any] = []
    side, channels = dataset.image_shape[0], 1
    for F in architecture.kernels:
        layers += [t.nn.Conv2d(channels, F, 3, padding=1), t.nn.ReLU(), t.nn.MaxPool2d(2)]
        side, channels = side // 2, F
    D = side * side * channels
    layers += [t.nn.Flatten()] * bool(architecture.kernels)
    for C in architecture.hidden:
        layers += [t.nn.Linear(D, C), t.nn.ReLU()]
        D = C
    model = t.nn.Sequential(*layers, t.nn.Linear(D, classes))
    for parameter in model.parameters():
        if parameter.ndim > 1:
            t.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        else:
            t.nn.init.zeros_(parameter)
    X, T = t.from_numpy(dataset.train_images), t.from_numpy(dataset.train_labels)
    tested = t.from_numpy(dataset.test_images)
    if architecture.kernels:
        X, tested = (images.reshape(-1, 1, *dataset.image_shape) for images in (X, tested))
    if channels_last:
        model = model.to(memory_format=t.channels_last)
        X, tested = (images.contiguous(memory_format=t.channels_last) for images in (X, tested))
    optimizer = t.optim.SGD(model.parameters(), lr=task.rate, momentum=task.momentum)
    cross_entropy = t.nn.CrossEntropyLoss()
    steps, epoch = -(-len(X) // task.batch), 0
    while True:
        order = t.randperm(len(X))
        for batch in range(steps):
            rows = order[batch * task.batch : (batch + 1) * task.batch]
            for group in optimizer.param_groups:
                group["lr"] = task.rate_at(epoch + batch / steps)
            optimizer.zero_grad()
            cross_entropy(model(X[rows]), T[rows]).backward()
            optimizer.step()
        epoch += 1

        def read() -> np.ndarray:
            with t.no_grad():
                return t.cat([model(part) for part in tested.split(500)]).argmax(1).numpy()

        yield read


def book(task: Task, dataset: Dataset, threads: int, seed: int) -> Epochs:
    """The loop of Nielsen (2015), ch. 1, by the same NumPy calls: one image after the other, as columns of numbers.

    It is written after his `network.py`, which is for Python 2, on sigmoid layers and the quadratic cost: images are
    float32, all else is float64; every image's cotangents are arrays of their own, set to zero, replaced, and added up
    in new ones. The weights start from N(0, 1/n).
    """
    rng = np.random.default_rng(seed)
    sizes = [dataset.train_images.shape[1], *task.architecture.hidden, dataset.classes]
    weights = [rng.standard_normal((out, into)) / np.sqrt(into) for into, out in pairwise(sizes)]
    biases = [rng.standard_normal((out, 1)) for out in sizes[1:]]
    images = [image.reshape(-1, 1) for image in dataset.train_images]
    targets = [row.reshape(-1, 1) for row in np.eye(dataset.classes)[dataset.train_labels]]

    def sigmoid(z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-z))

    def slope(z: np.ndarray) -> np.ndarray:
        return sigmoid(z) * (1 - sigmoid(z))

    def output(a: np.ndarray) -> np.ndarray:
        for W, b in zip(weights, biases, strict=True):
            a = sigmoid(np.dot(W, a) + b)
        return a

    def cotangents(x: np.ndarray, y: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        dW, db = [np.zeros(W.shape) for W in weights], [np.zeros(b.shape) for b in biases]
        seen, weighted = [x], []
        for W, b in zip(weights, biases, strict=True):
            weighted.append(np.dot(W, seen[-1]) + b)
            seen.append(sigmoid(weighted[-1]))
        delta = (seen[-1] - y) * slope(weighted[-1])
        dW[-1], db[-1] = np.dot(delta, seen[-2].T), delta
        for layer in reversed(range(len(weights) - 1)):
            delta = np.dot(weights[layer + 1].T, delta) * slope(weighted[layer])
            dW[layer], db[layer] = np.dot(delta, seen[layer].T), delta
        return dW, db

    while True:
        order = rng.permutation(len(images))
        with threadpool_limits(threads, user_api="blas"):
            for first in range(0, len(order), task.batch):
                chosen = order[first : first + task.batch]
                dW, db = [np.zeros(W.shape) for W in weights], [np.zeros(b.shape) for b in biases]
                for n in chosen:
                    its_dW, its_db = cotangents(images[n], targets[n])
                    dW = [total + its for total, its in zip(dW, its_dW, strict=True)]
                    db = [total + its for total, its in zip(db, its_db, strict=True)]
                rate = task.rate / len(chosen)
                weights = [W - rate * total for W, total in zip(weights, dW, strict=True)]
                biases = [b - rate * total for b, total in zip(biases, db, strict=True)]
        yield lambda: np.array([output(image.reshape(-1, 1)).argmax() for image in dataset.test_images])


CONTESTANTS: dict[str, Callable[..., Epochs]] = {"backproof": backproof, "torch": torch, "book": book}
