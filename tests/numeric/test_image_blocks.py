import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.image_blocks import BLOCK_BYTES, FEW_WINDOWS, SMALL_PRODUCT, image_blocks

numbers = st.integers(1, 2000)


@given(N=numbers, size=st.integers(1, 2 * BLOCK_BYTES), windows=numbers, kernels=st.integers(1, 2 * SMALL_PRODUCT))
def test_blocks_hold_all_images_and_no_more_than_they_should(N, size, windows, kernels):
    blocks, longest = image_blocks(N, size, windows, kernels)
    lengths = [block.stop - block.start for block in blocks]
    assert [n for block in blocks for n in range(N)[block]] == list(range(N))
    assert max(lengths) == longest <= min(lengths) + 1
    assert longest == 1 or longest * size <= BLOCK_BYTES
    if FEW_WINDOWS * kernels <= SMALL_PRODUCT:
        assert longest == 1 or longest * windows * kernels <= SMALL_PRODUCT


@pytest.mark.parametrize(
    ("size", "windows", "kernels", "longest"),
    [
        (BLOCK_BYTES // 7, 1, SMALL_PRODUCT, 7),
        (BLOCK_BYTES // 7, 1, SMALL_PRODUCT // FEW_WINDOWS, 7),
        (BLOCK_BYTES // 64, 64, SMALL_PRODUCT // FEW_WINDOWS, 2),
        (BLOCK_BYTES // 64, 64, SMALL_PRODUCT // FEW_WINDOWS + 1, 64),  # small products would have too few windows
        (2 * BLOCK_BYTES, 1, 1, 1),
    ],
)
def test_blocks_are_as_large_as_they_may_be(size, windows, kernels, longest):
    assert image_blocks(7 * 64, size, windows, kernels)[1] == longest
