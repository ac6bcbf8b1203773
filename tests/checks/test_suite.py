"""The whole suite agrees, in both dtypes, and soon."""

import time

import pytest

from checks.suite import SUITE, rows, run_suite
from derivations import LAYERS


def test_everything_agrees():
    started = time.perf_counter()
    reports = run_suite()
    assert {report.verdict for report in reports} == {"agree"}, "\n".join(map(str, reports))
    assert len(reports) == 2 * len(SUITE)
    assert time.perf_counter() - started < 20


def test_every_layer_of_the_catalogue_has_an_implementation():
    assert {row.layer for row in SUITE} == set(LAYERS)


def test_every_cotangent_is_confirmed_by_equations_and_differences():
    for report in run_suite(dtypes=["float64"]):
        for witness in ("derivation", "differences"):
            agreeing = {f.cotangent for f in report.findings if f.witness == witness and f.verdict == "agree"}
            assert agreeing == set(report.cotangents)


def test_layers_can_be_chosen_and_progress_is_told():
    heard = []
    reports = run_suite(["tanh"], dtypes=["float32"], seed=3, progress=heard.append)
    assert heard == reports
    assert [(report.layer, report.dtype, report.seed) for report in reports] == [("tanh", "float32", 3)]


def test_an_unknown_layer_is_one_clear_line():
    with pytest.raises(ValueError, match=r"no implementation answers to 'tan': there are .*cross_entropy"):
        rows(["tan"])
