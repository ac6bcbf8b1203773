"""What parameters mean that are called as courses and libraries call them."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.usual_names import names_of_parameters, with_usual_names
from derivations import LAYERS
from derivations.notation import read_layer


def meant(function, layer, **names):
    return with_usual_names([function], layer, names)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda y, y_pred: 0, {"y": "T", "y_pred": "Y"}),
        (lambda y_true, y_hat: 0, {"y_true": "T", "y_hat": "Y"}),
        (lambda outputs, targets: 0, {"outputs": "Y", "targets": "T"}),
        (lambda Y, T: 0, {}),
        (lambda Y, target: 0, {}),
        (lambda y, t: 0, {}),  # y may well be Y
        (lambda a, b: 0, {}),
        (lambda pred, logits, y: 0, {}),
    ],
)
def test_a_losss_prediction_and_target(function, expected):
    assert meant(function, LAYERS["squared_error"]) == expected
    assert meant(function, LAYERS["linear"]) == {}


def test_what_is_told_counts():
    assert meant(lambda y, y_pred: 0, LAYERS["squared_error"], y_pred="T") == {"y_pred": "T"}


def test_a_network_s_data():
    loss = "L = sum[n, c]((sum[d](X[n, d]*W[d, c]) - T[n, c])**2)"
    net = read_layer(f"X[N, D]  W[D, C]  T[N, C]  L\n{loss}", "net")
    assert meant(lambda inputs_list, targets_list: 0, net) == {"inputs_list": "X", "targets_list": "T"}
    assert meant(lambda x, y: 0, net) == {"y": "T"}
    assert meant(lambda T, y: 0, net) == {}


def test_the_gradient_of_what_the_first_layer_of_a_network_reads():
    equations = "A1[n, c] = sum[d](X[n, d]*W1[d, c])\nY[n, c] = tanh(A1[n, c])"
    net = read_layer(f"X[N, D]  W1[D, C]  A1[N, C]  Y[N, C]\n{equations}", "net")
    assert meant(lambda x: 0, net) == {"dA0": "dX"}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x, kernel: 0, {"kernel": "R"}),
        (lambda x, pool_size, stride: 0, {"pool_size": "R"}),
        (lambda x, pool_h, pool_w: 0, {"pool_h": "R", "pool_w": "S"}),
        (lambda x, f: 0, {"f": "R"}),
        (lambda x, pool_size=2: 0, {}),
        (lambda X, R, S: 0, {}),
    ],
)
def test_windows(function, expected):
    assert meant(function, LAYERS["max_pool2d"]) == expected
    assert meant(function, LAYERS["conv2d"]) == {}  # its kernel shows how large it is


def test_parameters_that_cannot_be_read_are_none():
    assert names_of_parameters(3) == []
    assert names_of_parameters(lambda a, b=1: 0) == ["a", "b"]
    assert names_of_parameters(lambda a, b=1: 0, required=True) == ["a"]


class SquareLoss:
    def loss(self, y, y_pred):
        return 0.5 * np.sum((y - y_pred) ** 2) / len(y)

    def gradient(self, y, y_pred):
        return (y_pred - y) / len(y)


def test_a_cost_that_takes_the_target_first_agrees():
    report = gradcheck(SquareLoss, "squared_error", names={})
    assert {f.cotangent for f in report.findings if f.verdict == "disagree" and f.witness == "derivation"} == set()
