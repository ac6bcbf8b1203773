"""What has to be remembered so that training goes on as if it had never stopped, bit for bit."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from numeric import checkpoint
from numeric.atomic import sweep
from numeric.checkpoint import Shapes
from numeric.errors import InputError
from numeric.history import Epoch
from numeric.optimizers import State
from numeric.patience import Patience
from numeric.recipes import Recipe

CHECKPOINT = "checkpoint.safetensors"
Run = dict[str, Any]
_VECTOR, _BEST, _STATE = "parameters", "best", "state."


@dataclass
class Progress:
    """Where training stands after an epoch: parameters, optimizer, what the validation decided, shuffling, history.

    `run` holds what must be the same when it goes on, by name: strings and whole numbers.
    """

    run: Run
    vector: np.ndarray
    state: State
    patience: Patience
    rng: np.random.Generator
    history: list[Epoch]

    def save(self, folder: Path) -> None:
        """Write a checkpoint into `folder`, whole or not at all: the one before stays until this one is there.

        Raises InputError where it cannot be written.
        """
        told = {
            "run": self.run,
            "patience": {name: value for name, value in vars(self.patience).items() if name != "best"},
            "counters": {name: int(array) for name, array in self.state.items() if not array.ndim},
            "rng": self.rng.bit_generator.state,
            "history": [vars(epoch) for epoch in self.history],
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            checkpoint.save(folder / CHECKPOINT, self._arrays(self.patience.best), {"progress": json.dumps(told)})
        except OSError as error:
            raise InputError(
                f"cannot write {folder / CHECKPOINT}: {error.strerror}; the checkpoint before it is untouched"
            ) from None

    def restore(self, folder: Path) -> None:
        """Go back to where the checkpoint in `folder` stands; what was being written when it stopped is removed.

        Raises InputError where there is none, where it is damaged, or where it is of another run.
        """
        path = folder / CHECKPOINT
        told: dict[str, Any] = {}

        def accept(shapes: Shapes, metadata: dict[str, str]) -> None:
            told.update(_told(path, metadata))
            self._require_same_run(path, told.get("run"))
            if shapes != {name: array.shape for name, array in self._arrays(self.vector).items()}:
                raise _damaged(path)

        arrays, _ = checkpoint.load(path, accept)
        try:
            self._take(arrays, told)
        except (KeyError, ValueError, TypeError, OverflowError):  # fields that are missing, or of another kind
            raise _damaged(path) from None
        with contextlib.suppress(OSError):  # the next checkpoint says what is wrong with the folder
            sweep(folder)

    def _arrays(self, best: np.ndarray) -> dict[str, np.ndarray]:
        """What of this is an array, by its name in the file."""
        state = {_STATE + name: array for name, array in self.state.items() if array.ndim}
        return {_VECTOR: self.vector, _BEST: best, **state}

    def _require_same_run(self, path: Path, run: Any) -> None:
        if run == self.run:
            return
        before = run if isinstance(run, dict) else {}
        changed = min((name for name in self.run if before.get(name) != self.run[name]), default="other settings")
        raise InputError(
            f"{path} is of a run with {changed} {_shown(before.get(changed))}, not {_shown(self.run.get(changed))}; "
            "resume it with its own"
        )

    def _take(self, arrays: dict[str, np.ndarray], told: dict[str, Any]) -> None:
        arrays = {name: checkpoint.cast(arrays[name], like.dtype) for name, like in self._arrays(self.vector).items()}
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise ValueError("values that are not finite")
        counters = _of_kinds(told["counters"], {name: int for name, array in self.state.items() if not array.ndim})
        if not all(0 <= count < _MOST for count in counters.values()):
            raise ValueError("counters that count nothing")
        state = {
            name: arrays[_STATE + name] if array.ndim else np.array(counters[name])
            for name, array in self.state.items()
        }
        history = [Epoch(**_of_kinds(epoch, _EPOCH)) for epoch in _list(told["history"])]
        patience = Patience(**_of_kinds(told["patience"], _PATIENCE), best=arrays[_BEST])
        if [epoch.epoch for epoch in history] != list(range(1, len(history) + 1)):
            raise ValueError("epochs that do not follow each other")
        if not 1 <= patience.best_epoch <= len(history) or not 0 < patience.share <= 1:
            raise ValueError("a best epoch that there was not")
        if (patience.halve_after, patience.stop_after) != (self.patience.halve_after, self.patience.stop_after):
            raise ValueError("another patience")
        self.rng.bit_generator.state = told["rng"]
        self.vector[:], self.state, self.patience, self.history = arrays[_VECTOR], state, patience, history


def recorded_run(folder: Path) -> Run:
    """What the checkpoint in `folder` says of its run: network, dataset, seed, init, threads, keep_path, its Recipe.

    Raises InputError where there is no checkpoint, or where it is damaged.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        raise InputError(f"no {CHECKPOINT} in {folder}: nothing was interrupted there; train with --out {folder}")
    _, metadata = checkpoint.describe(path)
    run: Any = _told(path, metadata).get("run")
    kinds = {"network": str, "dataset": str, "seed": int, "init": str, "threads": int}
    try:
        found = _of_kinds({name: run[name] for name in kinds}, kinds)
        recipe, keep_path = Recipe.from_json(run["recipe"]), bool(run["keep_path"])
    except (KeyError, ValueError, TypeError):
        raise _damaged(path) from None
    if found["seed"] < 0 or not 0 <= found["threads"] < _MOST or recipe.epochs >= _MOST:
        raise _damaged(path)
    return {**found, "recipe": recipe, "keep_path": keep_path}


# More than any count of epochs, steps or threads.
_MOST = 1 << 62
_LARGEST = 1e100  # more than any length of vectors in float32, and its square is a number still
_EPOCH = get_type_hints(Epoch)
_PATIENCE = {name: kind for name, kind in get_type_hints(Patience).items() if name != "best"}


def _told(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    try:
        told = json.loads(metadata["progress"])
    except (KeyError, ValueError, RecursionError):
        raise _damaged(path) from None
    if not isinstance(told, dict):
        raise _damaged(path)
    return told


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged; train anew, with another --out")


def _shown(value: Any) -> str:
    """A setting for a message of one line, whatever it is."""
    return f"{value if isinstance(value, str) and value.isprintable() else repr(value):.200}"


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("no list")
    return value


def _of_kinds(record: Any, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """The record, if it has these very fields, each of its kind and no number beyond all. Raises ValueError."""
    fits = isinstance(record, dict) and set(record) == set(kinds)
    if not fits or not all(_is_of_kind(record[name], kind) for name, kind in kinds.items()):
        raise ValueError("fields of another kind")
    return record


def _is_of_kind(value: Any, kind: Any) -> bool:
    if isinstance(value, dict):  # of numbers, by name
        return get_origin(kind) is dict and all(_is_of_kind(number, get_args(kind)[1]) for number in value.values())
    return (
        get_origin(kind) is not dict
        and isinstance(value, kind)
        and not isinstance(value, bool)
        and not (isinstance(value, float) and not abs(value) < _LARGEST)
    )
