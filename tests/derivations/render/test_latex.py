"""LaTeX has balanced braces, whatever was derived, and prints cotangents as partial derivatives."""

import re
import shutil
import subprocess

import pytest
import sympy as sp
from hypothesis import given, settings

from derivations import LAYERS, derive, read_layer
from derivations.render.html import derivation_html
from derivations.render.latex import Breakable, latex
from derivations.render.latex_page import latex_page
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


@pytest.mark.parametrize("name", ["bilinear", "lstm", "gru", "transformer_block", "linear_recurrence"])
def test_no_name_gets_a_second_subscript(name):
    for equation in derive(name).equations:
        shown = equation.latex
        assert not re.search(r"[_^]\{\w+\}_", shown), shown
        # Around a single accent TeX takes the braces away, and finds two subscripts.
        assert not re.search(r"\{\\hat (\w|\\[a-z]+)_\{\w+\}\}_", shown), shown


def test_names_are_written_as_mathematicians_do():
    n = sp.Symbol("n", integer=True)
    for name, shown in (
        ("X1", r"{X_{1}}_{n}"),
        ("Xhat", r"\hat X_{n}"),
        ("Xhat1", r"{\hat{X_{1}}}_{n}"),
        ("v1", r"{v_{1}}_{n}"),
        ("vX", r"v_{X_{n}}"),
        ("W_next", r"W^{\text{next}}_{n}"),
        ("dz_next", r"\frac{\partial L}{\partial z^{\text{next}}_{n}}"),
        ("dh_total", r"\left.\frac{\partial L}{\partial h_{n}}\right|_{\text{total}}"),
    ):
        assert latex(sp.IndexedBase(name)[n]) == shown
    assert latex(sp.IndexedBase("W_next")[n] ** 2) == r"\left(W^{\text{next}}_{n}\right)^{2}"


def test_long_fractions_are_decimals_and_powers_of_ten():
    x = sp.Symbol("x", real=True)
    assert latex(sp.Rational(8943, 200000) * x) == r"0.044715\, x"
    assert latex(x / 10**12) == r"10^{-12}\, x"
    assert latex(-x / (4 * 10**12)) == r"-2.5 \cdot 10^{-13}\, x"
    assert latex(sp.Rational(10507009873554805, 10**16) * x) == r"1.0507009873\ldots\, x"


def test_long_conditions_stand_one_below_the_other():
    assert (
        derive("max_pool2d")
        .layer.equations[0]
        .latex.endswith(
            r"& \text{if } 0 \le \mathit{stride}\, p + r - \mathit{pad} \le H - 1 "
            r"\\ & \text{and } 0 \le \mathit{stride}\, q + s - \mathit{pad} \le W - 1 "
            r"\\ -\infty & \text{otherwise} \end{cases}"
        )
    )


def test_a_line_may_break_where_a_fraction_is_long():
    x = sp.symbols("x0:30", real=True)
    assert Breakable().text(sp.Add(*x[:2]) / x[2]) == r"\frac{x_{0} + x_{1}}{x_{2}}"
    assert Breakable().text(sp.Add(*x[1:]) / x[0]).startswith(r"\frac{1}{x_{0}}\,\allowbreak (x_{1} + ")


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_pdflatex_compiles_every_layer_and_nothing_is_wider_than_the_page(tmp_path):
    for name in LAYERS:
        (tmp_path / f"{name}.tex").write_text(latex_page(derive(name)), encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
        assert done.returncode == 0, done.stdout[-3000:]
        assert "Overfull" not in done.stdout, name
