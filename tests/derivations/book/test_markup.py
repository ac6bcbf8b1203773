"""Text becomes blocks; mathematics in it is proved, and what is wrong is not written."""

import pytest

from derivations import NotationError, derive
from derivations.book.blocks import Bullets, Heading, Link, Maths, Mono, Paragraph, Stress, Words
from derivations.book.markup import line, mathematics, proved, read
from derivations.layer import DerivationError, size_symbol
from derivations.render.mathml import mathml

LINEAR = derive("linear")


def test_paragraphs_headings_and_lists():
    blocks = list(read("One\nparagraph.\n\n## A heading\nAnother.\n\n- a\n- b,\n  longer", LINEAR))
    assert blocks == [
        Paragraph((Words("One paragraph."),)),
        Heading("A heading"),
        Paragraph((Words("Another."),)),
        Bullets(((Words("a"),), (Words("b, longer"),))),
    ]


def test_code_stress_and_links():
    assert line("a *b* `c*d` [e](layer:relu), [f](chapter:attention)", LINEAR) == (
        Words("a "),
        Stress("b"),
        Words(" "),
        Mono("c*d"),
        Words(" "),
        Link("e", "layer-relu"),
        Words(", "),
        Link("f", "chapter-attention"),
    )


def test_names_entries_and_equations():
    assert mathematics("N", LINEAR) == Maths(size_symbol("N"))
    assert "d</mi><mi>W" in mathml(mathematics("dW", LINEAR).left)
    entry = mathematics("W[d, c]", LINEAR)
    assert (str(entry.left), entry.right) == ("W[d, c]", None)
    equation = mathematics("dW[d, c] = sum[n](X[n, d]*dY[n, c])", LINEAR)
    assert str(equation.left) == "dW[d, c]"


def test_a_claim_that_is_wrong_stops_the_book():
    with pytest.raises(DerivationError, match=r"claims 'dW\[d, c\] = .*' of linear: refuted"):
        list(read("So $dW[d, c] = sum[n](X[n, d]*dY[n, c])/N$ it is.", LINEAR))


def test_a_claim_comes_with_its_proof():
    claim, proof = proved("db[c] = sum[n](dY[n, c])", LINEAR)
    assert claim.name == "db"
    assert proof.for_all_sizes


def test_what_cannot_be_read_is_refused():
    with pytest.raises(NotationError):
        list(read("$X[n, d] + $", LINEAR))
