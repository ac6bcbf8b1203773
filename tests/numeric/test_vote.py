import numpy as np

from numeric.architectures import build


def draw(batch=6):
    rng = np.random.default_rng(0)
    vote = build("cnn-vote", 64, 10, keep=0.5)
    vector = vote.initialize("he", rng)
    return vote, vote.views(vector), rng.random((batch, 64), np.float32), rng.integers(0, 10, batch), rng


def test_its_members_are_networks_of_their_own():
    vote, parameters, X, _, _ = draw()
    members = vote.members(parameters)
    assert len(members) == 5
    assert vote.size == 5 * members[0][0].size
    assert len({part["K1"].tobytes() for _, part in members}) == 5
    assert all(part["K1"].base is not None for _, part in members)
    expected = np.mean([network.shares(part, X) for network, part in members], axis=0)
    np.testing.assert_allclose(vote.shares(parameters, X), expected)
    np.testing.assert_array_equal(vote.predict(parameters, X), expected.argmax(axis=1))


def test_every_member_learns_as_it_would_alone():
    vote, parameters, X, T, rng = draw()
    masks = vote.masks(len(X), rng)
    L, gradient = vote.backward(parameters, X, T, masks)
    each = len(masks) // 5
    alone = [
        network.backward(part, X, T, masks[number * each : (number + 1) * each])
        for number, (network, part) in enumerate(vote.members(parameters))
    ]
    np.testing.assert_allclose(L, sum(loss for loss, _ in alone), rtol=1e-6)
    np.testing.assert_array_equal(gradient, np.concatenate([part for _, part in alone]))


def test_it_says_which_network_went_wrong():
    vote, parameters, X, T, _ = draw()
    places = [place for place, _, _ in vote.trace(parameters, X, T)]
    assert places[0] == "network 1, layer 1 (conv_relu_pool2d)"
    assert {place.partition(",")[0] for place in places} == {f"network {number}" for number in range(1, 6)}
