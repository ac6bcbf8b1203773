"""Who checks the checker: the mutants are made, most are noticed, and a blind check is caught being blind."""

import inspect

import numpy as np
import pytest

from checks import mutation
from checks.equivalence import same_functions
from checks.mutants import mutants
from checks.mutation import killed_share, mutate, mutate_rows
from checks.suite import Row, rows
from numeric.fused_convolution import conv_relu_pool2d, conv_relu_pool2d_backward
from numeric.layers import IMPLEMENTATIONS
from numeric.linear import linear_backward
from numeric.penalties import l2_penalty


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


@pytest.mark.parametrize("layer", sorted(set(IMPLEMENTATIONS) - {"conv_relu_pool2d"}))
def test_no_mutant_of_a_layer_of_the_mnist_networks_survives(layer):
    assert [outcome.mutant.diff for outcome in mutate(rows([layer])) if outcome.fate == "survived"] == []


@pytest.mark.thorough
def test_what_survives_of_the_fused_convolution_computes_the_same():
    """It chooses between ways of laying out its memory, and either way gives the same numbers, at any sizes."""
    (outcomes,) = [mutate(rows(["conv_relu_pool2d"]))]
    survivors = [outcome.mutant.backward for outcome in outcomes if outcome.fate == "survived"]
    assert len(survivors) < 0.05 * len(outcomes)
    rng = np.random.default_rng(0)
    for _ in range(100):
        N, H, W, C, F, R, S, pad = (int(n) for n in rng.integers([1, 4, 4, 1, 1, 1, 1, 0], [5, 9, 9, 20, 5, 4, 4, 3]))
        X, K, b = (rng.standard_normal(shape) for shape in [(N, H, W, C), (R, S, C, F), (F,)])
        made = conv_relu_pool2d(X, K, b, pad)
        given = rng.standard_normal(made["Y"].shape), X, K, made["Y"], made["J"], pad
        right = conv_relu_pool2d_backward(*given)
        for backward in survivors:
            for name, array in backward(*given).items():
                np.testing.assert_allclose(array, right[name], rtol=1e-9, atol=1e-12)


@pytest.mark.thorough
def test_of_the_mutants_of_the_whole_catalogue_at_least_97_percent_are_killed():
    outcomes = [outcome for _, found in mutate_rows(rows()) for outcome in found]
    assert len(outcomes) > 3000
    assert killed_share(outcomes) >= 0.97


def test_a_check_that_never_disagrees_lets_every_mutant_survive(monkeypatch):
    monkeypatch.setattr(mutation, "_doubts", lambda trial, with_conduct: iter(()))
    outcomes = mutate(rows(["linear"]))
    assert {outcome.fate for outcome in outcomes} == {"survived"}
    assert killed_share(outcomes) == 0.0


def test_a_layer_with_several_rows_is_broken_once_and_checked_by_all_of_them():
    found = list(mutate_rows(rows(["leaky_relu"])))
    assert [row.layer for row, _ in found] == ["leaky_relu"]
    assert killed_share(found[0][1]) == 1.0


def l2_penalty_that_may_not_end(dL, W, lam):
    lam = float(lam)
    while lam >= 1e9:
        lam -= 1
    return {"dW": dL * W.dtype.type(lam) * W}


def test_a_mutant_that_does_not_end_is_killed():
    outcomes = mutate(Row("l2_penalty", l2_penalty, l2_penalty_that_may_not_end))
    endless = next(outcome for outcome in outcomes if "while lam < 1000000000.0" in outcome.mutant.diff)
    assert (endless.fate, endless.reason.split(",")[0]) == ("killed", "raises")


def l2_penalty_with_a_second_way(dL, W, lam):
    if W.size > 10**9:
        return {"dW": W}
    return {"dW": dL * W.dtype.type(lam) * W}


def test_what_no_check_comes_by_is_not_called_equivalent():
    outcomes = mutate(Row("l2_penalty", l2_penalty, l2_penalty_with_a_second_way))
    beyond = [outcome for outcome in outcomes if "{'dW': W * 2}" in outcome.mutant.diff]
    assert [(outcome.fate, outcome.reason) for outcome in beyond] == [("survived", "no check comes by this line")]


def test_a_mistake_that_shows_in_several_blocks_only_is_noticed():
    blocks = [o for o in mutate(rows(["rms_norm"])) if o.mutant.kind == "= for +="]
    assert blocks
    assert {outcome.fate for outcome in blocks} == {"killed"}


def l2_penalty_in_a_roundabout_way(dL, W, lam):
    zeros = np.zeros_like(W)
    return {"dW": dL * lam * W + zeros}


def test_a_change_that_changes_nothing_is_shown_to_be_equivalent():
    outcomes = mutate(Row("l2_penalty", l2_penalty, l2_penalty_in_a_roundabout_way))
    equivalent = [outcome for outcome in outcomes if outcome.fate == "equivalent"]
    assert any("+ zeros" in outcome.mutant.diff or "-np.zeros_like" in outcome.mutant.diff for outcome in equivalent)
    assert all("exactly equal" in outcome.reason for outcome in equivalent)


def test_different_functions_are_never_called_equivalent():
    chosen = rows(["linear"])
    original = inspect.unwrap(linear_backward)
    assert same_functions(chosen, original, original) is not None
    mean = {"db": lambda dY: dY.mean(axis=0), "dW": lambda dY: 0 * dY}
    for name, wrong in mean.items():
        assert same_functions(chosen, original, lambda dY, X, W: original(dY, X, W) | {name: wrong(dY)}) is None  # noqa: B023


def tanh_by_exponentials(dY, X):
    up, down = np.exp(X), np.exp(-X)
    return {"dX": dY * (1 - ((up - down) / (up + down)) ** 2)}


def tanh_in_another_order(dY, X):
    up = np.exp(X)
    down, left = np.exp(-X), np.empty_like(X)
    np.subtract(up, down, out=left)
    return {"dX": dY - (left * left * dY) / ((down + up) * (up + down))}


def tanh_at_another_place(dY, X):
    up, down = np.exp(X), np.exp(-2 * X)
    return {"dX": dY * (1 - ((up - down) / (up + down)) ** 2)}


def tanh_with_what_memory_holds(dY, X):
    return {"dX": tanh_by_exponentials(dY, X)["dX"] + np.empty_like(X)}


def test_functions_of_exponentials_are_compared_for_any_function_in_their_place():
    chosen = rows(["tanh"])
    assert same_functions(chosen, tanh_by_exponentials, tanh_in_another_order) is not None
    assert same_functions(chosen, tanh_by_exponentials, tanh_at_another_place) is None


def test_memory_that_nobody_filled_is_random():
    assert same_functions(rows(["tanh"]), tanh_by_exponentials, tanh_with_what_memory_holds) is None


def test_what_compares_is_never_called_equivalent():
    chosen = rows(["relu"])
    backward = inspect.unwrap(chosen[0].backward)
    assert same_functions(chosen, backward, backward) is None
