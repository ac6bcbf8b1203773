"""Code whose axes come in another order: the report says so, and how to tell the check."""

import importlib
from itertools import islice

import numpy as np
import pytest

from checks import gradcheck
from checks.axis_orders import MOST_TRIES, _orders, another_order
from checks.cases import draw_cases
from checks.implementation import Implementation
from checks.precision import format_of
from checks.trial import make_trial
from derivations import derive
from tests.checks.adapters.test_axes import (
    CHANNELS_FIRST,
    Transposed,
    channels_first,
    channels_first_backward,
    in_columns,
    in_columns_backward,
)


def told(report):
    return [diagnosis.mistake for diagnosis in report.diagnoses if diagnosis.hypothesis == "axes in another order"]


@pytest.mark.parametrize(
    ("made", "layer", "sizes", "axes"),
    [
        ((channels_first, channels_first_backward), "conv2d", {"dilation": 1}, CHANNELS_FIRST),
        ((in_columns, in_columns_backward), "linear", None, {"X": "DN", "W": "CD", "b": "C1", "Y": "CN"}),
        (Transposed, "linear", None, {"W": "CD"}),
        ((lambda A: np.tanh(A.T), lambda dZ, A: dZ.T / np.cosh(A) ** 2), "tanh", None, {"X": "DN"}),
    ],
    ids=["channels first", "examples in columns", "transposed weights", "a transposed input"],
)
def test_it_is_told_how_the_axes_lie_and_then_they_agree(made, layer, sizes, axes):
    report = gradcheck(made, layer, sizes=sizes)
    assert report.verdict == "disagree"
    assert told(report) == [" ".join(f"--axes {name}={order}" for name, order in axes.items())]
    again = gradcheck(made, layer, sizes=sizes, axes=axes)
    assert not [f for f in again.findings if f.witness == "equations" and f.verdict != "agree"], again


def test_what_sums_along_the_wrong_axis_is_told_that_first():
    def forward(Z):
        exponentials = np.exp(Z - Z.max(axis=0))
        return exponentials / exponentials.sum(axis=0)

    report = gradcheck((forward, lambda dP, P: {"dZ": P * (dP - (dP * P).sum(axis=0))}), "softmax")
    assert told(report) == ["--axes Z=CN --axes P=CN"]
    assert report.diagnoses[0].hypothesis != "axes in another order"


def doubled(x, h0, Wx, Wh, b):
    """The batch comes first, and the states are twice what they should be: no order of axes makes that right."""
    states = [h0]
    for t in range(x.shape[1]):
        states.append(2 * np.tanh(x[:, t] @ Wx + states[-1] @ Wh + b))
    return np.stack(states[1:], axis=1)


def test_an_order_that_makes_the_shapes_right_is_told_where_none_makes_all_right():
    def backward(dh):
        raise ValueError

    report = gradcheck((doubled, backward), "rnn_tanh")
    assert told(report) == ["--axes x=NTD --axes h=NTM"]
    assert "its outputs have their shapes" in " ".join(str(report).split())


def negative(X, W, b):
    return -(X @ W + b)


@pytest.mark.parametrize("forward", [negative, lambda X, W, b: X @ W[: len(b)] + b, lambda X, W: X @ W])
def test_where_no_order_makes_it_right_nothing_is_told(forward):
    assert not told(gradcheck((forward, lambda dY, X, W: {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY[0]}), "linear"))


def test_where_the_forward_is_right_or_the_axes_are_told_nobody_looks(monkeypatch):
    module = importlib.import_module("checks.explanations")
    monkeypatch.setattr(module, "another_order", lambda *_: pytest.fail("looked"))
    right = gradcheck(
        (lambda X, W, b: X @ W + b, lambda dY, X, W: {"dX": dY @ W.T, "dW": dY.T @ X, "db": dY[0]}), "linear"
    )
    assert right.verdict == "disagree"
    assert gradcheck((in_columns, in_columns_backward), "linear", axes={"X": "DN"}).verdict == "disagree"


@pytest.mark.parametrize("name", ["linear", "conv2d", "lstm", "scaled_dot_product_attention", "transformer_block"])
def test_the_orders_that_are_tried_are_few_and_differ(name):
    derivation, rng = derive(name), np.random.default_rng(0)
    sizes = dict.fromkeys(derivation.layer.size_names, 2)
    (case,) = draw_cases(derivation.layer, sizes, format_of("float64"), rng)
    trial = make_trial(Implementation("any", dict, dict), derivation, case, format_of("float64"), rng)
    tried = [tuple(sorted(axes.items())) for axes in islice(_orders(trial), MOST_TRIES)]
    assert len(set(tried)) == len(tried) > 2
    assert all(tried)


def test_of_several_orders_that_fit_the_one_is_told_that_comes_nearest():
    def forward(x, t):
        y = np.exp(x - x.max(axis=-1, keepdims=True))
        y /= y.sum(axis=-1, keepdims=True)
        return -np.sum(t * np.log(y + 1e-7)) / len(y), (y, t)

    def backward(cache):
        y, t = cache
        return (y - t) / len(y)

    assert told(gradcheck((forward, backward), "softmax_cross_entropy")) == ["--axes T=NC"]


def test_what_is_true_is_worked_out_once_however_many_orders_are_tried(monkeypatch):
    derivation, rng, format = derive("linear"), np.random.default_rng(0), format_of("float64")
    (case, *_) = draw_cases(derivation.layer, {}, format, rng)
    nothing = Implementation("nothing", lambda values: {"Y": np.zeros(1)}, dict)
    evaluated = []
    module = importlib.import_module("checks.trial")
    symbolic = module.symbolic
    monkeypatch.setattr(module, "symbolic", lambda *told: evaluated.append(told) or symbolic(*told))
    assert another_order([make_trial(nothing, derivation, case, format, rng)], lambda axes: nothing) == ()
    assert len(evaluated) == 1
