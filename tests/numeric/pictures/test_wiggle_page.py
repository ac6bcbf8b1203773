"""The page shows the curves and tangents that were computed, and its script, which alone may run, moves the dots."""

import base64
import hashlib
import json
import re

import pytest

from numeric.errors import InputError
from numeric.pictures.wiggle import NUDGES, read_weight, wiggle
from numeric.pictures.wiggle_page import wiggle_page


def test_the_numbers_are_the_true_ones(read_html, model_of, digit):
    model, (row, label) = model_of("nielsen"), digit
    found = wiggle(model.network, model.parameters, row, label, read_weight("W1[20,5]", model.network))
    page = read_html(wiggle_page(model, row, label, "W1[20,5]"))
    (told,) = (json.loads(n.attributes["data-wiggle"]) for n in page.all("div") if "data-wiggle" in n.attributes)
    assert [curve["slope"] for curve in told["curves"]] == [curve.slope for curve in found.curves]
    for told_curve, curve in zip(told["curves"], found.curves, strict=True):
        moves = curve.values - curve.values[NUDGES // 2]
        assert told_curve["moves"] == pytest.approx(moves.tolist(), rel=1e-5, abs=1e-15)
        assert f"d{curve.name}/dW1[20,5] = {curve.slope:.4g}." in page.text


def test_dots_start_where_curve_and_tangent_touch(read_html, model_of, digit):
    page = read_html(wiggle_page(model_of("nielsen"), *digit))
    for chart in page.all("svg"):
        now, foretold = chart.all("circle")
        place = now.attributes["cx"], now.attributes["cy"]
        assert place == (foretold.attributes["cx"], foretold.attributes["cy"])
        points = chart.one("polyline").attributes["points"].split()
        assert points[NUDGES // 2] == ",".join(place)
        tangent = chart.one("line", "tangent").attributes
        (x1, y1), (x2, y2) = ((float(tangent[f"x{k}"]), float(tangent[f"y{k}"])) for k in "12")
        on_it = y1 + (y2 - y1) * (float(place[0]) - x1) / (x2 - x1)
        assert on_it == pytest.approx(float(place[1]), abs=0.3)


def test_only_its_own_script_may_run_and_nothing_is_fetched(read_html, model_of, digit):
    text = wiggle_page(model_of("mlp"), *digit)
    page = read_html(text)
    (policy,) = (m.attributes["content"] for m in page.all("meta") if "http-equiv" in m.attributes)
    digest = base64.b64encode(hashlib.sha256(page.one("script").text.encode()).digest()).decode()
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert re.findall(r"://|url\(|@import|href=|innerHTML|eval\(", text) == []


def test_the_same_weight_gives_the_same_page_and_no_other_class_is_taken(model_of, digit):
    model, (row, label) = model_of("mlp"), digit
    assert wiggle_page(model, row, label) == wiggle_page(model, row, label)
    with pytest.raises(InputError, match="-1 is no class of mlp"):
        wiggle_page(model, row, -1)
