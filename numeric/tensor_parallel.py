"""Tensor parallelism: every process has pixels of its own, and the rows of the first weights that belong to them.

The first product is a sum over pixels, Z = X1 W1 + X2 W2 + b, and most weights of a network of wide images are in it.
Who has the pixels X2 works out X2 W2, and later dW2 = X2ᵀ dZ, and takes the step of W2: neither weights nor cotangents
are ever sent, only Z and dZ, which are small. All that comes after Z is done by the process that trains.

Source: Shoeybi et al. (2019), Megatron-LM, section 3, where the weights of a layer are split like this.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from numeric.errors import TrainingError
from numeric.network import Network, Stage
from numeric.optimizers import Optimizer, State
from numeric.parallel import MORE, ParallelTeam, PartWorker
from numeric.part import Part
from numeric.slices import even_slices
from numeric.worker import shared, shared_copy

_FORWARD, _FORWARD_OF, _BACKWARD = MORE, MORE + 1, MORE + 2


def splits(network: Network) -> bool:
    """Whether its first layer is linear, reads the images themselves, and has its weights before all others."""
    first = network.stages[0]
    return first.name == "linear" and first.parameters["W"] == next(iter(network.shapes))


class PixelWorker(PartWorker):
    """A process that has the columns `pixels` of all images, and the rows of the first weights that belong to them."""

    def __init__(self, part: Part, pixels: slice, images: np.ndarray, order: np.ndarray, batch: int) -> None:
        """Fork it; it looks at `order` in every epoch."""
        self.pixels, self._images, self._order = pixels, images[:, pixels], order
        rows = pixels.stop - pixels.start
        self._W, self._dW = part.parameters.reshape(rows, -1), part.gradient.reshape(rows, -1)
        self._Z, self._dZ = (shared((batch, self._W.shape[1]), self._W.dtype) for _ in range(2))
        self._given = shared((batch, rows), images.dtype)
        self._X = self._next = self._given[:0]
        self._first = 0
        super().__init__(part)

    def forward(self, X: np.ndarray | None, rows: int) -> None:
        """Let it work out its part of Z: for its columns of X[N, D], or for the next rows of the epoch."""
        if X is None:
            self.let(_FORWARD, rows)
        else:
            self._given[:rows] = X[:, self.pixels]
            self.let(_FORWARD_OF, rows)

    def add_to(self, Z: np.ndarray) -> None:
        """Add its part to Z[N, C]."""
        self.wait()
        Z += self._Z[: len(Z)]

    def backward(self, dZ: np.ndarray) -> None:
        """Let it work out its cotangents."""
        self._dZ[: len(dZ)] = dZ
        self.let(_BACKWARD, len(dZ))

    def begun(self, batch: int) -> None:
        """As `PartWorker.begun`: it looks for its pixels of the first batch."""
        self._first = 0
        self._gather(batch)
        self.tell(True, 0.0, 0.0)

    def work(self, what: int, rows: int, share: float, strict: bool) -> None:
        """As `PartWorker.work`."""
        if what == _FORWARD:
            self._multiply(self._next)
            self._gather(rows)  # while the process that trains works on what follows
        elif what == _FORWARD_OF:
            self._multiply(self._given[:rows])
        else:
            np.matmul(self._X.T, self._dZ[:rows], out=self._dW)
            self.tell(True, self.part.penalize(), self.part.square)

    def _gather(self, rows: int) -> None:
        self._next = self._images[self._order[self._first : self._first + rows]]
        self._first += rows

    def _multiply(self, X: np.ndarray) -> None:
        self._X = X
        np.matmul(X, self._W, out=self._Z[: len(X)])
        self.tell(True, 0.0, 0.0)


class TensorParallelTeam(ParallelTeam[PixelWorker]):
    """This process and others share the pixels: there are as many of them as `processes`. This one has the last.

    Where images are `distorted` on their way, the others are given theirs; else they look them up.
    """

    def __init__(
        self,
        network: Network,
        vector: np.ndarray,
        optimizer: Optimizer,
        state: State,
        processes: int,
        distorted: bool = False,
    ) -> None:
        first, name = network.stages[0], network.stages[0].parameters["W"]
        D, C = network.shapes[name]
        *self._others, self._pixels = even_slices(D, processes)
        runs = [slice(pixels.start * C, pixels.stop * C) for pixels in self._others]
        runs += [slice(self._pixels.start * C, vector.size)]
        super().__init__(network, vector, optimizer, state, runs)
        self._distorted = distorted
        # What this process works out is the same network on fewer pixels, but that the others add to its first product.
        shapes = {**network.shapes, name: (D - self._pixels.start, C)}
        stages = (_joined(first, self._workers), *network.stages[1:])
        rest = replace(network, stages=stages, shapes=shapes, image=shapes[name][:1])
        self._pull = rest.bind(rest.views(self._part.parameters), rest.views(self._part.gradient))

    def begin(self, images: np.ndarray, order: np.ndarray, batch: int) -> np.ndarray:
        """As `Team.begin`: where nothing is distorted, it wants to see its own pixels only."""
        if not self._workers:
            self._order = shared_copy(order)
            for pixels, run in zip(self._others, self._runs[:-1], strict=True):
                part = self._part_of(run, self._gradient, self._part.counters)
                self._workers.append(PixelWorker(part, pixels, images, self._order, batch))
        self._order[:] = order
        super().begin(images, order, batch)
        return images if self._distorted else images[:, self._pixels]

    def _pulled(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]) -> tuple[float, float]:
        if not self._workers:
            raise TrainingError("no epoch has begun")
        for worker in self._workers:
            worker.forward(X if self._distorted else None, len(X))
        return self._paid(self._pull(X[:, self._pixels] if self._distorted else X, T, masks))


def _joined(first: Stage, workers: Sequence[PixelWorker]) -> Stage:
    """The first layer on some of the pixels; the workers, who are at work on the others by then, add theirs."""
    forward: Callable[..., np.ndarray] = first.forward
    backward: Callable[..., dict[str, np.ndarray]] = first.backward

    def joined(X: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
        Y = forward(X, W, b)
        for worker in workers:
            worker.add_to(Y)
        return Y

    def joined_backward(
        dY: np.ndarray, X: np.ndarray, out: dict[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        for worker in workers:
            worker.backward(dY)
        return backward(dY, X, out)

    return replace(first, forward=joined, backward=joined_backward)
