"""Processes that share the rows of a batch."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.architectures import build
from numeric.data_parallel import DataParallelTeam, Sum
from numeric.optimizers import SGD
from numeric.worker import AVAILABLE

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="no workers on this system")


def draw(rows, seed=0):
    rng = np.random.default_rng(seed)
    network = build("cnn", 64, 10, keep=0.5)
    X, T = rng.random((rows, 64), np.float32), rng.integers(0, 10, rows)
    return network, network.initialize("he", rng), X, T, network.masks(rows, rng)


def team_of(network, vector, processes):
    return DataParallelTeam(network, vector, SGD(), {}, processes)


@given(processes=st.integers(1, 4), working=st.integers(1, 4), seed=st.integers(0, 100))
def test_sums_of_all_parts_are_the_sum_of_all_who_had_rows(processes, working, seed):
    working = min(working, processes)
    gradients = list(np.random.default_rng(seed).integers(-9, 9, (processes, 12)).astype(np.float32))
    expected = sum(gradients[:working])
    ends = np.linspace(0, 12, processes + 1).astype(int)
    runs = [slice(start, end) for start, end in pairwise(ends)]
    for number, run in enumerate(runs):
        Sum(gradients, number, run).add(working)
    found = np.concatenate([gradient[run] for gradient, run in zip(gradients, runs, strict=True)])
    np.testing.assert_array_equal(found, expected)


def test_batches_may_become_smaller():
    network, vector, X, T, masks = draw(9)
    with team_of(network, vector, 3) as team:
        for rows in (9, 5, 1, 2, 9):
            part = X[:rows], T[:rows], [mask[:rows] for mask in masks]
            L, gradient = network.backward(network.views(vector), *part)
            team.begin(X, np.arange(9), 9)
            assert team.backward(*part) == pytest.approx(L, rel=1e-5)
            np.testing.assert_allclose(team.gradient, gradient, rtol=1e-4, atol=1e-6)


def test_what_a_worker_cannot_do_is_raised_here_and_the_team_asks_again():
    network, vector, X, T, masks = draw(8)
    with team_of(network, vector, 2) as team:
        team.begin(X, np.arange(8), 8)
        expected = team.backward(X, T, masks)
        for wrong_row in (0, 7):  # of this process, of the worker
            wrong = T.copy()
            wrong[wrong_row] = 100
            with pytest.raises(IndexError):
                team.backward(X, wrong, masks)
            assert team.backward(X, T, masks) == expected


def test_an_overflow_is_what_the_caller_makes_of_it():
    network, vector, X, T, masks = draw(6)
    X[3:] *= np.float32(1e30)  # the worker's rows
    with team_of(network, vector, 2) as team:
        team.begin(X, np.arange(6), 6)
        with np.errstate(all="ignore"):
            assert not np.isfinite(team.backward(X * np.float32(1e8), T, masks))
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            team.backward(X * np.float32(1e8), T, masks)
