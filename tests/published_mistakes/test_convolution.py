"""Mistakes with convolutions."""

import numpy as np

from checks import gradcheck
from numeric.convolution import conv2d

SIZES = {"N": 2, "C": 2, "F": 2}


def by_hand(dY, X, K, stride, pad, dilation, *, kernel=lambda K: K, step=lambda stride: stride):
    R, S = K.shape[:2]
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dX, dK = np.zeros_like(padded), np.zeros_like(K)
    for p, q, r, s in np.ndindex(*dY.shape[1:3], R, S):
        h, w = step(stride) * p + dilation * r, step(stride) * q + dilation * s
        dX[:, h, w] += dY[:, p, q] @ kernel(K)[r, s].T
        dK[r, s] += padded[:, h, w].T @ dY[:, p, q]
    inside = (slice(None), slice(pad, pad + X.shape[1]), slice(pad, pad + X.shape[2]))
    return {"dX": dX[inside], "dK": dK, "db": dY.sum(axis=(0, 1, 2))}


def test_the_loops_are_right():
    def backward(dY, X, K, stride, pad, dilation):
        return by_hand(dY, X, K, stride, pad, dilation)

    assert gradcheck((conv2d, backward), "conv2d", sizes=SIZES).verdict == "agree"


def test_a_kernel_that_is_turned_where_it_need_not_be(likeliest):
    """ "Rotate the kernel by 180 degrees" holds for a convolution of dY; whoever scatters dY must not."""

    def backward(dY, X, K, stride, pad, dilation):
        return by_hand(dY, X, K, stride, pad, dilation, kernel=lambda K: K[::-1, ::-1])

    report = gradcheck((conv2d, backward), "conv2d", sizes=SIZES)
    assert likeliest(report, "dX") == ("operand flipped", "K along r, s")


def test_the_stride_is_forgotten():
    """Kulbear/deep-learning-coursera, pull request 34: windows of the backward that do not step by the stride."""

    def backward(dY, X, K, stride, pad, dilation):
        return by_hand(dY, X, K, stride, pad, dilation, step=lambda stride: 1)

    report = gradcheck((conv2d, backward), "conv2d", sizes=SIZES)
    wrong = {finding.case for finding in report.findings if finding.verdict == "disagree"}
    assert wrong
    assert wrong != set(report.cases)  # a stride of 1 shows nothing


def test_height_for_width():
    """Maratyszcza/NNPACK, issue 15: right for square images and kernels, wrong for all others."""

    def backward(dY, X, K, stride, pad, dilation):
        right = by_hand(dY, X, K, stride, pad, dilation)
        return right | {"dK": right["dK"].swapaxes(0, 1).reshape(K.shape)}

    assert gradcheck((conv2d, backward), "conv2d", sizes=SIZES).verdict == "disagree"
