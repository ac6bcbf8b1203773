"""Gradients may add up in an object that sets them to zero again; what it forgets to clear is a mistake."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.accumulation import added_up


class Adding:
    """Adds to its gradients, part by part, and never clears them."""

    def __init__(self, W, b):
        self.W, self.b, self.dW, self.db = W, b, np.zeros_like(W), np.zeros_like(b)
        self.grads = [self.dW, self.db]

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        for row, cotangent in zip(self.x, dout, strict=True):
            self.dW[:] += np.outer(row, cotangent)
            self.db = self.db + cotangent
        return dout @ self.W.T


class Filling(Adding):
    def update(self, rate):
        self.W -= rate * self.dW
        self.dW.fill(0)
        self.db = np.zeros_like(self.b)


class ClearingAll(Adding):
    def step(self, rate):
        for parameter, gradient in zip([self.W, self.b], [self.dW, self.db], strict=True):
            parameter -= rate * gradient
            gradient[...] = 0


class Multiplying(Adding):
    def step(self):
        self.dW *= 0
        self.db *= 0


class AtOnce(Adding):
    def step(self):
        self.dW, self.db = 0.0, None


class Forgetting(Adding):
    """Clears what has nothing to do with its gradients."""

    def forget(self):
        self.x, self.seen = None, 0


class AddingTwice(Filling):
    def backward(self, dout):
        super().backward(dout)
        return super().backward(dout)


class AddingBesides(Filling):
    """What it forgets to clear adds up as well."""

    def backward(self, dout):
        self.dx = getattr(self, "dx", 0) + super().backward(dout)
        return self.dx


class Beginning(Adding):
    """Sets its gradients to zero where it is made, by a method, and nowhere else."""

    def __init__(self, W, b):
        super().__init__(W, b)
        self.reset_parameters()

    def reset_parameters(self):
        self.begin()

    def begin(self):
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)


CLEARING = [Filling, ClearingAll, Multiplying, AtOnce]


@pytest.mark.parametrize("kind", CLEARING)
def test_what_a_method_sets_to_zero_adds_up_on_purpose(kind):
    assert added_up(kind, ("forward", "backward")) == {"dW", "db"}


@pytest.mark.parametrize("kind", [Adding, Forgetting, Beginning])
def test_what_no_method_sets_to_zero_does_not(kind):
    assert not added_up(kind, ("forward", "backward"))
    report = gradcheck(kind, "linear")
    assert {(f.witness, f.cotangent) for f in report.findings if f.verdict == "disagree"} == {
        ("same twice", "dW"),
        ("same twice", "db"),
    }


def test_gradients_that_add_up_on_purpose_are_right_once():
    report = gradcheck(Filling, "linear")
    assert report.verdict == "agree", report
    assert {f.cotangent for f in gradcheck(AddingTwice, "linear").findings if f.verdict == "disagree"} == {"dW", "db"}


def test_what_adds_up_besides_is_found():
    report = gradcheck(AddingBesides, "linear")
    assert {(f.witness, f.cotangent) for f in report.findings if f.verdict == "disagree"} == {("same twice", "dX")}
