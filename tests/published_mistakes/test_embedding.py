"""Mistakes with tables of rows."""

import numpy as np

from checks import gradcheck
from numeric.linear import embedding


def test_repeated_ids_overwrite_each_other(likeliest):
    """HIPS/autograd, issue 39; pytorch/pytorch, issue 1528; karpathy/nn-zero-to-hero, issue 57: a row that occurs
    twice gets one share, as NumPy's `dW[T] += dY` adds up no repeated places.
    """

    def backward(dY, T, W):
        dW = np.zeros_like(W)
        dW[T] += dY
        return dW

    assert likeliest(gradcheck((embedding, backward), "embedding"), "dW") == ("overwritten", "the last n")
