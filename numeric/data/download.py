"""Download a file from the first mirror that has the right one."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pooch

from numeric.atomic import write_atomically
from numeric.errors import InputError

Content = TypeVar("Content")

_TIMEOUT = (5.0, 20.0)  # seconds to connect, and between two packets: a dead network is noticed soon


class _Bounded:
    """A file that takes so many bytes and no more: a mirror may promise little and send without end."""

    def __init__(self, path: Path, limit: int) -> None:
        self._file, self._room = path.open("wb"), limit

    def write(self, chunk: bytes) -> None:
        self._room -= len(chunk)
        if self._room < 0:
            raise InputError("sends more than the file can have")
        self._file.write(chunk)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def download(name: str, mirrors: Sequence[str], folder: Path, verify: Callable[[Path], Content], limit: int) -> Content:
    """Put `name` of at most `limit` bytes into `folder`, from the first of `mirrors` (URLs ending in /) that delivers.

    `verify` returns the content, or raises InputError where it is wrong. The file appears whole and verified, or not
    at all; where no mirror delivers it, InputError lists what went wrong at each. Raises OSError where `folder` cannot
    be written.
    """
    failures = []
    with tempfile.TemporaryDirectory() as scratch:
        arrived = Path(scratch) / name
        for mirror in mirrors:
            try:
                _transfer(mirror + name, arrived, limit)
                content = verify(arrived)
            except (OSError, InputError) as error:  # what requests raises is an OSError
                failures.append(f"{mirror}: {_reason(error)}")
            else:
                folder.mkdir(parents=True, exist_ok=True)
                write_atomically(folder / name, arrived.read_bytes())
                return content
    raise InputError(f"could not download {name} ({'; '.join(failures)})")


def _transfer(url: str, path: Path, limit: int) -> None:
    sink = _Bounded(path, limit)
    try:
        pooch.HTTPDownloader(timeout=_TIMEOUT)(url, sink, None)
    finally:
        sink.close()


def _reason(error: Exception) -> str:
    if isinstance(error, InputError):
        return str(error)
    response = getattr(error, "response", None)
    return f"no connection, {type(error).__name__}" if response is None else f"answered {response.status_code}"
