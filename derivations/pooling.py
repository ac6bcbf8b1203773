"""Pooling, channels last: windows of R by S that `stride` apart slide over an image with `pad` rows and columns around.

A window of max pooling never takes what lies in the padding, which counts as minus infinity; so that no window lies in
the padding alone, pad is less than R and S. Average pooling counts the padding as zeros, as PyTorch does by default.
"""

from derivations.notation import layer

MAX_POOL2D = layer(
    "max_pool2d",
    "Of every window only the largest entry is left: Z holds the windows, Y their maxima.",
    tensors="""
        X[N, H, W, C]  stride in 1..  pad in 0..min(R,S)-1  Z[N, P, Q, R, S, C]  Y[N, P, Q, C]
    """,
    equations="""
        P = (H + 2*pad - R)//stride + 1
        Q = (W + 2*pad - S)//stride + 1
        Z[n, p, q, r, s, c] = where(
            stride*p + r - pad >= 0 and stride*p + r - pad <= H - 1
            and stride*q + s - pad >= 0 and stride*q + s - pad <= W - 1,
            X[n, stride*p + r - pad, stride*q + s - pad, c], -inf)
        Y[n, p, q, c] = max[r, s](Z[n, p, q, r, s, c])
    """,
    claims="""
        dZ[n, p, q, r, s, c] = dY[n, p, q, c]*[(r, s) = argmax[i, j](Z[n, p, q, i, j, c])]
        dX[n, h, w, c] = sum[p, q](dZ[n, p, q, h + pad - stride*p, w + pad - stride*q, c])
    """,
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 9.3",
    kinks="of equal entries in a window the first, row by row, is the largest and gets the whole cotangent",
)

AVG_POOL2D = layer(
    "avg_pool2d",
    "Every window is replaced by its mean, padding counted as zeros.",
    tensors="X[N, H, W, C]  stride in 1..  pad in 0..min(R,S)-1  Y[N, P, Q, C]",
    equations="""
        P = (H + 2*pad - R)//stride + 1
        Q = (W + 2*pad - S)//stride + 1
        Y[n, p, q, c] = mean[r, s](X[n, stride*p + r - pad, stride*q + s - pad, c])
    """,
    claims="""
        dX[n, h, w, c] = sum[p, q](    # every window hands back an equal share to all that it covers
            dY[n, p, q, c]*[h + pad - stride*p >= 0]*[h + pad - stride*p <= R - 1]
            *[w + pad - stride*q >= 0]*[w + pad - stride*q <= S - 1])/(R*S)
    """,
    source="LeCun, Bottou, Bengio and Haffner (1998), Gradient-Based Learning, Proc. IEEE 86(11), section II.B",
)

GLOBAL_AVERAGE_POOL = layer(
    "global_average_pool",
    "Every channel of every image is replaced by its mean.",
    tensors="X[N, H, W, C]  Y[N, C]",
    equations="Y[n, c] = mean[h, w](X[n, h, w, c])",
    claims="dX[n, h, w, c] = dY[n, c]/(H*W)",
    source="Lin, Chen and Yan (2014), Network In Network, ICLR, section 3.2",
)
