"""Layers that bring their inputs to mean 0 and variance 1, or to length 1.

`eps` is added under the root, as PyTorch does; variances divide by the number of entries, not by one less.
Channels in groups have axes of their own, `X[N, H, W, G, C]`: with channels last that is a reshape, which copies
nothing, and every equation says by itself which entries share their statistics.
"""

from derivations.notation import layer

BATCH_NORM = layer(
    "batch_norm",
    "Every feature gets mean 0 and variance 1 over the batch, then a scale and a shift that are learned.",
    tensors="X[N, D]  gamma[D]  beta[D]  eps > 0  mu[D]  v[D]  Xhat[N, D]  Y[N, D]",
    equations="""
        mu[d] = mean[n](X[n, d])
        v[d] = mean[n]((X[n, d] - mu[d])**2)
        Xhat[n, d] = (X[n, d] - mu[d])/sqrt(v[d] + eps)
        Y[n, d] = gamma[d]*Xhat[n, d] + beta[d]
    """,
    claims="""
        dX[n, d] = gamma[d]/(N*sqrt(v[d] + eps))*(    # what comes through X, mu and v
            N*dY[n, d] - sum[m](dY[m, d]) - Xhat[n, d]*sum[m](dY[m, d]*Xhat[m, d]))
        dgamma[d] = sum[n](dY[n, d]*Xhat[n, d])
        dbeta[d] = sum[n](dY[n, d])
        sum[n](dX[n, d]) = 0    # a shift of the whole batch changes nothing
    """,
    source="Ioffe and Szegedy (2015), Batch Normalization, ICML, algorithm 1 and section 3",
)

BATCH_NORM_EVALUATION = layer(
    "batch_norm_evaluation",
    "Batch norm after training: running statistics stand in for those of the batch.",
    tensors="X[N, D]  gamma[D]  beta[D]  mu[D]  v[D] > 0  eps > 0  Y[N, D]",
    equations="Y[n, d] = gamma[d]*(X[n, d] - mu[d])/sqrt(v[d] + eps) + beta[d]",
    claims="""
        dX[n, d] = dY[n, d]*gamma[d]/sqrt(v[d] + eps)    # one term: the statistics do not depend on X
        dgamma[d] = sum[n](dY[n, d]*(X[n, d] - mu[d]))/sqrt(v[d] + eps)
        dbeta[d] = sum[n](dY[n, d])
        dmu[d] = -gamma[d]*sum[n](dY[n, d])/sqrt(v[d] + eps)
        dv[d] = -gamma[d]*sum[n](dY[n, d]*(X[n, d] - mu[d]))/(2*(v[d] + eps)**(3/2))
    """,
    source="Ioffe and Szegedy (2015), Batch Normalization, ICML, algorithm 2",
)

LAYER_NORM = layer(
    "layer_norm",
    "Every row gets mean 0 and variance 1, then a scale and a shift that are learned.",
    tensors="X[N, D]  gamma[D]  beta[D]  eps > 0  mu[N]  v[N]  Xhat[N, D]  Y[N, D]",
    equations="""
        mu[n] = mean[d](X[n, d])
        v[n] = mean[d]((X[n, d] - mu[n])**2)
        Xhat[n, d] = (X[n, d] - mu[n])/sqrt(v[n] + eps)
        Y[n, d] = gamma[d]*Xhat[n, d] + beta[d]
    """,
    claims="""
        dX[n, d] = (gamma[d]*dY[n, d] - mean[j](gamma[j]*dY[n, j])
            - Xhat[n, d]*mean[j](gamma[j]*dY[n, j]*Xhat[n, j]))/sqrt(v[n] + eps)
        dgamma[d] = sum[n](dY[n, d]*Xhat[n, d])
        dbeta[d] = sum[n](dY[n, d])
        sum[d](dX[n, d]) = 0    # a shift of the whole row changes nothing
    """,
    source="Ba, Kiros and Hinton (2016), Layer Normalization, arXiv:1607.06450, section 3",
)

RMS_NORM = layer(
    "rms_norm",
    "Every row is divided by the root of its mean square, then scaled: layer norm without the mean.",
    tensors="X[N, D]  gamma[D]  eps > 0  v[N]  Xhat[N, D]  Y[N, D]",
    equations="""
        v[n] = mean[d](X[n, d]**2)
        Xhat[n, d] = X[n, d]/sqrt(v[n] + eps)
        Y[n, d] = gamma[d]*Xhat[n, d]
    """,
    claims="""
        dX[n, d] = (gamma[d]*dY[n, d] - Xhat[n, d]*mean[j](gamma[j]*dY[n, j]*Xhat[n, j]))/sqrt(v[n] + eps)
        dgamma[d] = sum[n](dY[n, d]*Xhat[n, d])
    """,
    source="Zhang and Sennrich (2019), Root Mean Square Layer Normalization, NeurIPS, eq. 4",
)

GROUP_NORM = layer(
    "group_norm",
    "Every group of channels of every image gets mean 0 and variance 1, then every channel its scale and shift.",
    tensors="""
        X[N, H, W, G, C]  gamma[G, C]  beta[G, C]  eps > 0
        mu[N, G]  v[N, G]  Xhat[N, H, W, G, C]  Y[N, H, W, G, C]
    """,
    equations="""
        mu[n, g] = mean[h, w, c](X[n, h, w, g, c])
        v[n, g] = mean[h, w, c]((X[n, h, w, g, c] - mu[n, g])**2)
        Xhat[n, h, w, g, c] = (X[n, h, w, g, c] - mu[n, g])/sqrt(v[n, g] + eps)
        Y[n, h, w, g, c] = gamma[g, c]*Xhat[n, h, w, g, c] + beta[g, c]
    """,
    claims="""
        dX[n, h, w, g, c] = (gamma[g, c]*dY[n, h, w, g, c] - mean[i, j, k](gamma[g, k]*dY[n, i, j, g, k])
            - Xhat[n, h, w, g, c]*mean[i, j, k](gamma[g, k]*dY[n, i, j, g, k]*Xhat[n, i, j, g, k]))/sqrt(v[n, g] + eps)
        dgamma[g, c] = sum[n, h, w](dY[n, h, w, g, c]*Xhat[n, h, w, g, c])
        dbeta[g, c] = sum[n, h, w](dY[n, h, w, g, c])
    """,
    source="Wu and He (2018), Group Normalization, ECCV, section 3",
)

INSTANCE_NORM = layer(
    "instance_norm",
    "Every channel of every image gets mean 0 and variance 1, then a scale and a shift that are learned.",
    tensors="X[N, H, W, C]  gamma[C]  beta[C]  eps > 0  mu[N, C]  v[N, C]  Xhat[N, H, W, C]  Y[N, H, W, C]",
    equations="""
        mu[n, c] = mean[h, w](X[n, h, w, c])
        v[n, c] = mean[h, w]((X[n, h, w, c] - mu[n, c])**2)
        Xhat[n, h, w, c] = (X[n, h, w, c] - mu[n, c])/sqrt(v[n, c] + eps)
        Y[n, h, w, c] = gamma[c]*Xhat[n, h, w, c] + beta[c]
    """,
    claims="""
        dX[n, h, w, c] = gamma[c]/sqrt(v[n, c] + eps)*(dY[n, h, w, c] - mean[i, j](dY[n, i, j, c])
            - Xhat[n, h, w, c]*mean[i, j](dY[n, i, j, c]*Xhat[n, i, j, c]))
        dgamma[c] = sum[n, h, w](dY[n, h, w, c]*Xhat[n, h, w, c])
        dbeta[c] = sum[n, h, w](dY[n, h, w, c])
    """,
    source="Ulyanov, Vedaldi and Lempitsky (2016), Instance Normalization, arXiv:1607.08022",
)

WEIGHT_NORM = layer(
    "weight_norm",
    "A weight's direction and its length are learned apart: every column of W has length g.",
    tensors="V[D, C]  g[C]  r[C]  W[D, C]",
    equations="""
        r[c] = sqrt(sum[d](V[d, c]**2))
        W[d, c] = g[c]*V[d, c]/r[c]
    """,
    claims="""
        dg[c] = sum[d](dW[d, c]*V[d, c])/r[c]    # equation 3, left
        dV[d, c] = g[c]/r[c]*dW[d, c] - g[c]*dg[c]/r[c]**2*V[d, c]    # equation 3, right
    """,
    source="Salimans and Kingma (2016), Weight Normalization, NeurIPS, eq. 2 and 3",
)

L2_NORMALIZATION = layer(
    "l2_normalization",
    "Every row is scaled to length 1 (to a little less: eps keeps a row of zeros away from 0/0).",
    tensors="X[N, D]  eps > 0  r[N]  Y[N, D]",
    equations="""
        r[n] = sqrt(sum[d](X[n, d]**2) + eps)
        Y[n, d] = X[n, d]/r[n]
    """,
    claims="dX[n, d] = (dY[n, d] - Y[n, d]*sum[j](dY[n, j]*Y[n, j]))/r[n]    # what points along Y is projected out",
    source="the definition of the unit vector, with eps under the root",
)
