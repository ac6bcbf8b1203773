"""Break activations, losses, penalties, products and structure on purpose: terms, options and ties forgotten."""

import functools

import numpy as np
import pytest
from scipy.special import expit

from checks import gradcheck
from checks.suite import rows
from numeric import activations, losses, rectifiers


def tampered(layer, **changes):
    """The right backward, but for what is changed: cotangent -> function of it and of the backward's arguments."""
    row, *_ = rows([layer])

    @functools.wraps(row.backward)
    def backward(**arguments):
        returned = row.backward(**arguments)
        return returned | {name: change(returned[name], arguments) for name, change in changes.items()}

    return backward


def halves_swapped(dX, _):
    return np.roll(dX, dX.shape[1] // 2, axis=1)


def every_tie(dY, X):
    return {"dX": dY[:, :, None] * (X.max(axis=2, keepdims=True) == X)}


def assigned(dY, W, T):
    dW = np.zeros_like(W)
    dW[T] = dY
    return {"dW": dW}


def label_counted_once(dL, Z, T, margin):
    dZ = losses.nll_backward(dL, Z, T)["dY"]
    rows_ = np.arange(len(T))
    missing = Z + Z.dtype.type(margin) - Z[rows_, T][:, None] > 0
    missing[rows_, T] = False
    return {"dZ": dZ + missing * Z.dtype.type(dL / len(Z))}


def one(values):
    return values["dY"].dtype.type(1)


SABOTAGES = {
    "identity: halved": tampered("identity", dX=lambda dX, _: dX / 2),
    "leaky_relu: slope forgotten": lambda dY, X, slope: {"dX": dY * (X > 0)},
    "leaky_relu: slope 1 at zero": lambda dY, X, slope: {"dX": np.where(X >= 0, dY, float(slope) * dY)},
    "prelu: positive entries teach the slope": tampered("prelu", da=lambda _, v: (v["dY"] * v["X"]).sum(axis=0)),
    "prelu: one slope for all": tampered("prelu", da=lambda da, _: np.full_like(da, da.sum())),
    "elu: alpha forgotten": lambda dY, X, alpha: rectifiers.elu_backward(dY, X, 1.0),
    "selu: scale forgotten": tampered("selu", dX=lambda dX, _: dX / dX.dtype.type(rectifiers.SELU_SCALE)),
    "celu: slope of elu": lambda dY, X, alpha: rectifiers.elu_backward(dY, X, alpha),
    "gelu: density forgotten": lambda dY, Y, X: {"dX": dY * Y / X},
    "gelu: slope of gelu_tanh": lambda dY, X: rectifiers.gelu_tanh_backward(dY, X),
    "gelu_tanh: slope of gelu": lambda dY, X: rectifiers.gelu_backward(dY, X),
    "silu: product rule forgotten": lambda dY, X: {"dX": dY * expit(X)},
    "mish: slope of silu": lambda dY, X: rectifiers.silu_backward(dY, X),
    "softplus: beta forgotten": lambda dY, X, beta: activations.softplus_backward(dY, X, 1.0),
    "softsign: square forgotten": lambda dY, X: {"dX": dY / (1 + np.abs(X))},
    "hard_sigmoid: 1/6 forgotten": tampered("hard_sigmoid", dX=lambda dX, _: 6 * dX),
    "hard_tanh: slope 1 at its corners": lambda dY, X: {"dX": dY * (np.abs(X) <= 1)},
    "hard_swish: product rule forgotten": lambda dY, X: {"dX": dY * np.clip(X / 6 + one({"dY": X}) / 2, 0, 1)},
    "log_sigmoid: sigmoid of X": lambda dY, X: {"dX": dY * expit(X)},
    "log_softmax: sum forgotten": lambda dY, Y: {"dZ": dY - np.exp(Y) * dY},
    "log_softmax: backward of softmax": lambda dY, Y: activations.softmax_backward(dY, np.exp(Y)),
    "glu: halves swapped": tampered("glu", dX=halves_swapped),
    "swiglu: halves swapped": tampered("swiglu", dX=halves_swapped),
    "maxout: every tie gets it": every_tie,
    "mean_squared_error: 2 forgotten": tampered("mean_squared_error", dY=lambda dY, _: dY / 2),
    "mean_squared_error: sign of dT": tampered("mean_squared_error", dT=lambda dT, _: -dT),
    "absolute_error: mean over N alone": tampered("absolute_error", dY=lambda dY, _: dY * dY.shape[1]),
    "huber: never cut off": tampered(
        "huber", dY=lambda _, v: (v["Y"] - v["T"]) * v["Y"].dtype.type(v["dL"] / v["Y"].size)
    ),
    "binary_cross_entropy: slope at the logit": tampered(
        "binary_cross_entropy", dP=lambda dP, v: dP * v["P"] * (1 - v["P"])
    ),
    "nll: sign": tampered("nll", dY=lambda dY, _: -dY),
    "smoothed_softmax_cross_entropy: eps forgotten": lambda dL, P, T: losses.softmax_cross_entropy_backward(dL, P, T),
    "weighted_cross_entropy: weights forgotten": tampered(
        "weighted_cross_entropy", dZ=lambda _, v: losses.softmax_cross_entropy_backward(v["dL"], v["P"], v["T"])["dZ"]
    ),
    "weighted_cross_entropy: the mean's weights are constants": tampered(
        "weighted_cross_entropy",
        dw=lambda dw, v: np.bincount(v["T"], v["S"] * v["dL"] / v["w"][v["T"]].sum(), len(dw)).astype(dw.dtype),
    ),
    "kl_divergence: 1 forgotten": tampered("kl_divergence", dP=lambda dP, v: dP - dP.dtype.type(v["dL"] / len(dP))),
    "kl_divergence: sign of dQ": tampered("kl_divergence", dQ=lambda dQ, _: -dQ),
    "focal: gamma's term forgotten": lambda dL, Z, P, T: {
        "dZ": np.where(T == 1, -1, 1).astype(Z.dtype) * (1 - P) ** 3 * Z.dtype.type(dL / len(Z))
    },
    "hinge: label counted once": label_counted_once,
    "triplet: not cut off": lambda dL, A, P, Q: {
        name: A.dtype.type(2 * dL / len(A)) * value for name, value in {"dA": Q - P, "dP": P - A, "dQ": A - Q}.items()
    },
    "triplet: 2 forgotten": tampered("triplet", dA=lambda dA, _: dA / 2),
    "cosine_similarity: lengths are constants": tampered(
        "cosine_similarity", dA=lambda _, v: (v["dY"] / (v["p"] * v["q"]))[:, None] * v["B"]
    ),
    "l1_penalty: slope of l2": lambda dL, W, lam: {"dW": W * W.dtype.type(dL * lam)},
    "elastic_net: lam2 doubled": tampered(
        "elastic_net", dW=lambda dW, v: dW + v["W"] * dW.dtype.type(v["dL"] * v["lam2"])
    ),
    "bilinear: the other side forgotten": tampered(
        "bilinear", dX1=lambda _, v: np.einsum("dec,nc->nd", v["W"], v["dY"]).astype(v["dY"].dtype)
    ),
    "bilinear: db not summed": tampered("bilinear", db=lambda db, v: v["dY"][0].copy()),
    "embedding: = for +=": assigned,
    "low_rank_linear: alpha/R forgotten": tampered("low_rank_linear", dB=lambda _, v: v["H"].T @ v["dY"]),
    "low_rank_linear: the correction hands nothing back": tampered(
        "low_rank_linear", dX=lambda _, v: v["dY"] @ v["W"].T
    ),
    "dropout: keep forgotten": lambda dY, M: {"dX": dY * M.astype(dY.dtype)},
    "dropout: mask forgotten": lambda dY, keep: {"dX": dY / float(keep)},
    "concatenate: off by one": tampered(
        "concatenate", dB=lambda dB, v: np.roll(v["dY"], 1, 1)[:, -dB.shape[1] :].copy()
    ),
    "pad: cut at the wrong side": lambda dY, X, top, bottom, left, right: {
        "dX": dY[:, bottom : bottom + X.shape[1], right : right + X.shape[2]].copy()
    },
    "transpose: reshaped": tampered("transpose", dX=lambda dX, v: v["dY"].reshape(dX.shape).copy()),
    "residual_add: the branch gets nothing": tampered("residual_add", dF=lambda dF, _: np.zeros_like(dF)),
    "nearest_upsampling: mean for a sum": tampered("nearest_upsampling", dX=lambda dX, v: dX / (v["R"] * v["S"])),
    "pixel_shuffle: channels first": tampered(
        "pixel_shuffle",
        dX=lambda dX, v: dX.reshape(*dX.shape[:3], v["R"] ** 2, -1).swapaxes(3, 4).reshape(dX.shape).copy(),
    ),
    "flatten: columns first": tampered("flatten", dX=lambda dX, v: v["dY"].reshape(dX.shape, order="F").copy()),
}
DIAGNOSED = {
    "identity: halved": "constant factor",
    "nll: sign": "sign",
    "leaky_relu: slope 1 at zero": "convention",
    "hard_tanh: slope 1 at its corners": "convention",
    "mean_squared_error: sign of dT": "sign",
    "kl_divergence: sign of dQ": "sign",
    "absolute_error: mean over N alone": "constant factor",
    "residual_add: the branch gets nothing": "zero",
}


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
@pytest.mark.parametrize("mistake", SABOTAGES)
def test_every_mistake_is_noticed_by_either_witness(mistake, dtype, request):
    if mistake not in DIAGNOSED:
        request.getfixturevalue("undiagnosed")
    layer = mistake.partition(":")[0]
    row, *_ = rows([layer])
    report = gradcheck((row.forward, SABOTAGES[mistake]), layer, sizes=row.sizes, dtype=dtype)
    assert report.verdict == "disagree", str(report)
    wrong = {finding.witness for finding in report.findings if finding.verdict == "disagree"}
    assert wrong & {"shape"} or wrong >= {"derivation", "differences"}
    if mistake in DIAGNOSED:
        assert report.diagnoses[0].hypothesis == DIAGNOSED[mistake]


KINKED = {
    "leaky_relu": {},
    "prelu": {},
    "elu": {},
    "selu": {},
    "celu": {},
    "softsign": {},
    "hard_tanh": {},
    "hard_sigmoid": {},
    "hard_swish": {},
    "maxout": {},
    "absolute_error": {},
    "huber": {"delta": 1.0},
    "hinge": {"margin": 1.0},
    "l1_penalty": {},
    "elastic_net": {},
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layer", KINKED)
def test_corners_and_ties_are_looked_at_on_purpose_and_agree(layer, dtype):
    row, *_ = rows([layer])
    pair = (row.forward, row.backward)
    report = gradcheck(pair, layer, sizes=KINKED[layer], dtype=dtype, witnesses=["derivation"])
    there = [f for f in report.findings if f.case.endswith("on a kink") and f.witness == "derivation"]
    assert {finding.verdict for finding in there} == {"agree"}
    assert report.verdict == "agree"


def test_a_triplet_that_keeps_its_margin_exactly_has_slope_0():
    row, *_ = rows(["triplet"])
    kept, missed = [[1.0, 0.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 0.5]]
    inputs = {"A": [[0.0, 0.0]] * 2, "P": [kept[0], missed[0]], "Q": [kept[1], missed[1]], "margin": 1.0, "dL": 0.5}
    report = gradcheck((row.forward, row.backward), "triplet", inputs=inputs)
    assert report.verdict == "agree", str(report)


def test_a_row_of_exactly_the_length_eps_counts_as_a_shorter_one():
    row, *_ = rows(["cosine_similarity"])
    inputs = {"A": [[0.6 * 5, 0.8 * 5]], "B": [[3.0, 1.0]], "eps": 5.0, "dY": [0.75]}
    for eps, expected in ((5.0, 0.0), (4.0, 1.0)):
        report = gradcheck((row.forward, row.backward), "cosine_similarity", inputs=inputs | {"eps": eps})
        assert report.verdict == "agree", str(report)
        slope = row.backward(
            **{name: np.array(value) for name, value in inputs.items() if name != "eps"},
            **row.forward(np.array(inputs["A"]), np.array(inputs["B"]), eps),
            eps=eps,
        )["dA"]
        along = float((slope * inputs["A"]).sum())
        assert (abs(along) < 1e-12) == bool(expected)  # a longer row's cosine does not change along itself
