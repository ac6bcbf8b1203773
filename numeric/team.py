"""Who trains a network: this process and the threads of BLAS, which share the products of matrices.

Others help where that pays: `numeric.data_parallel`, `numeric.tensor_parallel`.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from numeric.allocation import keep_freed_memory
from numeric.network import Network
from numeric.optimizers import Optimizer, State, clipping
from numeric.part import Part

_ROWS = 500  # images read at once by each thread
Self = TypeVar("Self", bound="Team")


class Team(AbstractContextManager):
    """One network, the vector of its parameters, and the optimizer and its state that move them.

    In every epoch, after `begin`, each batch is a `backward` and a `step`; after `settle` the vector and the state are
    where they belong. BLAS has so many threads while the team is at work.
    """

    def __init__(
        self, network: Network, vector: np.ndarray, optimizer: Optimizer, state: State, threads: int = 1
    ) -> None:
        self.network, self._vector, self._optimizer, self._state = network, vector, optimizer, state
        self._blas_threads, self._readers = threads, 1
        self._gradient = np.empty_like(vector)
        self._part = Part(network, slice(0, vector.size), vector, self._gradient, optimizer, state)
        self._pull = network.bind(network.views(vector), network.views(self._gradient))
        self._square = 0.0
        self._open = ExitStack()

    def __enter__(self: Self) -> Self:
        """Hold BLAS to its threads."""
        keep_freed_memory()
        self._open.enter_context(threadpool_limits(limits=self._blas_threads, user_api="blas"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of all threads and processes."""
        self._dismiss()
        self._open.close()

    def begin(self, images: np.ndarray, order: np.ndarray, batch: int) -> np.ndarray:
        """Begin an epoch, in which `backward` gets the rows of images[N, D] in this order, so many at a time.

        Returns what it wants to see of them: all pixels, or some columns of these.
        """
        self._part.begin()
        return images

    def backward(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray] = ()) -> float:
        """L of a batch X[N, D] with targets T, penalties included; its `gradient` is there then."""
        try:
            L, self._square = self._pulled(X, T, masks)
        except BaseException:
            self._dismiss()  # nobody is to take what they still work on for an answer to the next batch
            raise
        return L

    @property
    def gradient(self) -> np.ndarray:
        """The cotangents of all parameters, one vector; `step` uses them up."""
        return self._gradient

    @property
    def square(self) -> float:
        """What the squares of the gradient's entries add up to."""
        return self._square

    def step(self, rate: float, longest: float | None = None) -> None:
        """Move the parameters by the gradient, at a learning rate; it is scaled first where it is longer than that."""
        self._part.step(rate, clipping(self._square, longest))

    def settle(self) -> None:
        """See to it that all steps are done, and that vector and state are where they belong."""

    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        """The share of `images` [N, D] that the network gives the right one of `labels` [N]."""
        parts = [slice(first, first + _ROWS) for first in range(0, len(images), _ROWS)]
        parameters = self.network.views(self._vector)

        def right(rows: slice) -> int:
            with np.errstate(all="ignore"):  # some BLAS raise the flags without a reason
                return int((self.network.predict(parameters, images[rows]) == labels[rows]).sum())

        with ThreadPoolExecutor(self._readers) as pool:
            return sum(pool.map(right, parts)) / len(images)

    def _pulled(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]) -> tuple[float, float]:
        """L, and what the squares of the gradient's entries add up to."""
        L = self._pull(X, T, masks) + self._part.penalize()
        return L, self._part.square

    def _dismiss(self) -> None:
        """Let go of those who help."""
