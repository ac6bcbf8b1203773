"""Right is proved or certified, wrong is shown, and what points cannot tell is left open."""

import pytest

from derivations import derive, layer, read_equation
from derivations.practice.deciding import Comparison, is_small
from derivations.practice.problem import formula_problem, layer_problem
from derivations.practice.whole_numbers import whole_values

LINEAR = derive("linear")


def compared(text, of=LINEAR, truth="dW[d, c] = sum[n](X[n, d]*dY[n, c])"):
    claim, true = read_equation(text, of=of.layer), read_equation(truth, of=of.layer)
    return Comparison(true.rhs, claim.rhs, of.layer, claim.ranges, of.equations)


def test_the_same_normal_form_is_a_proof_for_all_sizes():
    outcome = compared("dW[d, c] = sum[n](dY[n, c]*X[n, d])").decide()
    assert outcome.holds is True
    assert outcome.proof.for_all_sizes


def test_a_difference_is_shown_at_a_place():
    outcome = compared("dW[d, c] = sum[n](dY[n, c])").decide()
    assert outcome.holds is False
    assert outcome.at is not None


@pytest.mark.parametrize(
    "rest",
    [
        "(N - 1)*(N - 2)*(N - 3)*X[0, 0]",
        "[N = 3]*X[0, d]",
        "[N = 41]*X[0, d]",
        "(D - C)*X[0, d]/1000",
        "where(X[0, d] > 2, 1, 0)",
        "where(X[0, d] > 999, 1, 0)",
        "maximum(X[0, d] - 5000, 0)",
        "where(X[0, d]**3 > 5000, 1, 0)",
        "where(X[0, 0] > 1/7, where(X[0, 0] < 1/7 + 1/1000000, 1, 0), 0)",
    ],
)
def test_a_difference_that_hides_is_found(rest):
    assert compared(f"dW[d, c] = sum[n](dY[n, c]*X[n, d]) + {rest}").decide().holds is False


@pytest.mark.parametrize(
    "rest",
    [
        "[N = 99]*X[0, d]",
        "where(X[0, d] + X[0, 0] > 999, 1, 0)",
        "[X[0, d] == 1/3]",
        "where(exp(X[0, 0]) > 9999999, 1, 0)",
        "where(N//64 > 0, 1, 0)",
    ],
)
def test_a_difference_that_no_point_shows_is_not_called_right(rest):
    assert compared(f"dW[d, c] = sum[n](dY[n, c]*X[n, d]) + {rest}").decide().holds is None


def test_what_is_certified_at_points_says_so():
    steps = layer("steps", tensors="x y", equations="y = x")
    truth = formula_problem("a", "b", "", layer("f", tensors="x y", equations="y = maximum(x, -x)"), "x")
    claim = read_equation("dx = sign(x) + [x = 0]", of=steps)  # the first of equal values has the derivative
    outcome = Comparison(truth.expected.rhs, claim.rhs, truth.layer, {}, truth.given).decide()
    assert outcome.holds is not True or "points" in outcome.proof.method or outcome.proof.for_all_sizes


def test_where_a_function_has_no_value_its_derivative_is_not_asked():
    problem = formula_problem("a", "b", "", layer("f", tensors="x y", equations="y = log(x)"), "x")
    for text in ("1/abs(x)", "abs(x)/x**2", "sign(x)/x"):
        answer = read_equation(f"dx = {text}", of=problem.layer)
        assert Comparison(problem.expected.rhs, answer.rhs, problem.layer, {}, problem.given).decide().holds


def test_absolute_values_of_what_is_positive_are_no_kinks():
    problem = formula_problem("a", "b", "", layer("f", tensors="x[] > 0  y", equations="y = log(x)"), "x")
    answer = read_equation("dx = 1/abs(x)", of=problem.layer)
    assert Comparison(problem.expected.rhs, answer.rhs, problem.layer, {}, problem.given).decide().holds


def test_whole_values_start_with_the_plainest():
    (question,) = compared("dW[d, c] = sum[n](dY[n, c])").questions
    sizes, values = next(whole_values(question, {"N": 1, "D": 2, "C": 1}))
    assert sizes == {"N": 1, "D": 2, "C": 1}
    assert values["X"].tolist() == [[1.0, 2.0]]
    assert values["dY"].tolist() == [[1.0]]
    assert is_small(question, values)


def test_positive_tensors_get_positive_numbers():
    problem = layer_problem("cross_entropy", "dP")
    comparison = Comparison(
        problem.expected.rhs, problem.expected.rhs, problem.layer, problem.expected.ranges, problem.given
    )
    for _, values in whole_values(comparison.questions[0], {"N": 2, "C": 3}):
        assert (values["P"] > 0).all()


def test_too_many_terms_are_not_added_up():
    sums = "".join(f"sum[{letter}](" for letter in ("i", "j", "k", "l", "m", "o", "p", "q", "r"))
    body = "*".join(f"X[{letter}, d]" for letter in "ijklmopqr")
    comparison = compared(f"dW[d, c] = {sums}{body}{')' * 9}")
    (question,) = comparison.questions
    values = [v for _, v in whole_values(question, {"N": 3, "D": 3, "C": 3})]
    assert not is_small(question, values[0])
    assert comparison.decide().holds is False  # smaller sizes show it


def test_a_root_of_zero_is_not_undefined():
    problem = formula_problem("a", "b", "", layer("f", tensors="x y", equations="y = (x + 1)**2/6"), "x")
    answer = read_equation("dx = sqrt((x/3 + 1/3)**2)*sign(x + 1)", of=problem.layer)
    outcome = Comparison(problem.expected.rhs, answer.rhs, problem.layer, {}, problem.given).decide()
    assert outcome.holds is not False
