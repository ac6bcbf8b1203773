"""Code that has 1 - keep where the layer has keep, and what to type for it."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.complements import with_complements
from derivations import LAYERS


class Dropout:
    """It is made from the share that it leaves out, and draws its own mask."""

    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x):
        self.mask = np.random.binomial(1, 1 - self.p, size=x.shape) / (1 - self.p)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class Named(Dropout):
    """The share has no default, and must be given."""

    def __init__(self, rate):
        super().__init__(rate)


def masked(X, M, rate):
    return X * M / (1 - rate)


def masked_backward(dY, M, rate):
    return dY * M / (1 - rate)


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (Dropout, {"p": "1-keep"}),
        (Dropout(0.25), {"p": "1 - keep"}),
        (Named, {"rate": "1-keep"}),
        ((masked, masked_backward), {"rate": "1-keep"}),
    ],
    ids=["class", "object", "without a default", "functions"],
)
def test_the_complement_of_an_option_is_told_by_its_name(made, names):
    report = gradcheck(made, "dropout", names=names)
    assert report.verdict == "agree", report


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (Dropout(0.5), "Y is right for keep = 0.5 (where it is that for good: --set keep=0.5)"),
        (Dropout(0.25), "Y is right for keep = 0.75 (where it is that for good: --set keep=0.75)"),
        (Named, "Y is right for 1 - keep in the place of keep (where it has that instead: --name ...=1-keep)"),
        (
            (masked, masked_backward),
            "Y is right for 1 - keep in the place of keep (where it has that instead: --name ...=1-keep)",
        ),
    ],
    ids=["half", "three quarters", "without a default", "functions"],
)
def test_what_to_type_is_told(made, told):
    report = gradcheck(made, "dropout")
    assert report.verdict == "disagree"
    assert told in [diagnosis.sentence for diagnosis in report.diagnoses]


def test_what_is_told_is_right():
    assert gradcheck(Dropout(0.25), "dropout", sizes={"keep": 0.75}).verdict == "agree"


def test_a_factor_of_sizes_or_two_is_no_option():
    report = gradcheck((lambda X, M, keep: 2 * X * M / keep, lambda dY, M, keep: 2 * dY * M / keep), "dropout")
    assert report.diagnoses[0].sentence.startswith("Y is twice the true one")


@pytest.mark.parametrize(
    ("layer", "name", "there"),
    [
        ("dropout", "1-kept", "1-kept is no complement of an option of dropout that may be a fraction; it has keep"),
        ("conv1d", "1-stride", "1-stride is no complement of an option of conv1d that may be a fraction; it has none"),
    ],
)
def test_a_complement_of_nothing_is_one_line(layer, name, there):
    with pytest.raises(ValueError, match=there):
        with_complements({"rate": name}, LAYERS[layer])
