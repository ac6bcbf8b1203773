"""A real browser shows the page: it complains of nothing, fetches nothing, and has nothing to scroll sideways."""

import numpy as np
import pytest
from PIL import Image

from numeric.report.page import render


@pytest.mark.parametrize("width", [360, 400, 1280])
def test_nothing_sticks_out_and_every_picture_is_one(measured, make_report, width):
    report = make_report(weights=np.random.default_rng(0).normal(size=(40, 28, 28)).astype(np.float32))
    found = measured(render(report), width)
    assert found == {"width": width, "wide": [], "images": [8] * 2 + [28] * 40}


def test_a_page_that_sticks_out_is_noticed(measured):
    found = measured('<!DOCTYPE html><body><p style="width: 700px">wide</p>', 400)
    assert found["width"] > 700
    assert len(found["wide"]) == 1


def test_it_is_drawn_and_complains_of_nothing(browse, tmp_path, make_report):
    file, picture = tmp_path / "report.html", tmp_path / "report.png"
    file.write_text(render(make_report()), encoding="utf-8")
    _, logged = browse(file, f"--screenshot={picture}", "--window-size=400,3000", "--hide-scrollbars")
    assert "CONSOLE" not in logged
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("L"), int)
    assert pixels.shape == (3000, 400)
    ink = np.abs(pixels - int(pixels[0, 0])) > 60
    assert 0.01 < ink.mean() < 0.5
    assert all(part.any() for part in np.array_split(ink[:2000], 10))


def test_what_a_page_complains_of_is_heard(browse, tmp_path, make_report):
    file = tmp_path / "report.html"
    file.write_text(render(make_report()).replace("<main>", '<main><img src="x.png">'), encoding="utf-8")
    _, logged = browse(file, "--dump-dom")
    assert "CONSOLE" in logged
    assert "Content Security Policy" in logged
