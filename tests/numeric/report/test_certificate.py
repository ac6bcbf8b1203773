import json

import pytest

from checks.certificate import certify, write
from checks.suite import run_suite
from numeric.report.certificate import certificate_part


def rows(page):
    return [[cell.text for cell in row.all("td")] for row in page.all("tr")][1:]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """What certificate.json holds for two layers, in both dtypes."""
    path = tmp_path_factory.mktemp("run") / "certificate.json"
    write(certify(run_suite(["relu", "softmax_cross_entropy"], ["float64", "float32"])), path)
    return json.loads(path.read_text())


def test_a_row_for_each_layer_and_dtype_that_counts_its_checks(read_html, certificate):
    found = rows(read_html(certificate_part(certificate)))
    assert len(found) == 4
    for row, entry in zip(found, certificate["checked"], strict=True):
        unresolved = [check for check in entry["checks"] if check["verdict"] == "unresolved"]
        largest = max(check["error"] for check in entry["checks"] if check["verdict"] == "agree")
        assert row[:3] == [entry["layer"], entry["dtype"], "✓ agree"]
        assert row[3:5] == [str(len(entry["checks"])), str(len(unresolved))]
        assert row[5] == "<0.01" or float(row[5]) == pytest.approx(largest, rel=0.05)


def test_versions_sources_and_digest_are_all_there(read_html, certificate):
    text = read_html(certificate_part(certificate)).text
    assert certificate["digest"] in text
    for name, digest in certificate["sources"].items():
        assert f"{name}{digest}" in text
    for name, version in certificate["versions"].items():
        assert f"{name} {version}" in text
    for entry in certificate["checked"]:
        assert "; ".join(entry["cases"]) in text


def altered(certificate, verdict, *errors):
    checks = [{"verdict": verdict, "error": error} for error in errors]
    entry = certificate["checked"][0] | {"verdict": verdict, "checks": checks}
    return certificate | {"verdict": verdict, "checked": [entry]}


@pytest.mark.parametrize(
    ("errors", "shown"), [((3e6, 12.0), "3e+06"), ((1.0, None), "∞"), ((), "0"), ((1e-9,), "<0.01")]
)
def test_the_largest_error_is_shown_and_what_is_no_number_is_the_largest(read_html, certificate, errors, shown):
    (row,) = rows(read_html(certificate_part(altered(certificate, "disagree", *errors))))
    assert row[2:] == ["✗ disagree", str(len(errors)), "0", shown]


def test_only_checks_with_the_verdict_of_the_row_count_for_its_error(read_html, make_report):
    (row,) = rows(read_html(certificate_part(make_report().certificate)))
    assert row == ["linear", "float64", "✓ agree", "3", "1", "0.25"]


@pytest.mark.parametrize(
    ("verdict", "sentence"), [("disagree", "do not trust what was trained"), ("unresolved", "nobody can tell")]
)
def test_a_certificate_of_wrong_code_says_so_first(read_html, certificate, verdict, sentence):
    first, *_ = read_html(certificate_part(altered(certificate, verdict, 9.0))).all("p")
    assert verdict in first.text
    assert sentence in first.text


def test_without_certificate_nothing_vouches(read_html):
    assert "nothing vouches for it" in read_html(certificate_part(None)).text


def test_names_are_escaped(read_html, make_report):
    certificate = make_report().certificate
    entry = certificate["checked"][0] | {"layer": "<script>", "dtype": "<i>", "cases": ["<u>"]}
    sources = {"<script>": "<b>"}
    found = read_html(
        certificate_part(certificate | {"checked": [entry], "sources": sources, "versions": {"<s>": "<s>"}})
    )
    assert {node.name for node in found.all()}.isdisjoint({"script", "i", "u", "b", "s"})
    assert "<script>" in found.text
