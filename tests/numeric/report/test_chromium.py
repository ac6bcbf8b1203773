"""A real browser shows the page: it complains of nothing, fetches nothing, and has nothing to scroll sideways."""

import io

import numpy as np
import pytest
from PIL import Image

from numeric.report.page import render


@pytest.mark.parametrize("width", [360, 400, 1280])
def test_nothing_sticks_out_and_every_picture_is_one(show, make_report, width):
    report = make_report(weights=np.random.default_rng(0).normal(size=(40, 28, 28)).astype(np.float32))
    chromium = show(render(report), width)
    assert (chromium.width(), chromium.wide()) == (width, [])
    assert chromium.pictures() == [8] * 2 + [28] * 40


def test_a_page_that_sticks_out_is_noticed(show):
    chromium = show('<!DOCTYPE html><body><p style="width: 700px">wide</p>', 400)
    assert chromium.width() > 700
    assert len(chromium.wide()) == 1


def test_it_is_drawn_and_complains_of_nothing(show, make_report):
    chromium = show(render(make_report()), 400, 3000)
    assert chromium.logged == []
    assert [address for address in chromium.requested if not address.startswith("data:")] == [chromium.address()]
    with Image.open(io.BytesIO(chromium.photograph())) as image:
        pixels = np.asarray(image.convert("L"), int)
    assert pixels.shape == (3000, 400)
    ink = np.abs(pixels - int(pixels[0, 0])) > 60
    assert 0.01 < ink.mean() < 0.5
    assert all(part.any() for part in np.array_split(ink[:2000], 10))


def test_what_a_page_complains_of_is_heard(show, make_report):
    chromium = show(render(make_report()).replace("<main>", '<main><img src="x.png">'), 400)
    assert any("Content Security Policy" in line for line in chromium.logged)
