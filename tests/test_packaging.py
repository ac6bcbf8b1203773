"""What is built is complete, and works without the checkout."""

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WINGS = ("checks", "derivations", "numeric")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An sdist, and the wheel that is built from it; from a copy, so that the checkout stays as it is."""
    source, out = tmp_path_factory.mktemp("source") / "backproof", tmp_path_factory.mktemp("built")
    droppings = shutil.ignore_patterns(".git", ".*_cache", ".venv", ".hypothesis", "__pycache__", "*.egg-info", "build")
    shutil.copytree(ROOT, source, ignore=droppings)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def modules():
    return {"backproof.py"} | {str(path.relative_to(ROOT)) for wing in WINGS for path in (ROOT / wing).rglob("*.py")}


def test_the_wheel_holds_the_three_wings_and_the_command(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == modules()


def test_the_sdist_holds_what_the_wheel_needs(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert modules() | {"pyproject.toml", "README.md", "LICENSE"} <= names


def test_the_wheel_works_in_a_new_environment_from_an_empty_folder(built, tmp_path):
    environment, empty = tmp_path / "environment", tmp_path / "empty"
    empty.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([*install, next(built.glob("*.whl"))], check=True)
    # The dependencies are borrowed: to install them anew takes a network. The wheel's own modules come first.
    borrowed = environment / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages" / "borrowed.pth"
    borrowed.write_text(sysconfig.get_path("purelib") + "\n")

    def run(*command):
        done = subprocess.run(command, cwd=empty, capture_output=True, encoding="utf-8", env={"PATH": ""})
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    command = environment / "bin" / "backproof"
    for wing in (*WINGS, "backproof"):
        assert run(python, "-c", f"import {wing}; print({wing}.__file__)").startswith(str(environment))
    assert run(command, "--version") == "backproof 0.1.0\n"
    assert "dX" in run(command, "derive", "sigmoid", "--result")
    assert "sigmoid" in run(command, "check", "sigmoid")
    assert "test accuracy" in run(command, "train", "--dataset", "digits", "--epochs", "1", "--out", "run")
    assert (empty / "run" / "model.safetensors").is_file()
