"""What training remembers of every epoch, and tells to those who listen."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Epoch:
    """An epoch, counted from 1: mean loss over its batches, accuracy on the validation split, last rate, seconds.

    `norms` are the mean lengths of its cotangents, by parameter, over a few of its batches; `check` is how far its
    directional derivative was off, in units of what differences allow (None where they could not tell).
    """

    epoch: int
    loss: float
    validation_accuracy: float
    rate: float
    seconds: float
    norms: dict[str, float] = field(default_factory=dict)
    check: float | None = None


class Observer(Protocol):
    """Somebody who wants to know how far training is."""

    def start(self, epochs: int) -> None:
        """Hear how many epochs there will be."""

    def batch(self, done: float) -> None:
        """Hear, every now and then, which share of all batches is done."""

    def epoch(self, record: Epoch) -> None:
        """Hear how an epoch went."""
