"""A forward with another function where one of the layer belongs is told which, and where."""

import numpy as np
import pytest

from checks import gradcheck
from derivations import derive, layer

TWO_LAYERS = layer(
    "two_layers",
    tensors="X[N, D]  V[D, M]  W[M, C]  H[N, M]  Y[N, C]",
    equations="""
        H[n, m] = tanh(sum[d](X[n, d]*V[d, m]))
        Y[n, c] = sum[m](H[n, m]*W[m, c])
    """,
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("function", "name"),
    [(sigmoid, "sigmoid"), (lambda x: np.maximum(x, 0), "relu"), (np.sin, "sin"), (lambda x: x, "no function")],
    ids=["sigmoid", "relu", "sin", "none"],
)
def test_another_function_within_a_network_is_named(function, name):
    def forward(X, V, W):
        return function(X @ V) @ W

    report = gradcheck((forward, lambda dY: np.zeros((1, 1))), derive(TWO_LAYERS, wrt=["W"]))
    told = [diagnosis.sentence for diagnosis in report.diagnoses if diagnosis.cotangent == "Y"]
    assert f"Y takes {name} for tanh(sum[d](X[n, d]*V[d, m])) in H" in told


@pytest.mark.parametrize(
    ("layer_name", "forward", "told"),
    [
        ("silu", lambda X: X * np.tanh(X), "Y takes tanh for sigmoid(X[n, d])"),
        ("softmax", lambda Z: np.tanh(Z) / np.tanh(Z).sum(axis=1, keepdims=True), "P takes tanh for every exp"),
    ],
)
def test_another_function_of_a_layer_is_named_once_or_everywhere(layer_name, forward, told):
    report = gradcheck((lambda *given: forward(*given), lambda dY: dY + 0), layer_name)
    assert told in [diagnosis.sentence for diagnosis in report.diagnoses]


def test_a_right_forward_takes_no_other():
    report = gradcheck((lambda X: np.tanh(X), lambda dY, Y: -dY * (1 - Y * Y)), "tanh")
    assert not [diagnosis for diagnosis in report.diagnoses if diagnosis.hypothesis == "another function"]
