"""Hypotheses that the sabotage of the suite's layers does not reach, each shown once."""

import importlib
import inspect

import numpy as np
import pytest

from checks import diagnosis, gradcheck
from checks.hypotheses import HYPOTHESES, Explanation
from checks.suite import SUITE, rows
from derivations import derive, layer
from numeric.normalization import batch_norm, layer_norm
from numeric.recurrent import gru, gru_backward, lstm, lstm_backward
from numeric.regression_losses import huber
from tests.checks.causes import benches

NORM = layer(
    "centre",
    tensors="X[N, D] m[N] Y[N, D]",
    equations="m[n] = mean[k](X[n, k])\nY[n, d] = (X[n, d] - m[n])**3",
)


def centre(X):
    m = X.mean(axis=1)
    return {"Y": (X - m[:, None]) ** 3, "m": m}


def first(report):
    return report.diagnoses[0].hypothesis, report.diagnoses[0].mistake


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_statistic_held_constant_is_named(dtype):
    report = gradcheck((centre, lambda dY, X, m: 3 * dY * (X - m[:, None]) ** 2), NORM, dtype=dtype)
    assert first(report) == ("held constant", "m")
    assert "the path through it is missing" in str(report)


SUM = layer("blend", tensors="A[N, D] B[N, D] Y[N, D]", equations="Y[n, d] = A[n, d]*B[n, d] + A[n, d]**2")


@pytest.mark.parametrize(
    ("dA", "what"),
    [
        (lambda dY, A, B: dY * B, "is missing"),
        (lambda dY, A, B: dY * B - 2 * dY * A, "has the wrong sign"),
        (lambda dY, A, B: dY * B + 4 * dY * A, "is counted twice"),
    ],
)
def test_a_wrong_term_is_named(dA, what):
    def backward(dY, A, B):
        return {"dA": dA(dY, A, B), "dB": dY * A}

    report = gradcheck((lambda A, B: A * B + A * A, backward), SUM)
    hypothesis, mistake = first(report)
    assert hypothesis == "wrong term"
    assert mistake.endswith(what)


def test_a_factor_is_named_by_sizes_and_options():
    scaled = layer("scaled", tensors="X[N, D] L s > 0", equations="L = s*sum[n, d](X[n, d]**2)/(N*D)")
    report = gradcheck((lambda X, s: s * (X * X).mean(), lambda dL, X, s: 2 * dL * X), scaled)
    assert first(report) == ("constant factor", "N*D/s")
    assert "in 2 of 2 cases" in str(report.diagnoses[0])


def test_a_factor_that_has_no_name_is_a_number():
    report = gradcheck((np.tanh, lambda dY, Y: dY * (1 - Y * Y) * 0.7183), "tanh")
    assert first(report) == ("constant factor", "0.7183")


def hardened(X):
    return np.clip(0.2 * X + 0.5, 0, 1)


def test_a_number_that_sizes_make_by_chance_is_a_number():
    report = gradcheck((hardened, lambda dY, X: 0.2 * dY * (np.abs(X) < 2.5)), "hard_sigmoid")
    assert [d.sentence for d in report.diagnoses if d.cotangent == "dX"] == [
        "dX is the true one times 1.2 at every entry"
    ]


def squashed_loss(P, T):
    P = 1 / (1 + np.exp(-P))
    return -np.mean(T * np.log(P) + (1 - T) * np.log(1 - P))


def test_one_number_that_is_a_multiple_of_another_is_no_explanation_unless_it_always_is_the_same():
    (row,) = rows(["binary_cross_entropy"])
    report = gradcheck((squashed_loss, row.backward), "binary_cross_entropy")
    assert report.verdict == "disagree"
    assert not [each for each in report.diagnoses if each.cotangent == "L" and "times" in each.sentence]
    tripled = gradcheck((lambda P, T: 3 * row.forward(P, T), row.backward), "binary_cross_entropy")
    assert [each.mistake for each in tripled.diagnoses if each.cotangent == "L"] == ["3"]


def test_where_sizes_are_told_others_say_whether_they_make_a_factor():
    def backward(dY, X):
        return 1.2 * dY * (1 - np.tanh(X) ** 2)

    report = gradcheck((np.tanh, backward), "tanh", sizes={"N": 5, "D": 3})
    assert [d.mistake for d in report.diagnoses] == ["1.2"]


def test_axes_of_an_image_are_told_apart():
    image = layer("image", tensors="X[N, H, W] Y[N, H, W]", equations="Y[n, h, w] = X[n, h, w]**2")

    def backward(dY, X):
        return (2 * dY * X).transpose(0, 2, 1)

    assert first(gradcheck((lambda X: X * X, backward), image)) == ("transposed", "permuted by (0, 2, 1)")


def test_a_wrong_forward_is_diagnosed_too():
    report = gradcheck((lambda X: -np.tanh(X), lambda dY, Y: dY * (1 - Y * Y)), "tanh")
    assert ("Y", "sign") in {(d.cotangent, d.hypothesis) for d in report.diagnoses}


def softmax_loss(Z, T):
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    return -np.log(P[np.arange(len(T)), T]).mean()


def softmax_loss_backward(Z, T):
    """As in many a notebook: for a dL of 1, and without the mean."""
    return np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True) - np.eye(Z.shape[1])[T]


def test_two_mistakes_at_once_are_both_named():
    report = gradcheck((softmax_loss, softmax_loss_backward), "softmax_cross_entropy")
    assert first(report) == ("cotangent ignored", "dL ignored, times N")
    assert "the mean over N is missing" in " ".join(str(report).split())


def normed(X, gamma, beta, eps, ddof=0):
    v = X.var(axis=1, ddof=ddof, keepdims=True)
    return (X - X.mean(axis=1, keepdims=True)) / np.sqrt(v + eps), np.sqrt(v + eps)


def layer_norm_backward(dY, X, gamma, beta, eps):
    """The variance is divided by D - 1, which is no number at D = 1."""
    with np.errstate(all="ignore"):
        Xhat, s = normed(X, gamma, beta, eps, ddof=min(1, X.shape[1] - 1))
    g = dY * gamma
    dX = (g - g.mean(axis=1, keepdims=True) - Xhat * (g * Xhat).mean(axis=1, keepdims=True)) / s
    return dX, (dY * Xhat).sum(axis=0), dY.sum(axis=0)


def test_a_variance_divided_by_one_less_is_named_wherever_it_gets():
    def layer_norm(X, gamma, beta, eps):
        return gamma * normed(X, gamma, beta, eps)[0] + beta

    report = gradcheck((layer_norm, layer_norm_backward), "layer_norm", sizes={"N": 4, "D": 5})
    named = {d.cotangent: (d.hypothesis, d.mistake) for d in report.diagnoses}
    assert named == {name: ("operand scaled", "v times D/(D - 1)") for name in ("dX", "dgamma")}


def attention(Q, K, V, M, scale=1.0):
    S = scale * Q @ K.swapaxes(1, 2) / np.sqrt(Q.shape[2])
    P = M * np.exp(S)
    P /= np.maximum(P.sum(axis=2, keepdims=True), 1e-300)
    return {"O": P @ V, "P": P}


def attention_backward(coupling):
    """The backward of attention with another coupling between the entries of a softmax."""

    def backward(dO, Q, K, V, P):
        dP = dO @ V.swapaxes(1, 2)
        dS = P * (dP - coupling(P, dP)) / np.sqrt(Q.shape[2])
        return dS @ K, dS.swapaxes(1, 2) @ Q, P.swapaxes(1, 2) @ dO

    return backward


@pytest.mark.parametrize(
    ("coupling", "hypothesis"),
    [
        (lambda P, dP: (P * dP).sum(axis=1, keepdims=True), "other axis"),
        (lambda P, dP: P * dP, "own entry of a sum"),
    ],
)
def test_a_sum_inside_a_layer_is_judged_by_its_index(coupling, hypothesis):
    report = gradcheck((attention, attention_backward(coupling)), "scaled_dot_product_attention")
    assert {(d.cotangent, d.hypothesis) for d in report.diagnoses} == {("dQ", hypothesis), ("dK", hypothesis)}


def test_what_a_backward_works_out_anew_may_be_off_by_a_root():
    def backward(dO, Q, K, V, M):
        P = attention(Q, K, V, M, scale=np.sqrt(Q.shape[2]))["P"]
        return attention_backward(lambda P, dP: (P * dP).sum(axis=2, keepdims=True))(dO, Q, K, V, P)

    report = gradcheck((attention, backward), "scaled_dot_product_attention")
    assert {(d.cotangent, d.mistake) for d in report.diagnoses} == {(n, "S times sqrt(D)") for n in ("dQ", "dK", "dV")}


def rnn(x, h0, Wx, Wh, b):
    h = [h0]
    for x_t in x:
        h.append(np.tanh(x_t @ Wx + h[-1] @ Wh + b))
    return np.stack(h[1:])


def rnn_backward(dh, x, h0, Wx, Wh, b, h):
    """dWh is assigned at every step, not added to."""
    before, later, dx, dWx = np.concatenate([h0[None], h[:-1]]), 0, np.empty_like(x), 0
    for t in reversed(range(len(x))):
        dz = (dh[t] + later) * (1 - h[t] ** 2)
        dx[t], dWx, dWh, later = dz @ Wx.T, dWx + x[t].T @ dz, before[t].T @ dz, dz @ Wh.T
    return {"dx": dx, "dh0": later, "dWx": dWx, "dWh": dWh}


def test_a_step_that_overwrites_the_last_is_named():
    report = gradcheck((rnn, rnn_backward), derive("rnn_tanh", ["x", "h0", "Wx", "Wh"]))
    assert [(d.cotangent, d.mistake) for d in report.diagnoses] == [("dWh", "first t in dWh")]


def softmax(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("backward", "found"),
    [
        (lambda dP, P: P * (dP - (dP * P).sum()), ("sum over too much", "over n in dZ")),
        (lambda dP, P: P * (dP - (dP * P).sum(axis=0)), ("other axis", "over n, not c")),
        (lambda dP, P: P * (dP - dP.sum(axis=1, keepdims=True)), ("missing factor", "P[n, k]")),
        (lambda dP, P: P * P * (dP - (dP * P).sum(axis=1, keepdims=True)), ("times an operand", "times P")),
        (lambda dP, P: dP - (dP * P).sum(axis=1, keepdims=True), ("times an operand", "divided by P")),
    ],
)
def test_the_couplings_of_a_softmax_are_told_apart(backward, found):
    assert first(gradcheck((softmax, backward), "softmax")) == found


def test_halves_in_the_wrong_order_are_named():
    def swiglu(X):
        a, b = np.split(X, 2, axis=1)
        return a / (1 + np.exp(-a)) * b

    def backward(dY, X):
        a, b = np.split(X, 2, axis=1)
        s = 1 / (1 + np.exp(-a))
        return np.concatenate([dY * a * s, dY * b * s * (1 + a * (1 - s))], axis=1)

    assert first(gradcheck((swiglu, backward), "swiglu"))[0] == "blocks permuted"


GATED = {"lstm": (lstm, lstm_backward, ["Wx", "Wh", "b"]), "gru": (gru, gru_backward, ["Wx", "Wh", "bx", "bh"])}


@pytest.mark.parametrize(("name", "order"), [("lstm", (3, 0, 1, 2)), ("gru", (1, 0, 2))])
def test_gates_in_another_order_are_named_and_nothing_else_is_looked_for(name, order, monkeypatch):
    forward, backward, gated = GATED[name]
    wanted = list(inspect.signature(backward).parameters)

    def in_order(array, order):
        blocks = np.split(array, len(order), axis=-1)
        return np.concatenate([blocks[k] for k in order], axis=-1)

    def ours(values):
        return {key: in_order(value, np.argsort(order)) if key in gated else value for key, value in values.items()}

    def theirs(**values):
        kept = forward(**ours(values))
        return kept["h"], (values, kept)

    def theirs_backward(dh, cache):
        values, kept = cache
        known = {**ours(values), **kept, "dh": dh}
        found = backward(**{key: known[key] for key in wanted})
        return {key: in_order(value, order) if key[1:] in gated else value for key, value in found.items()}

    theirs.__signature__ = inspect.signature(forward)
    explained = []
    explain = diagnosis.explain
    monkeypatch.setattr(diagnosis, "explain", lambda name, them: explained.append(name) or explain(name, them))
    sizes = {"T": 3, "N": 2, "D": 3, "M": 2}
    report = gradcheck((theirs, theirs_backward), name, sizes=sizes, witnesses=["derivation", "differences"])
    told = ", ".join(str(1 + k) for k in np.argsort(order))
    (found,) = report.diagnoses
    assert (found.cotangent, found.hypothesis) == ("h", "operand's blocks permuted")
    assert found.mistake.endswith(f"in the order {told}")
    assert explained == ["h"]
    assert all(
        sentence.endswith("is right for your forward, but your forward is not this layer")
        for sentence in report.conclusions
    )


@pytest.mark.parametrize(
    ("name", "forward", "backward", "mistake"),
    [
        ("tanh", np.tanh, lambda dY, Y: dY * (1 - Y), "Y[n, d] for Y[n, d]**2"),
        ("tanh", np.tanh, lambda dY, Y: dY * (1 - Y**4), "Y[n, d]**4 for Y[n, d]**2"),
    ],
)
def test_another_power_is_named(name, forward, backward, mistake):
    assert first(gradcheck((forward, backward), name)) == ("another power", mistake)


def test_a_slope_of_another_layer_is_named():
    def masked(dY, X, W):
        return {"dX": dY @ W.T * (X > 0), "dW": X.T @ dY, "db": dY.sum(axis=0)}

    assert first(gradcheck((lambda X, W, b: X @ W + b, masked), "linear")) == ("times an operand", "where X > 0")


def pool_forward(X, R, S, stride):
    P, Q = 1 + (X.shape[1] - R) // stride, 1 + (X.shape[2] - S) // stride
    windows = [[X[:, p * stride : p * stride + R, q * stride : q * stride + S] for q in range(Q)] for p in range(P)]
    return np.array(windows).max(axis=(3, 4)).transpose(2, 0, 1, 3)


@pytest.mark.parametrize(("step", "word"), [(1, "last"), pytest.param(-1, "first", marks=pytest.mark.thorough)])
def test_windows_that_overwrite_each_other_are_named(step, word):
    def backward(dY, X, R, S, stride):
        dX = np.zeros_like(X)
        for p, q in list(np.ndindex(dY.shape[1:3]))[::step]:
            window = X[:, p * stride : p * stride + R, q * stride : q * stride + S]
            largest = window == window.max(axis=(1, 2), keepdims=True)
            dX[:, p * stride : p * stride + R, q * stride : q * stride + S] = largest * dY[:, p, q, None, None]
        return {"dX": dX}

    report = gradcheck((pool_forward, backward), "max_pool2d", sizes={"pad": 0, "stride": 1})
    assert first(report) == ("overwritten", f"the {word} p, q")
    assert len([diagnosis for diagnosis in report.diagnoses if diagnosis.hypothesis == "overwritten"]) == 1


def test_a_cotangent_may_be_worked_out_from_another():
    row = next(row for row in SUITE if row.layer == "weight_norm")
    for bench in benches(row):
        strange = np.random.default_rng(0).standard_normal(bench.run("dV").shape)
        assert diagnosis.explain("dV", [bench.suspect("dV", strange)]) == []


def test_powers_of_sizes_in_an_index_are_left_alone():
    row = next(row for row in SUITE if row.layer == "pixel_shuffle")
    report = gradcheck((row.forward, lambda dY, R: {"dX": 0.3 + row.backward(dY, R)["dX"] ** 2}), "pixel_shuffle")
    assert (report.verdict, report.diagnoses) == ("disagree", ())


def test_a_term_may_be_a_size_too_large():
    report = gradcheck((lambda A, B: A * B + A * A, lambda dY, A, B: (dY * (B + 2 * len(A) * A), dY * A)), SUM)
    assert first(report)[0] == "wrong term"
    assert first(report)[1].endswith("is taken N times")


def test_an_option_that_is_ignored_is_named():
    report = gradcheck(
        (lambda X, beta: np.log1p(np.exp(beta * X)) / beta, lambda dY, X: dY / (1 + np.exp(-X))), "softplus"
    )
    assert first(report) == ("option ignored", "beta ignored")


@pytest.mark.parametrize(
    ("forward", "mistake"),
    [
        (lambda X, W, b: X @ W, "the term b[c] is missing"),
        (lambda X, W, b: X @ W - b, "the term b[c] has the wrong sign"),
        (lambda X, W, b: X @ W / X.shape[1] + b, "the term sum[d](X[n, d]*W[d, c]) is taken 1/D times"),
        (lambda X, W, b: X[:, ::-1] @ W + b, "X along d"),
    ],
)
def test_a_forward_is_explained_by_its_own_equations(forward, mistake):
    report = gradcheck((forward, lambda dY: None), "linear")
    assert [d.mistake for d in report.diagnoses if d.cotangent == "Y"][:1] == [mistake]


def test_a_forward_that_is_another_layers_is_recognized():
    def gelu(X):
        return X / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (X + 0.044715 * X**3)))

    report = gradcheck((gelu, lambda dY, X: dY), "gelu")
    assert ("Y", "another layer", "gelu_tanh") in {(d.cotangent, d.hypothesis, d.mistake) for d in report.diagnoses}


def test_what_has_another_shape_is_no_other_layers(monkeypatch):
    monkeypatch.setattr(importlib.import_module("checks.hypotheses.another_layer"), "LAYERS", None)
    row = next(row for row in SUITE if row.layer == "tanh")
    bench, *_ = benches(row)
    assert not list(HYPOTHESES["another layer"](bench.suspect("Y", np.zeros(1))))


def test_a_term_taken_some_times_is_named_with_the_number():
    def backward(dY, Xhat, v, gamma, eps):
        d = dY * gamma
        inner = d - 0.7 * d.mean(1, keepdims=True) - Xhat * (d * Xhat).mean(1, keepdims=True)
        return {"dX": inner / np.sqrt(v + eps)[:, None], "dgamma": (dY * Xhat).sum(0), "dbeta": dY.sum(0)}

    (found, *_) = gradcheck((layer_norm, backward), "layer_norm").diagnoses
    assert found.hypothesis == "scaled term"
    assert found.sentence.endswith("mean[j](dY[n, j]*gamma[j])/sqrt(v[n] + eps) is taken 0.7 times")


GROUPS = layer(
    "groups",
    tensors="X[N, G, D]  mu[N, G]  Y[N, G, D]",
    equations="mu[n, g] = mean[d](X[n, g, d])\nY[n, g, d] = (X[n, g, d] - mu[n, g])**2",
)
CUMULATED = layer("cumulated", tensors="X[N, T]  Y[N, T]", equations="Y[n, t] = sum[s](where(s <= t, X[n, s], 0))")
TURNED = layer(
    "turned",
    tensors="X[N, 2]  c[N]  s[N]  Y[N, 2]",
    equations="Y[n, k] = where(k == 0, c[n]*X[n, 0] - s[n]*X[n, 1], s[n]*X[n, 0] + c[n]*X[n, 1])",
)
GAUSS = layer(
    "gauss",
    tensors="X[N, D]  S[D] > 0  Q[N]",
    equations="Q[n] = -sum[d]((X[n, d]/S[d])**2)/2 - sum[d](log(S[d]))",
)


def turned(X, c, s):
    return np.stack([c * X[:, 0] - s * X[:, 1], s * X[:, 0] + c * X[:, 1]], axis=1)


def centred(dY, X):
    d = 2 * dY * (X - X.mean(2, keepdims=True))
    return d - d.mean((1, 2), keepdims=True)


def batch_norm_backward(dY, Xhat, v, gamma, eps):
    d = dY * gamma
    inner = d - d.mean(1, keepdims=True) - Xhat * (d * Xhat).mean(0)
    return inner / np.sqrt(v + eps), (dY * Xhat).sum(0), dY.sum(0)


def divided_by_the_batch(dY, Xhat, v, gamma, eps):
    d = dY * gamma
    inner = d - d.sum(1, keepdims=True) / len(d) - Xhat * (d * Xhat).sum(1, keepdims=True) / len(d)
    return inner / np.sqrt(v + eps)[:, None], (dY * Xhat).sum(0), dY.sum(0)


def huber_backward(dL, Y, T):
    return dL * (Y - T) / Y.size, dL * (T - Y) / Y.size


def gauss_backward(dQ, X, S):
    return -dQ[:, None] * X / S**2, (dQ[:, None] * X**2).sum(0) / S**3


@pytest.mark.parametrize(
    ("definition", "forward", "backward", "hypothesis", "said"),
    [
        (CUMULATED, lambda X: X.cumsum(1), lambda dY: dY.cumsum(1), "condition", "the condition is t <= s for s <= t"),
        (
            GROUPS,
            lambda X: (X - X.mean(2, keepdims=True)) ** 2,
            centred,
            "sum over too much",
            "a mean in dmu runs over g as well: an axis too many",
        ),
        (
            TURNED,
            turned,
            lambda dY, X, c, s: (turned(dY, c, s), (dY * X).sum(1), dY[:, 1] * X[:, 0] - dY[:, 0] * X[:, 1]),
            "operand scaled",
            "dX takes -s for s",
        ),
        (
            "batch_norm",
            batch_norm,
            batch_norm_backward,
            "other axis",
            "in dX, a sum runs over d, not n: the wrong axis",
        ),
        ("layer_norm", layer_norm, divided_by_the_batch, "another size", "in dX, N is taken for D: a mean is divided"),
        (
            "huber",
            huber,
            huber_backward,
            "branch ignored",
            "in dY, Y[n, c] - T[n, c] is taken whether abs(Y[n, c] - T[n, c]) <= delta or not",
        ),
        (
            GAUSS,
            lambda X, S: -((X / S) ** 2).sum(1) / 2 - np.log(S).sum(),
            gauss_backward,
            "wrong term",
            "in dS, the term sum[n](-dQ[n]/S[d]) is missing",
        ),
    ],
)
def test_what_is_wrong_inside_an_equation_is_named(definition, forward, backward, hypothesis, said):
    (found, *_) = gradcheck((forward, backward), definition).diagnoses
    assert found.hypothesis == hypothesis
    assert said in found.sentence


def test_a_mistake_of_no_known_kind_gets_no_name():
    report = gradcheck((np.tanh, lambda dY, X: dY * np.cos(X) ** 3), "tanh")
    assert report.verdict == "disagree"
    assert report.diagnoses == ()


def test_a_case_counts_once_however_often_something_holds_in_it(monkeypatch):
    def garrulous(suspect):
        if suspect.sizes["D"] == 3:
            yield from [Explanation("word", "a sentence")] * 2

    monkeypatch.setattr(diagnosis, "HYPOTHESES", dict.fromkeys(diagnosis.WITH_A_FACTOR, lambda suspect: iter(())))
    monkeypatch.setitem(diagnosis.HYPOTHESES, "garrulous", garrulous)
    row = next(row for row in SUITE if row.layer == "tanh")
    suspects = [bench.suspect("dX", 1 - bench.run("dX")) for bench in benches(row)]
    assert sorted(suspect.sizes["D"] == 3 for suspect in suspects) == [False, True]
    (found,) = diagnosis.explain("dX", suspects)
    assert str(found) == "a sentence (in 1 of 2 cases)"


def test_every_hypothesis_states_its_law():
    assert all("got" in (hypothesis.__doc__ or "") for hypothesis in HYPOTHESES.values())
