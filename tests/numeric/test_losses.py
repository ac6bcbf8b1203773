import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import losses
from numeric.errors import InputError
from numeric.losses import (
    cross_entropy,
    cross_entropy_backward,
    sigmoid_cross_entropy,
    sigmoid_cross_entropy_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
    squared_error,
    squared_error_backward,
)

batches = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
DL = 0.7


def draw(batch, scale=2.0):
    N, C, seed = batch
    rng = np.random.default_rng(seed)
    return scale * rng.uniform(-1, 1, size=(N, C)), rng.integers(0, C, size=N), rng.integers(0, 2, size=(N, C))


@given(batches)
def test_squared_error_halves_the_mean_over_the_batch_of_the_squared_distance(batch):
    Y, _, T = draw(batch)
    expected = sum((Y[n, c] - T[n, c]) ** 2 for n, c in np.ndindex(Y.shape)) / (2 * len(Y))
    assert squared_error(Y, T.astype(float)) == pytest.approx(expected)


@given(batches)
def test_squared_error_backward_is_its_slope(differences, batch):
    Y, _, T = draw(batch)
    T = T.astype(float)
    got = squared_error_backward(DL, Y, T)
    assert list(got) == ["dY", "dT"]
    np.testing.assert_allclose(got["dY"], DL * differences(lambda Y: squared_error(Y, T), Y), atol=1e-8)
    np.testing.assert_allclose(got["dT"], DL * differences(lambda T: squared_error(Y, T), T), atol=1e-8)


@given(batches)
def test_cross_entropy_is_the_mean_surprise(batch):
    Z, T, _ = draw(batch)
    P = np.exp(Z)
    expected = -sum(mpmath.log(P[n, T[n]]) for n in range(len(T))) / len(T)
    assert cross_entropy(P, T) == pytest.approx(float(expected), abs=1e-12)


@given(batches)
def test_cross_entropy_backward_is_its_slope(differences, batch):
    Z, T, _ = draw(batch)
    P = np.exp(Z)
    expected = DL * differences(lambda P: cross_entropy(P, T), P)
    np.testing.assert_allclose(cross_entropy_backward(DL, P, T)["dP"], expected, rtol=1e-6, atol=1e-8)


def test_cross_entropy_of_an_impossible_label_points_to_the_fused_loss():
    P = np.array([[0.5, 0.5], [1.0, 0.0]])
    for call in (lambda: cross_entropy(P, np.array([0, 1])), lambda: cross_entropy_backward(1.0, P, np.array([0, 1]))):
        with pytest.raises(InputError, match=r"P\[1, 1\] = 0.0.*softmax_cross_entropy"):
            call()


@given(batches, st.sampled_from([1.0, 100.0, 1e4]))
def test_softmax_cross_entropy_is_right_for_logits_of_any_size(batch, scale):
    Z, T, _ = draw(batch, scale)
    with mpmath.workdps(60):
        surprises = [
            mpmath.log(mpmath.fsum(mpmath.exp(float(z)) for z in row)) - float(row[t])
            for row, t in zip(Z, T, strict=True)
        ]
        expected = float(mpmath.fsum(surprises) / len(T))
    assert softmax_cross_entropy(Z, T)["L"] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(batches)
def test_softmax_cross_entropy_backward_is_its_slope(differences, batch):
    Z, T, _ = draw(batch)
    expected = DL * differences(lambda Z: softmax_cross_entropy(Z, T)["L"], Z)
    P = softmax_cross_entropy(Z, T)["P"]
    np.testing.assert_allclose(softmax_cross_entropy_backward(DL, P, T)["dZ"], expected, rtol=1e-6, atol=1e-8)


@given(batches, st.sampled_from([1.0, 100.0, 1e3]))
def test_sigmoid_cross_entropy_is_right_for_logits_of_any_size(batch, scale):
    Z, _, T = draw(batch, scale)
    expected = mpmath.mpf(0)
    with mpmath.workdps(500):  # 1 - A must not round to 0
        for entry in np.ndindex(Z.shape):
            A = 1 / (1 + mpmath.exp(-float(Z[entry])))
            expected -= mpmath.log(A) if T[entry] else mpmath.log(1 - A)
    assert sigmoid_cross_entropy(Z, T)["L"] == pytest.approx(float(expected / len(Z)), rel=1e-12)


@given(batches)
def test_sigmoid_cross_entropy_backward_is_its_slope(differences, batch):
    Z, _, T = draw(batch)
    expected = DL * differences(lambda Z: sigmoid_cross_entropy(Z, T)["L"], Z)
    A = sigmoid_cross_entropy(Z, T)["A"]
    np.testing.assert_allclose(sigmoid_cross_entropy_backward(DL, A, T)["dZ"], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_fused_losses_stay_finite_at_the_extremes(dtype):
    Z = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    wrong, right = np.array([1, 0]), np.array([0, 1])
    assert softmax_cross_entropy(Z, wrong)["L"] == 2e4
    assert softmax_cross_entropy(Z, right)["L"] == 0
    assert sigmoid_cross_entropy(Z, np.array([[0, 1], [1, 0]]))["L"] == 2e4
    assert sigmoid_cross_entropy(Z, np.array([[1, 0], [0, 1]]))["L"] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("dL", [1.0, np.float64(0.5), np.array(0.5, np.float32)])
def test_results_keep_the_dtype_and_inputs_stay_as_they_are(dtype, dL):
    Z, T, bits = draw((3, 4, 0))
    Z = np.exp(Z).astype(dtype)[::-1]
    inputs = (Z, T, bits)
    before = [array.copy() for array in inputs]
    softmaxed, sigmoided = softmax_cross_entropy(Z, T), sigmoid_cross_entropy(Z, bits)
    results = [
        squared_error(Z, Z.copy()),
        *squared_error_backward(dL, Z, Z.copy()).values(),
        cross_entropy(Z, T),
        *cross_entropy_backward(dL, Z, T).values(),
        *softmaxed.values(),
        *softmax_cross_entropy_backward(dL, softmaxed["P"], T).values(),
        *sigmoided.values(),
        *sigmoid_cross_entropy_backward(dL, sigmoided["A"], bits).values(),
    ]
    assert {np.asarray(result).dtype for result in results} == {np.dtype(dtype)}
    assert not any(np.shares_memory(result, array) for result in results for array in inputs)
    for array, kept in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(array, kept)


@given(batches)
def test_the_complex_step_sees_the_slope(differences, batch):
    Z, T, bits = draw(batch)
    step = 1e-30
    for loss in (
        lambda Z: squared_error(Z, bits.astype(Z.dtype)),
        lambda Z: cross_entropy(np.exp(Z), T),
        lambda Z: softmax_cross_entropy(Z, T)["L"],
        lambda Z: sigmoid_cross_entropy(Z, bits)["L"],
    ):
        slopes = np.empty(Z.shape)
        for entry in np.ndindex(Z.shape):
            nudged = Z.astype(complex)
            nudged[entry] += 1j * step
            slopes[entry] = loss(nudged).imag / step
        np.testing.assert_allclose(slopes, differences(loss, Z), rtol=1e-6, atol=1e-8)


def log_probabilities(Z):
    """Each row's logarithms of softmax, as numbers of mpmath."""
    with mpmath.workdps(60):
        rows = []
        for row in Z:
            total = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(float(z))) for z in row))
            rows.append([mpmath.mpf(float(z)) - total for z in row])
        return rows


@given(batches, st.sampled_from([1.0, 100.0, 1e4]), st.sampled_from([0.0, 0.125, 1.0]))
def test_label_smoothing_leaves_a_share_to_all_classes_alike(differences, batch, scale, eps):
    Z, T, _ = draw(batch, scale)
    expected = 0.0
    for row, t in zip(log_probabilities(Z), T, strict=True):
        expected -= float((1 - eps) * row[t] + eps * mpmath.fsum(row) / len(row)) / len(Z)
    got = losses.smoothed_softmax_cross_entropy(Z, T, eps)
    assert got["L"] == pytest.approx(expected, rel=1e-11, abs=1e-11)
    if scale == 1.0:
        slopes = DL * differences(lambda Z: losses.smoothed_softmax_cross_entropy(Z, T, eps)["L"], Z)
        dZ = losses.smoothed_softmax_cross_entropy_backward(DL, got["P"], T, eps)["dZ"]
        np.testing.assert_allclose(dZ, slopes, rtol=1e-6, atol=1e-8)


@given(batches, st.sampled_from([1.0, 100.0, 1e4]))
def test_weighted_cross_entropy_is_a_weighted_mean(differences, batch, scale):
    Z, T, _ = draw(batch, scale)
    w = np.random.default_rng(batch[2]).uniform(0.5, 2, size=Z.shape[1])
    surprises = [-row[t] for row, t in zip(log_probabilities(Z), T, strict=True)]
    expected = sum(w[t] * s for t, s in zip(T, surprises, strict=True)) / sum(w[T])
    got = losses.weighted_cross_entropy(Z, T, w)
    assert got["L"] == pytest.approx(float(expected), rel=1e-11, abs=1e-11)
    cotangents = losses.weighted_cross_entropy_backward(DL, got["P"], got["S"], T, w, got["L"])
    assert list(cotangents) == ["dZ", "dw"]
    if scale == 1.0:
        slopes = DL * differences(lambda Z: losses.weighted_cross_entropy(Z, T, w)["L"], Z)
        np.testing.assert_allclose(cotangents["dZ"], slopes, rtol=1e-6, atol=1e-8)
        slopes = DL * differences(lambda w: losses.weighted_cross_entropy(Z, T, w)["L"], w)
        np.testing.assert_allclose(cotangents["dw"], slopes, rtol=1e-6, atol=1e-8)


@given(batches)
def test_nll_and_binary_cross_entropy_and_kl_divergence_are_their_definitions(batch):
    Z, T, bits = draw(batch)
    P, Q = 1 / (1 + np.exp(-Z)), np.exp(Z[::-1])
    assert losses.nll(Z, T) == pytest.approx(-sum(Z[n, T[n]] for n in range(len(T))) / len(T))
    expected = -sum(math.log(p) if t else math.log(1 - p) for p, t in zip(P.flat, bits.flat, strict=True)) / P.size
    assert losses.binary_cross_entropy(P, bits) == pytest.approx(expected, rel=1e-9)
    expected = sum(p * math.log(p / q) for p, q in zip(P.flat, Q.flat, strict=True)) / len(P)
    assert losses.kl_divergence(P, Q) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(batches)
def test_their_backwards_are_their_slopes(differences, batch):
    Z, T, bits = draw(batch)
    P, Q = 1 / (1 + np.exp(-Z)), np.exp(Z[::-1])
    pairs = [
        (losses.nll_backward(DL, Z, T)["dY"], lambda Z: losses.nll(Z, T), Z),
        (losses.binary_cross_entropy_backward(DL, P, bits)["dP"], lambda P: losses.binary_cross_entropy(P, bits), P),
        (losses.kl_divergence_backward(DL, P, Q)["dP"], lambda P: losses.kl_divergence(P, Q), P),
        (losses.kl_divergence_backward(DL, P, Q)["dQ"], lambda Q: losses.kl_divergence(P, Q), Q),
    ]
    for got, loss, point in pairs:
        np.testing.assert_allclose(got, DL * differences(loss, point), rtol=1e-5, atol=1e-7)


@given(batches, st.sampled_from([1.0, 100.0, 1e3]), st.sampled_from([0.0, 0.5, 2.0]))
def test_focal_counts_what_is_right_already_less(differences, batch, scale, gamma):
    Z, _, bits = draw(batch, scale)
    expected = mpmath.mpf(0)
    with mpmath.workdps(500):  # 1 - P must not round to 0
        for z, t in zip(Z.flat, bits.flat, strict=True):
            P = 1 / (1 + mpmath.exp(mpmath.mpf(float(-z if t else z))))
            expected -= (1 - P) ** gamma * mpmath.log(P)
    got = losses.focal(Z, bits, gamma)
    assert got["L"] == pytest.approx(float(expected / len(Z)), rel=1e-10)
    if scale == 1.0:
        slopes = DL * differences(lambda Z: losses.focal(Z, bits, gamma)["L"], Z)
        np.testing.assert_allclose(losses.focal_backward(DL, Z, bits, gamma)["dZ"], slopes, rtol=1e-6, atol=1e-8)


def test_focal_without_gamma_is_the_cross_entropy_of_sigmoids():
    Z, _, bits = draw((4, 3, 7), 50.0)
    fused = sigmoid_cross_entropy(Z, bits)
    assert losses.focal(Z, bits, 0)["L"] == pytest.approx(fused["L"], rel=1e-14)
    expected = sigmoid_cross_entropy_backward(1.0, fused["A"], bits)["dZ"]
    np.testing.assert_allclose(losses.focal_backward(1.0, Z, bits, 0)["dZ"], expected, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_losses_on_logits_stay_finite_at_the_extremes(dtype):
    Z, T, bits = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype), np.array([1, 0]), np.array([[0, 1], [1, 0]])
    w = np.ones(2, dtype)
    smoothed, weighted = losses.smoothed_softmax_cross_entropy(Z, T, 0.0), losses.weighted_cross_entropy(Z, T, w)
    assert smoothed["L"] == weighted["L"] == 2e4
    assert losses.focal(Z, bits, 2.0)["L"] == 2e4
    cotangents = [
        *losses.weighted_cross_entropy_backward(1.0, weighted["P"], weighted["S"], T, w, weighted["L"]).values(),
        *losses.focal_backward(1.0, Z, bits, 2.0).values(),
    ]
    assert all(np.isfinite(cotangent).all() for cotangent in cotangents)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("dL", [1.0, np.float64(0.5), np.array(0.5, np.float32)])
def test_the_other_losses_keep_the_dtype_and_leave_their_inputs_alone(dtype, dL):
    Z, T, bits = draw((3, 4, 0))
    Z, w = Z.astype(dtype)[::-1], np.ones(4, dtype)
    P = np.exp(-2 - Z)
    inputs = (Z, T, bits, w, P)
    before = [array.copy() for array in inputs]
    option = np.float64(0.5)
    smoothed, weighted = losses.smoothed_softmax_cross_entropy(Z, T, option), losses.weighted_cross_entropy(Z, T, w)
    results = [
        losses.nll(Z, T),
        *losses.nll_backward(dL, Z, T).values(),
        *smoothed.values(),
        *losses.smoothed_softmax_cross_entropy_backward(dL, smoothed["P"], T, option).values(),
        *weighted.values(),
        *losses.weighted_cross_entropy_backward(dL, weighted["P"], weighted["S"], T, w, weighted["L"]).values(),
        losses.binary_cross_entropy(P, bits),
        *losses.binary_cross_entropy_backward(dL, P, bits).values(),
        losses.kl_divergence(P, P),
        *losses.kl_divergence_backward(dL, P, P).values(),
        *losses.focal(Z, bits, option).values(),
        *losses.focal_backward(dL, Z, bits, option).values(),
    ]
    assert {np.asarray(result).dtype for result in results} == {np.dtype(dtype)}
    assert not any(np.shares_memory(result, array) for result in results for array in inputs)
    for array, kept in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_a_probability_of_1_points_to_the_fused_loss():
    with pytest.raises(InputError, match=r"P\[0, 1\] = 1.0.*sigmoid_cross_entropy"):
        losses.binary_cross_entropy(np.array([[0.5, 1.0]]), np.array([[0, 1]]))


def test_a_share_above_1_is_refused():
    with pytest.raises(InputError, match=r"eps = 1.5; expected a number from 0 to 1"):
        losses.smoothed_softmax_cross_entropy(np.ones((1, 2)), np.array([0]), 1.5)
