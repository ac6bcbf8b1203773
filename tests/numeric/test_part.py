"""A run of a network's parameters that one process looks after."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.architectures import build
from numeric.network import Penalty
from numeric.optimizers import SGD, Adam
from numeric.part import Part


def draw(penalty=Penalty()):  # noqa: B008 -- a frozen value
    rng = np.random.default_rng(0)
    network = build("mlp", 16, 10, penalty)
    vector = network.initialize("he", rng)
    return network, vector, rng.random(vector.size, np.float32)


@given(cut=st.integers(1, 11000), lam1=st.sampled_from([0.0, 0.1]), lam2=st.sampled_from([0.0, 0.3]))
def test_parts_pay_together_what_the_network_pays(cut, lam1, lam2):
    network, vector, gradient = draw(Penalty(lam1, lam2))
    expected = gradient.copy()
    paid = network.penalize(network.views(vector), network.views(expected))
    runs = slice(0, cut), slice(cut, vector.size)
    parts = [Part(network, run, vector, gradient, SGD(), {}) for run in runs]
    assert sum(part.penalize() for part in parts) == pytest.approx(paid, rel=1e-5)
    np.testing.assert_array_equal(gradient, expected)
    assert sum(part.square for part in parts) == pytest.approx(float(expected @ expected), rel=1e-5)


@pytest.mark.parametrize("optimizer", [SGD(0.9), Adam()])
def test_a_part_is_moved_as_the_whole_would_be_and_all_else_stays(optimizer):
    network, vector, gradient = draw()
    expected, state, its_state = vector.copy(), optimizer.start(vector), optimizer.start(vector)
    for scale in (1.0, 0.5):
        optimizer.step(expected, gradient * np.float32(scale), 0.1, its_state)
    run, before = slice(100, 900), vector.copy()
    for scale in (1.0, 0.5):
        Part(network, run, vector, gradient.copy(), optimizer, state).step(0.1, scale)
    np.testing.assert_allclose(vector[run], expected[run], rtol=1e-6)
    for name, array in state.items():
        here = run if array.ndim else ...
        np.testing.assert_allclose(array[here], its_state[name][here], rtol=1e-6)
    vector[run] = before[run]
    np.testing.assert_array_equal(vector, before)


def test_a_velocity_without_gradients_comes_to_rest():
    network, vector, gradient = draw()
    optimizer = SGD(momentum=0.9)
    state = optimizer.start(vector)
    part = Part(network, slice(0, 50), vector, gradient, optimizer, state)
    part.step(0.1)
    assert state["velocity"].any()
    gradient[:] = 0
    for _ in range(1200):
        part.step(0.1)
    assert not state["velocity"].any()
