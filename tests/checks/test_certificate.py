"""A certificate vouches for the code that was checked, and for no other."""

import importlib
import json
import sys

import numpy as np
import pytest

from checks import gradcheck
from checks.certificate import CertificateError, certify, confirm, load, write
from checks.suite import run_suite

REPORTS = run_suite(["linear", "softmax_cross_entropy"], dtypes=["float64"])


@pytest.fixture
def path(tmp_path):
    write(certify(REPORTS), tmp_path / "certificate.json")
    return tmp_path / "certificate.json"


def test_it_says_what_was_checked(path):
    certificate = load(path)
    assert certificate.verdict == "agree"
    assert certificate.layers == ("linear", "softmax_cross_entropy")
    assert {"numeric.linear", "numeric.losses", "numeric.activations"} <= set(certificate.sources)
    (entry,) = (entry for entry in certificate.checked if entry["layer"] == "linear")
    assert (entry["dtype"], entry["seed"], entry["verdict"]) == ("float64", 0, "agree")
    assert len(entry["cases"]) == 5
    assert {check["witness"] for check in entry["checks"]} >= {"equations", "derivation", "differences"}


def test_reading_gives_back_what_was_written(path):
    assert load(path) == certify(REPORTS)
    confirm(load(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no JSON"),
        (b"\xff\xfe", "holds no JSON"),
        (b'{"format": 1, "verdict"', "holds no JSON"),
        (b"[1, 2]", "no certificate of format 1"),
        (b'{"format": 2}', "no certificate of format 1"),
        (b'{"format": 1, "verdict": "agree"}', "changed after it was written"),
    ],
)
def test_what_is_no_certificate_is_refused_in_one_line(tmp_path, content, message):
    file = tmp_path / "certificate.json"
    file.write_bytes(content)
    with pytest.raises(CertificateError, match=message) as raised:
        load(file)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_refused_in_one_line(tmp_path):
    with pytest.raises(CertificateError, match=r"cannot read .*: No such file"):
        load(tmp_path / "nothing.json")


def test_a_changed_verdict_is_noticed(path):
    content = json.loads(path.read_text())
    content["checked"][0]["verdict"] = "disagree"
    path.write_text(json.dumps(content))
    with pytest.raises(CertificateError, match="was changed after it was written"):
        load(path)


def test_disagreement_vouches_for_nothing(tmp_path):
    wrong = gradcheck((np.tanh, lambda dY, Y: -dY), "tanh", sizes={"N": 3, "D": 4})
    write(certify([wrong]), tmp_path / "certificate.json")
    with pytest.raises(CertificateError, match="its verdict is disagree"):
        confirm(load(tmp_path / "certificate.json"))


def test_changed_code_is_noticed(tmp_path, monkeypatch):
    source = "import numpy as np\ndef forward(X): return np.tanh(X)\ndef backward(dY, Y): return dY * (1 - Y * Y)\n"
    (tmp_path / "my_tanh.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_tanh", raising=False)
    mine = importlib.import_module("my_tanh")
    certificate = certify([gradcheck((mine.forward, mine.backward), "tanh", sizes={"N": 3, "D": 4})])
    confirm(certificate)
    (tmp_path / "my_tanh.py").write_text(source.replace("1 - Y", "1 + Y"))
    with pytest.raises(CertificateError, match="my_tanh has changed since it was checked"):
        confirm(certificate)


def test_nothing_half_written_is_left_behind(tmp_path):
    with pytest.raises(OSError, match="missing"):
        write(certify(REPORTS), tmp_path / "missing" / "certificate.json")
    assert list(tmp_path.iterdir()) == []
