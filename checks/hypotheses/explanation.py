"""What a hypothesis yields where it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from checks.suspect import Suspect


@dataclass(frozen=True)
class Explanation:
    """One mistake that explains an answer: a short name, and a sentence for the one who made it."""

    mistake: str
    sentence: str


Hypothesis = Callable[[Suspect], Iterator[Explanation]]
