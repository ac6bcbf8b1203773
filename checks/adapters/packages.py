"""A file of a package, which imports from its neighbours: `from .layers import Layer`."""

import ast
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

from checks.adapters.excerpts import read_python
from checks.implementation import trouble


class PackageError(ValueError):
    """A package that does not run; the message is one line that says why."""


class PackageImportError(PackageError):
    """A package that does not run for want of something; a file of it may do without."""


def specification_in_package(path: Path) -> ModuleSpec | None:
    """How a file is run as a module of its package; None where it imports nothing from there.

    The package is as many folders as its imports lead through, and all above that have an `__init__.py`. Raises
    PackageError where running those raises anything, PackageImportError where that is an ImportError.
    """
    levels = _levels(path)
    if not levels:
        return None
    names, folder = [path.stem], path.resolve().parent
    while len(names) <= levels or (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    name = ".".join(names)
    if not all(each.isidentifier() for each in names) or _is_taken(names[0], folder):
        return None
    sys.path.insert(0, str(folder))
    try:
        importlib.import_module(name.rpartition(".")[0])
    except (Exception, SystemExit) as error:  # somebody's package may raise anything at all
        kind = PackageImportError if isinstance(error, ImportError) else PackageError
        raise kind(f"importing its package, {name.rpartition('.')[0]}, raises {trouble(error)}") from error
    finally:
        sys.path.remove(str(folder))
    return importlib.util.spec_from_file_location(name, path)


def _levels(path: Path) -> int:
    """Through how many folders the file's imports lead: 1 for `from . import x`, 0 for a file without such imports."""
    nodes = (node for statement in read_python(path)[1] for node in ast.walk(statement))
    return max((node.level for node in nodes if isinstance(node, ast.ImportFrom)), default=0)


def _is_taken(package: str, folder: Path) -> bool:
    """Whether another package of that name is imported already."""
    found = sys.modules.get(package)
    places = [Path(each).resolve() for each in getattr(found, "__path__", ())]
    return found is not None and folder / package not in places
