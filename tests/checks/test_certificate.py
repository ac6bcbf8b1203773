"""A certificate vouches for the code that was checked, and for no other."""

import hashlib
import importlib
import json
import os
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    assert {"python", "backproof", "numpy", "sympy", "flint"} <= set(certificate.versions)
    (entry,) = (entry for entry in certificate.checked if entry["layer"] == "linear")
    assert (entry["dtype"], entry["seed"], entry["verdict"]) == ("float64", 0, "agree")
    assert "numeric.linear" in entry["sources"]
    assert all(check["error"] <= 1 for check in entry["checks"] if check["verdict"] == "agree")
    assert {"N=1", "C=1"} <= {size for case in entry["cases"] for size in case.split()}
    assert {check["witness"] for check in entry["checks"]} >= {"equations", "derivation", "differences"}


def test_reading_gives_back_what_was_written(path):
    assert load(path) == certify(REPORTS)
    confirm(load(path))


CERTIFYING = """
from checks.certificate import certify
from checks.suite import run_suite
print(certify(run_suite(["softmax_cross_entropy", "rms_norm"], dtypes=["float64"])).digest)
"""


def test_the_same_code_has_the_same_certificate_in_every_process():
    """Whatever order the interpreter gives to sets of names."""
    ran = [
        subprocess.run(
            [sys.executable, "-c", CERTIFYING],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("0", "1")
    ]
    assert len({each.stdout for each in ran}) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no JSON"),
        (b"\xff\xfe", "holds no JSON"),
        (b'{"format": 1, "verdict"', "holds no JSON"),
        (b"[1, 2]", "no certificate of format 1"),
        (b'{"format": 2}', "no certificate of format 1"),
        (b'{"format": 1, "verdict": "agree"}', "changed after it was written"),
        (b"[" * 100_000, "holds no JSON"),
        (b'{"format": 1' + b"0" * 5000 + b"}", "holds no JSON"),
        (b'{"format": [1]}', "no certificate of format 1"),
    ],
)
def test_what_is_no_certificate_is_refused_in_one_line(tmp_path, content, message):
    file = tmp_path / "certificate.json"
    file.write_bytes(content)
    with pytest.raises(CertificateError, match=message) as raised:
        load(file)
    assert "\n" not in str(raised.value)


HOSTILE = {
    "one thing too few": (lambda content: content.pop("versions"), "versions is amiss"),
    "one thing too many": (lambda content: content.update(extra=1), "extra is amiss"),
    "a verdict that is none": (lambda content: content.update(verdict="fine"), "what it holds as verdict is none"),
    "a verdict that cannot be": (lambda content: content.update(verdict=[]), "what it holds as verdict is none"),
    "entries that are none": (lambda content: content.update(checked=[1]), "what it holds as checked is none"),
    "an entry without a layer": (
        lambda content: content["checked"][0].pop("layer"),
        "what it holds as checked is none",
    ),
    "sources that are none": (lambda content: content.update(sources=["a"]), "what it holds as sources is none"),
    "a layer that is none": (lambda content: content["checked"][0].update(layer=["relu"]), "what it holds as checked"),
    "a layer without a name": (lambda content: content["checked"][0].update(layer=None), "what it holds as checked"),
    "a seed that is none": (lambda content: content["checked"][0].update(seed="0"), "what it holds as checked"),
    "a source that is none": (lambda content: content["checked"][0].update(sources=[{}]), "what it holds as checked"),
    "a source that erases": (lambda content: content.update(sources={"\x1b[2J": "0"}), "what it holds as sources"),
    "a source without end": (lambda content: content.update(sources={"a" * 201: "0"}), "what it holds as sources"),
    "digests that are none": (lambda content: content.update(sources={"a": 1}), "what it holds as sources is none"),
}


@pytest.mark.parametrize("damage", HOSTILE)
def test_a_false_certificate_with_a_true_digest_is_refused_in_one_line(path, damage):
    change, message = HOSTILE[damage]
    content = json.loads(path.read_text())
    del content["digest"]
    change(content)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    path.write_text(json.dumps({**content, "digest": hashlib.sha256(canonical).hexdigest()}))
    with pytest.raises(CertificateError, match=message) as raised:
        load(path)
    assert "\n" not in str(raised.value)


def test_what_is_no_regular_file_is_refused_in_one_line(tmp_path):
    with pytest.raises(CertificateError, match="it is no regular file"):
        load(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_goes_unnoticed(path, data):
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + data.draw(st.binary(max_size=3)) + whole[place + data.draw(st.integers(0, 3)) :]
    path.with_name("damaged.json").write_bytes(damaged)
    with suppress(CertificateError):  # and no other
        assert load(path.with_name("damaged.json")) == load(path)  # white space, say


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
