"""The bound holds what correct programs do, and not much more."""

import numpy as np
import pytest

from checks.precision import FORMATS
from checks.rounding import rounding_bounds
from derivations import derive, layer

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", FORMATS)
def test_the_bound_of_a_sum_grows_with_its_terms(name):
    total = derive(layer("total", tensors="X[N] L", equations="L = sum[n](X[n])"))
    short, long = (
        float(rounding_bounds(total, {"X": np.full(n, 1.0), "dL": 1.0}, FORMATS[name])["L"]) for n in (4, 40)
    )
    unit = FORMATS[name].unit
    assert 4 * unit <= short <= 60 * unit
    assert 5 * short <= long <= 200 * short


def test_an_exact_copy_has_a_bound():
    bounds = rounding_bounds(derive("relu"), {"X": np.ones((2, 2)), "dY": np.ones((2, 2))}, FORMATS["float32"])
    assert (bounds["dX"] >= 2.0**-24).all()
    assert (bounds["dX"] <= 2.0**-20).all()


def test_the_bound_of_zero_is_next_to_nothing():
    bounds = rounding_bounds(derive("relu"), {"X": -np.ones((2, 2)), "dY": np.ones((2, 2))}, FORMATS["float32"])
    assert (bounds["dX"] <= 2.0**-100).all()


def test_a_tie_does_not_open_the_bound():
    highest = derive(layer("highest", tensors="X[N] L", equations="L = max[n](X[n])"))
    bounds = rounding_bounds(highest, {"X": np.array([1.0, 2.0, 2.0]), "dL": 0.7}, FORMATS["float32"])
    assert (bounds["dX"] <= 2.0**-20).all()


def test_beyond_the_largest_number_nothing_is_certain():
    squares = derive(layer("squares", tensors="X[N] L", equations="L = sum[n](X[n]**2)"))
    bounds = rounding_bounds(squares, {"X": np.array([300.0]), "dL": 1.0}, FORMATS["float16"])
    assert np.isinf(bounds["L"])
    assert np.isfinite(bounds["dX"]).all()


def test_a_divisor_that_may_be_zero_leaves_nothing_certain():
    ratio = derive(layer("ratio", tensors="X[N] Y[N] Z[N]", equations="Z[n] = 1/(X[n] - Y[n])"))
    near = {"X": np.array([1.0]), "Y": np.array([1.0 + 2.0**-23]), "dZ": np.array([1.0])}
    assert np.isinf(rounding_bounds(ratio, near, FORMATS["float32"])["Z"]).all()
    assert np.isfinite(rounding_bounds(ratio, near, FORMATS["float64"])["Z"]).all()


def test_on_a_kink_cotangents_that_cancel_may_be_added_in_any_order():
    rises = derive(layer("rises", tensors="X[M] Y[N, M]", equations="Y[n, m] = maximum(X[m], 0)"))
    dY = np.array([[1.0e4], [-1.0e4], [1.5]])
    bounds = rounding_bounds(rises, {"X": np.array([0.0]), "dY": dY, "N": 3}, FORMATS["float32"])
    assert bounds["dX"][0] >= 2.0**-24 * 1e4
