import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import gated_activations
from numeric.errors import InputError


def logistic(x):
    return 1 / (1 + mpmath.exp(-x))


TRUTHS = {"glu": lambda a, b: a * logistic(b), "swiglu": lambda a, b: a * logistic(a) * b}


def pair(name):
    return getattr(gated_activations, name), getattr(gated_activations, f"{name}_backward")


def draw(N, D, seed, scale=2.0):
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=(N, 2 * D)), rng.normal(size=(N, D))


@pytest.mark.parametrize("name", TRUTHS)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 999), st.sampled_from([1.0, 100.0, 1e4]))
def test_the_left_half_passes_as_far_as_the_right_one_lets_it(name, N, D, seed, scale):
    X, _ = draw(N, D, seed, scale)
    Y = pair(name)[0](X)
    for n, d in np.ndindex(Y.shape):
        expected = float(TRUTHS[name](mpmath.mpf(X[n, d]), mpmath.mpf(X[n, d + D])))
        np.testing.assert_allclose(Y[n, d], expected, rtol=1e-12 * scale, atol=1e-300)


@pytest.mark.parametrize("name", TRUTHS)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 999))
def test_backwards_are_the_slopes_of_their_forwards(differences, name, N, D, seed):
    X, dY = draw(N, D, seed)
    forward, backward = pair(name)
    got = backward(dY, X)["dX"]
    np.testing.assert_allclose(got, differences(lambda X: (dY * forward(X)).sum(), X), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("name", TRUTHS)
def test_dtypes_are_kept_and_inputs_not_touched(name, dtype):
    X, dY = (array.astype(dtype)[::-1] for array in draw(3, 2, 0))
    kept = X.copy()
    results = [pair(name)[0](X), *pair(name)[1](dY, X).values()]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    assert not any(np.shares_memory(result, array) for result in results for array in (X, dY))
    np.testing.assert_array_equal(X, kept)


@pytest.mark.parametrize("name", TRUTHS)
def test_columns_that_have_no_halves_are_refused(name):
    with pytest.raises(InputError, match=rf"{name}: X has shape \(2, 3\); expected X\[N, 2\*D\] with D a whole number"):
        pair(name)[0](np.ones((2, 3)))
