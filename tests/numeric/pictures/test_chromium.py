"""A real browser shows the pages: it complains of nothing, nothing sticks out, and the slider moves the dots."""

import json
import re

import numpy as np
import pytest

from numeric.data.datasets import load
from numeric.pictures.digit import digit_page
from numeric.pictures.surface import random_plane, surface
from numeric.pictures.surface_page import surface_page
from numeric.pictures.weights import weights_page
from numeric.pictures.wiggle import NUDGES
from numeric.pictures.wiggle_page import wiggle_page


def surface_of(model, row, label):
    network, dataset = model.network, load("digits")
    X, T = dataset.train_images[:20], network.targets(dataset.train_labels[:20])
    vector = np.concatenate([part.ravel() for part in model.parameters.values()])
    found = surface(network, random_plane(network, vector, np.random.default_rng(0)), X, T, 9)
    return surface_page("The surface", found, "Of 20 images.")


PAGES = {
    "digit": lambda model, row, label: digit_page(model, row, label),
    "surface": surface_of,
    "weights": lambda model, row, label: weights_page(model),
    "wiggle": lambda model, row, label: wiggle_page(model, row, label),
}


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("kind", PAGES)
def test_nothing_sticks_out(measured, model_of, digit, kind, width):
    found = measured(PAGES[kind](model_of("cnn"), *digit), width)
    assert (found["width"], found["wide"]) == (width, [])
    assert 0 not in found["images"]


@pytest.mark.parametrize("kind", PAGES)
def test_the_browser_complains_of_nothing(browse, tmp_path, model_of, digit, kind):
    file = tmp_path / "page.html"
    file.write_text(PAGES[kind](model_of("mlp"), *digit), encoding="utf-8")
    _, logged = browse(file, "--dump-dom")
    assert "CONSOLE" not in logged


def test_the_slider_moves_the_dots_to_where_it_says(browse, tmp_path, model_of, digit):
    """The page in a frame, whose slider is moved from outside: its own policy would let no other script in."""
    page = wiggle_page(model_of("nielsen"), *digit)
    told = json.loads(re.search('data-wiggle="([^"]*)"', page)[1].replace("&quot;", '"'))
    file = tmp_path / "outer.html"
    escaped = page.replace("&", "&amp;").replace('"', "&quot;")
    file.write_text(
        f"""<!DOCTYPE html><body><iframe srcdoc="{escaped}"></iframe><script>
        document.querySelector("iframe").onload = event => {{
          const page = event.target.contentDocument, slider = page.querySelector("input");
          slider.value = 100; slider.dispatchEvent(new Event("input"));
          const dots = [...page.querySelectorAll("circle.now")].map(dot => dot.getAttribute("cy"));
          document.body.innerHTML = `<pre>${{dots.join(" ")}} ${{page.querySelector("output").textContent}}</pre>`;
        }};</script>""",
        encoding="utf-8",
    )
    printed, _ = browse(file, "--dump-dom")
    *dots, _, nudge = re.search("<pre>(.*)</pre>", printed)[1].split()
    assert [float(dot) for dot in dots] == [curve["up"][100] for curve in told["curves"]]
    assert float(nudge) == pytest.approx(told["nudges"][100], rel=5e-3)
    assert len(told["nudges"]) == NUDGES
