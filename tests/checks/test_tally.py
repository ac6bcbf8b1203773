"""Findings are counted by witness and dtype, and nothing that disagrees is lost."""

from checks.report import Report
from checks.tally import measured, tally
from checks.verdict import Finding


def report(dtype, *findings):
    return Report("relu", "relu", dtype, 5, tuple(Finding(*finding) for finding in findings), (), {})


DERIVED = [("N=3", "dX", "derivation", "agree", 0.25), ("N=4", "dX", "derivation", "agree", 0.5)]
WRONG = ("N=3", "dW", "derivation", "disagree", 1e6)


def test_a_row_counts_findings_and_cases_of_one_witness_in_one_dtype():
    counted = tally([report("float64", *DERIVED, WRONG), report("float32", DERIVED[0])])
    assert counted["rows"] == [
        {"witness": "the derivation", "dtype": "float64", "cases": 2, "agree": 2, "unresolved": 0, "disagree": 1}
        | {"largest": 0.5},
        {"witness": "the derivation", "dtype": "float32", "cases": 1, "agree": 1, "unresolved": 0, "disagree": 0}
        | {"largest": 0.25},
    ]
    assert (counted["verdict"], counted["seed"]) == ("disagree", 5)


def test_cases_of_other_options_are_other_cases():
    (row,) = tally([report("float64", DERIVED[0]), report("float64", DERIVED[0])])["rows"]
    assert (row["cases"], row["agree"]) == (2, 2)


def test_all_that_code_must_not_do_is_one_row():
    laws = [("N=3", "", law, verdict, 0.0) for law, verdict in
            (("same twice", "agree"), ("own memory", "disagree"), ("raises", "disagree"))]  # fmt: skip
    (row,) = tally([report("float64", *laws)])["rows"]
    assert (row["witness"], row["agree"], row["disagree"]) == ("laws of conduct", 1, 2)


def test_a_layer_is_measured_in_both_dtypes():
    found = measured("tanh", seed=3)
    assert (found["verdict"], found["seed"]) == ("agree", 3)
    assert {row["dtype"] for row in found["rows"]} == {"float64", "float32"}
    assert [row["witness"] for row in found["rows"][::2]] == [
        "the equations, of the forward", "the derivation", "finite differences", "the complex step",
        "Taylor's remainder", "laws of conduct",
    ]  # fmt: skip
    assert all(row["largest"] <= 1 for row in found["rows"])
    assert found == measured("tanh", seed=3)
