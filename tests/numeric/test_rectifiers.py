import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from numeric import rectifiers
from numeric.errors import InputError

SCALE, ALPHA = mpmath.mpf("1.0507009873554804934193349852946"), mpmath.mpf("1.6732632423543772848170429916717")
TRUTHS = {
    "leaky_relu": ({"slope": 0.25}, lambda x, slope: x if x > 0 else slope * x),
    "elu": ({"alpha": 1.5}, lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x)),
    "selu": ({}, lambda x: SCALE * (x if x > 0 else ALPHA * mpmath.expm1(x))),
    "celu": ({"alpha": 0.5}, lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x / alpha)),
    "gelu": ({}, lambda x: x * mpmath.ncdf(x)),
    "gelu_tanh": (
        {},
        lambda x: x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))),
    ),
    "silu": ({}, lambda x: x / (1 + mpmath.exp(-x))),
    "mish": ({}, lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x)))),
}
ANALYTIC = ["gelu", "gelu_tanh", "silu", "mish"]
matrices = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=st.floats(-6, 6))


def pair(name):
    return getattr(rectifiers, name), getattr(rectifiers, f"{name}_backward")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TRUTHS)
def test_each_entry_is_the_function_of_its_input_however_large(name, dtype):
    options, truth = TRUTHS[name]
    X = np.array([[-1e4, -30, -5, -1, -1e-3, 0], [1e-3, 0.5, 1, 5, 30, 1e4]], dtype)
    Y = pair(name)[0](X, **options)
    assert Y.dtype == dtype
    with mpmath.workdps(60):
        for entry in np.ndindex(X.shape):
            x = mpmath.mpf(float(X[entry]))
            # an input one rounding away is as good: exp(-x**2/2) and the like turn that into many of their own
            slope = abs(mpmath.diff(lambda t: truth(t, **options), x, h=mpmath.mpf(10) ** -25, direction=1))
            allowed = 8 * np.finfo(dtype).eps * (abs(truth(x, **options)) + abs(x) * slope) + np.finfo(dtype).tiny
            assert abs(float(Y[entry]) - truth(x, **options)) <= allowed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TRUTHS)
def test_nothing_overflows_at_the_extremes(name, dtype):
    forward, backward = pair(name)
    X = np.array([[-1e4, 1e4]], dtype)
    Y, dX = forward(X, **TRUTHS[name][0]), backward(np.ones_like(X), X, **TRUTHS[name][0])["dX"]
    assert np.isfinite([Y, dX]).all()
    assert math.isclose(float(dX[0, 1]), float(SCALE) if name == "selu" else 1, rel_tol=1e-6)


@pytest.mark.parametrize("name", TRUTHS)
@given(X=matrices)
def test_backwards_are_the_slopes_of_their_forwards(differences, name, X):
    forward, backward = pair(name)
    options = TRUTHS[name][0]
    X = np.where(np.abs(X) < 1e-4, 1.0, X)  # away from the kinks
    dY = np.random.default_rng(0).normal(size=X.shape)
    expected = differences(lambda X: (dY * forward(X, **options)).sum(), X)
    np.testing.assert_allclose(backward(dY, X, **options)["dX"], expected, rtol=1e-6, atol=1e-8)


@given(X=matrices)
def test_prelu_is_a_leaky_relu_in_every_column_and_its_slope_learns(differences, X):
    rng = np.random.default_rng(1)
    a, dY = rng.normal(size=X.shape[1]), rng.normal(size=X.shape)
    X = np.where(np.abs(X) < 1e-4, 1.0, X)
    Y, got = rectifiers.prelu(X, a), rectifiers.prelu_backward(dY, X, a)
    for n, d in np.ndindex(X.shape):
        assert Y[n, d] == (X[n, d] if X[n, d] > 0 else a[d] * X[n, d])
    expected = {
        "dX": differences(lambda X: (dY * rectifiers.prelu(X, a)).sum(), X),
        "da": differences(lambda a: (dY * rectifiers.prelu(X, a)).sum(), a),
    }
    assert list(got) == list(expected)
    for name in expected:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "slope"), [("leaky_relu", 0.25), ("elu", 1.5), ("celu", 1.0), ("selu", float(SCALE * ALPHA))]
)
def test_the_slope_at_0_is_that_of_the_negative_side(name, slope):
    zeros = np.array([[0.0, -0.0]])
    dX = pair(name)[1](np.ones_like(zeros), zeros, **TRUTHS[name][0])["dX"]
    np.testing.assert_allclose(dX, slope, rtol=1e-15)


@pytest.mark.parametrize("name", ANALYTIC)
@given(X=matrices)
def test_the_complex_step_sees_the_slope(name, X):
    forward, backward = pair(name)
    slopes = forward(X + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(slopes, backward(np.ones_like(X), X)["dX"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*TRUTHS, "prelu"])
def test_inputs_stay_as_they_are_may_be_strided_and_are_not_shared(name, dtype):
    rng = np.random.default_rng(2)
    X, dY = rng.normal(size=(2, 6, 8)).astype(dtype)[:, ::2, ::-3]
    options = {"a": rng.normal(size=3).astype(dtype)} if name == "prelu" else TRUTHS[name][0]
    kept = X.copy(), dY.copy()
    forward, backward = pair(name)
    results = [forward(X, **options), *backward(dY, X, **options).values()]
    again = [forward(kept[0], **options), *backward(kept[1], kept[0], **options).values()]
    for result, other in zip(results, again, strict=True):
        np.testing.assert_array_equal(result, other)
        assert result.dtype == dtype
        assert result.flags.c_contiguous
        assert not np.shares_memory(result, X)
        assert not np.shares_memory(result, dY)
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(dY, kept[1])


@pytest.mark.parametrize(
    ("name", "option", "value"), [("elu", "alpha", 0), ("celu", "alpha", -1), ("leaky_relu", "slope", math.nan)]
)
def test_options_out_of_bounds_are_refused(name, option, value):
    with pytest.raises(InputError, match=f"{name}: {option} = {value}; expected a number"):
        pair(name)[0](np.ones((1, 1)), **{option: value})
