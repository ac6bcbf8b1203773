"""Mistakes with paths through time."""

import inspect

import numpy as np

from checks import gradcheck
from numeric.recurrent import lstm, lstm_backward, rnn_tanh

SIZES = {"T": 4, "N": 3, "D": 2, "M": 5}


def rnn(dh, x, h0, Wx, Wh, h, *, carry=1.0, before=None):
    da, back = np.empty_like(h), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        da[t] = (dh[t] + back) * (1 - h[t] ** 2)
        back = carry * (da[t] @ Wh.T)
    before = np.concatenate([h0[np.newaxis], h[:-1]]) if before is None else before
    return {
        "dx": da @ Wx.T,
        "dh0": da[0] @ Wh.T,
        "dWx": np.einsum("tnd,tnm->dm", x, da),
        "dWh": np.einsum("tnk,tnm->km", before, da),
        "db": da.sum(axis=(0, 1)),
    }


def test_the_gradient_of_the_next_step_is_never_handed_on(likeliest):
    """CaptainE/RNN-LSTM-in-numpy, issue 1: what the loop computes for the step before is not used there."""

    def backward(dh, x, h0, Wx, Wh, h):
        return rnn(dh, x, h0, Wx, Wh, h, carry=0.0)

    hypothesis, mistake = likeliest(gradcheck((rnn_tanh, backward), "rnn_tanh", sizes=SIZES), "dWx")
    assert hypothesis == "path cut"
    assert mistake.startswith("in dh_total the term")


def test_the_state_of_the_same_step(likeliest):
    """Common in first recurrent networks: dWh from h[t], where h[t-1] came in."""

    def backward(dh, x, h0, Wx, Wh, h):
        return rnn(dh, x, h0, Wx, Wh, h, before=h)

    report = gradcheck((rnn_tanh, backward), "rnn_tanh", sizes=SIZES)
    assert likeliest(report, "dWh") == ("state of the same step", "h by -1")


def test_the_cell_forgets_what_the_next_step_hands_back(likeliest):
    """apache/mxnet, issue 4057: dC = ... where dC += ... belongs, as the cell has two ways onward."""
    right = inspect.unwrap(lstm_backward)

    def backward(dh, x, h0, c0, Wx, Wh, h, c, i, f, g, o):
        """Each step by itself, with the whole dh of its state: what the later cell hands back is lost."""
        T, total = len(x), np.zeros_like(h0)
        before = np.concatenate([c0[np.newaxis], c[:-1]])
        da = np.zeros((T, *i.shape[1:-1], 4 * i.shape[-1]))
        for t in reversed(range(T)):
            dh_t = dh[t] + total
            dc = dh_t * o[t] * (1 - np.tanh(c[t]) ** 2)
            gates = [dc * g[t] * i[t] * (1 - i[t]), dc * before[t] * f[t] * (1 - f[t])]
            gates += [dc * i[t] * (1 - g[t] ** 2), dh_t * np.tanh(c[t]) * o[t] * (1 - o[t])]
            da[t] = np.concatenate(gates, axis=-1)
            total = da[t] @ Wh.T
        return {**right(dh, x, h0, c0, Wx, Wh, h, c, i, f, g, o), "db": da.sum(axis=(0, 1))}

    hypothesis, mistake = likeliest(gradcheck((lstm, backward), "lstm", sizes=SIZES), "db")
    assert hypothesis == "path cut"
    assert mistake.startswith("in dc the term")
