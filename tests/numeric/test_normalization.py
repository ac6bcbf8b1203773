"""Normalizations against plain loops over what shares its statistics, and against differences of their forwards."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import normalization
from numeric.errors import InputError

seeds = st.integers(0, 2**32 - 1)
# Inputs by shape letters, and the axes whose entries share mean and variance.
CENTRED = {
    "batch_norm": ({"X": "ND", "gamma": "D", "beta": "D"}, "N"),
    "layer_norm": ({"X": "ND", "gamma": "D", "beta": "D"}, "D"),
    "group_norm": ({"X": "NHWGC", "gamma": "GC", "beta": "GC"}, "HWC"),
    "instance_norm": ({"X": "NHWC", "gamma": "C", "beta": "C"}, "HW"),
}
INPUTS = {name: inputs for name, (inputs, _) in CENTRED.items()} | {
    "batch_norm_evaluation": {"X": "ND", "gamma": "D", "beta": "D", "mu": "D", "v": "D"},
    "rms_norm": {"X": "ND", "gamma": "D"},
    "weight_norm": {"V": "DC", "g": "C"},
    "l2_normalization": {"X": "ND"},
}
EPS = 0.1


def options(name):
    return {} if name == "weight_norm" else {"eps": EPS}


@st.composite
def drawn(draw, name):
    sizes = {letter: draw(st.integers(1, 4)) for letter in "NDHWGC"}
    rng = np.random.default_rng(draw(seeds))
    values = {tensor: rng.normal(size=[sizes[s] for s in letters]) for tensor, letters in INPUTS[name].items()}
    if "v" in values:
        values["v"] = np.abs(values["v"]) + 0.5
    return values


def output(result):
    return result if isinstance(result, np.ndarray) else next(iter(result.values()))


def backward(name, dY, values, result):
    function = getattr(normalization, f"{name}_backward")
    known = {**values, **({} if isinstance(result, np.ndarray) else result)}
    known["dW" if name == "weight_norm" else "dY"] = dY
    wanted = [tensor.name for tensor in function.contract.inputs]
    settings = {key: value for key, value in options(name).items() if key in function.contract.options}
    return function(*(known[tensor] for tensor in wanted), **settings)


def entries_sharing(index, letters, shared, shape):
    """The entries whose indices differ from `index` along the shared axes only."""
    choices = [range(n) if letter in shared else [i] for letter, i, n in zip(letters, index, shape, strict=True)]
    return np.array(np.meshgrid(*choices, indexing="ij")).reshape(len(letters), -1).T


@pytest.mark.parametrize("name", CENTRED)
@given(data=st.data())
def test_every_entry_is_centred_and_scaled_with_those_that_share_its_statistics(name, data):
    values = data.draw(drawn(name))
    (inputs, shared), X = CENTRED[name], values["X"]
    Y = output(getattr(normalization, name)(**values, eps=EPS))
    for index in np.ndindex(X.shape):
        others = [X[tuple(i)] for i in entries_sharing(index, inputs["X"], shared, X.shape)]
        mean = math.fsum(others) / len(others)
        variance = math.fsum((x - mean) ** 2 for x in others) / len(others)
        place = tuple(i for i, letter in zip(index, inputs["X"], strict=True) if letter in inputs["gamma"])
        expected = values["gamma"][place] * (X[index] - mean) / math.sqrt(variance + EPS) + values["beta"][place]
        assert math.isclose(Y[index], expected, rel_tol=1e-9, abs_tol=1e-9)


@given(drawn("rms_norm"))
def test_rms_norm_divides_rows_by_the_root_of_their_mean_square(values):
    Y = output(normalization.rms_norm(**values, eps=EPS))
    for n, row in enumerate(values["X"]):
        root = math.sqrt(math.fsum(x * x for x in row) / len(row) + EPS)
        np.testing.assert_allclose(Y[n], values["gamma"] * row / root, rtol=1e-12)


@given(drawn("batch_norm_evaluation"))
def test_batch_norm_evaluates_each_row_by_itself(values):
    Y = normalization.batch_norm_evaluation(**values, eps=EPS)
    for n, d in np.ndindex(Y.shape):
        centred = values["X"][n, d] - values["mu"][d]
        expected = values["gamma"][d] * centred / math.sqrt(values["v"][d] + EPS) + values["beta"][d]
        assert math.isclose(Y[n, d], expected, rel_tol=1e-9, abs_tol=1e-9)


@given(drawn("batch_norm"))
def test_batch_norm_and_its_evaluation_agree_where_the_running_statistics_are_those_of_the_batch(values):
    trained = normalization.batch_norm(**values, eps=EPS)
    v = trained["v"] + 1e-12  # a batch of one has no variance
    evaluated = normalization.batch_norm_evaluation(**values, mu=trained["mu"], v=v, eps=EPS)
    np.testing.assert_allclose(evaluated, trained["Y"], rtol=1e-9, atol=1e-9)


@given(drawn("weight_norm"))
def test_columns_of_a_normalized_weight_have_the_length_that_was_learned(values):
    W = output(normalization.weight_norm(**values))
    np.testing.assert_allclose([math.hypot(*column) for column in W.T], np.abs(values["g"]), rtol=1e-12)


@given(drawn("l2_normalization"))
def test_rows_have_length_one_but_for_eps_and_keep_their_direction(values):
    X, Y = values["X"], output(normalization.l2_normalization(**values, eps=1e-12))
    lengths = np.array([math.hypot(*row) for row in X])
    by_eps = np.array([math.hypot(length, 1e-6) for length in lengths])  # the square of 1e-6 is eps
    np.testing.assert_allclose([math.hypot(*row) for row in Y], lengths / by_eps, rtol=1e-12)
    np.testing.assert_allclose(Y * by_eps[:, None], X, rtol=1e-12)


@pytest.mark.parametrize("name", INPUTS)
@given(data=st.data())
def test_backwards_are_the_slopes_of_their_forwards(differences, name, data):
    values = data.draw(drawn(name))
    forward = getattr(normalization, name)
    result = forward(**values, **options(name))
    dY = np.random.default_rng(0).normal(size=output(result).shape)
    got = backward(name, dY, values, result)
    assert set(got) == {f"d{tensor}" for tensor in values}
    for tensor, value in values.items():
        expected = differences(
            lambda moved, tensor=tensor: (dY * output(forward(**{**values, tensor: moved}, **options(name)))).sum(),
            value,
        )
        np.testing.assert_allclose(got[f"d{tensor}"], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtypes_are_kept_inputs_stay_as_they_are_and_may_be_strided(name, dtype):
    rng = np.random.default_rng(1)
    # Options that are NumPy scalars must not promote float32.
    settings = {key: np.float64(value) for key, value in options(name).items()}
    larger = {t: np.abs(rng.normal(size=[6] * len(letters))).astype(dtype) for t, letters in INPUTS[name].items()}
    values = {tensor: array[(slice(None, None, 2),) * array.ndim] for tensor, array in larger.items()}
    before = {tensor: array.copy() for tensor, array in values.items()}
    result = getattr(normalization, name)(**values, **settings)
    dY = np.ones_like(output(result))
    arrays = [output(result), *backward(name, dY, values, result).values()]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    for tensor, array in values.items():
        np.testing.assert_array_equal(array, before[tensor])
        assert not any(np.shares_memory(array, each) for each in arrays)
    again = getattr(normalization, name)(**before, **settings)
    np.testing.assert_allclose(output(again), output(result), rtol=1e-5)


@pytest.mark.parametrize(("name", "axis", "shape"), [("batch_norm", 0, (64, 8)), ("layer_norm", 1, (8, 768))])
def test_statistics_far_from_zero_keep_their_digits_in_float32(name, axis, shape):
    X = (1000 + np.random.default_rng(2).normal(size=shape)).astype(np.float32)
    ones, zeros = np.ones(shape[1], np.float32), np.zeros(shape[1], np.float32)
    exact = X.astype(float) - X.astype(float).mean(axis=axis, keepdims=True)
    exact /= np.sqrt((exact**2).mean(axis=axis, keepdims=True) + 1e-5)
    np.testing.assert_allclose(getattr(normalization, name)(X, ones, zeros)["Y"], exact, atol=1e-3)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
@pytest.mark.parametrize("rows", [1, 3, 4])
def test_blocks_of_rows_make_no_difference(monkeypatch, name, rows):
    rng = np.random.default_rng(4)
    values = {tensor: rng.normal(size=[7, 5][2 - len(letters) :]) for tensor, letters in INPUTS[name].items()}
    dY = rng.normal(size=(7, 5))
    whole = getattr(normalization, name)(**values, eps=EPS)
    together = {**whole, **backward(name, dY, values, whole)}
    monkeypatch.setattr(normalization, "BLOCK_BYTES", rows * dY[0].nbytes)
    parts = getattr(normalization, name)(**values, eps=EPS)
    for tensor, value in {**parts, **backward(name, dY, values, parts)}.items():
        np.testing.assert_allclose(value, together[tensor], rtol=1e-12, atol=1e-14)


def test_what_has_no_direction_or_no_variance_is_refused():
    ones = np.ones((2, 3))
    with pytest.raises(InputError, match=r"weight_norm: V\[:, 1\] has length 0; expected a column"):
        normalization.weight_norm(ones * [1, 0, 1], np.ones(3))
    with pytest.raises(InputError, match=r"batch_norm_evaluation: v\[0\] = -1.0; expected a number above 0"):
        normalization.batch_norm_evaluation(ones, *(np.ones(3),) * 3, -np.ones(3))
    with pytest.raises(InputError, match=r"layer_norm: eps = 0; expected a number above 0"):
        normalization.layer_norm(ones, np.ones(3), np.ones(3), eps=0)
    with pytest.raises(InputError, match=r"X has shape \(2, 3\); expected 5 dimensions, X\[N, H, W, G, C\]"):
        normalization.group_norm(ones, ones, ones)
