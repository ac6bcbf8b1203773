"""The source of a module is found where Python would find it, and nothing is run to find it."""

import sys
from importlib.machinery import ModuleSpec

import pytest

from checks.sources import current_digest, digest_of

MARK = "from pathlib import Path\nPath(__file__).with_name('mark').touch()\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that leaves a mark where it is imported."""
    folder = tmp_path / "marked_package"
    folder.mkdir()
    (folder / "__init__.py").write_text(MARK)
    (folder / "inner.py").write_text("x = 1\n")
    (tmp_path / "hollow" / "inner").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_no_package_is_run_to_find_its_modules(package):
    assert current_digest("marked_package.inner") == digest_of(package / "inner.py") is not None
    assert current_digest("marked_package") == digest_of(package / "__init__.py")
    assert not (package / "mark").exists()
    assert "marked_package" not in sys.modules


def test_whoever_finds_modules_for_python_finds_them_here(tmp_path, monkeypatch):
    class Elsewhere:  # as an editable installation has one
        def find_spec(self, name, path=None, target=None):
            return ModuleSpec(name, None, origin=str(tmp_path / "there.py")) if name == "from_elsewhere" else None

    (tmp_path / "there.py").write_text("x = 1\n")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Elsewhere()])
    assert current_digest("from_elsewhere") == digest_of(tmp_path / "there.py")


def test_a_module_that_was_loaded_without_a_specification_is_where_it_says(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
    assert current_digest("__main__") == digest_of(__file__)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".inner",
        "marked_package.",
        "marked_package.none",
        "no.such",
        "hollow.inner",
        "a/b",
        "a\0b.c",
        "\ud800.x",
    ],
)
@pytest.mark.usefixtures("package")
def test_what_is_no_module_has_no_source(name):
    assert current_digest(name) is None
