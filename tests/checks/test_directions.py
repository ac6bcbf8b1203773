"""A direction through all entries shows what is wrong, names the input, and says where it cannot tell."""

import numpy as np
import pytest

from checks.adapters.functions import from_functions
from checks.directions import along_a_direction
from checks.precision import format_of
from checks.suite import rows
from checks.trial import Trial
from derivations import derive

BOTH = ("differences", "taylor")


def a_trial(name, values):
    row, derivation = rows([name])[0], derive(name)
    implementation = from_functions(row.forward, row.backward, derivation.layer)
    return Trial(implementation, derivation, format_of("float64"), "", values)


def softmax(seed):
    rng = np.random.default_rng(seed)
    return a_trial("softmax", {"Z": rng.standard_normal((20, 30)), "dP": rng.standard_normal((20, 30))})


def bilinear(seed):
    rng = np.random.default_rng(seed)
    shapes = {"X1": (9, 5), "X2": (9, 6), "W": (5, 6, 4), "b": (4,), "dY": (9, 4)}
    return a_trial("bilinear", {name: rng.standard_normal(shape) for name, shape in shapes.items()})


def verdicts(trial, got, seed):
    found = along_a_direction(trial, got, BOTH, np.random.default_rng(seed))
    return {(finding.cotangent, finding.witness): finding.verdict for finding in found}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("make", [softmax, bilinear])
def test_right_gradients_agree(make, seed):
    trial = make(seed)
    assert set(verdicts(trial, trial.gradients(), seed).values()) == {"agree"}


@pytest.mark.parametrize("seed", range(5))
def test_the_wrong_one_is_named(seed):
    trial = bilinear(seed)
    got = trial.gradients()
    got["dW"] = got["dW"] * (1 + 1e-4 * np.random.default_rng(9).choice([-1, 1], got["dW"].shape))
    found = verdicts(trial, got, seed)
    assert {name for (name, _), verdict in found.items() if verdict == "disagree"} == {"dW"}
    assert found["dW", "differences"] == found["dW", "taylor"] == "disagree"


def test_only_what_is_asked_is_told():
    trial = softmax(0)
    assert along_a_direction(trial, trial.gradients(), ("derivation",), np.random.default_rng(0)) == []
    (finding,) = along_a_direction(trial, trial.gradients(), ("taylor",), np.random.default_rng(0))
    assert finding.witness == "taylor"
    assert (finding.entries, finding.of) == (0, 0)


def test_kinks_are_in_reach_everywhere():
    trial = a_trial("relu", {"X": np.ones((2, 2)), "dY": np.ones((2, 2))})
    assert set(verdicts(trial, trial.gradients(), 0).values()) == {"unresolved"}


def test_a_forward_that_fails_leaves_it_open():
    def refuses(Z):
        raise ValueError("no")

    row, derivation = rows(["softmax"])[0], derive("softmax")
    implementation = from_functions(refuses, row.backward, derivation.layer)
    trial = Trial(implementation, derivation, format_of("float64"), "", dict(softmax(0).values))
    found = along_a_direction(trial, softmax(0).gradients(), BOTH, np.random.default_rng(0))
    assert {finding.verdict for finding in found} == {"unresolved"}
    assert "raises ValueError: no" in found[0].reason
