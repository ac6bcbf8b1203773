"""The answers of `more_answers` get their verdicts: some of them at every run, all of them in the thorough one."""

import statistics
import time
from functools import lru_cache

import pytest

from derivations import layer
from derivations.practice import formula_problem, grade, layer_problem
from tests.derivations.practice import more_answers

EVERY = 12  # of these is judged at every run


@lru_cache(maxsize=512)
def function(equations, variable="x", declared="x y"):
    f = layer("f", tensors=declared, equations=equations.replace("; ", "\n"))
    return formula_problem(equations, "calculus", "", f, variable)


@lru_cache(maxsize=512)
def about(name, cotangent):
    return layer_problem(name, cotangent)


def rows():
    """(what makes the problem, its arguments, answer, status, line or None, a word of the diagnosis)"""
    for declared, equations, variable, right, wrong in more_answers.FUNCTIONS:
        yield from ((function, (equations, variable, declared), answer, "right", None, "") for answer in right)
        yield from ((function, (equations, variable, declared), answer, "wrong", None, word) for answer, word in wrong)
    for name, cotangent, right, wrong in more_answers.LAYERS:
        yield from ((about, (name, cotangent), answer, "right", None, "") for answer in right)
        yield from ((about, (name, cotangent), answer, "wrong", None, word) for answer, word in wrong)
    for what, answer, status, line in more_answers.LINES:
        make, arguments = (function, (what,)) if isinstance(what, str) else (about, what)
        yield make, arguments, answer, status, line, ""


ROWS = list(rows())


def check(make, arguments, answer, status, line, word):
    verdict = grade(make(*arguments), answer)
    assert verdict.status == status, verdict
    if line is not None:
        assert verdict.line == line, verdict
    if status == "wrong":
        assert verdict.counterexample.startswith("with ")
        assert not word or word in verdict.diagnoses[0], verdict.diagnoses
    if status == "unreadable":
        assert verdict.line >= 1
        assert verdict.column >= 1


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row[1]}: {row[2]}") for row in ROWS[::EVERY]])
def test_one_of_several_gets_its_verdict(row):
    check(*row)


@pytest.mark.thorough
def test_each_gets_its_verdict_and_the_time_is_told(capsys):
    seconds = []
    for row in ROWS:
        row[0](*row[1])
        began = time.perf_counter()
        check(*row)
        seconds.append(time.perf_counter() - began)
    with capsys.disabled():
        middle, most = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
        print(
            f"\n{len(ROWS)} answers: {1000 * middle:.0f} ms in the middle, {1000 * most:.0f} ms for all but one "
            f"in twenty, {1000 * max(seconds):.0f} ms at worst"
        )
