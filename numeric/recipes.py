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
    ("three-layer", "mnist"): Recipe(20, batch=64, rate=0.3, schedule="cosine", optimizer=SGD(momentum=0.9), lam=3e-5),
    ("three-layer", "digits"): Recipe(60, batch=32, rate=0.3, schedule="cosine", optimizer=SGD(momentum=0.9)),
    # A rate of 4 where the velocity is a moving average, 0.1 of each gradient, is one of 0.4 where it is a sum.
    ("weisberg", "mnist"): Recipe(9, batch=128, rate=0.4, schedule="constant", optimizer=SGD(momentum=0.9)),
    ("weisberg", "digits"): Recipe(60, batch=32, rate=0.4, schedule="constant", optimizer=SGD(momentum=0.9)),
    # Nielsen (2015), ch. 3, "Handwriting recognition revisited": lambda 5 over 50,000 images.
    ("nielsen", "mnist"): Recipe(60, batch=10, rate=0.1, schedule="constant", optimizer=SGD(), lam=5 / 50_000),
    ("nielsen", "digits"): Recipe(100, batch=10, rate=0.1, schedule="constant", optimizer=SGD(), lam=5 / 50_000),
    # Nielsen (2015), ch. 1: eta 3, mini-batches of 10, 30 epochs; the digits need the same number of steps or so.
    ("nielsen-quadratic", "mnist"): Recipe(30, batch=10, rate=3.0, schedule="constant", optimizer=SGD()),
    ("nielsen-quadratic", "digits"): Recipe(100, batch=10, rate=3.0, schedule="constant", optimizer=SGD()),
    ("three-blue-one-brown", "mnist"): Recipe(30, batch=10, rate=3.0, schedule="cosine", optimizer=SGD()),
    ("three-blue-one-brown", "digits"): Recipe(100, batch=10, rate=3.0, schedule="cosine", optimizer=SGD()),
}
