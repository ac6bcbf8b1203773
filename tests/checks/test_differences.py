"""Finite differences: the error estimate encloses the error, on the right side of a kink, and noise is seen."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checks.differences import FIRST_STEP, LEVELS, _last_digit, differences, noise_level, slope, slopes

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
@example(x=1.1381667990141446)  # the errors of neighbouring extrapolations to the right have a turning point here
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


@pytest.mark.parametrize("side", [1, -1])
def test_a_kink_on_one_side_is_no_noise(side):
    assert noise_level(lambda t: np.array([np.cos(1 + t) + max(side * t, 5e-4)]), ONE) < 1e-14


def test_a_kink_that_coarse_steps_cross_does_not_end_the_search():
    """The kink is not that of the coordinate's own convention, but lies in the direction in which noise is measured."""

    def forward(X):
        return np.array([np.sin(X[0]) + 40 * max(X[0] + X[1] - 3e-4, 0.0)])

    point, direction = np.zeros(2), np.array([0.5, 0.7])
    found = differences(forward, point, ONE, direction=direction, convention=np.array([1.0, 0.0]))
    assert found.value == pytest.approx([1, 0], abs=1e-8)
    assert (found.error < 1e-6).all()


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


@pytest.mark.parametrize("convention", [-1.0, 0.0])
def test_at_a_kink_that_only_smaller_numbers_leave_no_grid_is_seen(convention):
    """Here and ahead the result is 4, a power of two; no rounding comes of that."""
    found = differences(
        lambda X: 4 + np.maximum(-X, 0), np.zeros(1), ONE, direction=ONE, convention=np.array([convention])
    )
    assert found.value[0] == pytest.approx(convention, abs=1e-9)
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


def counting(forward, calls):
    def counted(points):
        calls.append(len(points))
        return np.stack([forward(point) for point in points])

    return counted


@given(N=st.integers(1, 4), D=st.integers(1, 4), C=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_the_estimate_encloses_the_error_where_coordinates_are_moved_together(N, D, C, seed):
    rng = np.random.default_rng(seed)
    X, W, dY = rng.standard_normal((N, D)), rng.standard_normal((D, C)), rng.standard_normal((N, C))

    def forward(X):
        return np.tanh(X @ W).ravel()

    found = differences(forward, X, dY, direction=rng.standard_normal(X.shape))
    expected = (dY / np.cosh(X @ W) ** 2) @ W.T
    assert (np.abs(found.value - expected) <= found.error + 1e-14 * (1 + np.abs(expected))).all()
    assert found.error.max() < 1e-6 * (1 + np.abs(expected).max())


def test_a_row_at_a_time_costs_what_one_row_costs():
    rng = np.random.default_rng(0)
    spent = {}
    for N in (1, 50):
        calls, X = [], rng.standard_normal((N, 3))
        samples = counting(lambda X: np.cumsum(X, axis=1).ravel(), calls)
        found = differences(lambda X: X, X, np.ones((N, 3)), direction=rng.standard_normal(X.shape), samples=samples)
        assert found.value == pytest.approx(np.tile([3.0, 2.0, 1.0], (N, 1)))
        spent[N] = sum(calls)
    assert spent[50] <= spent[1] + 50 * 3 + 2 * LEVELS


def test_what_the_first_step_hides_is_found_out():
    """The second coordinate moves the first output, but not by the first step: its slope is not the first's."""

    def forward(X):
        return np.stack([X[0] + X[1] * (X[1] - FIRST_STEP), np.exp(X[1])])

    found = differences(forward, np.array([0.5, 0.0]), np.ones(2), direction=np.array([0.3, -0.7]))
    assert found.value == pytest.approx([1.0, 1.0 - FIRST_STEP], rel=1e-8)


def test_a_domain_with_an_edge_is_kept_to():
    X = np.array([0.02, 3.0])
    found = differences(np.log, X, np.ones(2), direction=np.array([0.5, -1.0]))
    assert found.value == pytest.approx(1 / X, rel=1e-8)


def test_many_large_tensors_are_looked_at_in_parts():
    rng = np.random.default_rng(0)
    X, A = rng.standard_normal(60), rng.standard_normal((60, 4000))
    dY = rng.standard_normal(4000)
    found = differences(lambda X: X @ A, X, dY, direction=rng.standard_normal(60))
    assert (np.abs(found.value - A @ dY) <= found.error + 1e-12).all()


def test_grids_are_told_by_the_last_digit():
    values = np.array([0.75, -0.75, 3.0, np.float32(1 / 3), 0.0, np.inf, np.nan])
    assert list(_last_digit(values)) == [0.25, 0.25, 1.0, 2.0**-25, np.inf, np.inf, np.inf]
    assert _last_digit(np.array([1.0, 2.0, 4.0, 0.5])) == pytest.approx(np.array([1.0, 2.0, 4.0, 0.5]), rel=0.5)
