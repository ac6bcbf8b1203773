import os
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.architectures import NETWORKS, build
from numeric.data.datasets import load
from numeric.errors import InputError
from numeric.layers import IMPLEMENTATIONS
from numeric.model import Model, load_model
from numeric.network import Network, stage
from numeric.onnx_export import IR_VERSION, OPERATORS, OPSET, export, graph_of, serialized, to_onnx
from numeric.optimizers import SGD
from numeric.recipes import Recipe
from numeric.training import train

LACKING = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
needs_onnx = pytest.mark.skipif(
    bool(LACKING), reason=f"{' and '.join(LACKING)} not installed: pip install 'backproof[test]'"
)
needs_mnist = pytest.mark.skipif(
    not os.environ.get("BACKPROOF_DATA"), reason="BACKPROOF_DATA is not set: no MNIST to predict"
)

# How far apart two correct float32 programs may be: a running error analysis (Higham (2002), Accuracy and Stability of
# Numerical Algorithms, sections 3.1 and 3.3) that holds for sums in any order, with and without fused multiply-adds.
# It follows the exact value X, for which float64 stands in, and E, by which float32 may be off from it; two programs
# may be off in opposite ways.
U = 2.0**-24  # what one rounding to float32 may be off by, relatively
ELEMENTARY = 16 * U  # exp, and a quotient of two polynomials of ten degrees: a dozen roundings or so, none cancels


def gamma(roundings):
    return roundings * U / (1 - roundings * U)


def linear_bound(X, E, W, b):
    size = (np.abs(X) + E) @ np.abs(W) + np.abs(b)
    return X @ W + b, E @ np.abs(W) + gamma(len(W) + 1) * size


def sigmoid_bound(X, E):
    """The slope is at most 1/4, the value at most 1."""
    return 1 / (1 + np.exp(-X)), E / 4 + ELEMENTARY


def softmax_bound(Z, E):
    """Shares are quotients of exponentials, whose arguments are off by E and by the rounding of Z - max Z."""
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    E = E.max(axis=1, keepdims=True)
    spread = np.ptp(Z, axis=1, keepdims=True) + 2 * E
    exponent = 2 * (E + spread * U + ELEMENTARY) + gamma(Z.shape[1])
    return P, P * np.expm1(exponent) + np.finfo(np.float32).tiny


def windows_of(X, R, S, pad):
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (R, S), axis=(1, 2))  # [N, P, Q, C, R, S]
    return seen.transpose(0, 1, 2, 4, 5, 3).reshape(*seen.shape[:3], -1)


def pooled(X):
    N, P, Q, F = X.shape
    return X[:, : P // 2 * 2, : Q // 2 * 2].reshape(N, P // 2, 2, Q // 2, 2, F).max(axis=(2, 4))


def conv_relu_pool2d_bound(X, E, K, b, pad):
    """Of two maxima, each is as near to the other as the farthest pair of what they are taken of."""
    R, S, C, F = K.shape
    Y, E = linear_bound(windows_of(X, R, S, pad), windows_of(E, R, S, pad), K.reshape(R * S * C, F), b)
    return pooled(np.maximum(Y, 0)), pooled(E)


BOUNDS = {
    "linear": linear_bound,
    "relu": lambda X, E: (np.maximum(X, 0), E),
    "sigmoid": sigmoid_bound,
    "conv_relu_pool2d": conv_relu_pool2d_bound,
    "flatten": lambda X, E: (X.reshape(len(X), -1), E.reshape(len(X), -1)),
    "dropout": lambda X, E, keep: (X, E),
}
ENDINGS = {"softmax_cross_entropy": softmax_bound, "sigmoid_cross_entropy": sigmoid_bound}


def bounds(model, X):
    """By how much two correct float32 programs may differ in the outputs, and in the shares."""
    members = model.network.members(model.parameters)
    each = [member_bounds(network, parameters, X) for network, parameters in members]
    if len(each) == 1:
        return each[0]
    mean = np.mean([of_shares for _, of_shares in each], axis=0) + gamma(len(each))
    return mean, mean


def member_bounds(network, parameters, X):
    Y, E = X.astype(np.float64).reshape(-1, *network.image), np.zeros((len(X), *network.image))
    for each in network.stages:
        tensors = {tensor: parameters[name].astype(np.float64) for tensor, name in each.parameters.items()}
        Y, E = BOUNDS[each.name](Y, E, **tensors, **each.options)
    ending = ENDINGS.get(network.loss.name)
    return 2 * E, 2 * (ending(Y, E)[1] if ending else E)


def run(content, X):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(["shares", "label"], {"X": X})


def assert_same(model, X, shares, label):
    """Shares as near as rounding allows; labels the same wherever rounding cannot change which output is largest."""
    outputs = model.network.forward(model.parameters, X)
    of_outputs, of_shares = bounds(model, X)
    assert (shares.dtype, label.dtype) == (np.float32, np.int64)
    assert (np.abs(shares.astype(np.float64) - model.shares(X)) <= of_shares).all()
    second, first = np.sort(outputs, axis=1)[:, -2:].T
    clear = first - second > 2 * of_outputs.max(axis=1)
    np.testing.assert_array_equal(label[clear], outputs.argmax(axis=1)[clear])


def image_model(H, W, units, rng, classes=3):
    """Units of (R, S, filters, padding), then flatten and linear, over images of H by W."""
    stages, parameters, image = [], {}, (H, W, 1)
    C = 1
    for number, (R, S, F, pad) in enumerate(units, start=1):
        stages.append(stage("conv_relu_pool2d", number, options={"pad": pad}))
        parameters |= {f"K{number}": rng.standard_normal((R, S, C, F)), f"b{number}": rng.standard_normal(F)}
        H, W, C = (H + 2 * pad - R + 1) // 2, (W + 2 * pad - S + 1) // 2, F
    number = len(units) + 1
    stages += [stage("flatten"), stage("dropout", options={"keep": 0.5}), stage("linear", number)]
    parameters |= {f"W{number}": rng.standard_normal((H * W * C, classes)), f"b{number}": rng.standard_normal(classes)}
    parameters = {name: array.astype(np.float32) for name, array in parameters.items()}
    shapes = {name: array.shape for name, array in parameters.items()}
    network = Network("cnn", tuple(stages), stage("softmax_cross_entropy"), shapes, image, classes)
    return Model(network, parameters, {"network": "cnn"})


def untrained(name, features=64, seed=0, metadata=None):
    network = build(name, features, 10)
    vector = network.initialize("he", np.random.default_rng(seed))
    return Model(network, network.views(vector), metadata or {})


@st.composite
def image_models(draw):
    """A network of one or two units over images in which everything that can differ does, and some of its images."""
    H, W = draw(st.tuples(st.integers(10, 13), st.integers(10, 13)))
    unit = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    model = image_model(H, W, draw(st.lists(unit, min_size=1, max_size=2)), rng)
    return model, rng.random((draw(st.integers(1, 4)), H * W), np.float32)


def test_every_layer_of_a_network_has_its_operators():
    losses = {build(name, 64, 2).loss.name for name in NETWORKS} | {"cross_entropy"}
    losses |= {"l1_penalty", "l2_penalty", "elastic_net"}
    assert set(IMPLEMENTATIONS) - losses <= set(OPERATORS)


@needs_onnx
@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("name", NETWORKS)
def test_onnxruntime_gives_the_shares_and_labels_of_every_network(name, rows):
    model = untrained(name)
    X = np.random.default_rng(1).random((rows, 64), np.float32)
    assert_same(model, X, *run(to_onnx(model), X))


@needs_onnx
@given(image_models())
def test_onnxruntime_gives_the_shares_and_labels_of_convolutions(drawn):
    model, X = drawn
    assert_same(model, X, *run(to_onnx(model), X))


@needs_onnx
@pytest.mark.parametrize(
    "mistake",
    [
        {"K1": lambda K: K[::-1, ::-1]},
        {"K2": lambda K: K.transpose(1, 0, 2, 3)},
        {"W3": lambda W: W.reshape(2, 3, 4, 3).transpose(2, 0, 1, 3).reshape(24, 3)},  # rows in ONNX's order
        {"b2": lambda b: b * np.float32(1.001)},
    ],
    ids=["flipped", "transposed", "channels first", "a thousandth"],
)
def test_a_wrong_graph_is_noticed(mistake):
    rng = np.random.default_rng(0)
    model = image_model(12, 16, [(3, 3, 2, 0), (2, 2, 4, 0)], rng)
    X = rng.random((20, 12 * 16), np.float32)
    ((name, change),) = mistake.items()
    wrong = replace(model, parameters={**model.parameters, name: np.ascontiguousarray(change(model.parameters[name]))})
    with pytest.raises(AssertionError):
        assert_same(model, X, *run(to_onnx(wrong), X))


@needs_onnx
@pytest.mark.parametrize("name", ["mlp", "nielsen", "nielsen-quadratic", "cnn"])
def test_a_network_trained_on_digits_predicts_the_same(name, tmp_path):
    digits = load("digits")
    train(name, digits, epochs=5, out=tmp_path)
    model = load_model(tmp_path / "model.safetensors")
    export(model, tmp_path / "model.onnx")
    shares, label = run((tmp_path / "model.onnx").read_bytes(), digits.test_images)
    assert_same(model, digits.test_images, shares, label)
    np.testing.assert_array_equal(label, model.network.predict(model.parameters, digits.test_images))
    assert np.mean(label == digits.test_labels) > 0.5


@needs_onnx
@needs_mnist
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_all_test_images_of_mnist_get_the_same_label(name):
    mnist = load("mnist", os.environ["BACKPROOF_DATA"])
    recipe = Recipe(epochs=1, batch=64, rate=0.1, schedule="cosine", optimizer=SGD(0.9))
    few = replace(mnist, train_images=mnist.train_images[:1280], train_labels=mnist.train_labels[:1280])
    trained = train(name, few, recipe=recipe)
    model = Model(trained.network, trained.parameters, {})
    shares, label = run(to_onnx(model), mnist.test_images)
    assert len(label) == 10_000
    np.testing.assert_array_equal(label, trained.network.predict(trained.parameters, mnist.test_images))
    some = slice(0, 500)  # the windows of all of them would take gigabytes
    assert_same(model, mnist.test_images[some], shares[some], label[some])


@needs_onnx
def test_several_networks_side_by_side_give_the_mean_of_their_shares():
    models = [untrained("mlp", seed=seed) for seed in range(3)] + [untrained("nielsen-quadratic")]
    X = np.random.default_rng(1).random((50, 64), np.float32)
    graph = graph_of([(model.network, model.parameters) for model in models])
    shares, label = run(serialized(graph, "vote", 64, 10, {}), X)
    each = [model.shares(X).astype(np.float64) for model in models]
    mean = np.mean(each, axis=0)
    reach = np.mean([bounds(model, X)[1] for model in models], axis=0) + gamma(len(models)) * mean
    assert (np.abs(shares - mean) <= reach).all()
    np.testing.assert_array_equal(label, shares.argmax(axis=1))
    assert {name for name in graph.tensors if name.endswith("W1")} == {f"network{k}_W1" for k in range(1, 5)}


@needs_onnx
def test_equal_shares_do_not_change_the_label():
    model = untrained("nielsen", features=4)
    network, parameters = model.network, {name: np.zeros_like(array) for name, array in model.parameters.items()}
    parameters["b2"] = np.arange(20, 40, 2, dtype=np.float32)  # all of these are 1, as float32 shares
    X = np.ones((1, 4), np.float32)
    shares, label = run(to_onnx(Model(network, parameters, {})), X)
    assert (shares == 1).all()
    assert label == network.predict(parameters, X) == [9]


@needs_onnx
@pytest.mark.parametrize("model", [untrained("mlp"), image_model(8, 8, [(3, 3, 2, 1)], np.random.default_rng(0))])
def test_the_file_is_valid_and_says_what_it_reads_and_gives(model):
    import onnx

    proto = onnx.load_from_string(to_onnx(model))
    onnx.checker.check_model(proto, full_check=True)
    assert (proto.ir_version, proto.opset_import[0].version) == (IR_VERSION, OPSET) == (7, 13)
    described = {}
    for value in [*proto.graph.input, *proto.graph.output]:
        tensor = value.type.tensor_type
        described[value.name] = tensor.elem_type, [size.dim_param or size.dim_value for size in tensor.shape.dim]
    real, whole, classes = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, model.network.classes
    assert described == {"X": (real, ["N", 64]), "shares": (real, ["N", classes]), "label": (whole, ["N"])}
    assert set(model.parameters) <= {tensor.name for tensor in proto.graph.initializer}


@needs_onnx
def test_the_metadata_are_those_of_the_model():
    import onnx

    model = untrained("mlp", metadata={"network": "mlp", "seed": "7", "certificate": "ab12", "note": "half: \ud800"})
    props = {prop.key: prop.value for prop in onnx.load_from_string(to_onnx(model)).metadata_props}
    assert props == {**model.metadata, "note": "half: ?"}


@needs_onnx
def test_the_same_model_gives_the_same_bytes():
    model = untrained("mlp", metadata={"network": "mlp", "seed": "7"})
    again = untrained("mlp", metadata={"seed": "7", "network": "mlp"})
    assert to_onnx(model) == to_onnx(again) != to_onnx(untrained("mlp", seed=1))


@needs_onnx
def test_a_file_is_replaced_and_what_is_no_file_is_not(tmp_path):
    path, model = tmp_path / "new" / "model.onnx", untrained("mlp")
    export(model, path)
    path.write_text("something else")
    export(model, path)
    assert path.read_bytes() == to_onnx(model)
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(InputError, match=r"new: it is there, and no regular file; choose another name$"):
        export(model, path.parent)
    for impossible, why in ((path / "model.onnx", "File exists"), (tmp_path / ("a" * 300), "File name too long")):
        with pytest.raises(InputError, match=rf"cannot write .*: {why}; choose another place$"):
            export(model, impossible)


def test_without_onnx_the_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"^ONNX files need the package onnx: pip install 'backproof\[onnx\]'$"):
        export(untrained("mlp"), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_without_operators_is_named():
    network = build("mlp", 4, 2)
    odd = replace(network, stages=(replace(network.stages[0], name="lstm"), *network.stages[1:]))
    with pytest.raises(InputError, match="cannot export mlp: no ONNX operators for lstm, only for linear, relu"):
        graph_of([(odd, network.views(network.initialize("he", np.random.default_rng(0))))])
