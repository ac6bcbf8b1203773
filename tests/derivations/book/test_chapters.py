"""Chapters state nothing that is not derived, and point at layers that exist."""

import re
from itertools import pairwise

import pytest

from derivations import LAYERS
from derivations.book import CHAPTERS, EXAMPLES
from derivations.book.blocks import Formula, Table, Workings
from derivations.book.chapter import Claimed, Text, chapter_page
from derivations.book.chapters.why_checks_work import SLOPE, STEPS, Quotients
from derivations.book.markup import read
from derivations.book.numbers import decimal
from derivations.book.working import by_hand

TITLES = [
    "One neuron",
    "One layer",
    "The four equations",
    "A whole network",
    "Convolution",
    "Recurrence",
    "Attention",
    "Why checks work",
]


def test_the_chapters_are_there_in_their_order():
    assert [chapter.title for chapter in CHAPTERS] == TITLES


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_chapter_holds_equations_with_proofs_and_numbers_side_by_side(chapter, code):
    """A claim that does not hold would have raised."""
    blocks = chapter_page(chapter, code).blocks
    workings = [line for block in blocks if isinstance(block, Workings) for line in block.lines]
    assert workings
    assert any(line.code is not None for line in workings)
    assert all(b.badge is None or b.badge.verdict in {"proved", "certified"} for b in blocks if isinstance(b, Formula))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_links_lead_to_layers_and_chapters(chapter):
    texts = [item.text for item in chapter.items if isinstance(item, Text)]
    links = [found for text in texts for found in re.findall(r"\]\((layer|chapter):(\w+)\)", text)]
    known = {"layer": set(LAYERS), "chapter": {c.name for c in CHAPTERS}}
    assert [link for link in links if link[1] not in known[link[0]]] == []
    assert set(chapter.layers) <= set(LAYERS)


def test_names_of_examples_differ():
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES)


def test_a_chapter_with_a_false_claim_is_refused():
    item = Claimed(EXAMPLES[0], "dZ[n, c] = dA[n, c]*A[n, c]")
    with pytest.raises(ValueError, match="refuted"):
        list(item.blocks({}))
    with pytest.raises(ValueError, match="refuted"):
        list(read("$dZ[n, c] = dA[n, c]$", EXAMPLES[0].derivation))


def test_a_step_ten_times_smaller_is_a_hundred_times_better():
    (table,) = Quotients(SLOPE, STEPS).blocks({})
    errors = [float(row[1][0].text) for row in table.rows]
    assert isinstance(table, Table)
    assert all(before / after == pytest.approx(100, rel=0.05) for before, after in pairwise(errors))


def test_differences_by_code_turn_where_the_text_says(code):
    (table,) = Quotients(SLOPE, STEPS).blocks(code)
    errors = [float(row[2][0].text) for row in table.rows]
    best = errors.index(min(errors))
    assert 2 < best < 7
    assert errors[-1] > 1e3 * errors[best]


def test_what_the_text_says_of_its_numbers_is_so():
    hands = {example.name: by_hand(example) for example in EXAMPLES}
    neuron, attention, ones = hands["one neuron"], hands["attention"], hands["ones"]
    assert neuron["dW"][0, 0] > 0 > neuron["dW"][1, 0]  # one weight has to shrink, the other to grow
    assert attention["P"][0, 0, 1] == 0  # no step sees a later one
    assert decimal(attention["P"][0, 0, 0]) == "1"
    assert attention["P"][0, 1, 0] > attention["P"][0, 1, 1]  # the second leans towards the key that fits
    assert [decimal(value) for value in ones["dZ"].flat] == ["0", "0", "0"]
    network = hands["a whole network"]
    for (n, m), value in ((place, network["A1"][place]) for place in ((0, 2), (1, 1))):
        assert value == 0  # shut: nothing comes through on the way back
        assert network["dZ1"][n, m] == 0
