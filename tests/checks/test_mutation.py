"""Who checks the checker: the mutants are made, most are noticed, and a blind check is caught being blind."""

import inspect

import numpy as np
import pytest

from checks import mutation
from checks.equivalence import same_rational_functions
from checks.mutation import killed_share, mutants, mutate
from checks.suite import Row, rows
from numeric.linear import linear_backward
from numeric.penalties import l2_penalty

MNIST_LAYERS = ["linear", "relu", "sigmoid", "softmax_cross_entropy", "squared_error", "l2_penalty"]


def test_every_kind_of_change_that_fits_is_made():
    kinds = {mutant.kind for mutant in mutants("linear", linear_backward)}
    assert {"sign", "constant factor", "zero", "transposed", "swapped operands", "missing sum", "axis"} <= kinds


def test_a_mutant_differs_in_one_place_and_says_where():
    for mutant in mutants("linear", linear_backward):
        removed = [line for line in mutant.diff.splitlines() if line.startswith("-")]
        added = [line for line in mutant.diff.splitlines() if line.startswith("+")]
        assert len(removed) <= 2
        assert len(added) <= 2
        assert "line" in mutant.place


def test_the_original_stays_as_it_is():
    source = inspect.getsource(inspect.unwrap(linear_backward))
    list(mutants("linear", linear_backward))
    assert inspect.getsource(inspect.unwrap(linear_backward)) == source
    assert set(linear_backward(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)))) == {"dX", "dW", "db"}


@pytest.mark.parametrize("layer", ["l2_penalty", "relu"])
def test_no_mutant_of_a_layer_of_the_mnist_networks_survives(layer):
    (row,) = rows([layer])
    assert [outcome.mutant.diff for outcome in mutate(row) if outcome.fate == "survived"] == []


@pytest.mark.thorough
@pytest.mark.parametrize("layer", MNIST_LAYERS)
def test_no_mutant_of_any_layer_of_the_mnist_networks_survives(layer):
    (row,) = rows([layer])
    assert [outcome.mutant.diff for outcome in mutate(row) if outcome.fate == "survived"] == []


def test_a_check_that_never_disagrees_lets_every_mutant_survive(monkeypatch):
    (row,) = rows(["linear"])
    blind = mutation.gradcheck((row.forward, row.backward), row.layer)
    monkeypatch.setattr(mutation, "gradcheck", lambda *arguments, **options: blind)
    outcomes = mutate(row)
    assert {outcome.fate for outcome in outcomes} == {"survived"}
    assert killed_share(outcomes) == 0.0


def l2_penalty_in_a_roundabout_way(dL, W, lam):
    zeros = np.zeros_like(W)
    return {"dW": dL * lam * W + zeros}


def test_a_change_that_changes_nothing_is_shown_to_be_equivalent():
    outcomes = mutate(Row("l2_penalty", l2_penalty, l2_penalty_in_a_roundabout_way))
    equivalent = [outcome for outcome in outcomes if outcome.fate == "equivalent"]
    assert any("+ zeros" in outcome.mutant.diff or "-np.zeros_like" in outcome.mutant.diff for outcome in equivalent)
    assert all("exactly equal" in outcome.reason for outcome in equivalent)


def test_different_functions_are_never_called_equivalent():
    (row,) = rows(["linear"])
    original = inspect.unwrap(linear_backward)
    assert same_rational_functions(row, original, original) is not None
    assert (
        same_rational_functions(row, original, lambda dY, X, W: {**original(dY, X, W), "db": dY.mean(axis=0)}) is None
    )


def test_what_compares_is_never_called_equivalent():
    (row,) = rows(["relu"])
    backward = inspect.unwrap(row.backward)
    assert same_rational_functions(row, backward, backward) is None
