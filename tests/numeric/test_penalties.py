import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from numeric.errors import InputError
from numeric.penalties import (
    elastic_net,
    elastic_net_backward,
    l1_penalty,
    l1_penalty_backward,
    l2_penalty,
    l2_penalty_backward,
)

weights = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=st.floats(-3, 3))
strengths = st.floats(0, 10)


@given(weights, strengths)
def test_it_is_half_lam_times_the_sum_of_squares(W, lam):
    assert l2_penalty(W, lam) == pytest.approx(lam / 2 * math.fsum(w * w for w in W.flat))


@given(weights, strengths)
def test_the_backward_is_the_slope_of_the_forward(differences, W, lam):
    expected = 0.3 * differences(lambda W: l2_penalty(W, lam), W)
    np.testing.assert_allclose(l2_penalty_backward(0.3, W, lam)["dW"], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("lam", [0, 0.1, np.float64(0.1), np.float32(0.1)])
@pytest.mark.parametrize("dL", [1.0, np.float64(0.5)])
def test_float32_stays_float32_whatever_the_scalars(lam, dL):
    W = np.ones((2, 3), np.float32)
    assert l2_penalty(W, lam).dtype == np.float32
    assert l2_penalty_backward(dL, W, lam)["dW"].dtype == np.float32


@pytest.mark.parametrize("lam", [-0.1, math.nan, math.inf, "1", None])
def test_a_strength_that_is_no_finite_number_from_0_is_refused(lam):
    with pytest.raises(InputError, match=r"^l2_penalty: lam = .*expected a finite real number"):
        l2_penalty(np.ones((2, 2)), lam)


@given(weights, strengths, strengths)
def test_l1_and_elastic_net_are_their_sums(W, lam1, lam2):
    sizes, squares = math.fsum(abs(w) for w in W.flat), math.fsum(w * w for w in W.flat)
    assert l1_penalty(W, lam1) == pytest.approx(lam1 * sizes)
    assert elastic_net(W, lam1, lam2) == pytest.approx(lam1 * sizes + lam2 / 2 * squares)


@given(weights, strengths, strengths)
def test_l1_and_elastic_net_backwards_are_the_slopes_and_0_at_0(W, lam1, lam2):
    for entry in np.ndindex(W.shape):
        side = int(W[entry] > 0) - int(W[entry] < 0)
        assert l1_penalty_backward(0.3, W, lam1)["dW"][entry] == pytest.approx(0.3 * lam1 * side)
        expected = 0.3 * (lam1 * side + lam2 * W[entry])
        assert elastic_net_backward(0.3, W, lam1, lam2)["dW"][entry] == pytest.approx(expected)


@pytest.mark.parametrize("lam", [0, 0.1, np.float64(0.1)])
def test_l1_and_elastic_net_keep_float32(lam):
    W = np.ones((2, 3), np.float32)
    results = [
        l1_penalty(W, lam),
        elastic_net(W, lam, lam),
        *l1_penalty_backward(np.float64(0.5), W, lam).values(),
        *elastic_net_backward(np.float64(0.5), W, lam, lam).values(),
    ]
    assert {result.dtype for result in results} == {np.dtype(np.float32)}


def test_both_strengths_of_an_elastic_net_are_looked_at():
    with pytest.raises(InputError, match=r"^elastic_net: lam2 = -1; expected a finite real number"):
        elastic_net(np.ones((2, 2)), 1, -1)
