"""Break recurrent layers and attention on purpose: paths through time, couplings and scales left out."""

from inspect import signature, unwrap

import numpy as np
import pytest

from checks import gradcheck
from checks.suite import rows
from derivations import LAYERS
from numeric import attention, composite, linear_recurrence, recurrent


def shifted(tensor, start):
    """The tensor one step earlier, as the recurrence reads it."""
    return np.concatenate([start[np.newaxis], tensor[:-1]])


def rnn_tanh(dh, x, h0, Wx, Wh, h, *, carry=True, slope=lambda h, t: 1 - h[t] ** 2, transpose=True, before=shifted):
    da, back = np.empty_like(h), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        da[t] = (dh[t] + back) * slope(h, t)
        back = da[t] @ (Wh.T if transpose else Wh)
        back *= carry
    return {
        "dx": da @ Wx.T,
        "dh0": da[0] @ Wh.T,
        "dWx": np.einsum("tnd,tnm->dm", x, da),
        "dWh": np.einsum("tnk,tnm->km", before(h, h0), da),
        "db": da.sum(axis=(0, 1)),
    }


def altered(right, change):
    """A right backward whose results or arguments are changed; it asks for what the right one asks for."""

    def backward(**arguments):
        return change(lambda **other: right(**{**arguments, **other}), arguments)

    backward.__signature__ = signature(right)
    return backward


def lstm(change):
    return altered(unwrap(recurrent.lstm_backward), change)


def gru(change):
    return altered(unwrap(recurrent.gru_backward), change)


def scan(change):
    return altered(unwrap(linear_recurrence.linear_recurrence_backward), change)


def attend(change):
    return altered(unwrap(attention.scaled_dot_product_attention_backward), change)


def block(change):
    return altered(unwrap(composite.transformer_block_backward), change)


def less_around(right, a):
    whole = right()
    return {**whole, "dX": whole["dX"] - a["dY"]}


def attention_by_hand(dO, Q, K, V, P, coupling=lambda dP, P: (dP * P).sum(-1, keepdims=True), scale=None):
    dP = dO @ V.swapaxes(1, 2)
    dS = P * (dP - coupling(dP, P)) * np.asarray(scale or Q.shape[-1] ** -0.5, dO.dtype)
    return {"dQ": dS @ K, "dK": dS.swapaxes(1, 2) @ Q, "dV": P.swapaxes(1, 2) @ dO}


def last_step_only(right, a):
    """Truncated to one step: what reaches a step from the next one is dropped."""
    steps = [
        right(dh=np.where(np.arange(len(a["dh"]))[:, None, None] == t, a["dh"], 0).astype(a["dh"].dtype))["dx"][t]
        for t in range(len(a["dh"]))
    ]
    return {**right(), "dx": np.array(steps)}


SABOTAGES = {
    "rnn_tanh: recurrent path missing": (
        "rnn_tanh",
        lambda dh, x, h0, Wx, Wh, h: rnn_tanh(dh, x, h0, Wx, Wh, h, carry=False),
    ),
    "rnn_tanh: slope of the step before": (
        "rnn_tanh",
        lambda dh, x, h0, Wx, Wh, h: rnn_tanh(dh, x, h0, Wx, Wh, h, slope=lambda h, t: 1 - h[t - 1] ** 2),
    ),
    "rnn_tanh: Wh not transposed": (
        "rnn_tanh",
        lambda dh, x, h0, Wx, Wh, h: rnn_tanh(dh, x, h0, Wx, Wh, h, transpose=False),
    ),
    "rnn_tanh: dWh off by one in time": (
        "rnn_tanh",
        lambda dh, x, h0, Wx, Wh, h: rnn_tanh(dh, x, h0, Wx, Wh, h, before=lambda h, h0: h),
    ),
    "rnn_tanh: the first state forgotten in dWh": (
        "rnn_tanh",
        lambda dh, x, h0, Wx, Wh, h: rnn_tanh(dh, x, h0, Wx, Wh, h, before=lambda h, h0: shifted(h, 0 * h0)),
    ),
    "lstm: = for += over time": (
        "lstm",
        lstm(lambda right, a: {**right(), "db": right(dh=np.concatenate([a["dh"][:1], 0 * a["dh"][1:]]))["db"]}),
    ),
    "lstm: truncated to one step": ("lstm", lstm(last_step_only)),
    "lstm: cell of the same step in the forget gate": (
        "lstm",
        lstm(lambda right, a: right(c0=a["c"][0].copy())),
    ),
    "lstm: gates in another order": ("lstm", lstm(lambda right, a: right(i=a["f"], f=a["i"]))),
    "lstm: initial cell forgotten": ("lstm", lstm(lambda right, a: {**right(), "dc0": np.zeros_like(a["c0"])})),
    "lstm: h for tanh(c)": ("lstm", lstm(lambda right, a: right(c=a["h"]))),
    "gru: reset before the product": ("gru", gru(lambda right, a: right(v=a["v"] * np.tile(a["r"], 3)))),
    "gru: update gate turned round": ("gru", gru(lambda right, a: right(z=1 - a["z"]))),
    "gru: truncated to one step": ("gru", gru(last_step_only)),
    "gru: dbh is dbx": ("gru", gru(lambda right, a: {**right(), "dbh": right()["dbx"]})),
    "linear_recurrence: recurrent path missing": ("linear_recurrence", scan(lambda right, a: right(a=0 * a["a"]))),
    "linear_recurrence: shares off by one in time": (
        "linear_recurrence",
        scan(lambda right, a: right(a=np.roll(a["a"], 1, axis=0))),
    ),
    "linear_recurrence: states off by one in time": (
        "linear_recurrence",
        scan(lambda right, a: {**right(), "da": right()["dx"] * a["h"]}),
    ),
    "scaled_dot_product_attention: coupling dropped": (
        "scaled_dot_product_attention",
        lambda dO, Q, K, V, P: attention_by_hand(dO, Q, K, V, P, coupling=lambda dP, P: 0),
    ),
    "scaled_dot_product_attention: coupling over queries": (
        "scaled_dot_product_attention",
        lambda dO, Q, K, V, P: attention_by_hand(
            dO, Q, K, V, P, coupling=lambda dP, P: (dP * P).sum(axis=1, keepdims=True)
        ),
    ),
    "scaled_dot_product_attention: 1/sqrt(D) missing": (
        "scaled_dot_product_attention",
        lambda dO, Q, K, V, P: attention_by_hand(dO, Q, K, V, P, scale=1),
    ),
    "scaled_dot_product_attention: weights forgotten in dV": (
        "scaled_dot_product_attention",
        attend(lambda right, a: {**right(), "dV": right(P=np.ones_like(a["P"]))["dV"]}),
    ),
    "causal_attention: the future leaks": (
        "causal_attention",
        lambda dO, Q, K, V, P: attention_by_hand(dO, Q, K, V, P + np.triu(np.full_like(P, 0.1), 1)),
    ),
    "causal_attention: coupling dropped": (
        "causal_attention",
        lambda dO, Q, K, V, P: attention_by_hand(dO, Q, K, V, P, coupling=lambda dP, P: 0),
    ),
    "multi_head_attention: the values' path missing": (
        "multi_head_attention",
        altered(
            unwrap(attention.multi_head_attention_backward),
            lambda right, a: {**right(), "dX": right(Wv=0 * a["Wv"])["dX"]},
        ),
    ),
    "multi_head_attention: heads mixed up": (
        "multi_head_attention",
        altered(unwrap(attention.multi_head_attention_backward), lambda right, a: right(Wo=a["Wo"][::-1])),
    ),
    "rotary_embedding: turned on": (
        "rotary_embedding",
        lambda dY, base: {"dX": unwrap(attention.rotary_embedding)(dY, base)},
    ),
    "rotary_embedding: positions from 1": (
        "rotary_embedding",
        lambda dY, base: {
            "dX": unwrap(attention.rotary_embedding_backward)(np.concatenate([0 * dY[:, :1], dY], 1), base)["dX"][:, 1:]
        },
    ),
    "transformer_block: what goes around is forgotten": ("transformer_block", block(less_around)),
    "transformer_block: attention hands nothing back": (
        "transformer_block",
        block(lambda right, a: {**right(), "dX": right(Wq=0 * a["Wq"], Wk=0 * a["Wk"], Wv=0 * a["Wv"])["dX"]}),
    ),
    "transformer_block: the second norm's scale for the first": (
        "transformer_block",
        block(lambda right, a: right(gamma1=a["gamma2"])),
    ),
    "transformer_block: slope of gelu at its value": ("transformer_block", block(lambda right, a: right(Z=a["G"]))),
    "linear_attention: normalizer a constant": (
        "linear_attention",
        altered(unwrap(attention.linear_attention_backward), lambda right, a: right(O=0 * a["O"])),
    ),
    "linear_attention: slope of the features forgotten": (
        "linear_attention",
        altered(
            unwrap(attention.linear_attention_backward),
            lambda right, a: {**right(), "dQ": right()["dQ"] / np.minimum(1, np.exp(np.minimum(a["Q"], 0)))},
        ),
    ),
}


# One case: the suite looks at the others.
SIZES = {"T": 4, "N": 3, "D": 2, "M": 2, "U": 5, "E": 3, "H": 2, "F": 2}


def report_on(name):
    layer, backward = SABOTAGES[name]
    (row,) = rows([layer])
    sizes = {name: size for name, size in SIZES.items() if name in LAYERS[layer].size_names}
    return gradcheck((row.forward, backward), layer, sizes=sizes, dtype="float32")


@pytest.mark.parametrize("name", SABOTAGES)
@pytest.mark.usefixtures("undiagnosed")
def test_every_mistake_is_noticed_by_each_witness_even_in_float32(name):
    report = report_on(name)
    assert report.verdict == "disagree"
    wrong = {finding.witness for finding in report.findings if finding.verdict == "disagree"}
    assert wrong >= {"derivation", "differences"}


def test_the_backward_that_is_altered_was_right():
    for layer in ("rnn_tanh", "scaled_dot_product_attention"):
        (row,) = rows([layer])
        by_hand = {"rnn_tanh": rnn_tanh_right, "scaled_dot_product_attention": attention_right}[layer]
        sizes = {name: size for name, size in SIZES.items() if name in LAYERS[layer].size_names}
        assert gradcheck((row.forward, by_hand), layer, sizes=sizes).verdict == "agree"


def rnn_tanh_right(dh, x, h0, Wx, Wh, h):
    return rnn_tanh(dh, x, h0, Wx, Wh, h)


def attention_right(dO, Q, K, V, P):
    return attention_by_hand(dO, Q, K, V, P)
