"""Threads that share the work of a network's steps.

Each thread takes rows of the batch, from images to cotangents, with one BLAS thread of its own. In a small network the
products of matrices are all that is worth sharing, and BLAS does that itself. How the rows are split depends on nothing
but the number of threads: the same seed gives the same bits.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import copy_context
from functools import partial
from types import TracebackType

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

from numeric.allocation import keep_freed_memory
from numeric.network import Network
from numeric.slices import even_slices

THREADS = 2
_LARGE = 250_000  # multiplications an image: below that, a step of 128 images takes less than half a millisecond
_TURN = 2e-5  # seconds; measured: a step of two threads takes a twenty-fifth less time than with Python's own 5e-3
_ROWS = 500  # images read at once by each thread


def usual_threads(network: Network) -> int:
    """How many threads are worth having."""
    return THREADS if _is_large(network) else 1


class Team(AbstractContextManager["Team"]):
    """So many threads for one network and one vector of its parameters; BLAS has no more while the team is at work."""

    def __init__(self, network: Network, vector: np.ndarray, threads: int) -> None:
        """`vector` may change between steps: the team reads it where it is."""
        self.network, self._parameters = network, network.views(vector)
        self._threads = threads
        self._parts = threads if _is_large(network) else 1
        self._gradients = [np.empty_like(vector) for _ in range(self._parts)]
        self._cotangents = [network.views(gradient) for gradient in self._gradients]
        self._pulls = [network.bind(self._parameters, cotangents) for cotangents in self._cotangents]
        self._pool: ThreadPoolExecutor | None = None
        self._open = ExitStack()

    def __enter__(self) -> "Team":
        """Hold BLAS to its threads, and start ours."""
        keep_freed_memory()
        self._open.enter_context(threadpool_limits(limits=self._threads // self._parts, user_api="blas"))
        if self._parts > 1:
            self._open.enter_context(_short_turns())
            self._pool = self._open.enter_context(ThreadPoolExecutor(self._parts))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of all threads."""
        self._open.close()

    @property
    def cotangents(self) -> dict[str, np.ndarray]:
        """Those of the last step, by parameter."""
        return self._cotangents[0]

    def backward(self, X: np.ndarray, T: np.ndarray, masks: list[np.ndarray]) -> tuple[float, np.ndarray]:
        """As `Network.backward`; the vector of cotangents is used again by the next call."""
        if self._pool is None:
            L = self._pulls[0](X, T, masks)
        else:
            slices = even_slices(len(X), self._parts)
            shares = [
                partial(pull, X[rows], T[rows], [m[rows] for m in masks], (rows.stop - rows.start) / len(X))
                for rows, pull in zip(slices, self._pulls, strict=False)
            ]
            # With the caller's context a thread has its `errstate`.
            tasks = [self._pool.submit(copy_context().run, share) for share in shares[1:]]
            L = shares[0]() + sum(task.result() for task in tasks)  # this thread would only wait for the others
            for other in self._gradients[1 : len(slices)]:
                self._gradients[0] += other
        return L + self.network.penalize(self._parameters, self._cotangents[0]), self._gradients[0]

    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        """The share of `images` [N, D] that the network gives the right one of `labels` [N]."""
        parts = [slice(first, first + _ROWS) for first in range(0, len(images), _ROWS)]

        def right(rows: slice) -> int:
            with np.errstate(all="ignore"):  # some BLAS raise the flags without a reason
                return int((self.network.predict(self._parameters, images[rows]) == labels[rows]).sum())

        return sum(self._pool.map(right, parts) if self._pool else map(right, parts)) / len(images)


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let no thread keep the interpreter for longer than `_TURN` while another waits for it."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _is_large(network: Network) -> bool:
    return network.convolves or network.size > _LARGE
