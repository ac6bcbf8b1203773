"""Parameters that an object makes in its first forward: they are found, filled and checked, or asked for."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.beginnings import after_a_forward


class Normalization:
    """Learns at its first forward how many features there are; beside its parameters it keeps what it has seen."""

    off_by = 1

    def __init__(self, eps=1e-5):
        self.eps, self.average = eps, None

    def begin(self, gamma, beta):
        self.gamma, self.beta = gamma, beta

    def parameters(self):
        return self.gamma, self.beta

    def forward(self, x):
        if self.average is None:
            self.average = np.zeros(x.shape[-1])
            self.begin(np.ones(x.shape[-1]), np.zeros(x.shape[-1]))
        self.mean, self.std = x.mean(-1, keepdims=True), np.sqrt(x.var(-1, keepdims=True) + self.eps)
        self.average = 0.9 * self.average + 0.1 * x.mean(0)
        self.normalized = (x - self.mean) / self.std
        gamma, beta = self.parameters()
        return gamma * self.normalized + beta

    def backward(self, dout):
        self.dgamma, self.dbeta = self.off_by * (dout * self.normalized).sum(0), dout.sum(0)
        inner = dout * self.parameters()[0]
        mean, along = inner.mean(-1, keepdims=True), (inner * self.normalized).mean(-1, keepdims=True)
        return (inner - mean - self.normalized * along) / self.std


class Off(Normalization):
    off_by = 7


class OtherNames(Normalization):
    """Calls its parameters as nobody could guess."""

    def begin(self, gamma, beta):
        self.first, self.second = gamma, beta

    def parameters(self):
        return self.first, self.second


class Hidden(Normalization):
    """Keeps its parameters where nobody looks, and their gradients where everybody does."""

    def begin(self, gamma, beta):
        self.kept = {"gamma": gamma, "beta": beta}

    def parameters(self):
        return self.kept["gamma"], self.kept["beta"]


class HiddenOff(Hidden):
    off_by = 7


class Bare:
    """Has no parameters, and keeps arrays that have the shapes of some."""

    def __init__(self, eps=1e-5):
        self.eps, self.average = eps, None

    def forward(self, x):
        self.mean, self.std = x.mean(0), np.sqrt(x.var(0) + self.eps)
        self.average = self.mean if self.average is None else (self.average + self.mean) / 2
        self.normalized = (x - self.mean) / self.std
        return self.normalized

    def backward(self, dout):
        along = (dout * self.normalized).mean(0)
        return (dout - dout.mean(0) - self.normalized * along) / self.std


@pytest.mark.parametrize("of", [type, object], ids=["class", "object"])
def test_parameters_that_a_first_forward_makes_are_checked(of):
    right, wrong = (Normalization, Off) if of is type else (Normalization(), Off())
    report = gradcheck(right, "layer_norm")
    assert report.verdict == "agree", report
    assert not report.assumed
    found = gradcheck(wrong, "layer_norm")
    assert {finding.cotangent for finding in found.findings if finding.verdict == "disagree"} == {"dgamma"}


def test_parameters_of_other_names_are_asked_for():
    reasons = {finding.reason.partition(" of ")[0] for finding in gradcheck(OtherNames, "layer_norm").findings}
    assert reasons == {"there is no telling what OtherNames calls gamma and beta"}
    with pytest.raises(ValueError, match="has no attribute gamma: say which one it is"):
        gradcheck(OtherNames(), "layer_norm")


def test_gradients_of_parameters_that_nobody_finds_are_checked_by_the_equations():
    right, wrong = gradcheck(Hidden, "layer_norm"), gradcheck(HiddenOff, "layer_norm")
    assert right.verdict == "agree", right
    assert right.assumed == {"gamma": 1, "beta": 0}
    disagreeing = {(f.cotangent, f.witness) for f in wrong.findings if f.verdict == "disagree"}
    assert disagreeing == {("dgamma", "derivation")}


@pytest.mark.parametrize("made", [Bare, Bare()], ids=["class", "object"])
def test_what_is_made_anew_is_no_parameter(made):
    report = gradcheck(made, "batch_norm")
    assert report.verdict == "agree", report
    assert report.assumed == {"gamma": 1, "beta": 0}


class ForGood(Normalization):
    """Lets nothing that it has be another."""

    def __setattr__(self, name, value):
        if isinstance(vars(self).get(name), np.ndarray) and name != "average":
            raise AttributeError(f"{name} is for good")
        super().__setattr__(name, value)


def test_an_object_that_lets_nothing_be_changed_is_no_traceback():
    assert gradcheck(ForGood, "layer_norm").verdict == "disagree"


def test_what_the_next_forward_leaves_alone_is_left():
    def run_once(made, values):
        begun = Normalization()
        vars(begun).update(vars(made))
        begun.forward(values["X"])
        return begun

    left = vars(after_a_forward(Normalization(), {"X": np.ones((3, 4))}, run_once))
    assert {name for name, value in left.items() if isinstance(value, np.ndarray)} == {"gamma", "beta"}
