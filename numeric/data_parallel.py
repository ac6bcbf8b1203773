"""Data parallelism: every process takes rows of each batch of its own, from images to cotangents, on one core.

How the rows are split depends on nothing but the number of processes: the same seed gives the same bits.
"""

from collections.abc import Sequence
from struct import Struct

import numpy as np

from numeric.network import Network
from numeric.optimizers import Optimizer, State
from numeric.slices import even_slices
from numeric.team import Team
from numeric.worker import Worker, shared


class RowWorker(Worker):
    """A process for one network, with room for as many rows as the first batch has."""

    ASKED, TOLD = Struct("qd?"), Struct("?d")

    def __init__(self, network: Network, dtype: np.dtype, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]):
        """Fork it: it waits for rows like X, T and masks."""
        self.cotangents = shared((network.size,), dtype)
        self._parameters = shared((network.size,), dtype)
        self._X, self._T, *self._masks = (shared(array.shape, array.dtype) for array in (X, T, *masks))
        self._pull = network.bind(network.views(self._parameters), network.views(self.cotangents))
        self._asked = (0, 0.0)
        self.fork()

    def fits(self, X: np.ndarray, masks: Sequence[np.ndarray]) -> bool:
        """Whether there is room for them."""
        return len(X) <= len(self._X) and len(masks) == len(self._masks)

    def start(
        self, vector: np.ndarray, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray], share: float
    ) -> None:
        """Let it work on these rows, with the parameters as they are now; `share` is what they are of the batch."""
        self._parameters[:] = vector
        for place, array in zip((self._X, self._T, *self._masks), (X, T, *masks), strict=True):
            place[: len(array)] = array
        self._asked = len(X), share
        self.ask(*self._asked, set(np.geterr().values()) != {"ignore"})

    def finish(self) -> float:
        """The share of L that these rows make, once `cotangents` are there.

        Where it could not tell, or was killed, the work is done here: what went wrong there goes wrong here, too, and
        is raised, or warned of, as the caller wants it.
        """
        could, L = self.hear() or (False, 0.0)
        return L if could else self._work(*self._asked)

    def answer(self, rows: int, share: float, strict: bool) -> None:
        """Work on so many rows; `strict`: where a number overflows, that is not told but left to who asks."""
        try:
            with np.errstate(all="raise" if strict else "ignore"):
                self.tell(True, self._work(rows, share))
        except FloatingPointError:
            self.tell(False, 0.0)

    def _work(self, rows: int, share: float) -> float:
        return self._pull(self._X[:rows], self._T[:rows], [mask[:rows] for mask in self._masks], share)


class DataParallelTeam(Team):
    """This process and others share the rows of every batch: there are as many of them as `processes`."""

    def __init__(
        self, network: Network, vector: np.ndarray, optimizer: Optimizer, state: State, processes: int
    ) -> None:
        super().__init__(network, vector, optimizer, state, readers=processes)
        self._processes = processes
        self._workers: list[RowWorker] = []

    def _pulled(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]) -> float:
        mine, *others = even_slices(len(X), self._processes)
        workers = self._ask(others, X, T, masks)
        L = self._pull(X[mine], T[mine], [m[mine] for m in masks], mine.stop / len(X))
        L += sum(worker.finish() for worker in workers)
        for worker in workers:
            self._gradient += worker.cotangents
        return L + self.network.penalize(self._parameters, self._cotangents)

    def _ask(
        self, slices: Sequence[slice], X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]
    ) -> list[RowWorker]:
        """Give rows of the batch to a worker each. They come with the first batch, and anew with a larger one."""
        parts = [(X[rows], T[rows], [m[rows] for m in masks]) for rows in slices]
        if any(not worker.fits(part[0], part[2]) for worker, part in zip(self._workers, parts, strict=False)):
            self._dismiss()
        for part in parts[len(self._workers) :]:
            self._workers.append(RowWorker(self.network, self._vector.dtype, *part))
        workers = self._workers[: len(parts)]
        for worker, part in zip(workers, parts, strict=True):
            worker.start(self._vector, *part, len(part[0]) / len(X))
        return workers

    def _dismiss(self) -> None:
        while self._workers:
            self._workers.pop().close()
