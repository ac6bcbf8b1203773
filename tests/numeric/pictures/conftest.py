"""Small trained-looking models, of random weights, and a digit for them."""

import numpy as np
import pytest

from numeric.architectures import build
from numeric.data.datasets import load
from numeric.model import Model


@pytest.fixture(scope="session")
def model_of():
    """model_of(name) -> a Model of that name for the 8x8 digits, its weights drawn at random."""

    def make(name, seed=0):
        network = build(name, 64, 10)
        vector = network.initialize("he", np.random.default_rng(seed))
        vector[np.abs(vector) == 0] = 0.01
        return Model(network, network.views(vector), {"network": name})

    return make


@pytest.fixture(scope="session")
def digit():
    """An image [1, 64] of the embedded digits, and its label."""
    dataset = load("digits")
    return dataset.test_images[:1], int(dataset.test_labels[0])
