import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import team as teams
from numeric.architectures import build
from numeric.team import Team, usual_threads


def draw(name, batch, features=64):
    rng = np.random.default_rng(batch)
    network = build(name, features, 10, keep=0.5)
    X, T = rng.random((batch, features), np.float32), rng.integers(0, 10, size=batch)
    return network, network.initialize("he", rng), X, T, network.masks(batch, rng)


@pytest.mark.parametrize("name", ["mlp", "mlp-augmented", "cnn", "cnn-vote"])
@given(batch=st.integers(1, 9), threads=st.integers(1, 4))
def test_a_team_gives_what_the_network_gives(name, batch, threads):
    network, vector, X, T, masks = draw(name, batch)
    expected, gradient = network.backward(network.views(vector), X, T, masks)
    with Team(network, vector, threads) as team:
        L, found = team.backward(X, T, masks)
    assert pytest.approx(expected, rel=1e-5) == L
    np.testing.assert_allclose(found, gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_threads_give_the_same_bits(threads):
    network, vector, X, T, masks = draw("cnn", 50)
    found = []
    for _ in range(3):
        with Team(network, vector, threads) as team:
            found.append(team.backward(X, T, masks)[1].tobytes())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_its_accuracy_is_the_share_of_right_predictions_however_many_there_are(name, threads):
    network, vector, X, _, _ = draw(name, 1203)
    labels = network.predict(network.views(vector), X)
    labels[:400] = (labels[:400] + 1) % 10
    with Team(network, vector, threads) as team:
        assert team.accuracy(X, labels) == 803 / 1203


def test_a_team_reads_the_parameters_where_they_are():
    network, vector, X, T, masks = draw("cnn", 5)
    with Team(network, vector, 2) as team:
        before = team.backward(X, T, masks)[0]
        vector *= 0.5
        assert team.backward(X, T, masks)[0] != before


def test_its_workers_heed_what_the_caller_says_of_overflows():
    network, vector, X, T, masks = draw("cnn", 6)
    with Team(network, vector * np.float32(1e20), 3) as team:
        with np.errstate(all="ignore"):
            assert not np.isfinite(team.backward(X, T, masks)[0])
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            team.backward(X, T, masks)


def test_what_goes_wrong_in_a_worker_is_raised():
    network, vector, X, T, masks = draw("cnn", 5)
    with Team(network, vector, 2) as team, pytest.raises(IndexError):
        team.backward(X, T + 100, masks)


def test_large_networks_are_shared_and_small_ones_are_not():
    threads = {name: usual_threads(build(name, 784, 10)) for name in ("mlp", "nielsen", "mlp-augmented", "cnn")}
    assert threads == {"mlp": 1, "nielsen": 1, "mlp-augmented": 2, "cnn": 2}


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_without_workers_the_work_is_done_here(threads, monkeypatch):
    network, vector, X, T, masks = draw("cnn", 9)
    expected = network.backward(network.views(vector), X, T, masks)
    monkeypatch.setattr(teams, "AVAILABLE", False)
    with Team(network, vector, threads) as team:
        L, gradient = team.backward(X, T, masks)
    assert expected[0] == L
    np.testing.assert_array_equal(gradient, expected[1])
