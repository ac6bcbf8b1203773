"""Mistakes with the derivative of an activation."""

import numpy as np

from checks import gradcheck


def sigmoid(X):
    return 1 / (1 + np.exp(-X))


def test_relu_forward_with_the_backward_of_a_sigmoid(likeliest):
    """Networks that change from sigmoids to ReLU, and keep a*(1 - a) in the backward."""
    report = gradcheck((lambda X: np.maximum(X, 0), lambda dY, Y: dY * Y * (1 - Y)), "relu")
    assert likeliest(report, "dX") == ("activation's derivative", "sigmoid")


def test_the_derivative_of_the_sigmoid_at_its_input(likeliest):
    """BoltzmannEntropy/interviews.ai, issue 15, and kyle8998/Sudo-Productivity, issue 3: x*(1 - x), not y*(1 - y)."""
    report = gradcheck((sigmoid, lambda dY, X: dY * X * (1 - X)), "sigmoid")
    assert likeliest(report, "dX") == ("activation's derivative", "sigmoid at X")


def test_the_derivative_of_the_sigmoid_at_its_output(likeliest):
    """The same mistake the other way round: a derivative that applies the sigmoid itself, given what it has made."""
    report = gradcheck((sigmoid, lambda dY, Y: dY * sigmoid(Y) * (1 - sigmoid(Y))), "sigmoid")
    assert likeliest(report, "dX") == ("activation's derivative", "sigmoid at Y")


def test_the_sigmoid_for_its_derivative(likeliest):
    """CaptainE/RNN-LSTM-in-numpy, issue 1: a call that leaves out the flag which asks for the derivative."""
    report = gradcheck((np.tanh, lambda dY, X: dY.copy()), "tanh")
    assert likeliest(report, "dX") == ("activation's derivative", "no slope")
