"""The complex step: right to rounding where code is analytic."""

import numpy as np

from checks import gradcheck
from checks.complex_step import complex_step
from derivations import layer

RNG = np.random.default_rng(0)
X, DY = RNG.standard_normal((3, 4)), RNG.standard_normal((3, 4))


def test_it_loses_no_digits():
    found = complex_step(np.tanh, X, DY, bound=np.full(X.shape, 1e-15))
    np.testing.assert_allclose(found.value, DY / np.cosh(X) ** 2, rtol=1e-14)


def findings(report, witness):
    return [finding for finding in report.findings if finding.witness == witness]


def test_a_forward_that_takes_no_complex_numbers_leaves_it_open():
    report = gradcheck((lambda X: np.tanh(X.astype(float)), lambda dY, Y: dY * (1 - Y * Y)), "tanh")
    assert {finding.verdict for finding in findings(report, "complex step")} == {"unresolved"}
    assert report.verdict == "agree"


def test_a_forward_that_is_not_analytic_leaves_it_open():
    square = layer("square", tensors="X[N] Y[N]", equations="Y[n] = X[n]**2")
    report = gradcheck((lambda X: np.abs(X) ** 2, lambda dY, X: 2 * dY * X), square)
    assert {finding.verdict for finding in findings(report, "complex step")} == {"unresolved"}
    assert "not analytic" in findings(report, "complex step")[0].reason
    assert report.verdict == "agree"


def test_it_can_disagree():
    report = gradcheck((np.tanh, lambda dY, Y: dY * (1 - Y)), "tanh", witnesses=["complex step"])
    assert report.verdict == "disagree"


def test_a_forward_that_cancels_does_not_speak_against_a_right_backward():
    def loss(Z, T):
        A = 1 / (1 + np.exp(-Z))
        return -(np.log(A) * T + np.log(1 - A) * (1 - T)).sum() / len(Z)

    def loss_backward(dL, Z, T):
        return dL * (1 / (1 + np.exp(-Z)) - T) / len(Z)

    inputs = {"Z": np.array([[14.0, 20.0, -3.0], [25.0, 17.3, 1.0]]), "T": np.zeros((2, 3), int)}
    report = gradcheck((loss, loss_backward), "sigmoid_cross_entropy", inputs=inputs)
    assert {finding.verdict for finding in findings(report, "complex step")} == {"unresolved"}
    assert "loses digits" in findings(report, "complex step")[0].reason
    assert report.verdict == "agree"
