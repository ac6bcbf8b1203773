"""A run on disk: model.safetensors, history.jsonl and summary.json."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from numeric import checkpoint
from numeric.atomic import write_atomically
from numeric.errors import InputError
from numeric.history import Epoch

MODEL = "model.safetensors"


def write_run(
    out: Path,
    parameters: dict[str, np.ndarray],
    metadata: dict[str, str],
    history: Sequence[Epoch],
    summary: dict[str, Any],
) -> None:
    """Write the three files of a run into `out`, making it where needed, each whole or not at all.

    `metadata` is what the model's file says of it.

    Raises InputError where that is impossible.
    """
    lines = "".join(json.dumps(asdict(record)) + "\n" for record in history)
    try:
        out.mkdir(parents=True, exist_ok=True)
        checkpoint.save(out / MODEL, parameters, metadata)
        write_atomically(out / "history.jsonl", lines.encode())
        write_atomically(out / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())
    except OSError as error:
        raise InputError(f"cannot write the run in {out}: {error.strerror}") from None
