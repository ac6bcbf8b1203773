"""Dropout that draws its mask itself: a class, functions with settings, a generator of the file."""

import random

import numpy as np
import pytest
from numpy.random import default_rng as new_generator

from checks import gradcheck

RNG, OLD = np.random.default_rng(), np.random.RandomState()


class Inverted:
    def __init__(self, keep):
        self.keep = keep

    def forward(self, x, training=True):
        self.mask = (np.random.rand(*x.shape) < self.keep) / self.keep if training else 1
        return (x * self.mask).astype(x.dtype)

    def backward(self, grad):
        return (grad * self.mask).astype(grad.dtype)


class ByRate:
    """The share that is dropped, where the layer has what is kept; nothing is scaled."""

    def __init__(self, rate):
        self.rate = rate

    def forward(self, x):
        self.mask = np.random.binomial(1, 1 - self.rate, x.shape)
        return x * self.mask / (1 - self.rate)

    def backward(self, grad):
        return grad * self.mask / (1 - self.rate)


def by_settings(x, dropout_param):
    p = dropout_param["p"]
    mask = (RNG.random(x.shape) < p) / p if dropout_param["mode"] == "train" else np.ones_like(x)
    return x * mask, mask


def by_settings_backward(dout, cache):
    return dout * cache


def by_hand(x, keep):
    mask = np.array([[random.random() < keep for _ in row] for row in x])
    return x * mask / keep, mask


class WithItsOwn(Inverted):
    """Has a generator of its own."""

    def __init__(self, keep, generator=None):
        super().__init__(keep)
        self.generator = generator or np.random.default_rng(0)

    def forward(self, x):
        self.mask = (self.generator.random(x.shape) < self.keep) / self.keep
        return (x * self.mask).astype(x.dtype)


class MakesOne(Inverted):
    """Makes a generator whenever it draws."""

    def forward(self, x):
        self.mask = (np.random.default_rng().random(x.shape) < self.keep) / self.keep
        return x * self.mask


class OfTheOldKind(WithItsOwn):
    def __init__(self, keep, seed=None):
        super().__init__(keep, np.random.RandomState(seed))
        assert isinstance(OLD, np.random.RandomState)


class OfAllOfThem(Inverted):
    """Has a generator in common with all others of its kind."""

    generator = np.random.default_rng(1)

    def forward(self, x):
        self.mask = (self.generator.random(x.shape) < self.keep) / self.keep
        return x * self.mask


def by_name(x, keep):
    mask = new_generator(seed=3).random(x.shape) < keep
    return x * mask / keep, mask


def of_the_file(x, keep):
    mask = OLD.random_sample(x.shape) < keep
    return x * mask / keep, mask


class DrawsAnewFromItsOwn(WithItsOwn):
    def backward(self, grad):
        return grad * (self.generator.random(grad.shape) < self.keep) / self.keep


class Unscaled(Inverted):
    def backward(self, grad):
        return grad * (self.mask > 0)


class DrawsAnew(Inverted):
    def backward(self, grad):
        return grad * (np.random.rand(*grad.shape) < self.keep) / self.keep


@pytest.mark.parametrize(
    ("made", "options"),
    [
        (Inverted, {}),
        (Inverted, {"dtype": "float32"}),
        (Inverted(0.5), {}),
        (ByRate(0.25), {"sizes": {"keep": 0.75}}),
        ((by_settings, by_settings_backward), {"names": {"p": "keep"}}),
        ((by_hand, lambda dout, keep, cache: dout * cache / keep), {}),
        (WithItsOwn, {}),
        (WithItsOwn(0.5), {"dtype": "float32"}),
        (MakesOne, {}),
        (OfTheOldKind, {}),
        (OfTheOldKind(0.5), {}),
        (OfAllOfThem, {}),
        ((by_name, lambda dout, keep, cache: dout * cache / keep), {}),
        ((of_the_file, lambda dout, keep, cache: dout * cache / keep), {}),
    ],
    ids=[
        *("class", "float32", "object", "rate", "settings", "Python's own", "its own", "an object's own", "made anew"),
        *("old", "an old object", "its class's own", "imported by name", "old, of the file"),
    ],
)
def test_a_mask_that_the_code_draws_is_read_off(made, options):
    report = gradcheck(made, "dropout", **options)
    assert report.verdict == "agree", report
    assert report.assumed == {"M": "drawn"}
    assert "the code draws M itself: here the same one at every call" in str(report)


class DrawsInItsDtype(Inverted):
    """As PyTorch's rand_like does, it draws other numbers in another dtype."""

    def forward(self, x):
        drawn = RNG.random(x.shape, dtype=np.float32 if x.dtype == np.float32 else np.float64)
        self.mask = (drawn < self.keep).astype(x.dtype) / x.dtype.type(self.keep)
        return x * self.mask


class UnscaledInItsDtype(DrawsInItsDtype):
    def backward(self, grad):
        return grad * (self.mask > 0)


@pytest.mark.parametrize(("dtype", "told"), [("float64", "agree"), ("float32", "unresolved"), ("float16", "agree")])
def test_a_mask_is_read_off_in_the_dtype_that_it_is_drawn_in(dtype, told):
    report = gradcheck(DrawsInItsDtype, "dropout", dtype=dtype)
    assert report.verdict == "agree", report
    first, *_ = report.about("dX", "differences")
    assert first.verdict == told
    assert first.reason == ("in float64 the code draws other numbers than in float32" if dtype == "float32" else "")
    assert gradcheck(UnscaledInItsDtype, "dropout", dtype=dtype).verdict == "disagree"


def test_a_wrong_backward_behind_a_drawn_mask_is_found_and_named():
    report = gradcheck(Unscaled, "dropout")
    assert report.verdict == "disagree"
    assert [(d.hypothesis, d.mistake) for d in report.diagnoses] == [("constant factor", "keep")]


@pytest.mark.parametrize("made", [DrawsAnew, DrawsAnewFromItsOwn])
def test_a_backward_that_draws_anew_is_found(made):
    kinds = {f.witness for f in gradcheck(made, "dropout").findings if f.verdict == "disagree"}
    assert {"derivation", "same twice"} <= kinds


def test_whoever_draws_besides_is_not_disturbed():
    np.random.seed(3)
    random.seed(3)
    expected = np.random.rand(), random.random()
    np.random.seed(3)
    random.seed(3)
    gradcheck(Inverted, "dropout")
    gradcheck((by_settings, by_settings_backward), "dropout", names={"p": "keep"})
    assert (np.random.rand(), random.random()) == expected


def test_code_without_a_mask_is_still_looked_at_without():
    report = gradcheck((lambda X, keep: X / keep, lambda dY, keep: dY / keep), "dropout")
    assert report.assumed == {"M": 1}
    assert report.verdict == "agree"
