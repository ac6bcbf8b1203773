"""Convolutions backwards are transposed convolutions and correlations: proved, for every stride, pad and dilation."""

import pytest

from derivations import NotationError, derive, layer, read_equation
from derivations.convolution import CONV1D, CONV2D, CONV3D
from derivations.grouped_convolution import DEPTHWISE_CONV2D, GROUPED_CONV1D, GROUPED_CONV2D, GROUPED_CONV3D
from derivations.proof import prove_claim
from derivations.transposed_convolution import GROUPED_TRANSPOSED_CONV2D, TRANSPOSED_CONV2D

PLAIN = (CONV1D, CONV2D, CONV3D)
GROUPED = (GROUPED_CONV1D, GROUPED_CONV2D, GROUPED_CONV3D, DEPTHWISE_CONV2D)
TRANSPOSED = (TRANSPOSED_CONV2D, GROUPED_TRANSPOSED_CONV2D)
LAYERS = {each.name: each for each in (*PLAIN, *GROUPED, *TRANSPOSED)}


@pytest.mark.parametrize("name", LAYERS)
def test_what_the_textbook_says_is_proved_for_all_sizes(name):
    derivation = derive(LAYERS[name])
    assert {claim.name for claim in LAYERS[name].claims} == set(derivation.cotangents)
    assert [claim.text for claim, proof in derivation.claims if proof.verdict != "proved"] == []


@pytest.mark.parametrize("name", LAYERS)
def test_every_step_but_differentiation_is_proved_for_all_sizes(name):
    derivation = derive(LAYERS[name])
    verdicts = {(step.rule == "differentiate", step.proof.verdict) for step in derivation.steps}
    assert verdicts == {(True, "certified"), (False, "proved")}
    assert derivation.witness.holds


@pytest.mark.parametrize(
    "wrong",
    [
        "dK[r, s, c, f] = sum[n, p, q](X[n, stride*p + r - pad, stride*q + s - pad, c]*dY[n, p, q, f])",
        """dK[r, s, c, f] = sum[n, p, q](
            X[n, stride*p + dilation*(R - 1 - r) - pad, stride*q + dilation*(S - 1 - s) - pad, c]*dY[n, p, q, f])""",
        """dX[n, h, w, c] = sum[p, q, f](dY[n, p, q, f]
            *K[(h + pad - stride*p)//dilation, (w + pad - stride*q)//dilation, c, f])""",
        "db[f] = sum[p, q](dY[0, p, q, f])",
    ],
    ids=["dilation forgotten", "kernel flipped", "remainder forgotten", "one image only"],
)
def test_a_wrong_backward_is_refuted(wrong):
    assert prove_claim(read_equation(wrong, CONV2D), derive(CONV2D)).verdict == "refuted"


@pytest.mark.parametrize(
    "wrong",
    [
        "dX[n, h, w, c] = sum[r, s, f](dY[n, stride*h + r - pad, stride*w + s - pad, f]*K[r, s, c, f])",
        """dX[n, h, w, c] = sum[r, s, f](
            dY[n, h + dilation*r - pad, w + dilation*s - pad, f]*K[r, s, c, f])""",
        """dK[r, s, c, f] = sum[n, h, w](X[n, h, w, c]
            *dY[n, stride*h + dilation*r - pad - output_pad, stride*w + dilation*s - pad - output_pad, f])""",
    ],
    ids=["dilation forgotten", "stride forgotten", "shifted by output_pad"],
)
def test_a_wrong_backward_of_a_transposed_convolution_is_refuted(wrong):
    assert prove_claim(read_equation(wrong, TRANSPOSED_CONV2D), derive(TRANSPOSED_CONV2D)).verdict == "refuted"


def test_a_delta_fixes_an_index_with_a_factor_by_a_division_that_must_leave_nothing():
    spread = layer(
        "spread",
        tensors="X[N]  Y[M]  stride in 1..",
        equations="M = stride*N \n Y[m] = sum[n]([m = stride*n]*X[n])",
        claims="dX[n] = dY[stride*n]",
    )
    ((_, proof),) = derive(spread).claims
    assert proof.verdict == "proved"
    gathered = layer(
        "gathered",
        tensors="X[N]  Y[M]  stride in 1..",
        equations="N = stride*M \n Y[m] = X[stride*m]",
        claims="dX[n] = [n % stride = 0]*dY[n//stride]",
    )
    derivation = derive(gathered)
    ((_, proof),) = derivation.claims
    assert proof.verdict == "proved"
    assert "//stride" in derivation.cotangents["dX"].text


def test_an_index_that_is_a_quotient_outright_needs_no_remainder():
    repeated = layer("repeated", tensors="X[N]  Y[M]", equations="Y[m] = X[m//2]*[m//2 <= N - 1]")
    derivation = derive(repeated)
    assert derivation.witness.holds
    assert all(step.proof.holds for step in derivation.steps)


def test_an_option_may_have_no_largest_value_but_labels_must():
    strided = layer(
        "strided", tensors="X[N]  stride in 1..  pad in 0 .. 2  Y[P]", equations="P = N//stride\nY[p] = X[stride*p]"
    )
    options = {option.name: option for option in strided.options}
    assert (options["stride"].positive, options["stride"].high) == (True, None)
    assert options["pad"].high == 2
    with pytest.raises(NotationError, match="'T' needs a largest value"):
        layer("labels", tensors="T[N] in 0..  Y[N]", equations="Y[n] = T[n]")
