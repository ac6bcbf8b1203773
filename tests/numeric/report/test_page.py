"""The page holds together as HTML, asks nothing of the network, and says what the run was."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from numeric.history import Epoch
from numeric.pictures.weights import MOST_UNITS
from numeric.report.page import render

SECTIONS = [
    "Learning",
    "What it reads wrongly",
    "What the first layer looks for",
    "The cotangents while it trains",
    "What vouches for the layers",
]
CURVES = ["Training loss", "Validation accuracy"]
LENGTHS = ["Lengths: weights", "Lengths: biases, scales and shifts"]
CHECKS = "Against differences of the loss"


def charts(page):
    return {next(chart.all("title")).text: chart for chart in page.all("svg")}


def section(page, title):
    (found,) = (part for part in page.all("section") if part.one("h2").text == title)
    return found


def test_all_sections_are_there_under_headings_in_order(read_html, make_report):
    page = read_html(render(make_report()))
    assert [heading.text for heading in page.all("h2")] == SECTIONS
    levels = [int(node.name[1]) for node in page.all() if re.fullmatch("h[1-6]", node.name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert set(charts(page)) == {*CURVES, *LENGTHS, CHECKS}


def test_nothing_is_fetched_and_nothing_runs(read_html, make_report):
    text = render(make_report())
    page = read_html(text)
    assert {node.name for node in page.all()}.isdisjoint({"script", "link", "iframe", "object", "a", "form", "base"})
    for node in page.all():
        assert not [name for name in node.attributes if name.startswith("on") or name in {"href", "srcset"}]
        assert node.attributes.get("src", "data:image/png;base64,").startswith("data:image/png;base64,")
    assert "url(" not in text
    assert "@import" not in text
    assert "://" not in text
    (policy,) = (m.attributes["content"] for m in page.all("meta") if "http-equiv" in m.attributes)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in policy


def test_the_first_lines_tell_the_result(read_html, make_report):
    header = read_html(render(make_report())).one("header")
    assert header.one("h1").text == "mlp reads 83.33% of the digits test images right"
    lead = header.one("p").text
    for told in ("2 of 12 wrongly", "12,345 parameters", "4 epochs in 1.0 seconds", "after epoch 4", "Seed 3"):
        assert told in lead


@pytest.mark.parametrize("epochs", [1, 2, 31, 120])
def test_the_curves_have_a_point_for_each_epoch(read_html, make_report, epochs):
    drawn = charts(read_html(render(make_report(epochs))))
    for title in (*CURVES, CHECKS):
        assert len(drawn[title].one("polyline").attributes["points"].split()) == epochs
    for title in LENGTHS:
        assert [len(line.attributes["points"].split()) for line in drawn[title].all("polyline")] == [epochs, epochs]


def test_the_epoch_that_was_kept_is_marked_with_its_values(read_html, make_report):
    report = make_report(4)
    drawn = charts(read_html(render(replace(report, summary=report.summary | {"best_epoch": 2}))))
    for title, value in (("Training loss", "1"), ("Validation accuracy", "75.00%")):
        assert f"epoch 2, kept: {value}" in [text.text for text in drawn[title].all("text")]


def test_lengths_are_told_by_parameter_and_weights_apart_from_biases(read_html, make_report):
    drawn = charts(read_html(render(make_report())))
    names = [[name.text for name in drawn[title].all("text", "name")] for title in LENGTHS]
    assert [set(found) for found in names] == [{"dW1", "dW2"}, {"db1", "db2"}]


def test_a_run_that_recorded_no_cotangents_says_so(read_html, make_report):
    old = [Epoch(1, 0.5, 0.9, 0.1, 1.0), Epoch(2, 0.25, 0.95, 0.1, 1.0)]
    page = read_html(render(replace(make_report(2), history=old)))
    assert set(charts(page)) == set(CURVES)
    assert "did not record how long" in section(page, SECTIONS[3]).text


def test_epochs_that_know_no_lengths_are_left_out_and_zero_is_drawn(read_html, make_report):
    report = make_report(3)
    first, second, third = report.history
    history = [replace(first, norms={}, check=None), replace(second, norms={"W1": 0.0}), third]
    drawn = charts(read_html(render(replace(report, history=history))))
    lines = drawn["Lengths: weights"].all("polyline")
    assert [len(line.attributes["points"].split()) for line in lines] == [2, 1]
    assert len(drawn[CHECKS].one("polyline").attributes["points"].split()) == 2


def test_what_is_not_finite_is_not_drawn(read_html, make_report):
    report = make_report(3)
    history = [replace(e, norms={"W1": float("nan"), "b1": float("inf")}, check=float("inf")) for e in report.history]
    text = render(replace(report, history=history))
    assert set(charts(read_html(text))) == set(CURVES)


@pytest.mark.parametrize("epochs", [1, 5])
def test_no_number_is_missing(read_html, make_report, epochs):
    text = read_html(render(make_report(epochs, weights=np.zeros((3, 8, 8), np.float32)))).one("main").text
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_every_picture_has_a_text_and_every_figure_a_caption(read_html, make_report):
    page = read_html(render(make_report()))
    images = list(page.all("img"))
    assert [image.attributes["alt"] for image in images[:2]] == ["A 0 that was read as a 1", "A 2 that was read as a 1"]
    assert len(images) == 2 + 5
    assert all(image.attributes["alt"] for image in images)
    assert all(list(figure.all("figcaption")) for figure in page.all("figure"))
    assert all(chart.one("desc").text for chart in page.all("svg"))


def test_mistakes_are_told_with_what_was_read_and_how_surely(read_html, make_report):
    figures = section(read_html(render(make_report())), SECTIONS[1]).one(class_="digits").all("figure")
    assert [figure.text for figure in figures] == ["0, read 187.5%", "2, read 150.0%"]


def test_the_commonest_confusion_is_named(read_html, make_report):
    confusion = np.array([[3, 1, 0], [0, 4, 0], [1, 5, 3]])
    text = section(read_html(render(make_report(confusion=confusion))), SECTIONS[1]).text
    assert "Most often a 2 is read as a 1: 5 times." in text


def test_who_makes_no_mistakes_gets_a_sentence_instead_of_pictures(read_html, make_report):
    perfect = make_report(confusion=np.diag([4, 4, 4]), mistakes=[])
    part = section(read_html(render(perfect)), SECTIONS[1])
    assert list(part.all("img")) == []
    assert "Not one test image was read wrongly" in part.text
    assert "Nothing lies off the diagonal" in part.text


def test_of_very_many_units_the_largest_are_shown(read_html, make_report):
    weights = np.full((300, 4, 4), 0.01, np.float32)
    weights[[7, 250]] = 1.0
    part = section(read_html(render(make_report(weights=weights))), SECTIONS[2])
    names = [image.attributes["alt"] for image in part.all("img")]
    assert len(names) == MOST_UNITS
    assert {"Unit 8", "Unit 251"} <= set(names)
    assert f"The {MOST_UNITS} units of 300 with the largest weights" in part.text


def test_weights_that_are_no_picture_get_a_sentence(read_html, make_report):
    part = section(read_html(render(make_report(weights=None))), SECTIONS[2])
    assert list(part.all("img")) == []
    assert "do not belong to pixels" in part.text


def test_names_cannot_become_tags(read_html, make_report):
    report = make_report()
    bad = "<script>alert('&')</script>\"'"
    history = [replace(epoch, norms={bad: 1.0, f"W{bad}": 2.0}) for epoch in report.history]
    page = read_html(
        render(replace(report, summary=report.summary | {"network": bad, "dataset": bad}, history=history))
    )
    assert list(page.all("script")) == []
    assert page.one("h1").text == f"{bad} reads 83.33% of the {bad} test images right"


def test_the_same_report_gives_the_same_page(make_report):
    assert render(make_report()) == render(make_report())


def test_a_large_report_stays_small(make_report):
    weights = np.random.default_rng(0).normal(size=(300, 28, 28)).astype(np.float32)
    assert len(render(make_report(100, weights=weights)).encode()) < 500_000
