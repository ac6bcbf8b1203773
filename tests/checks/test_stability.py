"""Inaccurate code is told from wrong code: rounding shrinks with the precision, a mistake does not."""

import re
from importlib.util import find_spec

import numpy as np
import pytest

from checks import gradcheck
from checks.precision import FORMATS
from derivations import layer

SMALL = {"X": np.array([[1e-4, -2e-4, 3e-4], [1e-5, 2e-5, -3e-5]]) * np.pi}


def cancelling(X):
    """tanh, right for all X, and without a digit left near zero."""
    return 2 / (1 + np.exp(-2 * X)) - 1


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_cancellation_is_left_open_and_named(dtype):
    report = gradcheck((cancelling, lambda dY, Y: dY * (1 - Y * Y)), "tanh", inputs=SMALL, dtype=dtype)
    (finding,) = (f for f in report.findings if f.witness == "equations")
    assert finding.verdict == "unresolved"
    assert "loses digits" in finding.reason
    assert report.verdict == "unresolved"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_mistake_as_small_as_a_rounding_is_still_a_mistake(dtype):
    small = 1 + 1e-4 if dtype == "float32" else 1 + 1e-10

    def slightly_wrong(dY, Y):
        return dY * (1 - Y * Y) * Y.dtype.type(small)

    assert gradcheck((np.tanh, slightly_wrong), "tanh", dtype=dtype).verdict == "disagree"


def test_a_constant_of_few_digits_is_not_called_unstable():
    """Off by as much at all inputs nearby: nothing says that it is right."""
    third = layer("third", tensors="X[N] Y[N]", equations="Y[n] = X[n]/3")
    report = gradcheck((lambda X: X * 0.3333333333333, lambda dY: dY * 0.3333333333333), third)
    assert report.verdict == "unresolved"
    reasons = {finding.reason for finding in report.findings if finding.witness == "equations"}
    assert all(reason.endswith("by as much at inputs nearby: a number in it may be rounded") for reason in reasons)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_backward_that_cancels_is_left_open(dtype):
    half_square = layer("half_square", tensors="X[N] Y[N]", equations="Y[n] = X[n]**2/2")
    report = gradcheck((lambda X: X * X / 2, lambda dY, X: dY * ((X + 1000) - 1000)), half_square, dtype=dtype)
    (derivation, *_) = (f for f in report.findings if f.witness == "derivation")
    assert derivation.verdict == "unresolved"
    assert "loses digits" in derivation.reason
    assert report.verdict == "unresolved"


def without_its_root(X, gamma, beta, eps):
    variance = ((X - X.mean(axis=1, keepdims=True)) ** 2).mean(axis=1, keepdims=True)
    return gamma * (X - X.mean(axis=1, keepdims=True)) / (variance + eps) + beta


def right_backward(dY, X, gamma, beta, eps):
    scale = 1 / np.sqrt(((X - X.mean(axis=1, keepdims=True)) ** 2).mean(axis=1, keepdims=True) + eps)
    Xhat, g = (X - X.mean(axis=1, keepdims=True)) * scale, dY * gamma
    dX = scale * (g - g.mean(axis=1, keepdims=True) - Xhat * (g * Xhat).mean(axis=1, keepdims=True))
    return dX, (dY * Xhat).sum(axis=0), dY.sum(axis=0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_backward_of_a_wrong_forward_loses_no_digits(dtype):
    report = gradcheck((without_its_root, right_backward), "layer_norm", dtype=dtype)
    verdicts = {(f.cotangent, f.witness): f.verdict for f in report.findings}
    assert verdicts["dX", "derivation"] == verdicts["dgamma", "derivation"] == "agree"
    assert verdicts["dX", "differences"] == verdicts["dgamma", "differences"] == "disagree"
    assert not [finding for finding in report.findings if "loses digits" in finding.reason]
    assert sum("the forward is wrong" in sentence for sentence in report.conclusions) == 2
    assert report.diagnoses[0].mistake == "1/(v[n] + eps) for 1/sqrt(v[n] + eps) in Xhat"


FACTOR = 1.01  # between one bound and four of float16


def coarse(X):
    return np.tanh(X.astype(np.float16)).astype(X.dtype)


def float16_alone(X):
    if X.dtype == np.float32:
        raise TypeError("in float16 alone")
    return np.tanh(X)


@pytest.mark.parametrize(
    ("forward", "verdict"), [(np.tanh, "disagree"), (coarse, "unresolved"), (float16_alone, "unresolved")]
)
def test_a_doubt_in_few_digits_is_looked_at_with_more_where_the_code_has_them(forward, verdict):
    def slightly_wrong(dY, Y):
        return dY * (1 - Y * Y) * Y.dtype.type(FACTOR)

    report = gradcheck((forward, slightly_wrong), "tanh", dtype="float16", sizes={"N": 5, "D": 3})
    (found,) = report.about("dX", "derivation")
    assert found.verdict == verdict
    if verdict == "disagree":
        assert re.fullmatch(r"in float32: in float16 it is off by \d.\d bounds only", found.reason)
        assert found.error > 100
        assert report.diagnoses[0].hypothesis == "constant factor"
    else:
        assert 1 < found.error < 4


def test_a_gradient_may_be_missing_in_another_dtype():
    def only_in_few_digits(dY, Y):
        return {"dX": dY * Y} if Y.dtype == np.float16 else {"dX": None}

    report = gradcheck((np.tanh, only_in_few_digits), "tanh", dtype="float16")
    assert report.verdict == "disagree"


def test_a_right_answer_in_doubt_is_not_called_wrong():
    """Off by more than a bound for want of digits, and right with more of them."""

    def hasty(dY, Y):
        return dY * (1 - Y * Y) * Y.dtype.type(FACTOR if Y.dtype == np.float16 else 1)

    report = gradcheck((np.tanh, hasty), "tanh", dtype="float16", sizes={"N": 5, "D": 3})
    (found,) = report.about("dX", "derivation")
    assert found.verdict == "unresolved"


SOFT = layer("soft", tensors="Z[N, C] L", equations="L = mean[n](log(sum[c](exp(Z[n, c]))))")


def soft_loss(Z):
    return np.log(np.exp(Z).sum(1)).mean(dtype=Z.dtype)


def soft_slope(dL, Z):
    powers = np.exp(Z)
    return (dL * powers / powers.sum(1, keepdims=True) / Z.dtype.type(len(Z))).astype(Z.dtype)


def larger(function):
    """By a thirtieth, which a sum in bfloat16 hides."""
    return lambda *given: (function(*given) * given[-1].dtype.type(1 + 1 / 32)).astype(given[-1].dtype)


def in_bfloat16(function):
    """Whatever it is given, it has no more digits than that."""

    def rounded(*given):
        fewer = [np.asarray(each).astype(FORMATS["bfloat16"].dtype) for each in given]
        return function(*fewer).astype(given[-1].dtype)

    return rounded


@pytest.mark.skipif(not find_spec("ml_dtypes"), reason="ml_dtypes is not installed")
@pytest.mark.parametrize(
    ("forward", "backward", "wrong"),
    [
        (soft_loss, soft_slope, set()),
        (in_bfloat16(soft_loss), in_bfloat16(soft_slope), set()),
        (larger(soft_loss), larger(soft_slope), {"L", "dZ"}),
        (soft_loss, larger(soft_slope), {"dZ"}),
    ],
    ids=["right", "right, in few digits alone", "another function", "a wrong backward"],
)
def test_what_agrees_in_few_digits_is_looked_at_with_more(forward, backward, wrong):
    report = gradcheck((forward, backward), SOFT, dtype="bfloat16", witnesses=["derivation"])
    found = [finding for finding in report.findings if finding.verdict == "disagree"]
    assert {finding.cotangent for finding in found} == wrong, report
    assert all(finding.reason.startswith("in float32: in bfloat16 ") for finding in found)
