"""A fused convolution against the layers that it stands for, one by one, ties on purpose, and in two threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from numeric import image_blocks
from numeric.convolution import conv2d, conv2d_backward
from numeric.errors import InputError
from numeric.fused_convolution import (
    conv_relu_pool2d,
    conv_relu_pool2d_backward,
    conv_relu_pool2d_parameters_backward,
)
from numeric.pooling import max_pool2d, max_pool2d_backward


@st.composite
def drawn(draw, ties=False):
    """Images, kernels, a bias and a padding that leave at least one window; with ties, of few different numbers."""
    N, C, F, R, S = (draw(st.integers(1, top)) for top in (5, 3, 3, 4, 5))
    H, W, pad = draw(st.integers(1, 7)), draw(st.integers(1, 7)), draw(st.integers(0, 3))
    assume(H + 2 * pad > R and W + 2 * pad > S)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = {"X": (N, H, W, C), "K": (R, S, C, F), "b": (F,)}
    numbers = (lambda shape: rng.integers(-1, 2, shape).astype(float)) if ties else rng.standard_normal
    return {name: numbers(shape) for name, shape in shapes.items()} | {"pad": pad}


def cotangent(Y, dtype=float):
    return np.random.default_rng(1).integers(-8, 9, Y.shape).astype(dtype)


def one_after_the_other(X, K, b, pad):
    """Y, and the cotangents for `cotangent(Y)`, by the layers themselves."""
    A = conv2d(X, K, b, pad=pad)
    B = np.maximum(A, 0)
    Y = max_pool2d(B, 2, 2, stride=2)
    dB = max_pool2d_backward(cotangent(Y), B, Y, 2, 2, stride=2)["dX"]
    return Y, conv2d_backward(dB * (A > 0), X, K, pad=pad)


@pytest.mark.parametrize(
    "limits",
    [{"BLOCK_BYTES": 1}, {"BLOCK_BYTES": 2**13}, {}, {"SMALL_PRODUCT": 500, "FEW_WINDOWS": 1}],
    ids=["image by image", "some at a time", "in one block", "in small products"],
)
@pytest.mark.parametrize("ties", [False, True])
@given(data=st.data())
def test_it_is_what_the_layers_are_one_after_the_other(ties, limits, data):
    values = data.draw(drawn(ties))
    X, K, pad = values["X"], values["K"], values["pad"]
    Y, expected = one_after_the_other(**values)
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in limits.items():
            patch.setattr(image_blocks, name, limit)
        found = conv_relu_pool2d(**values)
        got = conv_relu_pool2d_backward(cotangent(Y), X, K, **found, pad=pad)
    np.testing.assert_allclose(found["Y"], Y, rtol=1e-12, atol=1e-12)
    assert list(got) == ["dX", "dK", "db"]
    for name in got:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize(("C", "pad"), [(1, 0), (1, 1), (9, 1), (9, 0)])
def test_backwards_are_the_slopes_of_the_forward(differences, C, pad):
    rng = np.random.default_rng(3)
    values = {"X": rng.normal(size=(2, 5, 4, C)), "K": rng.normal(size=(3, 2, C, 2)), "b": rng.normal(size=2)}
    found = conv_relu_pool2d(**values, pad=pad)
    dY = cotangent(found["Y"])
    got = conv_relu_pool2d_backward(dY, values["X"], values["K"], **found, pad=pad)
    for name, value in values.items():
        expected = differences(lambda v, n=name: (dY * conv_relu_pool2d(**{**values, n: v}, pad=pad)["Y"]).sum(), value)
        np.testing.assert_allclose(got[f"d{name}"], expected, rtol=1e-6, atol=1e-6)


def test_the_place_is_that_of_the_first_maximum_row_by_row():
    windows = np.array([[[1, 2], [3, 4]], [[4, 4], [1, 4]], [[1, 0], [1, 1]], [[0, 1], [2, 1]], [[0, 1], [1, 0]]])
    X = windows[..., None].astype(np.float32)
    found = conv_relu_pool2d(X, np.ones((1, 1, 1, 1), np.float32), np.zeros(1, np.float32))
    np.testing.assert_array_equal(found["J"].ravel(), [3, 0, 0, 2, 1])
    assert found["J"].dtype == np.int8


@pytest.mark.parametrize("bias", [0.0, -1.0])
def test_the_slope_at_0_is_0(bias):
    X, K, b = np.full((1, 2, 2, 1), -bias), np.ones((1, 1, 1, 1)), np.array([bias])
    got = conv_relu_pool2d_backward(np.ones((1, 1, 1, 1)), X, K, **conv_relu_pool2d(X, K, b))
    assert not any(cotangent.any() for cotangent in got.values())


@given(drawn())
def test_alone_the_parameters_get_the_same_bits(values):
    X, K, pad = values["X"], values["K"], values["pad"]
    found = conv_relu_pool2d(**values)
    both = conv_relu_pool2d_backward(cotangent(found["Y"]), X, K, **found, pad=pad)
    alone = conv_relu_pool2d_parameters_backward(cotangent(found["Y"]), X, np.zeros_like(K), **found, pad=pad)
    assert list(alone) == ["dK", "db"]
    for name, value in alone.items():
        np.testing.assert_array_equal(value, both[name])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pad", [0, 1])
def test_dtypes_are_kept_inputs_stay_as_they_are_and_may_be_strided(dtype, pad):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(4, 14, 12, 4)).astype(dtype)[::2, ::-2, ::2, ::2]
    K = rng.normal(size=(3, 4, 6, 3)).astype(dtype)[:, ::2, ::3].transpose(1, 0, 2, 3)
    b = np.zeros(3, dtype)
    kept = X.copy(), K.copy()
    found = conv_relu_pool2d(X, K, b, pad)
    dY = cotangent(found["Y"], dtype)
    given = {name: value.copy() for name, value in found.items()}
    got = conv_relu_pool2d_backward(dY[..., ::-1][..., ::-1], X, K, **found, pad=pad)
    expected = conv_relu_pool2d_backward(dY, *kept, **conv_relu_pool2d(*kept, b, pad), pad=pad)
    arrays = [X, K, dY, *found.values(), *got.values()]
    assert not any(np.shares_memory(one, other) for k, one in enumerate(arrays) for other in arrays[:k])
    for name, value in got.items():
        assert value.dtype == dtype
        np.testing.assert_array_equal(value, expected[name])
    for before, after in [(kept[0], X), (kept[1], K), *zip(given.values(), found.values(), strict=True)]:
        np.testing.assert_array_equal(after, before)


def test_two_threads_at_once_get_the_bits_that_one_gets():
    rng = np.random.default_rng(2)
    K, b = rng.normal(size=(3, 3, 2, 4)), rng.normal(size=4)
    batches = [rng.normal(size=(6, 8, 9, 2)) for _ in range(16)]

    def step(X):
        found = conv_relu_pool2d(X, K, b, 1)
        return {**found, **conv_relu_pool2d_backward(cotangent(found["Y"]), X, K, **found, pad=1)}

    with ThreadPoolExecutor(2) as pool:
        for together, X in zip(pool.map(step, batches), batches, strict=True):
            for name, value in step(X).items():
                np.testing.assert_array_equal(together[name], value)


@pytest.mark.parametrize(
    ("shapes", "pad", "message"),
    [
        ({"X": (1, 3, 4, 1)}, 0, r"U = \(H \+ 2\*pad - R \+ 1\)//2 is 0; expected at least 1"),
        ({"X": (1, 4, 3, 1)}, 0, r"V = \(W \+ 2\*pad - S \+ 1\)//2 is 0; expected at least 1"),
        ({"X": (1, 4, 4, 2)}, 0, "K has shape"),
        ({"b": (3,)}, 0, "b has shape"),
        ({}, -1, "pad = -1; expected a whole number, at least 0"),
    ],
)
def test_what_leaves_no_window_or_does_not_fit_is_refused(shapes, pad, message):
    given = {"X": (1, 4, 4, 1), "K": (3, 3, 1, 2), "b": (2,)} | shapes
    with pytest.raises(InputError, match=f"conv_relu_pool2d: {message}"):
        conv_relu_pool2d(**{name: np.ones(shape) for name, shape in given.items()}, pad=pad)


def test_a_place_that_no_window_has_is_refused():
    X, K, b = np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 2)), np.ones(2)
    found = conv_relu_pool2d(X, K, b)
    with pytest.raises(InputError, match=r"conv_relu_pool2d_backward: J\[0, 0, 0, 0\] = 4; expected labels 0..3"):
        conv_relu_pool2d_backward(np.ones((1, 1, 1, 2)), X, K, found["Y"], found["J"] + np.int8(4))
