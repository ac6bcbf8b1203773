"""All verdicts in one narrow table, and the whole page of those who do not agree."""

from dataclasses import replace
from io import StringIO

import numpy as np
from rich.console import Console

from checks import gradcheck, hessian_check
from checks.suite_page import suite_page

SIZES = {"N": 2, "D": 3}
RIGHT = gradcheck((np.tanh, lambda dY, Y: dY * (1 - Y * Y)), "tanh", sizes=SIZES)
WRONG = gradcheck((np.tanh, lambda dY, Y: dY * (Y * Y - 1)), "tanh", sizes=SIZES, dtype="float32")


def printed(*reports, width=40):
    console = Console(file=StringIO(), width=width)
    console.print(suite_page(reports))
    return console.file.getvalue()


def test_a_layer_is_a_line_and_a_dtype_a_column():
    lines = printed(RIGHT, replace(RIGHT, dtype="float32"), replace(RIGHT, layer="sinh")).splitlines()
    assert lines[0].split() == ["layer", "float64", "float32"]
    assert [line.split()[0] for line in lines[1:3]] == ["tanh", "sinh"]
    assert lines[1].count("✓") == 2
    assert max(map(len, lines)) <= 40
    assert "rounding may do; seed 0" in " ".join(" ".join(lines).split())


def test_of_several_sizes_the_worst_counts():
    table = printed(RIGHT, replace(WRONG, dtype="float64")).splitlines()[1]
    assert "✗" in table
    assert "✓" not in table


def test_only_what_does_not_agree_is_told_at_length():
    text = printed(RIGHT, WRONG, width=80)
    assert text.count("✗ disagree") == 1
    assert [line.rstrip() for line in text.splitlines()][4:] == str(WRONG).splitlines()
    assert str(RIGHT).splitlines()[0] not in text


def test_at_second_order_the_unit_is_another():
    report = hessian_check((np.tanh, lambda dY, Y: dY * (1 - Y * Y)), "tanh", sizes=SIZES)
    assert "differences may be off by" in " ".join(printed(report).split())
