"""Random checks are the same for the same seed, are counted, and can find something."""

import numpy as np
import pytest

from checks import false_alarms
from checks.false_alarms import draw_and_check, random_checks
from checks.suite import DTYPES, SUITE, Row
from numeric import activations, pooling

LAYERS = ["linear", "relu", "softmax", "layer_norm", "huber", "embedding"]


def last(tallies):
    *_, tally = tallies
    return tally


def test_correct_code_is_not_called_wrong():
    tally = last(random_checks(300, LAYERS, seed=5))
    assert tally.checks >= 300
    assert tally.alarms == ()
    assert tally.verdicts["agree"] > 200


def test_who_does_the_work_makes_no_difference():
    assert last(random_checks(60, ["tanh", "relu"], jobs=1)) == last(random_checks(60, ["tanh", "relu"], jobs=2))


def test_layers_and_dtypes_can_be_chosen():
    rng = np.random.default_rng(0)
    number = next(number for number, row in enumerate(SUITE) if row.layer == "linear")
    run, report = draw_and_check([number], ["float32"], rng)
    assert (report.layer, report.dtype, report.seed) == ("linear", "float32", run.seed)
    assert set(run.sizes) == {"N", "D", "C"}


def test_a_wrong_backward_is_counted_and_can_be_repeated(monkeypatch):
    wrong = Row("tanh", activations.tanh, activations.sigmoid_backward)
    monkeypatch.setattr(false_alarms, "SUITE", (wrong,))
    tally = last(random_checks(40, ["tanh"]))
    assert tally.verdicts["disagree"] > 0
    assert tally.alarms
    assert "from numeric.activations import tanh, sigmoid_backward" in tally.alarms[0].command
    assert "'tanh', sizes={'N'" in tally.alarms[0].command


def test_sizes_that_the_code_refuses_are_no_checks(monkeypatch):
    monkeypatch.setattr(false_alarms, "LARGEST_OF_MANY", 1)  # with windows of one place no padding is left
    row = Row("max_pool2d", pooling.max_pool2d, pooling.max_pool2d_backward, {"pad": 1})
    monkeypatch.setattr(false_alarms, "SUITE", (row,))
    tally = next(random_checks(10, ["max_pool2d"], DTYPES))
    assert (tally.runs, tally.refused, tally.checks) == (0, 1, 0)


def test_a_layer_that_does_not_exist_is_one_clear_line():
    with pytest.raises(ValueError, match="no implementation answers to 'tan'"):
        next(random_checks(1, ["tan"]))
