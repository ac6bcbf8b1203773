"""Whole numbers to ask an answer at, and the places where its conditions turn."""

import numpy as np
import pytest

from derivations import layer, read_equation
from derivations.practice import formula_problem, grade, layer_problem
from derivations.practice.deciding import Comparison
from derivations.practice.whole_numbers import near_kinks, whole_options, whole_values


def question(problem):
    expected = problem.expected
    return Comparison(expected.rhs, expected.rhs, problem.layer, expected.ranges, problem.given).questions[0]


def test_values_are_whole_and_options_positive():
    about = question(layer_problem("huber", "dY"))
    for sizes, values in whole_values(about, {"N": 2, "C": 1}, most=5):
        assert sizes["N"] == 2
        assert values["delta"] >= 1
        for name in ("Y", "T", "dL"):
            assert (np.asarray(values[name]) % 1 == 0).all()


def test_where_no_whole_number_has_a_value_there_are_fractions():
    about = question(layer_problem("binary_cross_entropy", "dP"))
    found = [values["P"] for _, values in whole_values(about, {"N": 1, "C": 2})]
    assert found
    assert all(((chances > 0) & (chances < 1)).all() for chances in found)
    told = grade(layer_problem("binary_cross_entropy", "dP"), "dL*(P - T)/(N*C)").counterexample
    assert told.startswith("with N = 1, C = 1, P = [1/2], T = ")


def test_whole_options_are_one_where_nothing_is_said_of_them():
    convolution = layer_problem("conv1d", "dK")
    assert whole_options(convolution.layer) == ["stride", "pad", "dilation"]
    (first,) = whole_values(question(convolution), dict.fromkeys(convolution.layer.size_names, 2), most=1)
    assert {name: first[0][name] for name in ("stride", "pad", "dilation")} == {"stride": 1, "pad": 1, "dilation": 1}
    sizes = {**dict.fromkeys(convolution.layer.size_names, 2), "stride": 2}
    assert all(known["stride"] == 2 for known, _ in whole_values(question(convolution), sizes, most=1))


def test_a_stride_that_is_left_out_is_shown_with_another_stride():
    verdict = grade(
        layer_problem("grouped_conv1d", "dK"),
        "dK[r,g,c,f] = sum[n,p](X[n, p + dilation*r - pad, g, c]*dY[n,p,g,f])",
    )
    assert verdict.diagnoses == ("stride is left out: your answer is right where it is 1",)
    assert "stride = 2" in verdict.counterexample
    assert "." not in verdict.counterexample


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("maximum(2*x, -1000)", {-501.0, -500.0, -499.0}),
        ("[x = 7]", {6.0, 7.0, 8.0}),
        ("where(x**2 > 2, 1, 0)", {-2.0, -1.0, 1.0, 2.0}),
        ("where(x > 1/7, where(x < 1/7 + 1/1000, 1, 0), 0)", {1 / 7, 1 / 7 + 1 / 2000}),
    ],
)
def test_places_near_a_condition(text, places):
    f = layer("f", tensors="x y", equations="y = x**2")
    found = list(near_kinks(read_equation(f"dx = {text}", of=f).rhs, read_equation("dx = 2*x", of=f).rhs))
    assert {name for name, _ in found} == {"x"}
    assert all(any(abs(place - there) < 1e-9 for _, there in found) for place in places)


def test_conditions_that_the_truth_has_as_well_are_no_news():
    problem = formula_problem("a", "b", "", layer("f", tensors="x y", equations="y = abs(x - 3)"), "x")
    assert list(near_kinks(problem.expected.rhs, problem.expected.rhs)) == []
