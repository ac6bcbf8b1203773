import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import special

from numeric import activations
from numeric.activations import (
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)

matrices = array_shapes(min_dims=2, max_dims=2, max_side=5)
moderate = arrays(np.float64, matrices, elements=st.floats(-6, 6))
huge = arrays(np.float64, matrices, elements=st.floats(-1e4, 1e4))
BY_OUTPUT = [(sigmoid, sigmoid_backward), (tanh, tanh_backward), (relu, relu_backward)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("layer", "truth"), [(sigmoid, special.expit), (tanh, mpmath.tanh), (relu, lambda x: max(float(x), 0.0))]
)
def test_each_entry_is_the_function_of_its_input(layer, truth, dtype):
    X = np.array([[-1e4, -30, -1, -1e-3, 0], [1e-3, 0.5, 1, 30, 1e4]], dtype)
    Y = layer(X)
    assert Y.dtype == dtype
    for entry in np.ndindex(X.shape):
        assert math.isclose(Y[entry], float(truth(X[entry])), rel_tol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize(("layer", "backward"), BY_OUTPUT)
@given(X=moderate)
def test_elementwise_backwards_are_the_slopes_of_their_forwards(differences, layer, backward, X):
    X = np.where(np.abs(X) < 1e-4, 1.0, X)  # away from the kink of relu
    dY = np.random.default_rng(0).normal(size=X.shape)
    expected = differences(lambda X: (dY * layer(X)).sum(), X)
    np.testing.assert_allclose(backward(dY, layer(X))["dX"], expected, rtol=1e-6, atol=1e-8)


def test_relu_has_slope_0_at_0():
    X = np.array([[0.0, -0.0]])
    np.testing.assert_array_equal(relu_backward(np.ones_like(X), relu(X))["dX"], [[0, 0]])


@given(huge)
def test_softmax_is_the_quotient_of_exponentials_for_logits_of_any_size(Z):
    P = softmax(Z)
    for n, row in enumerate(Z):
        with mpmath.workdps(60):
            exponentials = [mpmath.exp(float(z)) for z in row]
            expected = [float(e / mpmath.fsum(exponentials)) for e in exponentials]
        np.testing.assert_allclose(P[n], expected, rtol=1e-11, atol=1e-300)


@given(moderate)
def test_softmax_backward_is_the_slope_of_softmax(differences, Z):
    dP = np.random.default_rng(1).normal(size=Z.shape)
    expected = differences(lambda Z: (dP * softmax(Z)).sum(), Z)
    np.testing.assert_allclose(softmax_backward(dP, softmax(Z))["dZ"], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("layer", [sigmoid, tanh, softmax])
@given(X=moderate)
def test_the_complex_step_sees_the_slope(differences, layer, X):
    step = 1e-30
    dY = np.random.default_rng(3).normal(size=X.shape)
    slopes = np.empty(X.shape)
    for entry in np.ndindex(X.shape):
        nudged = X.astype(complex)
        nudged[entry] += 1j * step
        slopes[entry] = (dY * layer(nudged).imag).sum() / step
    np.testing.assert_allclose(slopes, differences(lambda X: (dY * layer(X)).sum(), X), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("layer", [sigmoid, tanh, softmax, relu])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inputs_stay_as_they_are_and_may_be_strided(layer, dtype):
    X = np.random.default_rng(2).normal(size=(6, 8)).astype(dtype)
    before = X.copy()
    strided = layer(X[::2, ::-3])
    np.testing.assert_array_equal(X, before)
    assert strided.dtype == dtype
    assert not np.shares_memory(strided, X)
    np.testing.assert_array_equal(strided, layer(X[::2, ::-3].copy()))


@pytest.mark.parametrize("backward", [sigmoid_backward, tanh_backward, relu_backward, softmax_backward])
def test_backwards_keep_float32(backward):
    ones = np.ones((2, 3), np.float32)
    (cotangent,) = backward(ones, ones).values()
    assert cotangent.dtype == np.float32
    assert not np.shares_memory(cotangent, ones)


ENTRYWISE = {
    "identity": (activations.identity, lambda x: x),
    "log_sigmoid": (activations.log_sigmoid, lambda x: -mpmath.log1p(mpmath.exp(-x))),
    "softplus": (lambda X: activations.softplus(X, 0.5), lambda x: 2 * mpmath.log1p(mpmath.exp(x / 2))),
    "softsign": (activations.softsign, lambda x: x / (1 + abs(x))),
}
ENTRYWISE_BACKWARDS = {
    "identity": lambda dY, X: activations.identity_backward(dY),
    "log_sigmoid": activations.log_sigmoid_backward,
    "softplus": lambda dY, X: activations.softplus_backward(dY, X, 0.5),
    "softsign": activations.softsign_backward,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ENTRYWISE)
def test_other_entrywise_functions_are_right_however_large_their_input(name, dtype):
    layer, truth = ENTRYWISE[name]
    X = np.array([[-1e4, -80, -1, -1e-3, 0], [1e-3, 0.5, 1, 80, 1e4]], dtype)
    Y = layer(X)
    assert Y.dtype == dtype
    assert not np.shares_memory(Y, X)
    with mpmath.workdps(40):
        for entry in np.ndindex(X.shape):
            expected = float(truth(mpmath.mpf(float(X[entry]))))
            assert math.isclose(Y[entry], expected, rel_tol=4 * np.finfo(dtype).eps, abs_tol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("name", ENTRYWISE)
@given(X=moderate)
def test_other_entrywise_backwards_are_the_slopes(differences, name, X):
    dY = np.random.default_rng(0).normal(size=X.shape)
    expected = differences(lambda X: (dY * ENTRYWISE[name][0](X)).sum(), X)
    got = ENTRYWISE_BACKWARDS[name](dY, X)["dX"]
    np.testing.assert_allclose(got, expected, rtol=1e-4 if name == "softsign" else 1e-6, atol=1e-4)
    assert not np.shares_memory(got, dY)


@given(huge)
def test_log_softmax_is_the_logarithm_for_logits_of_any_size(Z):
    Y = activations.log_softmax(Z)
    for n, row in enumerate(Z):
        with mpmath.workdps(60):
            total = mpmath.log(mpmath.fsum(mpmath.exp(float(z)) for z in row))
            expected = [float(mpmath.mpf(float(z)) - total) for z in row]
        np.testing.assert_allclose(Y[n], expected, rtol=1e-12, atol=1e-11)


@given(moderate)
def test_log_softmax_backward_is_its_slope_and_complex_steps_see_it(differences, Z):
    dY = np.random.default_rng(1).normal(size=Z.shape)
    expected = differences(lambda Z: (dY * activations.log_softmax(Z)).sum(), Z)
    got = activations.log_softmax_backward(dY, activations.log_softmax(Z))["dZ"]
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)
    nudged = Z.astype(complex)
    nudged[0, 0] += 1e-30j
    step = (dY * activations.log_softmax(nudged).imag).sum() / 1e-30
    np.testing.assert_allclose(got[0, 0], step, rtol=1e-9, atol=1e-12)


@given(arrays(np.float64, array_shapes(min_dims=3, max_dims=3, max_side=4), elements=st.integers(-2, 2)))
def test_maxout_takes_the_largest_and_the_first_of_equal_ones_gets_the_cotangent(X):
    dY = np.random.default_rng(2).normal(size=X.shape[:2])
    Y, dX = activations.maxout(X), activations.maxout_backward(dY, X)["dX"]
    for n, d in np.ndindex(Y.shape):
        entries = X[n, d].tolist()
        assert Y[n, d] == max(entries)
        expected = [0.0] * len(entries)
        expected[entries.index(max(entries))] = dY[n, d]
        np.testing.assert_array_equal(dX[n, d], expected)
