"""A fused layer is the layers that it is composed of, one after the other, and is derived like any other."""

import numpy as np
import pytest

from derivations import LAYERS, derive, read_equation
from derivations.fused_convolution import CONV_RELU_POOL2D
from derivations.proof import prove_claim

SIZES = {"N": 2, "H": 6, "W": 5, "C": 2, "R": 3, "S": 2, "F": 3, "pad": 1}


def test_every_claim_and_every_step_but_differentiation_holds_for_all_sizes():
    derivation = derive(CONV_RELU_POOL2D)
    assert [claim.text for claim, proof in derivation.claims if proof.verdict != "proved"] == []
    assert {claim.name for claim, _ in derivation.claims} == {"dZ", "dA", "dX", "dK", "db"}
    others = {step.proof.verdict for step in derivation.steps if step.rule not in ("differentiate", "textbook form")}
    assert others == {"proved"}
    assert all(step.proof.holds for step in derivation.steps)
    assert derivation.witness.holds


@pytest.mark.parametrize(
    "wrong",
    [
        "dA[n, p, q, f] = dZ[n, p//2, q//2, p%2, q%2, f]",
        "dA[n, p, q, f] = dZ[n, p//2, q//2, p%2, q%2, f]*[A[n, p, q, f] >= 0]",
        "dA[n, p, q, f] = dZ[n, p//2, q//2, q%2, p%2, f]*[A[n, p, q, f] > 0]",
        "dA[n, p, q, f] = dY[n, p//2, q//2, f]*[A[n, p, q, f] > 0]",
        "dK[r, s, c, f] = sum[n, p, q](X[n, p + r, q + s, c]*dA[n, p, q, f])",
        "db[f] = sum[n, u, v](dY[n, u, v, f])",
    ],
    ids=["no relu", "slope 1 at 0", "window transposed", "all places", "no padding", "b behind the relu"],
)
def test_a_wrong_backward_is_not_proved(wrong):
    assert prove_claim(read_equation(wrong, CONV_RELU_POOL2D), derive(CONV_RELU_POOL2D)).verdict != "proved"


def test_it_computes_what_its_parts_compute_one_after_the_other():
    rng = np.random.default_rng(0)
    values = CONV_RELU_POOL2D.random_inputs(SIZES, rng)
    A = LAYERS["conv2d"].evaluate({**values, "stride": 1, "dilation": 1}, "float64")["Y"]
    pool = {"R": 2, "S": 2, "stride": 2, "pad": 0}
    values["dY"] = rng.standard_normal((2, 3, 3, 3))
    found = derive(CONV_RELU_POOL2D).evaluate(values, "float64")

    B = np.maximum(A, 0)
    np.testing.assert_array_equal(found["Y"], LAYERS["max_pool2d"].evaluate({"X": B, **pool}, "float64")["Y"])
    dB = derive("max_pool2d").evaluate({"X": B, "dY": values["dY"], **pool}, "float64")["dX"]
    convolved = derive("conv2d").evaluate({**values, "stride": 1, "dilation": 1, "dY": dB * (A > 0)}, "float64")
    for name in ("dX", "dK", "db"):
        np.testing.assert_allclose(found[name], convolved[name], rtol=1e-12, atol=1e-12)


def test_of_equals_the_first_gets_the_cotangent_and_at_0_nothing_passes():
    values = {"X": np.ones((1, 2, 2, 1)), "K": np.ones((1, 1, 1, 2)), "b": np.array([0.0, -1.0]), "pad": 0}
    dX = derive(CONV_RELU_POOL2D).evaluate({**values, "dY": np.array([[[[3.0, 5.0]]]])}, "float64")["dX"]
    np.testing.assert_array_equal(dX[0, :, :, 0], [[3, 0], [0, 0]])
