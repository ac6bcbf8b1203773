"""Whole sequences against cells written out in plain Python, one number at a time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.errors import InputError
from numeric.recurrent import gru, gru_backward, lstm, lstm_backward, rnn_tanh, rnn_tanh_backward

GATES = {"rnn_tanh": 1, "lstm": 4, "gru": 3}
FORWARD = {"rnn_tanh": rnn_tanh, "lstm": lstm, "gru": gru}
BACKWARD = {"rnn_tanh": rnn_tanh_backward, "lstm": lstm_backward, "gru": gru_backward}
SAVED = {"rnn_tanh": "h", "lstm": "hcifgo", "gru": "hvrzg"}
sizes = st.tuples(*[st.integers(1, 4)] * 4)


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def draw(layer, T, N, D, M, dtype=np.float64, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    G = GATES[layer] * M
    shapes = {"x": (T, N, D), "h0": (N, M), "Wx": (D, G), "Wh": (M, G)}
    shapes |= {"rnn_tanh": {"b": (G,)}, "lstm": {"c0": (N, M), "b": (G,)}, "gru": {"bx": (G,), "bh": (G,)}}[layer]
    return {name: (scale * rng.standard_normal(shape)).astype(dtype) for name, shape in shapes.items()}


def states(layer, inputs):
    """What forward computes, as h alone or by name: always by name here."""
    results = FORWARD[layer](**inputs)
    return results if isinstance(results, dict) else {"h": results}


def gradients(layer, inputs, dh):
    wanted = {name: value for name, value in inputs.items() if name not in {"b", "bx", "bh"}}
    return BACKWARD[layer](dh, **wanted, **{name: states(layer, inputs)[name] for name in SAVED[layer]})


def sums(row, matrix, columns):
    return [sum(row[d] * matrix[d, k] for d in range(len(row))) for k in range(columns)]


def plain_step(layer, inputs, x, h, c):
    """One step for one example: the cells as their papers write them."""
    M = len(h)
    ours, states_ = sums(x, inputs["Wx"], GATES[layer] * M), sums(h, inputs["Wh"], GATES[layer] * M)
    if layer == "rnn_tanh":
        return [math.tanh(ours[m] + states_[m] + inputs["b"][m]) for m in range(M)], c
    if layer == "lstm":
        a = [u + v + b for u, v, b in zip(ours, states_, inputs["b"], strict=True)]
        c = [sigmoid(a[M + m]) * c[m] + sigmoid(a[m]) * math.tanh(a[2 * M + m]) for m in range(M)]
        return [sigmoid(a[3 * M + m]) * math.tanh(c[m]) for m in range(M)], c
    u = [p + b for p, b in zip(ours, inputs["bx"], strict=True)]
    v = [p + b for p, b in zip(states_, inputs["bh"], strict=True)]
    r = [sigmoid(u[m] + v[m]) for m in range(M)]
    z = [sigmoid(u[M + m] + v[M + m]) for m in range(M)]
    g = [math.tanh(u[2 * M + m] + r[m] * v[2 * M + m]) for m in range(M)]
    return [(1 - z[m]) * g[m] + z[m] * h[m] for m in range(M)], c


@pytest.mark.parametrize("layer", FORWARD)
@given(sizes=sizes, scale=st.sampled_from([0.3, 1.0, 30.0]), seed=st.integers(0, 99))
def test_a_sequence_is_its_steps_in_order(layer, sizes, scale, seed):
    inputs = draw(layer, *sizes, scale=scale, seed=seed)
    got = states(layer, inputs)["h"]
    for n in range(sizes[1]):
        h, c = list(inputs["h0"][n]), list(inputs["c0"][n]) if layer == "lstm" else None
        for t in range(sizes[0]):
            h, c = plain_step(layer, inputs, inputs["x"][t, n], h, c)
            np.testing.assert_allclose(got[t, n], h, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layer", FORWARD)
@given(sizes=sizes, seed=st.integers(0, 99))
def test_every_cotangent_is_the_slope_of_the_forward(differences, layer, sizes, seed):
    inputs = draw(layer, *sizes, scale=0.7, seed=seed)
    dh = np.random.default_rng(seed).standard_normal((sizes[0], sizes[1], sizes[3]))
    got = gradients(layer, inputs, dh)
    assert set(got) == {f"d{name}" for name in inputs}
    for name, value in inputs.items():
        expected = differences(lambda v, name=name: (dh * states(layer, {**inputs, name: v})["h"]).sum(), value)
        np.testing.assert_allclose(got[f"d{name}"], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("layer", FORWARD)
def test_a_long_sequence_is_two_shorter_ones(layer):
    inputs = draw(layer, 6, 3, 2, 4)
    whole = states(layer, inputs)
    later = {**inputs, "x": inputs["x"][2:], "h0": whole["h"][1].copy()}
    if layer == "lstm":
        later["c0"] = whole["c"][1].copy()
    np.testing.assert_allclose(states(layer, later)["h"], whole["h"][2:], rtol=1e-13)


@pytest.mark.parametrize("layer", FORWARD)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_of_any_size_saturate_without_warnings(layer, dtype):
    inputs = draw(layer, 3, 2, 5, 3, dtype, scale=100.0)
    results = states(layer, inputs)
    assert all(np.isfinite(value).all() for value in results.values())
    for value in gradients(layer, inputs, np.ones_like(results["h"])).values():
        assert np.isfinite(value).all()


@pytest.mark.parametrize("layer", FORWARD)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_memory_and_inputs_are_kept(layer, dtype):
    inputs = draw(layer, 4, 3, 2, 1, dtype)
    before = {name: value.copy() for name, value in inputs.items()}
    results = states(layer, inputs)
    cotangents = gradients(layer, inputs, np.ones_like(results["h"]))
    for value in [*results.values(), *cotangents.values()]:
        assert value.dtype == dtype
        assert not any(np.shares_memory(value, given) for given in inputs.values())
    for name, value in inputs.items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_unit_is_as_good_as_a_column_of_several(dtype):
    # Gates of one unit are columns that NumPy strides over: np.negative in place errs there.
    inputs = draw("lstm", 3, 4, 5, 1, dtype)
    double = {name: value.astype(np.float64) for name, value in inputs.items()}
    np.testing.assert_allclose(lstm(**inputs)["h"], lstm(**double)["h"], rtol=2e-5)


@pytest.mark.parametrize("layer", FORWARD)
def test_the_complex_step_sees_the_slope(layer):
    inputs = draw(layer, 3, 2, 2, 2)
    dh = np.random.default_rng(1).standard_normal((3, 2, 2))
    nudged = {name: value.astype(complex) for name, value in inputs.items()}
    nudged["Wh"][1, 0] += 1e-30j
    slope = (dh * states(layer, nudged)["h"].imag).sum() / 1e-30
    assert math.isclose(gradients(layer, inputs, dh)["dWh"][1, 0], slope, rel_tol=1e-12)


@pytest.mark.parametrize("layer", FORWARD)
def test_what_does_not_fit_is_refused_by_name(layer):
    inputs = draw(layer, 3, 2, 5, 4)
    wrong = {
        "Wx": (inputs["Wx"][:, :-1], r"expected .* with [GM] = "),
        "h0": (inputs["h0"].astype(np.float32), "h0 has dtype float32"),
        "x": (inputs["x"][:0], "with T at least 1"),
    }
    for name, (value, message) in wrong.items():
        with pytest.raises(InputError, match=message):
            FORWARD[layer](**{**inputs, name: value})
