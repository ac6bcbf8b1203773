"""Blocks are written as well-formed HTML, everything in them escaped, and every number beside the other."""

from xml.etree import ElementTree

import pytest

from derivations import derive
from derivations.book.blocks import (
    Badge,
    Bullets,
    Fold,
    Formula,
    Heading,
    Link,
    Listing,
    Maths,
    Mono,
    Page,
    Paragraph,
    Steps,
    Stress,
    Table,
    Words,
    Workings,
)
from derivations.book.example import Example, Part
from derivations.book.html import Html, agreeing, is_off
from derivations.book.working import workings

EVIL = "<b>&\"'"
SOFTMAX = derive("softmax")
EQUATION = SOFTMAX.cotangents["dZ"]
MATHS = Maths(EQUATION.lhs, EQUATION.rhs, EQUATION.indices)
EXAMPLE = Example("x", (Part("linear"),), {"X": [[2]], "W": [["1/3"]], "b": [0], "dY": [[-1]]})
BLOCKS = (
    Heading(EVIL),
    Paragraph((Words(EVIL), Stress(EVIL), Mono(EVIL), Link(EVIL, "here"), Maths(EQUATION.lhs), Words(", so"))),
    Bullets(((Words(EVIL),),)),
    Formula(MATHS, EVIL, EVIL, Badge("proved", EVIL)),
    Steps(SOFTMAX.steps),
    Fold((Words(EVIL),), (Listing(EVIL, EVIL),)),
    Table(EVIL, (EVIL,), (((Mono(EVIL),),),)),
    Workings(tuple(workings(EXAMPLE, "Y", {"Y": [[0.6666666666666667]]}))),
)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_a_block_is_well_formed_and_escaped(block):
    written = Html({"here"}).block(block)
    assert "<b>" not in written
    ElementTree.fromstring(f"<div>{written.replace('&nbsp;', ' ')}</div>")


def test_a_link_to_a_page_that_is_not_there_is_plain_words():
    assert Html({"here"}).inline(Link("x", "here")) == '<a href="here.html">x</a>'
    assert Html(set()).inline(Link("x", "here")) == "x"


def test_headings_of_one_text_get_names_of_their_own():
    html = Html(set())
    assert [html.block(Heading("What, now?")) for _ in range(2)] == [
        '<h2 id="what-now">What, now?</h2>',
        '<h2 id="what-now-2">What, now?</h2>',
    ]


def test_punctuation_stays_with_its_formula():
    written = Html(set()).line((Maths(EQUATION.lhs), Words("). So"), Words(".")))
    assert written.startswith('<span class="whole"><math>')
    assert written.endswith("</math>).</span> So.")


def test_a_number_by_hand_stands_beside_the_one_by_code():
    row = ElementTree.fromstring(Html(set()).block(BLOCKS[-1])).find("tbody/tr")
    cells = ["".join(cell.itertext()) for cell in row]
    assert cells[1:] == ["2/3 = 0.666666666666667…", "0.666666666666667", "15 digits"]
    assert "2·13+0=23" in cells[0].replace("\u2061", "")


@pytest.mark.parametrize(
    ("got", "shown", "off"),
    [(2 / 3, "15 digits", False), (0.66666667, "8 digits", False), (0.667, "3 digits", True), (2.0, "0 digits", True)],
)
def test_code_that_is_off_stands_out(got, shown, off):
    row = ElementTree.fromstring(Html(set()).block(Workings(tuple(workings(EXAMPLE, "Y", {"Y": [[got]]}))))).find(
        "tbody/tr"
    )
    assert row[-1].text == shown
    assert ("off" in row.get("class").split()) == off


@pytest.mark.parametrize(
    ("got", "shown", "off"), [(0.0, "exactly", False), (5e-17, "off by 5e-17", False), (1e-3, "off by 1e-03", True)]
)
def test_where_nothing_should_be_left_it_is_told_how_much_is(got, shown, off):
    nothing = Example("x", (Part("linear"),), {"X": [[1, -1]], "W": [[1], [1]], "b": [0], "dY": [[1]]})
    (line,) = workings(nothing, "Y", {"Y": [[got]]})
    assert (agreeing(line), is_off(line)) == (shown, off)


def test_code_that_was_not_run_is_not_there():
    block = Workings(tuple(workings(EXAMPLE, "Y")))
    cells = ["".join(cell.itertext()) for cell in ElementTree.fromstring(Html(set()).block(block)).find("tbody/tr")]
    assert cells[2:] == ["not returned", ""]


def test_a_page_allows_nothing_from_elsewhere():
    page = Page("here", "layer", EVIL, EVIL, (Heading("x"),))
    written = Html({"here"}).page(page, None, ("there", EVIL))
    assert "default-src 'none'" in written
    assert "<b>" not in written
    assert 'href="there.html"' in written
