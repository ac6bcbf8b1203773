"""Break convolutions and pooling on purpose: flipped kernels, forgotten options, ties routed twice."""

import numpy as np
import pytest

from checks import gradcheck
from checks.suite import rows
from numeric.convolution import conv2d_backward
from numeric.grouped_convolution import grouped_conv2d_backward
from numeric.pooling import avg_pool2d_backward, max_pool2d_backward
from numeric.transposed_convolution import transposed_conv2d_backward


def conv2d(**mistakes):
    """The right backward of conv2d, but for what is replaced."""

    def backward(dY, X, K, stride, pad, dilation):
        right = conv2d_backward(dY, X, K, stride=stride, pad=pad, dilation=dilation)
        return right | {name: wrong(right, dY, X, K) for name, wrong in mistakes.items()}

    return backward


def ties_routed_twice(dY, X, Y, R, S, stride, pad):
    """Every place that reaches the maximum gets the cotangent, not only the first."""
    _N, H, W, _C = X.shape
    dX = np.zeros_like(X)
    for n, p, q, c in np.ndindex(Y.shape):
        for r, s in np.ndindex(R, S):
            h, w = stride * p + r - pad, stride * q + s - pad
            if 0 <= h < H and 0 <= w < W and X[n, h, w, c] == Y[n, p, q, c]:
                dX[n, h, w, c] += dY[n, p, q, c]
    return {"dX": dX}


def last_of_equals(dY, X, Y, R, S, stride, pad):
    dX = np.zeros_like(X)
    for n, p, q, c in np.ndindex(Y.shape):
        places = [(stride * p + r - pad, stride * q + s - pad) for r, s in np.ndindex(R, S)]
        inside = [(h, w) for h, w in places if 0 <= h < X.shape[1] and 0 <= w < X.shape[2]]
        h, w = [(h, w) for h, w in inside if X[n, h, w, c] == Y[n, p, q, c]][-1]
        dX[n, h, w, c] += dY[n, p, q, c]
    return {"dX": dX}


def overlap_overwritten(dY, X, Y, R, S, stride, pad):
    dX = np.zeros_like(X)
    for n, p, q, c in np.ndindex(Y.shape):
        for r, s in np.ndindex(R, S):
            h, w = stride * p + r - pad, stride * q + s - pad
            if 0 <= h < X.shape[1] and 0 <= w < X.shape[2] and X[n, h, w, c] == Y[n, p, q, c]:
                dX[n, h, w, c] = dY[n, p, q, c]
                break
    return {"dX": dX}


def groups_exchanged(dY, X, K, stride, pad, dilation):
    right = grouped_conv2d_backward(dY, X, K, stride=stride, pad=pad, dilation=dilation)
    return right | {"dK": right["dK"][:, :, ::-1]}


SABOTAGES = {
    "kernel flipped": ("conv2d", conv2d(dK=lambda right, dY, X, K: right["dK"][::-1, ::-1])),
    "kernel flipped for dX": (
        "conv2d",
        lambda dY, X, K, stride, pad, dilation: conv2d_backward(
            dY, X, K[::-1, ::-1], stride=stride, pad=pad, dilation=dilation
        ),
    ),
    "image upside down": ("conv2d", conv2d(dX=lambda right, dY, X, K: right["dX"][:, ::-1])),
    "sum over the batch missing": ("conv2d", conv2d(db=lambda right, dY, X, K: dY[0].sum(axis=(0, 1)))),
    "sum over places missing": ("conv2d", conv2d(db=lambda right, dY, X, K: dY.sum(axis=0))),
    "mean for a sum": ("conv2d", conv2d(dK=lambda right, dY, X, K: right["dK"] / np.float32(len(X)))),
    "sign": ("conv2d", conv2d(dX=lambda right, dY, X, K: -right["dX"])),
    "groups exchanged": ("grouped_conv2d", groups_exchanged),
    "stamps not added up": (
        "transposed_conv2d",
        lambda dY, X, K, stride, pad: (
            transposed_conv2d_backward(dY, X, K, stride=stride, pad=pad) | {"db": dY[0, 0].sum(axis=0)}
        ),
    ),
    "ties routed twice": ("max_pool2d", ties_routed_twice),
    "the last of equals": ("max_pool2d", last_of_equals),
    "overlapping windows overwrite": ("max_pool2d", overlap_overwritten),
    "sum for a mean": (
        "avg_pool2d",
        lambda dY, X, R, S, stride, pad: {
            "dX": avg_pool2d_backward(dY, X, R, S, stride=stride, pad=pad)["dX"] * np.float32(R * S)
        },
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mistake", SABOTAGES)
def test_every_mistake_is_noticed(mistake, dtype):
    name, backward = SABOTAGES[mistake]
    (row,) = rows([name])
    report = gradcheck((row.forward, backward), name, sizes=row.sizes, dtype=dtype)
    assert report.verdict == "disagree", f"\n{report}"


def test_the_likeliest_diagnosis_names_a_flipped_kernel_and_a_sign():
    for mistake, hypothesis in {"kernel flipped": "flipped", "sign": "sign"}.items():
        name, backward = SABOTAGES[mistake]
        (row,) = rows([name])
        assert gradcheck((row.forward, backward), name, sizes=row.sizes).diagnoses[0].hypothesis == hypothesis


def test_ties_are_looked_at_on_purpose():
    (row,) = rows(["max_pool2d"])
    right = gradcheck((row.forward, max_pool2d_backward), "max_pool2d", sizes=row.sizes)
    assert right.verdict == "agree"
    assert any("on a kink" in finding.case for finding in right.findings)
