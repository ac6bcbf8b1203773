"""Every layer of the catalogue agrees with its equations, in both dtypes."""

import pytest

from checks.suite import SUITE, rows, run_suite
from derivations import LAYERS


@pytest.mark.parametrize("layer", dict.fromkeys(row.layer for row in SUITE))
def test_every_layer_agrees_and_two_witnesses_say_so_of_every_cotangent(layer):
    for report in run_suite([layer]):
        assert report.verdict == "agree", str(report)
        for witness in ("derivation", "differences"):
            agreeing = {f.cotangent for f in report.findings if f.witness == witness and f.verdict == "agree"}
            assert agreeing == set(report.cotangents)


def test_every_layer_of_the_catalogue_has_an_implementation():
    assert {row.layer for row in SUITE} == set(LAYERS)


def test_layers_can_be_chosen_and_progress_is_told():
    heard = []
    reports = run_suite(["tanh"], dtypes=["float32"], seed=3, progress=heard.append)
    assert heard == reports
    assert [(report.layer, report.dtype, report.seed) for report in reports] == [("tanh", "float32", 3)]


def test_several_processes_report_the_same_in_the_same_order():
    alone, together = (run_suite(["tanh", "relu"], seed=1, jobs=jobs) for jobs in (1, 2))
    assert [report.to_dict() for report in alone] == [report.to_dict() for report in together]


def test_an_unknown_layer_is_one_clear_line():
    with pytest.raises(ValueError, match=r"no implementation answers to 'tan': there are .*cross_entropy"):
        rows(["tan"])
