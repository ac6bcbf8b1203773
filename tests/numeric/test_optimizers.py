import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.optimizers import SGD


@given(st.floats(0, 0.99), st.floats(0.001, 1), st.integers(0, 1000))
def test_momentum_follows_its_two_equations(momentum, rate, seed):
    gradients = np.random.default_rng(seed).normal(size=(5, 3))
    parameters, w, v = np.ones(3), [1.0] * 3, [0.0] * 3
    optimizer = SGD(momentum)
    state = optimizer.start(parameters)
    for gradient in gradients:
        optimizer.step(parameters, gradient.copy(), rate, state)
        v = [momentum * old - rate * g for old, g in zip(v, gradient, strict=True)]
        w = [old + move for old, move in zip(w, v, strict=True)]
    np.testing.assert_allclose(parameters, w)


def test_float32_stays_float32_and_moves_in_place():
    parameters = np.ones(3, np.float32)
    view = parameters[:2]
    optimizer = SGD(0.9)
    state = optimizer.start(parameters)
    optimizer.step(parameters, np.ones(3, np.float32), 0.5, state)
    assert parameters.dtype == state["velocity"].dtype == np.float32
    np.testing.assert_array_equal(view, [0.5, 0.5])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_it_finds_the_bottom_of_a_bowl(momentum):
    parameters = np.array([3.0, -2.0])
    optimizer = SGD(momentum)
    state = optimizer.start(parameters)
    for _ in range(400):
        optimizer.step(parameters, parameters * [1.0, 4.0], 0.05, state)
    np.testing.assert_allclose(parameters, 0, atol=1e-6)
