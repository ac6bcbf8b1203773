import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
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
from numeric.trajectory import TRAJECTORY, Trajectory

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


CHANGES = {
    "momentum": {},
    "adamw": {"optimizer": Adam(decay=0.01), "rate": 0.001, "schedule": "one-cycle"},
    "rmsprop": {"optimizer": RMSProp(), "rate": 0.001, "clip": 1.0},
    "nesterov": {"optimizer": SGD(0.9, nesterov=True), "halve_after": 1, "patience": 3},
    "sgd": {"optimizer": SGD()},
    "distorted": {"keep": 0.5, "lam1": 1e-4, "distortion": Distortion(shift=0.5, alpha=0.3, sigma=1.5)},
}


def settings_of(changes, threads):
    return {"recipe": replace(RECIPE, **CHANGES[changes]), "seed": 3, "threads": threads}


@cache
def uninterrupted(changes, threads):
    return train("mlp", load("digits"), **settings_of(changes, threads))


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize(("threads", "after"), [(1, 1), (1, 4), (1, 5), (2, 4)])
def test_a_resumed_run_ends_as_if_it_had_uninterrupted(tmp_path, digits, changes, after, threads):
    settings, whole = settings_of(changes, threads), uninterrupted(changes, threads)
    with pytest.raises(KeyboardInterrupt):
        train("mlp", digits, **settings, out=tmp_path, observers=[Stop(min(after, len(whole.history)))])
    resumed = train("mlp", digits, **settings, out=tmp_path, resume=True)
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


def test_the_path_is_kept_and_a_resumed_run_keeps_the_same(tmp_path, digits):
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    result = train("mlp", digits, recipe=RECIPE, seed=3, out=whole, keep_path=True)
    with pytest.raises(KeyboardInterrupt):
        train("mlp", digits, recipe=RECIPE, seed=3, out=halved, keep_path=True, observers=[Stop(2)])
    train("mlp", digits, recipe=RECIPE, seed=3, out=halved, keep_path=True, resume=True)
    expected, found = Trajectory.load(whole), Trajectory.load(halved)
    assert found.done == expected.done
    np.testing.assert_array_equal(found.vectors, expected.vectors)
    assert expected.done[0] == 0
    assert expected.done[-1] == 1
    assert len(expected.done) > RECIPE.epochs
    names = sorted(path.name for path in halved.iterdir())
    assert names == ["history.jsonl", "model.safetensors", TRAJECTORY, "summary.json"]
    assert result.summary["best_epoch"] < 5 or np.array_equal(
        expected.vectors[-1], np.concatenate([array.ravel() for array in result.parameters.values()])
    )


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_path_leads_the_same_way_however_many_train(tmp_path, digits, name):
    for threads in (1, 2):
        recipe = replace(RECIPE, epochs=1, rate=0.01)
        train(name, digits, recipe=recipe, seed=3, out=tmp_path / str(threads), keep_path=True, threads=threads)
    alone, together = (np.array(Trajectory.load(tmp_path / str(threads)).vectors) for threads in (1, 2))
    assert len(alone) > 10
    assert (alone[1:] != alone[:-1]).any(axis=1).all()
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-5)


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
    expected = {"network": "mlp", "dataset": "digits", "seed": 3, "init": "he", "threads": 1}
    expected |= {"recipe": RECIPE, "keep_path": False}
    assert recorded_run(tmp_path) == expected
    with pytest.raises(InputError, match="nothing was interrupted there"):
        recorded_run(tmp_path / "elsewhere")


def test_a_seed_of_any_length_is_resumed(tmp_path, digits):
    with pytest.raises(KeyboardInterrupt):
        train("mlp", digits, recipe=RECIPE, seed=1 << 100, out=tmp_path, observers=[Stop(4)])
    assert recorded_run(tmp_path)["seed"] == 1 << 100
    assert len(train("mlp", digits, recipe=RECIPE, seed=1 << 100, out=tmp_path, resume=True).history) == 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda told: {},
        lambda told: told | {"run": 3},
        lambda told: told | {"rng": {"bit_generator": "MT19937"}},
        lambda told: told | {"history": [{"epoch": 1}]},
        lambda told: told | {"patience": {"surprise": 1}},
        lambda told: told | {"history": [epoch | {"norms": {"W1": 1e308}} for epoch in told["history"]]},
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


def test_numbers_that_float32_cannot_hold_are_refused(tmp_path, digits):
    interrupted(tmp_path, digits)
    arrays, metadata = checkpoint.load(tmp_path / CHECKPOINT)
    checkpoint.save(tmp_path / CHECKPOINT, {n: np.full(a.shape, 1e300) for n, a in arrays.items()}, metadata)
    with pytest.raises(InputError, match="damaged"):
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


# In processes of their own, which are killed.

PROGRAM = """
import os, sys, time
from pathlib import Path
import numpy as np
from numeric.data.dataset import Dataset
from numeric.errors import InputError
from numeric.optimizers import SGD
from numeric.recipes import Recipe
from numeric.resumption import CHECKPOINT
from numeric.training import train
from numeric.trajectory import TRAJECTORY, Trajectory

def tell(moment):
    print(moment, flush=True)
    time.sleep(0.02)  # in which the reader may kill

def telling(before, function, after):
    def call(*arguments):
        tell(before)
        result = function(*arguments)
        tell(after)
        return result
    return call

class Teller:
    def start(self, epochs): pass
    def batch(self, done): tell("batch")
    def epoch(self, record): pass

rng = np.random.default_rng(0)
images, labels = rng.random((120, 64), np.float32), rng.integers(0, 10, 120)
dataset = Dataset("noise", "for tests", images, labels, images, labels, image_shape=(8, 8))
recipe = Recipe(epochs=100, batch=32, rate=0.1, schedule="cosine", optimizer=SGD(0.9))
out = Path(sys.argv[1])
told = "quietly" not in sys.argv
if told:
    os.fsync = telling("written", os.fsync, "on the disk")
    os.replace = telling("before the renaming", os.replace, "renamed")
if "small files" in sys.argv:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    train("three-blue-one-brown", dataset, recipe=recipe, out=out, resume=(out / CHECKPOINT).exists(), threads=2,
          observers=[Teller()] if told else [])
except InputError as error:
    sys.exit(str(error))
"""
MOMENTS = ["batch", "written", "on the disk", "before the renaming", "renamed"]


def running(folder, *options):
    command = [sys.executable, "-c", PROGRAM, folder, *options]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def stopped(folder, moment, sent, wait=0.0):
    """Start the program, or let it go on; send it a signal when it says for the third time that it is there."""
    process = running(folder)
    left = 3
    for line in process.stdout:
        left -= line == f"{moment}\n"
        if not left:
            break
    time.sleep(wait)
    process.send_signal(sent)
    _, trouble = process.communicate(timeout=60)
    return process.returncode, trouble


def ended(folder, *options):
    process = running(folder, "quietly", *options)
    _, trouble = process.communicate(timeout=60)
    return process.returncode, trouble


def unfinished(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    """The model that the program ends with, as bytes."""
    folder = tmp_path_factory.mktemp("whole")
    assert ended(folder) == (0, "")
    return (folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(1, 10))])
def test_killed_ten_times_while_computing_and_while_writing_it_ends_the_same(tmp_path, never_stopped, seed):
    """Ten kills, two at each moment; every one leaves at most the one file that it was writing."""
    rng, folder = np.random.default_rng(seed), tmp_path / "run"
    seen = []
    for moment in rng.permutation(MOMENTS * 2):
        code, _ = stopped(folder, moment, signal.SIGKILL, wait=float(rng.uniform(0, 0.015)))
        assert code == -signal.SIGKILL
        seen += unfinished(folder)
        assert len(unfinished(folder)) <= 1
    assert seen, "none of the kills came while a file was being written"
    assert ended(folder) == (0, "")
    assert (folder / "model.safetensors").read_bytes() == never_stopped
    assert len((folder / "history.jsonl").read_text().splitlines()) == 100
    assert sorted(path.name for path in folder.iterdir()) == ["history.jsonl", "model.safetensors", "summary.json"]


def test_the_command_goes_on_after_a_kill(tmp_path, digits):
    command = [sys.executable, "-m", "backproof", "train"]
    fresh = [*command, "--dataset", "digits", "--epochs", "60", "--out", tmp_path]
    process = subprocess.Popen(fresh, cwd=ROOT, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (tmp_path / CHECKPOINT).exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    subprocess.run([*command, "--resume", tmp_path], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    parameters, _ = checkpoint.load(tmp_path / "model.safetensors")
    assert {name: array.tobytes() for name, array in parameters.items()} == weights(train("mlp", digits, epochs=60))


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_any_moment_leaves_a_whole_checkpoint_and_nothing_unfinished(tmp_path, never_stopped, moment):
    code, trouble = stopped(tmp_path / "run", moment, signal.SIGINT)
    assert code != 0
    assert trouble.endswith("KeyboardInterrupt\n")
    assert [path.name for path in (tmp_path / "run").iterdir()] == [CHECKPOINT]
    assert ended(tmp_path / "run") == (0, "")
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == never_stopped


def test_a_file_that_may_not_grow_leaves_the_last_good_checkpoint(tmp_path, never_stopped):
    """A limit on the size of files stands for a full disk where no disk can be filled."""
    stopped(tmp_path, "renamed", signal.SIGKILL)
    before = (tmp_path / CHECKPOINT).read_bytes()
    code, trouble = ended(tmp_path, "small files")
    assert (code, trouble) == (
        1,
        f"cannot write {tmp_path / CHECKPOINT}: File too large; the checkpoint before it is untouched\n",
    )
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert unfinished(tmp_path) == []
    assert ended(tmp_path) == (0, "")
    assert (tmp_path / "model.safetensors").read_bytes() == never_stopped


@pytest.fixture
def small_disk(tmp_path):
    """A disk that has room for one checkpoint of the program, and not for two."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here: that takes root, and Linux")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills_up_leaves_the_last_good_checkpoint(small_disk, tmp_path, never_stopped):
    code, trouble = ended(small_disk)
    assert (code, trouble) == (
        1,
        f"cannot write {small_disk / CHECKPOINT}: No space left on device; the checkpoint before it is untouched\n",
    )
    assert [path.name for path in small_disk.iterdir()] == [CHECKPOINT]
    shutil.copytree(small_disk, tmp_path / "larger")
    assert ended(tmp_path / "larger") == (0, "")
    assert (tmp_path / "larger" / "model.safetensors").read_bytes() == never_stopped
