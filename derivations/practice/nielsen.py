"""Nielsen's exercises as skills: what each is called, what it builds on, and how its problems are made.

His delta is dz here, his gradient of the cost with respect to the activations is da. Every truth is derived.

Source: Nielsen (2015), Neural Networks and Deep Learning, ch. 2 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from derivations.practice.costs import CROSS_ENTROPY, LOG_LIKELIHOOD, SOFTMAX
from derivations.practice.exercise import Levels
from derivations.practice.four_equations import ALTERNATE, BP1, BP2, BP3, BP4, MINI_BATCH
from derivations.practice.mastery import SET_LENGTH
from derivations.practice.neurons import LINEAR_NEURONS, MODIFIED_NEURON, SIGMOID_PRIME, TANH
from derivations.practice.problem import Problem
from derivations.practice.skill import Skill

TOPIC = "Nielsen's exercises"

EXERCISES: Mapping[str, Levels] = {
    "nielsen.sigmoid_prime": SIGMOID_PRIME,
    "nielsen.bp1": BP1,
    "nielsen.bp2": BP2,
    "nielsen.bp3": BP3,
    "nielsen.bp4": BP4,
    "nielsen.alternate": ALTERNATE,
    "nielsen.cross_entropy": CROSS_ENTROPY,
    "nielsen.softmax": SOFTMAX,
    "nielsen.log_likelihood": LOG_LIKELIHOOD,
    "nielsen.tanh": TANH,
    "nielsen.linear_neurons": LINEAR_NEURONS,
    "nielsen.modified_neuron": MODIFIED_NEURON,
    "nielsen.mini_batch": MINI_BATCH,
}


def nielsen_problem(skill: str, rng: np.random.Generator, difficulty: int) -> Problem:
    """One of the exercises of a skill, `nielsen_problem("nielsen.bp2", rng, 1)`, of difficulty 1, 2 or 3.

    A skill with fewer difficulties gives its hardest. Raises KeyError for an unknown skill.
    """
    levels = EXERCISES[skill]
    level = levels[min(difficulty, len(levels)) - 1]
    return level[int(rng.integers(len(level)))].problem(skill)


def _skill(name: str, title: str, *prerequisites: str) -> Skill:
    exercises = sum(map(len, EXERCISES[name]))
    return Skill(name, title, TOPIC, prerequisites, partial(nielsen_problem, name), min(exercises, SET_LENGTH))


SKILLS = (
    _skill(
        "nielsen.sigmoid_prime",
        "Sigmoid's slope: sigma' = sigma*(1 - sigma)",
        "derivatives.quotients",
        "chain_rule.composites",
    ),
    _skill("nielsen.bp1", "BP1: the error of the last layer", "nielsen.sigmoid_prime", "many_variables.partial"),
    _skill("nielsen.bp2", "BP2: the error of an earlier layer", "nielsen.bp1", "many_variables.gradients"),
    _skill("nielsen.bp3", "BP3: the gradient of the biases", "nielsen.bp1"),
    _skill("nielsen.bp4", "BP4: the gradient of the weights", "nielsen.bp2", "nielsen.bp3"),
    _skill("nielsen.alternate", "The equations with diagonal matrices", "nielsen.bp2", "many_variables.jacobians"),
    _skill("nielsen.cross_entropy", "The cross-entropy: delta = a - y", "nielsen.bp1"),
    _skill("nielsen.softmax", "The derivative of the softmax", "nielsen.bp2", "many_variables.index_jacobians"),
    _skill(
        "nielsen.log_likelihood", "Softmax with the log-likelihood cost", "nielsen.softmax", "nielsen.cross_entropy"
    ),
    _skill("nielsen.tanh", "tanh as a rescaled sigmoid", "nielsen.sigmoid_prime"),
    _skill("nielsen.linear_neurons", "Backpropagation with linear neurons", "nielsen.bp4"),
    _skill("nielsen.modified_neuron", "Backpropagation with one modified neuron", "nielsen.bp2", "nielsen.tanh"),
    _skill("nielsen.mini_batch", "The matrix form over a mini-batch", "nielsen.bp4"),
)
