"""Classes of small autograd engines, whose methods are given a context and no object."""

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.contexts import takes_context
from checks.adapters.files import load_implementation


class Sigmoid:
    """What it saves are attributes."""

    @staticmethod
    def forward(ctx, x):
        ctx.y = 1 / (1 + np.exp(-x))
        return ctx.y

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.y * (1 - ctx.y)


class Dot:
    """What it saves are tensors."""

    @classmethod
    def forward(cls, ctx, input, weight):
        ctx.save_for_backward(input, weight)
        return input.dot(weight)

    @classmethod
    def backward(cls, ctx, grad_output):
        input, weight = ctx.saved_tensors
        return grad_output.dot(weight.T), input.T.dot(grad_output)


class Doubled(Dot):
    @classmethod
    def backward(cls, ctx, grad_output):
        input, weight = ctx.saved_values
        return grad_output.dot(weight.T), 2 * input.T.dot(grad_output)


class Square:
    """An object of its own; only its forward has a context."""

    def forward(self, ctx):
        self.x = ctx
        return ctx + 0

    def backward(self, dout):
        return dout


@pytest.mark.parametrize(("made", "layer"), [(Sigmoid, "sigmoid"), (Dot, "linear")])
def test_what_is_right_agrees(made, layer):
    assert gradcheck(made, layer).verdict == "agree"


def test_what_is_wrong_is_found_and_named():
    report = gradcheck(Doubled, "linear")
    assert {finding.cotangent for finding in report.findings if finding.verdict == "disagree"} == {"dW"}
    assert "dW is twice the true one" in str(report)


WITH_A_CONTEXT_OF_ITS_OWN = """
import numpy as np


class Context:
    def keep(self, value):
        self.kept = value


class Tanh:
    @staticmethod
    def forward(ctx, x):
        ctx.keep(np.tanh(x))
        return ctx.kept

    @staticmethod
    def backward(ctx, dout):
        return dout * (1 - ctx.kept**2)
"""


def test_the_context_of_the_file_is_taken(tmp_path):
    file = tmp_path / "engine.py"
    file.write_text(WITH_A_CONTEXT_OF_ITS_OWN)
    assert gradcheck(load_implementation(f"{file}:Tanh"), "tanh").verdict == "agree"


def test_an_object_takes_none():
    methods = ("forward", "backward")
    assert takes_context(Sigmoid, methods)
    assert not takes_context(Sigmoid(), methods)
    assert not takes_context(Square, methods)
    assert gradcheck(Square, "identity").verdict == "agree"
