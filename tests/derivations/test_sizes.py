"""Sizes are read off shapes, and what does not fit is named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations import DerivationError, read_layer
from derivations.sizes import concrete_sizes, sizes_from

WINDOWS = read_layer("X[H]  K[R]  Y[P]\nP = (H + 2*pad - R)//stride + 1\nY[p] = sum[r](X[stride*p + r - pad]*K[r])")
PAIRS = read_layer("X[N, 2*D]  Y[N, D]\nY[n, d] = X[n, 2*d]*X[n, 2*d + 1]")


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 4), st.integers(1, 4))
def test_sizes_follow_from_shapes(H, R, pad, stride):
    values = {"X": np.zeros(H), "K": np.zeros(R), "pad": pad, "stride": stride}
    expected = (H + 2 * pad - R) // stride + 1
    if expected < 1:
        with pytest.raises(DerivationError, match=r"P is .*; it must be at least 1"):
            sizes_from(WINDOWS, WINDOWS.inputs, values)
    else:
        assert sizes_from(WINDOWS, WINDOWS.inputs, values) == {
            "H": H,
            "R": R,
            "P": expected,
            "pad": pad,
            "stride": stride,
        }


@given(st.integers(1, 9), st.integers(1, 9))
def test_a_size_is_solved_for_where_a_whole_number_does_it(N, width):
    values = {"X": np.zeros((N, width))}
    if width % 2:
        with pytest.raises(DerivationError, match=f"X has a size of {width}, which no 2\\*D makes"):
            sizes_from(PAIRS, PAIRS.inputs, values)
    else:
        assert sizes_from(PAIRS, PAIRS.inputs, values) == {"N": N, "D": width // 2}


def test_shapes_that_clash_name_both_sides():
    layer = read_layer("X[N, D]  W[D, M]  Y[N, M]\nY[n, m] = sum[d](X[n, d]*W[d, m])")
    with pytest.raises(DerivationError, match=r"W has shape \(4, 5\), expected W\[D, M\] with D = 3 \(from X\)"):
        sizes_from(layer, layer.inputs, {"X": np.zeros((2, 3)), "W": np.zeros((4, 5))})


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"H": 5, "R": 2, "pad": 0}, "'stride' is not known"),
        ({"H": 5, "R": 2, "pad": 0, "stride": 0}, "divides by 0"),
        ({"H": 5, "R": 2, "pad": 0, "stride": 1, "P": 3}, "is 4, not 3"),
        ({"H": 0, "R": 1, "pad": 2, "stride": 1}, "the size H is 0"),
    ],
)
def test_sizes_that_make_no_sense_are_named(sizes, words):
    with pytest.raises(DerivationError, match=words):
        concrete_sizes(WINDOWS, sizes)
