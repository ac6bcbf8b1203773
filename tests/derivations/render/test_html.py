"""HTML is well formed, and escapes whatever a layer is called."""

from dataclasses import replace
from html.parser import HTMLParser

from derivations import LAYERS, derive
from derivations.render.html import derivation_html

VOID = {"br", "hr", "meta", "link", "img", "input"}


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def well_formed(page: str) -> bool:
    parser = Balanced()
    parser.feed(page)
    return parser.open == []


def test_every_tag_closes():
    for name in ("linear", "softmax", "lstm"):
        derivation = derive(name)
        assert well_formed(derivation_html(derivation))
        assert well_formed(derivation.layer._repr_html_())
        assert all(well_formed(step._repr_html_()) for step in derivation.steps[:6])


def test_a_page_that_is_not_well_formed_is_noticed():
    assert not well_formed("<p>a <b>c</b>")


def test_names_are_escaped():
    layer = replace(LAYERS["relu"], name="<script>", summary="a < b & c")
    for page in (derivation_html(derive(layer)), layer._repr_html_()):
        assert "<script>" not in page
        assert "a < b & c" not in page


def test_a_step_tells_its_rule_its_lines_and_its_proof():
    step = next(step for step in derive("relu").steps if "<" in step.after or ">" in step.after)
    page = step._repr_html_()
    assert f"<b>{step.rule}</b>" in page
    assert str(step.proof) in page
    assert r"\frac{\partial L}{\partial Y_{j k}}" in page
    assert "&gt;" in page or "&lt;" in page


def test_a_layer_tells_its_tensors_and_equations():
    page = LAYERS["linear"]._repr_html_()
    assert "<code>X[N, D], W[D, C], b[C] → Y[N, C]</code>" in page
    assert LAYERS["linear"].equations[0].latex in page
