"""Every tensor of every layer is a card, every dependency an arrow, and everything can be read."""

import re
from itertools import combinations

import numpy as np
import pytest

from derivations import LAYERS, DerivationError, derive, layer
from derivations.pictures.flow import local_cotangents, small_example
from derivations.pictures.graph import layer_graph

DIAMOND = layer(
    "diamond",
    "Two ways lead on.",
    tensors="X[N]  A[N]  B[N]  Y[N]",
    equations="""
        A[n] = exp(X[n])
        B[n] = X[n]*X[n]
        Y[n] = A[n]*B[n] + X[n]
    """,
)


def used(equation, names):
    """The names that a line of the notation mentions on its right, found without any of our code."""
    _, _, right = equation.text.partition("=")
    return set(re.findall(r"[A-Za-z_]\w*", right)) & set(names)


def moved_by_inputs(what, arrows):
    """The names of the tensors that change with some real input."""
    moved = {tensor.name for tensor in what.inputs if not tensor.integer}
    for _ in what.equations:
        moved |= {head for tail, head in arrows if tail in moved}
    return moved


@pytest.mark.parametrize("name", LAYERS)
def test_every_tensor_is_a_card_and_every_dependency_an_arrow_with_one_back(read_svg, name):
    drawing, what = read_svg(layer_graph(name)), LAYERS[name]
    assert sorted(card.what for card in drawing.cards) == sorted(what.by_name)
    expected = {(tail, e.name) for e in what.equations for tail in used(e, what.by_name)}
    forward = [(path.attrib["data-from"], path.attrib["data-to"]) for path in drawing.arrows("forward")]
    assert sorted(forward) == sorted(expected)
    back = [(path.attrib["data-to"], path.attrib["data-from"]) for path in drawing.arrows("back")]
    assert sorted(back) == sorted((a, b) for a, b in expected if a in moved_by_inputs(what, expected))


@pytest.mark.parametrize("name", LAYERS)
def test_no_text_covers_another_and_no_arrow_runs_through_a_card(read_svg, course_of, name):
    drawing = read_svg(layer_graph(name, values=True))
    texts, cards = drawing.texts, drawing.cards
    assert [(a.what, b.what) for a, b in combinations(texts, 2) if a.overlaps(b)] == []
    assert [(a.what, b.what) for a, b in combinations(cards, 2) if a.overlaps(b)] == []
    assert all(drawing.frame.holds(box) for box in (*texts, *cards))
    assert all(card.holds(text) for card in cards for text in texts if card.overlaps(text))
    for path in (*drawing.arrows("forward"), *drawing.arrows("back")):
        for x, y in course_of(path):
            assert not [card.what for card in cards if card.strictly_inside(x, y)], path.attrib


@pytest.mark.parametrize("name", LAYERS)
def test_letters_are_large_enough_and_nothing_is_fetched(read_svg, name):
    text = layer_graph(name, values=True)
    drawing = read_svg(text)
    smallest = min(float(written.attrib["font-size"]) for written in drawing.all("text"))
    shrunk = float(re.search(r"min-width: (\d+)px", drawing.root.attrib["style"])[1]) / drawing.frame.right
    assert smallest * shrunk >= 8
    assert re.findall(r"url\(|@import|href|<script|://(?!www\.w3\.org/2000/svg)", text) == []
    assert drawing.all("title")[0].text
    assert drawing.all("desc")[0].text
    assert drawing.root.attrib["role"] == "img"


def test_arrows_begin_and_end_at_the_cards_that_they_name(read_svg, course_of):
    drawing = read_svg(layer_graph("layer_norm"))
    cards = {card.what: card for card in drawing.cards}
    for path in (*drawing.arrows("forward"), *drawing.arrows("back")):
        points = course_of(path)
        for name, (x, y) in ((path.attrib["data-from"], points[0]), (path.attrib["data-to"], points[-1])):
            card = cards[name]
            assert card.left < x < card.right
            assert min(abs(y - card.top), abs(y - card.bottom)) < 0.11


def test_an_arrow_through_a_card_and_texts_on_each_other_are_noticed(read_svg, course_of):
    text = layer_graph("linear")
    broken = read_svg(
        re.sub(r'<path d="[^"]*" class="forward"', '<path d="M0.0,0.0L900.0,900.0" class="forward"', text)
    )
    path = broken.arrows("forward")[0]
    assert any(card.strictly_inside(x, y) for card in broken.cards for x, y in course_of(path))
    moved = read_svg(re.sub(r'<text x="[^"]*" y="[^"]*"', '<text x="30" y="30"', text)).texts
    assert moved[0].overlaps(moved[1])


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn_tanh", "linear_recurrence"])
def test_what_comes_from_the_step_before_is_dotted(read_svg, name):
    drawing = read_svg(layer_graph(name))
    dotted = [
        path.attrib["data-from"] for path in drawing.arrows("forward") if "before" in path.attrib["class"].split()
    ]
    assert dotted
    assert {text.partition("[")[0] for text in re.findall(r"\w+\[t ?- ?1", " ".join(drawing.lines))} >= set(dotted)


def test_only_the_cotangents_that_were_asked_for_flow_back(read_svg):
    drawing = read_svg(layer_graph("linear", "W"))
    assert [path.attrib["data-to"] for path in drawing.arrows("back")] == ["W"]
    assert [line for line in drawing.lines if line.startswith("d") and "=" in line] == ["dW[d,c] = Σ_n X[n,d]·dY[n,c]"]


def test_a_card_holds_the_equation_and_that_of_the_cotangent(read_svg):
    lines = read_svg(layer_graph(DIAMOND)).lines
    assert "Y[n] = A[n]·B[n] + X[n]" in lines
    assert "dA[n] = B[n]·dY[n]" in lines or "dA[n] = dY[n]·B[n]" in lines
    assert "dY comes from outside" in lines


def test_the_numbers_are_those_of_the_equations(read_svg):
    derivation = derive(DIAMOND)
    values = small_example(derivation, local_cotangents(derivation))
    X, dY = values["X"], values["dY"]
    np.testing.assert_allclose(values["Y"], np.exp(X) * X**2 + X)
    np.testing.assert_allclose(values["dX"], dY * (np.exp(X) * X**2 + np.exp(X) * 2 * X + 1))
    lines = read_svg(layer_graph(DIAMOND, values=True)).lines
    for name in ("X", "Y", "dX", "dA"):
        shown = " ".join(f"{value:.3g}" for value in values[name]).replace("-", "−")
        assert f"{name} = {shown}" in [re.sub(" +", " ", line) for line in lines]


def test_the_same_layer_gives_the_same_drawing_and_another_seed_other_numbers():
    assert layer_graph("softmax", values=True) == layer_graph("softmax", values=True)
    assert layer_graph("softmax", values=True) != layer_graph("softmax", values=True, seed=7)


def test_names_cannot_become_tags(read_svg):
    from dataclasses import replace

    bad = "<script>alert('&')</script>\x00"
    drawing = read_svg(layer_graph(replace(LAYERS["linear"], name=bad, summary=bad)))
    assert drawing.all("script") == []
    assert bad.replace("\x00", "\ufffd") in drawing.lines


def test_what_does_not_exist_is_refused_in_one_line():
    with pytest.raises(DerivationError, match="no layer 'linnear'; did you mean linear"):
        layer_graph("linnear")
    with pytest.raises(DerivationError, match="no input 'Q'"):
        layer_graph("linear", "Q")
