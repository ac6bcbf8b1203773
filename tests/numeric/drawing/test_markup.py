from hypothesis import given
from hypothesis import strategies as st

from numeric.drawing.markup import Markup, element, join


def test_elements_nest_and_attributes_are_named_as_in_html():
    image = element("img", src="data:,", alt="a 4")
    assert element("p", "two: ", image, class_="wide", aria_label="x", title=None) == (
        '<p class="wide" aria-label="x">two: <img src="data:," alt="a 4"></p>'
    )


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_whatever_is_no_markup_is_read_back_as_it_was(read_html, text, value):
    found = read_html(element("p", text, title=value)).one("p")
    assert found.text == text
    assert found.attributes == {"title": value}
    assert list(found.all()) == []


def test_markup_stays_markup_when_it_is_joined_and_text_never_becomes_any():
    joined = join([Markup("<b></b>"), "<script>"])
    assert joined == "<b></b>&lt;script&gt;"
    assert element("p", joined) == f"<p>{joined}</p>"
