import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numeric import teams
from numeric.architectures import build
from numeric.network import Penalty
from numeric.optimizers import SGD, Adam, RMSProp
from numeric.teams import team_for, usual_threads

TEAMS = [
    *((name, {}) for name in ("mlp", "mlp-augmented", "nielsen", "cnn", "cnn-vote")),
    ("mlp", {"distorted": True}),
]


def draw(name, batch, features=64, penalty=0.0):
    rng = np.random.default_rng(batch)
    network = build(name, features, 10, Penalty(lam2=penalty), keep=0.5)
    X, labels = rng.random((batch, features), np.float32), rng.integers(0, 10, size=batch)
    return network, network.initialize("he", rng), X, network.targets(labels), network.masks(batch, rng)


def team_of(network, vector, threads, optimizer=SGD(), **settings):  # noqa: B008 -- a frozen value
    return team_for(network, vector, optimizer, optimizer.start(vector), threads, **settings)


def one_step(network, vector, X, T, masks, threads, **settings):
    with team_of(network, vector, threads, **settings) as team:
        seen = team.begin(X, np.arange(len(X)), len(X))
        return team.backward(seen[np.arange(len(X))], T, masks), team.gradient.copy(), team.square


@pytest.mark.parametrize(("name", "settings"), TEAMS)
@settings(max_examples=5)  # every one of them starts processes
@given(batch=st.integers(1, 9), threads=st.integers(1, 4), penalty=st.sampled_from([0.0, 0.01]))
def test_a_team_gives_what_the_network_gives(name, settings, batch, threads, penalty):
    network, vector, X, T, masks = draw(name, batch, penalty=penalty)
    double, its = vector.astype(np.float64), (X.astype(np.float64), T, [mask.astype(np.float64) for mask in masks])
    expected, gradient = network.backward(network.views(double), *its)
    L, found, square = one_step(network, double, *its, threads, **settings)
    assert pytest.approx(expected, rel=1e-12) == L
    assert square == pytest.approx(float(gradient @ gradient), rel=1e-12)
    np.testing.assert_allclose(found, gradient, rtol=1e-10, atol=1e-13)

    # Single entries are what is left of larger ones, so in float32 only all of them together are near the truth.
    L, found, _ = one_step(network, vector, X, T, masks, threads, **settings)
    assert found.dtype == np.float32
    assert pytest.approx(expected, rel=1e-5) == L
    assert np.linalg.norm(found - gradient) < 1e-5 * np.linalg.norm(gradient)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_threads_give_the_same_bits(name, threads):
    network, vector, X, T, masks = draw(name, 50)
    found = [one_step(network, vector, X, T, masks, threads)[1].tobytes() for _ in range(3)]
    assert found[0] == found[1] == found[2]


def trained(network, vector, images, T, threads, optimizer, longest, distorted=False, epochs=2, batch=7):
    """The parameters and the state after some epochs, the last batch of each smaller than the others."""
    vector, state = vector.copy(), optimizer.start(vector)
    with team_for(network, vector, optimizer, state, threads, distorted) as team:
        for epoch in range(epochs):
            order = np.random.default_rng(epoch).permutation(len(images))
            seen = team.begin(images, order, batch)
            for first in range(0, len(order), batch):
                rows = order[first : first + batch]
                team.backward(seen[rows], T[rows])
                team.step(0.01, longest)
            team.settle()
    return vector, state


@pytest.mark.parametrize("name", ["mlp", pytest.param("nielsen", marks=pytest.mark.thorough), "cnn"])
@pytest.mark.parametrize(
    "optimizer", [SGD(), SGD(0.9), SGD(0.9, nesterov=True), RMSProp(eps=1e-3), Adam(eps=1e-3, decay=0.1)]
)
@pytest.mark.parametrize("longest", [None, pytest.param(0.05, marks=pytest.mark.thorough)])
def test_however_many_train_they_arrive_at_the_same_weights(name, optimizer, longest):
    network, vector, X, T, _ = draw(name, 33, penalty=0.01)
    alone, its_state = trained(network, vector, X, T, 1, optimizer, longest)
    assert not np.allclose(alone, vector, rtol=1e-3, atol=1e-4)
    for threads, distorted in ((2, False), (3, False), (2, True)):
        together, state = trained(network, vector, X, T, threads, optimizer, longest, distorted)
        np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-5)
        assert state.keys() == its_state.keys()
        for part in state:
            np.testing.assert_allclose(state[part], its_state[part], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_its_accuracy_is_the_share_of_right_predictions_however_many_there_are(name, threads):
    network, vector, X, _, _ = draw(name, 1203)
    labels = network.predict(network.views(vector), X)
    labels[:400] = (labels[:400] + 1) % 10
    with team_of(network, vector, threads) as team:
        assert team.accuracy(X, labels) == 803 / 1203


def test_an_epoch_begins_with_the_parameters_as_they_are():
    network, vector, X, T, masks = draw("cnn", 5)
    with team_of(network, vector, 2) as team:
        found = []
        for _ in range(2):
            team.begin(X, np.arange(5), 5)
            found.append(team.backward(X, T, masks))
            vector *= 0.5
        assert found[0] != found[1]


def test_its_workers_heed_what_the_caller_says_of_overflows():
    network, vector, X, T, masks = draw("cnn", 6)
    with team_of(network, vector * np.float32(1e20), 3) as team:
        team.begin(X, np.arange(6), 6)
        with np.errstate(all="ignore"):
            assert not np.isfinite(team.backward(X, T, masks))
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            team.backward(X, T, masks)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_what_goes_wrong_is_raised(name):
    network, vector, X, T, masks = draw(name, 5)
    with team_of(network, vector, 2) as team, pytest.raises(IndexError):
        team.backward(team.begin(X, np.arange(5), 5), T + 100, masks)


def test_networks_are_shared_where_that_is_worth_the_trouble():
    networks = {name: build(name, 784, 10) for name in ("mlp", "weisberg", "nielsen-quadratic", "mlp-augmented", "cnn")}
    threads = {name: usual_threads(network) for name, network in networks.items()}
    split = 2 if teams.AVAILABLE else 1
    assert threads == {"mlp": split, "weisberg": split, "nielsen-quadratic": 1, "mlp-augmented": 2, "cnn": 2}
    assert usual_threads(build("mlp-augmented", 64, 10)) == 1


@pytest.mark.parametrize("name", ["mlp", "cnn"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_without_workers_the_work_is_done_here(name, threads, monkeypatch):
    network, vector, X, T, masks = draw(name, 9)
    expected = network.backward(network.views(vector), X, T, masks)
    monkeypatch.setattr(teams, "AVAILABLE", False)
    L, gradient, _ = one_step(network, vector, X, T, masks, threads)
    assert expected[0] == L
    np.testing.assert_array_equal(gradient, expected[1])
