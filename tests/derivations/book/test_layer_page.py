"""A layer's page tells everything that there is to tell, and says what is not there."""

from derivations import derive
from derivations.book.blocks import Fold, Formula, Heading, Listing, Paragraph, Steps, Table
from derivations.book.html import Html
from derivations.book.layer_page import formula, layer_page

ROW = {
    "dtype": "float32",
    "witness": "derivation",
    "cases": 6,
    "largest": 0.25,
    "agree": 5,
    "unresolved": 1,
    "disagree": 0,
}
MEASURED = {"verdict": "unresolved", "seed": 3, "rows": [ROW]}


def headings(page):
    return [block.text for block in page.blocks if isinstance(block, Heading)]


def all_blocks(blocks):
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from all_blocks(block.blocks)


def test_a_page_has_all_its_parts():
    page = layer_page("linear", "linear", "SOURCE", MEASURED, [("chapter-one_layer", "One layer")])
    assert headings(page) == [
        "Forward",
        "Where it kinks",
        "Backward",
        "dX",
        "dW",
        "db",
        "As the textbook writes it",
        "NumPy",
        "What the checks measured",
        "Where it is told",
    ]


def test_every_step_is_there_once():
    for name in ("linear", "rnn_tanh", "conv1d"):
        steps = [s for b in all_blocks(layer_page(name).blocks) if isinstance(b, Steps) for s in b.steps]
        assert sorted(map(str, steps)) == sorted(map(str, derive(name).steps))


def test_source_is_shown_as_it_was_handed_in():
    listings = [
        block.source for block in all_blocks(layer_page("relu", source="SOURCE").blocks) if isinstance(block, Listing)
    ]
    assert listings == [derive("relu").numpy(), "SOURCE"]


def test_a_matrix_form_that_is_too_long_is_left_to_the_listing():
    linear, mish = derive("linear"), derive("mish")
    assert formula(linear.cotangents["dW"], linear.layer).matrix == "dW = X.T @ dY"
    assert formula(mish.cotangents["dX"], mish.layer).matrix == ""


def test_what_was_measured_stands_in_a_table():
    blocks = layer_page("relu", measured=MEASURED).blocks
    (table,) = (block for block in blocks if isinstance(block, Table) and "Witness" in block.head)
    assert ["".join(part.text for part in cell) for cell in table.rows[0]] == [
        "derivation", "float32", "6", "5 agree, 1 cannot tell", "0.25"
    ]  # fmt: skip
    written = Html(set()).blocks(blocks)
    assert '<span class="badge unresolved">the witnesses cannot tell whether the code is right' in written
    assert "drawn with seed 3" in written


def test_without_checks_the_page_says_so():
    assert "without running the checks" in Html(set()).blocks(layer_page("relu").blocks)


def test_kinks_are_told_where_there_are_any():
    def about_kinks(name):
        blocks = layer_page(name).blocks
        at = blocks.index(Heading("Where it kinks"))
        assert isinstance(blocks[at + 1], Paragraph)
        return Html(set()).line(blocks[at + 1].line)

    assert "maximum(0, X[n, d])" in about_kinks("relu")
    assert about_kinks("tanh").startswith("Nowhere")
    assert about_kinks("causal_attention").startswith("Nowhere")  # its mask compares indices


def test_claims_come_with_their_proof():
    claims = [b for b in layer_page("softmax").blocks if isinstance(b, Formula) and b.badge is not None]
    assert claims
    assert all(block.badge.verdict == "proved" for block in claims)
