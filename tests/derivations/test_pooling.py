"""Pooling: the first of equal values gets the whole cotangent, and what lies in the padding is never the largest."""

import inspect

import numpy as np
import pytest

from derivations import DerivationError, NotationError, derive, layer, read_equation
from derivations.pooling import AVG_POOL2D, GLOBAL_AVERAGE_POOL, MAX_POOL2D
from derivations.proof import prove_claim
from derivations.sampling import points

LAYERS = {each.name: each for each in (MAX_POOL2D, AVG_POOL2D, GLOBAL_AVERAGE_POOL)}
WINDOWS = {"R": 2, "S": 2, "stride": 1, "pad": 1}


@pytest.mark.parametrize("name", LAYERS)
def test_every_claim_and_every_step_but_differentiation_is_proved_for_all_sizes(name):
    derivation = derive(LAYERS[name])
    assert [claim.text for claim, proof in derivation.claims if proof.verdict != "proved"] == []
    verdicts = {(step.rule == "differentiate", step.proof.verdict) for step in derivation.steps}
    assert verdicts == {(True, "certified"), (False, "proved")}
    assert derivation.witness.holds


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("max_pool2d", "dX[n, h, w, c] = sum[p, q](dZ[n, p, q, h + pad - p, w + pad - q, c])"),
        ("max_pool2d", "dZ[n, p, q, r, s, c] = dY[n, p, q, c]*[Z[n, p, q, r, s, c] >= Y[n, p, q, c]]"),
        ("avg_pool2d", "dX[n, h, w, c] = sum[p, q](dY[n, p, q, c])/(R*S)"),
        ("global_average_pool", "dX[n, h, w, c] = dY[n, c]/H"),
    ],
    ids=["stride forgotten", "ties routed twice", "every window everywhere", "W forgotten"],
)
def test_a_wrong_backward_is_not_proved(name, wrong):
    assert prove_claim(read_equation(wrong, LAYERS[name]), derive(LAYERS[name])).verdict != "proved"


def test_the_first_of_equal_values_gets_the_whole_cotangent():
    X = np.zeros((1, 2, 2, 1))
    values = {"X": X, "dY": np.ones((1, 1, 1, 1)), **WINDOWS, "pad": 0}
    dX = derive(MAX_POOL2D).evaluate(values, "float64")["dX"]
    np.testing.assert_array_equal(dX[0, :, :, 0], [[1, 0], [0, 0]])


def test_padding_is_never_the_largest():
    X = np.full((1, 2, 2, 1), -5.0)
    Y = MAX_POOL2D.evaluate({"X": X, **WINDOWS}, "float64")["Y"]
    np.testing.assert_array_equal(Y, np.full((1, 3, 3, 1), -5.0))
    balls = MAX_POOL2D.evaluate({"X": X, **WINDOWS}, 100)["Y"]
    assert {float(ball) for ball in balls.ravel()} == {-5.0}


def test_infinity_is_written_in_every_way_and_only_where_a_branch_is():
    equation = MAX_POOL2D.equations[0]
    assert equation.text.endswith("-inf)")
    assert r"-\infty" in equation.latex
    assert "-np.inf" in derive(MAX_POOL2D).numpy()
    with pytest.raises(NotationError, match="inf is a branch of where"):
        layer("l", tensors="X[N] Y[N]", equations="Y[n] = X[n] + inf")
    with pytest.raises(DerivationError, match="inf is not rational"):
        MAX_POOL2D.evaluate({"X": np.ones((1, 2, 2, 1)), **WINDOWS}, "exact")


@pytest.mark.parametrize("name", LAYERS)
def test_the_derived_source_runs_and_agrees(name):
    derivation, rng = derive(LAYERS[name]), np.random.default_rng(0)
    module: dict = {}
    exec(derivation.numpy(), module)  # noqa: S102 - our own source is what is tested
    for point, _ in zip(points(LAYERS[name], 0), range(10), strict=False):
        values = dict(point.values)
        values["dY"] = rng.normal(size=LAYERS[name].evaluate(values, "float64")["Y"].shape)
        expected = derivation.evaluate(values, "float64")["dX"]
        wanted = inspect.signature(module["backward"]).parameters
        np.testing.assert_allclose(module["backward"](**{p: values[p] for p in wanted})["dX"], expected, rtol=1e-12)
