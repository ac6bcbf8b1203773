import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import structure
from numeric.errors import InputError

sizes = st.tuples(*[st.integers(1, 3)] * 4)


def image(shape, dtype=np.float64):
    return np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_concatenate_puts_columns_side_by_side_and_the_backward_takes_them_apart(N, D, E):
    A, B = image((N, D)), -image((N, E))
    Y = structure.concatenate(A, B)
    for n, k in np.ndindex(Y.shape):
        assert Y[n, k] == (A[n, k] if k < D else B[n, k - D])
    got = structure.concatenate_backward(Y, A, B)
    np.testing.assert_array_equal(got["dA"], A)
    np.testing.assert_array_equal(got["dB"], B)


@given(sizes, st.tuples(*[st.integers(0, 2)] * 4))
def test_pad_frames_images_and_the_backward_cuts_the_frame_off(shape, frame):
    X, (top, bottom, left, right) = image(shape), frame
    Y = structure.pad(X, top, bottom, left, right)
    assert Y.shape == (shape[0], shape[1] + top + bottom, shape[2] + left + right, shape[3])
    for n, p, q, c in np.ndindex(Y.shape):
        inside = 0 <= p - top < shape[1] and 0 <= q - left < shape[2]
        assert Y[n, p, q, c] == (X[n, p - top, q - left, c] if inside else 0)
    np.testing.assert_array_equal(structure.pad_backward(Y, top, bottom, left, right)["dX"], X)


@given(sizes)
def test_transpose_swaps_rows_and_columns_both_ways(shape):
    X = image(shape[:3])
    Y = structure.transpose(X)
    for n, h, w in np.ndindex(X.shape):
        assert Y[n, w, h] == X[n, h, w]
    np.testing.assert_array_equal(structure.transpose_backward(Y)["dX"], X)


def test_both_summands_of_a_residual_get_the_whole_cotangent():
    X, F = image((2, 3)), image((2, 3)) * 10
    np.testing.assert_array_equal(structure.residual_add(X, F), 11 * X)
    dX, dF = structure.residual_add_backward(X).values()
    np.testing.assert_array_equal([dX, dF], [X, X])
    assert not np.shares_memory(dX, dF)


@given(sizes, st.integers(1, 3), st.integers(1, 3))
def test_nearest_upsampling_repeats_pixels_and_the_backward_adds_them_up(shape, R, S):
    X = image(shape)
    Y = structure.nearest_upsampling(X, R, S)
    assert Y.shape == (shape[0], R * shape[1], S * shape[2], shape[3])
    expected = np.zeros(shape)
    for n, p, q, c in np.ndindex(Y.shape):
        assert Y[n, p, q, c] == X[n, p // R, q // S, c]
        expected[n, p // R, q // S, c] += Y[n, p, q, c]
    np.testing.assert_array_equal(structure.nearest_upsampling_backward(Y, R, S)["dX"], expected)


@given(sizes, st.integers(1, 3))
def test_pixel_shuffle_deals_channels_out_to_a_larger_image_and_back(shape, R):
    N, H, W, C = shape
    X = image((N, H, W, C * R * R))
    Y = structure.pixel_shuffle(X, R)
    assert Y.shape == (N, R * H, R * W, C)
    for n, h, w, c, r, s in np.ndindex(N, H, W, C, R, R):
        assert Y[n, R * h + r, R * w + s, c] == X[n, h, w, c * R * R + r * R + s]
    np.testing.assert_array_equal(structure.pixel_shuffle_backward(Y, R)["dX"], X)


@given(sizes)
def test_flatten_reads_images_row_by_row_and_the_backward_puts_them_back(shape):
    X = image(shape)
    Y = structure.flatten(X)
    for n, h, w, c in np.ndindex(shape):
        assert Y[n, (h * shape[2] + w) * shape[3] + c] == X[n, h, w, c]
    np.testing.assert_array_equal(structure.flatten_backward(Y, X)["dX"], X)


X2, X3, X4 = image((2, 4)), image((2, 1, 4)), image((2, 4, 4, 2))
CALLS = {
    "concatenate": lambda t: [
        structure.concatenate(t(X2), t(X2)),
        *structure.concatenate_backward(t(X2), t(X2[:, :1]), t(X2[:, 1:])).values(),
    ],
    "pad": lambda t: [structure.pad(t(X4), 0, 0, 0, 0), *structure.pad_backward(t(X4), 0, 0, 0, 0).values()],
    "transpose": lambda t: [structure.transpose(t(X3)), *structure.transpose_backward(t(X3)).values()],
    "residual_add": lambda t: [structure.residual_add(t(X2), t(X2)), *structure.residual_add_backward(t(X2)).values()],
    "nearest_upsampling": lambda t: [
        structure.nearest_upsampling(t(X4), 1, 1),
        *structure.nearest_upsampling_backward(t(X4), 1, 1).values(),
    ],
    "pixel_shuffle": lambda t: [
        structure.pixel_shuffle(t(X4), 1),
        *structure.pixel_shuffle_backward(t(X4), 1).values(),
    ],
    "flatten": lambda t: [
        structure.flatten(t(X4)),
        *structure.flatten_backward(t(X4.reshape(2, -1)), t(X4)).values(),
    ],
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("name", CALLS)
def test_results_are_no_views_even_where_nothing_moves(name, dtype):
    given_arrays = []

    def typed(array):
        given_arrays.append(array.astype(dtype))
        return given_arrays[-1]

    for result in CALLS[name](typed):
        assert result.dtype == dtype
        assert result.flags.c_contiguous
        assert not any(np.shares_memory(result, array) for array in given_arrays)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: structure.nearest_upsampling_backward(X4, 3, 1),
            r"dY has shape \(2, 4, 4, 2\); expected dY\[N, R\*H, S\*W, C\] with H a whole number, at least 1",
        ),
        (lambda: structure.pixel_shuffle(X4, 2), r"X\[N, H, W, C\*R\*R\] with C a whole number"),
        (lambda: structure.flatten_backward(X2, X4), r"dY\[N, H\*W\*C\] with H\*W\*C = 32"),
        (lambda: structure.nearest_upsampling(X4, 0, 1), "R = 0; expected a whole number, at least 1"),
        (lambda: structure.pad(X4, 0, -1, 0, 0), "bottom = -1; expected a whole number, at least 0"),
        (lambda: structure.pad_backward(X4, 2, 2, 0, 0), "with H a whole number, at least 1"),
        (lambda: structure.concatenate_backward(X2, X2, X2), r"with D \+ E = 8"),
    ],
)
def test_shapes_and_options_that_do_not_fit_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
