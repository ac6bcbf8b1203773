"""Backwards written by hand on PyTorch's tensors: they get tensors where their file means them, and no autograd."""

import textwrap
from collections import namedtuple

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.files import load_implementation
from checks.adapters.tensors import alike, array_of, is_tensor, modules_seen_by, on_device, on_tensors

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

ONLY_TENSORS = """
    import torch


    class Linear:
        def __init__(self, fan_in, fan_out, bias=True):
            self.weight = torch.randn((fan_in, fan_out)) / fan_in**0.5
            self.bias = torch.zeros(fan_out) if bias else None

        def forward(self, x):
            self.x = x
            self.out = x @ self.weight
            if self.bias is not None:
                self.out = self.out + self.bias
            return self.out

        def backward(self, dout):
            self.dweight = self.x.T @ dout
            self.dbias = dout.sum(dim=0)
            return dout @ self.weight.T


    class Averaged(Linear):
        def backward(self, dout):
            dx = super().backward(dout)
            self.dweight = self.dweight / dout.size(0)
            return dx


    class Stepping(Linear):
        def backward(self, dout, learning_rate):
            dx = dout @ self.weight.T
            self.weight = self.weight - learning_rate * self.x.T @ dout
            self.bias = self.bias - learning_rate * dout.sum(dim=0)
            return dx


    class Listed:
        def __init__(self, W, b):
            self.params, self.grads = [W, b], [torch.zeros_like(W), torch.zeros_like(b)]

        def forward(self, x):
            self.x = x
            return x.mm(self.params[0]) + self.params[1]

        def backward(self, dout):
            self.grads[0][...] = self.x.t().mm(dout)
            self.grads[1][...] = dout.sum(dim=0)
            return dout.mm(self.params[0].t())


    class Tanh:
        def forward(self, x):
            self.out = torch.tanh(x)
            return self.out

        def backward(self, dout):
            return dout * (1 - self.out**2)


    class Wrong(Tanh):
        def backward(self, dout):
            return dout * (1 - self.out)


    class Norm:
        @staticmethod
        def forward(x, w, b, eps):
            mean = x.sum(-1, keepdim=True) / x.size(-1)
            rstd = (((x - mean) ** 2).sum(-1, keepdim=True) / x.size(-1) + eps) ** -0.5
            return (x - mean) * rstd * w + b, (x, w, mean, rstd)

        @staticmethod
        def backward(dout, cache):
            x, w, mean, rstd = cache
            norm = (x - mean) * rstd
            dnorm = dout * w
            dx = dnorm - dnorm.mean(-1, keepdim=True) - norm * (dnorm * norm).mean(-1, keepdim=True)
            return dx * rstd, (dout * norm).sum(0), dout.sum(0)


    def cross_entropy_forward(logits, targets):
        norm = logits - logits.max(1, keepdim=True).values
        probs = norm.exp() / norm.exp().sum(1, keepdim=True)
        return -probs.log()[range(len(targets)), targets].mean(), (probs, targets)


    def cross_entropy_backward(dL, cache):
        probs, targets = cache
        dlogits = probs.clone()
        dlogits[range(len(targets)), targets] -= 1
        return dL * dlogits / len(targets)


    class Slotted:
        __slots__ = ("W", "b", "x", "dW", "db")

        def __init__(self, n_in, n_out):
            self.W, self.b = torch.ones(n_in, n_out), torch.zeros(n_out)

        def forward(self, x):
            self.x = x
            return x.mm(self.W) + self.b

        def backward(self, dout):
            self.dW, self.db = self.x.t().mm(dout), dout.sum(dim=0)
            return dout.mm(self.W.t())


    class Picky(Tanh):
        def __init_subclass__(cls, *, needed):
            pass


    slotted = Slotted(4, 5)
    linear = Linear(4, 5)
    without_bias = Linear(4, 5, bias=False)
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("theirs") / "tensors_alone.py"
    path.write_text(textwrap.dedent(ONLY_TENSORS))
    return path


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("Linear", "linear"),
        ("linear", "linear"),
        ("without_bias", "linear"),
        ("Stepping", "linear"),
        ("slotted", "linear"),
        ("Listed", "linear"),
        ("Tanh", "tanh"),
        ("Norm", "layer_norm"),
        ("cross_entropy_backward", "softmax_cross_entropy"),
    ],
)
def test_what_is_right_agrees(file, name, layer):
    report = gradcheck(load_implementation(f"{file}:{name}"), layer)
    assert report.verdict == "agree", report
    assert report.implementation in (name, "Linear", "Slotted", "cross_entropy_forward")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_it_runs_in_its_dtype(file, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    assert gradcheck(load_implementation(f"{file}:Tanh"), "tanh", dtype=dtype).verdict == "agree"


@pytest.mark.parametrize(
    ("name", "layer", "cause"),
    [("Averaged", "linear", "dW is the true one times 1/N"), ("Wrong", "tanh", "dX takes Y[n, d] for Y[n, d]**2")],
)
def test_what_is_wrong_is_found_and_named(file, name, layer, cause):
    report = gradcheck(load_implementation(f"{file}:{name}"), layer)
    assert report.verdict == "disagree"
    assert cause in " ".join(str(report).split())


def test_a_class_that_lets_none_be_made_of_it_is_one_line(file):
    with pytest.raises(ValueError, match="no class can be made of Picky that takes arrays"):
        gradcheck(load_implementation(f"{file}:Picky"), "tanh")


def test_an_object_is_left_as_it_was(file):
    made = load_implementation(f"{file}:linear")
    weight, attributes = made.weight.clone(), set(vars(made))
    gradcheck(made, "linear")
    assert torch.equal(made.weight, weight)
    assert set(vars(made)) == attributes


def test_arrays_come_first_where_a_file_may_mean_either():
    """This file imports both."""
    given = set()

    def forward(X):
        given.add(type(X).__name__)
        return np.tanh(X)

    report = gradcheck((forward, lambda dY, Y: dY * (1 - Y**2)), "tanh")
    assert report.verdict == "agree", report
    assert "ndarray" in given
    assert "Tensor" not in given


def test_tensors_come_in_where_arrays_do_not_get_through():
    report = gradcheck((lambda X: torch.tanh(X), lambda dY, Y: dY * (1 - Y.square())), "tanh")
    assert report.verdict == "agree", report


def test_what_gets_through_with_neither_is_a_finding():
    def forward(X):
        raise RuntimeError(f"no {type(X).__name__}")

    report = gradcheck((forward, forward), "tanh")
    assert {finding.witness for finding in report.findings} == {"raises"}


def test_a_function_on_tensors_is_left_alone_among_its_like():
    Kept = namedtuple("Kept", "x scale")

    def scaled(x, kept=None, **more):
        return x * 2 if kept is None else (x, kept, more)

    face = on_tensors(scaled, on_device("torch", "cpu"))
    x = np.arange(3.0)
    np.testing.assert_array_equal(face(x), 2 * x)
    assert is_tensor(face(torch.arange(3.0)))
    kept = Kept(torch.ones(2), 3)
    first, cache, more = face(x, kept, weights=[x, 1], named={"W": x})
    assert isinstance(first, np.ndarray)
    assert cache is kept
    assert is_tensor(more["weights"][0])
    assert is_tensor(more["named"]["W"])


def test_tensors_and_arrays_stand_for_each_other():
    tensor, array = torch.ones(2, dtype=torch.float64), np.arange(2.0)
    assert is_tensor(tensor)
    assert is_tensor(torch.nn.Parameter(tensor))
    assert not is_tensor(array)
    np.testing.assert_array_equal(array_of(torch.nn.Parameter(tensor)), np.ones(2))
    assert array_of("text") == "text"
    assert torch.equal(alike(array, tensor), torch.arange(2, dtype=torch.float64))
    assert alike(array, array) is array


def test_what_a_file_imports_is_seen_from_its_functions(file):
    assert modules_seen_by(load_implementation(f"{file}:Linear").forward) == {"torch"}
    assert {"torch", "numpy"} <= modules_seen_by(test_an_object_is_left_as_it_was)
    assert modules_seen_by(len) == set()
