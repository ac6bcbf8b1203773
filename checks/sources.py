"""Which code was checked: a digest of the source of every module behind a function."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
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
    """The digest of a module's source as it is now; None where it has none any more."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # a parent that is gone; a module without a spec, such as __main__
        return digest_of(getattr(sys.modules.get(module), "__file__", None))
    return digest_of(spec.origin if spec else None)


def digest_of(file: str | None) -> str | None:
    """SHA-256 of a file in hexadecimal, None where there is no such file."""
    if file is None or not Path(file).is_file():
        return None
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _used_by(module: ModuleType) -> list[ModuleType]:
    """The modules of the same package whose functions, classes or constants this one has imported."""
    package = module.__name__.partition(".")[0]
    names = {getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in vars(module).values()}
    return [
        sys.modules[name]
        for name in names
        if isinstance(name, str) and name in sys.modules and name.partition(".")[0] == package
    ]
