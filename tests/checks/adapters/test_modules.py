"""PyTorch's modules need not be told what their weights and biases are."""

import pytest

from checks import gradcheck
from checks.adapters.modules import usual_parameters
from derivations import LAYERS

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


class Swapped(torch.nn.Module):
    """A product with a weight that is kept as the layer has it."""

    def __init__(self, D, C):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(D, C))
        self.bias = torch.nn.Parameter(torch.zeros(C))

    def forward(self, x):
        return x @ self.weight + self.bias


@pytest.mark.parametrize(
    ("module", "layer"),
    [
        (torch.nn.Linear(4, 5), "linear"),
        (torch.nn.Linear(4, 4), "linear"),
        (torch.nn.Linear(4, 5, bias=False), "linear"),
        (Swapped(4, 5), "linear"),
        (torch.nn.LayerNorm(5), "layer_norm"),
        (torch.nn.Embedding(7, 3), "embedding"),
    ],
    ids=lambda each: getattr(each, "__class__", type(each)).__name__,
)
def test_weights_and_biases_go_by_their_usual_names(module, layer):
    assert gradcheck(module, layer).verdict == "agree"


def test_what_may_be_either_is_asked_for():
    assert usual_parameters(Swapped(4, 4), LAYERS["linear"]) == {"bias": "b"}
    with pytest.raises(ValueError, match="has a parameter 'weight', linear has none: say"):
        gradcheck(Swapped(4, 4), "linear")
    assert gradcheck(Swapped(4, 4), "linear", names={"weight": "W"}).verdict == "agree"


def test_what_is_told_is_not_guessed():
    assert gradcheck(torch.nn.Linear(4, 5), "linear", names={"weight": "W.T", "bias": "b"}).verdict == "agree"
    assert gradcheck(torch.nn.Linear(4, 4), "linear", names={"weight": "W"}).verdict == "disagree"


def test_what_is_no_module_has_none():
    assert usual_parameters(len, LAYERS["linear"]) == {}
