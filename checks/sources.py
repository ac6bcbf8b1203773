"""Which code was checked: a digest of the source of every module behind a function."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any


def source_digests(functions: Iterable[Callable[..., Any]]) -> dict[str, str]:
    """SHA-256 of the source file of each function's module, and of the modules of its package that those use.

    A function that has no file, such as one typed at a prompt, is left out.
    """
    pending = [inspect.getmodule(inspect.unwrap(function)) for function in functions]
    found: dict[str, str] = {}
    while pending:
        module = pending.pop()
        if module is None or module.__name__ in found:
            continue
        digest = digest_of(getattr(module, "__file__", None))
        if digest is not None:
            found[module.__name__] = digest
            pending += _used_by(module)
    return dict(sorted(found.items()))


def current_digest(module: str) -> str | None:
    """The digest of a module's source as it is now; None where it has none any more. Nothing is imported to find it."""
    loaded = sys.modules.get(module)
    if loaded is not None and getattr(loaded, "__spec__", None) is None:  # such as __main__
        return digest_of(getattr(loaded, "__file__", None))
    specification = _specification(module)
    return digest_of(specification.origin if specification else None)


def digest_of(file: str | None) -> str | None:
    """SHA-256 of a file in hexadecimal, None where there is no such file."""
    if file is None or not Path(file).is_file():
        return None
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _specification(module: str) -> ModuleSpec | None:
    """Where a module is. `importlib.util.find_spec` would run the packages that it is in, whoever wrote them."""
    if module in sys.modules:
        return getattr(sys.modules[module], "__spec__", None)
    package, _, name = module.rpartition(".")
    above = _specification(package) if package else None
    path = above.submodule_search_locations if above else None
    if not name.isidentifier() or (path is None and "." in module):
        return None
    try:
        found = (finder.find_spec(module, path) for finder in sys.meta_path)
        return next((each for each in found if each is not None), None)
    except KeyError:  # a folder without __init__.py asks for its parent, which nobody has imported
        return None


def _used_by(module: ModuleType) -> list[ModuleType]:
    """The modules of the same package whose functions, classes or constants this one has imported."""
    package = module.__name__.partition(".")[0]
    names = {getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in vars(module).values()}
    return [
        sys.modules[name]
        for name in names
        if isinstance(name, str) and name in sys.modules and name.partition(".")[0] == package
    ]
