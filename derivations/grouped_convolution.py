"""Convolutions in groups of channels, each group blind to the others; as many groups as channels is depthwise.

Grouped channels have axes of their own, `X[N, H, W, G, C]` and `K[R, S, G, C, F]`, so that the equations say by
themselves which channels meet; with channels last, a reshape makes that of `X[N, H, W, G*C]`, and copies nothing.
Everything else is as in `derivations.convolution`.
"""

from derivations.notation import layer

GROUPED_CONV1D = layer(
    "grouped_conv1d",
    "A convolution along a sequence in each of G groups of channels; no group sees another.",
    tensors="X[N, H, G, C]  K[R, G, C, F]  b[G, F]  stride in 1..  pad in 0..  dilation in 1..  Y[N, P, G, F]",
    equations="""
        P = (H + 2*pad - dilation*(R - 1) - 1)//stride + 1
        Y[n, p, g, f] = sum[r, c](X[n, stride*p + dilation*r - pad, g, c]*K[r, g, c, f]) + b[g, f]
    """,
    claims="""
        dX[n, h, g, c] = sum[p, f](    # a transposed convolution in each group
            [(h + pad - stride*p) % dilation = 0]*dY[n, p, g, f]*K[(h + pad - stride*p)//dilation, g, c, f])
        dK[r, g, c, f] = sum[n, p](    # a correlation of X and dY in each group
            X[n, stride*p + dilation*r - pad, g, c]*dY[n, p, g, f])
        db[g, f] = sum[n, p](dY[n, p, g, f])
    """,
    source="Krizhevsky, Sutskever and Hinton (2012), ImageNet Classification with Deep CNNs, NeurIPS, figure 2, "
    "with one axis",
)

GROUPED_CONV2D = layer(
    "grouped_conv2d",
    "A convolution in each of G groups of channels; no group sees another.",
    tensors="""
        X[N, H, W, G, C]  K[R, S, G, C, F]  b[G, F]  stride in 1..  pad in 0..  dilation in 1..  Y[N, P, Q, G, F]
    """,
    equations="""
        P = (H + 2*pad - dilation*(R - 1) - 1)//stride + 1
        Q = (W + 2*pad - dilation*(S - 1) - 1)//stride + 1
        Y[n, p, q, g, f] = sum[r, s, c](
            X[n, stride*p + dilation*r - pad, stride*q + dilation*s - pad, g, c]*K[r, s, g, c, f]) + b[g, f]
    """,
    claims="""
        dX[n, h, w, g, c] = sum[p, q, f]([(h + pad - stride*p) % dilation = 0]*[(w + pad - stride*q) % dilation = 0]
            *dY[n, p, q, g, f]*K[(h + pad - stride*p)//dilation, (w + pad - stride*q)//dilation, g, c, f])
        dK[r, s, g, c, f] = sum[n, p, q](
            X[n, stride*p + dilation*r - pad, stride*q + dilation*s - pad, g, c]*dY[n, p, q, g, f])
        db[g, f] = sum[n, p, q](dY[n, p, q, g, f])
    """,
    source="Krizhevsky, Sutskever and Hinton (2012), ImageNet Classification with Deep CNNs, NeurIPS, figure 2",
)

GROUPED_CONV3D = layer(
    "grouped_conv3d",
    "A convolution through a volume in each of G groups of channels; no group sees another.",
    tensors="""
        X[N, D, H, W, G, C]  K[R, S, T, G, C, F]  b[G, F]  stride in 1..  pad in 0..  dilation in 1..
        Y[N, O, P, Q, G, F]
    """,
    equations="""
        O = (D + 2*pad - dilation*(R - 1) - 1)//stride + 1
        P = (H + 2*pad - dilation*(S - 1) - 1)//stride + 1
        Q = (W + 2*pad - dilation*(T - 1) - 1)//stride + 1
        Y[n, o, p, q, g, f] = sum[r, s, t, c](
            X[n, stride*o + dilation*r - pad, stride*p + dilation*s - pad, stride*q + dilation*t - pad, g, c]
            *K[r, s, t, g, c, f]) + b[g, f]
    """,
    claims="""
        dX[n, d, h, w, g, c] = sum[o, p, q, f](    # a transposed convolution in each group
            [(d + pad - stride*o) % dilation = 0]*[(h + pad - stride*p) % dilation = 0]
            *[(w + pad - stride*q) % dilation = 0]*dY[n, o, p, q, g, f]
            *K[(d + pad - stride*o)//dilation, (h + pad - stride*p)//dilation, (w + pad - stride*q)//dilation, g, c, f])
        dK[r, s, t, g, c, f] = sum[n, o, p, q](    # a correlation of X and dY in each group
            X[n, stride*o + dilation*r - pad, stride*p + dilation*s - pad, stride*q + dilation*t - pad, g, c]
            *dY[n, o, p, q, g, f])
        db[g, f] = sum[n, o, p, q](dY[n, o, p, q, g, f])
    """,
    source="Krizhevsky, Sutskever and Hinton (2012), ImageNet Classification with Deep CNNs, NeurIPS, figure 2, "
    "with a third axis",
)

DEPTHWISE_CONV2D = layer(
    "depthwise_conv2d",
    "Every channel is convolved with a kernel of its own: as many groups as channels.",
    tensors="X[N, H, W, C]  K[R, S, C]  b[C]  stride in 1..  pad in 0..  dilation in 1..  Y[N, P, Q, C]",
    equations="""
        P = (H + 2*pad - dilation*(R - 1) - 1)//stride + 1
        Q = (W + 2*pad - dilation*(S - 1) - 1)//stride + 1
        Y[n, p, q, c] = sum[r, s](
            X[n, stride*p + dilation*r - pad, stride*q + dilation*s - pad, c]*K[r, s, c]) + b[c]
    """,
    claims="""
        dX[n, h, w, c] = sum[p, q]([(h + pad - stride*p) % dilation = 0]*[(w + pad - stride*q) % dilation = 0]
            *dY[n, p, q, c]*K[(h + pad - stride*p)//dilation, (w + pad - stride*q)//dilation, c])
        dK[r, s, c] = sum[n, p, q](
            X[n, stride*p + dilation*r - pad, stride*q + dilation*s - pad, c]*dY[n, p, q, c])
        db[c] = sum[n, p, q](dY[n, p, q, c])
    """,
    source="Howard et al. (2017), MobileNets, arXiv:1704.04861, eq. 3",
)
