import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.dropout import dropout, dropout_backward
from numeric.errors import InputError


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 999), st.sampled_from([0.25, 0.9, 1]))
def test_what_the_mask_leaves_out_is_0_and_the_rest_is_scaled_both_ways(N, D, seed, keep):
    rng = np.random.default_rng(seed)
    X, M = rng.normal(size=(N, D)), rng.integers(0, 2, size=(N, D))
    Y, dX = dropout(X, M, keep), dropout_backward(X, M, keep)["dX"]
    for n, d in np.ndindex(X.shape):
        assert Y[n, d] == dX[n, d] == (X[n, d] / keep if M[n, d] else 0)


def test_an_entry_that_is_left_out_leaves_nothing_behind():
    X = np.array([[np.inf, np.nan, 1.0]], np.float32)
    np.testing.assert_array_equal(dropout(X, np.array([[0, 0, 1]]), np.float64(0.5)), [[0, 0, 2]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtypes_are_kept_and_inputs_not_touched(dtype):
    X, M = np.ones((2, 3), dtype), np.zeros((2, 3), np.uint8)
    Y = dropout(X, M, np.float64(0.5))
    assert Y.dtype == dtype
    np.testing.assert_array_equal(X, 1)


@pytest.mark.parametrize("keep", [0, -0.5, 1.5, np.nan, "half"])
def test_a_share_that_is_none_is_refused(keep):
    with pytest.raises(InputError, match=r"dropout: keep = .*expected a number above 0, at most 1"):
        dropout(np.ones((1, 1)), np.ones((1, 1), int), keep)


def test_a_mask_holds_zeros_and_ones():
    with pytest.raises(InputError, match=r"dropout: M\[0, 0\] = 2; expected labels 0..1"):
        dropout(np.ones((1, 1)), np.full((1, 1), 2), 0.5)
