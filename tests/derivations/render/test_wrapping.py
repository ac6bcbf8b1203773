"""Nothing is lost by wrapping, no line is too long, and names stay whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.render.wrapping import together, wrapped

FORMULA = "dK[r,s,c,f] = Σ_(n,p,q) X[n,dilation·r+stride·p-pad,c]·dY[n,p,q,f]·δ(f,k)·(1 - tanh(Z[n,p,q,f])²)"


def joined(lines) -> str:
    return "".join("".join(lines).split())


@given(st.text(alphabet="ab ·,+-()[]", max_size=200), st.integers(20, 80), st.integers(0, 4))
def test_nothing_is_lost_and_no_line_is_too_long(text, width, hang):
    lines = list(wrapped(text, "    ", width, hang))
    assert joined(lines) == joined([text])
    assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize("width", range(34, 100))
def test_factors_and_names_stay_whole(width):
    lines = list(wrapped(FORMULA, "", width))
    for whole in ("dK[r,s,c,f]", "dY[n,p,q,f]·", "δ(f,k)·", "X[n,dilation·r+stride·p-pad,c]·", "tanh(Z[n,p,q,f])²)"):
        assert any(whole in line for line in lines), (whole, lines)


def test_what_belongs_together_stays_together():
    text = f"{together('stride in 1..')}   {together('pad in 0..')}"
    assert list(wrapped(text, "  ", 20)) == ["  stride in 1..", "  pad in 0.."]
    assert list(wrapped(text, "  ", 40)) == ["  stride in 1..   pad in 0.."]


def test_an_empty_text_is_one_line():
    assert list(wrapped("", "  ", 20)) == ["  "]
