"""How each network is trained on each dataset: one explicit table, tuned on the validation split alone."""

from dataclasses import dataclass

from numeric.optimizers import SGD, Optimizer


@dataclass(frozen=True)
class Recipe:
    """Epochs, images a batch, the full learning rate, its schedule, the optimizer, the strength of the L2 penalty.

    `clip` is the length that no gradient exceeds. `halve_after` halves the rate after so many epochs without a better
    validation accuracy, and ends training at 1/128 of it (Nielsen (2015), ch. 3, "Learning rate schedule"); `patience`
    ends training after so many.
    """

    epochs: int
    batch: int
    rate: float
    schedule: str
    optimizer: Optimizer
    lam: float = 0.0
    clip: float | None = None
    halve_after: int | None = None
    patience: int | None = None


RECIPES = {
    ("mlp", "mnist"): Recipe(10, batch=64, rate=0.1, schedule="cosine", optimizer=SGD(momentum=0.9), lam=5e-4),
    ("mlp", "digits"): Recipe(60, batch=32, rate=0.1, schedule="cosine", optimizer=SGD(momentum=0.9), lam=3e-4),
    # Nielsen (2015), ch. 1: eta 3, mini-batches of 10, 30 epochs; the digits need the same number of steps or so.
    ("nielsen", "mnist"): Recipe(30, batch=10, rate=3.0, schedule="constant", optimizer=SGD()),
    ("nielsen", "digits"): Recipe(100, batch=10, rate=3.0, schedule="constant", optimizer=SGD()),
}
