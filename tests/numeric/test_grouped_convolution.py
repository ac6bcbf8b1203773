"""A convolution in groups is a convolution for each group; a depthwise one has a channel in each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import convolution, grouped_convolution
from numeric.errors import InputError

AXES = {"conv1d": 1, "conv2d": 2, "conv3d": 3}


@pytest.mark.parametrize("name", AXES)
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.fixed_dictionaries({"stride": st.integers(1, 2), "pad": st.integers(0, 2), "dilation": st.integers(1, 2)}),
)
def test_every_group_is_a_convolution_of_its_own(name, G, C, F, options):
    rng, axes = np.random.default_rng(0), AXES[name]
    X, K = rng.normal(size=(2, *(5, 4, 6)[:axes], G, C)), rng.normal(size=(*(2, 1, 3)[:axes], G, C, F))
    b = rng.normal(size=(G, F))
    forward, backward = (getattr(grouped_convolution, f"grouped_{name}{end}") for end in ("", "_backward"))
    Y = forward(X, K, b, **options)
    dY = rng.normal(size=Y.shape)
    got = backward(dY, X, K, **options)
    for g in range(G):
        Xg, dYg, Kg = (np.ascontiguousarray(each) for each in (X[..., g, :], dY[..., g, :], K[..., g, :, :]))
        np.testing.assert_allclose(Y[..., g, :], getattr(convolution, name)(Xg, Kg, b[g], **options), atol=1e-12)
        alone = getattr(convolution, f"{name}_backward")(dYg, Xg, Kg, **options)
        np.testing.assert_allclose(got["dX"][..., g, :], alone["dX"], atol=1e-12)
        np.testing.assert_allclose(got["dK"][..., g, :, :], alone["dK"], atol=1e-12)
        np.testing.assert_allclose(got["db"][g], alone["db"], atol=1e-12)


def test_depthwise_is_as_many_groups_as_channels():
    rng = np.random.default_rng(1)
    X, K, b = rng.normal(size=(2, 5, 6, 4)), rng.normal(size=(3, 2, 4)), rng.normal(size=4)
    grouped = grouped_convolution.grouped_conv2d(X[..., None], K[..., None, None], b[:, None], 2, 1, 2)
    np.testing.assert_allclose(grouped_convolution.depthwise_conv2d(X, K, b, 2, 1, 2), grouped[..., 0], atol=1e-12)


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"K has shape \(1, 3, 1, 1\); expected K\[R, G, C, F\] with G = 2"):
        grouped_convolution.grouped_conv1d(np.ones((1, 4, 2, 1)), np.ones((1, 3, 1, 1)), np.ones((2, 1)))
