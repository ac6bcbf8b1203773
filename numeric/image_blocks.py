"""How many images a convolution takes at a time: whatever is chosen, it computes the same.

Fewer than fit in the cache, and, where that are not too few, so few that the products are small: where a processor has
AVX-512, OpenBLAS takes small matrices as they are, and copies others first (its sgemm_small_kernel_permit_skylakex.c).
"""

from numeric.slices import even_slices

BLOCK_BYTES = 2**21  # measured: NumPy's calls cost too much in smaller blocks, the cache in larger ones
SMALL_PRODUCT = 10**6  # multiplications
FEW_WINDOWS = 128  # measured: in smaller blocks NumPy's calls cost more than small products win


def image_blocks(N: int, size: int, windows: int, kernels: int) -> tuple[list[slice], int]:
    """N images in blocks, as equal as can be, and how many the longest has.

    An image takes `size` bytes, and has so many `windows`; a window costs `kernels` multiplications.
    """
    most = BLOCK_BYTES // size
    small = SMALL_PRODUCT // kernels
    if small >= FEW_WINDOWS:
        most = min(most, small // windows)
    blocks = even_slices(N, -(-N // max(1, most)))
    *_, longest = blocks
    return blocks, longest.stop - longest.start
