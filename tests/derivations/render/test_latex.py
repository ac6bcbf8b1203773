"""LaTeX has balanced braces, whatever was derived, and prints cotangents as partial derivatives."""

import re

from hypothesis import given, settings

from derivations import derive, read_layer
from derivations.render.html import derivation_html
from derivations.render.latex import latex_page
from derivations.render.markdown import markdown
from derivations.render.page import page
from tests.strategies import layers, recurrences


def balanced(text: str) -> bool:
    bare = re.sub(r"\\[{}\\]", "", text)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    ends = text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right") - text.count(r"\rightarrow")
    return depth == 0 and ends and text.count(r"\begin{") == text.count(r"\end{")


@given(layers() | recurrences())
@settings(max_examples=8)
def test_braces_are_balanced(text):
    derivation = derive(read_layer(text))
    for step in derivation.steps:
        assert balanced(step._repr_latex_()), step._repr_latex_()
    assert balanced(latex_page(derivation))
    assert balanced(derivation._repr_latex_())


@given(layers())
@settings(max_examples=2)
def test_pages_fit_their_width(text):
    derivation = derive(read_layer(text))
    for width in (1, 40, 80, 200):
        assert max(map(len, page(derivation, width=width).splitlines())) <= max(width, 40)
    assert markdown(derivation)
    assert derivation_html(derivation)


def test_a_cotangent_is_a_partial_derivative():
    left, right = derive("sigmoid").cotangents["dX"].latex.split(" = ")
    assert left == r"\frac{\partial L}{\partial X_{n d}}"
    assert right == r"\frac{\partial L}{\partial Y_{n d}}\, Y_{n d}\, \left(1 - Y_{n d}\right)"


def test_an_option_whose_name_starts_with_d_is_no_cotangent():
    latex = derive("conv1d").cotangents["dX"].latex
    assert r"\mathit{dilation}" in latex
    assert r"\partial \mathit{ilation}" not in latex


def test_no_name_gets_a_second_subscript():
    for name, tensor in (("bilinear", "W"), ("lstm", "Wh")):
        for step in derive(name, wrt=tensor).steps:
            assert not re.search(r"_\{\w+\}_", step._repr_latex_().replace("}}_", "")), step._repr_latex_()
    assert r"{X_{1}}_{n d}" in derive("bilinear").cotangents["dW"].latex
