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


def test_every_tag_closes():
    for name in ("linear", "softmax", "lstm"):
        parser = Balanced()
        parser.feed(derivation_html(derive(name)))
        assert parser.open == []


def test_names_are_escaped():
    page = derivation_html(derive(replace(LAYERS["relu"], name="<script>", summary="a < b & c")))
    assert "<script>" not in page
    assert "a < b & c" not in page
