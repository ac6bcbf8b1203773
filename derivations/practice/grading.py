"""Is an answer right? A verdict, with its proof or its counterexample, and what a wrong answer has to teach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from derivations.evidence import Proof
from derivations.practice.problem import Problem

Status = Literal["right", "wrong", "unreadable", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """What is to be said of an answer.

    `status` is "right", "wrong", "unreadable" (never to be counted as wrong) or "undecided" (neither proved nor
    refuted). `sentence` says it in one line. `counterexample` is the smallest one with whole numbers, in words: "with
    N = 1, D = 2, C = 1, X = [1, 2], dY = [1]: yours gives 3, the truth is [1, 2]". `diagnoses` say what kind of wrong
    it is, likeliest first. `line` and `column` count from 1: where an unreadable answer cannot be read; for a wrong
    one of several lines, `line` is the first that does not follow.
    """

    status: Status
    sentence: str
    proof: Proof | None = None
    counterexample: str | None = None
    diagnoses: tuple[str, ...] = ()
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        from html import escape

        parts = [self.sentence, *self.diagnoses, self.counterexample or ""]
        return f'<div class="verdict {self.status}">' + "".join(f"<p>{escape(p)}</p>" for p in parts if p) + "</div>"


def grade(problem: Problem, answer: str) -> Verdict:
    """Judge what was typed; whatever it is, nothing is executed, and a verdict comes back."""
    raise NotImplementedError
