"""What is typed as elsewhere is answered with how the notation says it, and that can be read."""

import re

import pytest

from derivations import NotationError, read_equation, read_layer, spellings

LAYER = "X[N, D] W[D, C] Z[N, C] m[N] T[N] in 0..C-1 Y\n"


@pytest.mark.parametrize("name", spellings._FUNCTIONS)
def test_what_is_proposed_for_a_function_can_be_read(name):
    form = re.split(r", (?:which|with|of|or) ", spellings._FUNCTIONS[name])[0]
    form = re.sub(r"\b[xab]\b", "m[n]", form)
    read_equation(f"Y = {form}", read_layer(f"{LAYER}Y = sum[n](m[n])"))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Y = relu(m[0])", "write maximum(0, x)"),
        ("Y = var[n](m[n])", "write mean[d]"),
        ("Y = m[0]^2", "a power is x**2"),
        ("Y = β", "write beta"),
        ("Y = sum[n](m[n] if m[n] > 0 else 0)", "write where(condition, a, b)"),
        ("Y = 2m[0]", "a product is written 2*x"),
        ("Y = e**m[0]", "write exp(x)"),
        ("0 < p < 1", "write 0 < p <= 1"),
        ("M[N] in {0, 1}", "a range is written in 0..1"),
        ("eta = 0.1", "as eta > 0"),
        ("g[D] eta = 0.1", "a line of their own"),
        ("v[n]\nY = sum[n](v[n])", "sizes are capitals"),
    ],
)
def test_the_answer_says_what_to_write(text, answer):
    with pytest.raises(NotationError, match=re.escape(answer)):
        read_layer(LAYER + text)


def test_of_what_nobody_writes_nothing_is_proposed():
    assert spellings.of_function("frobnicate") == ""
    assert spellings.of_character("$") == ""
    assert spellings.of_character("\N{CYRILLIC SMALL LETTER A}") == ""
