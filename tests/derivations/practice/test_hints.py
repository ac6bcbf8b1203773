"""Hints name the next rule, give the next line, and write the whole derivation; the lines they give are right."""

import pytest

from derivations import LAYERS as CATALOGUE
from derivations.practice import grade, layer_problem
from derivations.practice.costs import CROSS_ENTROPY, LOG_LIKELIHOOD
from derivations.practice.hints import hints, own_steps, whole_derivation
from derivations.practice.neurons import SIGMOID_PRIME

LAYERS = ("linear", "softmax", "conv1d", "embedding")
SLOWER_LAYERS = ("layer_norm", "rnn_tanh", "max_pool2d", "multi_head_attention")


def cotangents_of(layers, marks=()):
    asked = [(name, f"d{tensor.name}") for name in layers for tensor in CATALOGUE[name].inputs if not tensor.integer]
    return [pytest.param(name, cotangent, marks=marks) for name, cotangent in asked]


def test_without_a_line_the_first_rule_is_next():
    rule, line, whole = hints(layer_problem("linear", "dW"))
    assert rule == "chain rule: every entry of Y that an entry of W touches hands back its share"
    assert line == "dW[d, c] = sum[n, k](dY[n, k]*(∂Y[n, k]/∂W[d, c]))"
    assert "in matrix form: dW = X.T @ dY" in whole


NAMES = [layer for layer in CATALOGUE if layer not in ("transformer_block", "residual_block")]
QUICK = ("linear", "gelu", "global_average_pool", "concatenate", "swiglu")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.thorough) for name in NAMES]
)
def test_the_matrix_form_of_a_hint_is_right(name):
    for tensor in CATALOGUE[name].inputs:
        if not tensor.integer:
            problem = layer_problem(name, f"d{tensor.name}")
            _, _, line = hints(problem)[-1].partition("in matrix form: ")
            # What NumPy writes and nobody types, such as 30 digits of a constant, is not read.
            assert not line or grade(problem, line.splitlines()[0]).status in {"right", "unreadable"}, line


def test_the_next_line_is_the_one_after_what_is_written():
    problem = layer_problem("linear", "dW")
    typed = "dW[d, c] = sum[n, i](X[n, d]*dY[n, i]*[i = c])"
    assert grade(problem, typed).status == "right"
    rule, line, _ = hints(problem, typed)
    assert rule.startswith("contract a delta")
    assert line == problem.answer


def test_after_the_last_line_nothing_is_left():
    problem = layer_problem("linear", "dW")
    rule, line, whole = hints(problem, problem.answer)
    assert rule == line
    assert rule.startswith("nothing is left to do")
    assert whole == whole_derivation(problem)


def test_what_is_not_a_line_of_the_derivation_counts_for_nothing():
    problem = layer_problem("linear", "dW")
    assert hints(problem, "dW = X.T @ dY + X.T @ dY") == hints(problem)


@pytest.mark.parametrize(
    ("name", "cotangent"), cotangents_of(LAYERS) + cotangents_of(SLOWER_LAYERS, pytest.mark.thorough)
)
def test_every_line_that_can_be_typed_is_right_and_the_last_is_the_truth(name, cotangent):
    problem = layer_problem(name, cotangent)
    steps = own_steps(problem)
    typed = [step.after for step in steps if "∂" not in step.after]
    assert typed
    assert {grade(problem, line).status for line in typed} == {"right"}
    whole = whole_derivation(problem)
    assert all(f"{step.rule}: {step.because}" in whole for step in steps)
    assert all(step.proof.holds for step in steps)


def test_the_derivation_of_what_it_is_made_of_comes_first():
    whole = whole_derivation(layer_problem("rnn_tanh", "dWx"))
    assert whole.index("dh_total[t, n, m]\n") < whole.index("dWx[d, m]\n")


@pytest.mark.parametrize("level", [*SIGMOID_PRIME, *CROSS_ENTROPY, *LOG_LIKELIHOOD])
def test_the_cotangent_of_a_cost_is_1_in_hints(level):
    for exercise in level:
        problem = exercise.problem("nielsen")
        assert f"d{problem.layer.output_names[-1]}*" not in "".join(hints(problem))
