"""Some entries are what they are among all entries, however few terms were computed for them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations import LAYERS, DerivationError, derive, layer
from derivations.demand import demanded
from derivations.evaluate import evaluate_entries, machine_for
from derivations.fields import Floats
from derivations.points import points
from derivations.schedule import schedule

WIDE = 1e-40


def a_point(derivation, seed):
    """Inputs and cotangents at small sizes."""
    rng = np.random.default_rng(seed)
    point = next(iter(points(derivation.layer, seed)))
    values = dict(point.values)
    shapes = derivation.layer.evaluate(values, "float64")
    for tensor, name in zip(derivation.layer.outputs, derivation.output_cotangents, strict=True):
        values[name] = rng.standard_normal(shapes[tensor.name].shape)
    return values


def drawn(shape, rng, count=4):
    columns = [rng.integers(0, n, count) for n in shape]
    return np.stack(columns, axis=1) if columns else np.zeros((1, 0), int)


@given(st.sampled_from(sorted(LAYERS)), st.integers(0, 1000))
def test_entries_of_a_layer_are_those_of_the_whole(name, seed):
    derivation, rng = derive(name), np.random.default_rng(seed)
    values = a_point(derivation, seed)
    whole = derivation.evaluate(values)
    wanted = {tensor: drawn(array.shape, rng) for tensor, array in whole.items() if rng.random() < 0.5}
    some = evaluate_entries(derivation.layer, derivation.equations, values, wanted, given=derivation.given)
    assert some.keys() == wanted.keys()
    for tensor, entries in wanted.items():
        for at, ball in zip(entries, some[tensor], strict=True):
            assert ball.overlaps(whole[tensor][tuple(at)])
            assert ball.rad() < WIDE or not whole[tensor][tuple(at)].is_finite()


def test_only_what_is_needed_is_computed():
    derivation, rng = derive("causal_attention"), np.random.default_rng(0)
    values = {name: rng.standard_normal((5, 6, 3)) for name in ("Q", "K", "V", "dO")}
    machine = machine_for(derivation.layer, values, Floats(), derivation.given)
    shapes = {equation.name: machine.shape(equation) for equation in derivation.equations}
    blocks = demanded(schedule(derivation.equations), {"dQ": np.array([[2, 3, 1]])}, machine, shapes)
    assert {name: block.size for name, block in blocks.items()} == {"S": 6, "P": 6, "dP": 6, "dS": 6}


def test_a_recurrence_is_computed_from_its_start():
    derivation = derive("linear_recurrence")
    values = a_point(derivation, 1)
    whole = derivation.evaluate(values)
    name, array = next((n, a) for n, a in whole.items() if n == derivation.layer.output_names[0])
    last = np.array(array.shape)[None] - 1
    some = derivation.evaluate_entries(values, {name: last})
    assert some[name][0].overlaps(array[tuple(last[0])])


@pytest.mark.parametrize("precision", [200, "exact", "float64"])
@given(sizes=st.tuples(*[st.integers(1, 12)] * 3), seed=st.integers(0, 99))
def test_a_product_of_matrices_is_the_sum_of_its_terms(precision, sizes, seed):
    """Large enough for the short cut, which rationals do not take: they are the oracle."""
    product = layer("product", tensors="A[M, K]  B[K, N]  Y[N, M]", equations="Y[n, m] = sum[k](A[m, k]*B[k, n])")
    M, K, N = sizes
    rng = np.random.default_rng(seed)
    values = {"A": rng.integers(-9, 9, (M, K)) / 4, "B": rng.integers(-9, 9, (K, N)) / 4}
    found = product.evaluate(values, precision)["Y"]
    assert found.shape == (N, M)
    assert all(float(y) == expected for y, expected in zip(found.flat, (values["A"] @ values["B"]).T.flat, strict=True))


@given(st.integers(1, 40), st.integers(1, 3), st.integers(0, 99))
def test_terms_that_an_indicator_makes_zero_are_not_missed(length, stride, seed):
    spread = layer(
        "spread",
        tensors="X[N, C]  stride in 1..  Y[M, C]",
        equations="M = stride*(N - 1) + 1\nY[m, c] = sum[n](X[n, c]*[m = stride*n])",
    )
    X = np.random.default_rng(seed).standard_normal((length, 2))
    expected = np.zeros((stride * (length - 1) + 1, 2))
    expected[::stride] = X
    assert np.array_equal(spread.evaluate({"X": X, "stride": stride}, "float64")["Y"], expected)


def test_what_is_not_there_is_named():
    linear = derive("linear")
    values = {"X": np.ones((2, 3)), "W": np.ones((3, 4)), "b": np.ones(4), "dY": np.ones((2, 4))}

    def asked(**wanted):
        return evaluate_entries(linear.layer, linear.equations, values, wanted, given=linear.given)

    with pytest.raises(DerivationError, match=r"dW has no entry \(3, 0\): its shape is \(3, 4\)"):
        asked(dW=[(3, 0)])
    with pytest.raises(DerivationError, match="no equation defines 'dZ'"):
        asked(dZ=[(0,)])
    with pytest.raises(DerivationError, match="entries of dW are lists of 2 indices each"):
        asked(dW=[3])
