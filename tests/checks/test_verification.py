"""Verifying a model: right ones agree at their own weights, and each way of being wrong is found and named."""

from dataclasses import fields, replace

import numpy as np
import pytest
from rich.console import Console

from checks.certificate import CertificateError, certify, write
from checks.suite import run_suite
from checks.verification import BATCH, CERTIFICATE, certificate_beside, provenance, verify
from numeric import checkpoint
from numeric.architectures import NETWORKS, build
from numeric.data.datasets import load
from numeric.errors import InputError
from numeric.model import load_model
from numeric.network import Network
from numeric.recipes import RECIPES
from numeric.training import train
from tests.networks import SINGLE

CERTIFICATES = {
    name: certify(run_suite(build(name, 64, 10).layers, dtypes=["float32"])) for name in ("mlp", "nielsen-quadratic")
}
FEW = np.random.default_rng(0).random((8, 64), np.float32)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    """A model of two epochs, as it is read from its file."""
    folder = tmp_path_factory.mktemp("run")
    train("mlp", digits, recipe=replace(RECIPES["mlp", "digits"], epochs=2), out=folder)
    return load_model(folder / "model.safetensors")


@pytest.fixture(scope="module")
def found(trained, digits):
    """What verifying it without a certificate finds, with few images."""
    return verify(trained, digits.test_images[:8], digits.test_labels[:8])


def shown(verification):
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(verification)
    return capture.get()


def with_stage(model, number, **changes):
    stages = list(model.network.stages)
    stages[number] = replace(stages[number], **changes)
    return replace(model, network=replace(model.network, stages=tuple(stages)))


def naming(model, digest):
    return replace(model, metadata={**model.metadata, "certificate": digest})


def test_a_trained_model_agrees_stage_by_stage(trained, digits):
    certificate = CERTIFICATES["mlp"]
    found = verify(naming(trained, certificate.digest), digits.test_images, digits.test_labels, certificate=certificate)
    assert found.verdict == "agree", shown(found)
    assert [place.split()[1] for place in found.reports] == [
        *("linear", "relu", "linear", "relu", "linear", "softmax_cross_entropy")
    ]
    first, *others = found.reports.values()
    assert first.cases == ("X[64, 64] W[64, 128] b[128]",)
    assert first.cotangents == ("dW", "db")
    assert {report.dtype for report in others} == {"float32"}
    assert others[1].cotangents == ("dX", "dW", "db")
    assert found.slope.error is not None
    assert found.provenance.holds
    assert "the code is the code that was certified" in shown(found)
    assert "the model names it" in shown(found)


# What takes seconds each is left to the thorough run.
LARGE = ["mlp-augmented", "cnn", "three-layer", "nielsen"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.thorough] * (name in LARGE)) for name in SINGLE]
)
def test_every_network_of_full_size_agrees_where_it_starts(tmp_path, name):
    network = build(name, 784, 10)
    vector = network.initialize(NETWORKS[name].init, np.random.default_rng(0))
    checkpoint.save(tmp_path / "model.safetensors", network.views(vector), {"network": name, "features": "784"})
    found = verify(load_model(tmp_path / "model.safetensors"), seed=3)
    assert found.verdict == "agree", shown(found)
    assert len(found.reports) == len(network.stages) + 1
    first = next(iter(found.reports.values()))
    if name == "mlp":  # its first matrix is too large for a look at every entry
        assert all(f.entries < f.of for f in first.findings if f.witness == "derivation")


def test_the_activations_are_those_that_the_images_make(trained, digits):
    seen = []
    first = trained.network.stages[1]

    def watched(X):
        seen.append(X)
        return first.forward(X)

    verify(with_stage(trained, 1, forward=watched), digits.test_images, digits.test_labels)
    expected = digits.test_images[:BATCH] @ trained.parameters["W1"] + trained.parameters["b1"]
    assert any(X.shape == expected.shape and np.allclose(X, expected) for X in seen)


def test_a_backward_that_is_wrong_at_its_place_is_named(trained):
    relu = trained.network.stages[3]
    wrong = with_stage(trained, 3, backward=lambda dY, X: {"dX": 1.001 * relu.backward(dY, X)["dX"]})
    found = verify(wrong, FEW)
    assert found.verdict == "disagree"
    assert [place for place, report in found.reports.items() if report.verdict == "disagree"] == ["4  relu"]
    assert found.slope.disagrees
    assert "✗  4  relu" in shown(found)
    assert "dX is wrong in the backward" in shown(found)


def test_a_backward_that_is_wrong_only_at_these_weights_is_found(trained):
    """It would pass at random inputs: it is off only where an activation is as large as trained ones are."""
    linear = trained.network.stages[2]

    def clipped(dY, X, W):
        return {**linear.backward(dY, X, W), "dW": np.minimum(X, 1).T @ dY}

    small = verify(with_stage(trained, 2, backward=clipped), np.float32(1e-3) * FEW)
    assert small.reports["3  linear"].verdict == "agree"
    large = verify(with_stage(trained, 2, backward=clipped), FEW)
    assert large.reports["3  linear"].verdict == "disagree"


def test_only_the_first_stage_may_leave_out_its_inputs_cotangent(trained, found, monkeypatch):
    linear = trained.network.stages[2]

    def without(dY, X, W):
        return {name: array for name, array in linear.backward(dY, X, W).items() if name != "dX"}

    monkeypatch.setattr("checks.verification.directional_check", lambda *_: found.slope)  # it could not run
    assert found.reports["1  linear"].verdict == "agree"
    wrong = verify(with_stage(trained, 2, backward=without), FEW)
    assert wrong.reports["3  linear"].verdict == "disagree"


def test_a_gradient_that_is_put_together_wrongly_is_found_by_the_slope(trained):
    class Swapped(Network):
        def backward(self, parameters, X, T):
            L, gradient = super().backward(parameters, X, T)
            self.views(gradient)["b1"][...] = 0
            return L, gradient

    found = verify(
        replace(
            trained, network=Swapped(**{field.name: getattr(trained.network, field.name) for field in fields(Network)})
        ),
        FEW,
    )
    assert {report.verdict for report in found.reports.values()} == {"agree"}
    assert found.verdict == "disagree"
    assert "✗ the gradient says" in shown(found)


def test_without_a_certificate_the_code_is_not_compared(trained, found):
    assert found.verdict == "agree"
    assert found.provenance.holds is None
    assert "? no certificate to compare the code with" in shown(found)
    assert "the model names one" in provenance(naming(trained, "abc"), None, []).sentence


@pytest.mark.parametrize(
    ("changes", "named", "line"),
    [
        ({}, "0" * 64, "not the certificate that the model names"),
        ({"checked": CERTIFICATES["nielsen-quadratic"].checked}, None, "says nothing of relu, softmax_cross_entropy"),
        ({"verdict": "disagree"}, None, "its verdict is disagree"),
        ({"sources": {"numeric.linear": "0" * 64}}, None, "has changed since it was certified: numeric.linear"),
        ({"sources": {"numeric.gone": "0" * 64}}, None, "has changed since it was certified: numeric.gone"),
        (
            {"sources": {f"numeric.gone{n}": "0" * 64 for n in range(8)}},
            None,
            ": numeric.gone0, numeric.gone1, numeric.gone2 and 5 more",
        ),
        ({"sources": {}}, None, "says nothing of numeric.activations"),
    ],
)
def test_a_certificate_that_does_not_fit_is_a_disagreement(trained, found, changes, named, line):
    model = naming(trained, named) if named else trained
    told = provenance(model, replace(CERTIFICATES["mlp"], **changes), list(found.reports.values()))
    assert not told.holds
    assert line in told.sentence
    wrong = replace(found, provenance=told)
    assert wrong.verdict == "disagree"
    assert f"✗ {told.sentence}" in shown(wrong)


def test_a_certificate_that_the_model_does_not_name_is_compared_all_the_same(trained, found):
    told = provenance(trained, CERTIFICATES["mlp"], list(found.reports.values()))
    assert told.holds
    assert "the model does not name it" in told.sentence


def test_the_certificate_beside_a_model_is_found(tmp_path):
    model = tmp_path / "model.safetensors"
    assert certificate_beside(model) is None
    write(CERTIFICATES["mlp"], tmp_path / CERTIFICATE)
    read = certificate_beside(model)
    assert read is not None
    assert read.digest == CERTIFICATES["mlp"].digest
    (tmp_path / CERTIFICATE).write_text("{}")
    with pytest.raises(CertificateError):
        certificate_beside(model)


@pytest.mark.parametrize(
    ("images", "labels", "line"),
    [
        (np.zeros((5, 63), np.float32), None, r"expected float32 of shape \[N, 64\]"),
        (np.zeros((5, 64)), None, "images are float64"),
        (np.zeros((0, 64), np.float32), None, "expected float32"),
        (np.full((5, 64), np.nan, np.float32), None, "no number"),
        (np.zeros((5, 64), np.float32), np.zeros(5), "the labels do not fit"),
        (np.zeros((5, 64), np.float32), np.zeros(4, np.int64), "the labels do not fit: expected 5 from 0 to 9"),
        (np.zeros((5, 64), np.float32), np.full(5, 10), "the labels do not fit"),
    ],
)
def test_images_and_labels_that_do_not_fit_are_one_line(trained, images, labels, line):
    with pytest.raises(InputError, match=line):
        verify(trained, images, labels)


def test_the_same_seed_gives_the_same_findings(trained):
    assert verify(trained, FEW, seed=5).reports == verify(trained, FEW, seed=5).reports
