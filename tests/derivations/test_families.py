"""Activations, losses, penalties, products and structure: proved for all sizes, and their NumPy source agrees."""

import inspect

import numpy as np
import pytest

from derivations import (
    LAYERS,
    activations,
    derive,
    dropout,
    gated_activations,
    hard_activations,
    linear,
    losses,
    margin_losses,
    penalties,
    rectifiers,
    regression_losses,
    structure,
)
from derivations.kinks import has_kinks
from derivations.layer import Layer

FAMILIES = (
    activations,
    dropout,
    gated_activations,
    hard_activations,
    linear,
    losses,
    margin_losses,
    penalties,
    rectifiers,
    regression_losses,
    structure,
)
NAMES = sorted(layer.name for family in FAMILIES for layer in vars(family).values() if isinstance(layer, Layer))
# A bracket that a division leaves is true beside the delta that it stands with: the step is certified, the end proved.
CERTIFIED = {"pixel_shuffle": ["contract a delta"]}
# Their branches meet with one slope: nothing has to be agreed.
SMOOTH = {"celu", "huber", "softsign"}


@pytest.mark.parametrize("name", NAMES)
def test_steps_and_claims_hold_for_all_sizes_and_the_whole_is_enclosed(name):
    derivation = derive(name)
    certified = [step.rule for step in derivation.steps if step.proof.verdict != "proved"]
    assert [rule for rule in certified if rule != "differentiate"] == CERTIFIED.get(name, [])
    assert all(step.proof.holds for step in derivation.steps)
    assert {proof.verdict for _, proof in derivation.claims} == {"proved"}
    assert derivation.witness.holds


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_cites_a_source_and_names_its_kinks(name):
    layer = LAYERS[name]
    assert layer.summary.endswith(".")
    assert layer.source
    assert has_kinks(layer) == (bool(layer.kinks) or name in SMOOTH)


@pytest.mark.parametrize("smallest", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_the_numpy_source_runs_and_agrees_also_at_sizes_of_1(name, smallest):
    derivation = derive(name)
    layer, rng = derivation.layer, np.random.default_rng(3)
    sizes = {size: smallest if smallest == 1 else 2 + k % 3 for k, size in enumerate(layer.size_names)}
    values = layer.random_inputs(sizes, rng)
    shapes = layer.evaluate(values, "float64")
    values |= {f"d{tensor.name}": rng.standard_normal(shapes[tensor.name].shape) for tensor in layer.outputs}
    expected = derivation.evaluate(values, "float64")
    module: dict = {}
    exec(derivation.numpy(), module)  # noqa: S102 - our own source is what is tested
    forward, backward = (
        module[which](**{parameter: values[parameter] for parameter in inspect.signature(module[which]).parameters})
        for which in ("forward", "backward")
    )
    np.testing.assert_allclose(forward, expected[layer.output_names[0]], rtol=1e-9, atol=1e-12)
    assert list(backward) == list(derivation.cotangents)
    for cotangent, value in backward.items():
        assert np.shape(value) == expected[cotangent].shape
        np.testing.assert_allclose(value, expected[cotangent], rtol=1e-9, atol=1e-12)
