"""A process that works on some rows of every batch."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager

import numpy as np
import pytest

from numeric.architectures import build
from numeric.data_parallel import DataParallelTeam, RowWorker
from numeric.optimizers import SGD
from numeric.worker import AVAILABLE

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="no workers on this system")


def draw(rows, seed=0):
    rng = np.random.default_rng(seed)
    network = build("cnn", 64, 10, keep=0.5)
    X, T = rng.random((rows, 64), np.float32), rng.integers(0, 10, rows)
    return network, network.initialize("he", rng), X, T, network.masks(rows, rng)


@contextmanager
def working(rows=5):
    network, vector, X, T, masks = draw(rows)
    with closing(RowWorker(network, vector.dtype, X, T, masks)) as worker:
        yield worker, network, vector, X, T, masks


def team_of(network, vector, processes):
    return DataParallelTeam(network, vector, SGD(), {}, processes)


def alone(network, vector, X, T, masks, share):
    cotangents = np.empty_like(vector)
    L = network.bind(network.views(vector), network.views(cotangents))(X, T, masks, share)
    return L, cotangents


def asked(worker, vector, X, T, masks, share):
    worker.start(vector, X, T, masks, share)
    return worker.finish(), worker.cotangents


def assert_same(found, expected):
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])


def is_running(pid):
    """Whether there is such a process that has not ended."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_it_gives_what_the_network_gives_for_as_many_rows_as_there_is_room_for():
    with working(rows=5) as (worker, network, vector, X, T, masks):
        for rows in (5, 1, 3, 5):
            part = vector * np.float32(rows), X[:rows], T[:rows], [mask[:rows] for mask in masks], rows / 7
            assert worker.fits(part[1], part[3])
            assert_same(asked(worker, *part), alone(network, *part))
        assert not worker.fits(draw(6)[2], masks)
        assert not worker.fits(X, [])


def test_it_ends_when_it_is_closed():
    with working() as (worker, *_):
        assert is_running(worker.pid)
    assert not is_running(worker.pid)


def test_it_may_be_killed_at_any_time():
    with working() as (worker, network, *given):
        expected = alone(network, *given, 0.5)
        worker.start(*given, 0.5)
        os.kill(worker.pid, signal.SIGKILL)
        assert_same((worker.finish(), worker.cotangents), expected)
        assert_same(asked(worker, *given, 0.5), expected)


def test_it_leaves_ctrl_c_to_the_process_that_trains():
    with working() as (worker, network, *given):
        asked(worker, *given, 0.5)
        os.kill(worker.pid, signal.SIGINT)
        assert_same(asked(worker, *given, 0.5), alone(network, *given, 0.5))
        assert is_running(worker.pid)


def test_what_it_cannot_do_is_raised_here():
    with working() as (worker, _, vector, X, T, masks):
        worker.start(vector, X, T + 100, masks, 0.5)
        with pytest.raises(IndexError):
            worker.finish()


def test_an_overflow_is_what_the_caller_makes_of_it():
    with working() as (worker, _, vector, *given):
        with np.errstate(all="ignore"):
            assert not np.isfinite(asked(worker, vector * np.float32(1e20), *given, 0.5)[0])
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            asked(worker, vector * np.float32(1e20), *given, 0.5)
        with np.errstate(all="ignore"):
            assert np.isfinite(asked(worker, vector, *given, 0.5)[0])


def test_a_team_asks_again_after_something_went_wrong():
    network, vector, X, T, masks = draw(8)
    with team_of(network, vector, 2) as team:
        expected = team.backward(X, T, masks)
        wrong = T.copy()
        wrong[0] = 100  # in rows that are not the worker's
        with pytest.raises(IndexError):
            team.backward(X[::-1], wrong, masks)
        assert team.backward(X, T, masks) == expected


def test_a_larger_batch_finds_room():
    network, vector, X, T, masks = draw(20)
    small = X[:6], T[:6], [mask[:6] for mask in masks]
    with team_of(network, vector, 3) as team:
        for part in (small, (X, T, masks), (X, T, []), small):
            L, gradient = network.backward(network.views(vector), *part)
            found, sums = team.backward(*part), team.gradient
            assert found == pytest.approx(L, rel=1e-5)
            np.testing.assert_allclose(sums, gradient, rtol=1e-4, atol=1e-6)


ORPHANING = """
import os, signal, numpy as np
from numeric.architectures import build
from numeric.data_parallel import DataParallelTeam
from numeric.optimizers import SGD
network = build("cnn", 64, 10)
vector = network.initialize("he", np.random.default_rng(0))
with DataParallelTeam(network, vector, SGD(), {}, 3) as team:
    team.backward(np.ones((6, 64), np.float32), np.zeros(6, int), [])
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


def test_teams_may_end_in_any_order():
    """A process that is forked later has copies of the pipes of those before it."""
    network, vector, X, T, masks = draw(6)
    first, second = team_of(network, vector, 2), team_of(network, vector, 2)
    with ExitStack() as still_open:
        still_open.enter_context(second)
        with first:
            first.backward(X, T, masks)
            expected = second.backward(X, T, masks)
        assert second.backward(X, T, masks) == expected
