"""Every height is the loss at that place, and the path lies where its vectors do."""

from itertools import pairwise

import numpy as np
import pytest

from numeric import checkpoint
from numeric.data.datasets import load
from numeric.errors import InputError
from numeric.pictures.surface import principal_plane, random_plane, surface
from numeric.pictures.surface_page import heights, surface_of_run, surface_page
from numeric.run_directory import MODEL
from numeric.trajectory import Trajectory


@pytest.fixture(scope="module")
def course(model_of):
    """A network, some steps of gradient descent on 30 digits, and these."""
    network, dataset = model_of("nielsen-quadratic").network, load("digits")
    X, T = dataset.train_images[:30], network.targets(dataset.train_labels[:30])
    vectors = [network.initialize("scaled", np.random.default_rng(0))]
    for _ in range(6):
        vectors.append(vectors[-1] - 2 * network.backward(network.views(vectors[-1]), X, T)[1])
    return network, vectors, X, T


def test_heights_are_the_networks_loss_at_those_parameters(course):
    network, vectors, X, T = course
    found = surface(network, principal_plane(vectors), X, T, 5, vectors)
    for row, column in ((0, 0), (2, 3), (4, 4)):
        vector = found.plane.origin + found.a[column] * found.plane.u + found.b[row] * found.plane.v
        parameters = network.views(vector.astype(np.float32))
        assert found.loss[row, column] == network.loss_of(parameters, X, T)
    at_end = network.loss_of(network.views(found.plane.at(0, 0)), X, T)
    assert at_end == network.loss_of(network.views(vectors[-1]), X, T)


def test_the_path_lies_on_the_grid_and_a_path_in_a_plane_is_met_exactly(course):
    network, vectors, X, T = course
    found = surface(network, principal_plane(vectors), X, T, 3, vectors)
    assert found.path[-1] == pytest.approx([0, 0], abs=1e-6)
    assert found.a[0] < found.path[:, 0].min()
    assert found.path[:, 0].max() < found.a[-1]
    assert found.b[0] < found.path[:, 1].min()
    assert found.path[:, 1].max() < found.b[-1]
    flat = [vectors[0], vectors[1], vectors[2]]  # three points span a plane
    plane = principal_plane(flat)
    for vector in flat:
        np.testing.assert_allclose(plane.at(*plane.project(vector)), vector, atol=1e-5)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_principal_directions_are_orthonormal_and_hold_the_most(course, count):
    _, vectors, *_ = course
    plane = principal_plane(vectors[-count:])
    basis = np.stack([plane.u, plane.v])
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-9)
    moves = np.stack([vector - plane.origin for vector in vectors[-count:]])
    rng = np.random.default_rng(1)
    for _ in range(20):
        other, _ = np.linalg.qr(rng.normal(size=(len(plane.u), 2)))
        assert ((moves @ other) ** 2).sum() <= ((moves @ basis.T) ** 2).sum() * (1 + 1e-9)


def test_a_path_that_stands_still_has_no_directions():
    with pytest.raises(ValueError, match="does not move"):
        principal_plane([np.ones(4), np.ones(4)])


@pytest.fixture
def kept(model_of, tmp_path):
    """kept(change, path) -> the folder of a run whose parameters were changed so, with the path of one as constant."""

    def keep(change, path):
        model = model_of("mlp")
        parameters = {name: change(array) for name, array in model.parameters.items()}
        checkpoint.save(tmp_path / MODEL, parameters, model.metadata | {"features": "64", "dataset": "digits"})
        Trajectory([0.0, 1.0], [np.full(model.network.size, value, np.float32) for value in path]).save(tmp_path)
        return tmp_path

    return keep


def test_a_run_whose_path_stands_still_is_drawn_as_one_without(kept):
    assert "The two directions are random" in surface_of_run(kept(np.copy, [1, 1]), None, 0)


def test_a_loss_that_is_finite_nowhere_is_one_line(kept):
    with pytest.raises(InputError, match="is finite nowhere around the model"):
        surface_of_run(kept(lambda array: np.full_like(array, 3e38), [1, 1]), None, 0)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_random_filters_are_as_long_as_the_networks(model_of, name):
    model = model_of(name)
    vector = np.concatenate([part.ravel() for part in model.parameters.values()])
    plane = random_plane(model.network, vector, np.random.default_rng(0))
    for direction in (plane.u, plane.v):
        for key, part in model.network.views(direction).items():
            weights = model.parameters[key]
            if part.ndim == 1:
                assert not part.any()
                continue
            for unit in range(part.shape[-1]):
                own = np.linalg.norm(weights[..., unit].astype(np.float64))
                assert np.linalg.norm(part[..., unit]) == pytest.approx(own, rel=1e-9)
    assert abs(plane.u @ plane.v) < 0.2 * (plane.u @ plane.u)


def test_the_page_draws_every_cell_line_and_stop(read_html, course):
    network, vectors, X, T = course
    found = surface(network, principal_plane(vectors), X, T, 9, vectors)
    text = surface_page("The <surface>", found, "Of 30 images.")
    page = read_html(text)
    assert page.one("h1").text == "The <surface>"
    land, above = page.all("svg")
    assert len(list(land.one("g", "land").all("path"))) == 64
    assert len(list(above.one("g", "cells").all("path"))) == 64
    titles = [path.one("title").text for path in above.one("g", "lines").all("path")]
    assert titles == [f"loss {level:.3g}" for level in heights(found)]
    for chart in (land, above):
        assert len(chart.one("polyline").attributes["points"].split()) == len(vectors)
        assert len(list(chart.all("circle"))) == len(vectors)
        assert chart.one("desc").text
    assert text == surface_page("The <surface>", found, "Of 30 images.")
    assert [told for told in ("://", "url(", "<script", "href") if told in text] == []


def test_levels_rise_and_lie_between_the_losses(course):
    network, vectors, X, T = course
    found = surface(network, principal_plane(vectors), X, T, 5, vectors)
    levels = heights(found)
    assert all(a < b for a, b in pairwise(levels))
    assert found.loss.min() < levels[0]
    assert levels[-1] < found.loss.max()
