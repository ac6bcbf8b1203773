import numpy as np
import pytest

from numeric import checkpoint
from numeric.architectures import NETWORKS, build
from numeric.errors import InputError
from numeric.model import Model, dataset_of, load_model


def saved(path, name="mlp", changes=None, metadata=None):
    network = build(name, 64, 10)
    vector = network.initialize("he", np.random.default_rng(0))
    parameters = {**network.views(vector), **(changes or {})}
    kept = {tensor: array for tensor, array in parameters.items() if array is not None}
    checkpoint.save(path, kept, {"network": name, "features": "64"} if metadata is None else metadata)
    return path, network, parameters


@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_is_read_as_it_was_written(tmp_path, name):
    path, network, parameters = saved(tmp_path / "model.safetensors", name)
    model = load_model(path)
    X = np.random.default_rng(1).random((5, 64)).astype(np.float32)
    assert model.network.features == 64
    np.testing.assert_array_equal(model.network.forward(model.parameters, X), network.forward(parameters, X))
    shares = model.shares(X)
    assert shares.shape == (5, 10)
    assert ((shares >= 0) & (shares <= 1)).all()
    np.testing.assert_array_equal(shares.argmax(1), network.predict(parameters, X))


def test_the_shares_of_a_softmax_add_up_to_1(tmp_path):
    model = load_model(saved(tmp_path / "model.safetensors")[0])
    np.testing.assert_allclose(model.shares(np.ones((3, 64), np.float32)).sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "metadata", "line"),
    [
        ({}, {}, "names no network of ours"),
        ({}, {"network": "resnet"}, "names no network of ours"),
        ({}, {"network": "mlp"}, "does not say how many pixels mlp reads"),
        ({}, {"network": "mlp", "features": "9" * 30}, "does not say how many pixels mlp reads"),
        ({}, {"network": "cnn", "features": "60"}, "cnn sees square images"),
        ({"b3": None}, None, "lacks the last parameters of mlp"),
        ({"b3": np.ones((2, 2), np.float32)}, None, "lacks the last parameters of mlp"),
        ({"W1": None}, None, r"W1 is missing, expected \(64, 128\)"),
        ({"W2": None}, None, r"W2 is missing, expected \(128, 64\)"),
        ({"W2": np.ones((2, 2), np.float32)}, None, r"W2 is \(2, 2\), expected \(128, 64\)"),
        ({"W9": np.ones(2, np.float32)}, None, r"W9 is \(2,\), expected no such tensor"),
        ({"b1": np.full(128, np.nan, np.float32)}, None, "not finite"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, changes, metadata, line):
    path, _, _ = saved(tmp_path / "model.safetensors", changes=changes, metadata=metadata)
    with pytest.raises(InputError, match=line):
        load_model(path)


@pytest.mark.parametrize(
    ("network", "dataset", "line"),
    [
        (build("mlp", 64, 10), {}, "does not say which data"),
        (build("mlp", 64, 10), {"dataset": "auto"}, "does not say which data"),
        (build("mlp", 64, 10), {"dataset": "\x1b[2J"}, r"unknown dataset '\\x1b\[2J'"),
        (build("mlp", 49, 10), {"dataset": "digits"}, "images of 49 pixels into 10 classes, digits has 64 and 10"),
        (build("mlp", 64, 9), {"dataset": "digits"}, "images of 64 pixels into 9 classes, digits has 64 and 10"),
    ],
)
def test_data_that_the_model_was_not_trained_on_are_one_line(network, dataset, line):
    with pytest.raises(InputError, match=line):
        dataset_of(Model(network, {}, dataset), None)
