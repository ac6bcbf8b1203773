"""Break the normalizations on purpose: statistics treated as constants, sums left out, factors forgotten."""

import numpy as np
import pytest

from checks import gradcheck
from checks.suite import rows
from numeric import normalization


def centred(dY, gamma, Xhat, v, eps, axis, *, mean=True, variance=True, factor=1.0):
    """A batch or layer norm's dX with some of its terms left out."""
    g = dY * gamma
    dX = g.copy()
    if mean:
        dX -= g.mean(axis=axis, keepdims=True)
    if variance:
        dX -= Xhat * (g * Xhat).mean(axis=axis, keepdims=True)
    return dX * np.float32(factor) / np.sqrt(np.expand_dims(v, axis) + eps)


def batch_norm(dX=None, dgamma=None, dbeta=None):
    def backward(dY, gamma, Xhat, v, eps):
        return {
            "dX": dX(dY, gamma, Xhat, v, eps) if dX else centred(dY, gamma, Xhat, v, eps, 0),
            "dgamma": dgamma(dY, Xhat) if dgamma else (dY * Xhat).sum(axis=0),
            "dbeta": dbeta(dY) if dbeta else dY.sum(axis=0),
        }

    return backward


def layer_norm(dX):
    def backward(dY, gamma, Xhat, v, eps):
        return {"dX": dX(dY, gamma, Xhat, v, eps), "dgamma": (dY * Xhat).sum(axis=0), "dbeta": dY.sum(axis=0)}

    return backward


def weight_norm_direction_forgotten(dW, V, g, r):
    return {"dV": dW * g / r, "dg": (dW * V).sum(axis=0) / r}


def evaluation_variance_sign(dY, X, gamma, mu, v, eps):
    r = 1 / np.sqrt(v + eps)
    s = (dY * (X - mu)).sum(axis=0)
    return {
        "dX": dY * gamma * r,
        "dgamma": s * r,
        "dbeta": dY.sum(axis=0),
        "dmu": -gamma * r * dY.sum(axis=0),
        "dv": gamma * r**3 * s / 2,
    }


SABOTAGES = {
    "batch_norm: statistics are constants": (
        "batch_norm",
        batch_norm(dX=lambda *a: centred(*a, 0, mean=False, variance=False)),
    ),
    "batch_norm: mean is a constant": ("batch_norm", batch_norm(dX=lambda *a: centred(*a, 0, mean=False))),
    "batch_norm: variance is a constant": ("batch_norm", batch_norm(dX=lambda *a: centred(*a, 0, variance=False))),
    "batch_norm: sign": ("batch_norm", batch_norm(dX=lambda *a: centred(*a, 0, factor=-1))),
    "batch_norm: sum missing": ("batch_norm", batch_norm(dbeta=lambda dY: dY)),
    "batch_norm: mean for a sum": ("batch_norm", batch_norm(dgamma=lambda dY, Xhat: (dY * Xhat).mean(axis=0))),
    "batch_norm: Xhat forgotten": ("batch_norm", batch_norm(dgamma=lambda dY, Xhat: dY.sum(axis=0))),
    "layer_norm: gamma outside": (
        "layer_norm",
        layer_norm(lambda dY, gamma, Xhat, v, eps: gamma * centred(dY, np.ones_like(gamma), Xhat, v, eps, 1)),
    ),
    "layer_norm: mean is a constant": ("layer_norm", layer_norm(lambda *a: centred(*a, 1, mean=False))),
    "layer_norm: eps forgotten": (
        "layer_norm",
        layer_norm(lambda dY, gamma, Xhat, v, eps: centred(dY, gamma, Xhat, v + np.float32(1e-3), eps, 1)),
    ),
    "rms_norm: a mean is taken off": (
        "rms_norm",
        lambda dY, gamma, Xhat, v, eps: {
            "dX": centred(dY, gamma, Xhat, v, eps, 1),
            "dgamma": (dY * Xhat).sum(axis=0),
        },
    ),
    "batch_norm_evaluation: sign of dv": ("batch_norm_evaluation", evaluation_variance_sign),
    "weight_norm: direction forgotten": ("weight_norm", weight_norm_direction_forgotten),
    "l2_normalization: length is a constant": ("l2_normalization", lambda dY, r: dY / r[:, None]),
}
DIAGNOSED = {
    "batch_norm: sign": "sign",
    "batch_norm: sum missing": "missing sum",
    "batch_norm: mean for a sum": "constant factor",
}


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
@pytest.mark.parametrize("mistake", SABOTAGES)
def test_every_mistake_is_noticed_by_either_witness(mistake, dtype, request):
    if mistake not in DIAGNOSED:
        request.getfixturevalue("undiagnosed")
    name, backward = SABOTAGES[mistake]
    (row,) = rows([name])
    report = gradcheck((row.forward, backward), name, dtype=dtype)
    assert report.verdict == "disagree"
    wrong = {finding.witness for finding in report.findings if finding.verdict == "disagree"}
    assert wrong & {"shape"} or wrong >= {"derivation", "differences"}
    if mistake in DIAGNOSED:
        assert report.diagnoses[0].hypothesis == DIAGNOSED[mistake]


@pytest.mark.parametrize("offset", [1.0, 1e3])
def test_a_row_far_from_zero_is_normalized_rightly_in_float32(offset):
    (row,) = rows(["layer_norm"])
    rng = np.random.default_rng(0)
    inputs = {"X": offset + rng.normal(size=(3, 40)), "gamma": rng.normal(size=40), "beta": rng.normal(size=40)}
    inputs |= {"eps": 2.0**-16, "dY": rng.normal(size=(3, 40))}
    report = gradcheck((row.forward, row.backward), "layer_norm", inputs=inputs, dtype="float32")
    assert report.verdict == "agree", str(report)


@pytest.mark.parametrize("layer", ["layer_norm", "rms_norm"])
def test_blocks_of_rows_add_up(layer, monkeypatch):
    (row,) = rows([layer])
    monkeypatch.setattr(normalization, "BLOCK_BYTES", 2 * 3 * 8)
    right = gradcheck((row.forward, row.backward), layer, sizes={"N": 5, "D": 3}, witnesses=["derivation"])
    assert right.verdict == "agree", str(right)

    def last_block_only(dY, gamma, Xhat, v, eps):
        whole = row.backward(dY, gamma, Xhat, v, eps)
        return whole | {"dgamma": (dY[-1:] * Xhat[-1:]).sum(axis=0)}

    wrong = gradcheck((row.forward, last_block_only), layer, sizes={"N": 5, "D": 3}, witnesses=["derivation"])
    assert wrong.verdict == "disagree"
    assert wrong.diagnoses[0].hypothesis == "part of a sum"
