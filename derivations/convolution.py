"""Convolutions, channels last: `X[N, H, W, C]`, `K[R, S, C, F]`, `Y[N, P, Q, F]`.

As everywhere in deep learning, the kernel is not flipped: these are correlations. A tensor reads as zero outside its
range, which is what padding means. Stride, padding and dilation are the same along every axis.
"""

from derivations.notation import layer

CONV1D = layer(
    "conv1d",
    "A kernel slides along a sequence; every output is a weighted sum of the inputs under it, plus a bias.",
    tensors="X[N, H, C]  K[R, C, F]  b[F]  stride in 1..  pad in 0..  dilation in 1..  Y[N, P, F]",
    equations="""
        P = (H + 2*pad - dilation*(R - 1) - 1)//stride + 1
        Y[n, p, f] = sum[r, c](X[n, stride*p + dilation*r - pad, c]*K[r, c, f]) + b[f]
    """,
    claims="""
        dX[n, h, c] = sum[p, f](    # a transposed convolution
            [(h + pad - stride*p) % dilation = 0]*dY[n, p, f]*K[(h + pad - stride*p)//dilation, c, f])
        dK[r, c, f] = sum[n, p](X[n, stride*p + dilation*r - pad, c]*dY[n, p, f])    # a correlation of X and dY
        db[f] = sum[n, p](dY[n, p, f])
    """,
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, eq. 9.6 (correlation) and section 9.5",
)

CONV2D = layer(
    "conv2d",
    "A kernel slides over an image; every output is a weighted sum of the inputs under it, plus a bias.",
    tensors="X[N, H, W, C]  K[R, S, C, F]  b[F]  stride in 1..  pad in 0..  dilation in 1..  Y[N, P, Q, F]",
    equations="""
        P = (H + 2*pad - dilation*(R - 1) - 1)//stride + 1
        Q = (W + 2*pad - dilation*(S - 1) - 1)//stride + 1
        Y[n, p, q, f] = sum[r, s, c](
            X[n, stride*p + dilation*r - pad, stride*q + dilation*s - pad, c]*K[r, s, c, f]) + b[f]
    """,
    claims="""
        dX[n, h, w, c] = sum[p, q, f](    # a transposed convolution
            [(h + pad - stride*p) % dilation = 0]*[(w + pad - stride*q) % dilation = 0]
            *dY[n, p, q, f]*K[(h + pad - stride*p)//dilation, (w + pad - stride*q)//dilation, c, f])
        dK[r, s, c, f] = sum[n, p, q](    # a correlation of X and dY
            X[n, stride*p + dilation*r - pad, stride*q + dilation*s - pad, c]*dY[n, p, q, f])
        db[f] = sum[n, p, q](dY[n, p, q, f])
    """,
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, eq. 9.6 (correlation) and section 9.5",
)

CONV3D = layer(
    "conv3d",
    "A kernel slides through a volume; every output is a weighted sum of the inputs under it, plus a bias.",
    tensors="""
        X[N, D, H, W, C]  K[R, S, T, C, F]  b[F]  stride in 1..  pad in 0..  dilation in 1..  Y[N, O, P, Q, F]
    """,
    equations="""
        O = (D + 2*pad - dilation*(R - 1) - 1)//stride + 1
        P = (H + 2*pad - dilation*(S - 1) - 1)//stride + 1
        Q = (W + 2*pad - dilation*(T - 1) - 1)//stride + 1
        Y[n, o, p, q, f] = sum[r, s, t, c](
            X[n, stride*o + dilation*r - pad, stride*p + dilation*s - pad, stride*q + dilation*t - pad, c]
            *K[r, s, t, c, f]) + b[f]
    """,
    claims="""
        dX[n, d, h, w, c] = sum[o, p, q, f](
            [(d + pad - stride*o) % dilation = 0]*[(h + pad - stride*p) % dilation = 0]
            *[(w + pad - stride*q) % dilation = 0]*dY[n, o, p, q, f]
            *K[(d + pad - stride*o)//dilation, (h + pad - stride*p)//dilation, (w + pad - stride*q)//dilation, c, f])
        dK[r, s, t, c, f] = sum[n, o, p, q](
            X[n, stride*o + dilation*r - pad, stride*p + dilation*s - pad, stride*q + dilation*t - pad, c]
            *dY[n, o, p, q, f])
        db[f] = sum[n, o, p, q](dY[n, o, p, q, f])
    """,
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, eq. 9.6 (correlation), with a third axis",
)
