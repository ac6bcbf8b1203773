"""Markdown holds every step with its proof, in tables that are whole."""

from hypothesis import given, settings

from derivations import derive, read_layer
from derivations.render.markdown import markdown
from tests.strategies import layers


@given(layers())
@settings(max_examples=4)
def test_every_step_is_there_and_every_table_is_whole(text):
    derivation = derive(read_layer(text))
    page = markdown(derivation)
    for step in derivation.steps:
        assert step.rule in page
    assert page.count("$$") % 2 == 0
    short = markdown(derivation, steps=False)
    assert len(short) < len(page)


def test_what_is_derived_and_how_sure_it_is_stands_there():
    page = markdown(derive("softmax"))
    assert page.startswith("#")
    assert "true derivative at 40 points" in page
    assert r"\frac{\partial L}{\partial Z" in page
