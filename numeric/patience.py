"""What the validation accuracy decides: which epoch's parameters are kept, when the rate halves, when to stop."""

from dataclasses import dataclass, field

import numpy as np

SMALLEST_SHARE = 1 / 128


@dataclass
class Patience:
    """Remembers the best epoch so far; of equally good ones the last, which has seen more.

    `share` is what is left of the learning rate after the halvings.
    """

    halve_after: int | None = None
    stop_after: int | None = None
    best_epoch: int = 0
    best_accuracy: float = -1.0
    best: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    share: float = 1.0
    waited: int = 0
    halving_waited: int = 0

    @property
    def goes_on(self) -> bool:
        """Whether there is any sense in another epoch."""
        return self.share > SMALLEST_SHARE and (self.stop_after is None or self.waited < self.stop_after)

    def hear(self, epoch: int, accuracy: float, vector: np.ndarray) -> None:
        """Take note of an epoch's validation accuracy and parameters."""
        better = accuracy > self.best_accuracy
        if accuracy >= self.best_accuracy:
            self.best_epoch, self.best_accuracy, self.best = epoch, accuracy, vector.copy()
        self.waited = 0 if better else self.waited + 1
        self.halving_waited = 0 if better else self.halving_waited + 1
        if self.halve_after is not None and self.halving_waited >= self.halve_after:
            self.share, self.halving_waited = self.share / 2, 0
