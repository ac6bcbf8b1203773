"""Tensor parallelism: every process has pixels of its own, and the rows of the first weights that belong to them.

The first product is a sum over pixels, Z = X1 W1 + X2 W2 + b, and most weights of a network of wide images are in it.
Who has the pixels X2 works out X2 W2, and later dW2 = X2ᵀ dZ, and takes the step of W2: neither weights nor cotangents
are ever sent, only Z and dZ, which are small. All that comes after Z is done by the process that trains.

Source: Shoeybi et al. (2019), Megatron-LM, section 3, where the weights of a layer are split like this.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from struct import Struct
from typing import Any

import numpy as np

from numeric.errors import TrainingError
from numeric.network import Network, Stage
from numeric.optimizers import Descent, Optimizer, State, clipping
from numeric.slices import even_slices
from numeric.team import Team
from numeric.worker import Worker, shared, shared_copy

_BEGIN, _FORWARD, _FORWARD_OF, _BACKWARD, _STEP, _SETTLE = range(1, 7)


def splits(network: Network) -> bool:
    """Whether its first layer is linear, reads the images themselves, and has its weights before all others."""
    first = network.stages[0]
    return first.name == "linear" and first.parameters["W"] == next(iter(network.shapes))


class PixelWorker(Worker):
    """A process that has the columns `pixels` of all images, and the rows of the first weights that belong to them."""

    ASKED, TOLD = Struct("qqdd"), Struct("dd")

    def __init__(
        self, network: Network, pixels: slice, whole: Descent, images: np.ndarray, order: np.ndarray, batch: int
    ) -> None:
        """Fork it, with its part of the parameters and their state as they are now; it looks at `order` in time."""
        name = network.stages[0].parameters["W"]
        _, C = network.shapes[name]
        rows = pixels.stop - pixels.start
        self.pixels, self._images, self._order = pixels, images[:, pixels], order
        self._whole, self._here = whole, slice(pixels.start * C, pixels.stop * C)
        parameters = shared_copy(whole.parameters[self._here])
        gradient = shared(parameters.shape, parameters.dtype)
        state = {name: shared_copy(array[self._here] if array.ndim else array) for name, array in whole.state.items()}
        self._descent = Descent(whole.optimizer, parameters, gradient, state)
        self._W, self._dW = parameters.reshape(rows, C), gradient.reshape(rows, C)
        self._penalized = replace(network, shapes={name: (rows, C)})
        self._weights, self._cotangents = {name: self._W}, {name: self._dW}
        self._Z, self._dZ = (shared((batch, C), parameters.dtype) for _ in range(2))
        self._given = shared((batch, rows), images.dtype)
        self._X = self._next = self._given[:0]
        self._first = 0
        self.fork()

    def begin(self, batch: int) -> None:
        """Let it begin an epoch, of so many rows at a time."""
        self.ask(_BEGIN, batch, 0.0, 0.0)

    def forward(self, X: np.ndarray | None, rows: int) -> None:
        """Let it work out its part of Z: for its columns of X[N, D], or for the next rows of the epoch."""
        if X is None:
            self.ask(_FORWARD, rows, 0.0, 0.0)
        else:
            self._given[:rows] = X[:, self.pixels]
            self.ask(_FORWARD_OF, rows, 0.0, 0.0)

    def add_to(self, Z: np.ndarray) -> None:
        """Add its part to Z[N, C]."""
        self._heard()
        Z += self._Z[: len(Z)]

    def backward(self, dZ: np.ndarray) -> None:
        """Let it work out its cotangents."""
        self._dZ[: len(dZ)] = dZ
        self.ask(_BACKWARD, 0, 0.0, 0.0)

    def finish(self) -> tuple[float, float]:
        """What its weights pay, once its cotangents are there; and what the squares of these add up to."""
        paid, square = self._heard()
        return paid, square

    def step(self, rate: float, scale: float) -> None:
        """Let it take its part of a step."""
        self.ask(_STEP, 0, rate, scale)

    def settle(self) -> None:
        """Wait for its last step, and bring its parameters and their state to where they belong."""
        self.ask(_SETTLE, 0, 0.0, 0.0)
        self._heard()
        self._whole.parameters[self._here] = self._descent.parameters
        for name, array in self._descent.state.items():
            self._whole.state[name][self._here if array.ndim else ...] = array

    def bring_gradient(self) -> None:
        """Bring its cotangents to where they belong."""
        self._whole.gradient[self._here] = self._descent.gradient

    def answer(self, what: int, rows: int, rate: float, scale: float) -> None:
        """Do one of these, in the process; numbers that overflow are for those who look at the loss."""
        with np.errstate(all="ignore"):
            if what == _BEGIN:
                self._descent.steps = self._first = 0
                self._gather(rows)
            elif what == _FORWARD:
                self._multiply(self._next)
                self._gather(rows)  # while the process that trains works on what follows
            elif what == _FORWARD_OF:
                self._multiply(self._given[:rows])
            elif what == _BACKWARD:
                self._pull()
            elif what == _STEP:
                self._descent.step(rate, scale)
            else:
                self.tell(0.0, 0.0)

    def _gather(self, rows: int) -> None:
        self._next = self._images[self._order[self._first : self._first + rows]]
        self._first += rows

    def _multiply(self, X: np.ndarray) -> None:
        self._X = X
        np.matmul(X, self._W, out=self._Z[: len(X)])
        self.tell(0.0, 0.0)

    def _pull(self) -> None:
        np.matmul(self._X.T, self._dZ[: len(self._X)], out=self._dW)
        paid = self._penalized.penalize(self._weights, self._cotangents)
        self.tell(paid, float(self._descent.gradient @ self._descent.gradient))

    def _heard(self) -> tuple[Any, ...]:
        told = self.hear()
        if told is None:
            raise TrainingError(
                "training stopped: the process that it shares its work with was killed, as systems do when memory is "
                "short; train again, or resume from the last checkpoint"
            )
        return told


class TensorParallelTeam(Team):
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
        super().__init__(network, vector, optimizer, state, readers=processes)
        *self._others, self._pixels = even_slices(network.features, processes)
        self._workers: list[PixelWorker] = []
        self._distorted, self._square = distorted, 0.0

        first, name = network.stages[0], network.stages[0].parameters["W"]
        D, C = network.shapes[name]
        mine = slice(self._pixels.start * C, None)
        shapes = {**network.shapes, name: (D - self._pixels.start, C)}
        stages = (_joined(first, self._workers), *network.stages[1:])
        self._rest = replace(network, stages=stages, shapes=shapes, image=shapes[name][:1])
        self._own = Descent(
            optimizer,
            vector[mine],
            self._gradient[mine],
            {name: array[mine] if array.ndim else array for name, array in state.items()},
        )
        self._own_parameters = self._rest.views(self._own.parameters)
        self._own_cotangents = self._rest.views(self._own.gradient)
        self._pull = self._rest.bind(self._own_parameters, self._own_cotangents)

    def begin(self, images: np.ndarray, order: np.ndarray, batch: int) -> np.ndarray:
        """As `Team.begin`: where nothing is distorted, it wants to see its own pixels only."""
        self._own.steps = 0
        if not self._workers:
            self._order = shared_copy(order)
            self._workers += [
                PixelWorker(self.network, pixels, self._descent, images, self._order, batch) for pixels in self._others
            ]
        self._order[:] = order
        for worker in self._workers:
            worker.begin(batch)
        return images if self._distorted else images[:, self._pixels]

    def _pulled(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]) -> float:
        if not self._workers:
            raise TrainingError("no epoch has begun")
        for worker in self._workers:
            worker.forward(X if self._distorted else None, len(X))
        X = X[:, self._pixels] if self._distorted else X
        L = self._pull(X, T, masks) + self._rest.penalize(self._own_parameters, self._own_cotangents)
        self._square = float(self._own.gradient @ self._own.gradient)
        for worker in self._workers:
            paid, square = worker.finish()
            L += paid
            self._square += square
        return L

    @property
    def gradient(self) -> np.ndarray:
        """As `Team.gradient`: what the others have of it is brought."""
        for worker in self._workers:
            worker.bring_gradient()
        return self._gradient

    @property
    def square(self) -> float:
        """As `Team.square`."""
        return self._square

    def step(self, rate: float, longest: float | None = None) -> None:
        """As `Team.step`; the others may not be done yet."""
        scale = clipping(self.square, longest)
        for worker in self._workers:
            worker.step(rate, scale)
        self._own.step(rate, scale)

    def settle(self) -> None:
        """As `Team.settle`."""
        for worker in self._workers:
            worker.settle()

    def _dismiss(self) -> None:
        while self._workers:
            self._workers.pop().close()


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
