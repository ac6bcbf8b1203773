"""temporary stand-in"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from numeric.contract import contract

_P = "(H + 2*pad - R + 1)//2"
_Q = "(W + 2*pad - S + 1)//2"


def _columns(X, R, S, pad):
    N, H, W, C = X.shape
    U = (H + 2 * pad - R + 1) // 2
    V = (W + 2 * pad - S + 1) // 2
    padded = np.zeros((N, H + 2 * pad, W + 2 * pad, C), X.dtype)
    padded[:, pad : pad + H, pad : pad + W] = X
    n, h, w, c = padded.strides
    view = as_strided(padded, (N, U, V, R + 1, (S + 1) * C), (n, 2 * h, 2 * w, h, c))
    cols = np.empty((N * U * V, (R + 1) * (S + 1) * C), X.dtype)
    np.copyto(cols.reshape(view.shape), view)
    return cols, (N, U, V)


def _pasted(K):
    R, S, C, F = K.shape
    W = np.zeros((2, R, S + 1, C, F), K.dtype)
    W[0, :, :S] = K
    W[1, :, 1:] = K
    return W.reshape(2, -1, F)


@contract("X[N, H, W, C] K[R, S, C, F] b[F] pad in 0.. -> Y[N, U, V, F]", analytic=False, U=_P, V=_Q)
def conv_relu_pool2d(X, K, b, pad=0):
    R, S, C, F = K.shape
    cols, places = _columns(X, R, S, pad)
    W = _pasted(K)
    r = (S + 1) * C
    Z = np.empty((4, len(cols), F), X.dtype)
    for k in range(4):
        i = k // 2
        np.matmul(cols[:, i * r : (i + R) * r], W[k % 2], out=Z[k])
    A = np.maximum(Z[::2], Z[1::2])
    Y = np.maximum(A[0], A[1])
    Y += b
    np.maximum(Y, 0, out=Y)
    return {"Y": Y.reshape(*places, F), "columns": cols, "Z": Z, "A": A}


def _spread(dY, Y, Z, A, F):
    dY = dY.reshape(-1, F)
    g = dY * (Y.reshape(-1, F) > 0)
    dA = np.empty_like(A)
    dZ = np.empty_like(Z)
    np.multiply(g, A[0] >= A[1], out=dA[0])
    np.subtract(g, dA[0], out=dA[1])
    for i in (0, 1):
        np.multiply(dA[i], Z[2 * i] >= Z[2 * i + 1], out=dZ[2 * i])
        np.subtract(dA[i], dZ[2 * i], out=dZ[2 * i + 1])
    return g, dZ


def _params(g, dZ, columns, K, out):
    R, S, C, F = K.shape
    r = (S + 1) * C
    place = out or {}
    dW = []
    for j in (0, 1):
        d = columns[:, : R * r].T @ dZ[j]
        d += columns[:, r:].T @ dZ[2 + j]
        dW.append(d.reshape(R, S + 1, C, F))
    return {"dK": np.add(dW[0][:, :S], dW[1][:, 1:], out=place.get("dK")), "db": g.sum(axis=0, out=place.get("db"))}


@contract(
    "dY[N, U, V, F] X[N, H, W, C] K[R, S, C, F] Y[N, U, V, F] pad in 0.. -> dK[R, S, C, F] db[F]",
    analytic=False,
    U=_P,
    V=_Q,
)
def conv_relu_pool2d_parameters_backward(dY, X, K, Y, columns, Z, A, pad=0, out=None):
    g, dZ = _spread(dY, Y, Z, A, K.shape[-1])
    return _params(g, dZ, columns, K, out)


@contract(
    "dY[N, U, V, F] X[N, H, W, C] K[R, S, C, F] Y[N, U, V, F] pad in 0.. -> dX[N, H, W, C] dK[R, S, C, F] db[F]",
    analytic=False,
    U=_P,
    V=_Q,
)
def conv_relu_pool2d_backward(dY, X, K, Y, columns, Z, A, pad=0, out=None):
    R, S, C, F = K.shape
    N, H, W, _ = X.shape
    g, dZ = _spread(dY, Y, Z, A, F)
    _, U, V, _ = Y.shape
    P = _pasted(K)
    r = (S + 1) * C
    dc = np.empty((len(columns), (R + 1) * r), X.dtype)
    np.matmul(dZ[0], P[0].T, out=dc[:, : R * r])
    dc[:, R * r :] = 0
    dc[:, : R * r] += dZ[1] @ P[1].T
    t = dZ[2] @ P[0].T
    t += dZ[3] @ P[1].T
    dc[:, r:] += t
    dp = np.zeros((N, (U + 1), 2, (V + 1), 2 * C), X.dtype)
    d = dc.reshape(N, U, V, 2, 2, 2, 2 * C)
    for u in (0, 1):
        for v in (0, 1):
            dp[:, u : u + U, :, v : v + V] += d[:, :, :, u, :, v].transpose(0, 1, 3, 2, 4)
    dX = dp.reshape(N, 2 * (U + 1), 2 * (V + 1), C)[:, pad : pad + H, pad : pad + W]
    return {"dX": np.ascontiguousarray(dX), **_params(g, dZ, columns, K, out)}
