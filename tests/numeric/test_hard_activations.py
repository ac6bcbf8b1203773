import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import hard_activations

TRUTHS = {
    "hard_sigmoid": (lambda x: 0 if x <= -3 else 1 if x >= 3 else x / 6 + 0.5, lambda x: 1 / 6 if -3 < x < 3 else 0),
    "hard_swish": (
        lambda x: 0 if x <= -3 else x if x >= 3 else x * (x + 3) / 6,
        lambda x: 0 if x <= -3 else 1 if x >= 3 else x / 3 + 0.5,
    ),
    "hard_tanh": (lambda x: -1 if x <= -1 else 1 if x >= 1 else x, lambda x: 1 if -1 < x < 1 else 0),
}


def pair(name):
    return getattr(hard_activations, name), getattr(hard_activations, f"{name}_backward")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TRUTHS)
@given(data=st.lists(st.floats(-1e4, 1e4, width=32) | st.sampled_from([-3.0, -1.0, 0.0, 1.0, 3.0]), min_size=1))
def test_values_and_slopes_at_corners_and_between(name, dtype, data):
    forward, backward = pair(name)
    X = np.array([data], dtype)
    Y, dX = forward(X), backward(np.full_like(X, 2), X)["dX"]
    assert Y.dtype == dX.dtype == dtype
    value, slope = TRUTHS[name]
    eps = np.finfo(dtype).eps
    for y, g, x in zip(Y[0], dX[0], X[0].tolist(), strict=True):
        assert abs(y - value(x)) <= 4 * eps * (1 + abs(x))
        assert abs(g - 2 * slope(x)) <= 8 * eps


@pytest.mark.parametrize("name", TRUTHS)
def test_inputs_stay_as_they_are_and_are_not_shared(name):
    X = np.linspace(-4, 4, 12).reshape(3, 4)[:, ::2]
    kept = X.copy()
    forward, backward = pair(name)
    results = [forward(X), backward(X, X)["dX"]]
    np.testing.assert_array_equal(X, kept)
    for result in results:
        assert result.flags.c_contiguous
        assert not np.shares_memory(result, X)
