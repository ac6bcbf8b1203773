"""Options that the code has for good, or forgets on its way back."""

import numpy as np
import pytest

from checks import gradcheck


def sentences(pair, layer, **told):
    return [d.sentence for d in gradcheck(pair, layer, **told).diagnoses]


def leaky(X):
    return np.where(X > 0, X, 0.01 * X)


def test_a_slope_that_the_code_has_for_good_is_told():
    found = sentences((leaky, lambda dY, X: np.where(X > 0, dY, 0.01 * dY)), "leaky_relu")
    assert found == ["Y is right for slope = 0.01 (where it is that for good: --set slope=0.01)"]


def test_a_number_of_the_backward_alone_is_no_option_to_be_told():
    def forward(X, slope):
        return np.where(X > 0, X, slope * X)

    found = sentences((forward, lambda dY, X: np.where(X > 0, dY, 0.01 * dY)), "leaky_relu")
    assert found == ["dX is right for slope = 0.01, whatever slope is"]


def test_a_share_that_the_code_has_for_good_is_told_and_no_factor_beside_it():
    found = sentences((lambda X, M: X * M / 0.5, lambda dY, M: dY * M / 0.5), "dropout")
    assert found == ["Y is right for keep = 0.5 (where it is that for good: --set keep=0.5)"]


def test_what_changes_with_an_option_has_it_not_for_good():
    twice = (lambda X, M, keep: X * M / keep**2, lambda dY, M, keep: dY * M / keep**2)
    found = sentences(twice, "dropout", sizes={"keep": 0.8})
    assert found
    assert not any("for good" in sentence for sentence in found)


def pool(X, R, S, stride):
    P, Q = 1 + (X.shape[1] - R) // stride, 1 + (X.shape[2] - S) // stride
    Y = np.empty((len(X), P, Q, X.shape[3]))
    for p, q in np.ndindex(P, Q):
        Y[:, p, q] = X[:, p * stride : p * stride + R, q * stride : q * stride + S].max((1, 2))
    return Y


def without_stride(dY, X, R, S, stride):
    dX = np.zeros_like(X)
    for p, q in np.ndindex(dY.shape[1:3]):
        window = X[:, p : p + R, q : q + S]
        dX[:, p : p + R, q : q + S] += (window == window.max((1, 2), keepdims=True)) * dY[:, p, q, None, None]
    return dX


@pytest.mark.parametrize("stride", [2, 3])
def test_a_stride_that_a_backward_forgets_is_named(stride):
    found = sentences((pool, without_stride), "max_pool2d", sizes={"pad": 0, "stride": stride, "R": 3, "S": 3})
    left_out = "dX leaves stride out: it is right for stride = 1, while the forward has stride = "
    assert found[0] == f"{left_out}{stride}"
