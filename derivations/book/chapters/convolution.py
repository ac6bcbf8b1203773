"""Convolution: a linear layer whose weights are shared between places."""

from derivations.book.chapter import Chapter, Claimed, Derived, Forward, Given, Text, Worked
from derivations.book.example import Example, Part

CONVOLUTION = Example(
    "convolution",
    (Part("conv2d"),),
    {
        "X": [[[[1], [0], [2]], [[-1], [3], [1]], [[2], [1], [0]]]],
        "K": [[[[1]], [[2]]], [[[-1]], [[1]]]],
        "b": ["1/2"],
        "stride": 1,
        "pad": 0,
        "dilation": 1,
        "dY": [[[[1], [0]], [[2], [-1]]]],
    },
)

CHAPTER = Chapter(
    "convolution",
    "Convolution",
    "The same few weights at every place: what they learn is added up over places, and what comes back is spread out.",
    (
        "conv2d",
        "conv1d",
        "conv3d",
        "grouped_conv2d",
        "depthwise_conv2d",
        "transposed_conv2d",
        "max_pool2d",
        "avg_pool2d",
    ),
    (CONVOLUTION,),
    (
        Text(
            CONVOLUTION,
            """
            An image is a matrix of pixels, with some channels each: $X[n, h, w, c]$ is channel $c$ of the pixel in row
            $h$ and column $w$ of image $n$. A kernel $K[r, s, c, f]$ is laid over every window of the image, and each
            time a weighted sum is taken, for each of the filters $f$. That is [conv2d](layer:conv2d): a linear layer
            that looks at small windows, with the same weights for all of them.
            """,
        ),
        Forward(CONVOLUTION),
        Text(
            CONVOLUTION,
            """
            The index of $X$ says it all: output $p$ looks at row `stride*p + dilation*r - pad`. Where that lies outside
            the image, 0 is read. Take one image of three by three pixels, one channel, and one kernel of two by two; it
            is moved by one pixel at a time, without padding, so there are two by two outputs.
            """,
        ),
        Given(CONVOLUTION),
        Worked(CONVOLUTION, ("Y",)),
        Text(
            CONVOLUTION,
            """
            ## The kernel

            A weight of the kernel is used at every place, so its roads to the loss are added over all places, and over
            the images: the kernel's gradient is the image laid over the cotangent, window by window.
            """,
        ),
        Derived(CONVOLUTION, "K"),
        Worked(CONVOLUTION, ("dK", "db")),
        Text(
            CONVOLUTION,
            """
            ## The image

            A pixel is read by every window that covers it: the corner by one, the middle by four. Each hands back its
            share, weighted with the entry of the kernel that lay on the pixel. To find these windows, the index is
            solved for the output: row $h$ was read by output $p$ with entry $r$ where `stride*p + dilation*r - pad` is
            $h$. The remainder says whether there is such an entry at all.
            """,
        ),
        Claimed(
            CONVOLUTION,
            """dX[n, h, w, c] = sum[p, q, f](
                [(h + pad - stride*p) % dilation = 0]*[(w + pad - stride*q) % dilation = 0]
                *dY[n, p, q, f]*K[(h + pad - stride*p)//dilation, (w + pad - stride*q)//dilation, c, f])""",
            "a transposed convolution",
        ),
        Worked(CONVOLUTION, ("dX",)),
        Text(
            CONVOLUTION,
            """
            With stride 1 and dilation 1 the kernel's rows are taken at `h + pad - p`: they run backwards. So the
            image's gradient is such a layer again: it looks at the cotangent, with zeros around it, through the kernel
            turned by half a turn. A kernel that is not turned is the classic mistake; it goes unnoticed where the
            kernel is symmetric, so check with one that is not.

            Steps of this derivation, from the first line to the last:
            """,
        ),
        Derived(CONVOLUTION, "X"),
    ),
)
