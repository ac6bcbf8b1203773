"""A transposed convolution is what a convolution does backwards, in every group, whatever size it came from."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from numeric import convolution, transposed_convolution
from numeric.errors import InputError


@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3))
def test_it_is_the_backward_of_a_convolution_whose_remainder_output_pad_restores(H, W, stride, pad, dilation):
    rng = np.random.default_rng(0)
    X, K, b = rng.normal(size=(2, H, W, 2)), rng.normal(size=(2, 3, 2, 4)), rng.normal(size=4)
    left = [size + 2 * pad - dilation * (length - 1) - 1 for size, length in ((H, 2), (W, 3))]
    assume(min(left) >= 0 and left[0] % stride == left[1] % stride)
    Y = convolution.conv2d(X, K, b, stride, pad, dilation)
    dX = convolution.conv2d_backward(Y, X, K, stride, pad, dilation)["dX"]
    swapped = np.ascontiguousarray(K.swapaxes(2, 3))
    back = transposed_convolution.transposed_conv2d(
        Y, swapped, np.zeros(2), stride, pad, dilation, output_pad=left[0] % stride
    )
    np.testing.assert_allclose(back, dX, rtol=1e-9, atol=1e-9)


@given(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2), st.integers(0, 4))
def test_every_group_is_a_transposed_convolution_of_its_own(G, stride, dilation, output_pad):
    rng = np.random.default_rng(0)
    X, K, b = rng.normal(size=(2, 3, 4, G, 2)), rng.normal(size=(2, 3, G, 2, 3)), rng.normal(size=(G, 3))
    options = {"stride": stride, "pad": 1, "dilation": dilation, "output_pad": output_pad}
    Y = transposed_convolution.grouped_transposed_conv2d(X, K, b, **options)
    dY = rng.normal(size=Y.shape)
    got = transposed_convolution.grouped_transposed_conv2d_backward(dY, X, K, **options)
    for g in range(G):
        Xg, dYg, Kg = (np.ascontiguousarray(each) for each in (X[..., g, :], dY[..., g, :], K[..., g, :, :]))
        alone = transposed_convolution.transposed_conv2d(Xg, Kg, b[g], **options)
        np.testing.assert_allclose(Y[..., g, :], alone, atol=1e-12)
        alone = transposed_convolution.transposed_conv2d_backward(dYg, Xg, Kg, **options)
        np.testing.assert_allclose(got["dX"][..., g, :], alone["dX"], atol=1e-12)
        np.testing.assert_allclose(got["dK"][..., g, :, :], alone["dK"], atol=1e-12)
        np.testing.assert_allclose(got["db"][g], alone["db"], atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pad": 3}, r"P = .* is -1; expected at least 1"),
        ({"output_pad": -1}, r"output_pad = -1; expected a whole number, at least 0"),
        ({"dilation": 0}, r"dilation = 0; expected a whole number, at least 1"),
    ],
)
def test_what_leaves_no_output_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        transposed_convolution.transposed_conv2d(np.ones((1, 3, 3, 1)), np.ones((3, 3, 1, 1)), np.ones(1), **options)
