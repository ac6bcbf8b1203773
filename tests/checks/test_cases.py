"""The sizes that gradcheck picks hide nothing."""

import numpy as np
import pytest

from checks.cases import draw_cases, given_case, kinked_case
from checks.precision import FORMATS
from derivations import LAYERS, derive

DOUBLE = FORMATS["float64"]


def cases(name, seed=0, format=DOUBLE, **fixed):
    return draw_cases(LAYERS[name], fixed, format, np.random.default_rng(seed))


@pytest.mark.parametrize("name", sorted(LAYERS))
@pytest.mark.parametrize("seed", range(5))
def test_sizes_differ_and_exceed_two_and_each_is_one_once(name, seed):
    first, second, *others = cases(name, seed)
    for case in (first, second):
        assert min(case.sizes.values()) > 2
        assert len(set(case.sizes.values())) == len(case.sizes)
    assert first.sizes != second.sizes
    assert {size for case in others for size, length in case.sizes.items() if length == 1} == set(first.sizes)


def test_given_sizes_are_kept():
    assert {case.sizes["N"] for case in cases("linear", N=7)} == {7}
    (only,) = cases("linear", N=3, D=4, C=2)
    assert only.values["W"].shape == (4, 2)


def test_numbers_use_all_the_digits_of_the_dtype():
    single = FORMATS["float32"]
    for case in cases("linear", format=single):
        np.testing.assert_array_equal(single.round(case.values["X"]), case.values["X"])
    X = cases("linear")[0].values["X"]
    assert (single.round(X) != X).any()


def test_a_layer_with_kinks_gets_a_case_on_them():
    (first, *_) = cases("relu")
    kinked = kinked_case(derive("relu"), first)
    assert kinked is not None
    assert (kinked.values["X"] == 0).any()
    assert kinked.label.endswith("on a kink")


def test_a_smooth_layer_gets_none():
    assert kinked_case(derive("tanh"), cases("tanh")[0]) is None


def test_labels_repeat():
    for case in cases("softmax_cross_entropy"):
        assert case.values["T"][0] == case.values["T"][-1]


def test_an_unknown_size_is_one_clear_line():
    with pytest.raises(ValueError, match="linear has no size 'M'; it has N, D, C"):
        cases("linear", M=3)


def test_an_unknown_input_is_one_clear_line():
    with pytest.raises(ValueError, match="linear has no input 'x'; it has"):
        given_case(LAYERS["linear"], {"x": np.ones((2, 2))}, DOUBLE)


def test_the_same_seed_draws_the_same_cases():
    for one, other in zip(cases("softmax_cross_entropy"), cases("softmax_cross_entropy"), strict=True):
        assert one.label == other.label
        np.testing.assert_array_equal(one.values["Z"], other.values["Z"])


@pytest.mark.parametrize("seed", range(20))
def test_inputs_stay_in_the_domain_of_the_layer(seed):
    layer = LAYERS["binary_cross_entropy"]
    for case in draw_cases(layer, {}, FORMATS["float32"], np.random.default_rng(seed)):
        assert (case.values["P"] > 0).all()
        assert (case.values["P"] < 1).all()
