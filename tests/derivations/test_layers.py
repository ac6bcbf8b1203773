"""The first ten layers end where the textbooks do, letter by letter."""

import pytest

from derivations import derive, read_equation
from derivations.proof import prove

PRINTED = {
    "linear": [
        "dX[n, d] = sum[c](dY[n, c]*W[d, c])",
        "dW[d, c] = sum[n](X[n, d]*dY[n, c])",
        "db[c] = sum[n](dY[n, c])",
    ],
    "sigmoid": ["dX[n, d] = dY[n, d]*Y[n, d]*(1 - Y[n, d])"],
    "tanh": ["dX[n, d] = dY[n, d]*(1 - Y[n, d]**2)"],
    "relu": ["dX[n, d] = dY[n, d]*[X[n, d] > 0]"],
    "softmax": ["dZ[n, c] = P[n, c]*(dP[n, c] - sum[k](dP[n, k]*P[n, k]))"],
    "squared_error": ["dY[n, c] = dL*(Y[n, c] - T[n, c])/N", "dT[n, c] = dL*(T[n, c] - Y[n, c])/N"],
    "cross_entropy": ["dP[n, c] = -dL*[c = T[n]]/(N*P[n, c])"],
    "sigmoid_cross_entropy": ["dZ[n, c] = dL*(A[n, c] - T[n, c])/N"],
    "softmax_cross_entropy": ["dZ[n, c] = dL*(P[n, c] - [c = T[n]])/N"],
    "l2_penalty": ["dW[d, c] = dL*lam*W[d, c]"],
}


@pytest.mark.parametrize("name", PRINTED)
def test_the_printed_result_is_the_textbook_s(name):
    assert [equation.text for equation in derive(name).cotangents.values()] == PRINTED[name]


@pytest.mark.parametrize("name", PRINTED)
def test_every_claim_and_every_step_holds_for_all_sizes(name):
    derivation = derive(name)
    assert {str(proof.verdict) for _, proof in derivation.claims} == {"proved"}
    assert {s.proof.verdict for s in derivation.steps if s.rule != "differentiate"} == {"proved"}
    assert {s.proof.verdict for s in derivation.steps if s.rule == "differentiate"} == {"certified"}
    assert derivation.witness.holds


@pytest.mark.parametrize("name", PRINTED)
def test_every_result_can_be_typed_again(name):
    derivation = derive(name)
    for equation in derivation.cotangents.values():
        claim = read_equation(equation.text, derivation.layer)
        assert prove(claim.lhs, claim.rhs, derivation.layer, claim.ranges, derivation.equations).holds, equation.text
