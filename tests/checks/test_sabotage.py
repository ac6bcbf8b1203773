"""Break every backward on purpose: every mistake is noticed, in both dtypes, and the named ones are named."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from checks import gradcheck
from checks.suite import rows


class Sabotage(NamedTuple):
    layer: str
    mistake: str
    backward: object
    hypothesis: str | None = None


def linear(dX=None, dW=None, db=None):
    """The right linear backward, but for what is replaced."""

    def backward(dY, X, W):
        return {
            "dX": dX(dY, X, W) if dX else dY @ W.T,
            "dW": dW(dY, X, W) if dW else X.T @ dY,
            "db": db(dY, X, W) if db else dY.sum(axis=0),
        }

    return backward


def squared_error(dY=None, dT=None):
    def backward(dL, Y, T):
        return {
            "dY": dY(dL, Y, T) if dY else dL * (Y - T) / len(Y),
            "dT": dT(dL, Y, T) if dT else -dL * (Y - T) / len(Y),
        }

    return backward


def one_hot(T, C):
    return np.eye(C, dtype=np.float32)[T]


SABOTAGES = [
    Sabotage("linear", "sign of dX", linear(dX=lambda dY, X, W: -(dY @ W.T)), "sign"),
    Sabotage("linear", "sign of db", linear(db=lambda dY, X, W: -dY.sum(axis=0)), "sign"),
    Sabotage("linear", "sum missing in db", linear(db=lambda dY, X, W: dY), "missing sum"),
    Sabotage("linear", "db of the first example", linear(db=lambda dY, X, W: dY[0]), "part of a sum"),
    Sabotage("linear", "db overwritten in a loop", linear(db=lambda dY, X, W: dY[-1]), "part of a sum"),
    Sabotage("linear", "loop one too short", linear(dW=lambda dY, X, W: X[:-1].T @ dY[:-1]), "part of a sum"),
    Sabotage("linear", "mean for a sum", linear(dW=lambda dY, X, W: X.T @ dY / np.float32(len(X))), "constant factor"),
    Sabotage("linear", "mean for a sum in db", linear(db=lambda dY, X, W: dY.mean(axis=0)), "constant factor"),
    Sabotage("linear", "factor 2", linear(dW=lambda dY, X, W: 2 * X.T @ dY), "accumulated twice"),
    Sabotage("linear", "dW transposed", linear(dW=lambda dY, X, W: dY.T @ X), "transposed"),
    Sabotage("linear", "dW reshaped", linear(dW=lambda dY, X, W: (dY.T @ X).reshape(W.shape)), "transposed"),
    Sabotage("linear", "W not transposed", linear(dX=lambda dY, X, W: dY @ W), "operand transposed"),
    Sabotage("linear", "dY ignored", linear(dW=lambda dY, X, W: X.T @ np.ones_like(dY)), "cotangent ignored"),
    Sabotage("linear", "wrong axis", linear(db=lambda dY, X, W: dY.sum(axis=1)), "wrong axis"),
    Sabotage("linear", "summed over all axes", linear(db=lambda dY, X, W: dY.sum()), "extra sum"),
    Sabotage("linear", "keepdims", linear(db=lambda dY, X, W: dY.sum(axis=0, keepdims=True)), "extra axes"),
    Sabotage("linear", "dX off by one", linear(dX=lambda dY, X, W: np.roll(dY @ W.T, 1, axis=0)), "shifted"),
    Sabotage("linear", "dW upside down", linear(dW=lambda dY, X, W: (X.T @ dY)[::-1]), "flipped"),
    Sabotage("linear", "db zero", linear(db=lambda dY, X, W: np.zeros_like(W[0])), "zero"),
    Sabotage("linear", "W for X", linear(dW=lambda dY, X, W: W * dY.sum(axis=0))),
    Sabotage("sigmoid", "sign", lambda dY, Y: -dY * Y * (1 - Y), "sign"),
    Sabotage("sigmoid", "slope missing", lambda dY, Y: dY.copy(), "activation's derivative"),
    Sabotage("sigmoid", "slope at X", lambda dY, X: dY * X * (1 - X), "activation's derivative"),
    Sabotage("sigmoid", "slope of tanh", lambda dY, Y: dY * (1 - Y * Y), "activation's derivative"),
    Sabotage("sigmoid", "slope twice", lambda dY, Y: dY * (Y * (1 - Y)) ** 2, "activation's derivative"),
    Sabotage("sigmoid", "1 - Y forgotten", lambda dY, Y: dY * Y),
    Sabotage("sigmoid", "1 + Y", lambda dY, Y: dY * Y * (1 + Y)),
    Sabotage("sigmoid", "dY ignored", lambda Y: Y * (1 - Y), "cotangent ignored"),
    Sabotage("sigmoid", "dY squared", lambda dY, Y: dY * dY * Y * (1 - Y)),
    Sabotage("tanh", "sign", lambda dY, Y: dY * (Y * Y - 1), "sign"),
    Sabotage("tanh", "square forgotten", lambda dY, Y: dY * (1 - Y)),
    Sabotage("tanh", "slope at X", lambda dY, X: dY * (1 - X * X), "activation's derivative"),
    Sabotage("tanh", "slope of sigmoid", lambda dY, Y: dY * Y * (1 - Y), "activation's derivative"),
    Sabotage("tanh", "factor 2", lambda dY, Y: 2 * dY * (1 - Y * Y), "accumulated twice"),
    Sabotage("tanh", "dY ignored", lambda Y: 1 - Y * Y, "cotangent ignored"),
    Sabotage("relu", "slope of sigmoid", lambda dY, Y: dY * Y * (1 - Y), "activation's derivative"),
    Sabotage("relu", "slope 1 everywhere", lambda dY, Y: dY * (Y >= 0), "activation's derivative"),
    Sabotage("relu", "wrong side", lambda dY, X: dY * (X < 0)),
    Sabotage("relu", "masked by dY", lambda dY, X: dY * (dY > 0)),
    Sabotage("relu", "slope 1 at zero", lambda dY, X: dY * (X >= 0), "convention"),
    Sabotage("relu", "leaky", lambda dY, X: dY * np.where(X > 0, 1, 0.01).astype(X.dtype)),
    Sabotage("relu", "sign", lambda dY, X: -dY * (X > 0), "sign"),
    Sabotage("relu", "dY ignored", lambda X: (X > 0).astype(X.dtype), "cotangent ignored"),
    Sabotage("softmax", "off-diagonal terms dropped", lambda dP, P: dP * P * (1 - P), "off-diagonal terms"),
    Sabotage("softmax", "only the first term", lambda dP, P: dP * P),
    Sabotage("softmax", "sum over the batch", lambda dP, P: P * (dP - (dP * P).sum(axis=0))),
    Sabotage("softmax", "mean for a sum", lambda dP, P: P * (dP - (dP * P).mean(axis=1, keepdims=True))),
    Sabotage("softmax", "P forgotten in the sum", lambda dP, P: P * (dP - dP.sum(axis=1, keepdims=True))),
    Sabotage("softmax", "sign", lambda dP, P: P * ((dP * P).sum(axis=1, keepdims=True) - dP), "sign"),
    Sabotage("softmax", "dP ignored", lambda P: np.zeros_like(P), "zero"),
    Sabotage("squared_error", "1/N missing", squared_error(dY=lambda dL, Y, T: dL * (Y - T)), "constant factor"),
    Sabotage(
        "squared_error", "factor 2", squared_error(dY=lambda dL, Y, T: 2 * dL * (Y - T) / len(Y)), "accumulated twice"
    ),
    Sabotage(
        "squared_error", "mean over C, too", squared_error(dY=lambda dL, Y, T: dL * (Y - T) / Y.size), "constant factor"
    ),
    Sabotage("squared_error", "sign of dT", squared_error(dT=lambda dL, Y, T: dL * (Y - T) / len(Y)), "sign"),
    Sabotage("squared_error", "dL ignored", squared_error(dY=lambda dL, Y, T: (Y - T) / len(Y)), "cotangent ignored"),
    Sabotage("squared_error", "T forgotten", squared_error(dY=lambda dL, Y, T: dL * Y / len(Y))),
    Sabotage("cross_entropy", "sign", lambda dL, P, T: dL * one_hot(T, P.shape[1]) / P / np.float32(len(P)), "sign"),
    Sabotage("cross_entropy", "1/N missing", lambda dL, P, T: -dL * one_hot(T, P.shape[1]) / P, "constant factor"),
    Sabotage("cross_entropy", "P forgotten", lambda dL, P, T: -dL * one_hot(T, P.shape[1]).astype(P.dtype) / len(P)),
    Sabotage("cross_entropy", "one-hot forgotten", lambda dL, P, T: -dL / P / len(P)),
    Sabotage("cross_entropy", "labels off by one", lambda dL, P, T: -dL * one_hot(T - 1, P.shape[1]) / P / len(P)),
    Sabotage("sigmoid_cross_entropy", "1/N missing", lambda dL, A, T: dL * (A - T.astype(A.dtype)), "constant factor"),
    Sabotage("sigmoid_cross_entropy", "sign", lambda dL, A, T: dL * (T.astype(A.dtype) - A) / len(A), "sign"),
    Sabotage(
        "sigmoid_cross_entropy",
        "mean over C, too",
        lambda dL, A, T: dL * (A - T.astype(A.dtype)) / A.size,
        "constant factor",
    ),
    Sabotage(
        "sigmoid_cross_entropy", "slope once more", lambda dL, A, T: dL * (A - T.astype(A.dtype)) * A * (1 - A) / len(A)
    ),
    Sabotage("sigmoid_cross_entropy", "Z for A", lambda dL, Z, T: dL * (Z - T.astype(Z.dtype)) / len(Z)),
    Sabotage("sigmoid_cross_entropy", "dL ignored", lambda A, T: (A - T.astype(A.dtype)) / len(A), "cotangent ignored"),
    Sabotage(
        "softmax_cross_entropy", "1/N missing", lambda dL, P, T: dL * (P - one_hot(T, P.shape[1])), "constant factor"
    ),
    Sabotage("softmax_cross_entropy", "sign", lambda dL, P, T: dL * (one_hot(T, P.shape[1]) - P) / len(P), "sign"),
    Sabotage("softmax_cross_entropy", "labels forgotten", lambda dL, P, T: dL * P / len(P), "wrong term"),
    Sabotage(
        "softmax_cross_entropy", "labels off by one", lambda dL, P, T: dL * (P - one_hot(T - 1, P.shape[1])) / len(P)
    ),
    Sabotage(
        "softmax_cross_entropy",
        "mean over C",
        lambda dL, P, T: dL * (P - one_hot(T, P.shape[1])) / P.shape[1],
        "constant factor",
    ),
    Sabotage(
        "softmax_cross_entropy", "dL ignored", lambda P, T: (P - one_hot(T, P.shape[1])) / len(P), "cotangent ignored"
    ),
    Sabotage(
        "softmax_cross_entropy",
        "softmax's backward once more",
        lambda dL, P, T: (
            dL * P * (P - one_hot(T, P.shape[1]) - (P * (P - one_hot(T, P.shape[1]))).sum(1, keepdims=True)) / len(P)
        ),
    ),
    Sabotage("l2_penalty", "factor 2", lambda dL, W, lam: 2 * dL * lam * W, "accumulated twice"),
    Sabotage("l2_penalty", "lam forgotten", lambda dL, W, lam: dL * W, "constant factor"),
    Sabotage("l2_penalty", "half", lambda dL, W, lam: dL * lam / 2 * W, "constant factor"),
    Sabotage("l2_penalty", "sign", lambda dL, W, lam: -dL * lam * W, "sign"),
    Sabotage("l2_penalty", "dL ignored", lambda dL, W, lam: lam * W, "cotangent ignored"),
    Sabotage("l2_penalty", "l1 slope", lambda dL, W, lam: dL * lam * np.sign(W)),
]
CASES = [pytest.param(s, id=f"{s.layer}, {s.mistake}") for s in SABOTAGES]


@cache
def report_on(sabotage, dtype):
    (row,) = rows([sabotage.layer])
    return gradcheck((row.forward, sabotage.backward), sabotage.layer, dtype=dtype)


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
@pytest.mark.parametrize("sabotage", CASES)
def test_every_mistake_is_noticed(sabotage, dtype):
    assert report_on(sabotage, dtype).verdict == "disagree"


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
@pytest.mark.parametrize("witness", ["derivation", "differences"])
@pytest.mark.parametrize("sabotage", CASES)
def test_each_witness_alone_would_notice(sabotage, witness, dtype):
    wrong = {finding.witness for finding in report_on(sabotage, dtype).findings if finding.verdict == "disagree"}
    assert wrong & {witness, "shape", "raises"}


@pytest.mark.parametrize("dtype", [pytest.param("float64", marks=pytest.mark.thorough), "float32"])
@pytest.mark.parametrize("sabotage", [case for case in CASES if case.values[0].hypothesis])
def test_the_likeliest_diagnosis_is_the_mistake(sabotage, dtype):
    named = [diagnosis.hypothesis for diagnosis in report_on(sabotage, dtype).diagnoses]
    assert named[:1] == [sabotage.hypothesis]


def test_every_layer_of_the_first_networks_is_sabotaged():
    assert {sabotage.layer for sabotage in SABOTAGES} == {row.layer for row in rows()[:10]}
