"""A process that works on some rows of every batch, beside the one that trains.

Threads of one interpreter would wait for each other between the calls of NumPy, hundreds of times a step: measured,
they take 1.4 times as long for a step of the CNN. A process that is forked has the network without being told, and
shares the memory that the rows, the parameters and their cotangents are written to. Only numbers cross the pipe.
"""

import math
import mmap
import os
import signal
import struct
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import Pipe

import numpy as np

from numeric.network import Network

# Elsewhere libraries are not made for a process that is forked, or there is none.
AVAILABLE = sys.platform == "linux"
_ASKED, _TOLD, _NOTHING = struct.Struct("qd?"), struct.Struct("d"), b""


class Worker:
    """A process for one network, with room for as many rows as the first batch has."""

    def __init__(self, network: Network, dtype: np.dtype, X: np.ndarray, T: np.ndarray, masks: Sequence[np.ndarray]):
        """Fork it: it waits for rows like X, T and masks, and ends when this process does."""
        self.cotangents = _shared((network.size,), dtype)
        self._parameters = _shared((network.size,), dtype)
        self._X, self._T, *self._masks = (_shared(array.shape, array.dtype) for array in (X, T, *masks))
        self._pull = network.bind(network.views(self._parameters), network.views(self.cotangents))
        self._asked = (0, 0.0)
        self._pipe, theirs = Pipe()
        with warnings.catch_warnings():
            # Of threads, from Python 3.12 on: the process that is forked waits for none of those that it lacks.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if not self.pid:
            self._pipe.close()
            self._pipe = theirs
            self._serve()
        theirs.close()

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
        strict = set(np.geterr().values()) != {"ignore"}
        with suppress(OSError):  # where it is gone, `finish` will see that
            self._pipe.send_bytes(_ASKED.pack(*self._asked, strict))

    def finish(self) -> float:
        """The share of L that these rows make, once `cotangents` are there.

        Where it could not tell, or was killed, the work is done here: what went wrong there goes wrong here, too, and
        is raised, or warned of, as the caller wants it.
        """
        try:
            told = self._pipe.recv_bytes()
        except (EOFError, OSError):
            told = _NOTHING
        return _TOLD.unpack(told)[0] if told else self._work(*self._asked)

    def close(self) -> None:
        """Let it end, and wait for that."""
        with suppress(OSError):
            self._pipe.send_bytes(_NOTHING)  # a process that was forked after it may keep its pipe open
        self._pipe.close()
        with suppress(ChildProcessError):  # where the system has done so already
            os.waitpid(self.pid, 0)

    def _work(self, rows: int, share: float) -> float:
        return self._pull(self._X[:rows], self._T[:rows], [mask[:rows] for mask in self._masks], share)

    def _serve(self) -> None:
        """Work until nobody asks any more. Whatever happens, nothing of what this process was forked from is run."""
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
            while asked := self._pipe.recv_bytes():
                rows, share, strict = _ASKED.unpack(asked)
                try:
                    with np.errstate(all="raise" if strict else "ignore"):
                        self._pipe.send_bytes(_TOLD.pack(self._work(rows, share)))
                except FloatingPointError:
                    self._pipe.send_bytes(_NOTHING)
        finally:
            os._exit(0)


def _shared(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array in memory that a forked process shares; it goes when the last of them does."""
    size = math.prod(shape)
    return np.frombuffer(mmap.mmap(-1, max(1, size * dtype.itemsize)), dtype, size).reshape(shape)
