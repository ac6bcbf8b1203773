"""What a report says of a network is true of it."""

from dataclasses import replace

import numpy as np
import pytest

from numeric.architectures import NETWORKS
from numeric.data.dataset import Dataset
from numeric.data.datasets import load
from numeric.model import Model
from numeric.pictures.weights import first_weights
from numeric.report.run_report import MOST_MISTAKES, gather, worst_mistakes
from numeric.training import train


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module", params=["mlp", "nielsen-quadratic"])
def trained(request, digits):
    """A network that has learnt a little, so that it makes mistakes."""
    return train(request.param, digits, epochs=2)


def test_the_confusion_counts_every_test_image_once(trained, digits):
    report = gather(trained.network, trained.parameters, digits, trained.history, trained.summary)
    assert report.confusion.sum() == len(digits.test_labels)
    np.testing.assert_array_equal(report.confusion.sum(axis=1), np.bincount(digits.test_labels, minlength=10))
    assert np.trace(report.confusion) / report.confusion.sum() == pytest.approx(trained.summary["test_accuracy"])
    read = trained.network.predict(trained.parameters, digits.test_images)
    for image in range(0, len(read), 37):
        assert report.confusion[digits.test_labels[image], read[image]] > 0


def test_the_worst_mistakes_are_wrong_and_the_surest_of_all(trained, digits):
    report = gather(trained.network, trained.parameters, digits, trained.history, trained.summary)
    assert len(report.mistakes) == MOST_MISTAKES
    shares = [mistake.share for mistake in report.mistakes]
    assert shares == sorted(shares, reverse=True)
    model = Model(trained.network, trained.parameters, {})
    for mistake in report.mistakes:
        assert mistake.label != mistake.read
        found = (digits.test_images == mistake.image.ravel()).all(axis=1)
        assert mistake.label in digits.test_labels[found]
        given = model.shares(mistake.image.reshape(1, -1))[0]
        assert given.argmax() == mistake.read
        assert mistake.share == pytest.approx(given.max(), rel=1e-4)
    everywhere = model.shares(digits.test_images)
    wrong = everywhere.argmax(1) != digits.test_labels
    np.testing.assert_allclose(shares, np.sort(everywhere[wrong].max(1))[::-1][:MOST_MISTAKES], rtol=1e-4)


def test_who_reads_all_right_makes_no_mistakes(trained, digits):
    model = Model(trained.network, trained.parameters, {})
    assert worst_mistakes(model, digits, digits.test_labels) == []


def test_images_keep_their_shape(digits):
    flat = replace(digits, image_shape=(4, 16))
    result = train("mlp", flat, epochs=1)
    report = gather(result.network, result.parameters, flat, result.history, result.summary)
    assert {mistake.image.shape for mistake in report.mistakes} == {(4, 16)}
    assert report.weights.shape == (128, 4, 16)


def test_a_unit_of_a_dense_layer_is_its_column(trained, digits):
    weights = first_weights(trained.parameters, trained.network.shapes, digits.image_shape)
    assert weights.shape == (NETWORKS[trained.network.name].hidden[0], 8, 8)
    X = digits.test_images[:3]
    expected = X @ trained.parameters["W1"]
    np.testing.assert_allclose(np.einsum("nhw,uhw->nu", X.reshape(-1, 8, 8), weights), expected, rtol=1e-4, atol=1e-5)


def test_a_filter_keeps_its_rows_and_columns_its_channels_are_below_each_other():
    K = np.arange(3 * 2 * 2 * 5, dtype=np.float32).reshape(3, 2, 2, 5)
    filters = first_weights({"b1": np.ones(5), "K1": K}, {"b1": (5,), "K1": K.shape}, (8, 8))
    assert filters.shape == (5, 6, 2)
    for f in range(5):
        for c in range(2):
            np.testing.assert_array_equal(filters[f, 3 * c : 3 * c + 3], K[:, :, c, f])


@pytest.mark.parametrize("shapes", [{}, {"b1": (4,)}, {"W1": (7, 3)}, {"W1": (2, 3, 4)}])
def test_what_does_not_look_at_pixels_has_no_picture(shapes):
    parameters = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    assert first_weights(parameters, shapes, (8, 8)) is None


def test_classes_that_the_test_images_lack_have_empty_rows(trained, digits):
    some = digits.test_labels < 4
    few = Dataset(
        "few", "", digits.train_images, digits.train_labels, digits.test_images[some], digits.test_labels[some], (8, 8)
    )
    report = gather(trained.network, trained.parameters, few, trained.history, trained.summary)
    assert report.confusion.shape == (10, 10)
    assert not report.confusion[4:].any()
    assert report.confusion.sum() == some.sum()
