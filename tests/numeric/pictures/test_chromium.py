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


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("network", ["cnn", "mlp"])
def test_nothing_sticks_out_and_the_browser_complains_of_nothing(show, model_of, digit, kind, network):
    page = PAGES[kind](model_of(network), *digit)
    for width in (360, 1280):
        chromium = show(page, width)
        assert (chromium.width(), chromium.wide(), chromium.logged) == (width, [], [])
        assert 0 not in chromium.pictures()


def test_the_slider_moves_the_dots_to_where_it_says(show, model_of, digit):
    page = wiggle_page(model_of("nielsen"), *digit)
    told = json.loads(re.search('data-wiggle="([^"]*)"', page)[1].replace("&quot;", '"'))
    chromium = show(page)
    chromium.ask("document.querySelector('input').value = 100")
    chromium.ask("document.querySelector('input').dispatchEvent(new Event('input'))")
    dots = chromium.ask("[...document.querySelectorAll('circle.now')].map(dot => dot.getAttribute('cy'))")
    assert [float(dot) for dot in dots] == [curve["up"][100] for curve in told["curves"]]
    *_, nudge = chromium.ask("document.querySelector('output').textContent").split()
    assert float(nudge) == pytest.approx(told["nudges"][100], rel=5e-3)
    assert len(told["nudges"]) == NUDGES
