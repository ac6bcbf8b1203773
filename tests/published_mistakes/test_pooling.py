"""Mistakes with pooling."""

import numpy as np

from checks import gradcheck
from numeric.pooling import max_pool2d

SIZES = {"N": 2, "H": 6, "W": 7, "C": 2, "R": 2, "S": 3}


def pooled(dY, X, Y, R, S, stride, pad, places):
    """The backward of a pooling that says which places of a window get what."""
    H, W = X.shape[1:3]
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)), constant_values=-np.inf)
    total = np.zeros_like(padded)
    for n, p, q, c in np.ndindex(dY.shape):
        window = (n, slice(stride * p, stride * p + R), slice(stride * q, stride * q + S), c)
        total[window] += places(padded[window]) * dY[n, p, q, c]
    return total[:, pad : pad + H, pad : pad + W]


def first(window):
    mask = np.zeros_like(window)
    mask.flat[np.argmax(window)] = 1
    return mask


def test_the_place_of_the_largest_is_right():
    def backward(dY, X, Y, R, S, stride, pad):
        return pooled(dY, X, Y, R, S, stride, pad, first)

    assert gradcheck((max_pool2d, backward), "max_pool2d", sizes=SIZES).verdict == "agree"


def test_every_largest_value_gets_the_whole(likeliest):
    """Theano/Theano, issue 5248, and course code with `mask = (x == np.max(x))`: a tie's gradient is routed twice."""

    def backward(dY, X, Y, R, S, stride, pad):
        return pooled(dY, X, Y, R, S, stride, pad, lambda window: window == window.max())

    report = gradcheck((max_pool2d, backward), "max_pool2d", sizes=SIZES)
    assert likeliest(report, "dX") == ("ties", "counted more than once")
    assert all("on a kink" in f.case for f in report.findings if f.verdict == "disagree")


def test_the_loop_ends_after_the_first_window(likeliest):
    """riccardoandreoni0/CNN-from-scratch, issue 1: a `return` that is indented once too often."""

    def backward(dY, X, Y, R, S, stride, pad):
        alone = np.zeros_like(dY)
        alone[:, 0, 0] = dY[:, 0, 0]
        return pooled(alone, X, Y, R, S, stride, pad, first)

    report = gradcheck((max_pool2d, backward), "max_pool2d", sizes=SIZES)
    assert likeliest(report, "dX") == ("part of a sum", "only the first p, q")
