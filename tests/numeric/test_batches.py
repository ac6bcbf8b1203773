import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from numeric.batches import batches
from numeric.data.augment import Distortion

STILL = Distortion(rotation=0, scale=0, shear=0, shift=0, alpha=0)


def data(N, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((N, 16), np.float32), rng.integers(0, 10, N), rng.permutation(N)


def collected(*arguments):
    return [(X.copy(), T.copy()) for X, T in batches(*arguments)]


@given(N=st.integers(1, 30), size=st.integers(1, 35), distorted=st.booleans())
def test_every_row_comes_once_in_its_order_with_its_target(N, size, distorted):
    images, targets, order = data(N)
    found = collected(images, targets, order, size, STILL if distorted else None, np.random.default_rng(0))
    assert [len(X) for X, _ in found] == [min(size, N - first) for first in range(0, N, size)]
    np.testing.assert_array_equal(np.concatenate([X for X, _ in found]), images[order])
    np.testing.assert_array_equal(np.concatenate([T for _, T in found]), targets[order])


def test_order_may_leave_rows_out():
    images, targets, _ = data(10)
    ((X, T),) = collected(images, targets, np.array([7, 2]), 5)
    np.testing.assert_array_equal(X, images[[7, 2]])
    np.testing.assert_array_equal(T, targets[[7, 2]])


def test_distorted_images_are_distorted_and_the_originals_stay():
    images, targets, order = data(6000)
    before = images.copy()
    first, second, other = (
        np.concatenate(
            [X for X, _ in collected(images, targets, order, 100, Distortion(), np.random.default_rng(seed))]
        )
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    assert np.abs(first - images[order]).mean() > 0.05


def test_images_of_one_batch_have_fields_of_their_own():
    """The same image a hundred times over comes out in a hundred ways."""
    images = np.tile(np.random.default_rng(0).random((1, 64), np.float32), (4096, 1))
    X, _ = collected(images, np.zeros(4096, int), np.arange(4096), 100, Distortion(), np.random.default_rng(0))[0]
    assert len(np.unique(X, axis=0)) == 100
