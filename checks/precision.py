"""The floating-point formats that code is checked in, and what each can hold."""

from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: `precision` bits of significand, normal exponents `lowest` to `highest`."""

    name: str
    precision: int
    lowest: int
    highest: int
    package: str = "numpy"

    @property
    def unit(self) -> float:
        """Half the spacing of the numbers just above 1: the relative error of one rounding to nearest."""
        return 2.0**-self.precision

    @property
    def tiny(self) -> float:
        """The smallest normal number. Below it digits are lost, and many processors flush to zero."""
        return 2.0**self.lowest

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2.0 - 2.0 ** (1 - self.precision)) * 2.0**self.highest

    @property
    def near(self) -> float:
        """The share of a value that an answer may be off by where rounding bounds say nothing; 0: it stays open there.

        A hundredth in formats of three digits or so, in which the bound of a long sum is larger than the sum.
        """
        return 0.01 if self.precision <= 11 else 0.0

    @property
    def dtype(self) -> np.dtype:
        """The NumPy dtype. Raises ValueError where the package that brings it is not installed."""
        try:
            return np.dtype(getattr(import_module(self.package), self.name))
        except ImportError as error:
            raise ValueError(f"{self.name} needs the package {self.package}, which is not installed") from error

    def round(self, values: ArrayLike) -> NDArray[np.float64]:
        """The nearest numbers of this format, as float64 (every format here is a subset of it)."""
        return np.asarray(values, np.float64).astype(self.dtype).astype(np.float64)


FORMATS = {
    format.name: format
    for format in (
        Format("float64", 53, -1022, 1023),
        Format("float32", 24, -126, 127),
        Format("float16", 11, -14, 15),
        Format("bfloat16", 8, -126, 127, package="ml_dtypes"),
    )
}


def format_of(dtype: object) -> Format:
    """The format called `dtype` (a name, a NumPy dtype or its type). Raises ValueError for any other."""
    name = dtype if isinstance(dtype, str) else np.dtype(dtype).name  # type: ignore[call-overload]
    if name not in FORMATS:
        raise ValueError(f"cannot check in {name!r}: choose one of {', '.join(FORMATS)}")
    return FORMATS[name]
