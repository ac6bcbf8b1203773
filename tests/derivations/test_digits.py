"""Quotients and remainders: an index below A*B is B*q + r in one way only, and nothing else is made of that."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations import LAYERS, derive, read_equation, read_layer
from derivations.expressions import index
from derivations.layer import size_symbol
from derivations.normal import vanishes
from derivations.normal.normalizer import Normalizer
from derivations.ranges import Known

SIZES = {name.lower(): size_symbol(name) for name in "HWC"}
KNOWN = Known({index(name): (0 * size, size - 1) for name, size in SIZES.items()})
MONOMIALS = [(), ("C",), ("W",), ("c",), ("w",), ("h",), ("C", "w"), ("W", "h"), ("C", "W", "h"), ("C", "W")]
BELOW = [(("C",), 1), (("W",), 1), (("C", "W"), 1), (("C", "C"), 1), (("C",), 2), ((), 3)]


def value(affine, values):
    """An index expression at whole numbers, by Python's own // and %."""
    total = 0
    for monomial, coefficient in affine:
        total += coefficient * math.prod(
            values[atom] if isinstance(atom, str) else divided(*atom, values) for atom in monomial
        )
    return total


def divided(tag, above, below, values):
    left, right = value(above, values), value(below, values)
    return left // right if tag == "//" else left % right


@given(
    st.dictionaries(st.sampled_from(MONOMIALS), st.integers(-3, 3).filter(bool), max_size=4),
    st.sampled_from(BELOW),
    st.sampled_from(["//", "%"]),
    st.tuples(*[st.integers(1, 4)] * 3),
    st.randoms(use_true_random=False),
)
def test_a_quotient_or_remainder_keeps_its_value(terms, below, tag, sizes, random):
    above = tuple(sorted(terms.items(), key=repr))
    values = dict(zip("HWC", sizes, strict=True))
    values |= {name: random.randrange(values[name.upper()]) for name in "hwc"}
    simplified = Normalizer(KNOWN).quotient(tag, above, (below,))
    assert value(simplified, values) == divided(tag, above, (below,), values)


@given(
    st.dictionaries(st.sampled_from(MONOMIALS), st.integers(-3, 3).filter(bool), min_size=1, max_size=4),
    st.tuples(*[st.integers(1, 4)] * 3),
    st.randoms(use_true_random=False),
)
def test_a_number_is_0_where_all_its_digits_are(terms, sizes, random):
    zero = tuple(sorted(terms.items(), key=repr))
    values = dict(zip("HWC", sizes, strict=True))
    values |= {name: random.randrange(values[name.upper()]) for name in "hwc"}
    digits = Normalizer(KNOWN).digits(zero)
    assert (value(zero, values) == 0) == all(value(digit, values) == 0 for digit in digits)


def proved(layer, claim):
    read = read_equation(claim, layer)
    return vanishes(read.lhs - read.rhs, Known.of(layer, read.ranges))


IMAGES = read_layer("X[H, W*C]  V[H]  Z[H*W, C]  S[W, C]  Y[H]\nY[h] = V[h]")
RIGHT = [
    ("sum[k](V[k//W]*Z[k, 0])", "sum[h, w](V[h]*Z[h*W + w, 0])"),
    ("sum[k](X[h, k]*S[k//C, k%C])", "sum[w, c](X[h, w*C + c]*S[w, c])"),
    ("Z[h*W + w, (w*C + c)%C]", "Z[h*W + w, c]"),
]
WRONG = [
    ("sum[k](V[k//W]*Z[k, 0])", "sum[h, w](V[h]*Z[w*H + h, 0])"),
    ("sum[k](X[h, k]*S[k//C, k%C])", "sum[w, c](X[h, c*W + w]*S[w, c])"),
    ("sum[k](X[h, k]*S[k%W, k//W])", "sum[w, c](X[h, w*C + c]*S[w, c])"),
    ("Z[h*W + w, (w*C + c)//C%C]", "Z[h*W + w, c]"),
]


@pytest.mark.parametrize(("left", "right"), RIGHT)
def test_a_sum_over_an_index_is_one_over_its_digits(left, right):
    assert proved(IMAGES, f"{left} = {right}")


@pytest.mark.parametrize(("left", "right"), WRONG)
def test_digits_are_not_exchanged(left, right):
    assert not proved(IMAGES, f"{left} = {right}")


@pytest.mark.parametrize("name", ["nearest_upsampling", "pixel_shuffle", "flatten"])
def test_layers_that_rearrange_come_out_in_textbook_form_for_all_sizes(name):
    derivation = derive(name)
    assert [step.proof.verdict for step in derivation.steps if step.rule == "textbook form"] == ["proved"]
    assert all(proof.verdict == "proved" for _, proof in derivation.claims)


@pytest.mark.parametrize("name", ["glu", "swiglu", "nearest_upsampling", "pixel_shuffle", "flatten"])
def test_indices_that_stay_inside_are_not_guarded(name):
    assert "=" not in LAYERS[name].equations[0].text.partition("= ")[2]
