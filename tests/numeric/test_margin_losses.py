import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.errors import InputError
from numeric.margin_losses import (
    cosine_similarity,
    cosine_similarity_backward,
    hinge,
    hinge_backward,
    triplet,
    triplet_backward,
)

batches = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
DL = 0.7


def draw(batch, count):
    N, D, seed = batch
    rng = np.random.default_rng(seed)
    return [*rng.normal(size=(count, N, D)), rng.integers(0, D, size=N)]


@given(batches)
def test_hinge_adds_up_what_wrong_classes_miss(differences, batch):
    Z, T = draw(batch, 1)
    expected = 0.0
    for n, c in np.ndindex(Z.shape):
        expected += max(0.0, 0.5 + Z[n, c] - Z[n, T[n]]) if c != T[n] else 0.0
    assert hinge(Z, T, 0.5) == pytest.approx(expected / len(Z))
    slopes = DL * differences(lambda Z: hinge(Z, T, 0.5), Z)
    np.testing.assert_allclose(hinge_backward(DL, Z, T, 0.5)["dZ"], slopes, rtol=1e-6, atol=1e-8)


def test_a_class_that_keeps_the_margin_exactly_has_slope_0():
    dZ = hinge_backward(1.0, np.array([[2.0, 1.0, 1.5]]), np.array([0]), 1.0)["dZ"]
    np.testing.assert_array_equal(dZ, [[-1, 0, 1]])


@given(batches)
def test_triplet_compares_squared_distances(differences, batch):
    A, P, Q, _ = draw(batch, 3)
    S = [0.5 + math.fsum((a - p) ** 2) - math.fsum((a - q) ** 2) for a, p, q in zip(A, P, Q, strict=True)]
    got = triplet(A, P, Q, 0.5)
    np.testing.assert_allclose(got["S"], S, rtol=1e-9, atol=1e-12)
    assert got["L"] == pytest.approx(math.fsum(max(0, s) for s in S) / len(S), abs=1e-12)
    cotangents = triplet_backward(DL, A, P, Q, got["S"])
    expected = {
        "dA": DL * differences(lambda A: triplet(A, P, Q, 0.5)["L"], A),
        "dP": DL * differences(lambda P: triplet(A, P, Q, 0.5)["L"], P),
        "dQ": DL * differences(lambda Q: triplet(A, P, Q, 0.5)["L"], Q),
    }
    assert list(cotangents) == list(expected)
    for name in expected:
        np.testing.assert_allclose(cotangents[name], expected[name], rtol=1e-6, atol=1e-7)


def test_a_triplet_that_keeps_the_margin_exactly_has_slope_0():
    A, P, Q = np.zeros((1, 2)), np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])
    got = triplet(A, P, Q, 1.0)
    assert got["L"] == got["S"][0] == 0
    assert not any(cotangent.any() for cotangent in triplet_backward(1.0, A, P, Q, got["S"]).values())


@given(batches, st.sampled_from([1e-8, 1.0]))
def test_cosine_similarity_is_the_cosine_of_rows_no_shorter_than_eps(differences, batch, eps):
    A, B, _ = draw(batch, 2)
    dY = np.random.default_rng(0).normal(size=len(A))
    got = cosine_similarity(A, B, eps)
    for n, (a, b) in enumerate(zip(A, B, strict=True)):
        length = max(eps, math.hypot(*a)) * max(eps, math.hypot(*b))
        assert got["Y"][n] == pytest.approx(math.fsum(a * b) / length, abs=1e-12)
    cotangents = cosine_similarity_backward(dY, A, B, **got, eps=eps)
    expected = {
        "dA": differences(lambda A: (dY * cosine_similarity(A, B, eps)["Y"]).sum(), A, step=1e-6),
        "dB": differences(lambda B: (dY * cosine_similarity(A, B, eps)["Y"]).sum(), B, step=1e-6),
    }
    assert list(cotangents) == list(expected)
    for name in expected:
        np.testing.assert_allclose(cotangents[name], expected[name], rtol=1e-5, atol=1e-6)


def test_a_row_of_zeros_counts_as_one_of_length_eps():
    A, B = np.zeros((1, 2)), np.array([[3.0, 4.0]])
    got = cosine_similarity(A, B, 0.5)
    cotangents = cosine_similarity_backward(np.ones(1), A, B, **got, eps=0.5)
    assert got["Y"] == [0]
    np.testing.assert_allclose(cotangents["dA"], B / (0.5 * 5))
    np.testing.assert_allclose(cotangents["dB"], [[0, 0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_keep_the_dtype_and_inputs_stay_as_they_are(dtype):
    A, B, Q = np.random.default_rng(0).normal(size=(3, 4, 6)).astype(dtype)[:, :, ::-2]
    T = np.array([0, 2, 1, 1], np.uint8)
    kept = [array.copy() for array in (A, B, Q)]
    tripled, cosine = triplet(A, B, Q), cosine_similarity(A, B)
    results = [
        hinge(A, T),
        *hinge_backward(np.float64(1), A, T).values(),
        *tripled.values(),
        *triplet_backward(np.float64(1), A, B, Q, tripled["S"]).values(),
        *cosine.values(),
        *cosine_similarity_backward(cosine["Y"], A, B, **cosine).values(),
    ]
    assert {np.asarray(result).dtype for result in results} == {np.dtype(dtype)}
    np.testing.assert_array_equal([A, B, Q], kept)
    assert not any(np.shares_memory(result, array) for result in results for array in (A, B, Q))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_overflows_at_the_extremes(dtype):
    A, B = np.array([[1e4, -1e4]], dtype), np.array([[-1e4, 1e4]], dtype)
    assert hinge(A, np.array([1]), 1.0) == 20001
    assert triplet(A, B, A, 1.0)["L"] == pytest.approx(8e8, rel=1e-6)
    assert cosine_similarity(A, B)["Y"][0] == pytest.approx(-1)


def test_margins_are_above_0():
    with pytest.raises(InputError, match="hinge: margin = 0; expected a number above 0"):
        hinge(np.ones((1, 2)), np.array([0]), 0)
