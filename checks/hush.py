"""What somebody's code prints and warns of while it is looked at: said once, it does not bury the report."""

import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MOST_WARNINGS = 3
_FOR_AUTHORS = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)  # of libraries


@dataclass
class Noise:
    """Whether something was printed, and what was warned of, each once."""

    printed: bool = False
    warned: dict[str, None] = field(default_factory=dict)

    def __str__(self) -> str:
        """A line for each, to be shown behind a report; nothing where there was none."""
        lines = ["what the code prints is left out"] if self.printed else []
        lines += [f"the code warns: {warning}" for warning in [*self.warned][:_MOST_WARNINGS]]
        more = len(self.warned) - _MOST_WARNINGS
        return "\n".join([*lines, f"and of {more} more"] if more > 0 else lines)


class _Void(io.RawIOBase):
    """Bytes that are written here are gone."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


class _Nowhere(io.TextIOWrapper):
    """A stream whose text is gone, and which tells that there was some."""

    def __init__(self, noise: Noise) -> None:
        super().__init__(io.BufferedWriter(_Void()), encoding="utf-8", errors="replace")
        self._noise = noise

    def write(self, text: str) -> int:
        self._noise.printed = True
        return super().write(text)


@contextmanager
def hushed() -> Iterator[Noise]:
    """Keep prints and warnings of code from the terminal, and remember that there were some; it has nothing to read."""
    noise = Noise()

    def note(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any) -> None:
        told = " ".join(str(message).split())
        noise.warned[f"{category.__name__}: {told} ({Path(filename).name}, line {lineno})"] = None

    stdin, sys.stdin = sys.stdin, io.StringIO()  # who waits for an answer would wait for good: nobody sees the question
    try:
        with _Nowhere(noise) as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere), warnings.catch_warnings():
            warnings.simplefilter("default")
            for category in _FOR_AUTHORS:
                warnings.simplefilter("ignore", category)
            warnings.showwarning = note
            yield noise
    finally:
        sys.stdin = stdin
