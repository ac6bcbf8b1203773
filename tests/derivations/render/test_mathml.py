"""MathML is well formed whatever was derived, gives every element the children that it needs, and breaks into lines."""

import re
from html import unescape
from xml.etree import ElementTree

import pytest
import sympy as sp
from hypothesis import given, settings

from derivations import LAYERS, derive, read_layer
from derivations.render.mathml import equation_mathml, levelled, mathml, pieces, symbol
from tests.strategies import layers, recurrences

CHILDREN = {"msub": 2, "msup": 2, "msubsup": 3, "mfrac": 2, "munder": 2, "mover": 2}
LEAVES = {"mi", "mn", "mo", "mtext"}


def parsed(run):
    """The elements of a run; raises where it is not well formed, or an element has too many or too few children."""
    root = ElementTree.fromstring(f"<math>{run}</math>")
    for element in root.iter():
        assert len(element) == CHILDREN.get(element.tag, len(element)), (element.tag, run)
        assert element.tag not in LEAVES or (element.text and not len(element)), (element.tag, run)
        assert element.tag in LEAVES or not (element.text or "").strip(), (element.tag, run)
        assert not (element.tail or "").strip(), (element.tag, run)
    return root


def words(run):
    """What is read aloud, or copied: the text, without the sign for applying a function."""
    return unescape(re.sub(r"<[^>]+>", "", run)).replace("\u2061", "")


@given(layers() | recurrences())
@settings(max_examples=8)
def test_whatever_was_derived_is_well_formed(text):
    derivation = derive(read_layer(text))
    for equation in derivation.equations:
        parsed(equation_mathml(equation))
    for step in derivation.steps:
        parsed(mathml(step.before_expression))
        parsed(mathml(step.after_expression, tuple(step.ranges)))


@pytest.mark.parametrize("name", ["softmax", "lstm", "conv2d", "max_pool2d", "huber", "transformer_block"])
def test_layers_of_the_catalogue_are_well_formed(name):
    for equation in derive(name).equations:
        parsed(equation_mathml(equation))
        for piece in pieces(equation_mathml(equation)):
            parsed(piece)


@pytest.mark.parametrize(
    ("layer", "cotangent", "read"),
    [
        ("linear", "dW", "dWd,c=∑nXn,d·dYn,c"),
        ("sigmoid", "dX", "dXn,d=dYn,d·Yn,d·(1−Yn,d)"),
        ("relu", "dX", "dXn,d=dYn,d·[Xn,d>0]"),
        ("absolute_error", "dT", "dTn,c=dL·sign(Tn,c−Yn,c)C·N"),
    ],
)
def test_an_equation_reads_as_it_was_derived(layer, cotangent, read):
    assert words(equation_mathml(derive(layer).cotangents[cotangent])) == read


def test_indices_stand_below_and_a_cotangent_has_an_upright_d():
    root = parsed(equation_mathml(derive("linear").cotangents["db"]))
    left = root[0]
    assert left.tag == "msub"
    assert [child.text for child in left[0]] == ["d", "b"]
    assert left[0][0].get("mathvariant") == "normal"
    assert [child.text for child in left[1]] == ["c"]


def test_long_indices_stand_in_brackets_that_a_line_may_break_in():
    run = equation_mathml(LAYERS["conv2d"].equations[0])
    assert words(run).startswith("Yn,p,q,f=∑r,s,cX[n,r·dilation+stride·p−pad,s·dilation+stride·q−pad,c]·Kr,s,c,f")
    lines = [words(piece) for piece in pieces(run)]
    assert "".join(lines) == words(run)
    assert "s·" in lines
    assert max(map(len, lines)) < 16
    assert "<mo>[</mo>" not in equation_mathml(LAYERS["linear"].equations[0])


def test_long_fractions_can_be_put_into_one_line():
    run = equation_mathml(derive("layer_norm").cotangents["dX"])
    level = levelled(run)
    parsed(level)
    assert "<mfrac>" in run
    assert "<mfrac>" not in level
    assert words(level).startswith("dXn,d=(dYn,d·γd−")
    assert words(level).endswith("))/vn+ε")
    assert [words(piece) for piece in pieces(level)][:3] == ["dXn,d=", "(dYn,d·", "γd"]
    nested = levelled(equation_mathml(derive("gelu_tanh").cotangents["dX"]))
    parsed(nested)
    assert words(nested).count("/") == 2
    short = equation_mathml(LAYERS["layer_norm"].equations[2])
    assert "<mfrac>" in short
    assert levelled(short) == short


def test_what_a_long_fraction_is_divided_by_keeps_together():
    long = f"<mrow>{'<mi>a</mi><mo>·</mo>' * 15}<mi>b</mi></mrow>"
    fraction = f"<mi>c</mi><mfrac>{long}<mrow><mi>d</mi><mo>·</mo><mi>e</mi></mrow></mfrac>"
    assert words(levelled(fraction)) == f"c({'a·' * 15}b)/(d·e)"
    assert words(levelled(f"<mfrac>{long}<mn>2</mn></mfrac>")) == f"({'a·' * 15}b)/2"


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("1/2", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
        ("1/3000", "<mfrac><mn>1</mn><mn>3000</mn></mfrac>"),
        ("8943/200000", "<mn>0.044715</mn>"),
        ("-8943/200000", '<mo form="prefix">−</mo><mn>0.044715</mn>'),
        ("1/1024", "<mn>0.0009765625</mn>"),
        ("1/4000000000000", "<mn>2.5e-13</mn>"),
        ("10507009873554804934193349853/10000000000000000000000000000", "<mn>1.0507009873…</mn>"),
    ],
)
def test_fractions_that_are_long_are_written_as_decimals_where_these_end(number, written):
    assert mathml(sp.Rational(number)) == written


def test_a_factor_that_is_a_decimal_stands_on_the_line():
    x = sp.Symbol("x", real=True)
    assert words(mathml(sp.Rational(8943, 200000) * x**3)) == "0.044715·x3"
    assert words(mathml(-x / 1024)) == "−0.0009765625·x"
    assert words(mathml(sp.Rational(1, 1024) / x)) == "0.0009765625x"
    assert words(mathml(sp.Rational(3, 4) * x)) == "3·x4"


def test_an_option_whose_name_starts_with_d_is_no_cotangent():
    assert "<mi>dilation</mi>" in equation_mathml(LAYERS["conv1d"].equations[0])


def test_cases_are_a_table_of_values_and_conditions():
    table = parsed(equation_mathml(LAYERS["elu"].equations[0])).find(".//mtable")
    cells = [["".join(cell.itertext()) for cell in row] for row in table]
    assert [row[1] for row in cells] == ["if\u00a0Xn,d>0", "otherwise"]
    assert cells[0][0] == "Xn,d"


def test_long_conditions_stand_one_below_the_other_and_below_their_value_where_a_page_is_too_narrow():
    table = parsed(equation_mathml(LAYERS["max_pool2d"].equations[0])).find(".//mtable")
    cells = [["".join(cell.itertext()) for cell in row] for row in table]
    assert [row[1] for row in cells] == [
        "if\u00a00≤stride·p+r−pad≤H−1", "and\u00a00≤stride·q+s−pad≤W−1", "otherwise"
    ]  # fmt: skip
    assert cells[1][0] == ""
    assert table.get("class") == "cases stacked"
    assert parsed(equation_mathml(LAYERS["elu"].equations[0])).find(".//mtable").get("class") == "cases"


def test_brackets_grow_around_what_is_tall_alone():
    assert '<mo stretchy="false">(</mo>' in equation_mathml(LAYERS["sigmoid"].equations[0])
    fraction = equation_mathml(LAYERS["gelu_tanh"].equations[0])
    assert "<mo>(</mo>" in fraction
    assert all("<mo>(</mo>" not in piece and "<mo>)</mo>" not in piece for piece in pieces(levelled(fraction)))


def test_a_variance_is_no_rate():
    assert mathml(sp.IndexedBase("v1")[sp.Symbol("n", integer=True)]).startswith("<msub><msub><mi>v</mi><mn>1</mn>")


def test_names_are_written_as_mathematicians_do():
    assert words(symbol("gamma")) == "γ"
    assert words(symbol("lam")) == "λ"
    assert symbol("Xhat1") == (
        '<msub><mover accent="true"><mi>X</mi><mo stretchy="false">^</mo></mover><mn>1</mn></msub>'
    )


def test_pieces_are_the_whole_and_none_is_cut_inside_a_bracket():
    run = equation_mathml(next(e for e in derive("lstm").equations if e.name == "da"))
    parts = pieces(run)
    assert "".join(parts) == run
    assert len(parts) > 10
    for part in parts:
        parsed(part)
    assert all(words(part)[0] not in "=·" for part in parts)
