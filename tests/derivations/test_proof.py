"""Wrong claims are refused, with values at which both sides, computed by loops, do differ."""

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derivations import NotationError, derive, layer, read_equation, read_layer
from derivations.proof import prove
from tests.derivations.loops import Loops, exact, parsed
from tests.strategies import DECLARED, SMOOTH, equal_pairs, mistaken

LAYER = read_layer(f"{DECLARED}  Y[N]\nY[n] = V[n]")


def both_sides(counterexample, left: str, right: str, letters: list[str]):
    """What loops give for the two sides, at the entry that the counterexample names."""
    values = {name: v if isinstance(v, int) else exact(v) for name, v in counterexample.values.items()}
    shapes = {t.name: tuple(counterexample.sizes.get(str(size), 1) for size in t.sizes) for t in LAYER.inputs}
    cancelled = {t.name: np.ones(shapes[t.name], int if t.integer else float) for t in LAYER.inputs}
    loops = Loops({name: exact(value) for name, value in cancelled.items()} | values, counterexample.sizes)
    place = dict.fromkeys("ndm", 0) | dict(zip(letters, counterexample.entry, strict=True))
    return (loops.value(parsed(side), place) for side in (left, right))


def letters_in(claim) -> list[str]:
    """The free indices that reading left over: d in [d < d] is none."""
    return [index.name for index in claim.ranges if claim.lhs.has(index) or claim.rhs.has(index)]


WRONG = [
    ("V[n]", "-V[n]"),
    ("2*V[n]", "V[n]"),
    ("sum[i](V[i])", "mean[i](V[i])"),
    ("sum[i](V[i]**2)", "sum[i](V[i])**2"),
    ("S[d, 0]", "S[0, d]"),
    ("V[n + 1]", "V[n]"),
    ("X[n, T[n]]", "X[n, 0]"),
    ("V[n]*[d < d]", "V[n]"),
    ("X[n, T[n]] - X[n, T[n]]", "V[n]"),
    ("exp(V[n])", "1 + V[n]"),
    ("tanh(V[n])", "sigmoid(V[n])"),
    ("maximum(V[n], 0)", "abs(V[n])"),
    ("max[i](V[i])", "sum[i](V[i])"),
    ("sqrt(V[n]**2)", "V[n]"),
    ("1/(1 + V[n]**2)", "1 - V[n]**2"),
    ("sum[k](S[d, k]*X[n, k])", "sum[k](S[k, d]*X[n, k])"),
]


@pytest.mark.parametrize(("left", "right"), WRONG)
def test_wrong_claims_are_refuted_by_a_true_counterexample(left, right):
    claim = read_equation(f"{left} = {right}", LAYER)
    proof = prove(claim.lhs, claim.rhs, LAYER, claim.ranges)
    assert proof.verdict == "refuted"
    one, other = both_sides(proof.counterexample, left, right, letters_in(claim))
    assert abs(one - other) > 1e-12
    np.testing.assert_allclose([proof.counterexample.left, proof.counterexample.right], [float(one), float(other)])


@given(equal_pairs(SMOOTH), st.data())
@settings(max_examples=15)
def test_whatever_is_refuted_differs_and_whatever_holds_does_not(pair, data):
    left, right = pair[0], data.draw(mistaken(pair[1]))
    try:
        claim = read_equation(f"{left} = {right}", LAYER)
    except NotationError:
        assume(False)
    letters = [index.name for index in claim.ranges]
    assume(set(letters) <= set("ndm"))
    proof = prove(claim.lhs, claim.rhs, LAYER, claim.ranges)
    if proof.counterexample is not None:
        one, other = both_sides(proof.counterexample, left, right, letters_in(claim))
        assert abs(one - other) > mpmath.mpf(10) ** -40 * max(abs(one), abs(other))
    else:
        assert proof.holds or "no point" in proof.method


def test_what_holds_says_how_it_is_known():
    known = {
        "V[n] + V[n] = 2*V[n]": "proved",
        "abs(sin(V[n])) = maximum(sin(V[n]), -sin(V[n]))": "certified",
        "V[n] = a": "refuted",
    }
    for text, verdict in known.items():
        claim = read_equation(text, LAYER)
        proof = prove(claim.lhs, claim.rhs, LAYER, claim.ranges)
        assert proof.verdict == verdict
        assert str(proof).startswith(verdict)


def test_a_claim_that_no_point_can_decide_is_open():
    claim = read_equation("log(-1 - V[n]**2) = V[n]", LAYER)
    assert prove(claim.lhs, claim.rhs, LAYER, claim.ranges).verdict == "open"


def test_counterexamples_are_small_and_simple():
    claim = read_equation("sum[i](V[i]) = V[n]", LAYER)
    proof = prove(claim.lhs, claim.rhs, LAYER, claim.ranges)
    assert proof.counterexample.sizes["N"] == 2
    assert set(proof.counterexample.values) == {"V"}
    assert "1 on the right" in str(proof)


def test_counterexamples_respect_sizes_that_follow_from_others():
    made = layer(
        "windows",
        tensors="X[H]  K[R]  Y[P]",
        equations="P = (H + 2*pad - R)//stride + 1\nY[p] = sum[r](X[stride*p + r - pad]*K[r])",
        claims="dK[r] = sum[p](dY[p]*X[stride*p - r - pad])",
    )
    ((_, proof),) = derive(made).claims
    assert proof.verdict == "refuted"
    sizes = proof.counterexample.sizes
    assert sizes["H"] >= 1


def test_nothing_that_has_no_sizes_is_looked_for_forever():
    empty = read_layer("X[N - 60] Y[N - 60]\nY[n] = tanh(X[n])")
    assert not derive(empty).witness.holds


@pytest.mark.parametrize("name", ["left", "right", "Y_", "kink", "np", "window1"])
def test_no_name_of_a_tensor_gets_in_the_way(name):
    derivation = derive(read_layer(f"{name}[N] Y[N]\nY[n] = tanh({name}[n])"))
    assert derivation.witness.holds
    assert all(step.proof.holds for step in derivation.steps)
