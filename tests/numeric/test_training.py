import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from numeric import checkpoint
from numeric.data.dataset import Dataset
from numeric.data.datasets import load
from numeric.errors import InputError, TrainingError
from numeric.optimizers import SGD
from numeric.recipes import Recipe
from numeric.training import split, train

RECIPE = Recipe(epochs=3, batch=16, rate=0.2, schedule="cosine", optimizer=SGD(0.9), lam=1e-3)
needs_mnist = pytest.mark.skipif(
    not os.environ.get("BACKPROOF_DATA"), reason="BACKPROOF_DATA is not set: no MNIST to train on"
)


def blobs(images=120, seed=0):
    """Three heaps of points on a 2x2 square, one for each label: a task that any network learns at once."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, size=images)
    centres = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]])
    points = (centres[labels] + 0.1 * rng.normal(size=(images, 4))).astype(np.float32)
    half = images // 2
    return Dataset("blobs", "made up", points[:half], labels[:half], points[half:], labels[half:], (2, 2), classes=3)


class Listener:
    def __init__(self):
        self.epochs, self.shares, self.records = 0, [], []

    def start(self, epochs):
        self.epochs = epochs

    def batch(self, done):
        self.shares.append(done)

    def epoch(self, record):
        self.records.append(record)


@pytest.mark.parametrize("network", ["mlp", "nielsen-quadratic"])
def test_it_learns_what_is_easy_and_leaves_a_run(tmp_path, network):
    recipe = replace(RECIPE, epochs=40)
    result = train(network, blobs(), recipe=recipe, seed=5, out=tmp_path / "run")
    assert result.summary["test_accuracy"] == 1.0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary == result.summary
    assert list(summary) == [
        "network",
        "dataset",
        "parameters",
        "epochs",
        "best_epoch",
        "train_seconds",
        "test_accuracy",
        "validation_accuracy",
        "seed",
        "threads",
    ]
    assert (summary["epochs"], summary["seed"], summary["threads"]) == (40, 5, 1)
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 40
    assert result.history[-1].loss < result.history[0].loss / 2


def test_the_same_seed_gives_the_same_parameters_bit_for_bit_and_another_gives_others(tmp_path):
    runs = [train("mlp", blobs(), recipe=RECIPE, seed=seed, out=tmp_path / str(i)) for i, seed in enumerate([1, 1, 2])]
    first, second, other = (run.parameters for run in runs)
    for name in first:
        assert first[name].dtype == np.float32
        assert first[name].tobytes() == second[name].tobytes()
        assert first[name].shape == other[name].shape
    assert first["W1"].tobytes() != other["W1"].tobytes()
    files = [(tmp_path / str(i) / "model.safetensors").read_bytes() for i in range(3)]
    assert files[0] == files[1] != files[2]


def test_one_epoch_is_what_the_equations_say_batch_by_batch():
    """The whole loop against the same steps written out: no momentum, no shuffling left to believe in."""
    data = blobs(images=24)
    recipe = Recipe(epochs=1, batch=100, rate=0.5, schedule="constant", optimizer=SGD())
    result = train("nielsen-quadratic", data, recipe=recipe, seed=9)
    initial, splitting, _ = np.random.default_rng(9).spawn(3)
    W1, b1, W2, b2 = result.network.views(result.network.initialize("scaled", initial).astype(np.float64)).values()
    rows = split(12, splitting).train
    X, T = data.train_images[rows].astype(np.float64), np.eye(3)[data.train_labels[rows]]
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    Y = 1 / (1 + np.exp(-(H @ W2 + b2)))
    delta2 = (Y - T) / len(X) * Y * (1 - Y)
    delta1 = delta2 @ W2.T * H * (1 - H)
    expected = [W1 - 0.5 * X.T @ delta1, b1 - 0.5 * delta1.sum(0), W2 - 0.5 * H.T @ delta2, b2 - 0.5 * delta2.sum(0)]
    for got, wanted in zip(result.parameters.values(), expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_the_lengths_of_cotangents_are_means_over_batches():
    data = blobs(images=24)
    recipe = Recipe(epochs=1, batch=4, rate=1e-30, schedule="constant", optimizer=SGD())
    result = train("nielsen-quadratic", data, recipe=recipe, seed=9)
    network = result.network
    initial, splitting, shuffling = np.random.default_rng(9).spawn(3)
    parameters = network.views(network.initialize("scaled", initial))
    order = shuffling.permutation(split(12, splitting).train)
    lengths = []
    for rows in (order[:4], order[4:8], order[8:]):
        _, gradient = network.backward(parameters, data.train_images[rows], network.targets(data.train_labels[rows]))
        lengths.append([np.linalg.norm(cotangent) for cotangent in network.views(gradient).values()])
    np.testing.assert_allclose(list(result.history[0].norms.values()), np.mean(lengths, axis=0), rtol=1e-4)


def test_split_sets_a_twelfth_aside_and_loses_nothing():
    rows = split(120, np.random.default_rng(0))
    assert len(rows.validation) == 10
    assert sorted([*rows.train, *rows.validation]) == list(range(120))
    assert sorted(rows.validation) not in (list(range(10)), list(range(110, 120)))  # data may be sorted by label
    assert len(split(2, np.random.default_rng(0)).validation) == 1
    with pytest.raises(InputError, match="one training image is too few"):
        split(1, np.random.default_rng(0))


def test_observers_hear_of_every_epoch_and_of_progress_between():
    listener = Listener()
    result = train("mlp", blobs(), recipe=RECIPE, observers=[listener])
    assert tuple(listener.records) == result.history
    assert [record.epoch for record in listener.records] == [1, 2, 3]
    assert listener.shares == sorted(listener.shares)
    assert listener.shares[0] == 0
    assert listener.epochs == 3


def test_the_training_data_stay_as_they_are():
    data = blobs()
    before = data.train_images.copy(), data.train_labels.copy()
    train("mlp", data, recipe=RECIPE)
    np.testing.assert_array_equal(data.train_images, before[0])
    np.testing.assert_array_equal(data.train_labels, before[1])


def test_nothing_is_trained_that_has_not_passed(tmp_path):
    asked = []

    def refuse(layers):
        asked.extend(layers)

    with pytest.raises(TrainingError, match=r"mlp is not trained: of linear, relu, .*not all have passed"):
        train("mlp", blobs(), recipe=RECIPE, out=tmp_path / "run", verify=refuse)
    assert asked == ["linear", "relu", "softmax_cross_entropy", "l2_penalty"]
    assert not list(tmp_path.iterdir())
    train("mlp", blobs(), recipe=RECIPE, out=tmp_path / "run", verify=lambda layers: "a digest")
    _, metadata = checkpoint.load(tmp_path / "run" / "model.safetensors")
    assert metadata == {"network": "mlp", "dataset": "blobs", "seed": "0", "features": "4", "certificate": "a digest"}


def test_a_folder_that_cannot_be_written_is_noticed_before_anything_else(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write in"):
        train(
            "mlp", blobs(), recipe=RECIPE, out=tmp_path / "file" / "run", verify=lambda layers: pytest.fail("too late")
        )


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("network", ["mlp", "nielsen-quadratic"])
def test_divergence_stops_with_layer_and_step_and_leaves_nothing(tmp_path, network, threads):
    recipe = replace(RECIPE, rate=1e30, schedule="constant", epochs=30)
    with pytest.raises(
        TrainingError, match=r"stopped at .*epoch \d+.*: \w+ of .*(layer|penalty).*is not finite"
    ) as caught:
        train(network, blobs(), recipe=recipe, out=tmp_path / "run", threads=threads)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("pixel", [0, -1])
def test_a_nan_in_the_images_is_blamed_on_the_images(threads, pixel):
    data = blobs()
    data.train_images[:, pixel] = np.nan
    with pytest.raises(TrainingError, match=r"stopped at epoch 1, batch 1: X of layer 1 \(linear\) is not finite"):
        train("mlp", data, recipe=RECIPE, threads=threads)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs is 0; expected a whole number, 1 or more"),
        ({"threads": 0}, "threads is 0; expected a whole number, 1 or more"),
        ({"threads": 10**20}, "threads is 100000000000000000000; expected 256 at most"),
        ({"seed": -1}, "seed is -1; expected a whole number, 0 or more"),
        ({"init": "zeros"}, "unknown initialization 'zeros'"),
        ({"recipe": None}, "no recipe for mlp on blobs"),
    ],
)
def test_wrong_settings_get_one_line(wrong, message):
    with pytest.raises(InputError, match=message):
        train("mlp", blobs(), **({"recipe": RECIPE} | wrong))


def test_mlp_reads_96_percent_of_the_embedded_digits():
    digits = load("digits")
    accuracies = [train("mlp", digits, seed=seed).summary["test_accuracy"] for seed in range(3)]
    assert min(accuracies) >= 0.96


@needs_mnist
@pytest.mark.thorough
def test_nielsens_network_reads_what_his_book_says():
    mnist = load("mnist")
    accuracies = [train("nielsen-quadratic", mnist, seed=seed).summary["test_accuracy"] for seed in range(3)]
    assert np.mean(accuracies) >= 0.954


@needs_mnist
def test_the_run_is_found_in_the_folder(tmp_path):
    result = train("nielsen-quadratic", load("mnist"), epochs=1, out=tmp_path / "run")
    assert result.summary["test_accuracy"] > 0.9
    assert {path.name for path in Path(tmp_path / "run").iterdir()} == {
        "model.safetensors",
        "history.jsonl",
        "summary.json",
    }
