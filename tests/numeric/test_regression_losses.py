import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import regression_losses
from numeric.errors import InputError

TRUTHS = {
    "mean_squared_error": ({}, lambda r: r * r),
    "absolute_error": ({}, abs),
    "huber": ({"delta": 0.5}, lambda r: r * r / 2 if abs(r) <= 0.5 else 0.5 * (abs(r) - 0.25)),
}
batches = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
DL = 0.7


def pair(name):
    return getattr(regression_losses, name), getattr(regression_losses, f"{name}_backward")


def draw(batch):
    N, C, seed = batch
    return np.random.default_rng(seed).normal(size=(2, N, C))


@pytest.mark.parametrize("name", TRUTHS)
@given(batches)
def test_a_loss_is_the_mean_over_all_entries(name, batch):
    Y, T = draw(batch)
    options, truth = TRUTHS[name]
    expected = math.fsum(truth(r) for r in (Y - T).flat) / Y.size
    assert pair(name)[0](Y, T, **options) == pytest.approx(expected)


@pytest.mark.parametrize("name", TRUTHS)
@given(batches)
def test_the_backward_is_its_slope(differences, name, batch):
    Y, T = draw(batch)
    forward, backward = pair(name)
    options = TRUTHS[name][0]
    got = backward(DL, Y, T, **options)
    assert list(got) == ["dY", "dT"]
    near_kink = np.abs(Y - T).min() < 1e-4 or np.abs(np.abs(Y - T) - 0.5).min() < 1e-4
    if not near_kink:
        expected = {
            "dY": DL * differences(lambda Y: forward(Y, T, **options), Y),
            "dT": DL * differences(lambda T: forward(Y, T, **options), T),
        }
        for cotangent in expected:
            np.testing.assert_allclose(got[cotangent], expected[cotangent], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", TRUTHS)
def test_a_target_that_is_hit_has_slope_0_and_delta_itself_belongs_to_the_middle(name):
    Y = np.array([[1.0, 2.0, 0.5]])
    got = pair(name)[1](1.0, Y, np.array([[1.0, 2.0, 0.0]]), **TRUTHS[name][0])
    np.testing.assert_array_equal(got["dY"][:, :2], 0)
    if name == "huber":
        np.testing.assert_allclose(got["dY"][0, 2], 0.5 / 3)


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dL", [1.0, np.float64(0.5), np.array(0.5, np.float32)])
def test_results_keep_the_dtype_and_inputs_stay_as_they_are(name, dtype, dL):
    Y, T = draw((4, 3, 0)).astype(dtype)[:, ::-2]
    kept = Y.copy(), T.copy()
    options = {option: np.float64(value) for option, value in TRUTHS[name][0].items()}
    results = [pair(name)[0](Y, T, **options), *pair(name)[1](dL, Y, T, **options).values()]
    assert {np.asarray(result).dtype for result in results} == {np.dtype(dtype)}
    np.testing.assert_array_equal([Y, T], kept)
    assert not any(np.shares_memory(result, array) for result in results for array in (Y, T))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TRUTHS)
def test_nothing_overflows_far_from_the_target(name, dtype):
    Y, T = np.array([[1e4]], dtype), np.array([[-1e4]], dtype)
    options, truth = TRUTHS[name]
    assert pair(name)[0](Y, T, **options) == pytest.approx(truth(2e4))


def test_a_delta_that_is_not_positive_is_refused():
    with pytest.raises(InputError, match="huber: delta = 0; expected a number above 0"):
        regression_losses.huber(np.ones((1, 1)), np.ones((1, 1)), 0)
