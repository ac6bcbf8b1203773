"""A terminal's mathematics: short, and without the brackets that only say that a tensor is zero outside its range."""

import pytest
from hypothesis import given

from derivations import read_layer
from derivations.render.unicode import is_padded, unicode
from tests.strategies import layers


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("sum[k](X[k]*a)", "a·Σ_k X[k]"),
        ("sum[k](X[k] + a)", "Σ_k (a + X[k])"),
        ("X[n]**2/2", "X[n]²/2"),
        ("X[n]**-2", "1/X[n]²"),
        ("sigmoid(X[n])*abs(X[n])", "σ(X[n])·|X[n]|"),
        ("sqrt(a)*pi", "π·√a"),
        ("[n <= 2]*X[n]", "X[n]·[n ≤ 2]"),
        ("[n = 2]*X[n]", "X[n]·δ(n,2)"),
        ("X[n + 1]", "X[n+1]"),
        ("where(X[n] != a, X[n], 2)", "where(X[n] ≠ a, X[n], 2)"),
        ("where(n >= 1 and n <= 2 and X[n] > a, X[n], 2)", "where((1 ≤ n ≤ 2) and (X[n] > a), X[n], 2)"),
        ("[n <= a]*[a < X[n]]", "[n ≤ a < X[n]]"),
        ("[n <= 0]*[n > 0]", "[n > 0]·[n ≤ 0]"),
        ("X[n]*0.044715", "0.044715·X[n]"),
        ("X[n] + 1e-12", "1e-12 + X[n]"),
        ("X[n]*-1.0507009873554805", "-1.0507009873…·X[n]"),
    ],
)
def test_it_reads_as_on_paper(written, printed):
    (equation,) = read_layer(f"X[N] a Y[N]\nY[n] = {written}").equations
    assert sorted(unicode(equation.rhs)) == sorted(printed)
    assert unicode(equation.rhs).replace(" ", "").count("(") == printed.count("(")


def test_only_what_says_that_a_tensor_is_zero_outside_is_left_out():
    padded, masked = (
        read_layer(f"X[N] Y[N]\nY[n] = {right}").equations[0].rhs for right in ("X[n + 1]", "[n > 2]*X[n]")
    )
    assert is_padded(padded)
    assert not is_padded(masked)
    assert "[" not in unicode(padded).replace("X[", "")
    assert "[n > 2]" in unicode(masked)


@given(layers())
def test_every_bracket_closes(text):
    for equation in read_layer(text).equations:
        shown = unicode(equation.rhs)
        assert shown.count("(") == shown.count(")")
        assert shown.count("[") == shown.count("]")
        assert "**" not in shown
