"""On a kink another slope between those of its sides is another convention, and anything else is wrong."""

import numpy as np
import pytest

from checks import gradcheck
from checks.conventions import ANOTHER
from derivations.notation import read_layer


def relu(X):
    return np.maximum(X, 0)


def kinked(at_zero):
    def backward(dY, X):
        return dY * np.where(X > 0, 1.0, np.where(X == 0, at_zero, 0.0))

    return backward


@pytest.mark.parametrize("at_zero", [0.5, 1.0])
def test_a_slope_between_those_of_both_sides_is_a_convention(at_zero):
    pair = relu, kinked(at_zero)
    report = gradcheck(pair, "relu")
    assert report.verdict == "disagree"
    assert report.conclusions == ()  # it is not wrong in the backward
    assert "where that is meant: --kinks any" in report.diagnoses[0].sentence
    allowed = gradcheck(pair, "relu", kinks="any")
    assert allowed.verdict == "agree"
    assert f"dX: {ANOTHER}" in str(allowed)


@pytest.mark.parametrize("at_zero", [-0.5, 1.5, np.nan])
def test_any_other_is_wrong(at_zero):
    report = gradcheck((relu, kinked(at_zero)), "relu", kinks="any")
    assert report.verdict == "disagree"
    assert not any("--kinks any" in diagnosis.sentence for diagnosis in report.diagnoses)


def test_off_the_kink_nothing_is_allowed():
    wrong = gradcheck((relu, lambda dY, X: dY * (X >= 0) * 0.999), "relu", kinks="any")
    assert wrong.verdict == "disagree"


def max_over(X):
    return X.max(axis=1)


def to_all(dY, X):
    return dY[:, None] * (X.max(axis=1, keepdims=True) == X)


def test_equal_values_that_all_get_the_whole_cotangent_are_wrong():
    largest = read_layer("X[N, D]  Y[N]\nY[n] = max[d](X[n, d])", "largest")
    assert gradcheck((max_over, to_all), largest, kinks="any").verdict == "disagree"


def test_the_stated_convention_still_agrees():
    assert gradcheck((relu, kinked(0.0)), "relu", kinks="any").verdict == "agree"
    assert gradcheck((relu, kinked(0.0)), "relu").verdict == "agree"


def test_an_unknown_word_is_one_clear_line():
    with pytest.raises(ValueError, match="kinks is 'some'; expected stated or any"):
        gradcheck((relu, kinked(0.0)), "relu", kinks="some")


def shared(dY, X):
    most = X.max(axis=1, keepdims=True) == X
    return dY[:, None] * most / most.sum(axis=1, keepdims=True)


def test_equal_values_may_share():
    largest = read_layer("X[N, D]  Y[N]\nY[n] = max[d](X[n, d])", "largest")
    assert "--kinks any" in gradcheck((max_over, shared), largest).diagnoses[0].sentence
    assert gradcheck((max_over, shared), largest, kinks="any").verdict == "agree"
    assert gradcheck((max_over, lambda dY, X: shared(dY, X) * 0.9), largest, kinks="any").verdict == "disagree"
