"""What training remembers of every epoch, and tells to those who listen."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Epoch:
    """An epoch, counted from 1: mean loss over its batches, accuracy on the validation split, last rate, seconds."""

    epoch: int
    loss: float
    validation_accuracy: float
    rate: float
    seconds: float


class Observer(Protocol):
    """Somebody who wants to know how far training is."""

    def start(self, epochs: int) -> None:
        """Hear how many epochs there will be."""

    def batch(self, done: float) -> None:
        """Hear, every now and then, which share of all batches is done."""

    def epoch(self, record: Epoch) -> None:
        """Hear how an epoch went."""
