"""Layers made of layers compute what their parts compute, one after the other, and derive like any other."""

import numpy as np
import pytest

from derivations import LAYERS, DerivationError, NotationError, derive
from derivations.activations import RELU
from derivations.attention import MULTI_HEAD_ATTENTION
from derivations.compose import compose, over, part
from derivations.composite import RESIDUAL_BLOCK, TRANSFORMER_BLOCK
from derivations.convolution import CONV2D
from derivations.linear import LINEAR
from derivations.normalization import BATCH_NORM
from derivations.structure import RESIDUAL_ADD

TWO = compose("two", "Linear, then relu.", part(LINEAR, Y="Z"), part(RELU, X="Z", D="C"))


def test_parts_are_joined_by_the_names_of_their_tensors():
    assert [equation.text for equation in TWO.equations] == [
        "Z[n, c] = sum[d](X[n, d]*W[d, c]) + b[c]",
        "Y[n, c] = maximum(0, Z[n, c])",
    ]
    assert [tensor.name for tensor in TWO.inputs] == ["X", "W", "b"]
    assert derive(TWO).cotangents["dW"].text == "dW[d, c] = sum[n](X[n, d]*dZ[n, c])"


def test_what_a_layer_did_over_the_batch_it_does_over_places_too():
    rng = np.random.default_rng(0)
    wide, narrow = over(BATCH_NORM, "N", "H"), BATCH_NORM
    values = wide.random_inputs({"N": 2, "H": 3, "D": 2}, rng)
    flat = narrow.evaluate({**values, "X": np.reshape(values["X"], (6, 2))}, "float64")["Y"]
    np.testing.assert_allclose(wide.evaluate(values, "float64")["Y"].reshape(6, 2), flat, rtol=1e-13)


def test_sizes_and_options_may_become_numbers():
    fixed = part(CONV2D, R=3, S=3, pad=1, stride=1, dilation=1, b=0)
    assert fixed.options == ()
    assert fixed.size_definitions == {}
    assert [str(tensor) for tensor in fixed.tensors] == ["X[N, H, W, C]", "K[3, 3, C, F]", "Y[N, H, W, F]"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([part(LINEAR, Y="Z"), part(LINEAR, W="V", Y="Z", b="a")], "both define Z"),
        ([part(LINEAR, Y="Z"), part(RELU, X="Z")], r"Z\[N, D\] of relu is Z\[N, C\] elsewhere"),
        ([part(LINEAR, Y="H"), part(RELU, X="H", Y="V", D="C"), part(LINEAR, X="V", D="C", C="H", W="U")], "H"),
    ],
)
def test_what_does_not_fit_is_refused(parts, message):
    with pytest.raises(DerivationError, match=message):
        compose("wrong", "", *parts)


def test_a_name_that_the_part_lacks_is_refused():
    with pytest.raises(DerivationError, match="linear has nothing called 'V'"):
        part(LINEAR, V="W")


@pytest.mark.parametrize("block", [TRANSFORMER_BLOCK, RESIDUAL_BLOCK], ids=lambda block: block.name)
def test_every_step_of_a_block_holds(block):
    steps = derive(block).steps
    assert {str(step.proof) for step in steps if not step.proof.holds} == set()
    assert {step.proof.verdict for step in steps if step.rule != "differentiate"} == {"proved"}


def test_a_bracket_stays_with_what_it_keeps_from_dividing_by_zero():
    without_claims = part(MULTI_HEAD_ATTENTION)
    rng = np.random.default_rng(0)
    values = without_claims.random_inputs({"N": 1, "T": 2, "D": 2, "H": 1, "E": 2}, rng)
    values |= {"M": np.zeros((1, 2, 2), int), "dY": np.ones((1, 2, 2))}
    assert not derive(without_claims).evaluate(values, "float64")["dWq"].any()


def test_the_parts_of_blocks_do_not_take_the_places_of_their_layers():
    assert list(LAYERS)[-2:] == ["transformer_block", "residual_block"]
    assert LAYERS["relu"] is RELU


@pytest.mark.parametrize("block", [TRANSFORMER_BLOCK, RESIDUAL_BLOCK], ids=lambda block: block.name)
def test_what_is_claimed_of_a_block_is_proved_for_all_sizes(block):
    proofs = derive(block).claims
    assert [claim.name for claim, _ in proofs] == [claim.name for claim in block.claims]
    assert [claim.text for claim, proof in proofs if proof.verdict != "proved"] == []


def test_a_claim_that_forgets_what_goes_around_is_refuted():
    block = compose(
        "block",
        "A linear layer beside nothing.",
        part(LINEAR, C="D", Y="F"),
        part(RESIDUAL_ADD),
        claims={
            "dX[n, d] = sum[k](dY[n, k]*W[d, k])": "through",
            "dX[n, d] = dY[n, d] + sum[k](dY[n, k]*W[d, k])": "through and around",
        },
    )
    assert [claim.label for claim in block.claims] == ["through", "through and around"]
    assert [proof.verdict for _, proof in derive(block).claims] == ["refuted", "proved"]


def test_a_claim_about_what_the_whole_does_not_have_is_refused():
    with pytest.raises(NotationError, match="'V' is used but not declared"):
        compose("block", "", part(LINEAR), claims={"dX[n, d] = sum[c](dY[n, c]*V[d, c])": ""})
