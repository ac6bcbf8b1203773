import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from numeric.report.tables import confusion_table, table


@given(st.integers(1, 12).flatmap(lambda C: arrays.arrays(np.int64, (C, C), elements=st.integers(0, 2000))))
def test_every_count_is_in_its_place_and_the_rows_end_with_the_share_that_is_right(read_html, confusion):
    head, *rows = read_html(confusion_table(confusion)).all("tr")
    classes = [str(label) for label in range(len(confusion))]
    assert [cell.text for cell in head.all("th")] == ["", *classes, "right"]
    assert [row.one("th").text for row in rows] == classes
    for label, row in enumerate(rows):
        *counts, right = (cell.text for cell in row.all("td"))
        assert [int(count or 0) for count in counts] == confusion[label].tolist()
        total = confusion[label].sum()
        assert right == ("" if not total else f"{100 * confusion[label, label] / total:.1f}%")


def test_what_is_right_and_what_is_wrong_have_colours_of_their_own_and_more_is_darker(read_html):
    found = read_html(confusion_table(np.array([[90, 1, 9], [0, 8, 4], [0, 0, 5]])))
    assert [cell.text for cell in found.all("td", "hit")] == ["90", "8", "5"]
    shades = {cell.text: float(re.search(r"[\d.]+", cell.attributes["style"])[0]) for cell in found.all("td", "miss")}
    assert shades["1"] < shades["4"] < shades["9"] <= 0.6
    assert [cell.text for cell in found.all("td") if not cell.attributes and not cell.text] == ["", "", ""]


def test_numbers_stand_to_the_right_of_texts_and_a_wide_table_scrolls_by_itself(read_html):
    found = read_html(table("Layers", ("layer", "checks"), [("relu", "38"), ("<b>", "2")], texts=1))
    box = found.one("div", "scroll")
    assert (box.attributes["aria-label"], box.attributes["tabindex"]) == ("Layers", "0")
    assert [cell.text for cell in box.all("td")] == ["relu", "38", "<b>", "2"]
    assert [cell.text for cell in box.all(class_="number")] == ["checks", "38", "2"]
    assert [cell.attributes.get("scope") for cell in box.all("th")] == ["col", "col"]
