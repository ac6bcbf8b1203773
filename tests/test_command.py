"""The commands, as a user meets them: what they print and leave, and one line for everything that is wrong."""

import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from backproof import main
from checks import suite
from checks.certificate import confirm
from checks.certificate import load as load_certificate
from checks.suite import SUITE
from derivations import LAYERS
from derivations.backward import Derivation
from derivations.book import CHAPTERS
from derivations.evidence import Proof
from derivations.practice import skills
from numeric import recipes
from numeric.checkpoint import load as load_model
from numeric.data import datasets, mnist
from numeric.layers import IMPLEMENTATIONS

ROOT = Path(__file__).parent.parent
HEAVY = ("numpy", "sympy", "scipy", "sklearn", "flint", "pooch")
QUICK = ("--dataset", "digits", "--epochs", "1")
RUN_FILES = ["certificate.json", "history.jsonl", "model.safetensors", "report.html", "summary.json"]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command in this process, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(stop.value.code, out, err)

    return run


@pytest.fixture
def refused(run):
    """Run the command; expect exit code 2 and one line on stderr, and return that line."""

    def refused(*arguments):
        outcome = run(*arguments)
        assert outcome.code == 2
        assert re.fullmatch(r"backproof: .+\n", outcome.err)
        return outcome.err.strip()

    return refused


def started(*arguments, **environment):
    """The command as a process of its own, with pipes for its output."""
    command = [sys.executable, "-m", "backproof", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, **pipes)


def completed(*arguments, **environment):
    with started(*arguments, **environment) as process:
        out, err = process.communicate()
    return Outcome(process.returncode, out, err)


# The command itself


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["derive", "--help"], ["practice", "--help"], ["train", "--help"], []]
)
def test_help_imports_nothing_heavy(arguments):
    spy = f"""
import sys, backproof
try:
    backproof.main({arguments})
finally:
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", spy], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert "backproof" in done.stdout


@pytest.mark.parametrize(("wing", "command"), [("derivations", "derive"), ("checks", "check"), ("numeric", "train")])
def test_a_wing_is_its_command(wing, command):
    by_wing = subprocess.run([sys.executable, "-m", wing, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert (by_wing.returncode, by_wing.stderr) == (0, "")
    assert by_wing.stdout == completed(command, "--help").out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["derve"], r"No such command 'derve'\. Did you mean 'derive'"),
        (["derive", "--wtr", "W"], r"No such option: --wtr"),
        (["derive", "linear", "--format", "pdf"], r"'pdf' is not one of 'text', 'latex'"),
        (["check", "--seed", "-1"], r"'--seed': .*greater than or equal to 0"),
        (["check", "--seed", "x"], r"'--seed': .*integer"),
        (["check", "--json"], r"'--json' requires an argument"),
        (["train", "--epochs", "0"], r"'--epochs': .*greater than or equal to 1"),
        (["derive", ""], r"an argument is empty: say something there, or leave it out"),
        (["train", "--out", ""], r"--out is empty"),
        (["derive", "linear", "--wrt="], r"--wrt is empty"),
        (["train", "mlp"], r"unexpected extra argument.*mlp"),
    ],
)
def test_bad_usage_is_one_line(refused, arguments, line):
    assert re.search(line, refused(*arguments))


def test_what_is_complained_of_cannot_write_to_the_terminal_as_it_likes(refused):
    assert "cannot read ?[2J?: No such file" in refused("derive", "--file", "\x1b[2J\udcff")
    line = refused("train", "--network", "a" * 10_000)
    assert "unknown network 'aaa" in line
    assert line.endswith("three-blue-one-brown")
    assert len(line) < 2100


@pytest.mark.parametrize("arguments", [["derive", "--list"], ["check", "relu"]])
def test_a_closed_pipe_is_no_trouble_and_no_disagreement(arguments):
    nobody_reads, pipe = os.pipe()
    os.close(nobody_reads)
    command = [sys.executable, "-m", "backproof", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=pipe, stderr=subprocess.PIPE, text=True)
    os.close(pipe)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("arguments", [["derive", "linear"], ["check", "relu"]])
def test_where_the_output_is_closed_it_goes_nowhere(arguments):
    command = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", sys.executable, "-m", "backproof", *arguments]
    assert subprocess.run(command, cwd=ROOT).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        *(["doctor", "{}.py:f", "--against", "linear"], ["train", *QUICK, "--out", "{}"], ["train", "--data", "{}"]),
        *(["check", "relu", "--json", "{}"], ["train", "--resume", "{}"], ["book", "--out", "{}"]),
        ["picture", "tree", "relu", "--out", "{}"],
    ],
)
def test_a_name_that_is_too_long_for_a_file_is_one_line(refused, tmp_path, arguments):
    long = str(tmp_path / ("a" * 300))
    assert "File name too long" in refused(*(str(argument).format(long) for argument in arguments))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", [["--version"], ["derive", "--list"], ["check", "relu"], ["practice", "--list"]])
def test_where_the_output_has_no_room_it_says_so_in_one_line(arguments):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "backproof", *arguments]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert re.fullmatch(r"backproof: cannot write the output: No space left on device; .+\n", done.stderr)


@pytest.mark.parametrize("arguments", [["derive", "relu"], ["check", "relu"]])
def test_a_terminal_without_unicode_gets_spellings(arguments):
    outcome = completed(*arguments, PYTHONIOENCODING="ascii")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.isascii()
    assert ("sum_" if arguments[0] == "derive" else "ok ") in outcome.out


@pytest.mark.parametrize(
    ("surroundings", "arguments", "sign"),
    [
        ({"NO_COLOR": "1"}, ["check", "relu"], "✓"),
        ({"COLUMNS": "40"}, ["check", "relu"], "✓"),
        ({"TERM": "dumb"}, ["train", *QUICK], "test accuracy"),
    ],
    ids=["no colour", "narrow", "dumb"],
)
def test_on_a_terminal_of_any_kind(surroundings, arguments, sign):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "backproof", *arguments]
    environment = os.environ | {"TERM": "xterm-256color"} | surroundings
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        text = "".join(read_all(ours))
    os.close(ours)
    assert process.returncode == 0
    assert sign in text
    colours = re.findall(r"\x1b\[[0-9;]*3\dm", text)
    assert bool(colours) == ("COLUMNS" in surroundings)


def read_all(descriptor) -> Iterator[str]:
    while True:
        try:
            chunk = os.read(descriptor, 4096)
        except OSError:  # how Linux tells that the other end of a terminal is closed
            return
        if not chunk:
            return
        yield chunk.decode(errors="replace")


def test_ctrl_c_is_one_line_and_says_how_to_resume(tmp_path):
    out = tmp_path / "run"
    with started("train", "--dataset", "digits", "--epochs", "100000", "--out", out) as process:
        for line in process.stdout:
            if re.match(r"epoch +2/", line):
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    line = f"backproof: interrupted; backproof train --resume {out} goes on after the last whole epoch\n"
    assert (process.returncode, err) == (130, line)
    assert [path.name for path in out.iterdir()] == ["checkpoint.safetensors"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--resume", "nowhere"], "no checkpoint.safetensors in nowhere: nothing was interrupted there"),
        *(
            (["--resume", "nowhere", *others], "--resume takes everything but --data from the run")
            for others in (["--epochs", 3], ["--seed", 0], ["--network", "mlp"], ["--dataset", "auto"], ["--keep-path"])
        ),
    ],
)
def test_what_cannot_be_resumed_is_one_line(refused, arguments, line):
    assert line in refused("train", *arguments)


# derive


def module(source):
    """What printed source defines."""
    names = {}
    exec(source, names)  # noqa: S102 - it is ours, rendered from equations
    return names


def test_without_a_layer_they_are_listed(run):
    outcome = run("derive")
    assert outcome == run("derive", "--list")
    assert [line.split()[0] for line in outcome.out.splitlines()] == [*LAYERS, "network"]


def test_derive_prints_a_page(run):
    outcome = run("derive", "linear", "--wrt", "W")
    assert (outcome.code, outcome.err) == (0, "")
    assert "chain rule" in outcome.out
    assert "dW = X.T @ dY" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert "chain rule" not in run("derive", "linear", "--result").out


@pytest.mark.parametrize("format", ["text", "numpy"])
def test_a_derivation_that_its_witness_refutes_is_not_passed_off_as_right(run, monkeypatch, format):
    differs = Proof(False, "the derivative differs", contradicted=True)
    monkeypatch.setattr(Derivation, "witness", property(lambda self: differs))
    outcome = run("derive", "linear", "--format", format)
    assert outcome.code == 1
    assert "dW" in outcome.out
    assert outcome.err.startswith("backproof: this derivation is wrong: the derivative differs")


def test_derive_as_json(run):
    found = json.loads(run("derive", "linear", "--format", "json").out)
    assert {"layer", "tensors", "equations", "cotangents", "steps", "claims"} <= set(found)
    assert set(found["cotangents"]["dX"]) >= {"text", "latex"}
    assert set(found["steps"][0]) >= {"rule", "before", "after", "because", "proof"}
    several = json.loads(run("derive", "sigmoid", "network", "--format", "json").out)
    assert [one["layer"] for one in several] == ["sigmoid", "network"]


@pytest.mark.parametrize("name", ["softmax", "network"])
@pytest.mark.parametrize(("format", "sign"), [("latex", "\\documentclass"), ("markdown", "#")])
def test_derive_in_other_formats(run, name, format, sign):
    outcome = run("derive", name, "--format", format)
    assert (outcome.code, outcome.err) == (0, "")
    assert sign in outcome.out


def test_derived_source_runs(run):
    source = run("derive", "sigmoid", "--format", "numpy").out
    X = np.linspace(-3, 3, 12).reshape(3, 4)
    Y = 1 / (1 + np.exp(-X))
    np.testing.assert_allclose(module(source)["backward"](np.ones_like(X), X)["dX"], Y * (1 - Y), rtol=1e-12)


def test_a_layer_that_nobody_here_wrote(run, tmp_path):
    file = tmp_path / "my_layer.txt"
    file.write_text("X[N, D]  Y[N, D]\na > 0\nY[n, d] = X[n, d]*exp(-a*X[n, d]**2)  # a bump\n")
    page = run("derive", "--file", file)
    assert page.code == 0
    assert page.out.startswith("my_layer")
    assert "proved for all sizes" in page.out
    source = run("derive", "--file", file, "--format", "numpy").out
    X, a = np.linspace(-2, 2, 6).reshape(2, 3), 0.5
    expected = np.exp(-a * X**2) * (1 - 2 * a * X**2)
    np.testing.assert_allclose(module(source)["backward"](np.ones_like(X), X, a)["dX"], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"X[N, D] Y[N, D]\nY[n, d] = X[n, d]*foo(X[n, d])", r"my\.txt: line 2, column \d+: .*'foo'"),
        (b"X[N, D] Z[N, K] Y[N, D]\nY[n, d] = X[n, d]*Z[n, d]", r"my\.txt: line 2, column \d+: .*D.*K"),
        (b"X[N, D] Y[N, D]\nY[n, d] = X[n, d]*(", r"my\.txt: line 2, column \d+: "),
        (b"X[N] Y[N]\nY[n] = __import__('os').system('true')", r"my\.txt: line 2, column \d+: "),
        (b"", r"my\.txt: line 1, column 1: "),
        (b"\x7fELF\x02\x01\x01\xff\xfe", r"my\.txt is not text: byte 7"),
        (b"#" * 1_000_001, r"my\.txt is longer than 1000000 bytes"),
    ],
    ids=["unknown function", "sizes clash", "half a line", "code", "empty", "binary", "huge"],
)
def test_a_bad_layer_file_is_one_line(refused, tmp_path, content, line):
    (tmp_path / "my.txt").write_bytes(content)
    assert re.search(line, refused("derive", "--file", tmp_path / "my.txt"))


def test_files_that_are_none(refused, tmp_path):
    assert "No such file" in refused("derive", "--file", tmp_path / "missing.txt")
    assert "Is a directory" in refused("derive", "--file", tmp_path)
    assert "longer than" in refused("derive", "--file", "/dev/zero")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["linaer"], "no layer 'linaer'; did you mean linear"),
        (["linear", "--wrt", "V"], "no input 'V'; it has X, W, b"),
        (["softmax_cross_entropy", "--wrt", "T"], "T is an integer tensor"),
        (["network", "--wrt", "W"], "leave --wrt out"),
        (["network", "--format", "numpy"], "no NumPy source"),
        (["relu", "tanh", "--format", "numpy"], "for one layer"),
    ],
)
def test_what_cannot_be_derived_is_one_line(refused, arguments, line):
    assert line in refused("derive", *arguments)


# check


def test_check_agrees_and_leaves_json(run, tmp_path):
    file = tmp_path / "deep" / "found.json"
    outcome = run("check", "relu", "linear", "--dtype", "float32", "--seed", 3, "--json", file)
    assert (outcome.code, outcome.err) == (0, "")
    assert "float64" not in outcome.out
    found = json.loads(file.read_text())
    assert (found["verdict"], found["seed"]) == ("agree", 3)
    assert {"python", "numpy", "sympy"} <= set(found["versions"])
    assert {check["layer"] for check in found["checks"]} == {"relu", "linear"}
    assert {"layer", "case", "dtype", "cotangent", "witness", "verdict", "error"} <= set(found["checks"][0])


def sabotage(monkeypatch, layer, backward):
    rows = [replace(row, backward=backward) if row.layer == layer else row for row in SUITE]
    monkeypatch.setattr(suite, "SUITE", tuple(rows))


def wrong_tanh(dY, Y):
    return {"dX": dY * (1 - Y)}


def wrong_without_a_slope(dY, X, slope):
    return {"dX": np.where(X > 0, dY, slope * dY + (slope == 0))}


def test_check_tells_what_disagrees(run, monkeypatch, tmp_path):
    sabotage(monkeypatch, "tanh", wrong_tanh)
    file = tmp_path / "found.json"
    outcome = run("check", "tanh", "sigmoid", "--json", file)
    assert (outcome.code, outcome.err) == (1, "")
    assert "✗" in outcome.out
    assert "dX contradicts" in outcome.out
    assert json.loads(file.read_text())["verdict"] == "disagree"


def test_a_layer_that_is_checked_at_several_sizes_has_one_cell_for_each_dtype_the_worst(run, monkeypatch):
    marks = [line for line in run("check", "leaky_relu").out.splitlines() if line.startswith("leaky_relu")]
    assert [line.count("✓") for line in marks] == [2]
    sabotage(monkeypatch, "leaky_relu", wrong_without_a_slope)
    marks = [line for line in run("check", "leaky_relu").out.splitlines() if line.startswith("leaky_relu ")]
    assert marks[0].count("✗") == 2
    assert "✓" not in marks[0]


def test_random_checks_are_counted(run):
    outcome = run("check", "tanh", "--random", "20", "--seed", "2")
    assert (outcome.code, outcome.err) == (0, "")
    assert re.search(r"\d\d+ random checks in \d+ runs, seed 2: \d+ agree, 0 disagree, 0 are in doubt", outcome.out)


def test_random_checks_tell_of_every_alarm_how_to_repeat_it(run, monkeypatch):
    rows = [replace(row, backward=wrong_tanh) if row.layer == "tanh" else row for row in SUITE]
    monkeypatch.setattr("checks.false_alarms.SUITE", tuple(rows))
    outcome = run("check", "tanh", "--random", "20", "--dtype", "float32")
    assert outcome.code == 1
    assert 'disagrees: python -c "from checks import gradcheck; from numeric.activations import tanh' in outcome.out


def test_what_stays_unresolved_is_not_vouched_for(run, monkeypatch):
    monkeypatch.setattr("checks.report.Report.verdict", property(lambda report: "unresolved"))
    assert run("check", "relu", "--dtype", "float64").code == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sofmax"], "no layer 'sofmax'; did you mean softmax"),
        (["--dtype", "float16"], "no layer runs in 'float16'; expected float64 or float32"),
        (["--random", "9", "--json", "found.json"], "--random counts checks of gradients, and leaves no file"),
        (["--scheduler", "nonsense"], "no scheduler at 'nonsense'; expected tcp://HOST:8786"),
        (["--random", "9", "--scheduler", "nonsense"], "no scheduler at 'nonsense'"),
        (["--json", "/dev/null"], "no regular file"),
        (["--json", "/dev/null/found.json"], "cannot write in /dev/null"),
    ],
)
def test_what_cannot_be_checked_is_one_line(refused, arguments, line):
    if "--scheduler" in arguments:
        pytest.importorskip("distributed", reason="distributed is not installed")
    assert line in refused("check", *arguments)


def test_mutants_are_not_made_for_a_cluster_that_is_not_there(refused):
    pytest.importorskip("distributed", reason="distributed is not installed")
    assert "no scheduler at 'nonsense'" in refused("mutate", "relu", "--scheduler", "nonsense")


# train


@pytest.mark.parametrize("layer", IMPLEMENTATIONS)
def test_what_trains_is_what_is_checked(layer):
    implementation = IMPLEMENTATIONS[layer]
    checked = [(row.forward, row.backward) for row in SUITE if row.layer == layer]
    assert (implementation.forward, implementation.backward) in checked


def test_train_says_what_it_does_and_keeps_it(run, tmp_path):
    out = tmp_path / "deep" / "run"
    outcome = run("train", *QUICK, "--out", out)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == "data: scikit-learn's handwritten digits, as asked for"
    assert any(line.startswith("epoch 1/1") for line in lines)
    assert sorted(path.name for path in out.iterdir()) == RUN_FILES
    confirm(load_certificate(out / "certificate.json"))
    summary = json.loads((out / "summary.json").read_text())
    assert {"network", "dataset", "parameters", "epochs", "train_seconds", "test_accuracy"} <= set(summary)
    assert {"validation_accuracy", "seed", "threads"} <= set(summary)
    parameters, metadata = load_model(out / "model.safetensors")
    assert sum(array.size for array in parameters.values()) == summary["parameters"]
    assert metadata["network"] == "mlp"
    assert metadata["certificate"] == load_certificate(out / "certificate.json").digest
    assert "<html" in (out / "report.html").read_text()


def test_nothing_is_written_unless_asked_for(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "nothing was kept" in run("train", *QUICK).out
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_trains_the_same_weights(run, tmp_path):
    for name in "ab":
        run("train", *QUICK, "--network", "nielsen-quadratic", "--seed", 1, "--out", tmp_path / name)
    a, b = ((tmp_path / name / "model.safetensors").read_bytes() for name in "ab")
    assert a == b


@pytest.mark.parametrize(
    ("arguments", "layers"),
    [
        (["--optimizer", "adam", "--schedule", "one-cycle", "--batch", 16, "--clip", 1.0], []),
        (["--dropout", 0.5, "--l1", 1e-5, "--l2", 1e-5], ["dropout", "elastic_net"]),
        (["--augment", "--network", "mlp-augmented", "--no-augment"], ["linear", "relu"]),
        (["--augment", "--patience", 3, "--halve-after", 2, "--rate", 0.01, "--l2", 0], []),
    ],
)
def test_how_to_train_can_be_chosen(run, tmp_path, arguments, layers):
    outcome = run("train", *QUICK, *arguments, "--out", tmp_path)
    assert (outcome.code, outcome.err) == (0, "")
    assert set(layers) <= set(load_certificate(tmp_path / "certificate.json").layers)
    assert sorted(path.name for path in tmp_path.iterdir()) == RUN_FILES


def test_a_resumed_run_keeps_what_was_chosen(run, tmp_path):
    chosen = ["--dataset", "digits", "--epochs", 4, "--optimizer", "rmsprop", "--dropout", 0.25, "--augment"]
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    run("train", *chosen, "--out", whole)
    with started("train", *chosen, "--epochs", 4, "--out", halved) as process:
        for line in process.stdout:
            if re.match(r"epoch +2/", line):
                break
        process.send_signal(signal.SIGINT)
        process.communicate()
    if (halved / "checkpoint.safetensors").exists():
        assert run("train", "--resume", halved).code == 0
    assert (whole / "model.safetensors").read_bytes() == (halved / "model.safetensors").read_bytes()


def wrong_relu(dY, Y):
    return {"dX": dY * Y}


def wrong_softmax_cross_entropy(dL, P, T):
    return {"dZ": dL * (P - np.eye(P.shape[1], dtype=P.dtype)[T])}  # no 1/N


@pytest.mark.parametrize(
    ("network", "layer", "backward"),
    [
        ("mlp", "relu", wrong_relu),
        ("mlp", "softmax_cross_entropy", wrong_softmax_cross_entropy),
        ("nielsen-quadratic", "sigmoid", lambda dY, Y: {"dX": -dY * Y * (1 - Y)}),
    ],
)
def test_what_disagrees_is_not_trained(run, monkeypatch, tmp_path, network, layer, backward):
    sabotage(monkeypatch, layer, backward)
    outcome = run("train", *QUICK, "--network", network, "--out", tmp_path / "run")
    assert outcome.code == 1
    assert re.fullmatch(rf"backproof: {network} is not trained: .*not all have passed\n", outcome.err)
    assert "✗" in outcome.out
    assert "epoch" not in outcome.out
    assert not (tmp_path / "run").exists()


def test_a_layer_that_the_network_does_not_use_may_be_wrong(run, monkeypatch):
    sabotage(monkeypatch, "tanh", wrong_tanh)
    assert run("train", *QUICK).code == 0


def test_an_explosion_names_the_layer_and_the_step(run, monkeypatch, tmp_path):
    recipe = replace(recipes.RECIPES["mlp", "digits"], rate=1e30)
    monkeypatch.setitem(recipes.RECIPES, ("mlp", "digits"), recipe)
    outcome = run("train", *QUICK, "--out", tmp_path / "run")
    assert outcome.code == 2
    assert re.fullmatch(r"backproof: training stopped at .*: .* of layer \d \(\w+\) is not finite.*\n", outcome.err)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--network", "mpl"], "unknown network 'mpl'; expected one of mlp, mlp-augmented, cnn"),
        (["--keep-path"], "--keep-path keeps the way beside the run: say with --out DIR where"),
        (["--dataset", "cifar"], "unknown dataset 'cifar'; expected one of"),
        (["--dataset", "digits", "--init", "ones"], "unknown initialization 'ones'; expected one of"),
        (["--dataset", "digits", "--optimizer", "magic"], "unknown optimizer 'magic'; expected one of sgd, momentum"),
        (["--dataset", "digits", "--schedule", "none"], "unknown schedule 'none'; expected one of constant, step"),
        (["--dataset", "digits", "--dropout", 1], "'--dropout': 1.0; expected a share, 0 or more and less than 1"),
        (["--dataset", "digits", "--l2", "nan"], "'--l2': nan; expected a number, 0 or more"),
        (["--dataset", "digits", "--l1", -1], "'--l1': -1.0; expected a number, 0 or more"),
        (["--dataset", "digits", "--rate", "nan"], "rate is nan; expected a number above 0"),
        (["--data", "/nowhere"], "no folder /nowhere"),
        (["--dataset", "digits", "--out", "/dev/null/run"], "cannot write in /dev/null/run"),
    ],
)
def test_what_cannot_be_trained_is_one_line(refused, arguments, line):
    assert line in refused("train", *arguments)


def idx(shape, payload, magic=0x0800):
    """An IDX file of bytes: two zeros, the type, the number of sizes, the sizes, the payload."""
    head = (magic | len(shape)).to_bytes(4, "big")
    return head + b"".join(size.to_bytes(4, "big") for size in shape) + payload


LABELS = np.zeros(60000, np.uint8).tobytes()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (gzip.compress(idx((60000,), LABELS))[:-20], r"labels-idx1-ubyte\.gz: .*"),
        (b"\x1f\x8b" + b"damaged" * 9, r"labels-idx1-ubyte\.gz: .*"),
        (gzip.compress(idx((60000,), LABELS[:-1])), r"labels-idx1-ubyte\.gz: .*"),
        (gzip.compress(idx((60000,), LABELS, magic=0x1234)), r"magic"),
        (gzip.compress(idx((2**31, 2**20), b"")), r"labels-idx1-ubyte\.gz: .*"),
        (gzip.compress(idx((60000,), LABELS[:-1] + b"\x0a")), r"label 59999 is 10; expected labels 0\.\.9"),
        (gzip.compress(idx((60000,), LABELS)), r"SHA-256"),
    ],
    ids=["cut gzip", "no gzip", "cut IDX", "magic number", "terabytes", "labels", "other content"],
)
def test_damaged_data_is_one_line(refused, monkeypatch, tmp_path, content, complaint):
    monkeypatch.setattr(mnist, "FILES", (mnist.TRAIN_LABELS,))
    (tmp_path / f"{mnist.TRAIN_LABELS.name}.gz").write_bytes(content)
    out = tmp_path / "run"
    assert re.search(complaint, refused("train", "--data", tmp_path, "--out", out))
    assert not out.exists()


class Server(BaseHTTPRequestHandler):
    """Serves something else than MNIST, or nothing."""

    def do_GET(self):
        self.send_response(404 if self.path.startswith("/nothing") else 200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("folder", ["nothing", "something-else"])
def test_a_download_that_fails(run, refused, monkeypatch, tmp_path, server, folder):
    monkeypatch.delenv("BACKPROOF_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(datasets, "load", partial(datasets.load, mirrors=[f"{server}/{folder}/"]))
    line = refused("train", "--dataset", "mnist")
    assert "MNIST cannot be had" in line
    assert server in line
    fallen_back = run("train", "--epochs", 1)
    assert fallen_back.code == 0
    assert fallen_back.out.startswith("data: scikit-learn's embedded digits, because MNIST cannot be had")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.skipif("BACKPROOF_DATA" not in os.environ, reason="BACKPROOF_DATA is not set: no MNIST to train on")
def test_train_reaches_98_percent_on_mnist(run, tmp_path):
    outcome = run("train", "--threads", 1, "--out", tmp_path)
    assert outcome.code == 0
    assert outcome.out.startswith("data: MNIST from BACKPROOF_DATA=")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["network"], summary["epochs"]) == ("mlp", 10)
    assert summary["test_accuracy"] >= 0.98


def test_predict_reads_a_picture_and_draws_bars(run, tmp_path):
    run("train", "--dataset", "digits", "--epochs", 20, "--out", tmp_path / "run")
    image = Image.new("L", (160, 240), 255)
    ImageDraw.Draw(image).line([(80, 30), (80, 210)], fill=0, width=30)
    image.save(tmp_path / "one.png")
    model = tmp_path / "run" / "model.safetensors"
    lines = run("predict", model, tmp_path / "one.png").out.splitlines()
    assert lines[0] == f"{tmp_path / 'one.png'}   1"
    shares = [float(line.split()[1].rstrip("%")) for line in lines[1:11]]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert shares[1] == max(shares)
    assert max(lines[1:11], key=len) == lines[2]


@pytest.mark.parametrize(
    ("model", "line"), [("nowhere.safetensors", "no file .*nowhere"), ("x.png", "is no intact safetensors file")]
)
def test_what_cannot_be_predicted_is_one_line(refused, tmp_path, model, line):
    (tmp_path / "x.png").write_bytes(b"no picture")
    assert re.search(line, refused("predict", tmp_path / model, tmp_path / "x.png"))


@pytest.mark.parametrize(
    ("network", "layer"),
    [("weisberg", "sigmoid"), pytest.param("cnn", "conv_relu_pool2d", marks=pytest.mark.thorough)],
)
def test_verify_repeats_the_checks_at_the_models_own_weights(run, tmp_path, network, layer):
    run("train", *QUICK, "--network", network, "--no-augment", "--threads", 2, "--out", tmp_path / "run")
    assert layer in load_certificate(tmp_path / "run" / "certificate.json").layers
    outcome = run("verify", tmp_path / "run" / "model.safetensors")
    assert (outcome.code, outcome.err) == (0, "")
    assert layer in outcome.out
    assert "the code is the code that was certified" in outcome.out


def test_verify_compares_the_code_with_the_models_certificate(run, refused, tmp_path):
    run("train", *QUICK, "--network", "three-layer", "--out", tmp_path / "run")
    model, certificate = tmp_path / "run" / "model.safetensors", tmp_path / "run" / "certificate.json"
    told = json.loads(certificate.read_text())
    certificate.write_text(json.dumps(told | {"verdict": "disagree"}))
    assert "was changed after it was written" in refused("verify", model)
    certificate.unlink()
    shown = " ".join(run("verify", model).out.split())
    assert "no certificate to compare the code with, though the model names one" in shown
    run("train", *QUICK, "--network", "mlp", "--out", tmp_path / "other")
    certificate.write_bytes((tmp_path / "other" / "certificate.json").read_bytes())
    outcome = run("verify", model)
    assert outcome.code == 1
    assert "this is not the certificate that the model names" in " ".join(outcome.out.split())
    assert "no file" in refused("verify", tmp_path / "nowhere")


def test_export_writes_what_onnxruntime_reads(run, refused, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed")
    run("train", *QUICK, "--network", "mlp", "--out", tmp_path / "run")
    model = tmp_path / "run" / "model.safetensors"
    outcome = run("export", model, "--out", tmp_path / "digits.onnx")
    assert outcome.out == f"{tmp_path / 'digits.onnx'}   X[N, 64] -> shares[N, 10], label[N]\n"
    session = onnxruntime.InferenceSession(str(tmp_path / "digits.onnx"), providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == ["shares", "label"]
    assert "is the model itself" in refused("export", model, "--out", model)
    assert "no file" in refused("export", tmp_path / "none", "--out", tmp_path / "x.onnx")
    assert "no regular file" in refused("export", model, "--out", tmp_path)


def test_bench_needs_mnist(refused, tmp_path):
    assert "no MNIST files" in refused("bench", "--data", tmp_path)


# book


@pytest.fixture
def one_chapter(monkeypatch):
    """A book of its first chapter, and of the layers that are asked for."""
    monkeypatch.setattr("derivations.book.site.CHAPTERS", CHAPTERS[:1])


@pytest.mark.usefixtures("one_chapter")
def test_a_book_holds_what_was_derived_written_and_measured(run, tmp_path):
    folder = tmp_path / "a" / "book"
    outcome = run("book", "tanh", "linear", "--out", folder, "--seed", 3, "--jobs", 1)
    assert outcome == Outcome(0, f"4 pages; open {folder / 'index.html'} in a browser\n", "")
    page = (folder / "layer-tanh.html").read_text()
    assert "def tanh_backward(" in page
    assert "the code agrees with the equations" in page
    assert "drawn with seed 3" in page
    assert page.count("<td>finite differences</td>") == 2  # float64 and float32
    chapter = (folder / "chapter-one_neuron.html").read_text()
    assert ">0.622459331201855</td>" in chapter
    assert "15 digits" in chapter
    assert not re.search('class="[^"]*off"', chapter)
    assert "not returned" not in chapter


@pytest.mark.usefixtures("one_chapter")
def test_a_book_in_latex_says_what_came_of_it(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # no LaTeX here
    outcome = run("book", "tanh", "--out", tmp_path / "book", "--tex", "--jobs", 1)
    assert outcome.out.startswith("book.tex: LaTeX is not installed")
    assert r"\section{tanh}" in (tmp_path / "book" / "book.tex").read_text()


def test_what_cannot_be_made_a_book_is_one_line(refused, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "holds other files, which would be lost; choose another folder" in refused("book", "--out", tmp_path)
    for place in ("thesis.txt", "thesis.txt/book"):
        assert "thesis.txt is no folder; choose another name" in refused("book", "--out", tmp_path / place)
    assert "there is no layer 'lstn'; did you mean lstm" in refused("book", "lstn", "--out", tmp_path / "book")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_interrupted_book_leaves_nothing(tmp_path):
    with started("book", "lstm", "--out", tmp_path / "book", "--jobs", 1) as process:
        while not any(tmp_path.iterdir()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err) == (130, "backproof: interrupted\n")
    assert list(tmp_path.iterdir()) == []


# picture


@pytest.mark.parametrize(
    ("arguments", "name", "shown"),
    [
        (["graph", "lstm"], "lstm-graph.svg", "dh"),
        (["graph", "softmax", "--values"], "softmax-graph.svg", "dZ"),
        (["tree", "layer_norm", "--wrt", "X"], "layer_norm-tree.svg", "dX"),
        (["network", "cnn"], "cnn-graph.svg", "dK1"),
    ],
)
def test_pictures_of_layers_are_drawn(run, tmp_path, monkeypatch, arguments, name, shown):
    monkeypatch.chdir(tmp_path)
    outcome = run("picture", *arguments)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{name}\n", "")
    picture = (tmp_path / name).read_text()
    assert picture.startswith("<svg")
    assert shown in picture


def test_pictures_of_a_trained_network_are_drawn(run, refused, tmp_path):
    out = tmp_path / "run"
    run("train", *QUICK, "--keep-path", "--out", out)
    assert (out / "path.safetensors").is_file()
    image = Image.new("L", (160, 240), 255)
    ImageDraw.Draw(image).line([(80, 30), (80, 210)], fill=0, width=30)
    image.save(tmp_path / "one.png")
    model = out / "model.safetensors"
    for what in (["surface", out], ["wiggle", model, "--weight", "W1[3,5]"], ["weights", model],
                 ["digit", model, tmp_path / "one.png"]):  # fmt: skip
        page = tmp_path / f"{what[0]}.html"
        assert run("picture", *what, "--out", page).out == f"{page}\n"
        assert "<svg" in page.read_text() or "<img" in page.read_text()
    assert "no file" in refused("picture", "weights", tmp_path / "nowhere")
    assert "there is no layer 'lstn'" in refused("picture", "graph", "lstn")
    assert "no regular file" in refused("picture", "graph", "lstm", "--out", tmp_path)


# practice


@pytest.fixture
def practise(tmp_path, monkeypatch, run):
    """Practise through a pipe, with a file of progress of one's own."""
    monkeypatch.setenv("BACKPROOF_PROGRESS", str(tmp_path / "progress.sqlite3"))

    def practise(*arguments, given=""):
        monkeypatch.setattr(sys, "stdin", given if isinstance(given, StringIO) else StringIO(given))
        return run("practice", *arguments)

    return practise


def test_every_line_answers_a_problem_and_every_answer_has_a_verdict(practise):
    done = practise("layers.linear.dW", "--seed", 3, given="X.T @ dY\n2*X.T @ dY\nX.T @\n")
    lines = done.out.splitlines()
    assert (done.code, done.err) == (1, "")
    assert lines[0].startswith("1 layers.linear.dW:3:1 ")
    assert lines[0].endswith("Given dY, what is dW?")
    assert lines[1] == "right: the same normal form, for all sizes"
    assert re.match("wrong: .*2 times the truth; with N = 1, .*: yours gives 2, the truth is 1$", lines[3])
    assert lines[5].startswith("unreadable: column ")
    assert lines[-1] == "3 answers: 1 right, 1 wrong, 1 unreadable"


def test_all_right_is_exit_code_0(practise):
    done = practise("layers.linear", "--count", 2, given="dY @ W.T\nX.T @ dY\ndY.sum(axis=0)\n")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "2 answers: 2 right"


def test_the_same_seed_asks_the_same(practise):
    asked = [practise("chain_rule", "--seed", 3, "--difficulty", 2, "--no-progress").out for _ in range(2)]
    assert asked[0] == asked[1]
    assert asked[0].startswith("1 chain_rule.composites:3:2 Differentiate f(x) = ")


def test_the_map_shows_what_was_practised(practise):
    assert "[    ] linear: dW" in practise("--status", "layers").out
    practise("layers.linear.dW", given="X.T @ dY\n")
    assert "[### ] linear: dW" in practise("--status").out


def test_a_mixed_test_masters_what_is_proficient_and_a_miss_demotes(practise):
    answers = {"layers.linear.dW": "X.T @ dY\n", "layers.linear.db": "dY.sum(axis=0)\n"}
    for name, answer in answers.items():
        practise(name, given=answer)
    test = (*answers, "--test", "--seed", 0)
    first = practise(*test).out.split()[1].partition(":")[0]
    done = practise(*test, given=answers.pop(first) + "X\n")
    assert done.out.splitlines()[-1] == "2 answers: 1 right, 1 wrong"
    levels = {line[9:].split("  ")[0]: line[2:8] for line in practise("--status", "layers.linear").out.splitlines()}
    assert levels[f"linear: {first[-2:]}"] == "[####]"
    assert levels[f"linear: {next(iter(answers))[-2:]}"] == "[##  ]"


def test_what_is_not_kept_is_not_kept(practise, tmp_path):
    assert practise("layers.linear.dW", "--no-progress", given="X.T @ dY\n").code == 0
    assert list(tmp_path.iterdir()) == []


def test_the_skills_are_listed(practise):
    listed = practise("--list")
    assert {f"  {name}" for name in skills()} <= {line[: 2 + len(line.split()[0])] for line in listed.out.splitlines()}
    assert max(map(len, listed.out.splitlines())) <= 80


def test_a_teacher_gets_json_or_tables(practise, tmp_path):
    practise("layers.linear.dW", given="X.T @ dY\nX\n")
    done = practise("--export", tmp_path / "ada.json", "layers.linear")
    assert (done.code, done.out) == (0, f"{tmp_path / 'ada.json'}\n")
    found = json.loads((tmp_path / "ada.json").read_text())
    assert [row["skill"] for row in found["skills"]] == [f"layers.linear.{name}" for name in ("dX", "dW", "db")]
    assert [row["answer"] for row in found["attempts"]] == ["X.T @ dY", "X"]
    done = practise("--export", tmp_path / "ada.csv")
    assert done.out.splitlines() == [str(tmp_path / name) for name in ("ada.csv", "ada-attempts.csv")]
    assert (tmp_path / "ada-attempts.csv").read_text().startswith("when,skill,problem")


def test_an_explanation_is_held_against_ideas(practise):
    done = practise("--explain", "layers.linear.dW", given="The loss depends on W through a sum over the batch.\n")
    assert (done.code, done.err) == (0, "")
    assert "where transposes come from" in done.out
    assert "why sums appear" not in done.out
    assert "It does not measure understanding" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["layers.linaer"], "there is no skill or topic 'layers.linaer'; did you mean layers.linear"),
        (["--difficulty", 4], "less than or equal to 3"),
        (["--test", "layers.linear.dW"], "a test is mixed: it needs at least two skills"),
        (["--status", "--list"], "--status and --list are different things: give one of them"),
        (["--status", "--seed", 1], "--status poses no problems: leave out --seed, --difficulty and --count"),
        (["--status", "--no-progress"], "--no-progress keeps nothing: leave out"),
        (["--export", "ada.xlsx"], "expected a name that ends in .json or .csv"),
        (["--export", "nowhere.json/ada.json"], "nowhere.json"),
        (["--export", "ada.json", "--progress", "./ada.json"], "ada.json is the file of progress itself"),
        (["--explain", "layers", "nielsen"], "one thing is explained at a time"),
        (["--progress", "."], "cannot read .: it is no regular file; name another file with --progress"),
    ],
)
def test_what_cannot_be_practised_is_one_line(practise, refused, tmp_path, monkeypatch, arguments, line):
    monkeypatch.chdir(tmp_path)
    Path("nowhere.json").write_text("")
    assert line in refused("practice", *arguments)


def test_without_any_input_nothing_is_practised(practise, refused, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    for way in ([], ["--explain"]):
        assert "no standard input" in refused("practice", *way)


def test_ctrl_c_in_practice_is_one_line(practise):
    class Interrupted(StringIO):
        def readline(self, *_):
            raise KeyboardInterrupt

    done = practise("derivatives", "--seed", 0, given=Interrupted())
    assert (done.code, done.err) == (130, "backproof: interrupted; every answer was kept\n")
