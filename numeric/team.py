"""Who shares the work of a network's steps: this process, its workers, and the threads of BLAS.

In a network that convolves each works on rows of the batch of its own, from images to cotangents, on one core. In any
other the products of matrices are all that is worth sharing, and BLAS does that itself. How the rows are split depends
on nothing but the number of threads: the same seed gives the same bits.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from numeric.allocation import keep_freed_memory
from numeric.network import Network
from numeric.slices import even_slices
from numeric.worker import AVAILABLE, Worker

THREADS = 2
_LARGE = 250_000  # multiplications an image: below that, a step of 128 images takes less than half a millisecond
_ROWS = 500  # images read at once by each thread


def usual_threads(network: Network) -> int:
    """How many threads are worth having."""
    return THREADS if network.convolves or network.size > _LARGE else 1


class Team(AbstractContextManager["Team"]):
    """So many threads for one network and one vector of its parameters; BLAS has no more while the team is at work.

    The first is this one; where the network convolves, the others are processes of their own, if the system has them.
    """

    def __init__(self, network: Network, vector: np.ndarray, threads: int) -> None:
        """`vector` may change between steps: the team reads it where it is."""
        self.network, self._vector, self._parameters = network, vector, network.views(vector)
        self._threads = threads
        self._parts = threads if AVAILABLE and network.convolves else 1
        self._gradient = np.empty_like(vector)
        self.cotangents = network.views(self._gradient)  # of the last step, by parameter
        self._pull = network.bind(self._parameters, self.cotangents)
        self._workers: list[Worker] = []
        self._open = ExitStack()

    def __enter__(self) -> "Team":
        """Hold BLAS to its threads."""
        keep_freed_memory()
        self._open.enter_context(threadpool_limits(limits=self._threads // self._parts, user_api="blas"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of all threads and processes."""
        self._dismiss()
        self._open.close()

    def backward(self, X: np.ndarray, T: np.ndarray, masks: list[np.ndarray]) -> tuple[float, np.ndarray]:
        """As `Network.backward`; the vector of cotangents is used again by the next call."""
        mine, *others = even_slices(len(X), self._parts)
        try:
            workers = self._ask(others, X, T, masks)
            L = self._pull(X[mine], T[mine], [m[mine] for m in masks], mine.stop / len(X))
            L += sum(worker.finish() for worker in workers)
        except BaseException:
            self._dismiss()  # nobody is to take what they still work on for an answer to the next batch
            raise
        for worker in workers:
            self._gradient += worker.cotangents
        return L + self.network.penalize(self._parameters, self.cotangents), self._gradient

    def _ask(self, slices: list[slice], X: np.ndarray, T: np.ndarray, masks: list[np.ndarray]) -> list[Worker]:
        """Give rows of the batch to a worker each. They come with the first batch, and anew with a larger one."""
        parts = [(X[rows], T[rows], [m[rows] for m in masks]) for rows in slices]
        if any(not worker.fits(part[0], part[2]) for worker, part in zip(self._workers, parts, strict=False)):
            self._dismiss()
        for part in parts[len(self._workers) :]:
            self._workers.append(Worker(self.network, self._vector.dtype, *part))
        workers = self._workers[: len(parts)]
        for worker, part in zip(workers, parts, strict=True):
            worker.start(self._vector, *part, len(part[0]) / len(X))
        return workers

    def _dismiss(self) -> None:
        while self._workers:
            self._workers.pop().close()

    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        """The share of `images` [N, D] that the network gives the right one of `labels` [N]."""
        parts = [slice(first, first + _ROWS) for first in range(0, len(images), _ROWS)]

        def right(rows: slice) -> int:
            with np.errstate(all="ignore"):  # some BLAS raise the flags without a reason
                return int((self.network.predict(self._parameters, images[rows]) == labels[rows]).sum())

        with ThreadPoolExecutor(self._parts) as pool:
            return sum(pool.map(right, parts)) / len(images)
