"""A process beside the one that trains, forked from it: it has what that has, and shares memory with it.

Threads of one interpreter would wait for each other between the calls of NumPy, hundreds of times a step: measured,
they take 1.4 times as long for a step of the CNN. Only a few numbers cross the pipes, the arrays lie in shared memory.
"""

import math
import mmap
import os
import select
import signal
import sys
import warnings
from abc import ABC, abstractmethod
from contextlib import suppress
from struct import Struct
from typing import Any, ClassVar

import numpy as np

# Elsewhere libraries are not made for a process that is forked, or there is none.
AVAILABLE = sys.platform == "linux"
# Looks at a pipe before falling asleep: the answer to most questions comes within a third of a millisecond, and a
# process that slept takes long to be there again. Where others want the processor, too, who looks on keeps it from the
# one that is waited for: after many waits in vain the next ones are short, but for one in so many.
_LOOKS, _FEW_LOOKS, _MANY = 300, 3, 16


class Worker(ABC):
    """A process that is asked, and answers; what of both are numbers is packed as `ASKED` and `TOLD` say."""

    ASKED: ClassVar[Struct]
    TOLD: ClassVar[Struct]
    pid: int
    _in_vain = 0  # waits that were too short, since one was not

    def fork(self) -> None:
        """Let the process begin: what this one has by now is what it has. It ends when this one does."""
        theirs, self._outlet = os.pipe()
        self._inlet, answers = os.pipe()
        for inlet in (theirs, self._inlet):
            os.set_blocking(inlet, False)
        with warnings.catch_warnings():
            # Of threads, from Python 3.12 on: the process that is forked waits for none of those that it lacks.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if not self.pid:
            os.close(self._outlet)
            os.close(self._inlet)
            self._inlet, self._outlet = theirs, answers
            self._serve()
        os.close(theirs)
        os.close(answers)

    def ask(self, *numbers: Any) -> None:
        """Send the process a question, and do not wait."""
        with suppress(OSError):  # where it is gone, `hear` will see that
            os.write(self._outlet, self.ASKED.pack(*numbers))

    def hear(self) -> tuple[Any, ...] | None:
        """Wait for its answer: None where it is gone."""
        told = self._read(self.TOLD.size)
        return self.TOLD.unpack(told) if told else None

    @abstractmethod
    def answer(self, *numbers: Any) -> None:
        """Do, in the process, what it was asked for, and `tell` how it went where somebody waits for that."""

    def tell(self, *numbers: Any) -> None:
        """Answer."""
        os.write(self._outlet, self.TOLD.pack(*numbers))

    def close(self) -> None:
        """Let it end, and wait for that."""
        with suppress(OSError):
            # Closing the pipe would not tell it: a process that was forked after it may keep the pipe open.
            os.write(self._outlet, bytes(self.ASKED.size))
        os.close(self._outlet)
        os.close(self._inlet)
        with suppress(ChildProcessError):  # where the system has done so already
            os.waitpid(self.pid, 0)

    def _serve(self) -> None:
        """Work until nobody asks any more. Whatever happens, nothing of what this process was forked from is run."""
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
            while any(asked := self._read(self.ASKED.size)):
                self.answer(*self.ASKED.unpack(asked))
        finally:
            os._exit(0)

    def _read(self, size: int) -> bytes:
        patient = self._in_vain < _MANY or self._in_vain % _MANY == 0
        for look in range(_LOOKS if patient else _FEW_LOOKS):
            with suppress(BlockingIOError):
                answer = os.read(self._inlet, size)
                if patient and look:
                    self._in_vain = 0
                return answer
        self._in_vain += 1
        select.select([self._inlet], [], [])
        return os.read(self._inlet, size)


def shared(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array in memory that a forked process shares; it goes when the last of them does."""
    size = math.prod(shape)
    return np.frombuffer(mmap.mmap(-1, max(1, size * dtype.itemsize)), dtype, size).reshape(shape)


def shared_copy(array: np.ndarray) -> np.ndarray:
    """A copy of an array in such memory."""
    place = shared(array.shape, array.dtype)
    place[...] = array
    return place
