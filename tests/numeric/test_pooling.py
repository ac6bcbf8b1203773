"""Pooling against plain loops over windows, ties on purpose, and its backwards against differences."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from numeric import pooling
from numeric.errors import InputError


@st.composite
def drawn(draw, ties=False):
    """An image and windows that leave no window in the padding alone; with ties, of few different numbers."""
    N, H, W, C, R, S = (draw(st.integers(1, top)) for top in (2, 6, 5, 2, 3, 4))
    options = {"R": R, "S": S, "stride": draw(st.integers(1, 3)), "pad": draw(st.integers(0, min(R, S) - 1))}
    assume(H + 2 * options["pad"] >= R and W + 2 * options["pad"] >= S)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.integers(-1, 2, size=(N, H, W, C)).astype(float) if ties else rng.normal(size=(N, H, W, C))
    return X, options


def windows(X, R, S, stride, pad):
    """(n, p, q, c) and the places of the image that lie in that window, row by row."""
    N, H, W, C = X.shape
    P, Q = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    for n, p, q, c in np.ndindex(N, P, Q, C):
        rows = [stride * p + r - pad for r in range(R)]
        columns = [stride * q + s - pad for s in range(S)]
        yield (n, p, q, c), [(n, h, w, c) for h in rows if 0 <= h < H for w in columns if 0 <= w < W]


@pytest.mark.parametrize("ties", [False, True])
@given(data=st.data())
def test_the_largest_entry_of_every_window_is_left_and_the_first_of_equals_gets_the_cotangent(ties, data):
    X, options = data.draw(drawn(ties))
    Y = pooling.max_pool2d(X, **options)
    dY = np.random.default_rng(0).normal(size=Y.shape)
    expected = np.zeros_like(X)
    for place, covered in windows(X, **options):
        best = max(covered, key=lambda index: X[index])
        assert Y[place] == X[best]
        expected[best] += dY[place]
    np.testing.assert_allclose(pooling.max_pool2d_backward(dY, X, Y, **options)["dX"], expected, rtol=1e-12, atol=1e-12)


@given(drawn())
def test_means_count_the_padding_as_zeros(drawn_values):
    X, options = drawn_values
    Y = pooling.avg_pool2d(X, **options)
    dY = np.random.default_rng(0).normal(size=Y.shape)
    expected = np.zeros_like(X)
    for place, covered in windows(X, **options):
        share = 1 / (options["R"] * options["S"])
        np.testing.assert_allclose(Y[place], share * sum(X[index] for index in covered), rtol=1e-12, atol=1e-12)
        for index in covered:
            expected[index] += share * dY[place]
    np.testing.assert_allclose(pooling.avg_pool2d_backward(dY, X, **options)["dX"], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@given(drawn_values=drawn())
def test_backwards_are_the_slopes_of_their_forwards(differences, name, drawn_values):
    X, options = drawn_values
    forward, backward = getattr(pooling, name), getattr(pooling, f"{name}_backward")
    X = X + np.arange(X.size).reshape(X.shape)  # no two entries within reach of the differences
    Y = forward(X, **options)
    dY = np.random.default_rng(0).normal(size=Y.shape)
    got = backward(dY, X, *([Y] if name == "max_pool2d" else []), **options)["dX"]
    expected = differences(lambda moved: (dY * forward(moved, **options)).sum(), X)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


def test_the_mean_of_a_whole_channel_and_its_equal_shares():
    X = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    np.testing.assert_allclose(pooling.global_average_pool(X)[1, 2], sum(X[1, :, :, 2].ravel()) / 12)
    dX = pooling.global_average_pool_backward(np.ones((2, 5)), X)["dX"]
    np.testing.assert_allclose(dX, np.full(X.shape, 1 / 12))
    dX[0] = 0  # a copy that can be written to


def test_padding_is_smaller_than_any_number():
    X = np.full((1, 2, 2, 1), -np.finfo(np.float32).max, np.float32)
    np.testing.assert_array_equal(pooling.max_pool2d(X, 2, 2, pad=1), np.full((1, 3, 3, 1), X.min()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pad", [0, 1])
def test_dtypes_are_kept_inputs_stay_as_they_are_and_may_be_strided(dtype, pad):
    larger = np.random.default_rng(1).normal(size=(4, 8, 6, 4)).astype(dtype)
    X = larger[::2, ::-2, ::2, ::2]
    before = X.copy()
    for name in ("max_pool2d", "avg_pool2d"):
        Y = getattr(pooling, name)(X, 1 + pad, 1 + pad, pad=pad)
        known = [Y] if name == "max_pool2d" else []
        dX = getattr(pooling, f"{name}_backward")(np.ones_like(Y), X, *known, 1 + pad, 1 + pad, pad=pad)["dX"]
        for result in (Y, dX):
            assert result.dtype == dtype
            assert not np.shares_memory(result, X)
        np.testing.assert_array_equal(Y, getattr(pooling, name)(before, 1 + pad, 1 + pad, pad=pad))
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"R": 2, "S": 3, "pad": 2}, "pad = 2; expected less than R = 2 and S = 3, so that no window lies in the"),
        ({"R": 5, "S": 1}, r"P = \(H \+ 2\*pad - R\)//stride \+ 1 is 0; expected at least 1"),
        ({"R": 0, "S": 1}, "R = 0; expected a whole number, at least 1"),
    ],
)
@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_windows_that_do_not_fit_are_refused(name, options, message):
    with pytest.raises(InputError, match=f"{name}: {message}"):
        getattr(pooling, name)(np.ones((1, 4, 4, 1)), **options)
