"""Every law of conduct can be broken, and is noticed when it is; code that keeps them is left alone."""

import numpy as np
import pytest

from checks import gradcheck
from checks.conduct import LAWS


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def right(dY, Y):
    return dY * Y * (1 - Y)


def writes_to_its_cotangent(dY, Y):
    dY *= Y * (1 - Y)
    return dY.copy()


def writes_to_its_input(X):
    X *= -1
    return 1 / (1 + np.exp(X))


class Accumulating:
    def __init__(self):
        self.total = 0.0

    def __call__(self, dY, Y):
        self.total = self.total + right(dY, Y)
        return np.array(self.total)


class RememberingTheLastForward:
    def forward(self, X):
        self.Y = sigmoid(X)
        return self.Y.copy()

    def backward(self, dY):
        return right(dY, self.Y)


def reads_raw_memory(dY, Y):
    flat = np.lib.stride_tricks.as_strided(Y, (Y.size,), (Y.itemsize,))
    return dY * (flat * (1 - flat)).reshape(Y.shape)


def returns_its_argument(dY, Y):
    dY *= 1
    return dY


def ignores_its_cotangent(Y):
    return Y * (1 - Y)


def squares_its_cotangent(dY, Y):
    return dY * np.abs(dY) * Y * (1 - Y)


memory = RememberingTheLastForward()
OFFENDERS = {
    "inputs unchanged": [(sigmoid, writes_to_its_cotangent), (writes_to_its_input, right)],
    "same twice": [(sigmoid, Accumulating()), (memory.forward, memory.backward)],
    "any memory layout": [(lambda X: {"Y": sigmoid(X)}, lambda dY, X: reads_raw_memory(dY, X) if X.size else dY)],
    "zero cotangent": [(sigmoid, ignores_its_cotangent)],
    "linear in the cotangent": [(sigmoid, squares_its_cotangent)],
}


def verdicts(pair, law):
    report = gradcheck(pair, "sigmoid", sizes={"N": 4, "D": 5})
    return report, {finding.verdict for finding in report.findings if finding.witness == law}


@pytest.mark.parametrize("law", LAWS)
def test_good_conduct_is_left_alone(law):
    report, found = verdicts((sigmoid, right), law)
    assert report.verdict == "agree"
    assert found == {"agree"}


@pytest.mark.parametrize(("law", "pair"), [(law, pair) for law, pairs in OFFENDERS.items() for pair in pairs])
def test_an_offence_is_noticed(law, pair):
    report, found = verdicts(pair, law)
    assert found == {"disagree"}
    assert report.verdict == "disagree"


def test_shared_memory_is_pointed_out_but_does_not_condemn():
    def identity_backward(dY):
        return dY

    from derivations import layer

    identity = layer("identity", tensors="X[N] Y[N]", equations="Y[n] = X[n]")
    report = gradcheck((lambda X: X.copy(), identity_backward), identity)
    (finding,) = (f for f in report.findings if f.witness == "own memory")
    assert finding.verdict == "unresolved"
    assert finding.reason == "dX shares memory with dY: writing to one changes both"
    assert report.verdict == "agree"


def test_every_law_has_an_offender():
    assert set(OFFENDERS) | {"own memory"} == set(LAWS)
