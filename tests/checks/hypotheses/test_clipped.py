"""A gradient that is cut off is told to be that."""

import numpy as np

from checks import gradcheck


def backward_cut_at(limit):
    def backward(dY, X, W):
        gradients = {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(axis=0)}
        return {**gradients, "dW": np.clip(gradients["dW"], -limit, limit)}

    return backward


def forward(X, W, b):
    return X @ W + b


def test_clipping_is_named_with_its_limit():
    report = gradcheck((forward, backward_cut_at(0.5)), "linear")
    assert report.diagnoses[0].mistake == "clipped to 0.5"


def test_what_is_cut_and_wrong_besides_is_not_called_clipped():
    def backward(dY, X, W):
        return {**backward_cut_at(0.5)(dY, X, W), "dX": np.clip(2 * dY @ W.T, -0.5, 0.5)}

    told = {d.cotangent: d.mistake for d in gradcheck((forward, backward), "linear").diagnoses}
    assert told["dW"] == "clipped to 0.5"
    assert told.get("dX", "") != "clipped to 0.5"
