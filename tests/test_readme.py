"""Everything in the README that can be run is run, and what it shows is what comes out."""

import doctest
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from derivations import derive, read_layer
from derivations.scope import FUNCTIONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SET_UP = {
    "main": "python -m pip install . && backproof train",
    "tests": "python -m pip install torch==2.13.0 && python -m pip install -e '.[test]' && python -m pytest -n auto",
}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands_and_output(session):
    """[(command, output)] of a block whose commands start with a dollar."""
    parts = re.split(r"^\$ (.*)\n", session, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


@pytest.fixture
def shell(tmp_path, offline):
    """Run a line in an empty folder, where `backproof` is the code of this checkout."""
    command = tmp_path / "bin" / "backproof"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backproof "$@"\n')
    command.chmod(0o755)
    folder = tmp_path / "empty"
    folder.mkdir()
    environment = offline | {
        "PATH": os.pathsep.join([str(command.parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "80",
        "BACKPROOF_PROGRESS": str(tmp_path / "progress.sqlite3"),
    }

    def run(line, code=0):
        done = subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, encoding="utf-8")
        assert (done.returncode, done.stderr) == (code, "")
        return done.stdout

    return run


def without_trailing_space(text):
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.mark.parametrize("session", blocks("console"), ids=lambda session: session.splitlines()[0][2:40])
def test_sessions_show_what_comes_out(session, shell):
    for command, shown in commands_and_output(session):
        found_wrong = re.search("✗|^wrong: ", shown, re.MULTILINE)  # a command that finds something exits with 1
        output = without_trailing_space(shell(command, code=int(bool(found_wrong))))
        if shown:
            assert doctest.OutputChecker().check_output(shown, output, doctest.ELLIPSIS), output


def test_python_snippets_run_one_after_the_other(shell, tmp_path):
    has_torch = find_spec("torch") is not None
    snippets = [block for block in blocks("python") if has_torch or "import torch" not in block]
    (tmp_path / "snippets.py").write_text("\n".join(snippets))
    output = shell(f'python "{tmp_path / "snippets.py"}"')
    assert "times 1/N" in output


@pytest.mark.parametrize("text", blocks("text"))
def test_layers_are_in_the_notation(text):
    derivation = derive(read_layer(text))
    assert derivation.witness.holds


def test_all_functions_of_the_notation_are_named():
    (told,) = re.findall(r"^The functions are (.*?)\. What", README, re.DOTALL | re.MULTILINE)
    named = set(re.findall(r"[a-z]+(?=,|\(| and|$)", told)) - {"a", "b"}
    assert named == FUNCTIONS - {"sum", "mean", "max", "where", "sigma", "sigma_prime"}


def test_two_commands_do_all_the_set_up():
    assert [block.strip() for block in blocks("sh")] == list(SET_UP.values())


def test_the_main_job_runs(shell):
    assert "test accuracy" in shell(SET_UP["main"].split(" && ")[1])


def test_commands_in_passing_exist(shell):
    shell("backproof derive --list")
    shell("backproof derive network")
    shell("backproof check relu --json found.json")


def test_a_snippet_that_shows_something_else_is_noticed():
    assert not doctest.OutputChecker().check_output("a\n...\nc\n", "a\nb\nd\n", doctest.ELLIPSIS)
    assert commands_and_output("$ one\n$ two\nout\n...\n") == [("one", ""), ("two", "out\n...\n")]
