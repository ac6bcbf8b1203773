"""The scan in runs against the loop that defines it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import linear_recurrence as module
from numeric.linear_recurrence import linear_recurrence, linear_recurrence_backward


def draw(T, N, M, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1.1, 1.1, shape).astype(dtype) for shape in [(T, N, M), (T, N, M), (N, M)]]


def loop(x, a, h0):
    h = [h0]
    for t in range(len(x)):
        h.append(a[t] * h[-1] + x[t])
    return np.array(h[1:])


@given(T=st.integers(1, 40), N=st.integers(1, 3), M=st.integers(1, 3), seed=st.integers(0, 99))
def test_the_scan_is_the_loop(T, N, M, seed):
    x, a, h0 = draw(T, N, M, seed)
    np.testing.assert_allclose(linear_recurrence(x, a, h0), loop(x, a, h0), rtol=1e-10, atol=1e-12)


@given(T=st.integers(1, 12), N=st.integers(1, 2), M=st.integers(1, 2), seed=st.integers(0, 99))
def test_every_cotangent_is_the_slope_of_the_loop(differences, T, N, M, seed):
    inputs = dict(zip(("x", "a", "h0"), draw(T, N, M, seed), strict=True))
    dh = np.random.default_rng(seed).standard_normal((T, N, M))
    got = linear_recurrence_backward(dh, inputs["a"], inputs["h0"], linear_recurrence(**inputs))
    for name, value in inputs.items():
        expected = differences(lambda v, name=name: (dh * loop(**{**inputs, name: v})).sum(), value)
        np.testing.assert_allclose(got[f"d{name}"], expected, rtol=1e-6, atol=1e-8)


def test_wide_states_go_step_by_step_and_come_out_the_same(monkeypatch):
    x, a, h0 = draw(30, 4, 5)
    in_runs = linear_recurrence(x, a, h0)
    monkeypatch.setattr(module, "WIDE", 1)
    np.testing.assert_allclose(linear_recurrence(x, a, h0), in_runs, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtype_memory_and_inputs_are_kept(dtype):
    inputs = draw(17, 2, 3, dtype=dtype)
    before = [value.copy() for value in inputs]
    x, a, h0 = inputs
    h = linear_recurrence(x, a, h0)
    results = [h, *linear_recurrence_backward(np.ones_like(h), a, h0, h).values()]
    for value in results:
        assert value.dtype == dtype
        assert value.flags.c_contiguous
        assert not any(np.shares_memory(value, given) for given in inputs)
    for value, was in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(value, was)


def test_shares_of_0_and_1_forget_all_and_nothing():
    x, _, h0 = draw(25, 2, 2)
    np.testing.assert_array_equal(linear_recurrence(x, np.zeros_like(x), h0), x)
    np.testing.assert_allclose(linear_recurrence(x, np.ones_like(x), h0), h0 + np.cumsum(x, axis=0), rtol=1e-12)
