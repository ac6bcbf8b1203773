"""The witness for analytic code: a step into the imaginary direction subtracts nothing, so it loses no digits.

f(x + ih) = f(x) + ih f'(x) - h² f''(x)/2 - ..., so f'(x) = Im f(x + ih)/h up to h² (W. Squire and G. Trapp, "Using
complex variables to estimate derivatives of real functions", SIAM Review 40, 1998).
"""

import warnings
from collections.abc import Callable, Iterable

import numpy as np
from numpy.exceptions import ComplexWarning
from numpy.typing import NDArray

from checks.batching import sampled
from checks.verdict import Testimony

# h² = 1e-60 is far below every rounding, and h times any gradient in sight is no subnormal number.
STEP = 1e-30


def complex_step(
    forward: Callable[[NDArray], NDArray],
    point: NDArray[np.float64],
    cotangent: NDArray[np.float64],
    *,
    bound: NDArray[np.float64],
    entries: Iterable[tuple[int, ...]] | None = None,
    again: Callable[[NDArray], NDArray] | None = None,
) -> Testimony:
    """The gradient of <cotangent, forward(point)> for the given entries of `point`, or all, in complex128.

    `forward` maps a complex128 array of point's shape to one of cotangent's shape. `bound`, of point's shape, is what
    rounding in float64 may make of each entry. Code that is not analytic (it takes an absolute value, or drops the
    imaginary part) gives a wrong value here, so whoever calls compares it with differences first. A forward that casts
    to a real dtype sees NumPy's ComplexWarning as an exception. `again` is the forward for points like one that it has
    accepted.
    """
    value, error = np.full(point.shape, np.nan), np.full(point.shape, np.nan)
    chosen = list(np.ndindex(point.shape) if entries is None else entries)
    places = tuple(np.array(chosen, int).reshape(len(chosen), point.ndim).T)
    points = np.repeat(point[np.newaxis].astype(np.complex128), len(chosen), axis=0)
    points[(np.arange(len(chosen)), *places)] += 1j * STEP
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", ComplexWarning)
        everywhere = 1j * STEP * np.cos(np.arange(point.size)).reshape(point.shape)
        samples, _, _ = sampled(forward, again or forward, point.astype(np.complex128), everywhere)
        rises = np.imag(samples(points)).reshape(len(chosen), -1)
        value[places] = np.sum(np.ravel(cotangent) * rises, axis=1) / STEP
        error[places] = bound[places]
    return Testimony(value, error, "the imaginary step overflows")
