"""Code that takes sizes for equal, square kernels or images: the report says so, and how to tell the check."""

import numpy as np
import pytest

from checks import gradcheck


def convolve(X, K, b, hparameters):
    """As a course has it: one number for the sides of a kernel, a bias in the place of the channels."""
    f, stride, pad = len(K), hparameters["stride"], hparameters["pad"]
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    height, width = ((side - f + 2 * pad) // stride + 1 for side in X.shape[1:3])
    Y = np.zeros((len(X), height, width, K.shape[3]))
    for h, w in np.ndindex(height, width):
        window = padded[:, h * stride : h * stride + f, w * stride : w * stride + f]
        Y[:, h, w] = np.tensordot(window, K, 3) + b[0, 0, 0]
    return Y, (X, K, b, hparameters)


def convolve_backward(dY, cache):
    X, K, _, hparameters = cache
    f, stride, pad = len(K), hparameters["stride"], hparameters["pad"]
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dX, dK = np.zeros_like(padded), np.zeros_like(K)
    for h, w in np.ndindex(*dY.shape[1:3]):
        place = (slice(None), slice(h * stride, h * stride + f), slice(w * stride, w * stride + f))
        dX[place] += np.tensordot(dY[:, h, w], K, (1, 3))
        dK += np.tensordot(padded[place], dY[:, h, w], (0, 0))
    inner = dX[:, pad : dX.shape[1] - pad, pad : dX.shape[2] - pad]
    return inner, dK, dY.sum((0, 1, 2))[None, None, None]


def pool(X, hparameters, mode="max"):
    f, stride = hparameters["f"], hparameters["stride"]
    height, width = ((side - f) // stride + 1 for side in X.shape[1:3])
    Y = np.zeros((len(X), height, width, X.shape[3]))
    for h, w in np.ndindex(height, width):
        window = X[:, h * stride : h * stride + f, w * stride : w * stride + f]
        Y[:, h, w] = window.max((1, 2)) if mode == "max" else window.mean((1, 2))
    return Y, (X, hparameters)


def pool_backward(dY, cache, mode="max"):
    X, hparameters = cache
    f, stride, dX = hparameters["f"], hparameters["stride"], np.zeros_like(X)
    for n, h, w, c in np.ndindex(dY.shape):
        place = (n, slice(h * stride, h * stride + f), slice(w * stride, w * stride + f), c)
        here = np.unravel_index(X[place].argmax(), (f, f))
        dX[place][here] += dY[n, h, w, c] if mode == "max" else np.nan
    return dX


SQUARE = {"R": 3, "S": 3}


def told(report):
    return [(diagnosis.hypothesis, diagnosis.mistake) for diagnosis in report.diagnoses]


def test_a_square_kernel_is_told_step_by_step():
    made = (convolve, convolve_backward)
    assert told(gradcheck(made, "conv2d")) == [("axes in another order", "--axes b=111F")]
    report = gradcheck(made, "conv2d", axes={"b": "111F"})
    assert told(report) == [("sizes taken for equal", "R = S")]
    assert "with --set R=3 --set S=3 the forward agrees" in str(report).replace("\n", " ")
    report = gradcheck(made, "conv2d", axes={"b": "111F"}, sizes=SQUARE)
    assert {f.verdict for f in report.findings if f.witness in ("equations", "derivation", "differences")} == {"agree"}


def test_what_is_missing_in_a_dictionary_is_asked_for_by_name():
    report = gradcheck((pool, pool_backward), "max_pool2d")
    assert "raises KeyError: 'f': say what that is in the layer (--name f=NAME)" in str(report).replace("\n", " ")
    report = gradcheck((pool, pool_backward), "max_pool2d", names={"f": "R"})
    assert told(report) == [("sizes taken for equal", "R = S")]
    report = gradcheck((pool, pool_backward), "max_pool2d", names={"f": "R"}, sizes=SQUARE)
    assert report.assumed == {"pad": 0}
    assert {f.verdict for f in report.findings if f.witness in ("equations", "derivation")} == {"agree"}


def test_two_pairs_may_be_equal():
    def forward(X):
        side = X.shape[1]
        return X.reshape(len(X), side, side, -1).transpose(0, 2, 1, 3)[:, :side].transpose(0, 2, 1, 3).mean((1, 2))

    def backward(dY, X):
        side = X.shape[1]
        return np.broadcast_to(dY[:, None, None] / side**2, X.shape)

    assert told(gradcheck((forward, backward), "global_average_pool")) == [("sizes taken for equal", "H = W")]


def test_a_mean_over_the_wrong_size_is_a_mistake_of_its_own():
    report = gradcheck(
        (
            lambda X: X.sum((1, 2)) / len(X) ** 2,
            lambda dY, X: np.broadcast_to(dY[:, None, None], X.shape) / len(X) ** 2,
        ),
        "global_average_pool",
    )
    assert report.diagnoses
    assert "sizes taken for equal" not in {hypothesis for hypothesis, _ in told(report)}


@pytest.mark.parametrize("forward", [lambda X, W, b: X @ W.T + b, lambda X, W, b: 2 * X @ W + b])
def test_what_is_wrong_at_equal_sizes_too_is_not_told_so(forward):
    report = gradcheck((forward, lambda dY, X, W: {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY.sum(0)}), "linear")
    assert report.verdict == "disagree"
    assert "sizes taken for equal" not in {hypothesis for hypothesis, _ in told(report)}


def halve(x, pool_size=2, stride=2):
    """Images with channels first, and a window of 2x2 unless something else is asked for."""
    height, width = ((side - pool_size) // stride + 1 for side in x.shape[2:])
    Y = np.zeros((*x.shape[:2], height, width))
    for h, w in np.ndindex(height, width):
        Y[:, :, h, w] = x[:, :, h * stride : h * stride + pool_size, w * stride : w * stride + pool_size].max((2, 3))
    return Y, (x, pool_size, stride)


def halve_backward(dout, cache):
    x, pool_size, stride = cache
    dx = np.zeros_like(x)
    for n, c, h, w in np.ndindex(dout.shape):
        window = dx[n, c, h * stride : h * stride + pool_size, w * stride : w * stride + pool_size]
        seen = x[n, c, h * stride : h * stride + pool_size, w * stride : w * stride + pool_size]
        window[np.unravel_index(seen.argmax(), seen.shape)] += dout[n, c, h, w]
    return dx


def test_a_pooling_window_and_channels_first_are_told_step_by_step():
    pair, axes = (halve, halve_backward), {"X": "NCHW", "Y": "NCPQ"}
    first = gradcheck(pair, "max_pool2d").diagnoses
    assert [diagnosis.mistake for diagnosis in first] == ["--axes X=NCHW --axes Y=NCPQ"]
    second = gradcheck(pair, "max_pool2d", axes=axes).diagnoses
    assert "it takes R = S for granted: with --set R=2 --set S=2 the forward agrees" in second[-1].sentence
    assert gradcheck(pair, "max_pool2d", axes=axes, sizes={"R": 2, "S": 2}).verdict == "agree"


def filled(X, width=2):
    """A window of 2x2 that has to fill the image."""
    N, H, W, C = X.shape
    return X.reshape(N, H // width, width, W // width, width, C).max((2, 4))


def filled_backward(dY, X, width=2):
    wide = dY.repeat(width, 1).repeat(width, 2)
    largest = filled(X, width).repeat(width, 1).repeat(width, 2)
    return wide * (largest == X)


def test_sizes_that_have_to_be_multiples_are_not_said_to_be_equal():
    window = {"R": 2, "S": 2, "stride": 2, "pad": 0}
    report = gradcheck((filled, filled_backward), "max_pool2d", sizes=window)
    assert told(report) == [("sizes taken for multiples", "H and W for multiples of 2")]
    assert "with --set H=4 --set W=6 the forward agrees" in " ".join(str(report).split())


def test_only_a_size_that_has_to_be_a_multiple_is_told():
    def halved(X):
        N, H, W, C = X.shape
        return (X.reshape(N, H // 2, 2, W, C).sum((1, 2, 3))) / (H * W)

    def backward(dY, X):
        return np.broadcast_to(dY[:, None, None] / (X.shape[1] * X.shape[2]), X.shape)

    report = gradcheck((halved, backward), "global_average_pool")
    assert told(report) == [("sizes taken for multiples", "H for a multiple of 2")]
