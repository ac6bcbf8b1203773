"""How long to wait for code that may never end: so many lines, on every machine the same."""

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# A backward of the catalogue runs through some hundreds of lines at the sizes of the checks.
MOST_LINES = 10**6


class NoEndError(RuntimeError):
    """A function went on for more lines than anybody waits for."""


def patient(function: Callable[..., Any], lines: int = MOST_LINES) -> Callable[..., Any]:
    """The function, which raises NoEndError after so many lines of Python, of its own and of what it calls."""

    @functools.wraps(function)
    def limited(*arguments: Any, **named: Any) -> Any:
        left = lines

        def count(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal left
            left -= event == "line"
            if left < 0:
                raise NoEndError(f"no end after {lines} lines")
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            return function(*arguments, **named)
        finally:
            sys.settrace(before)

    return limited


def lines_run(function: Callable[..., Any]) -> set[tuple[str, int]]:
    """The files and lines of Python that a call of the function comes by."""
    lines: set[tuple[str, int]] = set()

    def note(frame: FrameType, event: str, argument: Any) -> Any:
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        function()
    finally:
        sys.settrace(before)
    return lines
