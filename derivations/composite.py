"""Blocks of whole networks, composed of the layers of the catalogue."""

from derivations import activations, attention, convolution, linear, normalization, rectifiers, structure
from derivations.compose import compose, over, part
from derivations.layer import option_symbol

_NORM = over(normalization.LAYER_NORM, "N", "T")
_LINEAR = over(linear.LINEAR, "N", "T")
_GELU = over(rectifiers.GELU, "N", "T")
_ADD = over(structure.RESIDUAL_ADD, "N", "T")

TRANSFORMER_BLOCK = compose(
    "transformer_block",
    "Steps look at each other, then each thinks for itself; what they find is added to what they were.",
    part(_NORM, suffix="1", X="X", Y="A"),
    part(attention.MULTI_HEAD_ATTENTION, X="A", Y="B"),
    part(_ADD, X="X", F="B", Y="R"),
    part(_NORM, suffix="2", X="R", Y="C"),
    part(_LINEAR, X="C", W="W1", b="b1", Y="Z", C="F"),
    part(_GELU, X="Z", Y="G", D="F"),
    part(_LINEAR, X="G", W="W2", b="b2", Y="I", D="F", C="D"),
    part(_ADD, X="R", F="I", Y="Y"),
    claims={
        """dR[n, t, d] = dY[n, t, d] + (
            dXhat2[n, t, d]/sqrt(v2[n, t] + eps) + dv2[n, t]*2*(R[n, t, d] - mu2[n, t])/D + dmu2[n, t]/D)""": (
            "around the linear layers, and through the norm before them"
        ),
        """dX[n, t, d] = dR[n, t, d] + (
            dXhat1[n, t, d]/sqrt(v1[n, t] + eps) + dv1[n, t]*2*(X[n, t, d] - mu1[n, t])/D + dmu1[n, t]/D)""": (
            "around the attention, and through the norm before it"
        ),
        "dWo[h, e, d] = sum[n, t](O[n, h, t, e]*dR[n, t, d])": "",
        "dW1[d, f] = sum[n, t](C[n, t, d]*dZ[n, t, f])": "Nielsen's BP4",
        "dW2[f, d] = sum[n, t](G[n, t, f]*dY[n, t, d])": "Nielsen's BP4",
    },
    source="Xiong et al. (2020), On Layer Normalization in the Transformer Architecture, ICML, figure 1b",
)

_PAD = option_symbol("pad", integer=True, positive=False)
_CONVOLUTION = part(
    convolution.CONV2D, R=2 * _PAD + 1, S=2 * _PAD + 1, stride=1, dilation=1, F="C", b=0
)  # as large as its input; what a bias would add, the norm behind it takes away
_BATCH_NORM = part(over(normalization.BATCH_NORM, "N", "H", "W"), D="C")
_RELU = part(over(activations.RELU, "N", "H", "W"), D="C")

RESIDUAL_BLOCK = compose(
    "residual_block",
    "Two convolutions, normalized over the batch, find what is to be added to the image.",
    part(_CONVOLUTION, K="K1", Y="A"),
    part(_BATCH_NORM, suffix="1", X="A", Y="B"),
    part(_RELU, X="B", Y="Z"),
    part(_CONVOLUTION, X="Z", K="K2", Y="D"),
    part(_BATCH_NORM, suffix="2", X="D", Y="E"),
    part(part(over(structure.RESIDUAL_ADD, "N", "H", "W"), D="C"), F="E", Y="G"),
    part(_RELU, X="G", Y="Y"),
    claims={
        "dG[n, h, w, c] = dY[n, h, w, c]*[G[n, h, w, c] > 0]": "",
        """dD[n, h, w, c] = (
            dXhat2[n, h, w, c]/sqrt(v2[c] + eps) + dv2[c]*2*(D[n, h, w, c] - mu2[c])/(N*H*W) + dmu2[c]/(N*H*W))""": (
            "through X, v and mu of the second norm: Ioffe and Szegedy (2015), section 3"
        ),
        """dX[n, h, w, c] = dG[n, h, w, c] + sum[p, q, f](
            dA[n, p, q, f]*K1[h + pad - p, w + pad - q, c, f])""": "around the convolutions, and through the first",
        "dK1[r, s, c, f] = sum[n, p, q](X[n, p + r - pad, q + s - pad, c]*dA[n, p, q, f])": "a correlation of X and dA",
        "dK2[r, s, c, f] = sum[n, p, q](Z[n, p + r - pad, q + s - pad, c]*dD[n, p, q, f])": "a correlation of Z and dD",
    },
    source="He, Zhang, Ren and Sun (2016), Deep Residual Learning for Image Recognition, CVPR, figure 2",
    kinks="the slope of relu at 0 is 0",
)
