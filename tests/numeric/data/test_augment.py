"""Distortions against scipy.ndimage at the very same fields, and the fields against what they are said to be."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, stats
from threadpoolctl import threadpool_limits

from numeric.data.augment import Distortion, sample
from numeric.data.digits import load_digits
from numeric.errors import InputError

NOTHING = Distortion(rotation=0, scale=0, shear=0, shift=0, alpha=0)
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))
SEEDS = st.integers(0, 2**32 - 1)
DISTORTIONS = st.builds(
    Distortion,
    rotation=st.floats(0, 180),
    scale=st.floats(0, 0.9),
    shear=st.floats(0, 2),
    shift=st.floats(0, 5),
    alpha=st.floats(0, 5),
    sigma=st.floats(0.1, 20),
    group=st.integers(1, 7),
)


def pictures(number, shape, seed=0):
    return np.random.default_rng(seed).random((number, math.prod(shape)), np.float32)


def by_ndimage(images, q):
    """One image at a time, zeros outside; "grid-constant" is the mode that interpolates towards those zeros."""
    shape = q.shape[2:]
    return np.array(
        [
            ndimage.map_coordinates(image.reshape(shape), q[n % len(q)], order=1, mode="grid-constant").ravel()
            for n, image in enumerate(images)
        ]
    )


def still(shape):
    return np.indices(shape).astype(np.float32)[np.newaxis]


@given(SHAPES, st.integers(1, 20), st.integers(1, 25), SEEDS)
def test_sampling_is_that_of_ndimage_wherever_a_field_leads(shape, number, fields, seed):
    rng = np.random.default_rng(seed)
    places = rng.uniform(-3, 3 + max(shape), (fields, 2, *shape))
    q = np.where(rng.random(places.shape) < 0.2, np.rint(places), places).astype(np.float32)  # pixels' centres as well
    images = pictures(number, shape, seed)
    np.testing.assert_allclose(sample(images, q), by_ndimage(images, q), rtol=0, atol=3e-6)


@given(DISTORTIONS, SHAPES, st.integers(1, 40), SEEDS)
def test_distorting_is_sampling_at_the_fields_drawn_and_neighbours_share_none(distortion, shape, number, seed):
    images = pictures(number, shape, seed)
    distorted = distortion.distort(images, shape, np.random.default_rng(seed))
    fields = math.ceil(number / distortion.group)
    fields += fields % 2 == 0
    q = distortion.fields(fields, shape, np.random.default_rng(seed))
    assert q.dtype == distorted.dtype == np.float32
    np.testing.assert_allclose(distorted, by_ndimage(images, q), rtol=0, atol=1e-6)
    assert distorted.min() >= 0
    assert distorted.max() <= 1


def test_more_fields_than_are_sampled_at_once_are_all_the_right_ones():
    distortion, images = Distortion(group=3), pictures(200, (28, 28))
    q = distortion.fields(67, (28, 28), np.random.default_rng(1))
    distorted = distortion.distort(images, (28, 28), np.random.default_rng(1))
    np.testing.assert_allclose(distorted, by_ndimage(images, q), rtol=0, atol=1e-6)


@given(SHAPES, st.integers(1, 40), st.integers(1, 50), SEEDS)
def test_no_distortion_is_the_identity_to_the_last_bit(shape, number, group, seed):
    images = pictures(number, shape, seed)
    distorted = replace(NOTHING, group=group).distort(images, shape, np.random.default_rng(seed))
    np.testing.assert_array_equal(distorted, images)


@given(SHAPES, st.integers(-10, 10), st.integers(-10, 10))
def test_moving_by_whole_pixels_moves_the_very_values_and_lets_zeros_in(shape, down, right):
    H, W = shape
    images = pictures(5, shape)
    moved = np.zeros((5, H + 20, W + 20), np.float32)
    moved[:, 10 : 10 + H, 10 : 10 + W] = images.reshape(5, H, W)
    moved = np.roll(moved, (down, right), axis=(1, 2))[:, 10 : 10 + H, 10 : 10 + W]
    q = still(shape) - np.array([down, right], np.float32)[:, np.newaxis, np.newaxis]
    np.testing.assert_array_equal(sample(images, q), moved.reshape(5, -1))


def test_over_the_border_a_pixel_fades_into_the_zeros_around():
    steps = np.array([-1.5, -1, -0.75, -0.25, 0, 0.5, 1, 1.5], np.float32)
    q = np.zeros((8, 2, 1, 1), np.float32)
    q[:, 1, 0, 0] = steps
    faded = sample(np.ones((8, 1), np.float32), q)
    np.testing.assert_array_equal(faded[:, 0], np.maximum(0, 1 - abs(steps)))


def test_inside_a_white_image_all_is_white_to_the_last_bit_and_nothing_is_whiter():
    distorted = Distortion(group=1).distort(np.ones((99, 28 * 28), np.float32), (28, 28), np.random.default_rng(0))
    assert distorted.max() == 1
    assert distorted.min() >= 0
    assert (distorted.reshape(99, 28, 28)[:, 9:-9, 9:-9] == 1).all()


@given(DISTORTIONS, SHAPES, st.integers(1, 40), SEEDS)
def test_images_may_be_distorted_in_place_and_need_not_lie_side_by_side(distortion, shape, number, seed):
    rows = pictures(2 * number, shape, seed)
    images, pristine = rows[::2], rows.copy()
    expected = distortion.distort(images, shape, np.random.default_rng(seed))
    np.testing.assert_array_equal(rows, pristine)
    assert distortion.distort(images, shape, np.random.default_rng(seed), out=images) is images
    np.testing.assert_array_equal(rows[::2], expected)
    np.testing.assert_array_equal(rows[1::2], pristine[1::2])


def test_the_same_seed_gives_the_same_bits_whatever_the_threads_and_another_gives_others():
    images = pictures(500, (28, 28))

    def run(seed, threads):
        with threadpool_limits(limits=threads, user_api="blas"):
            return Distortion().distort(images, (28, 28), np.random.default_rng(seed)).tobytes()

    assert run(7, 1) == run(7, 1) == run(7, 2)
    assert run(7, 1) != run(8, 1)


def matrices(shape=(6, 9), number=4000, **strengths):
    """The linear part of drawn fields, [number, 2, 2], and where their centre reads, [number, 2], by least squares."""
    q = replace(NOTHING, **strengths).fields(number, shape, np.random.default_rng(3)).reshape(number, 2, -1)
    centre = (np.array(shape) - 1)[:, np.newaxis] / 2
    p = np.indices(shape).reshape(2, -1) - centre
    found = q @ np.linalg.pinv(np.vstack([p, np.ones(p.shape[1])]))
    return found[..., :2], found[..., 2] - centre.T


def assert_uniform(drawn, most):
    assert stats.kstest(drawn, stats.uniform(-most, 2 * most).cdf).pvalue > 1e-3


def test_rotations_are_rigid_about_the_centre_and_their_angles_uniform():
    M, shift = matrices(rotation=30)
    np.testing.assert_allclose(M @ M.transpose(0, 2, 1), np.broadcast_to(np.eye(2), M.shape), atol=1e-3)
    assert_uniform(np.degrees(np.arctan2(M[:, 1, 0], M[:, 0, 0])), 30)
    np.testing.assert_allclose(shift, 0, atol=1e-3)


def test_height_and_width_are_scaled_each_on_its_own():
    M, _ = matrices(scale=0.4)
    np.testing.assert_allclose(M[:, [0, 1], [1, 0]], 0, atol=1e-3)
    assert_uniform(M[:, 0, 0] - 1, 0.4)
    assert_uniform(M[:, 1, 1] - 1, 0.4)
    assert abs(np.corrcoef(M[:, 0, 0], M[:, 1, 1])[0, 1]) < 5 / math.sqrt(4000)


def test_a_shear_moves_rows_against_each_other_and_nothing_else():
    M, _ = matrices(shear=0.5)
    np.testing.assert_allclose(M[:, [0, 0, 1], [0, 1, 1]], np.tile([1, 0, 1], (4000, 1)), atol=1e-3)
    assert_uniform(M[:, 1, 0], 0.5)


def test_shifts_are_uniform_down_and_right():
    M, shift = matrices(shift=2.5)
    np.testing.assert_allclose(M, np.broadcast_to(np.eye(2), M.shape), atol=1e-3)
    assert_uniform(shift[:, 0], 2.5)
    assert_uniform(shift[:, 1], 2.5)
    assert abs(np.corrcoef(shift, rowvar=False)[0, 1]) < 5 / math.sqrt(4000)


def elastic(alpha, sigma, shape, number):
    return replace(NOTHING, alpha=alpha, sigma=sigma).fields(number, shape, np.random.default_rng(5)) - still(shape)


@pytest.mark.parametrize(("shape", "sigma"), [((28, 28), 4.0), ((8, 8), 1.5), ((5, 11), 30.0)])
def test_elastic_displacements_have_mean_0_and_deviation_alpha_at_every_pixel(shape, sigma):
    u = elastic(1.7, sigma, shape, 4000)
    np.testing.assert_allclose(u.mean(axis=0), 0, atol=5 * 1.7 / math.sqrt(4000))
    np.testing.assert_allclose(u.std(axis=0), 1.7, rtol=5 / math.sqrt(2 * 4000))


def test_the_noise_is_smoothed_as_ndimage_smooths_it():
    """Displacements at two pixels are as correlated as the responses of ndimage's Gaussian filter overlap."""
    shape, sigma = (7, 9), 1.3
    u = elastic(1.0, sigma, shape, 20000)
    impulses = np.eye(math.prod(shape)).reshape(-1, *shape)
    responses = np.array([ndimage.gaussian_filter(i, sigma, mode="constant", truncate=10).ravel() for i in impulses])
    responses /= np.linalg.norm(responses, axis=0)
    for direction in (0, 1):
        drawn = np.corrcoef(u[:, direction].reshape(len(u), -1), rowvar=False)
        np.testing.assert_allclose(drawn, responses.T @ responses, atol=6 / math.sqrt(len(u)))
    assert abs(np.corrcoef(u[:, 0, 3, 4], u[:, 1, 3, 4])[0, 1]) < 5 / math.sqrt(len(u))


def test_real_digits_keep_about_their_ink():
    digits = load_digits("why")
    gentle = Distortion(rotation=8, scale=0.05, shear=0.05, shift=0.3, alpha=0.2, sigma=1.5)
    distorted = gentle.distort(digits.train_images, digits.image_shape, np.random.default_rng(0))
    assert 0.95 < distorted.sum() / digits.train_images.sum() < 1.05
    assert (distorted != digits.train_images).any(axis=1).all()


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (np.zeros((3, 6)), (2, 3)),
        (np.zeros((3, 6), np.float32), (2, 2)),
        (np.zeros((3, 2, 3), np.float32), (2, 3)),
        (np.zeros((0, 6), np.float32), (2, 3)),
        (np.zeros((3, 0), np.float32), (0, 3)),
    ],
)
def test_images_of_another_dtype_or_shape_are_refused(images, shape):
    with pytest.raises(
        InputError, match=r"^images are float\d\d of shape \(.*\); expected float32 rows of \d \* \d pix"
    ):
        Distortion().distort(images, shape, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("out", "trouble"),
    [
        (np.zeros((3, 6)), "distorted images are float64"),
        (np.zeros((3, 5), np.float32), "distorted images are float32 of shape"),
        (np.zeros((4, 6), np.float32), "there is room for 4 distorted images; expected room for 3"),
    ],
)
def test_room_of_another_dtype_or_shape_is_refused(out, trouble):
    with pytest.raises(InputError, match=trouble):
        Distortion().distort(np.zeros((3, 6), np.float32), (2, 3), np.random.default_rng(0), out)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_field_that_is_not_finite_is_refused(wrong):
    q = still((2, 3))
    q[0, 1, 1, 2] = wrong
    with pytest.raises(InputError, match=r"fields are float32 of shape \(1, 2, 2, 3\); expected .* all finite"):
        sample(np.zeros((3, 6), np.float32), q)


@pytest.mark.parametrize("q", [still((2, 3)).astype(float), still((2, 3))[0], still((2, 3))[:, :1], still((2, 3))[:0]])
def test_fields_of_another_dtype_or_shape_are_refused(q):
    with pytest.raises(
        InputError, match=r"fields are float\d\d of shape .*; expected float32 of shape \(fields, 2, hei"
    ):
        sample(np.zeros((3, 6), np.float32), q)


@pytest.mark.parametrize(
    ("wrong", "trouble"),
    [
        ({"rotation": -1.0}, "rotation of a distortion is -1.0; expected a finite number, 0 or more"),
        ({"alpha": math.nan}, "alpha of a distortion is nan; expected a finite number"),
        ({"shift": math.inf}, "shift of a distortion is inf; expected a finite number"),
        ({"scale": 1.0}, "scale of a distortion is 1.0; expected less than 1"),
        ({"sigma": 0.0}, "sigma of a distortion is 0; expected more"),
        ({"group": 0}, "group of a distortion is 0; expected a whole number, 1 or more"),
        ({"group": 1.5}, "group of a distortion is 1.5; expected a whole number, 1 or more"),
    ],
)
def test_strengths_that_make_no_sense_are_refused(wrong, trouble):
    with pytest.raises(InputError, match=trouble):
        Distortion(**wrong)
