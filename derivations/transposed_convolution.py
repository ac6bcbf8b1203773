"""Transposed convolutions, channels last: every input stamps the kernel onto a larger image.

`output_pad` makes the image larger at its end: a convolution whose stride leaves a remainder maps images of several
sizes to one, and this tells them apart. It may be any number here; PyTorch wants less than stride or dilation.
"""

from derivations.notation import layer

TRANSPOSED_CONV2D = layer(
    "transposed_conv2d",
    "Every input stamps the kernel onto a larger image: what the backward of a convolution does to dY.",
    tensors="""
        X[N, H, W, C]  K[R, S, C, F]  b[F]  stride in 1..  pad in 0..  dilation in 1..  output_pad in 0..
        Y[N, P, Q, F]
    """,
    equations="""
        P = stride*(H - 1) + dilation*(R - 1) + 1 - 2*pad + output_pad
        Q = stride*(W - 1) + dilation*(S - 1) + 1 - 2*pad + output_pad
        Y[n, p, q, f] = sum[h, w, r, s, c]([p = stride*h + dilation*r - pad]*[q = stride*w + dilation*s - pad]
            *X[n, h, w, c]*K[r, s, c, f]) + b[f]
    """,
    claims="""
        dX[n, h, w, c] = sum[r, s, f](    # a convolution
            dY[n, stride*h + dilation*r - pad, stride*w + dilation*s - pad, f]*K[r, s, c, f])
        dK[r, s, c, f] = sum[n, h, w](    # a correlation of dY and X
            X[n, h, w, c]*dY[n, stride*h + dilation*r - pad, stride*w + dilation*s - pad, f])
        db[f] = sum[n, p, q](dY[n, p, q, f])
    """,
    source="Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, arXiv:1603.07285, ch. 4",
)

GROUPED_TRANSPOSED_CONV2D = layer(
    "grouped_transposed_conv2d",
    "A transposed convolution in each of G groups of channels; no group sees another.",
    tensors="""
        X[N, H, W, G, C]  K[R, S, G, C, F]  b[G, F]  stride in 1..  pad in 0..  dilation in 1..  output_pad in 0..
        Y[N, P, Q, G, F]
    """,
    equations="""
        P = stride*(H - 1) + dilation*(R - 1) + 1 - 2*pad + output_pad
        Q = stride*(W - 1) + dilation*(S - 1) + 1 - 2*pad + output_pad
        Y[n, p, q, g, f] = sum[h, w, r, s, c]([p = stride*h + dilation*r - pad]*[q = stride*w + dilation*s - pad]
            *X[n, h, w, g, c]*K[r, s, g, c, f]) + b[g, f]
    """,
    claims="""
        dX[n, h, w, g, c] = sum[r, s, f](    # a convolution in each group
            dY[n, stride*h + dilation*r - pad, stride*w + dilation*s - pad, g, f]*K[r, s, g, c, f])
        dK[r, s, g, c, f] = sum[n, h, w](    # a correlation of dY and X in each group
            X[n, h, w, g, c]*dY[n, stride*h + dilation*r - pad, stride*w + dilation*s - pad, g, f])
        db[g, f] = sum[n, p, q](dY[n, p, q, g, f])
    """,
    source="Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, arXiv:1603.07285, ch. 4, "
    "in the groups of Krizhevsky, Sutskever and Hinton (2012), NeurIPS, figure 2",
)
