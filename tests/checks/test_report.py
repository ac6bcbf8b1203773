"""A report reads well at 80 columns, and as JSON."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import rich.console
from rich.console import Console

from checks import gradcheck
from checks.page import overview
from checks.report import overall, summary
from checks.suite import run_suite

RIGHT = gradcheck((np.tanh, lambda dY, Y: dY * (1 - Y * Y)), "tanh", sizes={"N": 3, "D": 4})
WRONG = gradcheck((np.tanh, lambda dY, Y: dY * (Y * Y - 1)), "tanh", sizes={"N": 3, "D": 4}, dtype="float32")
OPEN = gradcheck((lambda X: X * (X > 0), lambda dY, X: dY * (X > 0)), "relu", inputs={"X": -np.ones((2, 3))})


@pytest.mark.parametrize("report", [RIGHT, WRONG, OPEN])
def test_it_fits_80_columns(report):
    assert max(len(line) for line in str(report).splitlines()) <= 80


def test_agreement_is_short():
    text = str(RIGHT)
    assert text.splitlines()[0] == "tanh   float64, 1 case, seed 0   ✓ agree"
    assert len(text.splitlines()) < 10


def test_disagreement_shows_entries_who_is_alone_and_the_cause():
    text = str(WRONG)
    assert "✗ disagree" in text
    assert "dX[" in text
    assert "12 of 12 entries" in text
    witnesses = "the derivation, differences, the complex step and Taylor's remainder"
    assert f"dX contradicts {witnesses}, at N=3 D=4" in " ".join(text.split())
    assert "dX is wrong in the backward: the equations and your forward agree" in text
    assert "likely: dX has the wrong sign (in the one case)" in text


def test_what_stays_open_says_why():
    assert "? dX, derivation, differences, complex step: vacuous" in str(OPEN)


def test_what_stays_open_for_the_same_reason_is_one_line():
    def affine(X, W, b):
        if np.iscomplexobj(X):
            raise TypeError("real numbers alone")
        return X @ W + b

    def backward(dY, X, W):
        return dY @ W.T, X.T @ dY, dY.sum(0)

    page = " ".join(str(gradcheck((affine, backward), "linear", sizes={"N": 3, "D": 4, "C": 5})).split())
    assert page.count("?") == 4  # three cells and a line
    assert "? dX, dW, db, complex step: the forward takes no complex numbers: affine(X[3, 4]," in page
    assert "raises TypeError: real numbers alone" in page


def test_json_has_the_fields_of_the_contract():
    data = json.loads(json.dumps(WRONG.to_dict(), allow_nan=False))
    assert (data["layer"], data["dtype"], data["seed"], data["verdict"]) == ("tanh", "float32", 0, "disagree")
    assert set(data["versions"]) - {"torch", "jax"} == {"python", "backproof", "numpy", "sympy", "flint"}
    for check in data["checks"]:
        assert {"layer", "case", "dtype", "cotangent", "witness", "verdict", "error"} <= set(check)
    (check,) = (check for check in data["checks"] if check["witness"] == "derivation")
    assert len(check["worst"]) == 3
    assert data["diagnoses"][0]["hypothesis"] == "sign"


def test_what_is_no_number_is_null_in_json():
    raising = gradcheck((np.tanh, lambda dY: 1 / 0), "tanh")
    checks = json.loads(json.dumps(raising.to_dict(), allow_nan=False))["checks"]
    assert None in {check["error"] for check in checks}


def test_the_summary_of_several():
    data = summary([RIGHT, WRONG])
    assert data["verdict"] == "disagree"
    assert len(data["checks"]) == len(RIGHT.findings) + len(WRONG.findings)
    assert data["seed"] == 0


def test_overall():
    assert overall([RIGHT, RIGHT]) == "agree"
    assert overall([RIGHT, OPEN]) == "unresolved"
    assert overall([OPEN, WRONG]) == "disagree"
    assert overall([]) == "unresolved"


def test_the_overview_has_a_line_for_each_report():
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(overview(run_suite(["softmax_cross_entropy", "relu"], dtypes=["float64"])))
    heading, *lines, _ = captured.get().splitlines()
    assert heading.split()[:4] == ["layer", "dtype", "forward", "backward"]
    assert [line.split()[:3] for line in lines] == [
        ["✓", "relu", "float64"],
        ["✓", "softmax_cross_entropy", "float64"],
    ]


class Text(HTMLParser):
    """The text of a page, whose tags have to close."""

    def __init__(self):
        super().__init__()
        self.text, self.open = "", []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("report", [RIGHT, WRONG, OPEN, replace(WRONG, layer="<script>alert(1)</script>")])
def test_a_notebook_shows_the_page_and_runs_nothing(report):
    parser = Text()
    parser.feed(report._repr_html_())
    assert parser.open == []
    assert [line.rstrip() for line in parser.text.splitlines()] == str(report).splitlines()
    assert "<script>" not in report._repr_html_()


def test_in_a_notebook_the_page_goes_where_it_is_asked_for(monkeypatch, capsys):
    text, page = str(WRONG), WRONG._repr_html_()
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    assert (str(WRONG), WRONG._repr_html_()) == (text, page)
    assert capsys.readouterr() == ("", "")
