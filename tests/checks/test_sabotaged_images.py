"""Break what works on images on purpose: flipped kernels, groups exchanged, ties routed twice, statistics mixed up."""

import functools

import numpy as np
import pytest

from checks import gradcheck
from checks.suite import rows
from derivations import LAYERS
from numeric.grouped_convolution import depthwise_conv2d_backward
from numeric.pooling import max_pool2d_backward


def replaced(layer, **mistakes):
    """The right backward, but for what is replaced: cotangent -> function of what is right and of the arguments."""
    row, *_ = rows([layer])

    @functools.wraps(row.backward)
    def backward(**arguments):
        right = row.backward(**arguments)
        return right | {name: wrong(right[name], arguments) for name, wrong in mistakes.items()}

    return backward


def with_other_arguments(layer, **changes):
    """The right backward, which is told something wrong: argument -> function of the true one."""
    row, *_ = rows([layer])

    @functools.wraps(row.backward)
    def backward(**arguments):
        return row.backward(**{**arguments, **{name: change(arguments[name]) for name, change in changes.items()}})

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


def stamps_not_added_up(dX, v):
    """Where windows overlap, the last one wins."""
    alone = np.zeros_like(dX)
    for n, p, q, _ in np.ndindex(*v["dY"].shape[:3], 1):
        for r, s in np.ndindex(v["K"].shape[:2]):
            h, w = (v["stride"] * i + v["dilation"] * k - v["pad"] for i, k in ((p, r), (q, s)))
            if 0 <= h < dX.shape[1] and 0 <= w < dX.shape[2]:
                alone[n, h, w] = v["dY"][n, p, q] * v["K"][r, s]
    return alone


def by_images(sums):
    """One sum for each image: what a group norm's dgamma and dbeta are before the images are added up."""
    return sums.sum(axis=tuple(range(1, sums.ndim - 2)))


def group_norm_by_channels(dX, v):
    """The statistics of every channel by itself, which are an instance norm's."""
    g = v["dY"] * v["gamma"]
    r = 1 / np.sqrt(v["v"] + v["eps"]).astype(dX.dtype)
    along = {"axis": (1, 2), "keepdims": True}
    return (g - g.mean(**along) - v["Xhat"] * (g * v["Xhat"]).mean(**along)) * r[:, None, None, :, None]


def reach(v):
    """The factor that stands before an instance norm's statistics."""
    return (v["gamma"] / np.sqrt(v["v"] + v["eps"]).astype(v["gamma"].dtype))[:, None, None, :]


SABOTAGES = {
    "conv1d: kernel flipped": replaced("conv1d", dK=lambda dK, v: dK[::-1]),
    "conv1d: one step late": replaced("conv1d", dX=lambda dX, v: np.roll(dX, 1, axis=1)),
    "conv2d: kernel flipped": replaced("conv2d", dK=lambda dK, v: dK[::-1, ::-1]),
    "conv2d: kernel flipped for dX": with_other_arguments("conv2d", K=lambda K: K[::-1, ::-1]),
    "conv2d: image upside down": replaced("conv2d", dX=lambda dX, v: dX[:, ::-1]),
    "conv2d: sum over the batch missing": replaced("conv2d", db=lambda db, v: v["dY"][0].sum(axis=(0, 1))),
    "conv2d: sum over places missing": replaced("conv2d", db=lambda db, v: v["dY"].sum(axis=0)),
    "conv2d: mean for a sum": replaced("conv2d", dK=lambda dK, v: dK / np.float32(len(v["X"]))),
    "conv2d: sign": replaced("conv2d", dX=lambda dX, v: -dX),
    "conv3d: sign": replaced("conv3d", dK=lambda dK, v: -dK),
    "conv3d: sum over the depth missing": replaced("conv3d", db=lambda db, v: v["dY"].sum(axis=(0, 2, 3))),
    "conv3d: kernel flipped for dX": with_other_arguments("conv3d", K=lambda K: K[::-1, ::-1, ::-1]),
    "grouped_conv1d: groups exchanged": with_other_arguments("grouped_conv1d", K=lambda K: K[:, ::-1]),
    "grouped_conv1d: one bias for all groups": replaced(
        "grouped_conv1d", db=lambda db, v: np.broadcast_to(db.sum(axis=0), db.shape).copy()
    ),
    "grouped_conv2d: groups exchanged": replaced("grouped_conv2d", dK=lambda dK, v: dK[:, :, ::-1]),
    "grouped_conv3d: groups exchanged": replaced("grouped_conv3d", dX=lambda dX, v: dX[..., ::-1, :]),
    "grouped_conv3d: mean for a sum": replaced("grouped_conv3d", dK=lambda dK, v: dK / np.float32(len(v["X"]))),
    "depthwise_conv2d: windows overwrite": replaced("depthwise_conv2d", dX=stamps_not_added_up),
    "depthwise_conv2d: kernel flipped": replaced("depthwise_conv2d", dK=lambda dK, v: dK[::-1, ::-1]),
    "depthwise_conv2d: channels mixed": lambda dY, X, K, stride, pad, dilation: depthwise_conv2d_backward(
        np.ascontiguousarray(dY[..., ::-1]), X, K, stride, pad, dilation
    ),
    "transposed_conv2d: only the first row of places": replaced(
        "transposed_conv2d", db=lambda db, v: v["dY"][0, 0].sum(axis=0)
    ),
    "transposed_conv2d: kernel flipped": with_other_arguments("transposed_conv2d", K=lambda K: K[::-1, ::-1]),
    "grouped_transposed_conv2d: groups exchanged": with_other_arguments(
        "grouped_transposed_conv2d", K=lambda K: K[:, :, ::-1]
    ),
    "grouped_transposed_conv2d: sign": replaced("grouped_transposed_conv2d", db=lambda db, v: -db),
    "max_pool2d: ties routed twice": ties_routed_twice,
    "max_pool2d: the last of equals": last_of_equals,
    "max_pool2d: overlapping windows overwrite": overlap_overwritten,
    "avg_pool2d: sum for a mean": replaced("avg_pool2d", dX=lambda dX, v: dX * np.float32(v["R"] * v["S"])),
    "global_average_pool: sum for a mean": replaced(
        "global_average_pool", dX=lambda dX, v: dX * np.float32(dX.shape[1] * dX.shape[2])
    ),
    "global_average_pool: mean over the batch, too": replaced(
        "global_average_pool", dX=lambda dX, v: dX / np.float32(len(dX))
    ),
    "global_average_pool: the first place gets it all": replaced(
        "global_average_pool", dX=lambda dX, v: dX * (np.indices(dX.shape[1:3]).sum(axis=0) == 0)[..., None]
    ),
    "group_norm: statistics of every channel": replaced("group_norm", dX=group_norm_by_channels),
    "group_norm: sign of dbeta": replaced("group_norm", dbeta=lambda dbeta, v: -dbeta),
    "group_norm: sum over images missing": replaced("group_norm", dgamma=lambda dg, v: by_images(v["dY"] * v["Xhat"])),
    "group_norm: Xhat forgotten": replaced("group_norm", dgamma=lambda dg, v: v["dY"].sum(axis=(0, 1, 2))),
    "instance_norm: statistics are constants": replaced("instance_norm", dX=lambda dX, v: v["dY"] * reach(v)),
    "instance_norm: mean is a constant": replaced(
        "instance_norm", dX=lambda dX, v: dX + v["dY"].mean(axis=(1, 2), keepdims=True) * reach(v)
    ),
    "instance_norm: mean for a sum": replaced("instance_norm", dbeta=lambda db, v: db / np.float32(len(v["dY"]))),
    "conv_relu_pool2d: the place beside the largest": with_other_arguments("conv_relu_pool2d", J=lambda J: J ^ 1),
    "conv_relu_pool2d: always the first place": with_other_arguments("conv_relu_pool2d", J=np.zeros_like),
    "conv_relu_pool2d: the relu lets all pass": with_other_arguments(
        "conv_relu_pool2d", Y=lambda Y: np.maximum(Y, np.finfo(Y.dtype).tiny)
    ),
    "conv_relu_pool2d: kernel flipped for dX": with_other_arguments("conv_relu_pool2d", K=lambda K: K[::-1, ::-1]),
    "conv_relu_pool2d: kernel flipped": replaced("conv_relu_pool2d", dK=lambda dK, v: dK[::-1, ::-1]),
    "conv_relu_pool2d: relu forgotten in db": replaced(
        "conv_relu_pool2d", db=lambda db, v: v["dY"].sum(axis=(0, 1, 2))
    ),
    "conv_relu_pool2d: sign of dX": replaced("conv_relu_pool2d", dX=lambda dX, v: -dX),
    "residual_block: what goes around is forgotten": replaced(
        "residual_block", dX=lambda dX, v: dX - v["dY"] * (v["Y"] > 0)
    ),
    "residual_block: the first relu lets all pass": with_other_arguments(
        "residual_block", Z=lambda Z: np.maximum(Z, np.finfo(Z.dtype).tiny)
    ),
    "residual_block: sign of dK1": replaced("residual_block", dK1=lambda dK, v: -dK),
}
DIAGNOSED = {
    "conv1d: kernel flipped": "flipped",
    "conv1d: one step late": "shifted",
    "conv2d: kernel flipped": "flipped",
    "conv2d: sign": "sign",
    "conv3d: sign": "sign",
    "grouped_conv3d: mean for a sum": "constant factor",
    "depthwise_conv2d: kernel flipped": "flipped",
    "grouped_transposed_conv2d: sign": "sign",
    "avg_pool2d: sum for a mean": "constant factor",
    "global_average_pool: sum for a mean": "constant factor",
    "group_norm: sign of dbeta": "sign",
    "group_norm: sum over images missing": "missing sum",
    "instance_norm: mean for a sum": "constant factor",
    "residual_block: sign of dK1": "sign",
    "conv_relu_pool2d: kernel flipped": "flipped",
    "conv_relu_pool2d: sign of dX": "sign",
}


# One small case each: the suite looks at the others.
SIZES = {"N": 3, "D": 3, "H": 4, "W": 5, "G": 2, "C": 2, "F": 2, "R": 3, "S": 2, "T": 2}
OPTIONS = {"stride": 2, "pad": 1, "dilation": 1, "output_pad": 0, "eps": 2.0**-10}


def report_on(mistake, dtype="float64"):
    name = mistake.partition(":")[0]
    row, *_ = rows([name])
    known = {size: SIZES[size] for size in LAYERS[name].size_names}
    known |= {option.name: OPTIONS[option.name] for option in LAYERS[name].options if option.name not in known}
    return gradcheck((row.forward, SABOTAGES[mistake]), name, sizes=known, dtype=dtype)


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
@pytest.mark.parametrize("mistake", SABOTAGES)
def test_every_mistake_is_noticed(mistake, dtype, request):
    if mistake not in DIAGNOSED:
        request.getfixturevalue("undiagnosed")
    report = report_on(mistake, dtype)
    assert report.verdict == "disagree", f"\n{report}"
    if mistake in DIAGNOSED:
        assert report.diagnoses[0].hypothesis == DIAGNOSED[mistake]


def test_ties_are_looked_at_on_purpose():
    (row,) = rows(["max_pool2d"])
    right = gradcheck((row.forward, max_pool2d_backward), "max_pool2d", sizes=row.sizes)
    assert right.verdict == "agree"
    assert any("on a kink" in finding.case for finding in right.findings)
