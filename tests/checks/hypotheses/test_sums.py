"""Of a sum, only one term arrives: in a recurrence that is one step, whose start stands outside of the sum."""

import numpy as np
import pytest

from checks import gradcheck
from checks.diagnosis import explain
from checks.suite import SUITE
from derivations import derive, read_layer
from tests.checks.causes import benches, broken, term_dropped
from tests.checks.hypotheses.steps import STEPS, steps


def steps_backward(order):
    def backward(dh, x, h0, W, h):
        before, later, shares = np.concatenate([h0[:1], h[:-1]]), 0, []
        for t in reversed(range(len(x))):
            dz = (dh[t] + later) * (1 - h[t] ** 2)
            shares.append(np.outer(before[t], dz))
            later = W @ dz
        return {"dW": shares[order]}

    return backward


@pytest.mark.parametrize(("order", "word"), [(-1, "first"), (0, "last")])
def test_one_step_of_a_recurrence_is_no_operand_left_out(order, word):
    found = gradcheck((steps, steps_backward(order)), derive(read_layer(STEPS), ["W"])).diagnoses
    assert [d.sentence for d in found] == [f"dW counts the {word} t only: = where += belongs"]


def test_where_the_first_term_does_as_well_as_the_last_neither_is_said_to_be_left():
    row = [row for row in SUITE if row.layer == "cosine_similarity"][-1]
    found = explain("dA", broken(row, term_dropped, benches(row)))
    assert found[0].hypothesis == "held constant"
