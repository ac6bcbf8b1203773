"""A team of processes, each of which looks after a part of the parameters: their cotangents, their state, their steps.

All parameters lie in memory that they share. Whoever works is told what, and the numbers that come back are few.

Source: Rajbhandari et al. (2020), ZeRO, section 5: the optimizer's state is divided among processes like this.
"""

from abc import abstractmethod
from collections.abc import Sequence
from struct import Struct
from typing import Generic, TypeVar

import numpy as np

from numeric.errors import TrainingError
from numeric.network import Network
from numeric.optimizers import Optimizer, State, clipping
from numeric.part import Part
from numeric.team import Team
from numeric.worker import Worker, shared

BEGIN, STEP, MORE = 1, 2, 3
Answer = tuple[bool, float, float]


class PartWorker(Worker):
    """A process with a part of the parameters; `work` says what it does about their cotangents."""

    ASKED, TOLD = Struct("qqdd?"), Struct("?dd")

    def __init__(self, part: Part) -> None:
        """Fork it."""
        self.part, self._unheard = part, 0
        self.fork()

    def let(self, what: int, rows: int = 0, first: float = 0.0, second: float = 0.0, strict: bool = False) -> None:
        """Have it do something."""
        self.ask(what, rows, first, second, strict)
        self._unheard += 1

    def wait(self) -> Answer:
        """Wait until it has done all that it is to do; what it says of the last. Raises TrainingError if it is gone."""
        told: Answer | None = (True, 0.0, 0.0)
        while self._unheard:
            self._unheard -= 1
            told = self.hear()
        if told is None:
            raise TrainingError(
                "training stopped: a process that shares its work was killed, as systems do when memory is short; "
                "train again, or resume from the last checkpoint"
            )
        return told

    def answer(self, what: int, rows: int, first: float, second: float, strict: bool) -> None:
        """Do it, in the process; numbers that overflow are for those who look at the loss."""
        with np.errstate(all="ignore"):
            if what == BEGIN:
                self.part.begin()
                self.begun(rows)
            elif what == STEP:
                self.part.step(first, second)
                self.tell(True, 0.0, 0.0)
            else:
                self.work(what, rows, first, strict)

    def begun(self, batch: int) -> None:
        """Do, in the process, what an epoch begins with, batches of so many rows, and tell."""
        self.tell(True, 0.0, 0.0)

    @abstractmethod
    def work(self, what: int, rows: int, share: float, strict: bool) -> None:
        """Do, in the process, some of the work for a batch, and tell."""


AnyWorker = TypeVar("AnyWorker", bound=PartWorker)


class ParallelTeam(Team, Generic[AnyWorker]):
    """This process and others, as many of them as there are `runs` of the parameters: this one has the last."""

    def __init__(
        self, network: Network, vector: np.ndarray, optimizer: Optimizer, state: State, runs: Sequence[slice]
    ) -> None:
        super().__init__(network, vector, optimizer, state)
        self._workers: list[AnyWorker] = []
        self._readers, self._runs = len(runs), runs
        self._own_vector, self._gradient = (shared(vector.shape, vector.dtype) for _ in range(2))
        self._own_state = {name: shared(array.shape, array.dtype) for name, array in state.items() if array.ndim}
        self._part = self._part_of(runs[-1], self._gradient, state)

    def _part_of(self, run: slice, gradient: np.ndarray, state: State) -> Part:
        """A part of the shared parameters; it counts for itself, from where the counters in `state` are."""
        counters = {name: array.copy() for name, array in state.items() if not array.ndim}
        state = {**self._own_state, **counters}
        return Part(self.network, run, self._own_vector, gradient, self._optimizer, state)

    def begin(self, images: np.ndarray, order: np.ndarray, batch: int) -> np.ndarray:
        """As `Team.begin`."""
        self._own_vector[:] = self._vector
        for name, array in self._own_state.items():
            array[:] = self._state[name]
        for worker in self._workers:
            worker.let(BEGIN, batch)
        return super().begin(images, order, batch)

    def step(self, rate: float, longest: float | None = None) -> None:
        """As `Team.step`; the others may not be done yet."""
        scale = clipping(self._square, longest)
        for worker in self._workers:
            worker.let(STEP, 0, rate, scale)
        self._part.step(rate, scale)

    def settle(self) -> None:
        """As `Team.settle`."""
        for worker in self._workers:
            worker.wait()
        self._vector[:] = self._own_vector
        for name, array in {**self._own_state, **self._part.counters}.items():
            self._state[name][...] = array

    def _paid(self, L: float) -> tuple[float, float]:
        """L with what all weights pay, and the square of the gradient: the others are about to tell theirs."""
        L += self._part.penalize()
        square = self._part.square
        for worker in self._workers:
            _, paid, its_square = worker.wait()
            L += paid
            square += its_square
        return L, square

    def _dismiss(self) -> None:
        while self._workers:
            self._workers.pop().close()
