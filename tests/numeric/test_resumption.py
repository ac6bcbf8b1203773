import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from numeric import atomic, checkpoint
from numeric.data.augment import Distortion
from numeric.data.datasets import load
from numeric.errors import InputError
from numeric.optimizers import SGD, Adam, RMSProp
from numeric.recipes import Recipe
from numeric.resumption import CHECKPOINT, recorded_run
from numeric.training import train

ROOT = Path(__file__).parents[2]
RECIPE = Recipe(epochs=5, batch=64, rate=0.1, schedule="cosine", optimizer=SGD(0.9), lam=1e-3)


class Stop:
    """Somebody who pulls the plug after an epoch."""

    def __init__(self, after):
        self.after = after

    def start(self, epochs):
        pass

    def batch(self, done):
        pass

    def epoch(self, record):
        if record.epoch == self.after:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def weights(result):
    return {name: array.tobytes() for name, array in result.parameters.items()}


@pytest.mark.parametrize("after", [1, 4, 5])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": Adam(decay=0.01), "rate": 0.001, "schedule": "one-cycle"},
        {"optimizer": RMSProp(), "rate": 0.001, "clip": 1.0},
        {"optimizer": SGD(0.9, nesterov=True), "halve_after": 1, "patience": 3},
        {"optimizer": SGD()},
        {"keep": 0.5, "lam1": 1e-4, "distortion": Distortion(shift=0.5, alpha=0.3, sigma=1.5)},
    ],
    ids=["momentum", "adamw", "rmsprop", "nesterov", "sgd", "distorted"],
)
def test_a_resumed_run_ends_as_if_it_had_never_stopped(tmp_path, digits, changes, after):
    recipe = replace(RECIPE, **changes)
    whole = train("mlp", digits, recipe=recipe, seed=3)
    with pytest.raises(KeyboardInterrupt):
        train("mlp", digits, recipe=recipe, seed=3, out=tmp_path, observers=[Stop(min(after, len(whole.history)))])
    resumed = train("mlp", digits, recipe=recipe, seed=3, out=tmp_path, resume=True)
    assert weights(resumed) == weights(whole)
    assert [replace(e, seconds=0) for e in resumed.history] == [replace(e, seconds=0) for e in whole.history]
    assert not (tmp_path / CHECKPOINT).exists()


@pytest.mark.parametrize("name", ["cnn", "cnn-vote"])
def test_convolutions_resume_as_if_they_had_never_stopped(tmp_path, digits, name):
    recipe = replace(RECIPE, epochs=2, distortion=Distortion(shift=0.5))
    whole = train(name, digits, recipe=recipe, seed=3)
    with pytest.raises(KeyboardInterrupt):
        train(name, digits, recipe=recipe, seed=3, out=tmp_path, observers=[Stop(1)])
    assert weights(train(name, digits, recipe=recipe, seed=3, out=tmp_path, resume=True)) == weights(whole)


def interrupted(folder, digits, **changes):
    with pytest.raises(KeyboardInterrupt):
        train("mlp", digits, recipe=replace(RECIPE, **changes), seed=3, out=folder, observers=[Stop(2)])


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"seed": 4}, "is of a run with seed 3, not 4; resume it with its own"),
        ({"recipe": replace(RECIPE, rate=0.2)}, "is of a run with recipe"),
        ({"init": "xavier"}, "is of a run with init he, not xavier"),
    ],
)
def test_another_run_is_not_resumed(tmp_path, digits, changes, line):
    interrupted(tmp_path, digits)
    before = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(InputError, match=line):
        train("mlp", digits, out=tmp_path, resume=True, **({"recipe": RECIPE, "seed": 3} | changes))
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_a_checkpoint_tells_its_run(tmp_path, digits):
    interrupted(tmp_path, digits)
    expected = {"network": "mlp", "dataset": "digits", "seed": 3, "init": "he", "threads": 1, "recipe": RECIPE}
    assert recorded_run(tmp_path) == expected
    with pytest.raises(InputError, match="nothing was interrupted there"):
        recorded_run(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    "damage",
    [
        lambda told: {},
        lambda told: told | {"run": 3},
        lambda told: told | {"rng": {"bit_generator": "MT19937"}},
        lambda told: told | {"history": [{"epoch": 1}]},
        lambda told: told | {"patience": {"surprise": 1}},
        lambda told: {name: value for name, value in told.items() if name != "counters"} | {"history": 3},
    ],
)
def test_a_damaged_checkpoint_is_one_line(tmp_path, digits, damage):
    interrupted(tmp_path, digits)
    arrays, metadata = checkpoint.load(tmp_path / CHECKPOINT)
    told = damage(json.loads(metadata["progress"]))
    checkpoint.save(tmp_path / CHECKPOINT, arrays, {"progress": json.dumps(told)})
    with pytest.raises(InputError, match=r"damaged|is of a run with"):
        train("mlp", digits, recipe=RECIPE, seed=3, out=tmp_path, resume=True)


def test_parameters_of_another_length_are_refused(tmp_path, digits):
    interrupted(tmp_path, digits)
    arrays, metadata = checkpoint.load(tmp_path / CHECKPOINT)
    checkpoint.save(tmp_path / CHECKPOINT, {n: a[:-1] for n, a in arrays.items()}, metadata)
    with pytest.raises(InputError, match="damaged"):
        train("mlp", digits, recipe=RECIPE, seed=3, out=tmp_path, resume=True)


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, digits, monkeypatch):
    interrupted(tmp_path, digits)
    before = (tmp_path / CHECKPOINT).read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device; the checkpoint before it is untouched"):
        train("mlp", digits, recipe=RECIPE, seed=3, out=tmp_path, resume=True)
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT]


def killed_at_random(folder, kills, seed):
    """Run the command, kill it at random moments, resume it each time, and let it end."""
    rng = np.random.default_rng(seed)
    fresh = ["train", "--dataset", "digits", "--epochs", "60", "--out", str(folder)]
    for _ in range(kills):
        started = (folder / CHECKPOINT).exists()
        arguments = ["train", "--resume", str(folder)] if started else fresh
        process = subprocess.Popen([sys.executable, "-m", "backproof", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not (folder / CHECKPOINT).exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(float(rng.uniform(0, 0.3)))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        if process.wait() == 0:
            return
    subprocess.run(
        [sys.executable, "-m", "backproof", "train", "--resume", str(folder)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.thorough)])
def test_killed_runs_end_with_the_weights_of_one_that_was_not(tmp_path, digits, kills):
    whole = train("mlp", digits, epochs=60)
    killed_at_random(tmp_path / "run", kills, seed=kills)
    parameters, _ = checkpoint.load(tmp_path / "run" / "model.safetensors")
    assert {name: array.tobytes() for name, array in parameters.items()} == weights(whole)
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 60
