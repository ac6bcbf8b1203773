"""Every normalization's textbook backward is proved for all sizes, and a wrong one is not."""

from fractions import Fraction

import pytest
import sympy as sp

from derivations import LAYERS, derive, read_equation
from derivations.normal import normal_form
from derivations.proof import prove_claim
from derivations.ranges import Known

NAMES = [
    "batch_norm",
    "batch_norm_evaluation",
    "layer_norm",
    "rms_norm",
    "group_norm",
    "instance_norm",
    "weight_norm",
    "l2_normalization",
]


@pytest.mark.parametrize("name", NAMES)
def test_what_the_textbook_says_is_proved_for_all_sizes(name):
    derivation = derive(name)
    assert {claim.name for claim in LAYERS[name].claims} >= set(derivation.cotangents)
    assert {claim.text: proof.verdict for claim, proof in derivation.claims} == {
        claim.text: "proved" for claim in LAYERS[name].claims
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_proved_or_certified_and_encloses_the_true_derivative(name):
    derivation = derive(name)
    open_steps = [(step.rule, str(step.proof)) for step in derivation.steps if not step.proof.holds]
    assert open_steps == []
    assert derivation.witness.holds


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("batch_norm", "dX[n, d] = gamma[d]*dY[n, d]/sqrt(v[d] + eps)"),
        ("batch_norm", "dX[n, d] = gamma[d]/sqrt(v[d] + eps)*(dY[n, d] - mean[m](dY[m, d]))"),
        ("layer_norm", "dX[n, d] = gamma[d]*(dY[n, d] - mean[j](dY[n, j]))/sqrt(v[n] + eps)"),
        ("rms_norm", "dX[n, d] = (dY[n, d] - Xhat[n, d]*mean[j](dY[n, j]*Xhat[n, j]))/sqrt(v[n] + eps)"),
        ("weight_norm", "dV[d, c] = g[c]/r[c]*dW[d, c]"),
        ("l2_normalization", "dX[n, d] = dY[n, d]/r[n]"),
    ],
)
def test_statistics_treated_as_constants_and_forgotten_factors_are_refuted(name, wrong):
    proof = prove_claim(read_equation(wrong, LAYERS[name]), derive(name))
    assert proof.verdict == "refuted"


def test_the_normal_form_stays_exact_when_it_turns_a_divisor_round():
    a, b = sp.symbols("a b", real=True)
    for _, _, _, coefficient in normal_form(1 / (b - a) + 1 / (b - a) ** 2 + 1 / (a - b) ** 3, Known()):
        assert isinstance(coefficient, Fraction)
