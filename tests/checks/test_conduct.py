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


class Tape:
    """A backward rewinds the tape to where its forward wrote: what was written later is lost."""

    def __init__(self):
        self.written = []

    def forward(self, X):
        self.written.append(sigmoid(X))
        return self.written[-1].copy(), len(self.written)

    def backward(self, dY, cache):
        del self.written[cache:]
        return right(dY, self.written[cache - 1])


class Counting:
    """A forward that trains while it answers, as a batch norm with its running mean might."""

    def __init__(self):
        self.calls = 0

    def __call__(self, X):
        self.calls += 1
        return sigmoid(X) * (1 + 1e-3 * self.calls)


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


class RememberingItsFirstInput:
    """Its forward is right, and its backward always about what it saw first."""

    def __init__(self):
        self.Y = None

    def forward(self, X):
        Y = sigmoid(X)
        self.Y = Y if self.Y is None else self.Y
        return Y

    def backward(self, dY):
        return dY * self.Y * (1 - self.Y)


def by_shape():
    """A pair whose backward keeps a value for every shape, from the first call."""
    memo = {}

    def remembers(dY, Y):
        kept = memo.setdefault(Y.shape, Y.copy())
        return dY * kept * (1 - kept)

    return lambda X: {"Y": sigmoid(X)}, remembers


memory, tape = RememberingTheLastForward(), Tape()
OFFENDERS = {
    "inputs unchanged": [(sigmoid, writes_to_its_cotangent), (writes_to_its_input, right)],
    "same twice": [(sigmoid, Accumulating()), (memory.forward, memory.backward)],
    "any order": [(tape.forward, tape.backward)],
    "nothing kept": [RememberingItsFirstInput, by_shape()],
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


class AddingUp:
    """Its forward sets the gradient to zero, and every backward adds to it."""

    def forward(self, X):
        self.Y, self.dX = sigmoid(X), np.zeros_like(X)
        return self.Y.copy()

    def backward(self, dY):
        self.dX += right(dY, self.Y)
        return self.dX.copy()


def test_a_backward_that_adds_up_is_told_so():
    report = gradcheck(AddingUp(), "sigmoid")
    (finding,) = (f for f in report.findings if f.verdict == "disagree")
    assert finding.reason == "backward, called again, adds to what it gave before: dX has to start from zero every time"


def test_a_tape_that_is_rewound_is_noticed_by_no_other_law():
    tape = Tape()
    report = gradcheck((tape.forward, tape.backward), "sigmoid", sizes={"N": 4, "D": 5})
    assert {finding.witness for finding in report.findings if finding.verdict == "disagree"} == {"any order"}


def test_a_forward_that_changes_from_call_to_call_is_noticed():
    backward = lambda dY, X: right(dY, sigmoid(X))  # noqa: E731
    report = gradcheck((Counting(), backward), "sigmoid", sizes={"N": 4, "D": 5})
    (finding,) = (f for f in report.findings if f.witness == "same twice" and f.verdict == "disagree")
    assert "forward, called again, gives another answer: Y" in finding.reason


def leaky_relu(X, slope=0.01):
    return np.where(X > 0, X, slope * X)


def leaky_relu_backward(dY, X, slope=0.1):
    return np.where(X > 0, dY, slope * dY)


def test_a_default_that_differs_between_forward_and_backward_is_noticed():
    report = gradcheck((leaky_relu, leaky_relu_backward), "leaky_relu")
    (finding,) = (f for f in report.findings if f.verdict == "disagree")
    assert finding.witness == "same defaults"
    assert finding.reason == "left out, slope is 0.01 in the forward and 0.1 in the backward"
    leaky_relu_backward.__defaults__ = leaky_relu.__defaults__
    assert gradcheck((leaky_relu, leaky_relu_backward), "leaky_relu").verdict == "agree"


def test_what_calls_itself_a_signature_and_is_none_has_no_defaults():
    def backward(dY, X):
        return {"dX": dY * (1 - np.tanh(X) ** 2)}

    backward.__signature__ = 3
    assert gradcheck((np.tanh, backward), against="tanh", sizes={"N": 3, "D": 4}).verdict == "agree"


def test_a_forward_that_returns_a_view_of_its_input_is_pointed_out():
    from derivations import layer

    identity = layer("identity", tensors="X[N] Y[N]", equations="Y[n] = X[n]")
    report = gradcheck((lambda X: X[:], lambda dY: dY.copy()), identity)
    (finding,) = (f for f in report.findings if f.witness == "own memory")
    assert finding.reason == "Y shares memory with X: writing to one changes both"


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


def softmax_backward(dP, P):
    return P * (dP - (dP * P).sum(axis=1, keepdims=True))


def softmax(Z, largest):
    exponentials = np.exp(Z - largest)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_overflows_at_large_inputs_is_pointed_out_but_does_not_condemn(dtype):
    naive = gradcheck((lambda Z: softmax(Z, np.zeros_like(Z)), softmax_backward), "softmax", dtype=dtype)
    found = [f for f in naive.findings if f.witness == "large inputs"]
    assert {(f.cotangent, f.verdict) for f in found} == {("P", "unresolved"), ("dZ", "unresolved")}
    assert "is no number at inputs 1024 times as large" in found[0].reason
    assert naive.verdict == "agree"
    stable = gradcheck((lambda Z: softmax(Z, Z.max(axis=1, keepdims=True)), softmax_backward), "softmax", dtype=dtype)
    assert {f.verdict for f in stable.findings if f.witness == "large inputs"} == {"agree"}


def test_what_no_number_is_large_enough_for_is_nobodys_fault():
    from derivations import layer

    grows = layer("grows", tensors="X[N] Y[N]", equations="Y[n] = exp(X[n]**2)")
    report = gradcheck((lambda X: np.exp(X**2), lambda dY, X, Y: 2 * dY * X * Y), grows)
    assert {f.verdict for f in report.findings if f.witness == "large inputs"} == {"agree"}


def test_every_law_has_an_offender():
    assert set(OFFENDERS) | {"own memory", "large inputs", "same defaults"} == set(LAWS)


def test_what_is_cut_off_at_large_inputs_is_pointed_out():
    report = gradcheck((lambda X: np.clip(X, 0, 6), lambda dY, X: dY * ((X > 0) & (X < 6))), "relu")
    told = [finding.reason for finding in report.findings if finding.witness == "large inputs"]
    assert [reason.partition(" at ")[0] for reason in told] == [
        "Y is nothing like what the equations have",
        "dX is nothing like what the equations have",
    ]
    halved = gradcheck((lambda X: np.maximum(X, 0), lambda dY, X: dY * (X > 0) / 4), "relu")
    assert not [finding for finding in halved.findings if finding.witness == "large inputs" and finding.reason]
