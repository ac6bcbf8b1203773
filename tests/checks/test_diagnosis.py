"""Hypotheses that the sabotage of the suite's layers does not reach, each shown once."""

import numpy as np
import pytest

from checks import gradcheck
from checks.hypotheses import HYPOTHESES
from derivations import layer

NORM = layer(
    "centre",
    tensors="X[N, D] m[N] Y[N, D]",
    equations="m[n] = mean[k](X[n, k])\nY[n, d] = (X[n, d] - m[n])**3",
)


def centre(X):
    m = X.mean(axis=1)
    return {"Y": (X - m[:, None]) ** 3, "m": m}


def first(report):
    diagnosis = report.diagnoses[0]
    return diagnosis.hypothesis, diagnosis.mistake


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_statistic_held_constant_is_named(dtype):
    report = gradcheck((centre, lambda dY, X, m: 3 * dY * (X - m[:, None]) ** 2), NORM, dtype=dtype)
    assert first(report) == ("held constant", "m")
    assert "the path through it is missing" in str(report)


SUM = layer("blend", tensors="A[N, D] B[N, D] Y[N, D]", equations="Y[n, d] = A[n, d]*B[n, d] + A[n, d]**2")


@pytest.mark.parametrize(
    ("dA", "what"),
    [
        (lambda dY, A, B: dY * B, "is missing"),
        (lambda dY, A, B: dY * B - 2 * dY * A, "has the wrong sign"),
        (lambda dY, A, B: dY * B + 4 * dY * A, "is counted twice"),
    ],
)
def test_a_wrong_term_is_named(dA, what):
    def backward(dY, A, B):
        return {"dA": dA(dY, A, B), "dB": dY * A}

    report = gradcheck((lambda A, B: A * B + A * A, backward), SUM)
    hypothesis, mistake = first(report)
    assert hypothesis == "wrong term"
    assert mistake.endswith(what)


def test_a_factor_is_named_by_sizes_and_options():
    scaled = layer("scaled", tensors="X[N, D] L s > 0", equations="L = s*sum[n, d](X[n, d]**2)/(N*D)")
    report = gradcheck((lambda X, s: s * (X * X).mean(), lambda dL, X, s: 2 * dL * X), scaled)
    assert first(report) == ("constant factor", "N*D/s")
    assert "in 2 of 2 cases" in str(report.diagnoses[0])


def test_a_factor_that_has_no_name_is_a_number():
    report = gradcheck((np.tanh, lambda dY, Y: dY * (1 - Y * Y) * 0.7183), "tanh")
    assert first(report) == ("constant factor", "0.7183")


def test_axes_of_an_image_are_told_apart():
    image = layer("image", tensors="X[N, H, W] Y[N, H, W]", equations="Y[n, h, w] = X[n, h, w]**2")

    def backward(dY, X):
        return (2 * dY * X).transpose(0, 2, 1)

    assert first(gradcheck((lambda X: X * X, backward), image)) == ("transposed", "permuted by (0, 2, 1)")


def test_a_wrong_forward_is_diagnosed_too():
    report = gradcheck((lambda X: -np.tanh(X), lambda dY, Y: dY * (1 - Y * Y)), "tanh")
    assert ("Y", "sign") in {(d.cotangent, d.hypothesis) for d in report.diagnoses}


def test_a_mistake_of_no_known_kind_gets_no_name():
    report = gradcheck((np.tanh, lambda dY, X: dY * np.cos(X) ** 3), "tanh")
    assert report.verdict == "disagree"
    assert report.diagnoses == ()


def test_every_hypothesis_states_its_law():
    assert all("got" in (hypothesis.__doc__ or "") for hypothesis in HYPOTHESES.values())
