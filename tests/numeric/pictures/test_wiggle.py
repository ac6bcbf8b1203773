"""The tangents are the derivatives, the curves are the network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.errors import InputError
from numeric.pictures.wiggle import NUDGES, Weight, heaviest, read_weight, wiggle

NETWORKS = ["mlp", "nielsen", "nielsen-quadratic", "three-blue-one-brown", "cnn"]


def chosen(model, row, label, name):
    network, parameters = model.network, model.parameters
    return heaviest(network, parameters, row, label) if name == "first" else Weight(list(network.shapes)[-2], 2, 3)


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_tangent_is_the_slope_of_its_curve(model_of, digit, name, place):
    model, (row, label) = model_of(name), digit
    weight = chosen(model, row, label, place)
    found = wiggle(model.network, model.parameters, row, label, weight)
    middle, step = NUDGES // 2, found.nudges[1] - found.nudges[0]
    assert found.nudges[middle] == 0
    C = found.curves[-1]
    exact = {key: value.astype(np.float64) for key, value in model.parameters.items()}
    T = model.network.targets(np.array([label]))

    def loss(nudge):
        nudged = exact | {weight.name: exact[weight.name].copy()}
        nudged[weight.name][weight.source, weight.target] += nudge
        return model.network.loss_of(nudged, row.astype(np.float64), T)

    assert C.slope == pytest.approx((loss(1e-6) - loss(-1e-6)) / 2e-6, rel=1e-5, abs=1e-9)
    np.testing.assert_allclose(C.values[[0, middle, -1]], [loss(found.nudges[k]) for k in (0, middle, -1)], rtol=1e-9)
    for curve in found.curves:
        assert curve.predicted(found.nudges)[middle] == curve.values[middle]
        rise = (curve.values[middle + 1] - curve.values[middle - 1]) / (2 * step)
        bend = np.abs(np.diff(curve.values, 2)[middle - 4 : middle + 4]).max() / step
        assert abs(curve.slope - rise) <= 2 * bend + 1e-9


@pytest.mark.parametrize("name", ["nielsen", "mlp"])
def test_z_is_a_line_and_a_is_the_activation_of_z(model_of, digit, name):
    model, (row, label) = model_of(name), digit
    z, a, _ = wiggle(model.network, model.parameters, row, label, chosen(model, row, label, "first")).curves
    np.testing.assert_allclose(
        np.diff(z.values), z.slope * np.full(NUDGES - 1, np.diff(z.values)[0] / z.slope), rtol=1e-9
    )
    expected = {"nielsen": 1 / (1 + np.exp(-z.values)), "mlp": np.maximum(z.values, 0)}[name]
    np.testing.assert_allclose(a.values, expected, rtol=1e-12, atol=1e-12)


def test_the_last_layer_of_a_softmax_has_no_activation(model_of, digit):
    model, (row, label) = model_of("mlp"), digit
    names = [curve.name for curve in wiggle(model.network, model.parameters, row, label, Weight("W3", 0, 0)).curves]
    assert names == ["z", "C"]


def test_the_heaviest_weight_moves_the_loss_the_most(model_of, digit):
    model, (row, label) = model_of("nielsen"), digit
    weight = heaviest(model.network, model.parameters, row, label)
    slope = abs(wiggle(model.network, model.parameters, row, label, weight).curves[-1].slope)
    for other in (Weight("W1", 20, 5), Weight("W1", 30, 9), Weight("W1", 42, 77)):
        assert abs(wiggle(model.network, model.parameters, row, label, other).curves[-1].slope) <= slope


@given(source=st.integers(0, 63), target=st.integers(0, 127), blank=st.sampled_from(["", " "]))
def test_a_weight_is_read_as_it_is_written(model_of, source, target, blank):
    assert read_weight(f"W1[{source},{blank}{target}]", model_of("mlp").network) == Weight("W1", source, target)


@pytest.mark.parametrize(
    "written", ["W9[0,0]", "b1[0,0]", "W1", "W1[0]", "W1[a,b]", "W1[-1,0]", "x" * 500, "K1[0,0]", ""]
)
def test_what_is_no_weight_is_refused_with_those_that_are(model_of, written):
    with pytest.raises(InputError, match=r"no weight of mlp; expected one like W1\[0,0\]") as refusal:
        read_weight(written, model_of("mlp").network)
    assert len(str(refusal.value)) < 250


def test_a_weight_outside_is_refused(model_of):
    with pytest.raises(InputError, match=r"W1\[64,0\] lies outside of W1\[64, 128\]; indices count from 0"):
        read_weight("W1[64,0]", model_of("mlp").network)
