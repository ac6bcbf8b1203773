"""Code that moves its weights at once: what it moves them by is their gradient."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.places import Place
from checks.adapters.steps import rates_of, steps_taken_back
from derivations import derive
from derivations.notation import read_layer

NET = """X[N, D]  W1[D, H]  W2[H, K]  T[N, K]  A1[N, H]  Y[N, K]  L
A1[n, h] = sigmoid(sum[d](X[n, d]*W1[d, h]))
Y[n, k] = sigmoid(sum[h](A1[n, h]*W2[h, k]))
L = sum[n, k]((T[n, k] - Y[n, k])**2)/2
"""


def of_weights():
    return derive(read_layer(NET, "net"), ["W1", "W2"])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Trained:
    """One method does all of a step, as in a book for beginners."""

    forgets = False

    def __init__(self, n_in, n_hidden, n_out, learning_rate):
        self.w_in, self.w_out = np.ones((n_in, n_hidden)), np.ones((n_hidden, n_out))
        self.lr = learning_rate

    def train(self, inputs, targets):
        hidden = sigmoid(inputs @ self.w_in)
        output = sigmoid(hidden @ self.w_out)
        error = (targets - output) * output * (1 - output)
        hidden_error = (targets - output if self.forgets else error) @ self.w_out.T * hidden * (1 - hidden)
        self.w_out += self.lr * hidden.T @ error
        self.w_in += self.lr * inputs.T @ hidden_error


class Forgetful(Trained):
    forgets = True


NAMES = {"w_in": "W1", "w_out": "W2"}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_method_that_trains_agrees(dtype):
    report = gradcheck(Trained(3, 4, 2, 0.3).train, of_weights(), names=NAMES, dtype=dtype)
    assert report.verdict == "agree", report


def test_a_slope_that_it_forgets_is_named():
    report = gradcheck(Forgetful(3, 4, 2, 0.3).train, of_weights(), names=NAMES)
    assert report.verdict == "disagree"
    assert any("the slope Y[n, k]*(1 - Y[n, k]) is missing" in d.sentence for d in report.diagnoses), report


class OfItsData:
    """Made from its data; its methods take nothing, and it moves by the gradient itself."""

    sign = 1

    def __init__(self, x, y, n_hidden):
        self.input, self.y = x, y
        self.weights1, self.weights2 = np.ones((x.shape[1], n_hidden)), np.ones((n_hidden, y.shape[1]))
        self.output = np.zeros(y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(self.input @ self.weights1)
        self.output = sigmoid(self.layer1 @ self.weights2)

    def backprop(self):
        error = (self.y - self.output) * self.output * (1 - self.output)
        hidden_error = error @ self.weights2.T * self.layer1 * (1 - self.layer1)
        self.weights1 += self.sign * self.input.T @ hidden_error
        self.weights2 += self.layer1.T @ error


class Climbs(OfItsData):
    sign = -1


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_of_its_data_without_a_rate_agrees(dtype):
    report = gradcheck(OfItsData, of_weights(), names={"y": "T", "n_hidden": "H"}, dtype=dtype)
    assert report.verdict == "agree", report
    made = OfItsData(np.ones((4, 3)), np.ones((4, 2)), 5)
    assert gradcheck(made, of_weights(), names={"y": "T", "input": "X"}, dtype=dtype).verdict == "agree"


def test_a_step_in_the_wrong_direction_is_named():
    report = gradcheck(Climbs, of_weights(), names={"y": "T", "n_hidden": "H"})
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == {"dW1"}
    assert report.diagnoses[0].mistake == "sign"


def test_rates_are_found_and_steps_are_taken_back():
    made = Trained(3, 4, 2, 0.3)
    assert rates_of(made, []) == [(made, "lr")]
    assert rates_of(made, ["lr"]) == []
    before = {"W1": np.array(made.w_in)}
    made.w_in = made.w_in - 2.0
    assert np.array_equal(steps_taken_back(made, {"W1": Place("w_in")}, before, rate=1)["dW1"], np.full((3, 4), 2.0))
    assert np.array_equal(made.w_in, before["W1"])
    assert steps_taken_back(made, {"W1": Place("w_in")}, before) == {}


class Writes(Trained):
    """It returns its gradients, and spoils a weight besides."""

    def train(self, inputs, targets):
        hidden = sigmoid(inputs @ self.w_in)
        output = sigmoid(hidden @ self.w_out)
        error = (output - targets) * output * (1 - output)
        dW1 = inputs.T @ (error @ self.w_out.T * hidden * (1 - hidden))
        self.w_in *= 2
        return ((output - targets) ** 2).sum() / 2, {"W1": dW1, "W2": hidden.T @ error}


def test_weights_that_are_spoilt_without_a_reason_are_told():
    report = gradcheck(Writes(3, 4, 2, 0.3).train, of_weights(), names=NAMES)
    assert "inputs unchanged" in {f.witness for f in report.findings if f.verdict == "disagree"}, report
