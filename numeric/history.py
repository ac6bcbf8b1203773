"""What training remembers of every epoch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """An epoch, counted from 1: mean loss over its batches, accuracy on the validation split, last rate, seconds."""

    epoch: int
    loss: float
    validation_accuracy: float
    rate: float
    seconds: float
