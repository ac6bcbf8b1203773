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
