import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from numeric.linear import linear, linear_backward, linear_parameters_backward

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
