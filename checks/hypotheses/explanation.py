"""What a hypothesis yields where it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from checks.suspect import Suspect
from derivations import Equation


@dataclass(frozen=True)
class Explanation:
    """One mistake that explains an answer: a short name, and a sentence for the one who made it."""

    mistake: str
    sentence: str


Hypothesis = Callable[[Suspect], Iterator[Explanation]]


def place(suspect: Suspect, equation: Equation) -> str:
    """Where a mistake is, to be added to a sentence: nothing to be said if it is in the answer's own equation."""
    return "" if equation.name == suspect.name else f" in {equation.name}"
