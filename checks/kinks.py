"""Where the equations have a corner: on it, slopes are a convention, and comparisons must be exact."""

from collections.abc import Mapping
from typing import Any

from derivations import Derivation


def on_kink(derivation: Derivation, values: Mapping[str, Any]) -> bool:
    """Whether the argument of a maximum, an absolute value or a comparison lies exactly on its kink or tie."""
    return any((distances == 0).any() for _, distances in derivation.kinks(values))
