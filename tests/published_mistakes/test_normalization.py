"""Mistakes with normalizations, and with tests of them."""

import numpy as np

from checks import gradcheck
from derivations import layer
from numeric.normalization import batch_norm, l2_normalization

BATCH_NORM = {"N": 5, "D": 3}


def right(dY, gamma, Xhat, v, eps):
    dXhat = dY * gamma
    inner = dXhat - dXhat.mean(axis=0) - Xhat * (dXhat * Xhat).mean(axis=0)
    return {"dX": inner / np.sqrt(v + eps), "dgamma": (dY * Xhat).sum(axis=0), "dbeta": dY.sum(axis=0)}


def test_the_statistics_are_taken_for_constants(likeliest):
    """facebookresearch/CrypTen, pull request 143: the mean and the variance depend on the input, too."""

    def backward(dY, gamma, Xhat, v, eps):
        return right(dY, gamma, Xhat, v, eps) | {"dX": dY * gamma / np.sqrt(v + eps)}

    report = gradcheck((batch_norm, backward), "batch_norm", sizes=BATCH_NORM)
    assert likeliest(report, "dX") == ("held constant", "mu and v")


def test_gamma_is_left_out(likeliest):
    """denizyuret/Knet.jl, issue 288: dY where dY*gamma belongs. Tests passed, as gamma starts from ones."""

    def backward(dY, gamma, Xhat, v, eps):
        return right(dY, gamma, Xhat, v, eps) | {"dX": right(dY, np.ones_like(gamma), Xhat, v, eps)["dX"]}

    report = gradcheck((batch_norm, backward), "batch_norm", sizes=BATCH_NORM)
    assert likeliest(report, "dX") == ("operand left out", "gamma left out")


def test_epsilon_is_left_out_of_the_backward(likeliest):
    """chainer/chainer, pull request 4190: a backward of NormalizeL2 that was wrong where eps is not negligible."""

    def backward(dY, X, Y, r, eps):
        length = np.sqrt(r * r - eps)
        return (dY - Y * (dY * Y).sum(axis=1, keepdims=True)) / length[:, None]

    norm = layer(
        "norm",
        tensors="X[N, D]  r[N]  Y[N, D]  eps > 0",
        equations="r[n] = sqrt(sum[d](X[n, d]**2) + eps)\nY[n, d] = X[n, d]/r[n]",
    )
    assert gradcheck((l2_normalization, backward), norm).verdict == "disagree"


def test_epsilon_stands_outside_the_root(likeliest):
    """pyg-team/pytorch_geometric, pull request 2917: x/(sqrt(var) + eps), where x/sqrt(var + eps) was meant."""

    def backward(dY, gamma, Xhat, v, eps):
        return right(dY, gamma, Xhat, (np.sqrt(v) + eps) ** 2 - eps, eps)

    report = gradcheck((batch_norm, backward), "batch_norm", sizes=BATCH_NORM)
    assert likeliest(report, "dX") == ("epsilon", "eps outside the root")


def zero(dY, gamma, Xhat, v, eps):
    return right(dY, gamma, Xhat, v, eps) | {"dX": np.zeros_like(dY)}


def test_an_upstream_of_ones_shows_nothing():
    """HomericIntelligence/Odyssey, pull request 2882: a test of batch norm whose incoming cotangent is 1 everywhere.

    The true gradient is zero there: a backward that returns zero would pass. The check calls that vacuous.
    """
    rng = np.random.default_rng(0)
    inputs = {"X": rng.standard_normal((5, 3)), "gamma": np.ones(3), "beta": np.zeros(3), "eps": 2.0**-10}
    report = gradcheck((batch_norm, zero), "batch_norm", inputs={**inputs, "dY": np.ones((5, 3))})
    assert report.verdict != "agree"
    assert any("vacuous" in f.reason for f in report.about("dX", "derivation"))


def test_a_random_upstream_shows_it(likeliest):
    report = gradcheck((batch_norm, zero), "batch_norm", sizes=BATCH_NORM)
    assert likeliest(report, "dX") == ("zero", "zero")
