"""The layers by name, and what to say about a name that is not among them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from derivations.layer import DerivationError, Layer


def find(name: str, layers: Mapping[str, Layer]) -> Layer:
    """The layer of that name.

    Raises DerivationError, naming the nearest ones, where there is none.
    """
    if name in layers:
        return layers[name]
    near = difflib.get_close_matches(name, layers, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(sorted(layers))}"
    raise DerivationError(f"there is no layer {name!r}; {hint}")
