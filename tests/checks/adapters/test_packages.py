"""A file that imports from its own package is run as a part of it."""

import sys

import pytest

from checks import gradcheck
from checks.adapters.files import FileError, load_pair

ACTIVATION = """
from ..base import half
from . import other
import numpy as np

def forward(X):
    return np.tanh(X)

def backward(dY, X):
    return 2*half(dY*(1 - np.tanh(X)**2)) + other.NOTHING
"""


@pytest.fixture
def package(tmp_path):
    inner = tmp_path / "a_library" / "layers"
    inner.mkdir(parents=True)
    (tmp_path / "a_library" / "__init__.py").write_text("")
    (inner / "__init__.py").write_text("")
    (tmp_path / "a_library" / "base.py").write_text("def half(x): return x/2")
    (inner / "other.py").write_text("NOTHING = 0.0")
    (inner / "activation.py").write_text(ACTIVATION)
    yield inner
    for name in [name for name in sys.modules if name.partition(".")[0] in ("a_library", "layers")]:
        del sys.modules[name]


def test_relative_imports_work(package):
    before = [*sys.path]
    pair = load_pair(f"{package / 'activation.py'}:backward")
    assert gradcheck(pair, "tanh", sizes={"N": 3, "D": 4}).verdict == "agree"
    assert sys.path == before


def test_a_folder_that_is_no_package_is_one_for_its_files(package):
    (package / "__init__.py").unlink()
    (package / "neighbour.py").write_text(
        "from .other import NOTHING\ndef forward(X): return X\ndef backward(dY): return dY"
    )
    pair = load_pair(f"{package / 'neighbour.py'}:backward")
    assert gradcheck(pair, "tanh", sizes={"N": 3, "D": 4}).verdict == "disagree"


def test_files_of_a_project_find_what_lies_beside_their_folder(package):
    (package / "absolute.py").write_text(
        "from layers.other import NOTHING\ndef forward(X): return X\ndef backward(dY): return dY"
    )
    assert load_pair(f"{package / 'absolute.py'}:backward")


def test_a_package_that_does_not_run_is_one_line(package):
    (package / "__init__.py").write_text("1/0")
    with pytest.raises(FileError, match=r"importing its package, a_library\.layers, raises ZeroDivisionError"):
        load_pair(f"{package / 'activation.py'}:backward")


def test_why_a_package_cannot_be_imported_is_told_where_the_file_needs_it(package):
    (package / "__init__.py").write_text("from collections import Hashable")
    with pytest.raises(
        FileError, match=r"py: importing its package, a_library\.layers, raises ImportError: .*Hashable"
    ):
        load_pair(f"{package / 'activation.py'}:backward")
    path = package / "alone.py"
    path.write_text("def forward(X): return X\ndef backward(dY): return dY\ndef more():\n    from . import other\n")
    assert load_pair(f"{path}:backward")


def test_a_package_called_like_one_of_ours_is_not_taken_for_it(tmp_path):
    folder = tmp_path / "checks"
    folder.mkdir()
    (folder / "other.py").write_text("NOTHING = 0.0")
    (folder / "mine.py").write_text("from .other import NOTHING\ndef backward(dY): return dY + NOTHING")
    with pytest.raises(FileError, match="attempted relative import"):
        load_pair(f"{folder / 'mine.py'}:backward")


def test_of_a_file_of_a_package_that_stops_what_is_needed_is_run(package):
    path, told = package / "stops.py", []
    path.write_text(ACTIVATION + "\nopen('nowhere.txt')\n")
    assert gradcheck(load_pair(f"{path}:backward", tell=told.append), "tanh", sizes={"N": 3, "D": 4}).verdict == "agree"
    assert "FileNotFoundError" in told[0]
