"""The layers by name, and what to say about a name that is not among them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from derivations.layer import DerivationError

SHORTEST_WORD, MOST_NAMED = 3, 5
Found = TypeVar("Found")


def find(name: str, layers: Mapping[str, Found]) -> Found:
    """What is kept under the name of a layer, as in LAYERS the layer.

    Raises DerivationError, naming the nearest ones, where there is none.
    """
    if name in layers:
        return layers[name]
    near = _nearest(name, layers)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(sorted(layers))}"
    raise DerivationError(f"there is no layer {name!r}; {hint}")


def _nearest(name: str, layers: Iterable[str]) -> list[str]:
    """Layers that may be meant: LayerNorm is layer_norm, mse are initials, attention is in several names."""
    asked = _bare(name)
    alike = [layer for layer in layers if asked in (_bare(layer), "".join(word[0] for word in layer.split("_")))]
    within = [layer for layer in layers if len(asked) >= SHORTEST_WORD and asked in _bare(layer)]
    bare = {_bare(layer): layer for layer in layers}
    close = [bare[match] for match in difflib.get_close_matches(asked, bare, n=3, cutoff=0.5)]
    return alike or list(dict.fromkeys([*within, *close]))[:MOST_NAMED]


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))
