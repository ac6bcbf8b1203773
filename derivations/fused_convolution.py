"""Layers that a program computes as one: their equations are those of the layers that they are composed of."""

from derivations import activations, convolution, pooling
from derivations.compose import compose, over, part

CONV_RELU_POOL2D = compose(
    "conv_relu_pool2d",
    "A kernel slides over an image; of every 2 by 2 window of what it finds, the largest entry above 0 is left.",
    part(convolution.CONV2D, Y="A", stride=1, dilation=1),
    part(over(activations.RELU, "N", "P", "Q"), D="F", X="A", Y="B"),
    part(pooling.MAX_POOL2D, H="P", W="Q", C="F", P="U", Q="V", R=2, S=2, stride=2, pad=0, X="B"),
    claims={
        "dZ[n, u, v, r, s, f] = dY[n, u, v, f]*[(r, s) = argmax[i, j](Z[n, u, v, i, j, f])]": "",
        "dA[n, p, q, f] = dZ[n, p//2, q//2, p%2, q%2, f]*[A[n, p, q, f] > 0]": "every place lies in one window",
        "dX[n, h, w, c] = sum[p, q, f](dA[n, p, q, f]*K[h + pad - p, w + pad - q, c, f])": "a transposed convolution",
        "dK[r, s, c, f] = sum[n, p, q](X[n, p + r - pad, q + s - pad, c]*dA[n, p, q, f])": "a correlation of X and dA",
        "db[f] = sum[n, p, q](dA[n, p, q, f])": "",
    },
    source="LeCun, Bottou, Bengio and Haffner (1998), Gradient-Based Learning, Proc. IEEE 86(11), section II.A, "
    "where sigmoids stand for ReLU and sums for maxima",
    kinks="the slope of relu at 0 is 0; of equal entries in a window the first, row by row, gets the whole cotangent",
)
