"""How each network is trained on each dataset: one explicit table, tuned on the validation split alone."""

import math
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any

from numeric.data.augment import Distortion
from numeric.errors import InputError
from numeric.optimizers import SGD, Adam, Optimizer, RMSProp
from numeric.schedules import SCHEDULES


@dataclass(frozen=True)
class Recipe:
    """Epochs, images a batch, the full learning rate, its schedule, the optimizer, the strength of the L2 penalty.

    `lam1` is the strength of the L1 penalty, `keep` the share that dropout keeps of every hidden layer (None: what the
    network's own table says), `distortion` what every image goes through on its way. `clip` is the length that no
    gradient exceeds. `halve_after` halves the rate after so many epochs without a better validation accuracy, and ends
    training at 1/128 of it (Nielsen (2015), ch. 3, "Learning rate schedule"); `patience` ends training after so many.
    Raises InputError for a number out of range, or an unknown schedule.
    """

    epochs: int
    batch: int
    rate: float
    schedule: str
    optimizer: Optimizer
    lam: float = 0.0
    lam1: float = 0.0
    keep: float | None = None
    distortion: Distortion | None = None
    clip: float | None = None
    halve_after: int | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no training can mean."""
        for name in ("epochs", "batch", "halve_after", "patience"):
            value = getattr(self, name)
            if (value is not None or name in ("epochs", "batch")) and (not isinstance(value, int) or value < 1):
                raise InputError(f"{name} is {value}; expected a whole number, 1 or more")
        for name in ("rate", "clip", "keep"):
            value = getattr(self, name)
            if (value is not None or name == "rate") and not 0 < value < math.inf:
                raise InputError(f"{name} is {value}; expected a number above 0")
        for name in ("lam", "lam1"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name} is {getattr(self, name)}; expected a number, 0 or more")
        if self.keep is not None and self.keep > 1:
            raise InputError(f"keep is {self.keep}; expected a share, at most 1")
        if self.schedule not in SCHEDULES:
            raise InputError(f"unknown schedule {self.schedule!r}; expected one of {', '.join(SCHEDULES)}")

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values, the optimizer under its name."""
        return {**asdict(self), "optimizer": {"rule": type(self.optimizer).__name__, **_fields(self.optimizer)}}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Recipe":
        """What `to_json` made. Raises KeyError, TypeError or ValueError where it did not make this."""
        optimizer = dict(told["optimizer"])
        rule = {"SGD": SGD, "RMSProp": RMSProp, "Adam": Adam}[optimizer.pop("rule")]
        distortion = None if told["distortion"] is None else Distortion(**_numbers(told["distortion"]))
        return cls(**{**told, "optimizer": rule(**_numbers(optimizer)), "distortion": distortion})


def _numbers(told: dict[str, Any]) -> dict[str, Any]:
    """What is told, if it is nothing but finite numbers. Raises TypeError or ValueError otherwise."""
    if not isinstance(told, dict) or not all(math.isfinite(number) for number in told.values()):
        raise ValueError("numbers that are not finite")
    return told


def _fields(optimizer: Optimizer) -> dict[str, Any]:
    return (
        {field.name: getattr(optimizer, field.name) for field in fields(optimizer)} if is_dataclass(optimizer) else {}
    )


# Each with the learning rate that is a good first try.
OPTIMIZERS: dict[str, tuple[Optimizer, float]] = {
    "sgd": (SGD(), 0.5),
    "momentum": (SGD(momentum=0.9), 0.1),
    "nesterov": (SGD(momentum=0.9, nesterov=True), 0.1),
    "rmsprop": (RMSProp(), 0.001),
    "adam": (Adam(), 0.001),
    "adamw": (Adam(decay=0.01), 0.001),
}
_MOMENTUM = SGD(momentum=0.9)


def altered(recipe: Recipe, optimizer: str | None = None, **changes: Any) -> Recipe:
    """The recipe with what is not None in `changes`; an optimizer comes by name, with its own rate if none is given.

    Raises InputError for a name that is none, and for a number out of range.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    if optimizer is not None:
        if optimizer not in OPTIMIZERS:
            raise InputError(f"unknown optimizer {optimizer!r}; expected one of {', '.join(OPTIMIZERS)}")
        rule, rate = OPTIMIZERS[optimizer]
        given = {"optimizer": rule, "rate": rate, **given}
    return replace(recipe, **given)


_FOR_KERNELS = Distortion(rotation=9, alpha=0.7)  # lighter: validation prefers it where layers convolve
_SMALL_IMAGES = Distortion(shift=0.5, alpha=0.3, sigma=1.5)

RECIPES = {
    ("mlp", "mnist"): Recipe(10, batch=64, rate=0.1, schedule="cosine", optimizer=_MOMENTUM, lam=5e-4),
    ("mlp", "digits"): Recipe(60, batch=32, rate=0.1, schedule="cosine", optimizer=_MOMENTUM, lam=3e-4),
    ("mlp-augmented", "mnist"): Recipe(
        52, batch=64, rate=0.1, schedule="cosine", optimizer=_MOMENTUM, lam=1e-4, distortion=Distortion()
    ),
    ("mlp-augmented", "digits"): Recipe(
        100, batch=32, rate=0.05, schedule="cosine", optimizer=_MOMENTUM, distortion=_SMALL_IMAGES
    ),
    ("cnn", "mnist"): Recipe(
        24, batch=64, rate=0.05, schedule="cosine", optimizer=_MOMENTUM, lam=5e-4, keep=0.7, distortion=_FOR_KERNELS
    ),
    ("cnn", "digits"): Recipe(
        60, batch=32, rate=0.05, schedule="cosine", optimizer=_MOMENTUM, distortion=_SMALL_IMAGES
    ),
    ("cnn-vote", "mnist"): Recipe(
        30, batch=64, rate=0.05, schedule="cosine", optimizer=_MOMENTUM, lam=5e-4, keep=0.7, distortion=_FOR_KERNELS
    ),
    ("cnn-vote", "digits"): Recipe(
        30, batch=32, rate=0.05, schedule="cosine", optimizer=_MOMENTUM, distortion=_SMALL_IMAGES
    ),
    ("three-layer", "mnist"): Recipe(
        90, batch=64, rate=0.3, schedule="cosine", optimizer=_MOMENTUM, lam=3e-5, keep=0.8
    ),
    ("three-layer", "digits"): Recipe(60, batch=32, rate=0.3, schedule="cosine", optimizer=_MOMENTUM),
    # A rate of 4 where the velocity is a moving average, 0.1 of each gradient, is one of 0.4 where it is a sum.
    ("weisberg", "mnist"): Recipe(9, batch=128, rate=0.4, schedule="constant", optimizer=_MOMENTUM),
    ("weisberg", "digits"): Recipe(60, batch=32, rate=0.4, schedule="constant", optimizer=_MOMENTUM),
    # Nielsen (2015), ch. 3, "Handwriting recognition revisited": lambda 5 over 50,000 images.
    ("nielsen", "mnist"): Recipe(60, batch=10, rate=0.1, schedule="constant", optimizer=SGD(), lam=5 / 50_000),
    ("nielsen", "digits"): Recipe(100, batch=10, rate=0.1, schedule="constant", optimizer=SGD(), lam=5 / 50_000),
    # Nielsen (2015), ch. 1: eta 3, mini-batches of 10, 30 epochs; the digits need the same number of steps or so.
    ("nielsen-quadratic", "mnist"): Recipe(30, batch=10, rate=3.0, schedule="constant", optimizer=SGD()),
    ("nielsen-quadratic", "digits"): Recipe(100, batch=10, rate=3.0, schedule="constant", optimizer=SGD()),
    ("three-blue-one-brown", "mnist"): Recipe(30, batch=10, rate=3.0, schedule="cosine", optimizer=SGD(), lam=1e-5),
    ("three-blue-one-brown", "digits"): Recipe(100, batch=10, rate=3.0, schedule="cosine", optimizer=SGD()),
}
