"""The scan inside state-space models: h[t] = a[t] h[t-1] + x[t], entry by entry, and backwards the same scan reversed.

Runs of equal length go side by side, which takes about 3 sqrt(T) steps in Python instead of T.
"""

import math

import numpy as np

from numeric.contract import contract

# From this many entries on a step takes longer than NumPy's call does: runs side by side would only cost memory.
WIDE = 1 << 14


@contract("x[T, N, M] a[T, N, M] h0[N, M] -> h[T, N, M]")
def linear_recurrence(x: np.ndarray, a: np.ndarray, h0: np.ndarray) -> np.ndarray:
    """h[t] = a[t] h[t-1] + x[t], from h[-1] = h0.

    x[T, N, M], a[T, N, M] and h0[N, M] are of one dtype, float32, float64 or complex128; so is the result, h[T, N, M].
    Raises InputError for anything else. Source: Blelloch (1990), Prefix Sums and Their Applications, section 1.4.
    """
    return _scan(a, x, h0)


@contract("dh[T, N, M] a[T, N, M] h0[N, M] h[T, N, M] -> dx[T, N, M] da[T, N, M] dh0[N, M]")
def linear_recurrence_backward(dh: np.ndarray, a: np.ndarray, h0: np.ndarray, h: np.ndarray) -> dict[str, np.ndarray]:
    """dx[t] = dh[t] + a[t+1] dx[t+1], the scan from the other end; da[t] = dx[t] h[t-1], dh0 = a[0] dx[0].

    Raises InputError as `linear_recurrence` does.
    """
    shares = np.zeros_like(a)
    shares[1:] = a[:0:-1]
    dx = np.ascontiguousarray(_scan(shares, dh[::-1], np.zeros_like(h0))[::-1])
    da = np.empty_like(dx)
    np.multiply(dx[0], h0, out=da[0])
    np.multiply(dx[1:], h[:-1], out=da[1:])
    return {"dx": dx, "da": da, "dh0": a[0] * dx[0]}


def _scan(a: np.ndarray, x: np.ndarray, start: np.ndarray) -> np.ndarray:
    """h[t] = a[t] h[t-1] + x[t], from h[-1] = start."""
    h = np.empty(x.shape, x.dtype, like=x)
    length = math.isqrt(len(x))
    together = length * length if length > 1 and start.size < WIDE else 0
    state = start
    if together:
        runs = (length, length, *start.shape)
        state = _scan_runs(a[:together].reshape(runs), x[:together].reshape(runs), h[:together].reshape(runs), start)
    for t in range(together, len(x)):
        np.multiply(a[t], state, out=h[t])
        h[t] += x[t]
        state = h[t]
    return h


def _scan_runs(a: np.ndarray, x: np.ndarray, h: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Fill h[run, step] for all runs at once: first as if each began at 0, then with what the runs before leave."""
    shares = a[:, 0].copy()
    h[:, 0] = x[:, 0]
    for step in range(1, h.shape[1]):
        np.multiply(a[:, step], h[:, step - 1], out=h[:, step])
        h[:, step] += x[:, step]
        shares *= a[:, step]
    carried = np.empty_like(shares)
    state = start
    for run in range(len(h)):
        carried[run] = state
        state = shares[run] * state + h[run, -1]
    for step in range(h.shape[1]):
        carried *= a[:, step]
        h[:, step] += carried
    return h[-1, -1]
