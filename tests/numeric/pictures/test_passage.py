"""What stands at each stop is what the network computes, and how its loss would change with it."""

import numpy as np
import pytest

from numeric.architectures import build
from numeric.pictures.passage import passage
from tests.networks import SINGLE


@pytest.mark.parametrize("name", SINGLE)
def test_it_ends_where_the_network_does(model_of, digit, name):
    model, (row, label) = model_of(name), digit
    way = passage(model.network, model.parameters, row, label)
    np.testing.assert_array_equal(way.stops[0].values, row[0])
    np.testing.assert_allclose(way.stops[-1].values, model.network.forward(model.parameters, row)[0], rtol=1e-5)
    np.testing.assert_allclose(way.shares, model.shares(row)[0])
    expected = model.network.loss_of(model.parameters, row, model.network.targets(np.array([label])))
    assert way.loss == pytest.approx(expected, rel=1e-6)
    assert all(stop.values.shape == stop.cotangents.shape for stop in way.stops)


@pytest.mark.parametrize("name", ["mlp", "nielsen-quadratic", "cnn"])
def test_the_images_cotangent_is_the_slope_of_the_loss(model_of, digit, differences, name):
    row, label = digit
    network = build(name, 64, 10)
    parameters = {key: value.astype(np.float64) for key, value in model_of(name).parameters.items()}
    T = network.targets(np.array([label]))
    X = row.astype(np.float64) + 0.01 * np.random.default_rng(1).random(row.shape)  # away from ties in pooling
    way = passage(network, parameters, X, label)
    slopes = differences(lambda image: network.loss_of(parameters, image, T), X, step=1e-6)
    np.testing.assert_allclose(way.stops[0].cotangents, slopes[0], rtol=1e-5, atol=1e-8)
