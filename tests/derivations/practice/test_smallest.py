"""The smallest counterexample, in words."""

from derivations import layer
from derivations.practice import grade, layer_problem
from derivations.practice.problem import formula_problem
from derivations.practice.smallest import growing


def test_sizes_grow_one_by_one():
    sizes = [tuple(size.values()) for size in growing(layer_problem("linear", "dW").layer)]
    assert sizes[:5] == [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (3, 1, 1)]
    assert len(sizes) == len(set(sizes))
    assert max(max(size) for size in sizes) == 3


def test_a_layer_without_sizes_has_one_set_of_them():
    assert list(growing(layer("f", tensors="x y", equations="y = x**2"))) == [{}]


def test_whole_results_are_preferred():
    problem = formula_problem("a", "b", "", layer("f", tensors="x y", equations="y = cos(x)"), "x")
    assert grade(problem, "sin(x) + 1").counterexample == "with x = 0: yours gives 1, the truth is 0"


def test_a_large_array_is_shown_at_one_entry():
    told = grade(layer_problem("conv2d", "dK"), "dK[r,s,c,f] = sum[n](dY[n,0,0,f])").counterexample
    assert "yours gives 1, the truth is 5" in told
    assert len(told) < 200


def test_options_and_labels_are_told():
    told = grade(layer_problem("softmax_cross_entropy", "dZ"), "dZ[n,c] = dL*P[n,c]/N").counterexample
    assert told.startswith("with N = 1, C = 1, Z = [1], T = [0], dL = 1: ")
    assert "stride = 1" in grade(layer_problem("conv1d", "dX"), "dX[n,h,c] = sum[f](dY[n,0,f])").counterexample


def test_a_difference_at_large_sizes_only_is_shown_there():
    told = grade(layer_problem("linear", "db"), "dY.sum(0) + (N - 1)*(N - 2)*(N - 3)*dY.sum(0)").counterexample
    assert "yours gives" in told
    assert "N = " in told
