"""The order of Taylor's remainder tells a slope from what is almost one, and never objects to a right one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.adapters.functions import from_functions
from checks.cases import draw_cases
from checks.precision import format_of
from checks.suite import rows
from checks.taylor import STEPS, slope_test
from checks.trial import make_trial
from checks.witnesses import Witnesses
from derivations import derive

SMOOTH = {"tanh": np.tanh, "exp": np.exp, "square": np.square}
SLOPES = {"tanh": lambda x: 1 - np.tanh(x) ** 2, "exp": np.exp, "square": lambda x: 2 * x}
UNIT = 2.0**-53
OPEN = "unresolved"


def judged(function, x, slope, noise=0.0, rng=None):
    moved = x + STEPS
    rises = function(moved) - function(x)
    if noise:
        rises = rises + noise * rng.uniform(-1, 1, len(STEPS))
    bound = noise + 4 * UNIT * (np.abs(function(moved)) + np.abs(function(x)))
    return slope_test(STEPS, rises, (moved - x) * slope, bound)


@given(st.sampled_from(sorted(SMOOTH)), st.floats(0.25, 2.0), st.sampled_from([0.0, 1e-12, 1e-9]), st.integers(0, 999))
def test_a_right_slope_is_never_called_wrong(name, x, noise, seed):
    found = judged(SMOOTH[name], x, SLOPES[name](x), noise, np.random.default_rng(seed))
    assert found.verdict == "agree"
    assert found.order > 1.7


@given(
    st.sampled_from(sorted(SMOOTH)),
    st.floats(0.25, 2.0),
    # Between curvature and such noise, a slope that is off by a ten-thousandth shows at too few steps.
    st.sampled_from([(1.0, 0.0), (1e-2, 0.0), (1e-4, 0.0), (1.0, 1e-12), (1e-2, 1e-12)]),
    st.integers(0, 999),
)
def test_a_wrong_slope_falls_with_order_one(name, x, wrong, seed):
    relative, noise = wrong
    found = judged(SMOOTH[name], x, SLOPES[name](x) * (1 + relative), noise, np.random.default_rng(seed))
    assert found.verdict == "disagree"
    assert abs(found.order - 1) < 0.3
    assert found.error > 1


@given(st.sampled_from(sorted(SMOOTH)), st.floats(0.25, 2.0), st.integers(0, 999))
def test_a_slope_that_is_hardly_wrong_is_not_called_right_in_noise(name, x, seed):
    found = judged(SMOOTH[name], x, SLOPES[name](x) * (1 + 1e-4), 1e-12, np.random.default_rng(seed))
    assert found.verdict != "agree"


def test_a_straight_line_leaves_no_remainder():
    assert judged(lambda t: 3 * t, 1.0, 3.0).verdict == "agree"
    assert judged(lambda t: 3 * t, 1.0, 3.0003).verdict == "disagree"


def test_noise_that_hides_a_wrong_slope_makes_no_right_one():
    noise = 1e-3 * STEPS
    found = slope_test(STEPS, 1.05 * STEPS, STEPS, 100 * noise)
    assert (found.verdict, found.reason) == ("unresolved", "the noise would hide a slope that is off by a hundredth")


@pytest.mark.parametrize("slope", [np.nan, np.inf])
def test_what_is_no_number_is_no_slope(slope):
    assert judged(np.tanh, 1.0, slope).verdict == "disagree"


def test_where_nothing_rises_nothing_is_seen():
    found = judged(lambda t: 0 * t + 5, 1.0, 0.0)
    assert (found.verdict, found.reason[:7]) == ("unresolved", "vacuous")


def test_points_that_cannot_be_had_are_left_out():
    rises = np.where(STEPS > 1e-3, np.nan, np.expm1(STEPS))
    assert slope_test(STEPS, rises, STEPS, 4 * UNIT * np.ones_like(STEPS)).verdict == "agree"
    nowhere = slope_test(STEPS, np.full_like(STEPS, np.nan), STEPS, UNIT * np.ones_like(STEPS))
    assert nowhere.verdict == "unresolved"


@pytest.mark.parametrize("name", ["linear", "layer_norm", "gelu", "causal_attention", "lstm", "relu", "softmax"])
@pytest.mark.parametrize(("dtype", "relative"), [("float64", 1e-3), ("float32", 1.0)])
def test_the_gradients_of_layers(name, dtype, relative):
    """In float32 the rounding of the gradient itself is noise, which may leave the order open."""
    right, wrong = {"float64": ({"agree"}, {"disagree"}), "float32": ({"agree", OPEN}, {"disagree", OPEN})}[dtype]
    row, rng = rows([name])[0], np.random.default_rng(7)
    derivation, format = derive(name), format_of(dtype)
    case = draw_cases(derivation.layer, row.sizes, format, rng)[0]
    trial = make_trial(from_functions(row.forward, row.backward, derivation.layer), derivation, case, format, rng)
    witnesses = Witnesses(trial, ("taylor",), rng)
    for cotangent, array in trial.gradients().items():
        assert witnesses.judge(cotangent, array)[0].verdict in right
        signs = np.random.default_rng(3).choice([-1.0, 1.0], array.shape)
        assert witnesses.judge(cotangent, array * (1 + relative * signs))[0].verdict in wrong


def test_on_a_kink_and_near_one_it_says_so():
    row, derivation = rows(["relu"])[0], derive("relu")
    implementation = from_functions(row.forward, row.backward, derivation.layer)

    def found(X):
        case = draw_cases(derivation.layer, {"N": 1, "D": 3}, format_of("float64"), np.random.default_rng(0))[0]
        trial = make_trial(implementation, derivation, case, format_of("float64"), np.random.default_rng(1))
        trial = trial.at(X=np.array([X]), dY=np.ones((1, 3)))
        (finding,) = Witnesses(trial, ("taylor",), np.random.default_rng(2)).judge("dX", trial.gradients()["dX"])
        return finding

    assert found([0.0, 1.0, -1.0]).reason == "on a kink there is no slope to all sides"
    assert found([1e-9, 1.0, -1.0]).verdict == "unresolved"
    assert found([0.7, 1.0, -1.0]).verdict == "agree"
