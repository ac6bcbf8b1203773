"""Which versions of what stood behind a check."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

PACKAGES = {"backproof": "backproof", "numpy": "numpy", "sympy": "sympy", "flint": "python-flint"}
WHERE_USED = ("torch", "jax", "jaxlib")


def versions() -> dict[str, str]:
    """The versions of Python, Backproof and the libraries that compute."""
    used = {name: name for name in WHERE_USED if name in sys.modules}
    return {"python": platform.python_version()} | {
        name: _version(package) for name, package in (PACKAGES | used).items()
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "from source, not installed"
