"""Code that does not take what a layer has: biases and gains are told from what must not be taken for one."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.assumptions import assumed_without, neutral
from derivations import LAYERS, read_layer


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("linear", {"b": 0}),
        ("conv2d", {"b": 0}),
        ("lstm", {"b": 0}),
        ("gru", {"bx": 0, "bh": 0}),
        ("layer_norm", {"gamma": 1, "beta": 0}),
        ("rms_norm", {"gamma": 1}),
        ("batch_norm_evaluation", {"gamma": 1, "beta": 0}),  # not the variance, though eps is added to it
        ("residual_add", {}),  # what goes around a branch is as large as the branch
        ("linear_recurrence", {}),
        ("weighted_cross_entropy", {}),
        ("prelu", {}),
    ],
)
def test_biases_and_gains_are_told_from_other_tensors(layer, expected):
    assert neutral(LAYERS[layer]) == expected


def test_a_layer_of_ones_own_has_them_too():
    ours = read_layer("X[N, D]  g[D]  b[D]  Y[N, D]\nY[n, d] = g[d]*tanh(X[n, d]) + b[d]", name="ours")
    assert neutral(ours) == {"g": 1, "b": 0}
    twice = read_layer("X[N, D]  b[D]  Y[N, D]\nY[n, d] = b[d]*(X[n, d] + b[d])", name="twice")
    assert neutral(twice) == {}


def test_what_is_taken_is_not_assumed():
    assert assumed_without(LAYERS["linear"], {"X", "W", "b"}) == {}


def product(X, W):
    return X @ W


def product_backward(dY, X, W):
    return dY @ W.T, X.T @ dY


class FromSizes:
    """A linear layer without a bias, made from its sizes."""

    def __init__(self, n_in, n_out):
        self.weights = np.ones((n_in, n_out))

    def forward(self, x):
        self.x = x
        return x @ self.weights

    def backward(self, dout):
        self.dweights = self.x.T @ dout
        return dout @ self.weights.T


class FromParameters(FromSizes):
    """The same, made from its weights, with lists of parameters and gradients."""

    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0]

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout
        return dout @ self.params[0].T


class Forgetful(FromSizes):
    """Its cotangent of the weights is a mean."""

    def backward(self, dout):
        dX = super().backward(dout)
        self.dweights = self.dweights / len(dout)
        return dX


WITHOUT_BIAS = [(product, product_backward), FromSizes, FromSizes(4, 3), FromParameters]


@pytest.mark.parametrize("made", WITHOUT_BIAS, ids=["functions", "from sizes", "object", "from parameters"])
def test_a_linear_layer_without_a_bias_agrees_and_says_so(made):
    report = gradcheck(made, "linear")
    assert report.verdict == "agree", report
    assert report.assumed == {"b": 0}
    assert "looked at with b = 0" in str(report)
    assert {finding.cotangent for finding in report.findings} >= {"dX", "dW"}


@pytest.mark.parametrize("made", [Forgetful, Forgetful(4, 3)], ids=["class", "object"])
def test_what_is_wrong_with_it_is_found_and_named(made):
    report = gradcheck(made, "linear")
    assert {finding.cotangent for finding in report.findings if finding.verdict == "disagree"} == {"dW"}
    assert "times 1/N" in " ".join(str(report).split())


def test_a_bias_that_is_taken_and_forgotten_is_wrong():
    report = gradcheck((lambda X, W, b: X @ W, lambda dY, X, W, b: (dY @ W.T, X.T @ dY, dY.sum(axis=0))), "linear")
    assert report.verdict == "disagree"
    assert not report.assumed


class Normalized:
    """A layer norm of which a name tells what scales and what shifts; `plain` has neither."""

    def __init__(self, width, plain=False):
        self.plain, self.eps = plain, 1e-3
        self.running_mean = np.zeros(width)
        if not plain:
            self.scale, self.shift = np.ones(width), np.zeros(width)

    def forward(self, x):
        self.root = np.sqrt(x.var(axis=1, keepdims=True) + self.eps)
        self.xhat = (x - x.mean(axis=1, keepdims=True)) / self.root
        return self.xhat if self.plain else self.scale * self.xhat + self.shift

    def backward(self, dout):
        if not self.plain:
            self.dscale, self.dshift = (dout * self.xhat).sum(axis=0), dout.sum(axis=0)
            dout = dout * self.scale
        mean = (dout * self.xhat).mean(axis=1, keepdims=True)
        return (dout - dout.mean(axis=1, keepdims=True) - self.xhat * mean) / self.root


def test_what_an_object_has_is_not_taken_for_what_it_lacks():
    names = {"scale": "gamma", "shift": "beta"}
    for made in (Normalized, Normalized(4)):
        report = gradcheck(made, "layer_norm", names=names)
        assert report.verdict == "agree", report
        assert not report.assumed
    with pytest.raises(ValueError, match="has no attribute gamma: say which one it is"):
        gradcheck(Normalized(4), "layer_norm")
    reasons = {finding.reason.partition(" of ")[0] for finding in gradcheck(Normalized, "layer_norm").findings}
    assert reasons == {"there is no telling what Normalized calls gamma and beta"}


def test_statistics_are_no_parameters():
    report = gradcheck(Normalized(4, plain=True), "layer_norm")
    assert report.verdict == "agree", report
    assert report.assumed == {"gamma": 1, "beta": 0}


def test_square_kernels_are_told_of_code_without_a_bias():
    def places(X, K):
        H, W, R = X.shape[1], X.shape[2], len(K)
        return [(p, q, X[:, p : p + R, q : q + R]) for p in range(H - R + 1) for q in range(W - R + 1)]

    def forward(X, K):
        Y = np.zeros((len(X), X.shape[1] - len(K) + 1, X.shape[2] - len(K) + 1, K.shape[-1]))
        for p, q, patch in places(X, K):
            Y[:, p, q] = np.einsum("nrsc,rscf->nf", patch, K)
        return Y

    def backward(dY, X, K):
        dX, dK = np.zeros_like(X), np.zeros_like(K)
        for p, q, patch in places(X, K):
            dX[:, p : p + len(K), q : q + len(K)] += np.einsum("nf,rscf->nrsc", dY[:, p, q], K)
            dK += np.einsum("nrsc,nf->rscf", patch, dY[:, p, q])
        return dX, dK

    report = gradcheck((forward, backward), "conv2d")
    assert "--set R=3 --set S=3 the forward agrees" in " ".join(str(report).split())
    assert gradcheck((forward, backward), "conv2d", sizes={"R": 3, "S": 3}).verdict == "agree"
