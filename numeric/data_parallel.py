"""Data parallelism: every process takes rows of each batch of its own, from images to cotangents, on one core.

Then each adds up what all have found out about its part of the parameters, and takes their step. How rows and
parameters are split depends on nothing but the number of processes: the same seed gives the same bits.
"""

from collections.abc import Sequence

import numpy as np

from numeric.errors import TrainingError
from numeric.network import Network, Pull
from numeric.optimizers import Optimizer, State
from numeric.parallel import MORE, ParallelTeam, PartWorker
from numeric.part import Part
from numeric.slices import even_slices
from numeric.worker import shared

_PULL, _ADD = MORE, MORE + 1


class Sum:
    """The gradients that all processes have found, each of its own rows; it adds up its part of them."""

    def __init__(self, gradients: Sequence[np.ndarray], number: int, run: slice) -> None:
        """The process is the `number`-th of them; its part is `run`."""
        self._parts, self._number = [gradient[run] for gradient in gradients], number

    def add(self, processes: int) -> None:
        """Add up those of the first `processes`: the others had no rows."""
        mine = self._parts[self._number]
        if self._number >= processes:
            mine[:] = 0
        for number, part in enumerate(self._parts[:processes]):
            if number != self._number:
                mine += part


class RowWorker(PartWorker):
    """A process for some rows of every batch, with room for rows like X, T and masks."""

    def __init__(
        self, pull: Pull, part: Part, total: Sum, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]
    ) -> None:
        self._pull, self.total = pull, total
        self._X, self._T, *self._masks = (shared(array.shape, array.dtype) for array in (X, T, *masks))
        self._asked = (0, 0.0)
        super().__init__(part)

    def start(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray], share: float) -> None:
        """Let it work on these rows; `share` is what they are of the batch."""
        for place, array in zip((self._X, self._T, *self._masks), (X, T, *masks), strict=True):
            place[: len(array)] = array
        self._asked = len(X), share
        self.let(_PULL, len(X), share, strict=set(np.geterr().values()) != {"ignore"})

    def finish(self) -> float:
        """The share of L that these rows make, once its gradient is there.

        Where it could not tell, the work is done here: what went wrong there goes wrong here, too, and is raised, or
        warned of, as the caller wants it.
        """
        try:
            could, L, _ = self.wait()
        except TrainingError:
            self._work(*self._asked)
            raise
        return L if could else self._work(*self._asked)

    def add(self, processes: int) -> None:
        """Let it add up its part of the gradients of so many, its weights' penalties included."""
        self.let(_ADD, processes)

    def work(self, what: int, rows: int, share: float, strict: bool) -> None:
        """As `PartWorker.work`; `strict`: where a number overflows, that is left to who asks."""
        if what == _ADD:
            self.total.add(rows)
            self.tell(True, self.part.penalize(), self.part.square)
            return
        try:
            with np.errstate(all="raise" if strict else "ignore"):
                self.tell(True, self._work(rows, share), 0.0)
        except FloatingPointError:
            self.tell(False, 0.0, 0.0)

    def _work(self, rows: int, share: float) -> float:
        return self._pull(self._X[:rows], self._T[:rows], [mask[:rows] for mask in self._masks], share)


class DataParallelTeam(ParallelTeam[RowWorker]):
    """This process and others share the rows of every batch: there are as many of them as `processes`."""

    def __init__(
        self, network: Network, vector: np.ndarray, optimizer: Optimizer, state: State, processes: int
    ) -> None:
        *others, mine = even_slices(vector.size, processes)
        super().__init__(network, vector, optimizer, state, [*others, mine])
        self._gradients = [self._gradient, *(shared(vector.shape, vector.dtype) for _ in others)]
        self._pull = self._pull_into(self._gradient)
        self._total = Sum(self._gradients, 0, mine)

    def _pull_into(self, gradient: np.ndarray) -> Pull:
        return self.network.bind(self.network.views(self._own_vector), self.network.views(gradient))

    def _pulled(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]) -> tuple[float, float]:
        mine, *others = even_slices(len(X), len(self._runs))
        slices = [(X[rows], T[rows], [mask[rows] for mask in masks]) for rows in (mine, *others)]
        if not self._workers:
            self._hire(*slices[-1])
        for worker in self._workers:
            worker.wait()  # for the last step
        workers = self._workers[: len(others)]
        for worker, rows in zip(workers, slices[1:], strict=True):
            worker.start(*rows, len(rows[0]) / len(X))
        L = self._pull(*slices[0], mine.stop / len(X))
        L += sum(worker.finish() for worker in workers)
        for worker in self._workers:
            worker.add(len(slices))
        self._total.add(len(slices))
        return self._paid(L)

    def _hire(self, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]) -> None:
        """Start the workers, with room for rows like these: no batch has more than the first."""
        for number, run in enumerate(self._runs[:-1], start=1):
            gradient = self._gradients[number]
            part = self._part_of(run, gradient, self._part.counters)
            total = Sum(self._gradients, number, run)
            self._workers.append(RowWorker(self._pull_into(gradient), part, total, X, T, masks))

    @property
    def gradient(self) -> np.ndarray:
        """As `Team.gradient`: what the others have of it is brought."""
        for worker, run in zip(self._workers, self._runs[:-1], strict=True):
            self._gradient[run] = worker.part.gradient
        return self._gradient
