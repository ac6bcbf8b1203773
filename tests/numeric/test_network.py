import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.activations import relu
from numeric.architectures import NETWORKS, build
from numeric.convolution import conv2d
from numeric.errors import InputError
from numeric.network import NOTHING, Penalty
from numeric.pooling import max_pool2d

DENSE = [name for name, architecture in NETWORKS.items() if not architecture.kernels]


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


def draw(name, seed, features=64, classes=4, batch=3, penalty=NOTHING, keep=None):
    rng = np.random.default_rng(seed)
    network = build(name, features, classes, penalty, keep)
    vector = network.initialize("scaled", rng).astype(np.float64)
    X, labels = rng.normal(size=(batch, features)), rng.integers(0, classes, size=batch)
    return network, vector, X, labels


@pytest.mark.parametrize("name", DENSE)
@given(seed=st.integers(0, 1000))
def test_forward_is_the_chain_of_its_layers_and_predicts_the_largest_output(name, seed):
    network, vector, X, _ = draw(name, seed, features=3)
    parameters = network.views(vector)
    expected = np.array([plain_forward(name, parameters, row) for row in X])
    np.testing.assert_allclose(network.forward(parameters, X), expected)
    np.testing.assert_array_equal(network.predict(parameters, X), expected.argmax(axis=1))


@given(seed=st.integers(0, 1000), side=st.integers(8, 17))
def test_convolutions_see_the_rows_as_images_and_are_convolution_relu_and_pooling_one_by_one(seed, side):
    network, vector, X, _ = draw("cnn", seed, features=side * side)
    parameters = network.views(vector)
    seen = X.reshape(3, side, side, 1)
    for K, b in (("K1", "b1"), ("K2", "b2"), ("K3", "b3")):
        A = conv2d(seen, parameters[K], parameters[b], pad=1)
        seen = max_pool2d(relu(A.reshape(len(A), -1)).reshape(A.shape), 2, 2, stride=2)
    H = relu(seen.reshape(3, -1) @ parameters["W4"] + parameters["b4"])
    np.testing.assert_allclose(
        network.forward(parameters, X), H @ parameters["W5"] + parameters["b5"], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("penalty", [NOTHING, Penalty(lam2=0.1), Penalty(lam1=0.1), Penalty(lam1=0.1, lam2=0.2)])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradient_is_the_slope_of_the_loss_in_every_direction_tried(name, penalty):
    network, vector, X, labels = draw(name, seed=3, penalty=penalty)
    vector += 1e-3 * np.sign(vector)  # the absolute values have kinks at 0, out of the steps' reach now
    T = network.targets(labels)
    T = T if T.dtype == np.int64 else T.astype(np.float64)
    _, gradient = network.backward(network.views(vector), X, T)
    rng = np.random.default_rng(4)
    for _ in range(20):
        direction = rng.normal(size=vector.shape)
        step = 1e-6 * direction
        ahead = network.loss_of(network.views(vector + step), X, T)
        behind = network.loss_of(network.views(vector - step), X, T)
        assert gradient @ direction == pytest.approx((ahead - behind) / 2e-6, rel=1e-4, abs=1e-6)


def test_the_loss_is_that_of_the_layers_and_the_penalty_of_the_weights_alone():
    network, vector, X, labels = draw("nielsen-quadratic", seed=5, penalty=Penalty(lam2=0.3))
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
    assert build("nielsen-quadratic", 64, 10, Penalty(lam2=0.1)).layers == [
        "linear",
        "sigmoid",
        "squared_error",
        "l2_penalty",
    ]


@pytest.mark.parametrize(
    ("penalty", "layer"),
    [(Penalty(lam1=1e-3), "l1_penalty"), (Penalty(lam2=1e-3), "l2_penalty"), (Penalty(1e-3, 1e-3), "elastic_net")],
)
def test_weights_pay_by_the_layer_that_the_penalty_names(penalty, layer):
    assert build("cnn", 64, 10, penalty, keep=0.5).layers == [
        "conv_relu_pool2d",
        "flatten",
        "linear",
        "relu",
        "dropout",
        "softmax_cross_entropy",
        layer,
    ]


@pytest.mark.parametrize("name", ["mlp", "cnn", "cnn-vote"])
def test_the_parts_of_a_batch_add_up_to_the_whole(name):
    network, vector, X, labels = draw(name, seed=8, batch=7, keep=0.5)
    parameters, masks = network.views(vector), network.masks(7, np.random.default_rng(1))
    L, gradient = network.backward(parameters, X, labels, masks)
    total, added = 0.0, np.zeros_like(gradient)
    for rows in (slice(0, 3), slice(3, 7)):
        part = np.empty_like(gradient)
        share = len(X[rows]) / 7
        pull = network.bind(parameters, network.views(part))
        total += pull(X[rows], labels[rows], [m[rows] for m in masks], share)
        added += part
    assert total == pytest.approx(L, rel=1e-12)
    np.testing.assert_allclose(added, gradient, rtol=1e-10, atol=1e-12)


def test_dropout_drops_while_training_and_never_in_use():
    network, vector, X, labels = draw("mlp", seed=8, batch=50, keep=0.25)
    parameters = network.views(vector)
    masks = network.masks(50, np.random.default_rng(1))
    assert [mask.shape for mask in masks] == [(50, 128), (50, 64)]
    assert np.mean(masks[0]) == pytest.approx(0.25, abs=0.03)
    without = build("mlp", 64, 4)
    np.testing.assert_array_equal(network.forward(parameters, X), without.forward(parameters, X))
    assert network.backward(parameters, X, labels)[0] == without.backward(parameters, X, labels)[0]
    assert network.backward(parameters, X, labels, masks)[0] != without.backward(parameters, X, labels)[0]
    # what is dropped has no share in the gradient
    _, gradient = network.backward(parameters, X, labels, [np.zeros_like(masks[0]), masks[1]])
    np.testing.assert_array_equal(network.views(gradient)["W1"], 0)


def test_a_network_with_kernels_wants_a_square_image():
    for features in (60, 9):
        with pytest.raises(InputError, match=f"cnn sees square images of 8 x 8 pixels or more, not {features} numbers"):
            build("cnn", features, 10)


def test_parameters_are_views_of_one_float32_vector():
    network = build("mlp", 5, 3)
    vector = network.initialize("he", np.random.default_rng(0))
    assert vector.dtype == np.float32
    parameters = network.views(vector)
    vector[:] = np.arange(network.size)
    assert list(parameters) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    np.testing.assert_array_equal(np.concatenate([array.ravel() for array in parameters.values()]), vector)


def test_training_in_float32_stays_in_float32():
    network, vector, X, labels = draw("mlp", seed=6, penalty=Penalty(lam2=1e-3))
    parameters = network.views(vector.astype(np.float32))
    _, gradient = network.backward(parameters, X.astype(np.float32), labels)
    assert gradient.dtype == np.float32
    assert {
        array.dtype for _, tensor, array in network.trace(parameters, X.astype(np.float32), labels) if tensor != "T"
    }


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(InputError, match="unknown network 'resnet'; expected one of mlp, mlp-augmented, cnn, "):
        build("resnet", 784, 10)
    with pytest.raises(InputError, match="unknown initialization 'zeros'; expected one of he, xavier, scaled, nielsen"):
        build("mlp", 784, 10).initialize("zeros", np.random.default_rng(0))
