"""Attention's backward falls out of its equations; the textbook form of the softmax's coupling is proved."""

import numpy as np
import pytest

from derivations import derive
from derivations.attention import (
    CAUSAL_ATTENTION,
    LINEAR_ATTENTION,
    MULTI_HEAD_ATTENTION,
    ROTARY_EMBEDDING,
    SCALED_DOT_PRODUCT_ATTENTION,
)

LAYERS = {
    layer.name: layer
    for layer in (
        SCALED_DOT_PRODUCT_ATTENTION,
        CAUSAL_ATTENTION,
        MULTI_HEAD_ATTENTION,
        ROTARY_EMBEDDING,
        LINEAR_ATTENTION,
    )
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_claim_is_proved_for_all_sizes(name):
    assert {
        claim.text: proof.verdict for claim, proof in derive(LAYERS[name]).claims if proof.verdict != "proved"
    } == {}


@pytest.mark.parametrize("name", LAYERS)
def test_every_step_holds(name):
    assert {str(step.proof) for step in derive(LAYERS[name]).steps if not step.proof.holds} == set()


@pytest.mark.parametrize("name", LAYERS)
def test_series_enclose_the_derivative(name):
    assert derive(LAYERS[name]).witness.holds


def test_a_query_that_may_see_no_key_gets_0_and_hands_nothing_back():
    rng = np.random.default_rng(0)
    values = SCALED_DOT_PRODUCT_ATTENTION.random_inputs({"N": 1, "T": 2, "U": 3, "D": 2, "E": 2}, rng)
    values |= {"M": np.array([[[0, 0, 0], [1, 0, 1]]]), "dO": np.ones((1, 2, 2))}
    results = derive(SCALED_DOT_PRODUCT_ATTENTION).evaluate(values, "float64")
    assert not results["O"][0, 0].any()
    assert not results["dQ"][0, 0].any()
    assert results["dQ"][0, 1].any()


def test_a_mask_has_no_kinks():
    rng = np.random.default_rng(0)
    values = SCALED_DOT_PRODUCT_ATTENTION.random_inputs({"N": 1, "T": 2, "U": 3, "D": 2, "E": 2}, rng)
    assert derive(SCALED_DOT_PRODUCT_ATTENTION).kinks(values) == []
