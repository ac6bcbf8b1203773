"""Parameters on disk: safetensors, which holds arrays and strings and can run nothing."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from numeric.atomic import write_atomically
from numeric.errors import InputError

_KEY = "backproof"


def save(path: Path, parameters: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write named arrays and strings to `path`, whole or not at all. Raises OSError where that is impossible."""
    # One entry, because safetensors writes several in random order: the same run gives the same file, bit for bit.
    described = {_KEY: json.dumps(metadata)}
    contiguous = {name: np.ascontiguousarray(array) for name, array in parameters.items()}
    write_atomically(path, to_bytes(contiguous, described))


def load(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read what `save` wrote. InputError where the file is missing or malformed: its header is checked against its size
    before anything is allocated.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            parameters = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
            metadata = json.loads((file.metadata() or {}).get(_KEY, "{}"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise InputError(f"{path} is no intact safetensors file: {error}") from None
    return parameters, metadata
