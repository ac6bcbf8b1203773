"""Parameters on disk: safetensors, which holds arrays and strings and can run nothing."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from numeric.atomic import write_atomically
from numeric.errors import InputError

_KEY = "backproof"
_DTYPES = ("F32", "F64")


def save(path: Path, parameters: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write named float arrays and strings to `path`, whole or not at all. Raises OSError where that is impossible."""
    # One entry, because safetensors writes several in random order: the same run gives the same file, bit for bit.
    described = {_KEY: json.dumps(metadata)}
    contiguous = {name: np.ascontiguousarray(array) for name, array in parameters.items()}
    write_atomically(path, to_bytes(contiguous, described))


def load(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read what `save` wrote: float32 or float64 arrays by name, and the strings.

    Raises InputError where the file is missing or malformed; its header is checked against its size before anything is
    allocated.
    """
    if not path.is_file():
        raise InputError(f"no file {path}; expected a model.safetensors")
    try:
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            for name in names:
                if (dtype := file.get_slice(name).get_dtype()) not in _DTYPES:
                    raise InputError(f"{path}: {name} is {dtype}; expected one of {', '.join(_DTYPES)}")
            return {name: file.get_tensor(name) for name in names}, _parse(path, file.metadata() or {})
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}") from None
    except SafetensorError as error:
        raise InputError(f"{path} is no intact safetensors file: {error}") from None


def _parse(path: Path, metadata: dict[str, str]) -> dict[str, str]:
    try:
        ours = json.loads(metadata.get(_KEY, "{}"))
    except (ValueError, RecursionError):  # not JSON, a number of thousands of digits, or brackets without end
        ours = None
    if not isinstance(ours, dict) or not all(isinstance(value, str) for value in ours.values()):
        raise InputError(f"{path}: its metadata are damaged; train the model anew")
    return ours
