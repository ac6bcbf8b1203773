"""What is known of an equation, and how: proved, certified at points, refuted by a counterexample, or open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Counterexample:
    """Values at which two expressions differ: sizes, tensors, the entry, and what each side gives there."""

    sizes: Mapping[str, int]
    values: Mapping[str, Any]
    entry: tuple[int, ...]
    left: float
    right: float

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        values = ", ".join(f"{name} = {_shown(value)}" for name, value in self.values.items())
        where = f" at {list(self.entry)}" if self.entry else ""
        parts = ", ".join(part for part in (sizes, values) if part)
        return f"with {parts}: {_number(self.left)} on the left, {_number(self.right)} on the right{where}"


@dataclass(frozen=True)
class Proof:
    """Whether something holds, and how that is known."""

    holds: bool
    method: str
    for_all_sizes: bool = False
    counterexample: Counterexample | None = None
    contradicted: bool = False  # by an oracle that shows no numbers

    @property
    def verdict(self) -> str:
        """proved, certified, refuted or open."""
        if self.for_all_sizes:
            return "proved"
        if self.holds:
            return "certified"
        return "refuted" if self.counterexample is not None or self.contradicted else "open"

    def __str__(self) -> str:
        if self.counterexample is not None:
            return f"refuted: {self.counterexample}"
        return f"{self.verdict}: {self.method}"


def _shown(value: Any) -> str:
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(float(array))
    return "[" + ", ".join(_shown(part) for part in array) + "]"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
