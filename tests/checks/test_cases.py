"""The sizes that gradcheck picks hide nothing."""

import numpy as np
import pytest

from checks import gradcheck
from checks.cases import all_cases, draw_cases, far_case, given_case, kinked_case
from checks.precision import FORMATS
from derivations import LAYERS, derive

DOUBLE = FORMATS["float64"]


def cases(name, seed=0, format=DOUBLE, **fixed):
    return draw_cases(LAYERS[name], fixed, format, np.random.default_rng(seed))


@pytest.mark.parametrize("name", sorted(LAYERS))
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (2, 3, 4))])
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


@pytest.mark.parametrize(
    ("layer", "fixed", "message"),
    [
        ("linear", {"M": 3}, "linear has no size 'M'; it has N, D, C"),
        ("hinge", {"margn": 3}, "hinge has no size or option 'margn'; it has N, C and margin"),
        ("linear", {"N": 0}, "N = 0 is out of place: N is a size: a whole number from 1"),
        ("linear", {"N": "many"}, "N = many is out of place: N is a size: a whole number from 1"),
        ("linear", {"N": None}, "N = None is out of place: N is a size: a whole number from 1"),
        ("linear", {"N": 2.5}, "N = 2.5 is out of place: N is a size: a whole number from 1"),
        ("hinge", {"margin": 0}, "margin = 0 is out of place: hinge has margin > 0"),
        ("hinge", {"margin": np.inf}, "margin = inf is out of place: hinge has margin > 0"),
        ("l2_penalty", {"lam": -1}, "lam = -1 is out of place: l2_penalty has lam >= 0"),
        ("l2_penalty", {"lam": np.nan}, "lam = nan is out of place: l2_penalty has lam >= 0"),
        ("conv1d", {"stride": 0}, "stride = 0 is out of place: conv1d has stride in 1.., a whole number"),
        ("conv1d", {"pad": 0.5}, "pad = 0.5 is out of place: conv1d has pad in 0.., a whole number"),
        ("linear", {"N": 10**12}, "linear at N=1000000000000 D=.* C=.*: inputs of .* entries are too many to check"),
    ],
)
def test_a_size_or_option_that_cannot_be_is_one_clear_line(layer, fixed, message):
    with pytest.raises(ValueError, match=message) as refusal:
        cases(layer, **fixed)
    assert "\n" not in str(refusal.value)


def test_a_whole_number_may_be_written_as_a_fraction():
    written, plain = cases("conv1d", N=4.0, stride=2.0), cases("conv1d", N=4, stride=2)
    assert [case.label for case in written] == [case.label for case in plain]
    assert isinstance(written[0].values["stride"], int)


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


CONVOLUTIONS = ["conv1d", "conv2d", "depthwise_conv2d", "transposed_conv2d", "max_pool2d", "avg_pool2d"]


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_options_are_at_work_in_one_case_and_at_rest_in_another(name):
    used, unused, *_ = cases(name)
    whole = {option.name: int(option.low) for option in LAYERS[name].options if option.integer}
    assert {option: used.values[option] for option in whole} == {option: low + 1 for option, low in whole.items()}
    assert {option: unused.values[option] for option in whole} == whole


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_windows_overlap_in_every_general_case(name):
    for case in cases(name)[:2]:
        assert case.values["stride"] < case.sizes["R"]


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d"])
def test_images_are_oblong(name):
    for case in cases(name)[:2]:
        assert case.sizes["H"] != case.sizes["W"]


@pytest.mark.parametrize("name", ["rnn_tanh", "lstm", "gru"])
def test_there_are_three_steps_or_more_in_time(name):
    assert all(case.sizes["T"] >= 3 for case in cases(name)[:2])


def test_a_padding_on_each_side_differs_from_that_on_the_others():
    used, unused, *_ = cases("pad")
    sides = ("top", "bottom", "left", "right")
    assert len({used.values[side] for side in sides}) == len(sides)
    assert {unused.values[side] for side in sides} == {0}


def test_a_weight_that_may_be_zero_is_zero_once():
    assert [case.values["lam"] == 0 for case in cases("l2_penalty")].count(True) == 1


def test_a_layer_whose_kinks_lie_far_out_gets_a_case_beyond_them_and_one_on_each():
    first, *_ = cases("hard_swish")
    derivation = derive("hard_swish")
    assert np.abs(far_case(derivation, first).values["X"]).max() > 3
    assert {-3.0, 3.0} <= set(kinked_case(derivation, first).values["X"].flat)
    assert far_case(derive("relu"), cases("relu")[0]) is None


def test_all_cases_end_with_those_of_the_kinks():
    labels = [case.label for case in all_cases(derive("hard_swish"), {}, DOUBLE, np.random.default_rng(0))]
    assert [label.partition(", ")[2] for label in labels[-2:]] == ["far out", "on a kink"]


def conv(X, K, b, stride, pad, dilation):
    padded = np.pad(X, ((0, 0), (pad, pad), (0, 0)))
    P = (len(padded[0]) - dilation * (len(K) - 1) - 1) // stride + 1
    taps = [padded[:, dilation * r :][:, : stride * P : stride] @ K[r] for r in range(len(K))]
    return sum(taps) + b


def conv_backward(dY, X, K, stride, pad, dilation, add=True, padding=True, step=True):
    """Right, unless it overwrites where windows overlap, forgets the padding, or forgets the stride."""
    pad, by = pad * padding, stride if step else 1
    padded = np.pad(X, ((0, 0), (pad, pad), (0, 0)))
    dX, dK = np.zeros((len(X), len(padded[0]) + by * dY.shape[1] * dilation, X.shape[2])), np.zeros_like(K)
    for p, r in np.ndindex(dY.shape[1], len(K)):
        w = by * p + dilation * r
        dX[:, w] = dX[:, w] * add + dY[:, p] @ K[r].T
        if w < padded.shape[1]:
            dK[r] += padded[:, w].T @ dY[:, p]
    return {"dX": dX[:, pad : pad + X.shape[1]], "dK": dK, "db": dY.sum(axis=(0, 1))}


@pytest.mark.parametrize("mistake", [{}, {"add": False}, {"padding": False}, {"step": False}])
def test_what_is_wrong_for_some_windows_only_is_noticed(mistake):
    def backward(dY, X, K, stride, pad, dilation):
        return conv_backward(dY, X, K, stride, pad, dilation, **mistake)

    report = gradcheck((conv, backward), "conv1d", sizes={"N": 2, "C": 2, "F": 3}, witnesses=["derivation"])
    assert report.verdict == ("disagree" if mistake else "agree")


def relu6_backward(dY, X):
    return np.where(X > 0, dY, 0)


def test_what_is_wrong_beyond_a_far_kink_only_is_noticed():
    from derivations import layer

    relu6 = layer("relu6", tensors="X[N] Y[N]", equations="Y[n] = minimum(maximum(X[n], 0), 6)")
    report = gradcheck((lambda X: np.clip(X, 0, 6), relu6_backward), relu6)
    wrong = {finding.case.partition(", ")[2] for finding in report.findings if finding.verdict == "disagree"}
    assert wrong
    assert wrong <= {"far out", "16 times as far out", "on a kink"}


def test_what_is_wrong_for_two_of_a_kind_only_is_noticed():
    def backward(dY, Y):
        return dY * (1 - Y * Y) * (1 + (len(Y) == 2))

    report = gradcheck((np.tanh, backward), "tanh", witnesses=["derivation"])
    assert {finding.case for finding in report.findings if finding.verdict == "disagree"} == {"N=2 D=2"}


def clamped_at_30(X):
    return np.minimum(X, 30.0)


def test_a_kink_that_is_far_away_is_passed():
    from derivations import layer

    clamp = layer("clamp", tensors="X[N, D] Y[N, D]", equations="Y[n, d] = minimum(X[n, d], 30)")
    report = gradcheck((clamped_at_30, lambda dY, X: dY * (X < 30)), clamp)
    assert report.verdict == "agree", report
    assert any(case.endswith("times as far out") for case in report.cases)
    wrong = gradcheck((clamped_at_30, lambda dY, X: dY), clamp)
    assert {f.case.partition(", ")[2] for f in wrong.findings if f.verdict == "disagree"} == {"64 times as far out"}


def test_where_every_side_is_seen_nothing_farther_is_looked_at():
    report = gradcheck((lambda X: np.maximum(X, 0.0), lambda dY, X: dY * (X > 0)), "relu")
    assert not any("times" in case for case in report.cases)
