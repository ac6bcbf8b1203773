"""Processes that share the work of a step, whichever way."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import numpy as np
import pytest

from numeric.architectures import build
from numeric.data_parallel import DataParallelTeam
from numeric.errors import TrainingError
from numeric.optimizers import SGD, Adam
from numeric.tensor_parallel import TensorParallelTeam
from numeric.worker import AVAILABLE

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="no workers on this system")
KINDS = {"cnn": DataParallelTeam, "mlp": TensorParallelTeam}
every_kind = pytest.mark.parametrize("name", KINDS)


def draw(name, rows=12, seed=0):
    rng = np.random.default_rng(seed)
    network = build(name, 64, 10)
    return network, network.initialize("he", rng), rng.random((rows, 64), np.float32), rng.integers(0, 10, rows)


def team_of(name, network, vector, optimizer=SGD(), state=None, processes=3):  # noqa: B008 -- a frozen value
    return KINDS[name](network, vector, optimizer, state or {}, processes)


def is_running(pid):
    """Whether there is such a process that has not ended."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def first_batch(team, X, T):
    return team.backward(team.begin(X, np.arange(len(X)), len(X)), T)


@every_kind
def test_vector_and_state_are_up_to_date_once_all_is_settled(name):
    network, vector, X, T = draw(name)
    optimizer = Adam(eps=1e-3)
    expected, state = vector.copy(), optimizer.start(vector)
    its_state = optimizer.start(vector)
    with team_of(name, network, vector, optimizer, state) as team:
        first_batch(team, X, T)
        optimizer.step(expected, team.gradient.copy(), 0.5, its_state)
        team.step(0.5)
        team.settle()
    np.testing.assert_allclose(vector, expected, rtol=1e-6)
    for part, array in state.items():
        np.testing.assert_allclose(array, its_state[part], rtol=1e-6)


@every_kind
def test_they_end_with_the_team(name):
    network, vector, X, T = draw(name)
    with team_of(name, network, vector) as team:
        first_batch(team, X, T)
        pids = [worker.pid for worker in team._workers]
        assert len(pids) == 2
        assert all(map(is_running, pids))
    assert not any(map(is_running, pids))


@every_kind
@pytest.mark.parametrize("moment", ["before a batch", "before a step"])
def test_what_a_killed_worker_knew_is_lost_and_training_says_so(name, moment):
    network, vector, X, T = draw(name)

    def kill(team, now):
        if now == moment:
            os.kill(team._workers[0].pid, signal.SIGKILL)

    def train(team, X):
        for place in ("before a batch", "before a step"):
            kill(team, place)
            team.backward(X[:6], T[:6])
            team.step(0.1)
        team.settle()

    with team_of(name, network, vector) as team:
        seen = team.begin(X, np.arange(12), 6)
        team.backward(seen[:6], T[:6])
        team.step(0.1)
        with pytest.raises(TrainingError, match="killed"):
            train(team, seen[6:])


@every_kind
def test_they_leave_ctrl_c_to_the_process_that_trains(name):
    network, vector, X, T = draw(name)
    with team_of(name, network, vector) as team:
        L = first_batch(team, X, T)
        os.kill(team._workers[0].pid, signal.SIGINT)
        assert first_batch(team, X, T) == L


@every_kind
def test_a_weight_that_is_not_finite_shows_in_the_loss_and_in_the_square(name):
    network, vector, X, T = draw(name)
    vector[0] = np.inf  # one of the first worker's
    with team_of(name, network, vector) as team, np.errstate(all="ignore"):
        assert not np.isfinite(first_batch(team, X, T) + team.square)


@every_kind
def test_teams_may_end_in_any_order(name):
    """A process that is forked later has copies of the pipes of those before it."""
    network, vector, X, T = draw(name)
    first, second = (team_of(name, network, vector, processes=2) for _ in range(2))
    with ExitStack() as still_open:
        still_open.enter_context(second)
        with first:
            first_batch(first, X, T)
            expected = first_batch(second, X, T)
        assert first_batch(second, X, T) == expected


ORPHANING = """
import os, signal, sys
import numpy as np
from numeric.architectures import build
from numeric.optimizers import SGD
from numeric.teams import team_for
network = build(sys.argv[1], 64, 10)
vector = network.initialize("he", np.random.default_rng(0))
images = np.ones((6, 64), np.float32)
with team_for(network, vector, SGD(), {}, 3) as team:
    team.backward(team.begin(images, np.arange(6), 6), np.zeros(6, int))
    print(*[worker.pid for worker in team._workers], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@every_kind
def test_none_is_left_when_the_process_that_trains_is_killed(name):
    command = [sys.executable, "-c", ORPHANING, name]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    pids = [int(pid) for pid in ran.stdout.split()]
    assert (ran.returncode, len(pids)) == (-signal.SIGKILL, 2)
    until = time.monotonic() + 10
    while any(map(is_running, pids)):
        assert time.monotonic() < until
        time.sleep(0.01)
