from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.drawing.charts import HEIGHT, WIDTH, line_chart

VALUES = st.floats(0, 1e6).filter(lambda value: value == 0 or value > 1e-30)
LINES = st.lists(VALUES, min_size=1, max_size=150).map(lambda values: list(enumerate(values, start=1)))
NAMES = st.sampled_from(["dW1", "dW2", "dW3", "dK4", "dgamma5", "<b>", "db7", "db8"])


def places(polyline):
    return [tuple(map(float, pair.split(","))) for pair in polyline.attributes["points"].split()]


def across(line):
    return {float(line.attributes["x1"]), float(line.attributes["x2"])}


@given(st.dictionaries(NAMES, LINES, min_size=1), st.booleans())
def test_every_value_is_a_point_of_its_line_inside_of_the_drawing(read_html, series, logarithmic):
    chart = read_html(line_chart("t", "d", series, logarithmic=logarithmic)).one("svg")
    lines = [places(line) for line in chart.all("polyline")]
    assert [len(line) for line in lines] == [len(line) for line in series.values()]
    for line in lines:
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)
        assert line == sorted(line, key=lambda place: place[0])
    for line, values in zip(lines, series.values(), strict=True):
        for ((_, below), (_, value)), ((_, next_below), (_, next_value)) in pairwise(zip(line, values, strict=True)):
            assert next_below <= below or next_value <= value
            assert next_below >= below or next_value >= value


@given(st.dictionaries(NAMES, LINES, min_size=2))
def test_names_stand_at_the_ends_of_their_lines_and_do_not_cover_each_other(read_html, series):
    chart = read_html(line_chart("t", "d", series)).one("svg")
    names = {name.text: float(name.attributes["y"]) for name in chart.all("text", "name")}
    assert set(names) == set(series)
    heights = sorted(names.values())
    assert all(b - a >= 12.8 for a, b in pairwise(heights))
    assert heights[0] > 0
    assert heights[-1] < HEIGHT
    groups = dict(zip(series, chart.all("g", "series"), strict=True))
    for name in chart.all("text", "name"):
        assert set(name.attributes["class"].split()) & set(groups[name.text].attributes["class"].split())


def test_a_single_line_needs_no_name_and_a_dot_tells_its_value(read_html):
    chart = read_html(line_chart("Loss", "It falls.", {"loss": [(1, 0.5), (2, 0.25)]})).one("svg")
    assert list(chart.all("text", "name")) == []
    titles = [title.text for title in chart.all("title")]
    assert titles == ["Loss", "loss, epoch 1: 0.5", "loss, epoch 2: 0.25"]
    assert chart.one("desc").text == "It falls."
    assert chart.attributes["role"] == "img"


@pytest.mark.parametrize("epoch", [1, 5, 9])
def test_the_marked_epoch_stands_where_its_points_do(read_html, epoch):
    series = {"loss": [(k, 1 / k) for k in range(1, 10)]}
    chart = read_html(line_chart("t", "d", series, mark=(epoch, "kept"))).one("svg")
    (mark,) = (line for line in chart.all("line", "mark"))
    assert across(mark) == {places(chart.one("polyline"))[epoch - 1][0]}
    assert "kept" in [text.text for text in chart.all("text")]


def test_the_axis_holds_what_it_is_told_to(read_html):
    series = {"error": [(1, 0.25), (2, 0.5)]}
    bare, wide = (read_html(line_chart("t", "d", series, include=include)) for include in ((), (0.0, 1.0)))
    labels = [[text.text for text in chart.all("text")] for chart in (bare, wide)]
    assert "1.0" not in labels[0]
    assert {"0.0", "1.0"} <= set(labels[1])


def test_with_very_many_epochs_the_dots_are_left_out(read_html):
    chart = read_html(line_chart("t", "d", {"loss": [(k, 1 / k) for k in range(1, 1001)]}))
    assert len(places(chart.one("polyline"))) == 1000
    assert list(chart.all("circle")) == []


def test_more_lines_than_colours_differ_in_their_dashes(read_html):
    series = {f"dW{k}": [(1, float(k)), (2, float(k))] for k in range(1, 13)}
    groups = list(read_html(line_chart("t", "d", series)).all("g", "series"))
    looks = {(group.attributes["class"], group.attributes.get("stroke-dasharray")) for group in groups}
    assert len(looks) == 12
