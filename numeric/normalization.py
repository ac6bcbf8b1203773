"""Normalization: to mean 0 and variance 1 over some axes, or to length 1.

Variances divide by the number of entries. Centred inputs `Xhat` and variances `v` are handed to the backward, which
needs no second look at X. Where channels are grouped, each group has an axis of its own: with channels last,
`X.reshape(N, H, W, G, C)` copies nothing.

What is normalized row by row is done in blocks of rows that stay in the cache from one pass to the next; the sums are
products with vectors, which BLAS takes several entries at a time.
"""

from collections.abc import Iterator

import numpy as np

from numeric.contract import contract
from numeric.errors import InputError

BLOCK_BYTES = 2**19  # measured: larger blocks leave the cache, and beside smaller ones NumPy's calls cost too much


@contract("X[N, D] gamma[D] beta[D] eps > 0 -> Y[N, D] Xhat[N, D] mu[D] v[D]")
def batch_norm(X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5) -> dict[str, np.ndarray]:
    """Y = gamma Xhat + beta, with Xhat = (X - mu)/sqrt(v + eps), mu and v the mean and the variance over the batch.

    X[N, D], gamma[D] and beta[D] are of one dtype, float32, float64 or complex128; InputError otherwise. For images,
    reshape X[N, H, W, C] to N*H*W rows. Source: Ioffe and Szegedy (2015), algorithm 1.
    """
    mu = X.mean(axis=0)
    Xhat = X - mu
    v = np.einsum("nd,nd->d", Xhat, Xhat) / len(X)
    Xhat /= np.sqrt(v + float(eps))
    Y = Xhat * gamma
    Y += beta
    return {"Y": Y, "Xhat": Xhat, "mu": mu, "v": v}


@contract("dY[N, D] gamma[D] Xhat[N, D] v[D] eps > 0 -> dX[N, D] dgamma[D] dbeta[D]")
def batch_norm_backward(
    dY: np.ndarray, gamma: np.ndarray, Xhat: np.ndarray, v: np.ndarray, eps: float = 1e-5
) -> dict[str, np.ndarray]:
    """dX = gamma/sqrt(v + eps) (dY - mean_n dY - Xhat mean_n(dY Xhat)), dgamma = sum_n dY Xhat, dbeta = sum_n dY.

    The three terms are what reaches X directly, through mu and through v. Raises InputError as `batch_norm` does.
    """
    dbeta = dY.sum(axis=0)
    dgamma = np.einsum("nd,nd->d", dY, Xhat)
    dX = Xhat * (dgamma / -len(dY))
    dX += dY
    dX -= dbeta / len(dY)
    dX *= gamma / np.sqrt(v + float(eps))
    return {"dX": dX, "dgamma": dgamma, "dbeta": dbeta}


@contract("X[N, D] gamma[D] beta[D] mu[D] v[D] > 0 eps > 0 -> Y[N, D]")
def batch_norm_evaluation(
    X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mu: np.ndarray, v: np.ndarray, eps: float = 1e-5
) -> np.ndarray:
    """Y = gamma (X - mu)/sqrt(v + eps) + beta, with the statistics mu and v > 0 that training has gathered.

    X[N, D], gamma[D], beta[D], mu[D] and v[D] are of one dtype, float32, float64 or complex128; InputError otherwise.
    Source: Ioffe and Szegedy (2015), algorithm 2.
    """
    Y = X - mu
    Y *= gamma / np.sqrt(v + float(eps))
    Y += beta
    return Y


@contract("dY[N, D] X[N, D] gamma[D] mu[D] v[D] > 0 eps > 0 -> dX[N, D] dgamma[D] dbeta[D] dmu[D] dv[D]")
def batch_norm_evaluation_backward(
    dY: np.ndarray, X: np.ndarray, gamma: np.ndarray, mu: np.ndarray, v: np.ndarray, eps: float = 1e-5
) -> dict[str, np.ndarray]:
    """dX = dY gamma r with r = 1/sqrt(v + eps); dgamma = r s with s = sum_n dY (X - mu); dv = -gamma r³ s/2.

    dbeta = sum_n dY and dmu = -gamma r dbeta. Raises InputError as `batch_norm_evaluation` does.
    """
    r = 1 / np.sqrt(v + float(eps))
    scale = gamma * r
    dbeta = dY.sum(axis=0)
    dgamma = np.einsum("nd,nd->d", dY, X - mu) * r
    return {
        "dX": dY * scale,
        "dgamma": dgamma,
        "dbeta": dbeta,
        "dmu": -scale * dbeta,
        "dv": -scale * r * dgamma / 2,
    }


@contract("X[N, D] gamma[D] beta[D] eps > 0 -> Y[N, D] Xhat[N, D] v[N]")
def layer_norm(X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5) -> dict[str, np.ndarray]:
    """Y = gamma Xhat + beta, with Xhat = (X - mu)/sqrt(v + eps), mu and v the mean and the variance of each row.

    X[N, D], gamma[D] and beta[D] are of one dtype, float32, float64 or complex128; InputError otherwise.
    Source: Ba, Kiros and Hinton (2016), section 3.
    """
    N, D = X.shape
    Y, Xhat, v, ones = np.empty_like(X), np.empty_like(X), np.empty(N, X.dtype, like=X), np.ones(D, X.dtype)
    for rows in _blocks(X):
        x, xhat, y = X[rows], Xhat[rows], Y[rows]
        mu = x @ ones / D
        np.subtract(x, mu[:, None], out=xhat)
        v[rows] = _squares(xhat) / D
        xhat *= 1 / np.sqrt(v[rows] + float(eps))[:, None]
        np.multiply(xhat, gamma, out=y)
        y += beta
    return {"Y": Y, "Xhat": Xhat, "v": v}


@contract("dY[N, D] gamma[D] Xhat[N, D] v[N] eps > 0 -> dX[N, D] dgamma[D] dbeta[D]")
def layer_norm_backward(
    dY: np.ndarray, gamma: np.ndarray, Xhat: np.ndarray, v: np.ndarray, eps: float = 1e-5
) -> dict[str, np.ndarray]:
    """dX = (g - mean_d g - Xhat mean_d(g Xhat))/sqrt(v + eps) with g = gamma dY.

    dgamma = sum_n dY Xhat, dbeta = sum_n dY. Raises InputError as `layer_norm` does.
    """
    dX, dgamma, dbeta = np.empty_like(dY), np.zeros_like(gamma), np.zeros_like(gamma)
    r, share = 1 / np.sqrt(v + float(eps)), gamma / dY.shape[1]
    for rows in _blocks(dY):
        dy, xhat, dx = dY[rows], Xhat[rows], dX[rows]
        ones = np.ones(len(dy), dy.dtype)
        products = dy * xhat
        dgamma += ones @ products
        dbeta += ones @ dy
        around = xhat * (products @ share)[:, None]
        around += (dy @ share)[:, None]
        np.multiply(dy, gamma, out=dx)
        dx -= around
        dx *= r[rows, None]
    return {"dX": dX, "dgamma": dgamma, "dbeta": dbeta}


@contract("X[N, D] gamma[D] eps > 0 -> Y[N, D] Xhat[N, D] v[N]")
def rms_norm(X: np.ndarray, gamma: np.ndarray, eps: float = 1e-5) -> dict[str, np.ndarray]:
    """Y = gamma Xhat, with Xhat = X/sqrt(v + eps), v the mean square of each row.

    X[N, D] and gamma[D] are of one dtype, float32, float64 or complex128; InputError otherwise.
    Source: Zhang and Sennrich (2019), eq. 4.
    """
    Y, Xhat, v = np.empty_like(X), np.empty_like(X), np.empty(len(X), X.dtype, like=X)
    for rows in _blocks(X):
        x, xhat = X[rows], Xhat[rows]
        v[rows] = _squares(x) / X.shape[1]
        np.multiply(x, 1 / np.sqrt(v[rows] + float(eps))[:, None], out=xhat)
        np.multiply(xhat, gamma, out=Y[rows])
    return {"Y": Y, "Xhat": Xhat, "v": v}


@contract("dY[N, D] gamma[D] Xhat[N, D] v[N] eps > 0 -> dX[N, D] dgamma[D]")
def rms_norm_backward(
    dY: np.ndarray, gamma: np.ndarray, Xhat: np.ndarray, v: np.ndarray, eps: float = 1e-5
) -> dict[str, np.ndarray]:
    """dX = (g - Xhat mean_d(g Xhat))/sqrt(v + eps) with g = gamma dY; dgamma = sum_n dY Xhat.

    Raises InputError as `rms_norm` does.
    """
    dX, dgamma = np.empty_like(dY), np.zeros_like(gamma)
    r, share = 1 / np.sqrt(v + float(eps)), gamma / dY.shape[1]
    for rows in _blocks(dY):
        dy, xhat, dx = dY[rows], Xhat[rows], dX[rows]
        products = dy * xhat
        dgamma += np.ones(len(dy), dy.dtype) @ products
        np.multiply(dy, gamma, out=dx)
        dx -= xhat * (products @ share)[:, None]
        dx *= r[rows, None]
    return {"dX": dX, "dgamma": dgamma}


@contract("X[N, H, W, G, C] gamma[G, C] beta[G, C] eps > 0 -> Y[N, H, W, G, C] Xhat[N, H, W, G, C] v[N, G]")
def group_norm(X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5) -> dict[str, np.ndarray]:
    """Y = gamma Xhat + beta, with Xhat = (X - mu)/sqrt(v + eps), mu and v over h, w and c: of each image and group.

    X[N, H, W, G, C], gamma[G, C] and beta[G, C] are of one dtype, float32, float64 or complex128; InputError
    otherwise. Source: Wu and He (2018), section 3.
    """
    Xhat = X - X.mean(axis=(1, 2, 4), keepdims=True)
    v = np.einsum("nhwgc,nhwgc->ng", Xhat, Xhat) / _entries_per_group(X)
    Xhat /= np.sqrt(v + float(eps))[:, None, None, :, None]
    Y = Xhat * gamma
    Y += beta
    return {"Y": Y, "Xhat": Xhat, "v": v}


@contract(
    "dY[N, H, W, G, C] gamma[G, C] Xhat[N, H, W, G, C] v[N, G] eps > 0 -> dX[N, H, W, G, C] dgamma[G, C] dbeta[G, C]"
)
def group_norm_backward(
    dY: np.ndarray, gamma: np.ndarray, Xhat: np.ndarray, v: np.ndarray, eps: float = 1e-5
) -> dict[str, np.ndarray]:
    """dX = (g - mean g - Xhat mean(g Xhat))/sqrt(v + eps) with g = gamma dY, the means over h, w and c.

    dgamma = sum_nhw dY Xhat, dbeta = sum_nhw dY. Raises InputError as `group_norm` does.
    """
    # Both means fall out of the sums over h and w that dgamma and dbeta need: two passes over the image, not four.
    products, sums = np.einsum("nhwgc,nhwgc->ngc", dY, Xhat), dY.sum(axis=(1, 2))
    count = _entries_per_group(dY)
    dX = Xhat * (np.einsum("ngc,gc->ng", products, gamma) / -count)[:, None, None, :, None]
    dX += dY * gamma
    dX -= (np.einsum("ngc,gc->ng", sums, gamma) / count)[:, None, None, :, None]
    dX /= np.sqrt(v + float(eps))[:, None, None, :, None]
    return {"dX": dX, "dgamma": products.sum(axis=0), "dbeta": sums.sum(axis=0)}


@contract("X[N, H, W, C] gamma[C] beta[C] eps > 0 -> Y[N, H, W, C] Xhat[N, H, W, C] v[N, C]")
def instance_norm(X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5) -> dict[str, np.ndarray]:
    """Y = gamma Xhat + beta, with Xhat = (X - mu)/sqrt(v + eps), mu and v over h and w: of each image and channel.

    X[N, H, W, C], gamma[C] and beta[C] are of one dtype, float32, float64 or complex128; InputError otherwise.
    Source: Ulyanov, Vedaldi and Lempitsky (2016).
    """
    Xhat = X - X.mean(axis=(1, 2), keepdims=True)
    v = np.einsum("nhwc,nhwc->nc", Xhat, Xhat) / (X.shape[1] * X.shape[2])
    Xhat /= np.sqrt(v + float(eps))[:, None, None, :]
    Y = Xhat * gamma
    Y += beta
    return {"Y": Y, "Xhat": Xhat, "v": v}


@contract("dY[N, H, W, C] gamma[C] Xhat[N, H, W, C] v[N, C] eps > 0 -> dX[N, H, W, C] dgamma[C] dbeta[C]")
def instance_norm_backward(
    dY: np.ndarray, gamma: np.ndarray, Xhat: np.ndarray, v: np.ndarray, eps: float = 1e-5
) -> dict[str, np.ndarray]:
    """dX = gamma/sqrt(v + eps) (dY - mean_hw dY - Xhat mean_hw(dY Xhat)).

    dgamma = sum_nhw dY Xhat, dbeta = sum_nhw dY. Raises InputError as `instance_norm` does.
    """
    products, sums = np.einsum("nhwc,nhwc->nc", dY, Xhat), dY.sum(axis=(1, 2))
    count = dY.shape[1] * dY.shape[2]
    dX = Xhat * (products / -count)[:, None, None, :]
    dX += dY
    dX -= (sums / count)[:, None, None, :]
    dX *= (gamma / np.sqrt(v + float(eps)))[:, None, None, :]
    return {"dX": dX, "dgamma": products.sum(axis=0), "dbeta": sums.sum(axis=0)}


@contract("V[D, C] g[C] -> W[D, C] r[C]")
def weight_norm(V: np.ndarray, g: np.ndarray) -> dict[str, np.ndarray]:
    """W = g V/r, with r[c] the length of V's column c: every column of W has length g.

    V[D, C] and g[C] are of one dtype, float32, float64 or complex128. Raises InputError for anything else, and for a
    column of zeros, which has no direction. Source: Salimans and Kingma (2016), eq. 2.
    """
    r = np.sqrt(np.einsum("dc,dc->c", V, V))
    zero = np.flatnonzero(r == 0)
    if zero.size:
        raise InputError(f"weight_norm: V[:, {zero[0]}] has length 0; expected a column that has a direction")
    return {"W": V * (g / r), "r": r}


@contract("dW[D, C] V[D, C] g[C] r[C] -> dV[D, C] dg[C]")
def weight_norm_backward(dW: np.ndarray, V: np.ndarray, g: np.ndarray, r: np.ndarray) -> dict[str, np.ndarray]:
    """dg = sum_d dW V/r and dV = g/r (dW - dg V/r): what points along V is projected out.

    Raises InputError as `weight_norm` does. Source: Salimans and Kingma (2016), eq. 3.
    """
    dg = np.einsum("dc,dc->c", dW, V) / r
    dV = V * (-dg / r)
    dV += dW
    dV *= g / r
    return {"dV": dV, "dg": dg}


@contract("X[N, D] eps > 0 -> Y[N, D] r[N]")
def l2_normalization(X: np.ndarray, eps: float = 1e-12) -> dict[str, np.ndarray]:
    """Y = X/r, with r[n] = sqrt(sum_d X[n, d]² + eps), for X[N, D] of float32, float64 or complex128.

    eps keeps a row of zeros away from 0/0. Raises InputError otherwise.
    """
    r = np.sqrt(np.einsum("nd,nd->n", X, X) + float(eps))
    return {"Y": X / r[:, None], "r": r}


@contract("dY[N, D] Y[N, D] r[N] -> dX[N, D]")
def l2_normalization_backward(dY: np.ndarray, Y: np.ndarray, r: np.ndarray) -> dict[str, np.ndarray]:
    """dX = (dY - Y sum_d(dY Y))/r: what points along Y is projected out. Raises InputError as the forward does."""
    dX = Y * -np.einsum("nd,nd->n", dY, Y)[:, None]
    dX += dY
    dX /= r[:, None]
    return {"dX": dX}


def _entries_per_group(X: np.ndarray) -> int:
    _, H, W, _, C = X.shape
    return H * W * C


def _blocks(X: np.ndarray) -> Iterator[slice]:
    """The rows of X, as many at a time as make a block."""
    count = max(1, BLOCK_BYTES // X[0].nbytes)
    return (slice(start, start + count) for start in range(0, len(X), count))


def _squares(X: np.ndarray) -> np.ndarray:
    """sum_d X[n, d]², without a conjugate, so that the complex step may pass; `vecdot` brings one of its own."""
    return np.vecdot(X.conj(), X)
