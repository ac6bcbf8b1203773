"""What is said of an operand is so: which place is read, and what is no coincidence."""

import numpy as np
import pytest

from checks import gradcheck
from derivations import read_layer


def causes(pair, text):
    return [d.sentence for d in gradcheck(pair, read_layer(text)).diagnoses]


@pytest.mark.parametrize(("by", "place"), [(1, "t - 1"), (-1, "t + 1")])
def test_a_place_that_is_read_for_another_is_shown(by, place):
    pair = (lambda X, V: X * V, lambda dY, X, V: {"dX": dY * np.roll(V, by, axis=0), "dV": dY * X})
    told = causes(pair, "X[T, N] V[T, N] Y[T, N]\nY[t, n] = X[t, n]*V[t, n]")
    assert told == [f"dX reads V[{place}, n] where V[t, n] belongs"]


GATED = """X[N, D]  W[D, C]  b[C]  Y[N, C]
Y[n, c] = maximum(0, sum[d](X[n, d]*W[d, c]) + b[c])
"""


def gated(X, W, b):
    return np.maximum(X @ W + b, 0.0)


def without_its_mask(dY, X, W):
    return {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(axis=0)}


def test_a_mask_that_is_forgotten_is_no_matter_of_axes_or_of_a_bias():
    told = causes((gated, without_its_mask), GATED)
    assert told
    assert not any("wrong axis" in sentence or "leaves b out" in sentence for sentence in told)


def test_one_size_for_another_is_told_as_such():
    pair = (lambda X: X.mean(axis=(0, 1)), lambda dY, X: np.broadcast_to(dY, X.shape) / len(X) ** 2)
    (told,) = causes(pair, "X[H, W, C] Y[C]\nY[c] = mean[h, w](X[h, w, c])")
    assert told.startswith("dX is the true one times W/H")
    assert told.endswith("divided by H where W belongs")
