"""Equations at other operands: the numbers that a fresh evaluation gives, and no group of them evaluated twice."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import recall
from checks.suite import SUITE
from checks.suspect import Suspect
from derivations.evaluate import evaluate_equations
from tests.checks.causes import benches

ROWS = {row.layer: row for row in SUITE}
NAMES = ("lstm", "layer_norm", "linear", "softmax_cross_entropy", "multi_head_attention")


@lru_cache
def trial_of(name):
    (bench,) = benches(ROWS[name], count=1)
    return bench.trial


def suspect(trial, name):
    """An answer to be explained; what it is makes no difference here."""
    return Suspect(trial, name, np.zeros(1))


def afresh(trial):
    """The same trial, which remembers nothing."""
    return replace(trial)


@given(data=st.data())
def test_what_is_remembered_is_what_a_fresh_evaluation_gives(data):
    trial = trial_of(data.draw(st.sampled_from(NAMES)))
    asked = suspect(trial, data.draw(st.sampled_from([*trial.derivation.cotangents])))
    operand, factor = data.draw(st.sampled_from(asked.used)), data.draw(st.sampled_from([-1.0, 0.5, 2.0]))
    changed = {operand: factor * asked.operands[operand]}
    last = data.draw(st.sampled_from(asked.ways))
    again = suspect(afresh(trial), asked.name)
    np.testing.assert_array_equal(asked.answer_at(changed, last=last), again.answer_at(changed, last=last))


@given(data=st.data())
def test_other_inputs_give_what_the_derivation_gives_there(data):
    trial = trial_of(data.draw(st.sampled_from(NAMES)))
    asked = suspect(trial, data.draw(st.sampled_from([*trial.derivation.cotangents, *trial.outputs])))
    names = data.draw(st.sets(st.sampled_from(trial.real_inputs)))
    inputs = {name: np.asarray(trial.values[name]) * 0.75 for name in names}
    whole = trial.derivation.evaluate({**trial.values, **inputs}, "float64")[asked.name]
    np.testing.assert_allclose(asked.truth_at(inputs), whole, rtol=1e-12, atol=1e-14)


@pytest.fixture
def evaluated(monkeypatch):
    """The names of the equations that are evaluated from now on."""
    names = []

    def evaluate(layer, equations, *rest, **options):
        names.extend(equation.name for equation in equations)
        return evaluate_equations(layer, equations, *rest, **options)

    monkeypatch.setattr(recall, "evaluate_equations", evaluate)
    return names


def test_what_two_cotangents_share_is_evaluated_once(evaluated):
    trial = afresh(trial_of("lstm"))
    changed = {"c": 2 * np.asarray(trial.truth["c"].value)}
    for name in ("dWx", "dWh", "dWx"):
        suspect(trial, name).answer_at(changed)
    assert evaluated.count("dWx") == evaluated.count("dWh") == 1
    assert len(evaluated) == len({*evaluated}) > 2


def test_an_array_that_was_written_to_is_another_one(evaluated):
    trial = afresh(trial_of("linear"))
    asked, W = suspect(trial, "dX"), np.array(trial.values["W"])
    before = asked.answer_at({"W": W})
    W *= 3
    np.testing.assert_allclose(asked.answer_at({"W": W}), 3 * before)
    assert evaluated == ["dX", "dX"]


def test_an_equation_that_is_replaced_is_another_one_and_so_is_what_reads_it():
    trial = afresh(trial_of("lstm"))
    asked = suspect(trial, "dWx")
    inner = next(equation for equation in asked.equations[:-1] if equation.name in asked.used)
    doubled = asked.answer_by(replace(inner, rhs=2 * inner.rhs))
    assert not np.allclose(doubled, asked.expected)
    np.testing.assert_allclose(asked.answer_by(inner), asked.expected, rtol=1e-12)


def test_of_too_much_some_is_forgotten_and_the_numbers_are_the_same(monkeypatch, evaluated):
    trial = afresh(trial_of("linear"))
    asked, changed = suspect(trial, "dX"), {"W": np.asarray(trial.values["W"]) / 2}
    once = asked.answer_at(changed)
    monkeypatch.setattr(recall, "_MOST", 0)
    asked.answer_at({"W": np.asarray(trial.values["W"]) / 4})
    asked.answer_at({"W": np.asarray(trial.values["W"]) / 8})
    np.testing.assert_array_equal(asked.answer_at(changed), once)
    assert evaluated == ["dX"] * 4
