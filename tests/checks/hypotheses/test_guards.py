"""Small numbers that keep logarithms and divisions away from zero are named: where they stand, how small they are."""

import numpy as np
import pytest

from checks import gradcheck
from checks.hypotheses import guards
from derivations import read_layer


def likely(report):
    return [diagnosis.sentence for diagnosis in report.diagnoses]


def chosen(P, T):
    return P[np.arange(len(P)), T]


def at_targets(values, P, T):
    found = np.zeros_like(P)
    found[np.arange(len(P)), T] = values
    return found


@pytest.mark.parametrize("exponent", [-5, -7, -9, -12])
def test_a_guarded_logarithm_is_named_forward_and_backward(exponent):
    small = 10.0**exponent

    def forward(P, T):
        return -np.log(chosen(P, T) + small).mean()

    def backward(dL, P, T):
        return at_targets(-dL / (chosen(P, T) + small) / len(P), P, T)

    report = gradcheck((forward, backward), "cross_entropy")
    assert f"in L, 1e{exponent} is added within the logarithm" in likely(report)
    report = gradcheck((lambda P, T: -np.log(chosen(P, T)).mean(), backward), "cross_entropy")
    assert likely(report)[0] == f"in dP, 1e{exponent} is added to what is divided by"


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def test_that_of_a_loss_on_scores_is_named_and_no_factor_of_one():
    def forward(Z, T):
        P = softmax(Z)
        return -np.log(chosen(P, T) + 1e-7).mean(), (P, T)

    def backward(dL, cache):
        P, T = cache
        return dL * (P - at_targets(1.0, P, T)) / len(P)

    report = gradcheck((forward, backward), "softmax_cross_entropy")
    assert likely(report) == ["in L, 1e-7 is added within the logarithm"]


def entropy(P, T):
    return -(T * np.log(P) + (1 - T) * np.log(1 - P)).mean()


@pytest.mark.parametrize(
    ("slope", "where"),
    [
        (lambda P, T: (P - T) / (P * (1 - P) + 1e-8), "to what is divided by"),
        (lambda P, T: (P - T) / ((P + 1e-8) * (1 - P + 1e-8)), "to what is divided by"),
        (
            lambda P, T: (1 - T) / (1 - P + 1e-8) - T / (P + 1e-8),
            "within the logarithm, or to what its derivative divides by",
        ),
    ],
    ids=["the product", "the factors", "each term"],
)
def test_a_guarded_division_is_named_wherever_it_stands(slope, where):
    report = gradcheck((entropy, lambda dL, P, T: dL * slope(P, T) / P.size), "binary_cross_entropy")
    assert likely(report) == [f"in dP, 1e-8 is added {where}"]


def test_what_keeps_nothing_away_from_zero_is_no_guard():
    pair = (lambda X, W, b: X @ W + b + 1e-8, lambda dY, X, W: (dY @ W.T, X.T @ dY, dY.sum(axis=0)))
    assert not any("is added" in sentence for sentence in likely(gradcheck(pair, "linear")))


def test_a_divisor_without_a_logarithm_is_named():
    def forward(X):
        return X / (1 + np.abs(X) + 1e-6)

    report = gradcheck((forward, lambda dY, X: dY / (1 + np.abs(X) + 1e-6) ** 2), "softsign")
    assert "in Y, 1e-6 is added to what is divided by" in likely(report)


def test_a_factor_that_is_no_guard_stays_a_factor():
    report = gradcheck((lambda X: np.tanh(X), lambda dY, Y: 1.01 * dY * (1 - Y * Y)), "tanh")
    assert likely(report)[0].startswith("dX is the true one times 1.01 at every entry")


SCORES = """Z[N, C]  T[N] in 0..C-1  L
L = -mean[n](log(exp(Z[n, T[n]])/sum[k](exp(Z[n, k])) + 1/1000000000000))
"""


def test_a_small_number_of_the_equations_that_a_backward_leaves_out_is_named():
    def forward(Z, T):
        return -np.log(chosen(softmax(Z), T) + 1e-12).mean()

    def backward(dL, Z, T):
        P = softmax(Z)
        return dL * (P - at_targets(1.0, P, T)) / len(P)

    report = gradcheck((forward, backward), read_layer(SCORES))
    assert likely(report) == ["in dZ, the small number 1e-12 is left out"]


def test_a_guarded_forward_is_derived_once_for_all_small_numbers(monkeypatch):
    derived = []
    derive = guards.derive
    monkeypatch.setattr(guards, "derive", lambda *told, **wrt: derived.append(told) or derive(*told, **wrt))
    guards._derived.cache_clear()
    slope = lambda P, T: (1 - T) / (1 - P + 1e-9) - T / (P + 1e-9)  # noqa: E731
    gradcheck((entropy, lambda dL, P, T: dL * slope(P, T) / P.size), "binary_cross_entropy")
    assert len(derived) == 1
