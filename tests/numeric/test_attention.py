"""Attention against plain loops over queries and keys."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.attention import (
    causal_attention,
    causal_attention_backward,
    linear_attention,
    linear_attention_backward,
    multi_head_attention,
    multi_head_attention_backward,
    rotary_embedding,
    rotary_embedding_backward,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)
from numeric.errors import InputError

few = st.integers(1, 4)
seeds = st.integers(0, 99)


def normal(seed, *shapes, dtype=np.float64, scale=1.0):
    rng = np.random.default_rng(seed)
    return [(scale * rng.standard_normal(shape)).astype(dtype) for shape in shapes]


def attend(q, keys, values, seen):
    """The output of one query: a mean of the values that it sees, in 40 digits."""
    with mpmath.workdps(40):
        weights = [
            mpmath.exp(mpmath.fsum(float(a) * float(b) for a, b in zip(q, k, strict=True)) / mpmath.sqrt(len(q)))
            for k in keys
        ]
        total = mpmath.fsum(w for w, s in zip(weights, seen, strict=True) if s)
        if not any(seen):
            return [0.0] * len(values[0])
        return [
            float(mpmath.fsum(w * float(v[e]) for w, v, s in zip(weights, values, seen, strict=True) if s) / total)
            for e in range(len(values[0]))
        ]


@given(N=st.integers(1, 2), T=few, U=few, D=few, E=few, seed=seeds, scale=st.sampled_from([1.0, 100.0]))
def test_every_query_takes_a_mean_of_the_values_that_it_sees(N, T, U, D, E, seed, scale):
    Q, K, V = normal(seed, (N, T, D), (N, U, D), (N, U, E), scale=scale)
    M = np.random.default_rng(seed).integers(0, 2, (N, T, U))
    got = scaled_dot_product_attention(Q, K, V, M)["O"]
    for n in range(N):
        for t in range(T):
            np.testing.assert_allclose(got[n, t], attend(Q[n, t], K[n], V[n], M[n, t]), rtol=1e-9, atol=1e-10)


@given(T=few, D=few, E=few, seed=seeds)
def test_causal_attention_sees_what_came_before(T, D, E, seed):
    Q, K, V = normal(seed, (2, T, D), (2, T, D), (2, T, E))
    got = causal_attention(Q, K, V)["O"]
    for t in range(T):
        seen = [u <= t for u in range(T)]
        np.testing.assert_allclose(got[1, t], attend(Q[1, t], K[1], V[1], seen), rtol=1e-9, atol=1e-12)


@given(T=few, D=few, H=st.integers(1, 3), E=few, seed=seeds)
def test_heads_attend_side_by_side(T, D, H, E, seed):
    X, Wq, Wk, Wv, Wo = normal(seed, (2, T, D), (D, H, E), (D, H, E), (D, H, E), (H, E, D))
    M = np.random.default_rng(seed).integers(0, 2, (2, T, T))
    got = multi_head_attention(X, Wq, Wk, Wv, Wo, M)["Y"]
    for n in range(2):
        expected = np.zeros((T, D))
        for h in range(H):
            q, k, v = X[n] @ Wq[:, h], X[n] @ Wk[:, h], X[n] @ Wv[:, h]
            for t in range(T):
                expected[t] += np.array(attend(q[t], k, v, M[n, t])) @ Wo[h]
        np.testing.assert_allclose(got[n], expected, rtol=1e-9, atol=1e-10)


def check_slopes(differences, forward, backward, inputs, fixed=None, output="O"):
    fixed = fixed or {}

    def run(values):
        results = forward(**values, **fixed)
        return results if isinstance(results, dict) else {output: results}

    saved = run(inputs)
    cotangent = np.random.default_rng(5).standard_normal(saved[output].shape)
    wanted = backward.__wrapped__.__code__.co_varnames[: backward.__wrapped__.__code__.co_argcount]
    known = {**fixed, **inputs, **saved, f"d{output}": cotangent}
    got = backward(**{name: known[name] for name in wanted})
    assert set(got) == {f"d{name}" for name in inputs}
    for name, value in inputs.items():
        expected = differences(lambda v, name=name: (cotangent * run({**inputs, name: v})[output]).sum(), value)
        np.testing.assert_allclose(got[f"d{name}"], expected, rtol=1e-5, atol=1e-7)


@given(T=few, U=few, D=few, E=few, seed=seeds)
def test_attention_backward_is_the_slope(differences, T, U, D, E, seed):
    inputs = dict(zip("QKV", normal(seed, (2, T, D), (2, U, D), (2, U, E)), strict=True))
    M = np.random.default_rng(seed).integers(0, 2, (2, T, U))
    check_slopes(
        differences, scaled_dot_product_attention, scaled_dot_product_attention_backward, inputs, fixed={"M": M}
    )


@given(T=few, D=few, E=few, seed=seeds)
def test_causal_backward_is_the_slope(differences, T, D, E, seed):
    inputs = dict(zip("QKV", normal(seed, (2, T, D), (2, T, D), (2, T, E)), strict=True))
    check_slopes(differences, causal_attention, causal_attention_backward, inputs)


@given(T=few, D=st.integers(1, 3), H=st.integers(1, 2), E=st.integers(1, 3), seed=seeds)
def test_multi_head_backward_is_the_slope(differences, T, D, H, E, seed):
    shapes = (2, T, D), (D, H, E), (D, H, E), (D, H, E), (H, E, D)
    inputs = dict(zip(("X", "Wq", "Wk", "Wv", "Wo"), normal(seed, *shapes, scale=0.7), strict=True))
    M = np.random.default_rng(seed).integers(0, 2, (2, T, T))
    check_slopes(differences, multi_head_attention, multi_head_attention_backward, inputs, fixed={"M": M}, output="Y")


@given(T=few, U=few, D=few, E=few, seed=seeds)
def test_linear_attention_backward_is_the_slope(differences, T, U, D, E, seed):
    Q, K, V = normal(seed, (2, T, D), (2, U, D), (2, U, E))
    Q, K = (np.where(np.abs(A) < 1e-3, 1.0, A) for A in (Q, K))  # the curvature jumps at 0
    check_slopes(differences, linear_attention, linear_attention_backward, {"Q": Q, "K": K, "V": V})


@given(T=few, U=few, D=few, E=few, seed=seeds)
def test_linear_attention_is_a_mean_weighted_by_products_of_features(T, U, D, E, seed):
    Q, K, V = normal(seed, (1, T, D), (1, U, D), (1, U, E), scale=3.0)

    def feature(x):
        return x + 1 if x > 0 else math.exp(x)

    got = linear_attention(Q, K, V)
    for t in range(T):
        weights = [sum(feature(Q[0, t, d]) * feature(K[0, u, d]) for d in range(D)) for u in range(U)]
        expected = [sum(w * V[0, u, e] for u, w in enumerate(weights)) / sum(weights) for e in range(E)]
        np.testing.assert_allclose(got[0, t], expected, rtol=1e-9, atol=1e-12)


@given(T=few, E=few, seed=seeds, base=st.sampled_from([2.0, 100.0, 10000.0]))
def test_rotary_pairs_are_complex_numbers_that_turn(T, E, seed, base):
    (X,) = normal(seed, (2, T, E, 2))
    got = rotary_embedding(X, base)
    for t in range(T):
        for e in range(E):
            turned = complex(*X[1, t, e]) * np.exp(1j * t * base ** (-e / E))
            np.testing.assert_allclose(got[1, t, e], [turned.real, turned.imag], rtol=1e-12, atol=1e-14)


@given(T=few, E=few, seed=seeds)
def test_rotary_backward_turns_back(T, E, seed):
    (X,) = normal(seed, (2, T, E, 2))
    np.testing.assert_allclose(rotary_embedding_backward(rotary_embedding(X))["dX"], X, rtol=1e-12, atol=1e-14)


def test_rotated_products_depend_on_the_distance_alone():
    q, k = normal(0, (3, 2), (3, 2))
    X = np.stack([q, k] * 4)[np.newaxis]  # q at even steps, k at odd ones
    turned = rotary_embedding(X)[0].reshape(8, 6)
    products = [turned[t] @ turned[t + 3] for t in (0, 2, 4)]
    np.testing.assert_allclose(products, products[0], rtol=1e-12)


def test_a_query_that_sees_no_key_gets_0_and_hands_nothing_back():
    Q, K, V, dO = normal(0, (1, 2, 3), (1, 4, 3), (1, 4, 2), (1, 2, 2))
    M = np.array([[[0, 0, 0, 0], [0, 1, 1, 0]]])
    results = scaled_dot_product_attention(Q, K, V, M)
    got = scaled_dot_product_attention_backward(dO, Q, K, V, **results)
    assert not results["P"][0, 0].any()
    assert not results["O"][0, 0].any()
    assert not got["dQ"][0, 0].any()
    assert not got["dK"][0, [0, 3]].any()
    assert got["dQ"][0, 1].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_any_size_neither_overflow_nor_warn(dtype):
    Q, K, V = normal(1, (2, 3, 4), (2, 5, 4), (2, 5, 2), dtype=dtype, scale=100.0)
    M = np.ones((2, 3, 5), np.int64)
    results = scaled_dot_product_attention(Q, K, V, M)
    np.testing.assert_allclose(results["P"].sum(axis=-1), 1, rtol=1e-5)
    assert np.isfinite(results["O"]).all()
    M[:, :, np.argmax(Q @ K.swapaxes(1, 2), axis=-1)[0, 0]] = 0  # a hidden key that would win by far
    assert np.isfinite(scaled_dot_product_attention(Q, K, V, M)["O"]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_features_of_any_size_neither_vanish_nor_warn(dtype):
    Q, K, V = normal(1, (2, 3, 4), (2, 5, 4), (2, 5, 2), dtype=dtype)
    for shift in (-1e4, 1e4):
        O = linear_attention(Q + dtype(shift), K + dtype(shift), V)  # noqa: E741
        got = linear_attention_backward(np.ones_like(O), Q + dtype(shift), K + dtype(shift), V, O)
        assert all(np.isfinite(value).all() for value in [O, *got.values()])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_memory_and_inputs_are_kept(dtype):
    X, Wq, Wk, Wv, Wo = normal(2, (2, 3, 4), (4, 2, 3), (4, 2, 3), (4, 2, 3), (2, 3, 4), dtype=dtype)
    given = [X, Wq, Wk, Wv, Wo]
    before = [value.copy() for value in given]
    M = np.ones((2, 3, 3), np.int32)
    results = multi_head_attention(X, Wq, Wk, Wv, Wo, M)
    saved = {name: value for name, value in results.items() if name != "Y"}
    got = multi_head_attention_backward(np.ones_like(X), X, Wq, Wk, Wv, Wo, **saved)
    for value in [*results.values(), *got.values(), rotary_embedding(X[..., np.newaxis][..., [0, 0]])]:
        assert value.dtype == dtype
        assert not any(np.shares_memory(value, one) for one in given)
    for value, was in zip(given, before, strict=True):
        np.testing.assert_array_equal(value, was)


def test_what_does_not_fit_is_refused_by_name():
    Q, K, V = normal(0, (1, 2, 3), (1, 4, 3), (1, 4, 2))
    with pytest.raises(InputError, match=r"M has shape \(1, 2, 3\); expected M\[N, T, U\] with U = 4"):
        scaled_dot_product_attention(Q, K, V, np.ones((1, 2, 3), int))
    with pytest.raises(InputError, match=r"M\[0, 0, 0\] = 2; expected labels 0\.\.1"):
        scaled_dot_product_attention(Q, K, V, np.full((1, 2, 4), 2))
    with pytest.raises(InputError, match=r"X has shape \(1, 2, 4, 3\)"):
        rotary_embedding(np.ones((1, 2, 4, 3)))
    with pytest.raises(InputError, match="base = 0"):
        rotary_embedding(np.ones((1, 2, 4, 2)), 0)
