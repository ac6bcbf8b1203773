"""The windows that a kernel sees as it slides over an image, channels last, and the way back.

The windows of the padded input are a strided view: nothing is copied until a product wants columns. The way back adds
the windows' cotangents up, one shifted slice for each place in the kernel: R*S additions of whole images, no loop over
images or positions.
"""

from itertools import product

import numpy as np

Array = np.ndarray


def windows(X: Array, kernel: tuple[int, ...], stride: int, pad: int, dilation: int) -> Array:
    """What lies under the kernel at every output place: X[N, H, ..., C] becomes a view [N, P, ..., R, ..., C].

    Whatever follows the axes that the kernel slides along stays as it is.
    """
    count = len(kernel)
    along = range(1, 1 + count)
    margins = [(pad, pad) if axis in along else (0, 0) for axis in range(X.ndim)]
    padded = np.pad(X, margins) if pad else X
    extents = [dilation * (size - 1) + 1 for size in kernel]
    views = np.lib.stride_tricks.sliding_window_view(padded, extents, axis=tuple(along))
    every = (slice(None), *(slice(None, None, stride),) * count, *(slice(None),) * (X.ndim - 1 - count))
    return np.moveaxis(
        views[(*every, *(slice(None, None, dilation),) * count)], range(-count, 0), range(1 + count, 1 + 2 * count)
    )


def scatter(spread: Array, shape: tuple[int, ...], stride: int, pad: int, dilation: int) -> Array:
    """Add up what every window hands back, the reverse of `windows`: [N, P, ..., R, ..., C] becomes `shape`.

    One addition of a strided slice for each place in the kernel.
    """
    count = spread.ndim - len(shape)
    outputs, kernel = spread.shape[1 : 1 + count], spread.shape[1 + count : 1 + 2 * count]
    reach = [
        max(size + 2 * pad, stride * (places - 1) + dilation * (length - 1) + 1)
        for size, places, length in zip(shape[1 : 1 + count], outputs, kernel, strict=True)
    ]
    total = np.zeros((shape[0], *reach, *shape[1 + count :]), spread.dtype, like=spread)
    for place in product(*map(range, kernel)):
        under = [
            slice(dilation * k, dilation * k + stride * (places - 1) + 1, stride)
            for k, places in zip(place, outputs, strict=True)
        ]
        window: tuple[slice | int, ...] = (*(slice(None),) * (1 + count), *place)
        total[(slice(None), *under)] += spread[window]
    inside = tuple(slice(pad, pad + size) for size in shape[1 : 1 + count])
    return np.ascontiguousarray(total[(slice(None), *inside)])
