"""Which versions of what stood behind a check."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = {"backproof": "backproof", "numpy": "numpy", "sympy": "sympy", "flint": "python-flint"}


def versions() -> dict[str, str]:
    """The versions of Python, Backproof and the libraries that compute."""
    return {"python": platform.python_version()} | {name: _version(package) for name, package in PACKAGES.items()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "from source, not installed"
