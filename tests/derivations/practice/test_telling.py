"""What agrees at points alone is certified only where points would have told a difference."""

import pytest

from derivations import layer
from derivations.practice import formula_problem, grade

STEP = formula_problem("a", "b", "", layer("f", tensors="x y", equations="y = abs(x)"), "x")
SQUARE = formula_problem("a", "b", "", layer("f", tensors="x y", equations="y = x**2"), "x")


@pytest.mark.parametrize("steepness", ["10", "1000", "100000", "10**8", "10**20"])
def test_a_steep_function_is_no_step(steepness):
    assert grade(STEP, f"tanh({steepness}*x)").status in {"wrong", "undecided"}
    assert grade(STEP, f"2*sigmoid({steepness}*x) - 1").status in {"wrong", "undecided"}
    assert grade(STEP, f"erf({steepness}*x)").status in {"wrong", "undecided"}


@pytest.mark.parametrize(
    "rest",
    [
        "exp(-exp(9))",
        "exp(-exp(9*exp(x)))",
        "exp(-9999 - x**2)",
        "sigmoid(-9999 - x**2)",
        "exp(-99999*x**2)",
        "(1/1000)**30",
        "(1/10**9)**30*x",
        "pi**-64*pi**-64*pi**-64",
        "[exp(x) = 7]",
        "where(exp(x) > 10**9, 1, 0)",
        "where(sin(x) + x > 99, 1, 0)",
        "maximum(exp(x) - 10**6, 0)",
    ],
)
def test_what_vanishes_nearly_everywhere_is_not_nothing(rest):
    assert grade(SQUARE, f"2*x + {rest}").status in {"wrong", "undecided"}
    assert grade(STEP, f"sign(x) + {rest}").status in {"wrong", "undecided"}


@pytest.mark.parametrize("answer", ["2*x + exp(-x**2) - exp(-x*x)", "2*x + tanh(9*x) - tanh(x*9)", "2*x*exp(0*x)"])
def test_what_cancels_is_nothing(answer):
    assert grade(SQUARE, answer).status == "right"
