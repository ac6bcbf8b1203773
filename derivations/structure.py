"""Layers that move numbers and compute nothing."""

from derivations.notation import layer

CONCATENATE = layer(
    "concatenate",
    "The columns of A, then those of B.",
    tensors="A[N, D]  B[N, E]  Y[N, D + E]",
    equations="Y[n, k] = where(k < D, A[n, k], B[n, k - D])",
    claims="""
        dA[n, d] = dY[n, 0 + d]
        dB[n, e] = dY[n, D + e]
    """,
    source="Szegedy et al. (2015), Going Deeper with Convolutions, CVPR, section 4: filter concatenation",
)

PAD = layer(
    "pad",
    "A frame of zeros around every image.",
    tensors="X[N, H, W, C]  Y[N, H + top + bottom, W + left + right, C]",
    equations="Y[n, p, q, c] = X[n, p - top, q - left, c]",
    claims="dX[n, h, w, c] = dY[n, h + top, w + left, c]    # the frame is cut off",
    source="Dumoulin and Visin (2016), A Guide to Convolution Arithmetic for Deep Learning, arXiv:1603.07285",
)

TRANSPOSE = layer(
    "transpose",
    "The rows of every matrix become its columns.",
    tensors="X[N, H, W]  Y[N, W, H]",
    equations="Y[n, w, h] = X[n, h, w]",
    claims="dX[n, h, w] = dY[n, w, h]",
    source="Petersen and Pedersen (2012), The Matrix Cookbook, section 1",
)

RESIDUAL_ADD = layer(
    "residual_add",
    "What a branch F has found is added to what went around it.",
    tensors="X[N, D]  F[N, D]  Y[N, D]",
    equations="Y[n, d] = X[n, d] + F[n, d]",
    claims="""
        dX[n, d] = dY[n, d]
        dF[n, d] = dY[n, d]
    """,
    source="He, Zhang, Ren and Sun (2016), Deep Residual Learning for Image Recognition, CVPR, eq. 1",
)

NEAREST_UPSAMPLING = layer(
    "nearest_upsampling",
    "Every pixel becomes R rows and S columns of itself.",
    tensors="X[N, H, W, C]  Y[N, R*H, S*W, C]",
    equations="Y[n, p, q, c] = X[n, p//R, q//S, c]",
    claims="dX[n, h, w, c] = sum[r, s](dY[n, R*h + r, S*w + s, c])    # add up what each pixel has become",
    source="Odena, Dumoulin and Olah (2016), Deconvolution and Checkerboard Artifacts, Distill",
)

PIXEL_SHUFFLE = layer(
    "pixel_shuffle",
    "R*R channels become the R rows and R columns of a larger image.",
    tensors="X[N, H, W, C*R*R]  Y[N, R*H, R*W, C]",
    equations="Y[n, p, q, c] = X[n, p//R, q//R, c*R*R + p%R*R + q%R]",
    claims="""
        dX[n, h, w, k] = dY[n, R*h + k//R%R, R*w + k%R, k//(R*R)]
    """,
    source="Shi et al. (2016), Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel "
    "Convolutional Neural Network, CVPR, eq. 4",
)

FLATTEN = layer(
    "flatten",
    "Every image becomes one row.",
    tensors="X[N, H, W, C]  Y[N, H*W*C]",
    equations="Y[n, k] = X[n, k//C//W, k//C%W, k%C]",
    claims="dX[n, h, w, c] = dY[n, (h*W + w)*C + c]",
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 9.1",
)
