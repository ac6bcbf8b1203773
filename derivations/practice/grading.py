"""Is an answer right? A verdict, with its proof or its counterexample, and what a wrong answer has to teach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from derivations.evidence import Proof
from derivations.lines import NotationError
from derivations.practice.deciding import Comparison
from derivations.practice.diagnosis import diagnose
from derivations.practice.matrix_form import shown
from derivations.practice.problem import Problem
from derivations.practice.reading import AnswerReader, Statement
from derivations.practice.smallest import misfit, smallest

ONLY_WHERE_DEFINED = "it is the truth where it is defined, but it is not defined everywhere that the truth is"
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
    """Judge what was typed: in index notation, in matrix form, as a formula, or line by line.

    Nothing that is typed is executed, and whatever it is, a verdict comes back. The same problem and answer give the
    same verdict.
    """
    try:
        reader = AnswerReader(problem)
        statements = reader.read(answer)
    except NotationError as error:
        said = f"this cannot be read (line {error.line}, column {error.column}): {error.message}"
        return Verdict("unreadable", said, line=error.line, column=error.column)
    verdicts = []
    for statement in statements:
        verdicts.append(_judged(problem, statement, statement.line if reader.lines > 1 else None))
        if verdicts[-1].status == "wrong":
            return verdicts[-1]
    final = max(k for k, statement in enumerate(statements) if statement.target.asked)
    return verdicts[final]


def _judged(problem: Problem, statement: Statement, line: int | None) -> Verdict:
    """The verdict on one statement; `line` is the number of its line where there are several."""
    where = f"line {line} does not follow" if line is not None else "wrong"
    target = statement.target
    if statement.misfit is not None:
        array = statement.misfit
        said = f"{where}: it has the shape {shown(array.shape)}, and {target.name} is {shown(target.shape)}"
        return Verdict(
            "wrong",
            said,
            counterexample=misfit(statement, problem.layer, problem.given),
            diagnoses=diagnose(problem, statement),
            line=line,
        )
    comparison = Comparison(
        target.truth, statement.expression, problem.layer, statement.ranges, problem.given, statement.typed
    )
    outcome = comparison.decide()
    if outcome.holds is None:
        said = "this is undecided: neither a proof nor a difference was found, and it is not counted as wrong"
        return Verdict("undecided", said, outcome.proof, line=line)
    if outcome.holds:
        return Verdict("right", f"right: {outcome.proof.method}", outcome.proof)
    counterexample = smallest(comparison, outcome, target.name)
    diagnoses = (ONLY_WHERE_DEFINED,) if outcome.where_defined else diagnose(problem, statement)
    told = next(iter(diagnoses), None) or counterexample or outcome.proof.method
    return Verdict("wrong", f"{where}: {told}", outcome.proof, counterexample, diagnoses, line)
