"""Mistakes of the chain rule are named: a factor of one term, a value for its slope, 1 - A for A."""

import numpy as np

from checks import gradcheck
from derivations import derive, read_layer
from numeric.normalization import batch_norm


def softmax(Z):
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def not_weighted(dP, P):
    dZ = dP * P
    return dZ - dZ.sum(axis=1, keepdims=True)


def told(pair, layer, **options):
    return {d.cotangent: d.sentence for d in reversed(gradcheck(pair, layer, **options).diagnoses)}


def test_a_factor_that_is_missing_in_one_term_of_a_sum():
    assert told((softmax, not_weighted), "softmax")["dZ"].startswith(
        "in dZ, the factor P[n, c] is missing in the term -sum[k](dP[n, k]*P[n, k])"
    )


def test_a_value_where_its_derivative_belongs():
    pair = (lambda X: np.tanh(X), lambda dY, Y: dY * Y)
    assert told(pair, "tanh")["dX"] == "dX takes the value Y where its derivative belongs"


NET = """X[N, D]  W1[D, H]  W2[H, C]  A[N, H]  Y[N, C]
A[n, h] = tanh(sum[d](X[n, d]*W1[d, h]))
Y[n, c] = sum[h](A[n, h]*W2[h, c])
"""


def test_a_value_where_its_derivative_belongs_within_a_network():
    def forward(X, W1, W2):
        A = np.tanh(X @ W1)
        return A @ W2, A

    def backward(dY, X, W1, W2, A):
        dZ = dY @ W2.T * A
        return {"dX": dZ @ W1.T, "dW1": X.T @ dZ, "dW2": A.T @ dY}

    found = told((forward, backward), read_layer(NET, "net"))
    assert "the slope 1 - A[n, h]² is the value itself" in found["dX"].replace("**2", "²")


GATED = "X[N, D]  Z[N, D]  H[N, D]  Y[N, D]\nY[n, d] = (1 - Z[n, d])*X[n, d] + Z[n, d]*H[n, d]"


def test_one_less_a_gate_where_the_gate_belongs():
    def forward(X, Z, H):
        return (1 - Z) * X + Z * H

    def backward(dY, X, Z, H):
        return {"dX": dY * Z, "dZ": dY * (H - X), "dH": dY * (1 - Z)}

    found = told((forward, backward), read_layer(GATED, "gated"))
    assert found["dX"].startswith("dX takes Z[n, d] for 1 - Z[n, d]")
    assert found["dH"].startswith("dH takes 1 - Z[n, d] for Z[n, d]")


def test_another_cotangent_where_an_operand_belongs():
    def backward(dY, X, W):
        dW = X.T @ dY
        return {"dX": dY @ dW.T, "dW": dW, "db": dY.sum(axis=0)}

    assert told((lambda X, W, b: X @ W + b, backward), "linear")["dX"] == "dX takes dW for W"


def test_probabilities_are_looked_at_below_one():
    def cross_entropy(P, T):
        return -np.log(np.clip(P, 1e-7, 1 - 1e-7)[np.arange(len(T)), T]).mean()

    def backward(dL, P, T):
        dP = np.zeros_like(P)
        dP[np.arange(len(T)), T] = -dL / (len(T) * np.clip(P, 1e-7, 1 - 1e-7)[np.arange(len(T)), T])
        return {"dP": dP}

    assert gradcheck((cross_entropy, backward), "cross_entropy").verdict == "agree"


def test_an_epsilon_that_the_code_has_for_good_is_told():
    def normalized(X, gamma, beta):
        centred = X - X.mean(axis=0)
        return gamma * centred / np.sqrt((centred**2).mean(axis=0) + 1e-3) + beta

    pair = (normalized, lambda dY, X: {"dbeta": dY.sum(axis=0)})
    found = gradcheck(pair, derive("batch_norm", ["beta"])).diagnoses
    assert "eps is 0.001 (where it is that for good: --set eps=0.001)" in found[0].sentence


def test_a_factor_where_its_inverse_belongs_is_named():
    def backward(dY, X, Xhat, v, gamma, eps):
        s, d = np.sqrt(v + eps), dY * gamma
        inner = d - d.mean(axis=0) - s**2 * Xhat * (d * Xhat).mean(axis=0)
        return {"dX": inner / s}

    (found,) = gradcheck((batch_norm, backward), derive("batch_norm", ["X"])).diagnoses
    assert found.sentence.startswith("dX takes sqrt(v[d] + eps) for 1/sqrt(v[d] + eps) in the term ")
    assert found.sentence.endswith(": * where / belongs")


def test_a_division_where_a_product_belongs_is_named():
    pair = (lambda A, B: A * B, lambda dY, A, B: {"dA": dY / B, "dB": dY * A})
    found = told(pair, read_layer("A[N, D]  B[N, D]  Y[N, D]\nY[n, d] = A[n, d]*B[n, d]", "product"))
    assert found["dA"] == "dA takes 1/B[n, d] for B[n, d]: / where * belongs"


def test_a_term_that_is_taken_once_is_no_mistake():
    pair = (lambda A, B: A * B + A * A, lambda dY, A, B: {"dA": dY * ((1 + 1e-9) * B + 2 * A), "dB": dY * A})
    report = gradcheck(pair, read_layer("A[N, D]  B[N, D]  Y[N, D]\nY[n, d] = A[n, d]*B[n, d] + A[n, d]**2", "blend"))
    assert report.verdict == "disagree"
    assert not any("is taken 1 times" in diagnosis.sentence for diagnosis in report.diagnoses)
