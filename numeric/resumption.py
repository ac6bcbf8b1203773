"""What has to be remembered so that training goes on as if it had never stopped, bit for bit."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numeric import checkpoint
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
        arrays = {_VECTOR: self.vector, _BEST: self.patience.best}
        arrays |= {_STATE + name: array for name, array in self.state.items() if array.ndim}
        told = {
            "run": self.run,
            "patience": {name: value for name, value in vars(self.patience).items() if name != "best"},
            "counters": {name: int(array) for name, array in self.state.items() if not array.ndim},
            "rng": self.rng.bit_generator.state,
            "history": [vars(epoch) for epoch in self.history],
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            checkpoint.save(folder / CHECKPOINT, arrays, {"progress": json.dumps(told)})
        except OSError as error:
            raise InputError(
                f"cannot write {folder / CHECKPOINT}: {error.strerror}; the checkpoint before it is untouched"
            ) from None

    def restore(self, folder: Path) -> None:
        """Go back to where the checkpoint in `folder` stands.

        Raises InputError where there is none, where it is damaged, or where it is of another run.
        """
        path = folder / CHECKPOINT
        arrays, metadata = checkpoint.load(path)
        try:
            told = json.loads(metadata["progress"])
            run = told["run"]
            if run == self.run:
                self._take(arrays, told)
        except (KeyError, ValueError, TypeError, AttributeError):  # fields that are missing, or of another kind
            raise InputError(f"{path} is damaged; train anew, with another --out") from None
        if run != self.run:
            changed = sorted(name for name in self.run if not isinstance(run, dict) or run.get(name) != self.run[name])
            before = run.get(changed[0]) if isinstance(run, dict) and changed else run
            raise InputError(
                f"{path} is of a run with {changed[0] if changed else 'other settings'} {before}, not "
                f"{self.run.get(changed[0]) if changed else 'these'}; resume it with its own"
            )

    def _take(self, arrays: dict[str, np.ndarray], told: dict[str, Any]) -> None:
        state = {
            name: arrays[_STATE + name] if array.ndim else np.array(told["counters"][name])
            for name, array in self.state.items()
        }
        vector, best = arrays[_VECTOR], arrays[_BEST]
        if any(array.shape != self.vector.shape for array in (vector, best, *(a for a in state.values() if a.ndim))):
            raise ValueError("parameters of another length")
        patience = Patience(**told["patience"], best=best)
        history = [Epoch(**epoch) for epoch in told["history"]]
        self.rng.bit_generator.state = told["rng"]
        self.vector[:], self.state, self.patience, self.history = vector, state, patience, history


def recorded_run(folder: Path) -> Run:
    """What the checkpoint in `folder` says of its run: network, dataset, seed, init, threads, and its Recipe.

    Raises InputError where there is no checkpoint, or where it is damaged.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        raise InputError(f"no {CHECKPOINT} in {folder}: nothing was interrupted there; train with --out {folder}")
    _, metadata = checkpoint.load(path)
    try:
        run = json.loads(metadata["progress"])["run"]
        kinds = {"network": str, "dataset": str, "seed": int, "init": str, "threads": int}
        if all(type(run[name]) is kind for name, kind in kinds.items()):
            return {name: run[name] for name in kinds} | {"recipe": Recipe.from_json(run["recipe"])}
    except (KeyError, ValueError, TypeError):
        pass
    raise InputError(f"{path} is damaged; train anew, with another --out")
