"""Convolutions of every kind against plain loops and scipy.signal, and their backwards against differences."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import signal

from numeric import convolution, grouped_convolution, transposed_convolution
from numeric.errors import InputError

INPUTS = {
    "conv1d": {"X": "NHC", "K": "RCF", "b": "F"},
    "conv2d": {"X": "NHWC", "K": "RSCF", "b": "F"},
    "conv3d": {"X": "NDHWC", "K": "RSTCF", "b": "F"},
    "grouped_conv1d": {"X": "NHGC", "K": "RGCF", "b": "GF"},
    "grouped_conv2d": {"X": "NHWGC", "K": "RSGCF", "b": "GF"},
    "grouped_conv3d": {"X": "NDHWGC", "K": "RSTGCF", "b": "GF"},
    "depthwise_conv2d": {"X": "NHWC", "K": "RSC", "b": "C"},
    "transposed_conv2d": {"X": "NHWC", "K": "RSCF", "b": "F"},
    "grouped_transposed_conv2d": {"X": "NHWGC", "K": "RSGCF", "b": "GF"},
}
AXES = {name: len(set(inputs["K"]) & set("RST")) for name, inputs in INPUTS.items()}
TRANSPOSED = {name for name in INPUTS if "transposed" in name}


def functions(name):
    (family,) = (each for each in (convolution, grouped_convolution, transposed_convolution) if hasattr(each, name))
    return getattr(family, name), getattr(family, f"{name}_backward")


@st.composite
def drawn(draw, name):
    """Inputs and options at which every output has a place: sizes of 1, remainders, pads beyond the kernel's half."""
    longest = 3 if AXES[name] == 3 else 6  # 6 x 6 x 6 places would take most of the time of all these tests
    short, long = st.integers(1, 3), st.integers(1, longest)
    sizes = {x: draw(short) for x in "NCFGRST"} | {x: draw(long) for x in "DHW"}
    options = {"stride": draw(st.integers(1, 3)), "pad": draw(st.integers(0, 3)), "dilation": draw(st.integers(1, 3))}
    if name in TRANSPOSED:
        options["output_pad"] = draw(st.integers(0, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = {tensor: rng.normal(size=[sizes[s] for s in letters]) for tensor, letters in INPUTS[name].items()}
    assume(min(output_sizes(name, values, **options)) >= 1)
    return values, options


def output_sizes(name, values, stride, pad, dilation, output_pad=0):
    axes = range(AXES[name])
    inputs, kernels = values["X"].shape[1:], values["K"].shape
    if name in TRANSPOSED:
        return [stride * (inputs[a] - 1) + dilation * (kernels[a] - 1) + 1 - 2 * pad + output_pad for a in axes]
    return [(inputs[a] + 2 * pad - dilation * (kernels[a] - 1) - 1) // stride + 1 for a in axes]


def meet(name, x, k):
    """What the channels at one input place and one place in the kernel make of each other."""
    if "grouped" in name:
        return np.array([x[g] @ k[g] for g in range(len(x))])
    return x * k if name == "depthwise_conv2d" else x @ k


def by_loops(name, values, stride, pad, dilation, output_pad=0):
    """The definition: input h meets output p under the kernel's place r where h = stride*p + dilation*r - pad.

    In a transposed convolution input and output change places.
    """
    X, K, b = values["X"], values["K"], values["b"]
    axes, sizes = AXES[name], output_sizes(name, values, stride, pad, dilation, output_pad)
    Y = np.zeros((len(X), *sizes, *b.shape)) + b
    for n in range(len(X)):
        for place in product(*map(range, sizes)):
            for r in product(*map(range, K.shape[:axes])):
                if name in TRANSPOSED:
                    ahead = [p + pad - dilation * i for p, i in zip(place, r, strict=True)]
                    h, exact = [a // stride for a in ahead], all(a % stride == 0 for a in ahead)
                else:
                    h, exact = [stride * p + dilation * i - pad for p, i in zip(place, r, strict=True)], True
                if exact and all(0 <= i < size for i, size in zip(h, X.shape[1:], strict=False)):
                    Y[(n, *place)] += meet(name, X[(n, *h)], K[r])
    return Y


@pytest.mark.parametrize("name", INPUTS)
@given(data=st.data())
def test_every_output_is_the_weighted_sum_of_the_inputs_under_the_kernel(name, data):
    values, options = data.draw(drawn(name))
    forward, _ = functions(name)
    Y = forward(**values, **options)
    np.testing.assert_allclose(Y, by_loops(name, values, **options), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", INPUTS)
@given(data=st.data())
def test_backwards_are_the_slopes_of_their_forwards(differences, name, data):
    values, options = data.draw(drawn(name))
    forward, backward = functions(name)
    dY = np.random.default_rng(0).normal(size=forward(**values, **options).shape)
    got = backward(dY, values["X"], values["K"], **options)
    assert set(got) == {"dX", "dK", "db"}
    for tensor, value in values.items():
        expected = differences(
            lambda moved, tensor=tensor: (dY * forward(**{**values, tensor: moved}, **options)).sum(), value
        )
        np.testing.assert_allclose(got[f"d{tensor}"], expected, rtol=1e-6, atol=1e-6)


def test_one_channel_is_what_scipy_calls_a_correlation():
    rng = np.random.default_rng(0)
    X, K = rng.normal(size=(7, 9)), rng.normal(size=(3, 2))
    Y = convolution.conv2d(X[None, :, :, None], K[:, :, None, None], np.zeros(1))
    np.testing.assert_allclose(Y[0, :, :, 0], signal.correlate2d(X, K, mode="valid"), rtol=1e-12)
    full = transposed_convolution.transposed_conv2d(X[None, :, :, None], K[:, :, None, None], np.zeros(1))
    np.testing.assert_allclose(full[0, :, :, 0], signal.convolve2d(X, K, mode="full"), rtol=1e-12)


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtypes_are_kept_inputs_stay_as_they_are_and_may_be_strided(name, dtype):
    rng = np.random.default_rng(1)
    forward, backward = functions(name)
    sizes = dict.fromkeys("NCFG", 2) | dict.fromkeys("RST", 1) | dict.fromkeys("DHW", 3)
    larger = {t: rng.normal(size=[2 * sizes[s] for s in letters]).astype(dtype) for t, letters in INPUTS[name].items()}
    values = {tensor: array[(slice(None, None, 2),) * array.ndim] for tensor, array in larger.items()}
    before = {tensor: array.copy() for tensor, array in values.items()}
    Y = forward(**values)
    arrays = [Y, *backward(np.ones_like(Y), values["X"], values["K"]).values()]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    for tensor, array in values.items():
        np.testing.assert_array_equal(array, before[tensor])
        assert not any(np.shares_memory(array, each) for each in arrays)
    np.testing.assert_allclose(forward(**before), Y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((1, 2, 5, 1), {}, r"P = .* is 0; expected at least 1"),
        ((1, 5, 5, 1), {"dilation": 3}, r"P = .* is -1; expected at least 1"),
        ((1, 5, 5, 2), {}, r"K has shape \(3, 3, 1, 2\); expected K\[R, S, C, F\] with C = 2"),
        ((1, 5, 5, 1), {"stride": 0}, r"stride = 0; expected a whole number, at least 1"),
        ((1, 5, 5, 1), {"pad": -1}, r"pad = -1; expected a whole number, at least 0"),
    ],
)
def test_what_leaves_no_output_or_does_not_fit_is_refused(sizes, options, message):
    with pytest.raises(InputError, match=message):
        convolution.conv2d(np.ones(sizes), np.ones((3, 3, 1, 2)), np.ones(2), **options)
