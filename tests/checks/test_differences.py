"""Finite differences: the error estimate encloses the error, on the right side of a kink, and noise is seen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.differences import FIRST_STEP, differences, noise_level, slope, slopes

ONE = np.array([1.0])
FUNCTIONS = {
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "cube": (lambda x: x**3 - 2 * x, lambda x: 3 * x * x - 2),
    "bell": (lambda x: 1 / (1 + 25 * x * x), lambda x: -50 * x / (1 + 25 * x * x) ** 2),
    "wave": (lambda x: np.sin(20 * x), lambda x: 20 * np.cos(20 * x)),
    "log": (lambda x: np.log(x * x + 0.01), lambda x: 2 * x / (x * x + 0.01)),
    "small": (lambda x: 1e-8 * x * x, lambda x: 2e-8 * x),
}
POINTS = st.floats(-4, 4).filter(lambda x: abs(x) > 1e-3)


def curve_of(function):
    return lambda x: np.array([function(x)])


@pytest.mark.parametrize("name", FUNCTIONS)
@given(x=POINTS)
def test_the_estimate_encloses_the_error(name, x):
    function, derivative = FUNCTIONS[name]
    noise = noise_level(lambda t: np.array([function(x + t)]), ONE)
    estimate = slope(curve_of(function), x, ONE, noise)
    own_rounding = 1e-14 * (1 + abs(derivative(x)))
    assert abs(estimate.value - derivative(x)) <= estimate.error + own_rounding


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_estimate_is_sharp(name):
    function, derivative = FUNCTIONS[name]
    estimate = slope(curve_of(function), 0.7, ONE)
    assert estimate.error < 1e-9 * abs(derivative(0.7))


def test_a_function_that_repeats_at_the_first_step_does_not_fool_it():
    turns = 2 * math.pi / FIRST_STEP
    estimate = slope(curve_of(lambda x: np.sin(turns * x)), 0.1, ONE)
    assert estimate.value == pytest.approx(turns * math.cos(turns * 0.1), rel=1e-6)


def test_one_sided_slopes_part_at_a_kink():
    central, left, right = slopes(curve_of(abs), 0.0, ONE)
    assert (left.value, right.value) == pytest.approx((-1, 1))
    assert not left.meets(right)
    assert central.value == 0


@given(x=POINTS)
def test_one_sided_slopes_meet_where_the_function_is_smooth(x):
    _, left, right = slopes(curve_of(np.tanh), x, ONE)
    assert left.meets(right)


def test_float32_inside_is_seen_as_noise():
    rng = np.random.default_rng(0)
    for x in rng.uniform(-1, 1, 20):
        estimate = slope(curve_of(lambda x: float(np.tanh(np.float32(x)))), x, ONE)
        assert 1e-9 < estimate.error < 1e-2
        assert abs(estimate.value - 1 / np.cosh(x) ** 2) <= estimate.error


def test_cancellation_is_seen_as_noise():
    rng = np.random.default_rng(0)

    def function(x):
        return ((1e6 + np.sin(x)) - 1e6) / 3

    for x in rng.uniform(-1, 1, 20):
        noise = noise_level(lambda t, x=x: np.array([function(x + t)]), ONE)
        assert 1e-13 < noise < 1e-9
        estimate = slope(curve_of(function), x, ONE, noise)
        assert abs(estimate.value - np.cos(x) / 3) <= estimate.error


def test_a_pole_inside_the_first_step_is_stepped_over():
    with np.errstate(all="ignore"):
        estimate = slope(curve_of(np.log), 0.02, ONE)
    assert estimate.value == pytest.approx(50, rel=1e-8)


def test_the_gradient_of_a_matrix_function():
    rng = np.random.default_rng(0)
    X, W, dY = rng.standard_normal((3, 4)), rng.standard_normal((4, 2)), rng.standard_normal((3, 2))
    found = differences(lambda X: X @ W, X, dY, direction=rng.standard_normal(X.shape))
    assert (np.abs(found.value - dY @ W.T) <= found.error + 1e-15).all()
    assert found.error.max() < 1e-11


@pytest.mark.parametrize(("convention", "expected"), [(0.0, 0.0), (1.0, 1.0)])
@pytest.mark.parametrize("x", [0.0, 1e-12, -1e-13])
def test_at_a_kink_the_convention_names_the_side(convention, expected, x):
    found = differences(
        lambda X: np.maximum(X, 0), np.array([x]), ONE, direction=ONE, convention=np.array([convention])
    )
    assert found.value[0] == pytest.approx(expected, abs=1e-9)
    assert found.error[0] < 1e-3


def test_a_convention_of_neither_side_stays_open():
    found = differences(lambda X: np.maximum(X, 0), np.zeros(1), ONE, direction=ONE, convention=np.array([0.5]))
    assert np.isinf(found.error[0])
    assert "kink" in found.reason


def test_entries_that_were_not_asked_for_are_marked():
    X, dY = np.ones((2, 3)), np.ones((2, 3))
    found = differences(np.tanh, X, dY, direction=X, entries=[(0, 1)])
    assert np.isfinite(found.error[0, 1])
    assert np.isnan(found.error).sum() == 5
