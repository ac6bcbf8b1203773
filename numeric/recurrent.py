"""Recurrent layers over whole sequences, time first.

One product takes the inputs of all steps and gates at once; a step is left with the product of the state and what is
elementwise. Backwards, the slopes of all steps are computed at once, too: a step multiplies them by what arrives.
"""

import numpy as np

from numeric.contract import contract


@contract("x[T, N, D] h0[N, M] Wx[D, M] Wh[M, M] b[M] -> h[T, N, M]")
def rnn_tanh(x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """h[t] = tanh(x[t] Wx + h[t-1] Wh + b), from h[-1] = h0.

    x[T, N, D], h0[N, M], Wx[D, M], Wh[M, M] and b[M] are of one dtype, float32, float64 or complex128; so is the
    result, h[T, N, M]. Raises InputError for anything else. Source: Elman (1990), Finding Structure in Time.
    """
    h = _at_every_step(x, Wx, b)
    before, moved = h0, np.empty_like(h0)
    for now in h:
        now += np.matmul(before, Wh, out=moved)
        np.tanh(now, out=now)
        before = now
    return h


@contract(
    "dh[T, N, M] x[T, N, D] h0[N, M] Wx[D, M] Wh[M, M] h[T, N, M] -> dx[T, N, D] dh0[N, M] dWx[D, M] dWh[M, M] db[M]"
)
def rnn_tanh_backward(
    dh: np.ndarray, x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, h: np.ndarray
) -> dict[str, np.ndarray]:
    """With da[t] = (dh[t] + da[t+1] Whᵀ)(1 - h[t]²), what reaches the argument of tanh at step t:

    dx = da Wxᵀ, dWx = sum_t x[t]ᵀ da[t], dWh = sum_t h[t-1]ᵀ da[t], db = sum_t,n da, dh0 = da[0] Whᵀ.
    Raises InputError as `rnn_tanh` does.
    """
    da = 1 - h * h
    turned, carry = np.ascontiguousarray(Wh.T), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        carry += dh[t]
        da[t] *= carry
        np.matmul(da[t], turned, out=carry)
    return {"dh0": carry, "dWh": _recurrent_weights_backward(h0, h, da), **_inputs_backward(da, x, Wx, "b")}


@contract(
    "x[T, N, D] h0[N, M] c0[N, M] Wx[D, G] Wh[M, G] b[G] "
    "-> h[T, N, M] c[T, N, M] i[T, N, M] f[T, N, M] g[T, N, M] o[T, N, M]",
    G="4*M",
)
def lstm(
    x: np.ndarray, h0: np.ndarray, c0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, b: np.ndarray
) -> dict[str, np.ndarray]:
    """c[t] = f[t] c[t-1] + i[t] g[t] and h[t] = o[t] tanh(c[t]), from h[-1] = h0 and c[-1] = c0.

    The gates i, f, o = sigmoid and g = tanh take, in the order i, f, g, o, a quarter each of x[t] Wx + h[t-1] Wh + b.
    x[T, N, D], h0[N, M], c0[N, M], Wx[D, 4M], Wh[M, 4M] and b[4M] are of one dtype, float32, float64 or complex128; so
    are h, c and the gates, all [T, N, M]. Raises InputError for anything else.
    Source: Hochreiter and Schmidhuber (1997), Long Short-Term Memory; with a forget gate.
    """
    gates = _at_every_step(x, Wx, b)
    i, f, g, o = np.split(gates, 4, axis=2)
    M = h0.shape[1]
    c, h = np.empty_like(i), np.empty_like(i)
    moved, kept = np.empty_like(gates[0]), np.empty_like(h0)
    before, cell = h0, c0
    for t in range(len(x)):
        now = gates[t]
        now += np.matmul(before, Wh, out=moved)
        _sigmoid_in_place(now[:, : 2 * M])
        np.tanh(g[t], out=g[t])
        _sigmoid_in_place(o[t])
        np.multiply(f[t], cell, out=c[t])
        c[t] += np.multiply(i[t], g[t], out=kept)
        np.tanh(c[t], out=h[t])
        h[t] *= o[t]
        before, cell = h[t], c[t]
    return {"h": h, "c": c, "i": i, "f": f, "g": g, "o": o}


@contract(
    "dh[T, N, M] x[T, N, D] h0[N, M] c0[N, M] Wx[D, G] Wh[M, G] "
    "h[T, N, M] c[T, N, M] i[T, N, M] f[T, N, M] g[T, N, M] o[T, N, M] "
    "-> dx[T, N, D] dh0[N, M] dc0[N, M] dWx[D, G] dWh[M, G] db[G]",
    G="4*M",
)
def lstm_backward(
    dh: np.ndarray,
    x: np.ndarray,
    h0: np.ndarray,
    c0: np.ndarray,
    Wx: np.ndarray,
    Wh: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    i: np.ndarray,
    f: np.ndarray,
    g: np.ndarray,
    o: np.ndarray,
) -> dict[str, np.ndarray]:
    """dc[t] = dh_total[t] o (1 - tanh²(c)) + dc[t+1] f[t+1], where dh_total[t] = dh[t] + da[t+1] Whᵀ.

    da, what reaches the sums that the gates take, is dc g i (1 - i), dc c[t-1] f (1 - f), dc i (1 - g²) and
    dh_total tanh(c) o (1 - o), side by side. dx = da Wxᵀ, dWx = sum_t x[t]ᵀ da[t], dWh = sum_t h[t-1]ᵀ da[t].
    Raises InputError as `lstm` does.
    """
    T, N, M = h.shape
    squashed = np.tanh(c)
    da = np.empty((T, N, 4, M), h.dtype)
    np.multiply(g * i, 1 - i, out=da[:, :, 0])
    np.multiply(f, 1 - f, out=da[:, :, 1])
    da[0, :, 1] *= c0
    da[1:, :, 1] *= c[:-1]
    np.multiply(i, 1 - g * g, out=da[:, :, 2])
    np.multiply(squashed * o, 1 - o, out=da[:, :, 3])
    into_cell = o * (1 - squashed * squashed)
    packed, turned = da.reshape(T, N, 4 * M), np.ascontiguousarray(Wh.T)
    carry, dc = np.zeros_like(h0), np.zeros_like(c0)
    for t in reversed(range(T)):
        carry += dh[t]
        into_cell[t] *= carry
        dc += into_cell[t]
        da[t, :, :3] *= dc[:, np.newaxis]
        da[t, :, 3] *= carry
        dc *= f[t]
        np.matmul(packed[t], turned, out=carry)
    dWh = _recurrent_weights_backward(h0, h, packed)
    return {"dh0": carry, "dc0": dc, "dWh": dWh, **_inputs_backward(packed, x, Wx, "b")}


@contract(
    "x[T, N, D] h0[N, M] Wx[D, G] Wh[M, G] bx[G] bh[G] -> h[T, N, M] v[T, N, G] r[T, N, M] z[T, N, M] g[T, N, M]",
    G="3*M",
)
def gru(
    x: np.ndarray, h0: np.ndarray, Wx: np.ndarray, Wh: np.ndarray, bx: np.ndarray, bh: np.ndarray
) -> dict[str, np.ndarray]:
    """h[t] = (1 - z[t]) g[t] + z[t] h[t-1], from h[-1] = h0.

    With u = x Wx + bx and v = h[t-1] Wh + bh, of which r, z and g take a third each, in this order: r and z are
    sigmoid(u + v) and g = tanh(u + r v): PyTorch's variant, the reset gate after the product.
    x[T, N, D], h0[N, M], Wx[D, 3M], Wh[M, 3M], bx[3M] and bh[3M] are of one dtype, float32, float64 or complex128; so
    are h and the gates, [T, N, M], and v[T, N, 3M]. Raises InputError for anything else.
    Source: Cho et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder.
    """
    gates = _at_every_step(x, Wx, bx)
    r, z, g = np.split(gates, 3, axis=2)
    M = h0.shape[1]
    h, v = np.empty_like(g), np.empty_like(gates)
    mixed = np.empty_like(h0)
    before = h0
    for t in range(len(x)):
        np.matmul(before, Wh, out=v[t])
        v[t] += bh
        switches = gates[t, :, : 2 * M]
        switches += v[t, :, : 2 * M]
        _sigmoid_in_place(switches)
        g[t] += np.multiply(r[t], v[t, :, 2 * M :], out=mixed)
        np.tanh(g[t], out=g[t])
        np.subtract(1, z[t], out=h[t])
        h[t] *= g[t]
        h[t] += np.multiply(z[t], before, out=mixed)
        before = h[t]
    return {"h": h, "v": v, "r": r, "z": z, "g": g}


@contract(
    "dh[T, N, M] x[T, N, D] h0[N, M] Wx[D, G] Wh[M, G] "
    "h[T, N, M] v[T, N, G] r[T, N, M] z[T, N, M] g[T, N, M] "
    "-> dx[T, N, D] dh0[N, M] dWx[D, G] dWh[M, G] dbx[G] dbh[G]",
    G="3*M",
)
def gru_backward(
    dh: np.ndarray,
    x: np.ndarray,
    h0: np.ndarray,
    Wx: np.ndarray,
    Wh: np.ndarray,
    h: np.ndarray,
    v: np.ndarray,
    r: np.ndarray,
    z: np.ndarray,
    g: np.ndarray,
) -> dict[str, np.ndarray]:
    """dh_total[t] = dh[t] + dh_total[t+1] z[t+1] + dv[t+1] Whᵀ; u and v as in `gru`.

    du is, side by side, dg v r (1 - r), dh_total (h[t-1] - g) z (1 - z) and dg = dh_total (1 - z)(1 - g²); dv is the
    same, but for r dg at the end. dx = du Wxᵀ, dWx = sum_t x[t]ᵀ du[t], dWh = sum_t h[t-1]ᵀ dv[t].
    Raises InputError as `gru` does.
    """
    T, N, M = h.shape
    total, slope = np.empty_like(h), (1 - z) * (1 - g * g)
    dv = np.empty((T, N, 3, M), h.dtype)
    np.multiply(slope * v[:, :, 2 * M :] * r, 1 - r, out=dv[:, :, 0])
    np.subtract(h0, g[0], out=dv[0, :, 1])
    np.subtract(h[:-1], g[1:], out=dv[1:, :, 1])
    dv[:, :, 1] *= z * (1 - z)
    np.multiply(slope, r, out=dv[:, :, 2])
    packed = dv.reshape(T, N, 3 * M)
    turned, carry = np.ascontiguousarray(Wh.T), np.zeros_like(h0)
    for t in reversed(range(T)):
        np.add(carry, dh[t], out=total[t])
        dv[t] *= total[t, :, np.newaxis]
        np.matmul(packed[t], turned, out=carry)
        carry += total[t] * z[t]
    dWh, dbh = _recurrent_weights_backward(h0, h, packed), packed.sum(axis=(0, 1))
    np.multiply(slope, total, out=dv[:, :, 2])  # from here on it is du
    return {"dh0": carry, "dWh": dWh, "dbh": dbh, **_inputs_backward(packed, x, Wx, "bx")}


def _at_every_step(x: np.ndarray, Wx: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x[t] Wx + b for every t, in one product."""
    T, N, D = x.shape
    sums = x.reshape(T * N, D) @ Wx
    sums += b
    return sums.reshape(T, N, -1)


def _inputs_backward(da: np.ndarray, x: np.ndarray, Wx: np.ndarray, bias: str) -> dict[str, np.ndarray]:
    """What the sums x[t] Wx + b hand back, all steps in one product."""
    T, N, D = x.shape
    flat = da.reshape(T * N, -1)
    return {
        "dx": (flat @ Wx.T).reshape(T, N, D),
        "dWx": x.reshape(T * N, D).T @ flat,
        f"d{bias}": flat.sum(axis=0),
    }


def _recurrent_weights_backward(h0: np.ndarray, h: np.ndarray, da: np.ndarray) -> np.ndarray:
    """sum_t h[t-1]ᵀ da[t], with h[-1] = h0."""
    T, N, M = h.shape
    dWh = h0.T @ da[0]
    if T > 1:
        dWh += h[:-1].reshape(-1, M).T @ da[1:].reshape((T - 1) * N, -1)
    return dWh


def _sigmoid_in_place(z: np.ndarray) -> None:
    """z becomes 1/(1 + exp(-z)), to full precision at both ends; 0 where exp overflows."""
    z *= -1  # np.negative errs on a float32 column that it overwrites (NumPy 2.4)
    if np.iscomplexobj(z):  # an infinite complex number has no reciprocal
        np.minimum(z, 700, out=z)
    with np.errstate(over="ignore"):
        np.exp(z, out=z)
    z += 1
    np.divide(1, z, out=z)
