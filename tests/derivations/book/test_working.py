"""Examples come out by hand as they do by code that nobody in the book has seen, and what is written out adds up."""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest

from derivations.book import EXAMPLES, Example, Part, carried
from derivations.book.numbers import ball
from derivations.book.working import by_hand, workings
from derivations.expressions import sigmoid
from derivations.layer import DerivationError

LINEAR = Example("linear", (Part("linear"),), {"X": [[2, -1]], "W": [["1/2"], ["1/4"]], "b": ["1/3"], "dY": [[3]]})
NEURON = next(example for example in EXAMPLES if example.name == "one neuron")


def test_rational_layers_come_out_as_fractions():
    hand = by_hand(LINEAR)
    assert hand["Y"].tolist() == [[Fraction(13, 12)]]
    assert hand["dW"].tolist() == [[Fraction(6)], [Fraction(-3)]]
    assert hand["dX"].tolist() == [[Fraction(3, 2), Fraction(3, 4)]]


def test_a_neuron_comes_out_as_school_calculus_has_it():
    hand = by_hand(NEURON)
    z = 2 * 0.5 - 0.25 - 0.25
    a = 1 / (1 + math.exp(-z))
    assert hand["Z"].tolist() == [[Fraction(1, 2)]]
    assert float(hand["A"][0, 0]) == pytest.approx(a, rel=1e-14)
    assert float(hand["L"][()]) == pytest.approx(a * a / 2, rel=1e-14)
    assert float(hand["dW"][0, 0]) == pytest.approx(2 * a * a * (1 - a), rel=1e-14)
    assert float(hand["dW"][1, 0]) == pytest.approx(-a * a * (1 - a), rel=1e-14)


def test_a_number_that_is_rational_after_all_is_a_fraction():
    attention = next(example for example in EXAMPLES if example.name == "attention")
    assert by_hand(attention)["S"][0, 0, 0] == Fraction(1, 2)


def test_irrational_numbers_that_cancel_or_meet_a_zero_leave_a_fraction():
    hand = by_hand(next(example for example in EXAMPLES if example.name == "attention"))
    assert hand["P"][0, 0].tolist() == [1, 0]  # exp(s)/exp(s): the first step sees itself alone
    assert hand["O"][0, 0, 0] == Fraction(3)
    assert hand["dS"][0, 0].tolist() == [0, 0]
    assert isinstance(hand["P"][0, 1, 0], flint.arb)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_what_is_written_out_comes_to_the_value(example):
    for equation in example.derivation.equations:
        for working in workings(example, equation.name):
            assert_close(evaluated(working.right, working.values), ball(working.hand))


def evaluated(expression, values):
    """An expression of entries and sizes in floats, by nothing but Python's arithmetic."""
    if expression.is_Number:
        return float(expression)
    if expression.is_Symbol:
        return float(values[expression.name])
    if hasattr(expression, "base") and hasattr(expression, "indices"):
        return float(ball_or_float(values[expression.base.name][tuple(int(i) for i in expression.indices)]))
    parts = [evaluated(part, values) for part in expression.args if not part.is_Boolean and not part.is_Relational]
    return OPERATIONS[type(expression).__name__](expression, parts, values)


def ball_or_float(value):
    return ball(value) if isinstance(value, Fraction | flint.arb) else value


def bracket(expression, parts, values):
    (condition,) = expression.args
    left, right = (evaluated(side, values) for side in condition.args)
    return float({">": left > right, ">=": left >= right, "<": left < right}[condition.rel_op])


OPERATIONS = {
    "Add": lambda e, parts, v: sum(parts),
    "Mul": lambda e, parts, v: math.prod(parts),
    "Pow": lambda e, parts, v: parts[0] ** parts[1],
    "exp": lambda e, parts, v: math.exp(parts[0]),
    "log": lambda e, parts, v: math.log(parts[0]),
    "tanh": lambda e, parts, v: math.tanh(parts[0]),
    "sigmoid": lambda e, parts, v: 1 / (1 + math.exp(-parts[0])),
    "maximum": lambda e, parts, v: max(parts),
    "Bracket": bracket,
}


def assert_close(value, exact):
    assert value == pytest.approx(float(exact.mid()), rel=1e-12, abs=1e-12)


def test_every_example_agrees_with_code(code):
    """The derived source, run in float64 layer by layer, with cotangents added up where a tensor goes two ways."""
    for example in EXAMPLES:
        hand = by_hand(example)
        seen = [name for name in code[example.name] if name in hand]
        assert set(example.derivation.cotangents) <= set(seen)
        for name in seen:
            exact = np.vectorize(lambda value: float(ball_or_float(value)), otypes=[float])(hand[name])
            np.testing.assert_allclose(np.asarray(code[example.name][name], float), exact, rtol=1e-13, atol=1e-15)


def test_code_that_is_wrong_shows():
    def wrong(layer, values):
        if "dY" in values:
            return {"dX": values["dY"] @ values["W"].T, "dW": values["X"].T @ values["dY"] / 3, "db": values["dY"][0]}
        return {"Y": values["X"] @ values["W"] + values["b"]}

    lines = list(workings(LINEAR, "dW", carried(LINEAR, wrong)))
    assert [line.hand for line in lines] == [6, -3]
    assert [line.code for line in lines] == [2.0, -1.0]


def test_what_code_does_not_return_has_no_number():
    (line,) = workings(LINEAR, "Y", {"dW": [[0.0], [0.0]]})
    assert line.code is None


def test_a_tensor_that_no_equation_defines_is_refused():
    with pytest.raises(DerivationError, match="no equation defines 'Q'; there are Y, dX, dW, db"):
        list(workings(LINEAR, "Q"))


def test_sums_are_written_out_and_labels_read():
    network = next(example for example in EXAMPLES if example.name == "a whole network")
    (loss,) = workings(network, "L")
    assert sorted(str(entry) for entry in loss.right.atoms(sigmoid) | entries(loss.right)) == ["P[0, 0]", "P[1, 1]"]


def entries(expression):
    return {node for node in expression.atoms() | set(expression.find(lambda n: hasattr(n, "indices")))
            if hasattr(node, "indices")}  # fmt: skip
