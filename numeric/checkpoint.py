"""Parameters on disk: safetensors, which holds arrays and strings and can run nothing."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from numeric.atomic import write_atomically
from numeric.errors import InputError

_KEY = "backproof"
_DTYPES = ("F32", "F64")
# Far beyond any network or history of ours, and still nothing that a machine would notice.
_LONGEST_HEADER = 10_000_000  # bytes
_LONGEST_NAME = 100
_MOST_ARRAYS = 1000
_MOST_AXES = 8

Shapes = dict[str, tuple[int, ...]]


def save(path: Path, parameters: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write named float arrays and strings to `path`, whole or not at all. Raises OSError where that is impossible."""
    # One entry, because safetensors writes several in random order: the same run gives the same file, bit for bit.
    described = {_KEY: json.dumps(metadata)}
    contiguous = {name: np.ascontiguousarray(array) for name, array in parameters.items()}
    write_atomically(path, to_bytes(contiguous, described))


def describe(path: Path) -> tuple[Shapes, dict[str, str]]:
    """The shapes of the arrays in a file, and the strings; no array is read. Raises InputError as `load` does."""
    with _opened(path) as file:
        return _described(path, file)


def load(
    path: Path, accept: Callable[[Shapes, dict[str, str]], object] = lambda shapes, metadata: None
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read what `save` wrote: float32 or float64 arrays by name, and the strings.

    Raises InputError where the file is missing or malformed, or names anything twice. Its header is checked against its
    size, and `accept` gets the shapes that it claims, and the strings, before anything is allocated: it raises
    InputError for those that it has no use for.
    """
    with _opened(path) as file:
        shapes, metadata = _described(path, file)
        accept(shapes, metadata)
        return {name: file.get_tensor(name) for name in shapes}, metadata


def cast(array: np.ndarray, dtype: DTypeLike = np.float32) -> np.ndarray:
    """A copy in another dtype; what that cannot hold becomes infinite."""
    with np.errstate(over="ignore"):
        return array.astype(dtype)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        if not path.is_file():
            raise InputError(f"no file {path}; expected a model.safetensors")
        _require_plain_header(path)
        with safe_open(path, framework="numpy") as file:
            yield file
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except SafetensorError as error:
        raise InputError(f"{path} is no intact safetensors file: {repr(str(error))[1:-1]:.300}") from None  # one line


def _described(path: Path, file: Any) -> tuple[Shapes, dict[str, str]]:
    shapes = {name: _shape(path, name, file.get_slice(name)) for name in file.keys()}  # noqa: SIM118 - no dictionary
    return shapes, _parse(path, file.metadata() or {})


def _require_plain_header(path: Path) -> None:
    """Refuse a header that is long, has many entries or one of them twice; what else is wrong, safetensors finds."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(min(length, _LONGEST_HEADER + 1))
    if len(header) > _LONGEST_HEADER:
        raise InputError(f"{path} has a header of {length} bytes; expected {_LONGEST_HEADER} at most")
    try:
        entries = json.loads(header, object_pairs_hook=_without_repeats)
    except _RepeatedError as repeated:
        raise InputError(f"{path} names {str(repeated)!r:.60} twice in its header") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is no intact safetensors file: its header is no JSON") from None
    if isinstance(entries, dict) and len(entries) > _MOST_ARRAYS:
        raise InputError(f"{path} holds {len(entries)} arrays; expected {_MOST_ARRAYS} at most")


class _RepeatedError(Exception):
    """A name that a header has twice."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _RepeatedError(name)
        found[name] = value
    return found


def _shape(path: Path, name: str, described: Any) -> tuple[int, ...]:
    """The shape of an array that the file describes; InputError for an array that no network of ours could have."""
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InputError(f"{path} holds an array that is named {name!r:.60}; expected names such as W1")
    if (dtype := described.get_dtype()) not in _DTYPES:
        raise InputError(f"{path}: {name} is {dtype}; expected one of {', '.join(_DTYPES)}")
    shape = tuple(described.get_shape())
    if 0 in shape or len(shape) > _MOST_AXES:
        raise InputError(f"{path}: {name} is of shape {shape!s:.60}; expected {_MOST_AXES} axes at most, none empty")
    return shape


def _parse(path: Path, metadata: dict[str, str]) -> dict[str, str]:
    try:
        ours = json.loads(metadata.get(_KEY, "{}"))
    except (ValueError, RecursionError):  # no JSON, numbers of thousands of digits, brackets in brackets without end
        ours = None
    if not isinstance(ours, dict) or not all(isinstance(value, str) for value in ours.values()):
        raise InputError(f"{path}: its metadata are damaged; train the model anew")
    return ours
