import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.linear import (
    bilinear,
    bilinear_backward,
    embedding,
    embedding_backward,
    linear,
    linear_backward,
    linear_parameters_backward,
    low_rank_linear,
    low_rank_linear_backward,
)

sizes = st.tuples(*[st.integers(1, 5)] * 3)
seeds = st.integers(0, 2**32 - 1)


def draw(shape, seed, dtype=np.float64):
    N, D, C = shape
    rng = np.random.default_rng(seed)
    return [rng.normal(size=size).astype(dtype) for size in [(N, D), (D, C), (C,), (N, C)]]


@given(sizes, seeds, st.sampled_from([np.float32, np.float64, np.complex128]))
def test_every_output_is_the_weighted_sum_of_the_inputs_plus_the_bias(shape, seed, dtype):
    X, W, b, _ = draw(shape, seed, dtype)
    Y = linear(X, W, b)
    assert Y.dtype == dtype
    for n, c in np.ndindex(Y.shape):
        expected = sum(complex(X[n, d]) * complex(W[d, c]) for d in range(X.shape[1])) + complex(b[c])
        np.testing.assert_allclose(Y[n, c], expected if dtype == np.complex128 else expected.real, rtol=1e-5, atol=1e-5)


@given(sizes, seeds)
def test_the_backward_is_the_slope_of_the_forward(differences, shape, seed):
    X, W, b, dY = draw(shape, seed)
    got = linear_backward(dY, X, W)
    expected = {
        "dX": differences(lambda X: (dY * linear(X, W, b)).sum(), X),
        "dW": differences(lambda W: (dY * linear(X, W, b)).sum(), W),
        "db": differences(lambda b: (dY * linear(X, W, b)).sum(), b),
    }
    assert list(got) == list(expected)
    for name in expected:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-7, atol=1e-7)


def test_the_first_layer_of_a_network_gets_the_same_parameters_and_no_cotangent_of_its_input():
    X, W, _, dY = draw((3, 4, 2), seed=0)
    whole, part = linear_backward(dY, X, W), linear_parameters_backward(dY, X)
    assert set(whole) - set(part) == {"dX"}
    for name in part:
        np.testing.assert_array_equal(part[name], whole[name])


def test_inputs_stay_as_they_are_and_no_result_shares_their_memory():
    inputs = draw((1, 1, 1), seed=1)
    X, W, b, dY = inputs
    before = [array.copy() for array in inputs]
    results = [linear(X, W, b), *linear_backward(dY, X, W).values()]
    for array, kept in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(array, kept)
        assert not any(np.shares_memory(array, result) for result in results)


def test_strided_inputs_give_the_same():
    X, W, b, _ = draw((4, 6, 2), seed=2)
    np.testing.assert_allclose(linear(X[::2, ::-2], W[::-2], b), linear(X[::2, ::-2].copy(), W[::-2].copy(), b))


def random(seed, *shapes, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def slopes(differences, forward, dY, **inputs):
    return {
        f"d{name}": differences(lambda value, name=name: (dY * forward(**inputs | {name: value})).sum(), inputs[name])
        for name in inputs
    }


def assert_same(got, expected):
    assert list(got) == list(expected)
    for name in expected:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-7, atol=1e-7)


@given(st.tuples(*[st.integers(1, 4)] * 4), seeds)
def test_bilinear_weighs_every_product_of_an_entry_here_and_an_entry_there(differences, shape, seed):
    N, D, E, C = shape
    X1, X2, W, b, dY = random(seed, (N, D), (N, E), (D, E, C), (C,), (N, C))
    Y = bilinear(X1, X2, W, b)
    for n, c in np.ndindex(Y.shape):
        products = sum(X1[n, d] * W[d, e, c] * X2[n, e] for d in range(D) for e in range(E))
        np.testing.assert_allclose(Y[n, c], products + b[c], rtol=1e-9, atol=1e-9)
    assert_same(bilinear_backward(dY, X1, X2, W), slopes(differences, bilinear, dY, X1=X1, X2=X2, W=W, b=b))


@given(st.tuples(*[st.integers(1, 5)] * 3), seeds, st.sampled_from([np.int64, np.uint8]))
def test_tokens_pick_rows_and_repeated_tokens_add_up(shape, seed, dtype):
    N, V, D = shape
    W, dY = random(seed, (V, D), (N, D))
    T = np.random.default_rng(seed).integers(0, V, size=N).astype(dtype)
    Y, dW = embedding(W, T), embedding_backward(dY, W, T)["dW"]
    expected = np.zeros_like(W)
    for n, token in enumerate(T):
        np.testing.assert_array_equal(Y[n], W[token])
        expected[token] += dY[n]
    np.testing.assert_allclose(dW, expected, rtol=1e-12, atol=1e-12)


@given(st.tuples(*[st.integers(1, 4)] * 4), seeds, st.sampled_from([0.5, 4]))
def test_lora_adds_a_correction_of_low_rank(differences, shape, seed, alpha):
    N, D, C, R = shape
    X, W, b, A, B, dY = random(seed, (N, D), (D, C), (C,), (D, R), (R, C), (N, C))
    forward = low_rank_linear(X, W, b, A, B, alpha)
    np.testing.assert_allclose(forward["Y"], linear(X, W + alpha / R * (A @ B), b), rtol=1e-9, atol=1e-9)
    expected = slopes(
        differences, lambda **inputs: low_rank_linear(**inputs, alpha=alpha)["Y"], dY, X=X, W=W, b=b, A=A, B=B
    )
    assert_same(low_rank_linear_backward(dY, X, W, A, B, forward["H"], alpha), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_relatives_keep_dtypes_and_leave_their_inputs_alone(dtype):
    X, W3, W, b, A = random(0, (6, 8), (4, 4, 3), (4, 3), (3,), (4, 2), dtype=dtype)
    X, T = X[::2, ::-2], np.array([3, 0, 3])
    inputs = [X, W3, W, b, A]
    kept = [array.copy() for array in inputs]
    dY, B = X[:, :3], W[:2]
    lora = low_rank_linear(X, W, b, A, B, np.float64(2))
    results = [
        bilinear(X, X, W3, b),
        *bilinear_backward(dY, X, X, W3).values(),
        embedding(W, T),
        *embedding_backward(dY, W, T).values(),
        *lora.values(),
        *low_rank_linear_backward(dY, X, W, A, B, lora["H"], np.float64(2)).values(),
    ]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    for array, copy in zip(inputs, kept, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not any(np.shares_memory(array, result) for result in results)
