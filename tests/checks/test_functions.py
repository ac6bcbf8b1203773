"""How plain functions are called: by name, by position, and what they may return."""

from collections import namedtuple

import numpy as np
import pytest

from checks import gradcheck
from derivations import derive, layer
from numeric.contract import contract

SIZES = {"N": 3, "D": 4, "C": 5}


def forward(X, W, b):
    return X @ W + b


def backward(dY, X, W):
    return {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(axis=0)}


def check(forward, backward, against="linear", **options):
    return gradcheck((forward, backward), against, sizes=SIZES if against == "linear" else None, **options)


def kinds(report):
    return {finding.witness for finding in report.findings if finding.verdict == "disagree"}


RIGHT = {
    "by name": (forward, backward),
    "in another order": (lambda b, W, X: forward(X, W, b), lambda W, X, dY: backward(dY, X, W)),
    "by position": (lambda x, weights, bias: x @ weights + bias, lambda g, x, weights, bias: backward(g, x, weights)),
    "any number of arguments": (lambda *inputs: forward(*inputs), lambda *given: backward(*given[:3])),
    "defaults of its own": (
        lambda X, W, b, scale=1: scale * forward(X, W, b),
        lambda dY, X, W, k=1: backward(dY, X, W),
    ),
    "keyword only": (forward, lambda *, dY, X, W: backward(dY, X, W)),
    "a cache, and names of its own": (
        lambda x, w, b: (x @ w + b, (x, w)),
        lambda dout, cache: backward(dout, *cache),
    ),
    "some names of its own": (
        lambda X, weights, b: forward(X, weights, b),
        lambda upstream, W, x: backward(upstream, x, W),
    ),
    "small letters": (lambda b, w, x: forward(x, w, b), lambda w, x, dy: backward(dy, x, w)),
    "options of its own": (lambda X, W, b, **options: forward(X, W, b), lambda dY, X, W, **_: backward(dY, X, W)),
    "positional only, some with names of their own": (
        lambda b, x, weights, /: forward(x, weights, b),
        lambda W, g, x, /: backward(g, x, W),
    ),
    "positional only": (lambda X, W, b, /: forward(X, W, b), lambda dY, X, W, /: backward(dY, X, W)),
    "a tuple": (forward, lambda dY, X, W: tuple(backward(dY, X, W).values())),
    "a list": (forward, lambda dY, X, W: list(backward(dY, X, W).values())),
    "a cache": (
        lambda X, W, b: (forward(X, W, b), (X, W)),
        lambda dY, cache: backward(dY, *cache),
    ),
    "a dictionary": (
        lambda X, W, b: {"Y": forward(X, W, b), "kept": X},
        lambda dY, X, W: backward(dY, X, W),
    ),
    "a dictionary, the output first": (lambda X, W, b: {"out": forward(X, W, b)}, backward),
}


@pytest.mark.parametrize("style", RIGHT)
def test_every_style_of_function_is_understood(style):
    assert check(*RIGHT[style]).verdict == "agree"


def test_small_letters_are_taken_for_large_ones_only_if_they_explain_all():
    """In `mse(x, y)` y is the target, though the layer calls its prediction Y."""
    pair = (
        lambda x, y: ((x - y) ** 2).mean(),
        lambda dout, x, y: (2 * dout * (x - y) / x.size, -2 * dout * (x - y) / x.size),
    )
    assert check(*pair, "mean_squared_error").verdict == "agree"


def test_an_output_that_has_another_name_is_y_as_well():
    def softmax(X):
        return np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)

    def softmax_backward(Y, dY):
        return {"dX": Y * (dY - (Y * dY).sum(axis=1, keepdims=True))}

    assert check(softmax, softmax_backward, "softmax").verdict == "agree"


def test_names_may_be_mapped():
    pair = (
        lambda inputs, kernel, bias: forward(inputs, kernel, bias),
        lambda upstream, inputs, kernel: backward(upstream, inputs, kernel),
    )
    names = {"inputs": "X", "kernel": "W", "bias": "b", "upstream": "dY"}
    assert check(*pair, names=names).verdict == "agree"


def test_names_of_results_may_be_mapped():
    def named_otherwise(dY, X, W):
        return {"gX": dY @ W.T, "gW": X.T @ dY, "gb": dY.sum(axis=0)}

    assert check(forward, named_otherwise, names={"gX": "dX", "gW": "dW", "gb": "db"}).verdict == "agree"


def test_a_size_that_no_input_shows_is_told():
    spread = layer("spread", tensors="x[N] Y[N, D]", equations="Y[n, d] = x[n]")
    pair = (lambda x, D: np.repeat(x[:, None], D, axis=1), lambda dY: dY.sum(axis=1))
    assert check(*pair, spread).verdict == "agree"


def test_one_real_input_may_be_one_array():
    assert check(np.tanh, lambda dY, Y: dY * (1 - Y * Y), "tanh").verdict == "agree"


def test_the_backward_may_ask_for_what_the_forward_returned():
    def softmax_loss(Z, T):
        P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        return {"L": -np.log(P[np.arange(len(T)), T]).mean(), "P": P}

    def softmax_loss_backward(dL, P, T):
        return dL * (P - np.eye(P.shape[1])[T]) / len(P)

    report = check(softmax_loss, softmax_loss_backward, "softmax_cross_entropy")
    assert report.verdict == "agree"
    assert {finding.cotangent for finding in report.findings if finding.witness == "equations"} == {"L", "P"}


def test_the_backward_may_ask_for_what_the_contract_of_the_forward_declares():
    def undeclared(X):
        return {"Y": np.abs(X), "sign": np.sign(X)}

    @contract("X[N, D] -> Y[N, D] sign[N, D]")
    def forward(X):
        return undeclared(X)

    one = layer("one", tensors="X[N, D] Y[N, D]", equations="Y[n, d] = abs(X[n, d])")
    assert check(forward, lambda dY, sign: dY * sign, one).verdict == "agree"
    assert check(forward, lambda dY, sign: -dY * sign, one).verdict == "disagree"
    assert kinds(check(undeclared, lambda dY, sign: dY * sign, one)) != set()


def test_none_may_stand_for_the_gradient_of_labels():
    def loss(P, T):
        return -np.log(P[np.arange(len(T)), T]).mean()

    def loss_backward(dL, P, T):
        return -dL * np.eye(P.shape[1])[T] / P / len(P), None

    assert check(loss, loss_backward, "cross_entropy").verdict == "agree"


def test_of_fewer_arrays_than_inputs_the_first_are_looked_at():
    """A loss hands back what belongs to its answer, and seldom what belongs to its target."""

    def loss(Y, T):
        return ((Y - T) ** 2).mean()

    def loss_backward(dL, Y, T):
        return 2 * dL * (Y - T) / Y.size

    report = check(loss, loss_backward, "mean_squared_error")
    assert {f.cotangent for f in report.findings if f.witness == "missing"} == {"dT"}
    assert all(f.verdict == "agree" for f in report.about("dY", "derivation", "differences"))
    assert check(loss, loss_backward, derive("mean_squared_error", "Y")).verdict == "agree"


MASKED = layer("masked", tensors="X[N, D] M[N, D] in 0..1 Y[N, D]", equations="Y[n, d] = M[n, d]*X[n, d]**2")


def test_a_mask_that_nobody_asks_for_is_all_ones_and_the_report_says_so():
    report = check(lambda X: X**2, lambda dY, X: 2 * dY * X, MASKED)
    assert (report.verdict, report.assumed) == ("agree", {"M": 1})
    assert "does not take these, and was looked at with M = 1" in str(report)
    assert report.to_dict()["assumed"] == {"M": 1}
    assert check(lambda X: X**2, lambda dY, X: dY * X, MASKED).verdict == "disagree"


def test_a_convolution_without_a_stride_has_a_stride_of_one():
    def conv1d(x, k, b):
        P = x.shape[1] - len(k) + 1
        return sum(x[:, r : r + P] @ k[r] for r in range(len(k))) + b

    def conv1d_backward(dout, x, k):
        P = dout.shape[1]
        dx, dk = np.zeros_like(x), np.zeros_like(k)
        for r in range(len(k)):
            dx[:, r : r + P] += dout @ k[r].T
            dk[r] = np.einsum("npc,npf->cf", x[:, r : r + P], dout)
        return dx, dk, dout.sum(axis=(0, 1))

    report = check(conv1d, conv1d_backward, "conv1d")
    assert (report.verdict, report.assumed) == ("agree", {"stride": 1, "pad": 0, "dilation": 1})
    assert "stride = 1, pad = 0, dilation = 1" in " ".join(str(report).split())


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (lambda X, M: M * X**2, lambda dY, X, M: 2 * dY * M * X),
        (lambda X, M: M * X**2, lambda dY, X: 2 * dY * X),
        (lambda X: X**2, lambda dY, X, M: 2 * dY * M * X),
        (lambda values, mask: mask * values**2, lambda g, values, mask: 2 * g * mask * values),
    ],
    ids=["both take it", "the forward takes it", "the backward takes it", "by position"],
)
def test_a_mask_that_somebody_asks_for_masks(forward, backward):
    report = check(forward, backward, MASKED)
    assert report.assumed == {}
    assert "does not take" not in str(report)


WRONG = {
    "too few": (forward, lambda dY, X, W: (dY @ W.T, X.T @ dY), "missing"),
    "too many": (forward, lambda dY, X, W: (dY @ W.T, X.T @ dY, dY.sum(axis=0), dY), "arity"),
    "none at all": (forward, lambda dY, X, W: (), "arity"),
    "nothing": (forward, lambda dY, X, W: None, "arity"),
    "one array for three": (forward, lambda dY, X, W: dY @ W.T, "missing"),
    "three results of a forward": (lambda X, W, b: (forward(X, W, b), X, W), backward, "arity"),
    "an empty dictionary": (lambda X, W, b: {}, backward, "arity"),
    "one missing": (forward, lambda dY, X, W: {"dX": dY @ W.T, "dW": X.T @ dY}, "missing"),
    "one too many": (forward, lambda dY, X, W: {**backward(dY, X, W), "dV": X}, "extra"),
    "a wrong shape": (forward, lambda dY, X, W: {**backward(dY, X, W), "db": dY.sum(axis=0)[None]}, "shape"),
    "a wrong dtype": (forward, lambda dY, X, W: {**backward(dY, X, W), "db": dY.sum(axis=0).astype("f4")}, "dtype"),
    "a string": (forward, lambda dY, X, W: {**backward(dY, X, W), "db": "db"}, "dtype"),
    "ragged lists": (forward, lambda dY, X, W: {**backward(dY, X, W), "db": [[1.0], [1.0, 2.0]]}, "dtype"),
    "a forward of the wrong shape": (lambda X, W, b: (X @ W + b).T, backward, "shape"),
    "complex numbers": (forward, lambda dY, X, W: {**backward(dY, X, W), "db": dY.sum(axis=0) * 1j}, "dtype"),
    "a forward that raises": (lambda X, W, b: X @ W.T, backward, "raises"),
    "a backward that raises": (forward, lambda dY, X, W: 1 / 0, "raises"),
    "a backward that asks too much": (forward, lambda dY, cache: cache, "raises"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_whatever_is_returned_or_raised_is_a_finding(mistake):
    *pair, kind = WRONG[mistake]
    report = check(*pair)
    assert report.verdict == "disagree"
    assert kind in kinds(report)


def test_an_exception_is_shown_with_its_call():
    def broken(dY, X, W):
        raise KeyError("cache")

    (finding,) = (f for f in check(forward, broken).findings if f.witness == "raises")
    assert finding.reason == "broken(dY[3, 5], X[3, 4], W[4, 5]) raises KeyError: 'cache'"


def test_a_parameter_called_like_settings_takes_the_options_in_a_dictionary():
    def batchnorm_forward(x, gamma, beta, bn_param):
        assert bn_param["mode"] == "train"
        mean, rate = x.mean(0), 1 / np.sqrt(x.var(0) + bn_param["eps"])
        normal = (x - mean) * rate
        return gamma * normal + beta, (normal, gamma, rate)

    def batchnorm_backward(dout, cache):
        normal, gamma, rate = cache
        d = dout * gamma
        dx = rate * (d - d.mean(0) - normal * (d * normal).mean(0))
        return dx, (dout * normal).sum(0), dout.sum(0)

    assert gradcheck((batchnorm_forward, batchnorm_backward), "batch_norm").verdict == "agree"

    def conv_forward(X, K, b, conv_param):
        assert set(conv_param) == {"mode", "stride", "pad", "dilation"}
        return X

    assert not gradcheck((conv_forward, lambda dY: dY), "conv1d").assumed


def pool_forward(x, pool_param):
    assert set(pool_param) == {"stride", "pad", "height", "width"}
    assert pool_param["mode"] == "train"
    stride, R, S = pool_param["stride"], pool_param["height"], pool_param["width"]
    P, Q = 1 + (x.shape[1] - R) // stride, 1 + (x.shape[2] - S) // stride
    windows = [[x[:, p * stride : p * stride + R, q * stride : q * stride + S] for q in range(Q)] for p in range(P)]
    return np.array(windows).mean(axis=(3, 4)).transpose(2, 0, 1, 3), (x, pool_param)


def pool_backward(dout, cache):
    x, pool_param = cache
    stride, R, S = pool_param["stride"], pool_param["height"], pool_param["width"]
    dx = np.zeros_like(x)
    for p, q in np.ndindex(dout.shape[1:3]):
        dx[:, p * stride : p * stride + R, q * stride : q * stride + S] += dout[:, p, q, None, None] / (R * S)
    return dx


def test_keys_of_a_dictionary_of_settings_may_be_renamed():
    names = {"height": "R", "width": "S"}
    report = gradcheck((pool_forward, pool_backward), "avg_pool2d", names=names, sizes={"pad": 0})
    assert report.verdict == "agree", report


def test_a_parameter_called_like_settings_is_no_dictionary_where_no_option_is_left():
    report = gradcheck(
        (lambda X, W, params: X @ W + params, lambda dY, X, W: (dY @ W.T, X.T @ dY, dY.sum(0))), "linear"
    )
    assert report.verdict == "agree"


def test_a_cache_may_stand_behind_several_outputs():
    both = layer("both", tensors="X[N] Y[N] -> U[N] V[N]", equations="U[n] = X[n]*Y[n]\nV[n] = X[n] + Y[n]")

    def forward(x, y):
        return x * y, x + y, (x, y)

    def backward(dU, dV, cache):
        x, y = cache
        return dU * y + dV, dU * x + dV

    assert gradcheck((forward, backward), both).verdict == "agree"


def layer_norm_forward(x, gamma, beta, eps=2.0**-10):
    mean = x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + eps)
    x_hat = (x - mean) * scale
    return gamma * x_hat + beta, x_hat, scale


def layer_norm_backward(dout, x_hat, scale, gamma):
    def centred(g):
        return g - g.mean(axis=1, keepdims=True) - x_hat * (g * x_hat).mean(axis=1, keepdims=True)

    return scale * centred(dout * gamma), (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def swapped_forward(x, gamma, beta, eps=2.0**-10):
    y, x_hat, scale = layer_norm_forward(x, gamma, beta, eps)
    return y, scale, x_hat


def test_what_stands_behind_the_output_has_the_name_that_the_forward_returns_it_by():
    for forward in (layer_norm_forward, swapped_forward):
        assert check(forward, layer_norm_backward, "layer_norm").verdict == "agree"


def in_two_ways_forward(x, gamma, beta, eps=2.0**-10):
    y, x_hat, scale = layer_norm_forward(x, gamma, beta, eps)
    if eps > 1:
        return y, scale, x_hat
    return y, x_hat, scale


def test_where_it_returns_them_by_different_names_they_have_none():
    report = check(in_two_ways_forward, layer_norm_backward, "layer_norm")
    assert kinds(report) == {"arity"}


def surprise_forward(logits, labels):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean(), probabilities


def surprise_backward(probabilities, labels):
    return (probabilities - np.eye(probabilities.shape[1])[labels]) / len(labels)


def not_averaged_backward(probabilities, labels):
    return surprise_backward(probabilities, labels) * len(labels)


def test_a_backward_of_a_loss_that_takes_no_cotangent_is_told_so_and_right_for_that_number():
    def checked(backward, **sizes):
        return gradcheck((surprise_forward, backward), "softmax_cross_entropy", sizes=sizes)

    report = checked(surprise_backward)
    assert report.verdict == "disagree"
    assert "dZ ignores dL: it is right for dL = 1 (where it is that for good: --set dL=1)" in " ".join(
        str(report).split()
    )
    assert checked(surprise_backward, dL=1).verdict == "agree"
    assert checked(not_averaged_backward, dL=1).verdict == "disagree"
    assert checked(surprise_backward, dL=2).verdict == "disagree"
    with pytest.raises(ValueError, match="dL is set to 0"):
        checked(surprise_backward, dL=0)
    with pytest.raises(ValueError, match="only the cotangent of a loss can be set"):
        gradcheck((forward, backward), "linear", sizes={"dY": 1})


def test_a_parameter_means_in_the_backward_what_it_means_in_the_forward():
    def forward(predicted, wanted):
        return ((predicted - wanted) ** 2).mean()

    def backward(wanted, predicted):
        return {"dY": (predicted - wanted) * (2 / wanted.size)}

    report = gradcheck((forward, backward), derive("mean_squared_error", wrt=["Y"]), sizes={"dL": 1})
    assert report.verdict == "agree"


def test_what_a_backward_leaves_out_can_be_left_out_and_the_report_says_how():
    report = check(forward, lambda dY, X, W: {"dX": dY @ W.T, "db": dY.sum(axis=0)})
    assert (
        "the backward does not return dW (where it is not to, look at the others alone: --wrt X --wrt b)"
        in " ".join(str(report).split())
    )


def test_a_flag_without_a_default_says_that_it_is_trained():
    def flagged(X, W, b, training):
        assert training is True
        return forward(X, W, b)

    assert check(flagged, backward).verdict == "agree"


def recurrent_forward(x, Wx, Wh, b):
    states = [np.zeros((x.shape[1], len(Wh)), np.result_type(x, Wx, Wh, b))]
    for step in x:
        states.append(np.tanh(step @ Wx + states[-1] @ Wh + b))
    return np.array(states[1:]), (x, Wx, Wh, states)


def recurrent_backward(dh, cache):
    x, Wx, Wh, states = cache
    dx, dWx, dWh, db, later = np.empty_like(x), 0, 0, 0, 0
    for t in reversed(range(len(x))):
        da = (dh[t] + later) * (1 - states[t + 1] ** 2)
        dx[t], later = da @ Wx.T, da @ Wh.T
        dWx, dWh, db = dWx + x[t].T @ da, dWh + states[t].T @ da, db + da.sum(axis=0)
    return dx, dWx, dWh, db


def test_a_recurrence_that_takes_no_first_state_starts_from_zeros_and_the_report_says_so():
    report = gradcheck((recurrent_forward, recurrent_backward), "rnn_tanh")
    assert (report.verdict, report.assumed) == ("agree", {"h0": 0})
    assert report.cotangents == ("dx", "dWx", "dWh", "db")
    assert "looked at with h0 = 0" in str(report)

    def shifted(dh, cache):
        dx, *others = recurrent_backward(dh, cache)
        return np.roll(dx, 1, axis=0), *others

    report = gradcheck((recurrent_forward, shifted), "rnn_tanh")
    assert {finding.cotangent for finding in report.findings if finding.verdict == "disagree"} >= {"dx"}
    assert report.diagnoses[0].hypothesis == "shifted"


def test_keys_of_a_dictionary_may_be_the_names_of_the_inputs():
    report = check(forward, lambda dY, X, W: {"X": dY @ W.T, "W": X.T @ dY, "b": dY.sum(axis=0)})
    assert report.verdict == "agree"


def product(x, weights, bias):
    return x @ weights + bias


def product_backward(form):
    def backward(dout, x, weights, bias):
        gradients = {"x": dout @ weights.T, "weights": x.T @ dout, "bias": dout.sum(axis=0)}
        return {form.format(name): gradient for name, gradient in gradients.items()}

    return backward


@pytest.mark.parametrize("form", ["{}", "d{}", "d_{}", "grad_{}", "{}_grad"])
def test_keys_of_gradients_may_be_what_the_code_calls_its_inputs(form):
    report = gradcheck((product, product_backward(form)), "linear")
    assert report.verdict == "agree", report


NET = layer(
    "net",
    tensors="X[N, D]  W1[D, H]  b1[H]  W2[H, C]  h[N, H]  Y[N, C]",
    equations="h[n, j] = tanh(sum[d](X[n, d]*W1[d, j]) + b1[j])\nY[n, c] = sum[j](h[n, j]*W2[j, c])",
)


def net(X, params):
    h = np.tanh(X @ params["W1"] + params["b1"])
    return h @ params["W2"], (X, h, params)


def net_backward(dY, cache):
    X, h, params = cache
    dZ = dY @ params["W2"].T * (1 - h**2)
    return dZ @ params["W1"].T, {"W1": X.T @ dZ, "b1": dZ.sum(axis=0), "W2": h.T @ dY}


def test_parameters_may_come_in_a_dictionary_and_their_gradients_too():
    report = gradcheck((net, net_backward), NET)
    assert report.verdict == "agree", report
    missing = gradcheck((net, lambda dY, cache: (net_backward(dY, cache)[0], {})), NET)
    assert {f.cotangent for f in missing.findings if f.witness == "missing"} == {"dW1", "db1", "dW2"}


def cell(xt, a_prev, parameters):
    a_next = np.tanh(xt @ parameters["Wax"] + a_prev @ parameters["Waa"])
    return a_next, (a_next, xt, a_prev, parameters)


def cell_backward(da_next, cache):
    a_next, xt, a_prev, parameters = cache
    dZ = da_next * (1 - a_next**2)
    gradients = {"dxt": dZ @ parameters["Wax"].T, "da_prev": dZ @ parameters["Waa"].T}
    return {**gradients, "dWax": xt.T @ dZ, "dWaa": a_prev.T @ dZ}


def test_keys_of_parameters_may_be_renamed_and_those_of_their_gradients_with_them():
    step = layer(
        "cell",
        tensors="x[N, D]  a0[N, H]  Wx[D, H]  Wh[H, H]  a[N, H]",
        equations="a[n, h] = tanh(sum[d](x[n, d]*Wx[d, h]) + sum[g](a0[n, g]*Wh[g, h]))",
    )
    report = gradcheck((cell, cell_backward), step, names={"Wax": "Wx", "Waa": "Wh"})
    assert report.verdict == "agree", report
    assert "(--name Wax=NAME)" in str(gradcheck((cell, cell_backward), step)).replace("\n", " ")


Gradients = namedtuple("Gradients", "db dx dw")


def affine_in_a_list(x, w, b):
    return [x @ w + b, (x, w)]


@pytest.mark.parametrize("made", [tuple, list, dict, Gradients])
def test_results_may_come_in_a_list_and_gradients_under_names_in_any_order(made):
    def backward(dout, cache):
        x, w = cache
        dx, dw, db = dout @ w.T, x.T @ dout, dout.sum(axis=0)
        if made is dict:
            return {"db": db, "dx": dx, "dw": dw}
        return Gradients(dx=dx, dw=dw, db=db) if made is Gradients else made((dx, dw, db))

    report = gradcheck((affine_in_a_list, backward), "linear")
    assert report.verdict == "agree", report


def test_a_list_of_rows_is_one_array():
    pair = (lambda X: [row + 0 for row in X], lambda dY: [row for row in dY])
    report = gradcheck(pair, "identity", sizes={"N": 2, "D": 3})
    assert not [f for f in report.findings if f.cotangent == "Y" and f.verdict == "disagree"], report


@pytest.mark.parametrize("name", ["caches", "ctx", "saved"])
def test_a_cache_may_be_called_so(name):
    namespace = {
        "caches": lambda dout, caches: dout * (1 - caches**2),
        "ctx": lambda dout, ctx: dout * (1 - ctx**2),
        "saved": lambda dout, saved: dout * (1 - saved**2),
    }

    def forward(x):
        y = np.tanh(x)
        return y, y + 0

    assert gradcheck((forward, namespace[name]), "tanh").verdict == "agree"


NETWORK = layer(
    "network_without_its_loss",
    tensors="X[N, D]  W1[D, M]  W2[M, C]  T[N, C]  Z1[N, M]  A1[N, M]  Z2[N, C]  L",
    equations="""
        Z1[n, m] = sum[d](X[n, d]*W1[d, m])
        A1[n, m] = tanh(Z1[n, m])
        Z2[n, c] = sum[m](A1[n, m]*W2[m, c])
        L = sum[n, c]((Z2[n, c] - T[n, c])**2)/(2*N)
    """,
)


def forward_prop(W1, W2, X):
    Z1 = X @ W1
    A1 = np.tanh(Z1)
    Z2 = A1 @ W2
    return Z1, A1, Z2


def backward_prop(Z1, A1, Z2, W1, W2, X, T):
    m = len(X)
    dZ2 = (Z2 - T) / m
    dW2 = A1.T @ dZ2
    dZ1 = dZ2 @ W2.T * (1 - np.tanh(Z1) ** 2)
    dW1 = X.T @ dZ1
    return dW2, dW1


def backward_prop_without_the_mean(Z1, A1, Z2, W1, W2, X, T):
    dW2 = A1.T @ (Z2 - T)
    dW1 = X.T @ ((Z2 - T) @ W2.T * (1 - A1**2))
    return dW2, dW1


def test_a_network_may_give_no_loss_and_its_results_and_gradients_go_by_their_names():
    weights = derive(NETWORK, wrt=["W1", "W2"])
    report = gradcheck((forward_prop, backward_prop), weights)
    assert {finding.cotangent for finding in report.findings} == {"Z1", "A1", "Z2", "dW1", "dW2", ""}
    assert not [finding for finding in report.findings if finding.verdict == "disagree"], report
    report = gradcheck((forward_prop, backward_prop_without_the_mean), weights)
    assert {f.cotangent for f in report.findings if f.verdict == "disagree"} == {"dW1", "dW2"}
    assert "the mean over N is missing" in " ".join(str(report).split())


def in_columns(W1, W2, X):
    Z1 = W1 @ X
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1
    return Z1, A1, Z2


def test_how_the_axes_of_a_network_without_a_loss_lie_is_told():
    report = gradcheck((in_columns, backward_prop), derive(NETWORK, wrt=["W1", "W2"]))
    (told,) = [diagnosis.mistake for diagnosis in report.diagnoses if diagnosis.hypothesis == "axes in another order"]
    assert {*told.replace("--axes ", "").split()} == {"X=DN", "W1=MD", "W2=CM", "T=CN", "Z1=MN", "A1=MN", "Z2=CN"}


def test_gradients_go_by_the_names_in_the_return_whatever_their_order():
    def swapped(dY, X, W):
        dX, dW = dY @ W.T, X.T @ dY
        db = dY.sum(axis=0)
        return db, dW, dX

    assert gradcheck((forward, swapped), "linear").verdict == "agree"


def softmax_loss(logits, targets):
    P = np.exp(logits - logits.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    rows, n = np.arange(len(P)), len(P)
    loss, accuracy = -np.log(P[rows, targets]).mean(), (P.argmax(axis=1) == targets).mean()
    d_logits = P.copy()
    d_logits[rows, targets] -= 1
    d_logits /= n
    return loss, accuracy, d_logits


def linear_and_more(dY, X, W):
    dW, db, length = X.T @ dY, dY.sum(axis=0), np.linalg.norm(dY)
    return length, (dW, db), dY @ W.T


def linear_and_the_last(dY, X, W):
    dw, db, last = X.T @ dY, dY.sum(axis=0), dY[-1]
    return dY @ W.T, dw, db, last


def linear_in_words(dY, X, W):
    in_grad, dW, b_grad = dY @ W.T, X.T @ dY, dY.sum(axis=0)
    return b_grad, in_grad, dW


def linear_in_short(g, X, W):
    g_W, b_bar = X.T @ g, g.sum(axis=0)
    return g_W, b_bar, g @ W.T


@pytest.mark.parametrize("backward", [linear_and_more, linear_and_the_last, linear_in_words, linear_in_short])
def test_gradients_are_found_by_their_names_among_what_is_returned(backward):
    assert check(forward, backward).verdict == "agree"


def test_a_number_beside_a_loss_is_left_out_by_its_name():
    assert gradcheck(softmax_loss, "softmax_cross_entropy").verdict == "agree"


def test_what_is_no_gradient_by_its_name_is_not_taken_for_one_that_is_missing():
    def without_the_bias(dY, X, W):
        dX, dW, last = dY @ W.T, X.T @ dY, dY[-1]
        return last, dX, dW

    report = check(forward, without_the_bias)
    assert {f.reason.partition(" (")[0] for f in report.findings if f.verdict == "disagree"} == {
        "the backward does not return db"
    }


def test_an_output_is_found_among_other_results_by_its_name():
    def recurrent(x, h0, Wx, Wh, b):
        last, states = h0, []
        for row in x:
            last = np.tanh(row @ Wx + last @ Wh + b)
            states.append(last)
        states = np.stack(states)
        return last, b, states

    def recurrent_backward(dh, x, h0, Wx, Wh, states):
        back, found = 0, dict.fromkeys(("dWx", "dWh", "db"), 0)
        dx = np.zeros_like(x)
        for t in reversed(range(len(x))):
            before = states[t - 1] if t else h0
            dz = (dh[t] + back) * (1 - states[t] ** 2)
            dx[t], back = dz @ Wx.T, dz @ Wh.T
            found["dWx"] += x[t].T @ dz
            found["dWh"] += before.T @ dz
            found["db"] += dz.sum(axis=0)
        return {"dx": dx, "dh0": back, **found}

    assert check(recurrent, recurrent_backward, "rnn_tanh", names={"states": "h"}).verdict == "agree"


def leaky_relu(x, alpha=0.01):
    return np.where(x > 0, x, alpha * x)


def leaky_relu_backward(dout, x, alpha=0.01):
    return dout * np.where(x > 0, 1, alpha)


def test_a_number_by_default_is_the_option_that_is_left_and_the_report_says_so():
    report = check(leaky_relu, leaky_relu_backward, "leaky_relu")
    assert report.verdict == "agree"
    assert report.guessed["alpha"] == "slope"


def test_a_default_of_none_is_no_cotangent_of_a_loss():
    def loss(Y, T, masks=None):
        assert masks is None
        return np.mean((Y - T) ** 2)

    def slope(Y, T, masks=None):
        assert masks is None
        return {"dY": 2 * (Y - T) / Y.size, "dT": -2 * (Y - T) / Y.size}

    squares = layer("squares", tensors="Y[N, D] T[N, D] L", equations="L = mean[n, d]((Y[n, d] - T[n, d])**2)")
    assert check(loss, slope, squares, names=None).verdict == "disagree"  # it is right for dL = 1 alone
    assert gradcheck((loss, slope), squares, sizes={"dL": 1}).verdict == "agree"


def test_a_parameter_in_which_words_are_looked_up_is_a_dictionary():
    def forward(X, dense):
        return X @ dense["W"] + dense["b"], dense

    def backward(dY, X, dense):
        return {"dX": dY @ dense["W"].T, "dW": X.T @ dY, "db": dY.sum(axis=0)}

    assert check(forward, backward).verdict == "agree"


def test_a_key_that_is_no_name_is_shown_in_short():
    def forward(X, dense):
        return X @ dense[f"{X}_W"]

    report = check(forward, backward)
    assert all(len(finding.reason) < 300 for finding in report.findings)
    assert not any("--name [" in finding.reason for finding in report.findings)


def layer_norm_with_defaults(x, weight=None, bias=None, eps=1e-5):
    mu, v = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(v + eps)
    return x_hat if weight is None else x_hat * weight + bias


def layer_norm_with_defaults_backward(dy, x, weight=None, bias=None, eps=1e-5):
    mu, v = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(v + eps)
    g = dy  # which forgets the weight
    dx = (g - g.mean(1, keepdims=True) - x_hat * (g * x_hat).mean(1, keepdims=True)) / np.sqrt(v + eps)
    return dx, (dy * x_hat).sum(0), dy.sum(0)


def test_a_weight_that_may_be_left_out_is_given_all_the_same():
    report = check(layer_norm_with_defaults, layer_norm_with_defaults_backward, "layer_norm")
    assert report.verdict == "disagree"
    assert not report.assumed
    assert "dX leaves gamma out" in " ".join(str(report).split())


@pytest.mark.parametrize(
    ("forward", "backward", "against"),
    [
        (lambda x: 1 / (1 + np.exp(-x)), lambda grad, y: grad * y * (1 - y), "sigmoid"),
        (np.tanh, lambda upstream, out: upstream * (1 - out**2), "tanh"),
    ],
)
def test_what_is_called_like_the_output_is_that_beside_a_cotangent_of_any_name(forward, backward, against):
    assert check(forward, backward, against).verdict == "agree"


def test_a_threshold_is_no_option():
    def softplus(x, threshold=20.0):
        return np.where(x > threshold, x, np.log1p(np.exp(np.minimum(x, threshold))))

    def softplus_backward(g, x, threshold=20.0):
        return g / (1 + np.exp(-x))

    report = gradcheck((softplus, softplus_backward), "softplus", sizes={"beta": 1})
    assert report.verdict == "agree"
    assert "threshold" not in report.guessed
