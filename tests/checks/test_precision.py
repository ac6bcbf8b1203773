"""The table of formats agrees with NumPy's own."""

import importlib.util

import numpy as np
import pytest

from checks.precision import FORMATS, format_of


@pytest.mark.parametrize("name", ["float64", "float32", "float16"])
def test_the_formats_are_those_of_numpy(name):
    format, info = FORMATS[name], np.finfo(name)
    assert (format.unit, format.tiny, format.largest) == (info.eps / 2, info.smallest_normal, info.max)


def test_rounding():
    assert FORMATS["float16"].round(1 + 2.0**-12) == 1.0
    assert FORMATS["float32"].round(np.array([0.1]))[0] == np.float32(0.1)


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32")])
def test_a_dtype_may_be_given_in_any_form(dtype):
    assert format_of(dtype) is FORMATS["float32"]


def test_an_unknown_dtype_is_one_clear_line():
    with pytest.raises(ValueError, match="cannot check in 'int8': choose one of float64"):
        format_of("int8")


@pytest.mark.skipif(importlib.util.find_spec("ml_dtypes") is not None, reason="ml_dtypes is installed")
def test_bfloat16_says_which_package_it_needs():
    with pytest.raises(ValueError, match="bfloat16 needs the package ml_dtypes"):
        FORMATS["bfloat16"].dtype  # noqa: B018 - the property is what raises
