import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.errors import InputError
from numeric.network import NETWORKS, build


def plain_forward(name, parameters, x):
    """One image through the network, with Python's own arithmetic."""
    activation = {"relu": lambda z: max(z, 0.0), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[NETWORKS[name].activation]
    depth = len(parameters) // 2
    for layer in range(1, depth + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        x = [sum(x[d] * W[d, c] for d in range(W.shape[0])) + b[c] for c in range(W.shape[1])]
        if layer < depth or NETWORKS[name].ending:
            x = [activation(z) for z in x]
    return x


def draw(name, seed, features=3, classes=4, batch=3, lam=0.0):
    rng = np.random.default_rng(seed)
    network = build(name, features, classes, lam)
    vector = network.initialize("scaled", rng).astype(np.float64)
    X, labels = rng.normal(size=(batch, features)), rng.integers(0, classes, size=batch)
    return network, vector, X, labels


@pytest.mark.parametrize("name", NETWORKS)
@given(seed=st.integers(0, 1000))
def test_forward_is_the_chain_of_its_layers_and_predicts_the_largest_output(name, seed):
    network, vector, X, _ = draw(name, seed)
    parameters = network.views(vector)
    expected = np.array([plain_forward(name, parameters, row) for row in X])
    np.testing.assert_allclose(network.forward(parameters, X), expected)
    np.testing.assert_array_equal(network.predict(parameters, X), expected.argmax(axis=1))


@pytest.mark.parametrize("lam", [0.0, 0.1])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradient_is_the_slope_of_the_loss_in_every_direction_tried(name, lam):
    network, vector, X, labels = draw(name, seed=3, lam=lam)
    T = network.targets(labels)
    T = T if T.dtype == np.int64 else T.astype(np.float64)
    _, gradient = network.backward(network.views(vector), X, T)
    rng = np.random.default_rng(4)
    for _ in range(20):
        direction = rng.normal(size=vector.shape)
        step = 1e-6 * direction
        ahead, _ = network.backward(network.views(vector + step), X, T)
        behind, _ = network.backward(network.views(vector - step), X, T)
        assert gradient @ direction == pytest.approx((ahead - behind) / 2e-6, rel=1e-4, abs=1e-6)


def test_the_loss_is_that_of_the_layers_and_the_penalty_of_the_weights_alone():
    network, vector, X, labels = draw("nielsen-quadratic", seed=5, lam=0.3)
    parameters = network.views(vector)
    T = network.targets(labels)
    np.testing.assert_array_equal(T, [[float(c == label) for c in range(4)] for label in labels])
    data = sum((network.forward(parameters, X) - T).ravel() ** 2) / (2 * len(X))
    penalty = 0.3 / 2 * sum((parameters[name] ** 2).sum() for name in ("W1", "W2"))
    L, _ = network.backward(parameters, X, T.astype(np.float64))
    assert pytest.approx(data + penalty) == L


def test_the_books_networks_have_the_books_sizes():
    mlp, nielsen = build("mlp", 784, 10), build("nielsen-quadratic", 784, 10)
    assert [mlp.shapes[name] for name in ("W1", "W2", "W3")] == [(784, 128), (128, 64), (64, 10)]
    assert [nielsen.shapes[name] for name in ("W1", "b1", "W2", "b2")] == [(784, 30), (30,), (30, 10), (10,)]
    assert (mlp.size, nielsen.size) == (109386, 23860)
    assert [stage.name for stage in mlp.stages] == ["linear", "relu", "linear", "relu", "linear"]
    assert [stage.name for stage in nielsen.stages] == ["linear", "sigmoid", "linear", "sigmoid"]
    assert build("three-blue-one-brown", 784, 10).size == 13002


def test_it_tells_which_layers_it_uses():
    assert build("mlp", 64, 10).layers == ["linear", "relu", "softmax_cross_entropy"]
    assert build("nielsen-quadratic", 64, 10, lam=0.1).layers == ["linear", "sigmoid", "squared_error", "l2_penalty"]


def test_parameters_are_views_of_one_float32_vector():
    network = build("mlp", 5, 3)
    vector = network.initialize("he", np.random.default_rng(0))
    assert vector.dtype == np.float32
    parameters = network.views(vector)
    vector[:] = np.arange(network.size)
    assert list(parameters) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    np.testing.assert_array_equal(np.concatenate([array.ravel() for array in parameters.values()]), vector)


def test_training_in_float32_stays_in_float32():
    network, vector, X, labels = draw("mlp", seed=6, lam=1e-3)
    parameters = network.views(vector.astype(np.float32))
    _, gradient = network.backward(parameters, X.astype(np.float32), labels)
    assert gradient.dtype == np.float32
    assert {
        array.dtype for _, tensor, array in network.trace(parameters, X.astype(np.float32), labels) if tensor != "T"
    }


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(InputError, match="unknown network 'resnet'; expected one of mlp, three-layer, "):
        build("resnet", 784, 10)
    with pytest.raises(InputError, match="unknown initialization 'zeros'; expected one of he, xavier, scaled, nielsen"):
        build("mlp", 784, 10).initialize("zeros", np.random.default_rng(0))
