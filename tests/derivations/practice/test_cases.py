"""A proof by cases proves what is so, and nothing else."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derivations import layer
from derivations.expressions import Where, absolute, maximum, minimum, sign
from derivations.practice import formula_problem, layer_problem
from derivations.practice.cases import proved_by_cases
from derivations.practice.reading import AnswerReader


def proof(problem, answer):
    (statement,) = AnswerReader(problem).read(answer)
    return proved_by_cases(statement.target.truth, statement.expression, problem.layer, statement.ranges, problem.given)


def formula(equation, declared="x y"):
    return formula_problem("a", "b", "", layer("f", tensors=declared, equations=equation), "x")


@pytest.mark.parametrize(
    ("equation", "right", "wrong"),
    [
        ("y = abs(x**3)", ["3*x**2*sign(x)", "3*x*abs(x)", "where(x > 0, 3, -3)*x**2"], ["3*x**2", "3*abs(x)"]),
        ("y = log(x)", ["1/abs(x)", "sign(x)/x", "abs(x)/x**2"], ["-1/abs(x)", "abs(x)/x"]),
        ("y = x*sqrt(x)", ["3/2*sqrt(abs(x))"], ["sqrt(abs(x))"]),
        ("y = abs(x)", ["sign(x)", "abs(x)/x", "x/abs(x)"], ["1", "where(x >= 0, 1, -1)"]),
        ("y = abs(x**2 - 1)", ["2*x*sign(x - 1)*sign(x + 1)", "where(x**2 > 1, 2, -2)*x*[abs(x) != 1]"], ["2*abs(x)"]),
    ],
)
def test_functions_of_one_variable(equation, right, wrong):
    for answer in right:
        assert proof(formula(equation), answer).for_all_sizes
    for answer in wrong:
        assert proof(formula(equation), answer) is None


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        (
            "huber",
            ["maximum(-delta, minimum(delta, Y - T))", "minimum(delta, maximum(-delta, Y - T))"],
            ["minimum(delta, maximum(delta, Y - T))", "maximum(delta, minimum(-delta, Y - T))"],
        ),
        ("softsign", ["(1 - abs(Y))**2"], ["(1 - abs(X))**2", "(1 - Y)**2"]),
        ("hard_tanh", ["[abs(X) < 1]", "[X**2 < 1]"], ["[abs(X) <= 1]", "[abs(X) > 1]"]),
        ("hard_sigmoid", ["[abs(X) < 3]/6"], ["[abs(X) < 2]/6"]),
    ],
)
def test_layers(name, right, wrong):
    problem = layer_problem(name, "dY" if name == "huber" else "dX")
    above = "dL/(N*C)" if name == "huber" else "dY"
    for answer in right:
        assert proof(problem, f"{above}*{answer}").for_all_sizes
    for answer in wrong:
        assert proof(problem, f"{above}*{answer}") is None


a, b = sp.symbols("a b", real=True)
LEAF = st.sampled_from([a, b, a - b, a + 1, 2 * b - 1, sp.Integer(0), sp.Integer(1)])
KINKED = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(maximum, inner, inner),
        st.builds(minimum, inner, inner),
        inner.map(absolute),
        inner.map(sign),
        st.builds(lambda x, y: x + y, inner, inner),
        st.builds(lambda x, y, z: Where(sp.Gt(x, 0), y, z) if x.free_symbols else y, inner, inner, inner),
    ),
    max_leaves=4,
)
PLAIN = {
    "maximum": np.maximum,
    "minimum": np.minimum,
    "absolute": np.abs,
    "sign": np.sign,
    "Where": lambda c, x, y: np.where(c, x, y),
    "Bracket": lambda c: np.where(c, 1.0, 0.0),
}
GRID = np.meshgrid(np.arange(-3, 3.5, 0.5), np.arange(-3, 3.5, 0.5))


@given(KINKED, KINKED)
def test_what_is_proved_is_so(left, right):
    if proved_by_cases(left, right, layer("f", tensors="a b y", equations="y = a + b"), {}, ()) is None:
        return
    sides = [sp.lambdify((a, b), side, [PLAIN, "numpy"])(*GRID) + 0 * GRID[0] for side in (left, right)]
    np.testing.assert_allclose(*sides)


@given(KINKED)
def test_what_is_so_is_proved(expression):
    f = layer("f", tensors="a b y", equations="y = a + b")
    mirrored = (absolute(expression) + expression) / 2 - (absolute(expression) - expression) / 2
    if sum(expression.count(kind) for kind in (maximum, minimum, absolute, sign, Where)) <= 2:
        assert proved_by_cases(expression, mirrored, f, {}, ()) is not None
