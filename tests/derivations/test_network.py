"""Nielsen's four equations are derived, proved for all sizes, and hold in a network written in loops."""

import json

import numpy as np
import pytest

from derivations.network import LAST, four_equations, network_json, network_page

LABELS = ["BP1", "BP2", "BP3", "BP4"]


@pytest.mark.parametrize("batch", [False, True])
def test_the_four_equations_are_derived_and_proved(batch):
    rows = four_equations(batch=batch)
    assert [row.name for row in rows] == LABELS
    assert {row.proof for row in rows} == {"proved"}


def test_the_page_and_the_record_name_all_four():
    record = json.loads(json.dumps(network_json()))
    for text in (network_page(), network_page("markdown"), network_page("latex"), json.dumps(record)):
        assert all(label in text for label in LABELS)
    assert max(map(len, network_page(width=80).splitlines())) <= 80


def test_the_last_layer_agrees_with_differences():
    rng = np.random.default_rng(4)
    values = {"a_prev": rng.normal(size=3), "w": rng.normal(size=(2, 3)), "b": rng.normal(size=2)}
    from derivations import derive

    slope = rng.normal(size=2)
    found = derive(LAST).evaluate({**values, "da": slope}, "float64")

    def cost(w):
        z = w @ values["a_prev"] + values["b"]
        return slope @ (1 / (1 + np.exp(-z)))  # what stands in for any activation

    for place in np.ndindex(2, 3):
        step = np.zeros((2, 3))
        step[place] = 1e-6
        change = (cost(values["w"] + step) - cost(values["w"] - step)) / 2e-6
        assert found["dw"][place] == pytest.approx(change, rel=1e-6)
