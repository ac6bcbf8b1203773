"""Backpropagation through time falls out of the equations, and the textbooks are right about it."""

import pytest

from derivations import derive
from derivations.linear_recurrence import LINEAR_RECURRENCE
from derivations.recurrent import GRU, LSTM, RNN_TANH

LAYERS = {layer.name: layer for layer in (RNN_TANH, LSTM, GRU, LINEAR_RECURRENCE)}


@pytest.mark.parametrize("name", LAYERS)
def test_every_claim_is_proved_for_all_sizes(name):
    assert {
        claim.text: proof.verdict for claim, proof in derive(LAYERS[name]).claims if proof.verdict != "proved"
    } == {}


@pytest.mark.parametrize("name", LAYERS)
def test_every_step_but_differentiation_is_proved_for_all_sizes(name):
    verdicts = {(step.rule == "differentiate", step.proof.verdict) for step in derive(LAYERS[name]).steps}
    assert verdicts == {(True, "certified"), (False, "proved")}


@pytest.mark.parametrize("name", LAYERS)
def test_series_carried_through_time_enclose_the_derivative(name):
    assert derive(LAYERS[name]).witness.holds


def test_what_reaches_an_output_in_all_is_called_total():
    derivation = derive(LINEAR_RECURRENCE)
    assert derivation.output_cotangents == ("dh",)
    assert derivation.intermediate_cotangents["dh_total"].text == (
        "dh_total[t, n, m] = dh_total[t + 1, n, m]*a[t + 1, n, m]*[t + 1 <= T - 1] + dh[t, n, m]"
    )


def test_what_is_claimed_of_one_gate_is_not_taken_for_all_of_them():
    equation = derive(LSTM).intermediate_cotangents["da"]
    assert {name for name in ("di", "df", "dg", "do") if f"{name}[" in equation.text} == {"di", "df", "dg", "do"}
