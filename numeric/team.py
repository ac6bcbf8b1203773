"""Who trains a network: this process and the threads of BLAS, which share the products of matrices.

Others come to help where that pays: `numeric.data_parallel`, `numeric.tensor_parallel`.
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
from numeric.optimizers import Descent, Optimizer, State, clipping

_ROWS = 500  # images read at once by each thread
Self = TypeVar("Self", bound="Team")


class Team(AbstractContextManager):
    """One network, one vector of its parameters, and how that moves; BLAS has so many threads while it is at work.

    `vector` and `state` may change between steps: the team reads and moves them where they are. Images are read by
    `readers` threads.
    """

    def __init__(
        self,
        network: Network,
        vector: np.ndarray,
        optimizer: Optimizer,
        state: State,
        blas_threads: int = 1,
        readers: int = 1,
    ) -> None:
        self.network, self._vector, self._parameters = network, vector, network.views(vector)
        self._blas_threads, self._readers = blas_threads, readers
        self._gradient = np.empty_like(vector)
        self._descent = Descent(optimizer, vector, self._gradient, state)
        self._cotangents = network.views(self._gradient)
        self._pull = network.bind(self._parameters, self._cotangents)
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

        Returns what it wants to see of them: their pixels, or some columns of these.
        """
        self._descent.steps = 0
        return images

    def backward(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray] = ()) -> float:
        """L of a batch X[N, D] with targets T, penalties included; its `gradient` is there then."""
        try:
            return self._pulled(X, T, masks)
        except BaseException:
            self._dismiss()  # nobody is to take what they still work on for an answer to the next batch
            raise

    @property
    def gradient(self) -> np.ndarray:
        """The cotangents of all parameters, one vector; the next `backward` and `step` use it again."""
        return self._gradient

    @property
    def square(self) -> float:
        """What the squares of the gradient add up to."""
        return float(self._gradient @ self._gradient)

    def step(self, rate: float, longest: float | None = None) -> None:
        """Move the parameters by the gradient, at a learning rate; it is scaled first where it is longer than that."""
        self._descent.step(rate, clipping(self.square, longest))

    def settle(self) -> None:
        """See to it that all steps are done, and their parameters and state where everybody can see them."""

    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        """The share of `images` [N, D] that the network gives the right one of `labels` [N]."""
        parts = [slice(first, first + _ROWS) for first in range(0, len(images), _ROWS)]

        def right(rows: slice) -> int:
            with np.errstate(all="ignore"):  # some BLAS raise the flags without a reason
                return int((self.network.predict(self._parameters, images[rows]) == labels[rows]).sum())

        with ThreadPoolExecutor(self._readers) as pool:
            return sum(pool.map(right, parts)) / len(images)

    def _pulled(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]) -> float:
        return self._pull(X, T, masks) + self.network.penalize(self._parameters, self._cotangents)

    def _dismiss(self) -> None:
        """Let go of those who help."""
