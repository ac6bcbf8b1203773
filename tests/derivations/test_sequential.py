"""A chain of layers is a layer whose derivative is that of the chain."""

import numpy as np
import pytest

from derivations import LAYERS, DerivationError, derive
from derivations.sequential import sequential

MLP = ["linear", "relu", "linear", "sigmoid", "squared_error"]


def test_it_computes_what_the_layers_do_one_after_the_other():
    chain = sequential("mlp", MLP, LAYERS)
    rng = np.random.default_rng(0)
    values = chain.random_inputs({"N": 4, "D": 3, "C1": 5, "C2": 2}, rng)
    found = chain.evaluate(values, "float64")
    A = np.maximum(values["X"] @ values["W1"] + values["b1"], 0)
    Z = A @ values["W2"] + values["b2"]
    P = 1 / (1 + np.exp(-Z))
    np.testing.assert_allclose(found["A1"], A)
    np.testing.assert_allclose(found["Z2"], Z)
    np.testing.assert_allclose(found["L"], ((P - values["T"]) ** 2).sum() / 2 / 4)


def test_its_cotangents_are_slopes_of_its_loss():
    chain = sequential("mlp", MLP, LAYERS)
    values = chain.random_inputs({"N": 2, "D": 3, "C1": 4, "C2": 2}, np.random.default_rng(1))
    derived = derive(chain).evaluate({**values, "dL": 1.0}, "float64")
    for name in ("W1", "b2", "X"):
        step = np.zeros(np.shape(values[name]))
        step[tuple(0 for _ in step.shape)] = 1e-6
        ahead, behind = (chain.evaluate({**values, name: values[name] + s}, "float64")["L"] for s in (step, -step))
        assert derived[f"d{name}"].flat[0] == pytest.approx(float(ahead - behind) / 2e-6, rel=1e-6, abs=1e-9)


def test_names_that_are_taken_get_a_letter_and_images_are_flattened():
    chain = sequential("cnn", ["conv2d", "max_pool2d", "flatten", "linear", "softmax_cross_entropy"], LAYERS)
    assert [tensor.name for tensor in chain.inputs] == ["X", "K1", "b1", "W2", "b2", "T"]
    assert len({equation.name for equation in chain.equations}) == len(chain.equations)
    sizes = {"N": 1, "H": 4, "W": 4, "C": 1, "R1": 2, "S1": 2, "F1": 2, "R1a": 2, "S1a": 2, "C2": 3, "stride1": 1}
    values = chain.random_inputs(
        {**sizes, "dilation1": 1, "pad1": 0, "stride1a": 1, "pad1a": 0}, np.random.default_rng(2)
    )
    assert np.isfinite(float(chain.evaluate(values, "float64")["L"]))


def test_layers_that_do_not_fit_are_refused_in_one_line():
    with pytest.raises(DerivationError, match=r"conv2d reads X\[N, H, W, C\], and not the Z1\[N, C1\] of linear"):
        sequential("wrong", ["linear", "conv2d"], LAYERS)
    with pytest.raises(DerivationError, match="no layer 'liner'"):
        sequential("wrong", ["liner"], LAYERS)
