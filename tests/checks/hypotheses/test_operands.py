"""What is said of an operand is so: which place is read, and what is no coincidence."""

import importlib

import numpy as np
import pytest

from checks import gradcheck
from checks.suite import SUITE
from derivations import derive, read_layer
from numeric.normalization import batch_norm
from tests.checks.causes import benches
from tests.checks.hypotheses.steps import STEPS, steps


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


CELL = """x[T, M]  V[N, M]  f[T, M]  c[T, M]  Y[T, M]
f[t, m] = sigmoid(x[t, m])
c[t, m] = f[t, m]*c[t-1, m] + V[0, m]
Y[t, m] = tanh(c[t, m])
"""


def cell(x, V):
    f, c, Y = 1 / (1 + np.exp(-x)), [np.zeros(x.shape[1])], []
    for f_t in f:
        c.append(f_t * c[-1] + V[0])
        Y.append(np.tanh(c[-1]))
    return {"Y": np.array(Y), "f": f, "c": np.array(c[1:])}


def cell_of_the_same_step(dY, x, V, f, c):
    later, dx = 0, np.empty_like(x)
    for t in reversed(range(len(x))):
        dc = dY[t] * (1 - np.tanh(c[t]) ** 2) + later
        dx[t], later = dc * c[t] * f[t] * (1 - f[t]), dc * f[t]
    return {"dx": dx}


def test_the_place_at_hand_where_the_one_before_it_belongs_is_named():
    found = gradcheck((cell, cell_of_the_same_step), derive(read_layer(CELL), ["x"])).diagnoses
    assert found[0].sentence.startswith("dx reads c[t, m] where c[t - 1, m] belongs")


def state_of_its_own(dh, x, h0, W, h):
    later, dW = 0, 0
    for t in reversed(range(len(x))):
        dz = (dh[t] + later) * (1 - h[t] ** 2)
        dW, later = dW + np.outer(h[t], dz), W @ dz
    return {"dW": dW}


def test_a_state_is_shown_as_the_equations_read_it_wherever_its_start_lies():
    (found, *_) = gradcheck((steps, state_of_its_own), derive(read_layer(STEPS), ["W"])).diagnoses
    assert found.sentence == "dW reads h[t, k] where h[t - 1, k] belongs"


def test_what_an_operand_is_made_of_may_stand_for_it():
    def backward(dY, X, Xhat):
        return {"dgamma": (dY * (X - X.mean(axis=0))).sum(axis=0)}

    (found,) = gradcheck((batch_norm, backward), derive("batch_norm", ["gamma"])).diagnoses
    assert found.sentence == "dgamma takes X[n, d] - mu[d] for Xhat"


def test_of_what_overwrites_no_more_is_looked_at_than_tells(monkeypatch):
    asked = []
    module = importlib.import_module("checks.hypotheses.operands")
    alone_at = module.alone_at
    monkeypatch.setattr(module, "alone_at", lambda *told: asked.append(told) or alone_at(*told))
    row = next(row for row in SUITE if row.layer == "linear")
    bench, *_ = benches(row)
    strange = bench.suspect("dW", np.cos(bench.run("dW")))
    assert not list(module.overwritten(strange))
    assert len(asked) == 6  # of every choice of axes, the last share and the first
