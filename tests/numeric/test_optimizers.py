import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.optimizers import SGD, Adam, RMSProp, clipping, drop_subnormals

OPTIMIZERS = (SGD(), SGD(0.9), SGD(0.9, nesterov=True), RMSProp(), Adam(), Adam(decay=0.1))
shares, rates, seeds = st.floats(0, 0.99), st.floats(0.001, 1), st.integers(0, 1000)


def moved(optimizer, gradients, rate, start=1.0):
    """Where the optimizer takes a single parameter, gradient by gradient."""
    parameters = np.full(1, start)
    state = optimizer.start(parameters)
    for gradient in gradients:
        optimizer.step(parameters, np.array([gradient]), rate, state)
    return parameters[0]


def drawn(seed):
    return np.random.default_rng(seed).normal(size=5).tolist()


@given(shares, rates, seeds)
def test_momentum_follows_its_two_equations(momentum, rate, seed):
    w, v = 1.0, 0.0
    for g in drawn(seed):
        v = momentum * v - rate * g
        w += v
    assert moved(SGD(momentum), drawn(seed), rate) == pytest.approx(w)


@given(shares, st.floats(0.001, 0.2), st.floats(0.1, 2))
def test_nesterov_takes_the_gradient_where_the_momentum_leads(momentum, rate, curvature):
    # Sutskever, Martens, Dahl and Hinton (2013), eqs. 3 and 4, on the bowl curvature*w**2/2
    w, v = 1.0, 0.0
    for _ in range(6):
        v = momentum * v - rate * curvature * (w + momentum * v)
        w += v
    optimizer, ahead = SGD(momentum, nesterov=True), np.ones(1)
    state = optimizer.start(ahead)
    for _ in range(6):
        optimizer.step(ahead, curvature * ahead, rate, state)
    assert ahead[0] == pytest.approx(w + momentum * v, abs=1e-12)


@given(shares, rates, seeds)
def test_rmsprop_divides_by_the_root_of_the_mean_square(decay, rate, seed):
    w, s = 1.0, 0.0
    for g in drawn(seed):
        s = decay * s + (1 - decay) * g**2
        w -= rate * g / (math.sqrt(s) + 1e-8)
    assert moved(RMSProp(decay), drawn(seed), rate) == pytest.approx(w)


@given(st.floats(0, 0.99), st.floats(0, 0.999), st.floats(0, 0.5), st.floats(0.001, 0.5), seeds)
def test_adam_follows_algorithm_1_and_its_decay_algorithm_2(beta1, beta2, decay, rate, seed):
    w, m, s = 1.0, 0.0, 0.0
    for t, g in enumerate(drawn(seed), start=1):
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g**2
        mean, square = m / (1 - beta1**t), s / (1 - beta2**t)
        w -= rate * (mean / (math.sqrt(square) + 1e-8) + decay * w)
    assert moved(Adam(beta1, beta2, decay=decay), drawn(seed), rate) == pytest.approx(w)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_float32_stays_float32_and_moves_in_place(optimizer):
    parameters = np.ones(3, np.float32)
    view = parameters[:2]
    state = optimizer.start(parameters)
    optimizer.step(parameters, np.ones(3, np.float32), 0.5, state)
    assert parameters.dtype == np.float32
    assert all(vector.dtype == np.float32 for name, vector in state.items() if name != "steps")
    assert (view < 1).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_it_finds_the_bottom_of_a_bowl(optimizer):
    parameters = np.array([3.0, -2.0])
    state = optimizer.start(parameters)
    for step in range(2000):
        optimizer.step(parameters, parameters * [1.0, 4.0], 0.05 / (1 + step / 50), state)
    np.testing.assert_allclose(parameters, 0, atol=0.02)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=5), st.floats(0.01, 20))
def test_clipping_keeps_the_direction_and_bounds_the_length(numbers, largest):
    gradient = np.array(numbers)
    clipped = gradient * clipping(float(gradient @ gradient), largest)
    length = np.linalg.norm(gradient)
    assert np.linalg.norm(clipped) <= largest * (1 + 1e-12)
    np.testing.assert_allclose(clipped * max(length, largest), gradient * largest, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_subnormal_numbers_become_zero_and_all_others_stay(dtype):
    tiny = np.finfo(dtype).tiny
    kept = np.array([0, tiny, -tiny, 1, -1e-30, 3e30, np.inf, -np.inf, np.nan], dtype)
    state = {"velocity": np.concatenate([kept, np.array([tiny / 2, -tiny / 3, tiny * np.finfo(dtype).eps], dtype)])}
    state |= {"steps": np.zeros((), np.int64)}
    drop_subnormals(state)
    np.testing.assert_array_equal(state["velocity"], np.concatenate([kept, np.zeros(3, dtype)]))
    assert state["steps"] == 0
