"""The way of a digit: forward and back in order, true numbers, still for those who want that, and nothing fetched."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from numeric.errors import InputError
from numeric.pictures.digit import digit_page
from numeric.pictures.passage import passage


def steps(page, kind):
    return [int(re.search(r"step(\d+)", node.attributes["style"])[1]) for node in page.all("div", kind)]


@pytest.mark.parametrize("name", ["mlp", "cnn", "nielsen-quadratic", "cnn-vote"])
def test_first_forward_then_the_outputs_then_back(read_html, model_of, digit, name):
    page = read_html(digit_page(model_of(name), digit[0]))
    there, back = steps(page, "there"), steps(page, "back")
    assert there == list(range(len(there)))
    assert back == list(range(len(there) + len(back) - 1, len(there) - 1, -1))
    text = page.one("head").all("style")
    named = re.findall(r"@keyframes step(\d+) ", "".join(style.text for style in text))
    assert sorted(map(int, named)) == sorted([*there, *back])


def test_the_numbers_and_bars_are_those_of_the_network(read_html, model_of, digit):
    model, (row, _) = model_of("mlp"), digit
    shares = model.shares(row)[0]
    read, page = int(shares.argmax()), read_html(digit_page(model, row, 3))
    assert page.one("h1").text == f"How mlp reads a {read}"
    bars = page.one("div", "bars")
    assert [small.text for small in bars.all("small")] == [f"{share:.1%}" for share in shares]
    assert [bar.attributes["style"] for bar in bars.all("span")] == [f"width: {100 * share:.1f}%" for share in shares]
    way = passage(model.network, model.parameters, row, 3)
    assert f"loss for a 3: {way.loss:.3g}" in page.text
    for stop in way.stops:
        assert f"forward, up to {np.abs(stop.values).max():.2g}" in page.text
        assert f"back, up to {np.abs(stop.cotangents).max():.2g}" in page.text


def test_every_channel_of_a_convolution_is_a_picture_of_it(read_html, model_of, digit):
    model, (row, _) = model_of("cnn"), digit
    first = passage(model.network, model.parameters, row, 0).stops[1]
    page = read_html(digit_page(model, row, 0))
    section = list(page.all("section"))[1]
    images = [
        Image.open(io.BytesIO(base64.b64decode(i.attributes["src"].partition(",")[2]))) for i in section.all("img")
    ]
    assert len(images) == 2 * 16
    for k, image in enumerate(images[:16]):
        levels = np.asarray(image, int) - 31
        expected = np.rint(first.values[..., k] / np.abs(first.values).max() * 31)
        np.testing.assert_array_equal(levels, expected)


def test_it_can_be_stopped_and_respects_who_wants_less_motion(read_html, model_of, digit):
    text = digit_page(model_of("mlp"), digit[0])
    assert read_html(text).one("input").attributes == {"type": "checkbox", "id": "still"}
    moving = text.index("@media (prefers-reduced-motion: no-preference)")
    assert text.index("animation: var(--when)") > moving
    assert "animation-play-state: paused" in text


def test_nothing_is_fetched_and_nothing_runs(read_html, model_of, digit):
    text = digit_page(model_of("cnn"), digit[0])
    page = read_html(text)
    assert {node.name for node in page.all()}.isdisjoint({"script", "link", "iframe", "object", "a", "form", "base"})
    assert "://" not in text
    assert "url(" not in text
    assert all(image.attributes["alt"] for image in page.all("img"))
    assert all(image.attributes["src"].startswith("data:image/png;base64,") for image in page.all("img"))


def test_the_same_digit_gives_the_same_page_and_no_other_class_is_taken(model_of, digit):
    model = model_of("mlp")
    assert digit_page(model, digit[0]) == digit_page(model, digit[0])
    with pytest.raises(InputError, match="10 is no class of mlp; expected 0 to 9"):
        digit_page(model, digit[0], 10)
