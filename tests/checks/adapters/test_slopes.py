"""Activations and costs that are objects with a slope: classes of their own, made with options or without."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.files import load_implementation
from checks.adapters.slopes import times_slope, with_backward
from derivations import derive, read_layer


class Elu:
    """Callable, as an activation often is; its slope is worked out from its own values."""

    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def __call__(self, x):
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def gradient(self, x):
        return np.where(x > 0, 1, self(x) + self.alpha)


class Leaky:
    def __init__(self, leak):
        self.leak = leak

    def forward(self, z):
        return np.where(z > 0, z, self.leak * z)

    def derivative(self, z):
        return np.where(z > 0, np.ones_like(z), self.leak)


class Cost:
    @staticmethod
    def fn(a, y):
        return np.sum((a - y) ** 2) / (2 * len(a))

    @staticmethod
    def prime(a, y):
        return (a - y) / len(a)


class OfTheOutput:
    def fn(self, z):
        return np.tanh(z)

    def grad(self, a):
        return 1 - a**2


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("made", "layer", "names"),
    [
        (Elu, "elu", {}),
        (Elu(0.5), "elu", {}),
        (Leaky, "leaky_relu", {"leak": "slope"}),
        (Leaky(0.25), "leaky_relu", {"leak": "slope"}),
    ],
)
def test_an_activation_with_its_slope_agrees(made, layer, names, dtype):
    report = gradcheck(made, layer, names=names, dtype=dtype)
    assert report.verdict == "agree", report


@pytest.mark.parametrize("made", [Cost, Cost()])
def test_a_cost_of_static_methods_agrees(made):
    judged = [f for f in gradcheck(made, "squared_error").findings if f.cotangent in ("L", "dY")]
    assert {finding.verdict for finding in judged} == {"agree"}


def test_a_slope_of_the_output_that_is_given_the_input_is_named():
    report = gradcheck(OfTheOutput, "tanh")
    assert [diagnosis.hypothesis for diagnosis in report.diagnoses] == ["activation's derivative"]


def test_an_object_stays_what_it_was():
    made = Elu(0.5)
    twin = with_backward(made)
    assert type(made) is Elu
    assert not hasattr(made, "backward")
    assert twin.alpha == 0.5
    x = np.array([-1.0, 1.0])
    np.testing.assert_array_equal(twin.backward(np.full(2, 3.0), x), 3 * made.gradient(x))


class Slotted:
    __slots__ = ("scale",)

    def __init__(self, scale):
        self.scale = scale

    def fn(self, z):
        return np.tanh(z)

    def grad(self, z):
        return 1 - np.tanh(z) ** 2


class Borrowed:
    """Its slope is not written in Python, and shows no parameters."""

    fn = staticmethod(np.sin)
    grad = staticmethod(np.cos)


def test_an_object_with_slots_has_a_backward_too():
    assert gradcheck(Slotted(2.0), "tanh").verdict == "agree"


def test_a_slope_that_shows_no_parameters_is_refused_in_one_line():
    with pytest.raises(ValueError, match="nothing shows who differentiates Borrowed"):
        gradcheck(Borrowed, "tanh")


def test_what_has_no_slope_is_refused():
    with pytest.raises(ValueError, match="no method for a slope"):
        with_backward(np.tanh)
    with pytest.raises(ValueError, match="or with a function and its derivative"):
        gradcheck(object(), "tanh")


@pytest.mark.parametrize("name", ["squash_grad", "squash_gradient", "squash_slope", "squash_d"])
def test_a_function_of_a_file_finds_the_slope_beside_it(tmp_path, name):
    path = tmp_path / "mine.py"
    path.write_text(f"import numpy as np\ndef squash(x): return np.tanh(x)\ndef {name}(x): return 1 - np.tanh(x)**2\n")
    for made in (load_implementation(f"{path}:{name}"), load_implementation(f"{path}:{name}", "squash")):
        assert gradcheck(made, "tanh").verdict == "agree"


def test_what_takes_a_cotangent_is_no_slope(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\ndef squash(x): return np.tanh(x)\ndef squash_grad(dy, x): return dy*(1 - np.tanh(x)**2)\n"
    )
    assert gradcheck(load_implementation(f"{path}:squash_grad", "squash"), "tanh").verdict == "agree"


class Called:
    """Its call leads to its forward."""

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.state = np.tanh(x)
        return self.state

    def derivative(self):
        return 1 - self.state**2


def test_a_call_that_leads_to_a_forward_is_not_taken_for_it():
    assert gradcheck(Called, "tanh").verdict == "agree"


def test_several_slopes_at_once_are_each_multiplied():

    def both(Y, T):
        return Y - T, T - Y

    def loss(Y, T):
        return np.sum((Y - T) ** 2) / 2

    derivation = derive(read_layer("Y[N, C]  T[N, C]  L\nL = 1/2*sum[n, c]((Y[n, c] - T[n, c])**2)", "halves"))
    assert gradcheck((loss, times_slope(both)), derivation).verdict == "agree"


@pytest.mark.parametrize(
    ("forward", "slope"), [("near_loss", "near_grad"), ("near_cost", "near_gradient"), ("near", "near_grad_y")]
)
def test_the_gradient_of_a_loss_finds_it(tmp_path, forward, slope):
    path = tmp_path / "mine.py"
    path.write_text(
        f"def {forward}(y_pred, y): return sum((p - t)**2 for p, t in zip(y_pred, y)) / 2\n"
        f"def {slope}(y_pred, y): return [p - t for p, t in zip(y_pred, y)]\n"  # a list of numbers
    )
    near = derive(read_layer("Y[N]  T[N]  L\nL = sum[n]((Y[n] - T[n])**2)/2", "near"), ["Y"])
    report = gradcheck(load_implementation(f"{path}:{slope}"), near, names={"y_pred": "Y", "y": "T"})
    assert report.verdict == "agree", report


def test_a_slope_beside_a_function_of_numpy(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from numpy import tanh\ndef tanh_grad(x): return 1 - tanh(x)**2\n")
    assert gradcheck(load_implementation(f"{path}:tanh_grad"), "tanh").verdict == "agree"
