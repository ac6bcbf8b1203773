"""Problems, and the truth that they are judged by."""

import pytest

from derivations import DerivationError, NotationError, layer
from derivations.layer import Claim
from derivations.practice import Problem, formula_problem, layer_problem

SINE = layer("sine", tensors="x y", equations="y = sin(x**2)")


def test_a_layer_gives_a_problem_for_each_of_its_cotangents():
    problem = layer_problem("linear", "dW")
    assert problem.id == "layer.linear.dW"
    assert problem.left_side == "dW[d, c]"
    assert problem.answer == "dW[d, c] = sum[n](X[n, d]*dY[n, c])"
    assert "Given dY" in problem.prompt


def test_intermediate_cotangents_may_be_asked_and_used():
    names = {equation.name for equation in layer_problem("layer_norm", "dX").given}
    assert {"mu", "v", "Xhat", "Y", "dXhat", "dmu", "dv", "dX"} <= names
    assert layer_problem("layer_norm", "dv").expected.name == "dv"


def test_a_formula_is_differentiated_as_if_its_own_cotangent_were_one():
    problem = formula_problem("a:0:1", "calculus", "", SINE, "x")
    assert problem.answer == "dy/dx = 2*x*cos(x**2)"
    assert problem.kind == "formula"


def test_the_truth_of_a_chain_is_written_with_its_links():
    chain = layer("chain", tensors="x u y", equations="u = x**2\ny = sin(u)")
    given = {equation.name: equation.text for equation in formula_problem("a", "b", "", chain, "x").given}
    assert given["u"] == "u = x**2"
    assert given["y"] == "y = sin(u)"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layer_problem("linear", "dQ"), DerivationError, "it has .*dW"),
        (lambda: layer_problem("nonsense", "dX"), DerivationError, "there is no layer"),
        (lambda: formula_problem("a", "b", "", SINE, "z"), DerivationError, "'z'"),
        (lambda: formula_problem("a", "b", "", SINE, "x", [("no", "2x")]), NotationError, "column"),
    ],
)
def test_what_cannot_be_asked_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_hints_are_made_when_they_are_asked_for():
    made = []

    def hints(problem, so_far):
        made.append(problem.id)
        yield "think of the chain rule"

    truth = formula_problem("a", "b", "", SINE, "x").expected
    problem = Problem("a", "b", "", SINE, truth, kind="formula", make_hints=hints)
    assert made == []
    assert problem.hints == problem.hints == ("think of the chain rule",)
    assert made == ["a"]
    assert Problem("a", "b", "", SINE, truth).hints == ()


def test_a_problem_shows_itself_in_a_notebook():
    problem = Problem(
        "a", "a < b", "What is dy/dx?", SINE, Claim(*formula_problem("", "", "", SINE, "x").expected.__dict__.values())
    )
    assert "a &lt; b" in problem._repr_html_()
    assert problem._repr_latex_().startswith("$")
