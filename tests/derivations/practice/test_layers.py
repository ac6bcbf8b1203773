"""Every cotangent of every layer is a skill; its truth is right, and answers that are almost right are not."""

import numpy as np
import pytest

from derivations import LAYERS, derive
from derivations.practice import grade
from derivations.practice.layers import FAMILIES, difficulty_of, family_of, layer_skill_problem, layer_skills
from tests.derivations.practice.near_misses import near_misses

ORDINARY = {
    "linear",
    "bilinear",
    "embedding",
    "sigmoid",
    "tanh",
    "relu",
    "selu",
    "glu",
    "softmax",
    "log_softmax",
    "softsign",
    "maxout",
    "squared_error",
    "cross_entropy",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "nll",
    "l2_penalty",
    "l1_penalty",
    "layer_norm",
    "rms_norm",
    "dropout",
    "transpose",
    "residual_add",
    "conv1d",
    "rnn_tanh",
    "linear_recurrence",
}
NAMES = {skill.name: skill for skill in layer_skills()}
MOST_LETTERS_TURNED = 4  # beyond, a left side with its letters in another order is unreadable


def problem_of(name):
    return NAMES[name].make(np.random.default_rng(0), 1)


def claims_of(problem):
    """What books say of the whole cotangent, in terms of tensors and cotangents."""
    expected = problem.expected
    for claim in problem.layer.claims:
        if claim.name == expected.name and list(claim.ranges.values()) == list(expected.ranges.values()):
            yield claim.text


def skills_of(layers, marks=()):
    names = [name for name in NAMES if name.split(".")[1] in layers]
    return [pytest.param(name, id=name, marks=marks) for name in names]


ALL = skills_of(ORDINARY) + skills_of(set(LAYERS) - set(ORDINARY), pytest.mark.thorough)


@pytest.mark.parametrize("name", ALL)
def test_the_truth_and_what_books_claim_are_right(name):
    problem = problem_of(name)
    for answer in (problem.answer, problem.answer.partition(" = ")[2], *claims_of(problem)):
        assert grade(problem, answer).status == "right", answer


@pytest.mark.parametrize("name", ALL)
def test_what_is_almost_right_is_wrong(name):
    problem = problem_of(name)
    misses = dict(near_misses(problem))
    assert {"negated", "doubled"} <= misses.keys()
    if len(problem.expected.ranges) > MOST_LETTERS_TURNED and "transposed" in misses:
        assert grade(problem, misses.pop("transposed")).status in {"wrong", "unreadable"}
    for what, answer in misses.items():
        verdict = grade(problem, answer)
        assert verdict.status == "wrong", what
        assert verdict.counterexample is not None or verdict.diagnoses, what


def test_the_sign_and_the_factor_are_named():
    problem = problem_of("layers.linear.dW")
    found = {what: grade(problem, answer).diagnoses[0] for what, answer in near_misses(problem)}
    assert found["negated"].startswith("the sign")
    assert "2 too much" in found["doubled"]
    assert found["a sum dropped"].startswith("the sum over n is missing")
    assert found["transposed"].startswith("transposed")
    assert "dY is missing" in found["what comes from above left out"]


def test_every_layer_of_the_catalogue_has_its_skills():
    wanted = {f"layers.{name}.{cotangent}" for name, layer in LAYERS.items() for cotangent in _cotangents(layer)}
    assert NAMES.keys() == wanted
    assert len(layer_skills()) == len(wanted)
    assert {name: set(family.inputs) for name, family in FAMILIES.items()} == {
        name: set(layers) for name, layers in LAYERS.families.items()
    }
    assert all(name in FAMILIES[family_of(name)].inputs for name in LAYERS)
    assert family_of("no such layer") is None


def _cotangents(layer):
    return [f"d{tensor.name}" for tensor in layer.inputs if not tensor.integer]


def test_problems_with_longer_derivations_are_harder():
    easy, middle, hard = (
        difficulty_of(problem_of(f"layers.{name}")) for name in ("linear.db", "softmax.dZ", "layer_norm.dX")
    )
    assert easy < middle < hard
    assert easy == len([step for step in derive("linear").steps if step.target == "b"])


def test_a_problem_has_hints_and_says_what_is_given():
    problem = layer_skill_problem("linear", "dW", np.random.default_rng(1), 3)
    assert problem.skill == "layers.linear.dW"
    assert "Given dY, what is dW?" in problem.prompt
    assert problem.hints[0].startswith("chain rule")
    assert len(problem.hints) == 3
