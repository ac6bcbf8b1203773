"""The check of a whole network in training: never a false alarm, and no backward that is wrong by a hundredth."""

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from numeric import directional
from numeric.architectures import NETWORKS, build
from numeric.data.datasets import load
from numeric.directional import ROWS, DirectionalCheck, directional_check
from numeric.network import NOTHING, Penalty
from numeric.optimizers import SGD
from numeric.recipes import Recipe
from numeric.training import train
from tests.networks import SINGLE


def draw(name, seed, features=64, lam=1e-3, spread=0.05):
    """A network somewhere off its start, where biases are not zero any more, and a batch with empty pixels."""
    rng = np.random.default_rng(seed)
    network = build(name, features, 10, Penalty(lam2=lam))
    vector = network.initialize(NETWORKS[name].init, rng)
    vector += np.float32(spread) * rng.standard_normal(vector.shape, np.float32)
    X = rng.random((ROWS, features), np.float32) * (rng.random((ROWS, features)) < 0.3)
    return network, vector, X, network.targets(rng.integers(0, 10, ROWS))


def with_backward(network, backward):
    """The network with another backward, which is given the right one first."""
    right = type(network).backward

    def altered(self, parameters, X, T):
        return backward(self, *right(self, parameters, X, T), parameters, X, T)

    kind = type("Altered", (type(network),), {"backward": altered})
    return kind(**{field.name: getattr(network, field.name) for field in fields(network)})


def sabotaged(network, wrong, factor=1.01):
    """A network whose backward is a hundredth off in one parameter."""

    def backward(self, L, gradient, *_):
        self.views(gradient)[wrong][...] *= factor
        return L, gradient

    return with_backward(network, backward)


@pytest.mark.parametrize("name", NETWORKS)
@given(seed=st.integers(0, 2**32 - 1), lam=st.sampled_from([0.0, 1e-3]), spread=st.sampled_from([0.01, 0.1, 1.0, 10.0]))
def test_right_code_is_never_called_wrong(name, seed, lam, spread):
    check = directional_check(*draw(name, seed, lam=lam, spread=spread), np.random.default_rng(seed))
    assert not check.disagrees, check


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.thorough] * (name == "mlp-augmented")) for name in SINGLE]
)
def test_it_can_tell_nearly_always(name):
    checks = [directional_check(*draw(name, seed, 784), np.random.default_rng(seed)) for seed in range(20)]
    assert sum(check.error is None for check in checks) <= 1
    assert not any(check.disagrees for check in checks)


SHAPES = [(name, wrong) for name in SINGLE for wrong in build(name, 64, 10).shapes]


@pytest.mark.parametrize("factor", [1.01, -1.0, *(pytest.param(f, marks=pytest.mark.thorough) for f in (0.99, 0.0))])
@pytest.mark.parametrize(("name", "wrong"), SHAPES)
def test_a_hundredth_off_in_any_one_parameter_is_found(name, wrong, factor):
    """A direction may, by bad luck, be nearly at right angles to one cotangent; these are not, and the next epoch's is
    another."""
    for seed in range(5):
        network, vector, X, T = draw(name, seed)
        check = directional_check(sabotaged(network, wrong, factor), vector, X, T, np.random.default_rng(seed))
        assert check.disagrees, check


def test_a_cotangent_scaled_in_the_middle_is_found():
    """Half of a ReLU's cotangent gets lost: everything before it is off."""
    network, vector, X, T = draw("mlp", seed=1)
    stage = network.stages[3]

    def backward(dY, *needed):
        return {"dX": 0.5 * stage.backward(dY, *needed)["dX"]}

    stages = (*network.stages[:3], replace(stage, backward=backward), *network.stages[4:])
    assert directional_check(replace(network, stages=stages), vector, X, T, np.random.default_rng(1)).disagrees


def test_a_penalty_that_the_backward_forgets_is_found():
    network, vector, X, T = draw("mlp", seed=2, lam=1e-3)

    def forgetful(self, L, _, *given):
        return L, replace(network, penalty=NOTHING).backward(*given)[1]

    assert directional_check(with_backward(network, forgetful), vector, X, T, np.random.default_rng(2)).disagrees


def test_a_gradient_that_is_no_number_is_found():
    network, vector, X, T = draw("mlp", seed=3)
    check = directional_check(sabotaged(network, "b2", math.nan), vector, X, T, np.random.default_rng(3))
    assert check.disagrees
    assert check.error == math.inf


@pytest.mark.parametrize("lam", [0.0, 0.1])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_loss_whose_slope_is_measured_is_that_of_the_network(name, lam):
    network, vector, X, T = draw(name, seed=11, lam=lam)
    L, _ = network.backward(network.views(vector), X, T)
    assert network.loss_of(network.views(vector), X, T) == pytest.approx(L, rel=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_runs_in_float64_and_changes_nothing(name):
    network, vector, X, T = draw(name, seed=4)
    seen: list[Any] = []

    def watched(self, L, gradient, *given):
        seen.extend(array.dtype for _, _, array in self.trace(*given) if isinstance(array, np.ndarray))
        seen.append(gradient.dtype)
        return L, gradient

    before = vector.tobytes(), X.tobytes(), T.tobytes()
    check = directional_check(with_backward(network, watched), vector, X, T, np.random.default_rng(4))
    assert {dtype for dtype in seen if dtype.kind == "f"} == {np.dtype(np.float64)}
    assert (vector.tobytes(), X.tobytes(), T.tobytes()) == before
    assert check == directional_check(network, vector, X, T, np.random.default_rng(4))


@given(seed=st.integers(0, 2**32 - 1))
@example(354)  # both sides of the kinks have the same slope here, which is not the backward's
@example(783)
def test_an_image_that_lies_on_every_kink_is_no_alarm(seed):
    """At the start biases are zero, and what an empty image gives lies on the kink of every ReLU at once."""
    network = build("mlp", 64, 10)
    rng = np.random.default_rng(seed)
    X, T = np.zeros((4, 64), np.float32), rng.integers(0, 10, 4)
    X[1:] = rng.random((3, 64))
    check = directional_check(network, network.initialize("he", rng), X, T, rng)
    assert not check.disagrees, check


def test_with_a_kink_in_reach_of_every_step_nothing_is_told(monkeypatch):
    monkeypatch.setattr(directional, "STEPS", (3.0, 1.0, 0.3))
    network, vector, X, T = draw("mlp", seed=5)
    check = directional_check(network, vector, X, T, np.random.default_rng(5))
    assert check.error is None
    assert not check.disagrees


def test_one_disagreement_is_no_alarm_until_another_step_confirms_it(monkeypatch):
    """The bound of the first step is cut to nothing: the second, with its own bound, settles it."""
    network, vector, X, T = draw("mlp", seed=6)
    honest = directional._slope
    monkeypatch.setattr(
        directional, "_slope", lambda rises, step, L: (honest(rises, step, L)[0], 1e-300 if step == 1e-5 else 1e-3)
    )
    monkeypatch.setattr(directional, "TELLING", math.inf)
    assert not directional_check(network, vector, X, T, np.random.default_rng(6)).disagrees


def test_a_loss_that_is_drawn_anew_each_time_tells_nothing():
    network, vector, X, T = draw("mlp", seed=7)
    stage, rng = network.stages[1], np.random.default_rng(8)

    def dropped(X):
        return stage.forward(X * (rng.random(X.shape) < 0.5))

    stages = (network.stages[0], replace(stage, forward=dropped), *network.stages[2:])
    assert directional_check(replace(network, stages=stages), vector, X, T, np.random.default_rng(7)).error is None


def test_a_loss_without_a_slope_tells_nothing():
    """Sigmoids as saturated as float64 has them: the loss is constant."""
    network, vector, X, T = draw("three-blue-one-brown", seed=9, lam=0.0)
    check = directional_check(network, vector * 0 + 1e4, X + 1, T, np.random.default_rng(9))
    assert (check.claimed, check.measured, check.error) == (0.0, 0.0, None)


def test_a_loss_that_overflows_tells_nothing():
    network, vector, X, T = draw("mlp", seed=10)
    assert directional_check(network, vector * np.float32(1e38), X, T, np.random.default_rng(10)).error is None


def test_the_error_is_in_units_of_the_bound():
    assert DirectionalCheck(claimed=1.0, measured=1.5, bound=1e-3).error == 500.0
    assert DirectionalCheck(claimed=1.0, measured=1.0, bound=1.0).error is None


@pytest.mark.parametrize("name", SINGLE)
def test_no_alarm_at_trained_weights_either(name):
    """Where the loss is small, its slope is smaller still, and rounding counts for more."""
    digits = load("digits")
    recipe = Recipe(5, batch=32, rate=0.3, schedule="constant", optimizer=SGD(momentum=0.9))
    result = train(name, digits, recipe=recipe)
    vector = np.concatenate([array.ravel() for array in result.parameters.values()])
    rng = np.random.default_rng(0)
    for _ in range(10):
        rows = rng.integers(0, len(digits.train_images), ROWS)
        T = result.network.targets(digits.train_labels[rows])
        check = directional_check(result.network, vector, digits.train_images[rows], T, rng)
        assert not check.disagrees, check


@pytest.mark.thorough
@pytest.mark.parametrize("spread", [0.01, 0.1, 1.0, 10.0, 100.0])
@pytest.mark.parametrize("name", NETWORKS)
def test_no_alarm_in_many_thousands(name, spread):
    for seed in range(1000):
        check = directional_check(*draw(name, seed, 784, spread=spread), np.random.default_rng(seed))
        assert not check.disagrees, (seed, check)
