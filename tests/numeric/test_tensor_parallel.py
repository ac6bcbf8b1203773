"""Processes that share the pixels of the images."""

import numpy as np
import pytest

from numeric.architectures import build
from numeric.errors import TrainingError
from numeric.optimizers import SGD
from numeric.tensor_parallel import TensorParallelTeam, splits
from numeric.worker import AVAILABLE

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="no workers on this system")


def draw(rows=12):
    rng = np.random.default_rng(0)
    network = build("mlp", 64, 10)
    return network, network.initialize("he", rng), rng.random((rows, 64), np.float32), rng.integers(0, 10, rows)


def test_what_splits_reads_its_images_with_a_linear_layer():
    networks = ("mlp", "nielsen", "three-blue-one-brown", "cnn", "cnn-vote")
    assert [splits(build(name, 784, 10)) for name in networks] == [True, True, True, False, False]


def test_it_asks_for_some_pixels_only_and_the_workers_have_all_others():
    network, vector, X, _ = draw()
    with TensorParallelTeam(network, vector, SGD(), {}, 3) as team:
        np.testing.assert_array_equal(team.begin(X, np.arange(12), 12), X[:, 42:])
        assert [worker.pixels for worker in team._workers] == [slice(0, 21), slice(21, 42)]


def test_it_asks_for_all_pixels_of_distorted_images():
    network, vector, X, _ = draw()
    with TensorParallelTeam(network, vector, SGD(), {}, 3, distorted=True) as team:
        np.testing.assert_array_equal(team.begin(X, np.arange(12), 12), X)


def test_no_batch_is_looked_at_before_an_epoch_begins():
    network, vector, X, T = draw()
    with TensorParallelTeam(network, vector, SGD(), {}, 2) as team, pytest.raises(TrainingError, match="no epoch"):
        team.backward(X, T)
