"""Processes that have pixels of their own."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from numeric.architectures import build
from numeric.errors import TrainingError
from numeric.optimizers import SGD
from numeric.tensor_parallel import TensorParallelTeam, splits
from numeric.worker import AVAILABLE

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="no workers on this system")


def draw(rows=12, seed=0):
    rng = np.random.default_rng(seed)
    network = build("mlp", 64, 10)
    return network, network.initialize("he", rng), rng.random((rows, 64), np.float32), rng.integers(0, 10, rows)


def team_of(network, vector, processes=3):
    return TensorParallelTeam(network, vector, SGD(), {}, processes)


def is_running(pid):
    """Whether there is such a process that has not ended."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_what_splits_reads_its_images_with_a_linear_layer():
    networks = ("mlp", "nielsen", "three-blue-one-brown", "cnn", "cnn-vote")
    assert [splits(build(name, 784, 10)) for name in networks] == [True, True, True, False, False]


def test_it_asks_for_some_pixels_only_and_the_workers_have_all_others():
    network, vector, X, _ = draw()
    with team_of(network, vector) as team:
        seen = team.begin(X, np.arange(12), 12)
        np.testing.assert_array_equal(seen, X[:, 42:])
        assert len(team._workers) == 2


def test_the_vector_is_up_to_date_once_all_is_settled():
    network, vector, X, T = draw()
    before = vector.copy()
    with team_of(network, vector) as team:
        team.backward(team.begin(X, np.arange(12), 12), T)
        gradient = team.gradient.copy()
        team.step(0.5)
        team.settle()
    np.testing.assert_allclose(vector, before - np.float32(0.5) * gradient, rtol=1e-5, atol=1e-7)


def test_it_ends_with_the_team():
    network, vector, X, _ = draw()
    with team_of(network, vector) as team:
        team.begin(X, np.arange(12), 12)
        pids = [worker.pid for worker in team._workers]
        assert all(map(is_running, pids))
    assert not any(map(is_running, pids))


@pytest.mark.parametrize("moment", ["before a batch", "before a step", "before all is settled"])
def test_what_a_killed_worker_knew_is_lost_and_training_says_so(moment):
    network, vector, X, T = draw()

    def train_for_two_steps(team, X):
        for place in ("before a batch", "before a step"):
            kill(team, place)
            team.backward(X[:6], T[:6])
            team.step(0.1)
        kill(team, "before all is settled")
        team.settle()

    def kill(team, now):
        if now == moment:
            os.kill(team._workers[0].pid, signal.SIGKILL)

    with team_of(network, vector) as team, pytest.raises(TrainingError, match="killed"):
        train_for_two_steps(team, team.begin(X, np.arange(12), 6))


def test_it_leaves_ctrl_c_to_the_process_that_trains():
    network, vector, X, T = draw()
    with team_of(network, vector) as team:
        X = team.begin(X, np.arange(12), 6)
        L = team.backward(X[:6], T[:6])
        os.kill(team._workers[0].pid, signal.SIGINT)
        team.begin(X, np.arange(12), 6)
        assert team.backward(X[:6], T[:6]) == L


def test_no_batch_is_looked_at_before_an_epoch_begins():
    network, vector, X, T = draw()
    with team_of(network, vector) as team, pytest.raises(TrainingError, match="no epoch"):
        team.backward(X, T)


def test_a_weight_that_is_not_finite_shows_in_the_loss_and_in_the_square():
    network, vector, X, T = draw()
    vector[0] = np.inf  # one of the first worker's
    with team_of(network, vector) as team, np.errstate(all="ignore"):
        L = team.backward(team.begin(X, np.arange(12), 12), T)
        assert not np.isfinite(L + team.square)


ORPHANING = """
import os, signal, numpy as np
from numeric.architectures import build
from numeric.optimizers import SGD
from numeric.tensor_parallel import TensorParallelTeam
network = build("mlp", 64, 10)
vector = network.initialize("he", np.random.default_rng(0))
images = np.ones((6, 64), np.float32)
with TensorParallelTeam(network, vector, SGD(), {}, 3) as team:
    team.backward(team.begin(images, np.arange(6), 6), np.zeros(6, int))
    print(*[worker.pid for worker in team._workers], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_none_is_left_when_the_process_that_trains_is_killed():
    ran = subprocess.run([sys.executable, "-c", ORPHANING], capture_output=True, text=True, timeout=60, check=False)
    pids = [int(pid) for pid in ran.stdout.split()]
    assert (ran.returncode, len(pids)) == (-signal.SIGKILL, 2)
    until = time.monotonic() + 10
    while any(map(is_running, pids)):
        assert time.monotonic() < until
        time.sleep(0.01)
