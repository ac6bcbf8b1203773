"""Every skill of the topic map: answers, mistakes and hints, and an oracle that reads the prompts."""

import re
import statistics
import time
from dataclasses import replace
from functools import cache

import mpmath
import numpy as np
import pytest
import sympy as sp

from derivations.practice import draw, grade
from derivations.practice.rules import resolved
from derivations.practice.topics import SKILLS
from derivations.proof import proved
from derivations.render.plain import plain
from tests.derivations.practice import reading_prompts as read

NAMES = [skill.name for skill in SKILLS]
DIFFICULTIES = (1, 2, 3)
FEW, SOME, MANY = range(1), range(8), range(100)
problem = cache(draw)
each_skill = pytest.mark.parametrize("name", NAMES)
each_difficulty = pytest.mark.parametrize("difficulty", DIFFICULTIES)


# ------------------------------------------------------------------------------------------ right and wrong


@each_difficulty
@each_skill
def test_answers_are_graded(name, difficulty):
    for seed in FEW:
        check_grading(problem(name, seed, difficulty))


@pytest.mark.thorough
@each_difficulty
@each_skill
def test_answers_to_many_problems_are_graded(name, difficulty):
    times = [spent for seed in MANY for spent in check_grading(problem(name, seed, difficulty))]
    middle = 1000 * statistics.median(times)
    print(f"{name}, difficulty {difficulty}: graded in {middle:.0f} ms of CPU time (median of {len(times)})")


def check_grading(one):
    """The truth is right in every form, every mistake is wrong and told; the CPU seconds that each grading took."""
    times = []

    def graded(answer):
        start = time.process_time()
        verdict = grade(one, answer)
        times.append(time.process_time() - start)
        return verdict

    assert graded(one.answer).status == "right", (one.id, graded(one.answer))
    for answer in other_forms(one):
        assert graded(answer).status == "right", (one.id, answer, graded(answer))
    letters = list(getattr(one.expected.lhs, "indices", ()))
    for said, form in one.mistakes:
        verdict = graded(plain(form, letters))
        assert verdict.status == "wrong", (one.id, said, form, verdict)
        assert said in verdict.diagnoses, (one.id, said, form, verdict)
    return times


def other_forms(one):
    """The truth, otherwise written: multiplied out, over one bar, with its terms turned round."""
    truth = one.expected.rhs
    letters = list(getattr(one.expected.lhs, "indices", ()))
    forms = {sp.expand(truth)} if truth.has(sp.Sum) else {sp.expand(truth), sp.together(truth)}
    yield from (plain(form, letters) for form in sorted(forms - {truth}, key=str))
    yield f"1 - (1 - ({plain(truth, letters)}))"


# ------------------------------------------------------------------------------------------ what a problem is


@each_difficulty
@each_skill
def test_problems_are_the_same_for_the_same_seed(name, difficulty):
    one, again = problem(name, 1, difficulty), draw(name, 1, difficulty)
    assert (one.id, one.skill) == (f"{name}:1:{difficulty}", name)
    assert (one.id, one.prompt, one.answer, one.mistakes) == (again.id, again.prompt, again.answer, again.mistakes)


@each_difficulty
@each_skill
def test_problems_differ_and_none_is_idle(name, difficulty):
    assert check_many(name, difficulty, SOME) >= 6


@pytest.mark.thorough
@each_difficulty
@each_skill
def test_problems_are_many_and_none_is_idle(name, difficulty):
    assert check_many(name, difficulty, MANY) >= 50


def check_many(name, difficulty, seeds):
    """How many are different."""
    found = [problem(name, seed, difficulty) for seed in seeds]
    for one in found:
        truth = one.expected.rhs
        assert truth != 0
        assert one.kind == "number" or truth.free_symbols
        assert len(one.mistakes) >= 2
        assert len(set(one.mistakes)) == len({form for _, form in one.mistakes})
        assert truth not in {form for _, form in one.mistakes}
        assert len(one.prompt.split("\n", 1)[0]) <= 300
        check_prompt(one.prompt)
    return len({one.prompt for one in found})


def check_prompt(prompt):
    """A sentence that asks, in plain characters, without the names that SymPy has for its own."""
    assert prompt.isascii()
    assert prompt.rstrip().endswith(("?", "."))
    assert "?" in prompt
    assert not re.search(r"Indexed|Symbol|Kronecker|Piecewise|Derivative|Sum\(|Integer|Rational|Dummy|_\d", prompt)


@each_difficulty
@each_skill
def test_every_line_of_a_derivation_equals_the_truth(name, difficulty):
    for seed in FEW:
        one = problem(name, seed, difficulty)
        worked = one.make_hints
        assert worked.lines
        for line in worked.lines:
            found = worked.value(resolved(line.expression))
            left = one.expected.rhs if line.left is None else worked.value(line.left)
            assert proved(left, found, one.layer, one.expected.ranges, one.given) is not None, (one.id, line)
        final = worked.value(resolved(worked.lines[-1].expression))
        assert proved(one.expected.rhs, final, one.layer, one.expected.ranges, one.given) is not None


@each_skill
def test_hints_lead_from_the_name_of_a_rule_to_the_whole_derivation(name):
    one = problem(name, 5, 3)
    rule, line, whole = one.hints
    lines = one.make_hints.lines
    assert rule.startswith(lines[0].rule)
    assert whole.startswith(line)
    assert len(whole.split("\n")) == len(lines)


# ------------------------------------------------------------------------------------------ the oracle


@each_difficulty
@each_skill
def test_the_truth_agrees_with_differences(name, difficulty):
    for seed in range(6):
        check_by_differences(problem(name, seed, difficulty))


@pytest.mark.thorough
@each_difficulty
@each_skill
def test_the_truth_of_many_problems_agrees_with_differences(name, difficulty):
    for seed in MANY:
        check_by_differences(problem(name, seed, difficulty))


def check_by_differences(one):
    rng = np.random.default_rng(11)
    with mpmath.workdps(read.DIGITS):
        for _ in range(3):
            answer, truth = ORACLES[one.skill](one, rng)
            assert abs(answer - truth) <= 1e-12 * (1 + abs(truth)), (one.id, one.prompt, one.answer, answer, truth)


def drawn(rng):
    return mpmath.mpf(int(rng.integers(20, 180))) / 128


def answer_of(one):
    return one.answer.partition(" = ")[2]


def formula(prompt, left):
    """What stands behind `left = ` in a prompt."""
    return re.search(rf"(?:^|\s){re.escape(left)} = (.*?)(?:, for x > 0|, and of|, so that| always|\. |\?)", prompt)[1]


def of_one_variable(order):
    def oracle(one, rng):
        x, text = drawn(rng), formula(one.prompt, "f(x)")
        return read.value(answer_of(one), {"x": x}), order(lambda z: read.value(text, {"x": z}), x)

    return oracle


def of_a_limit(one, rng):
    x = drawn(rng)
    quotient = re.search(r"limit of (.*)/h as h", one.prompt)[1]
    letters = {"x": x}
    if "f(x) = " in one.prompt:
        text = formula(one.prompt, "f(x)")
        letters["f"] = lambda z: read.value(text, {"x": z})

    def risen(h):
        return read.value(quotient, {**letters, "h": h})

    return read.value(answer_of(one), letters), (risen(read.STEP) - risen(-read.STEP)) / (2 * read.STEP)


def of_a_table(one, rng):
    place = mpmath.mpf(re.search(r"h'\((\d)\)\?", one.prompt)[1])
    rows = [[int(entry) for entry in row.split()] for row in one.prompt.split("\n")[2:-1]]
    places, f, f_slope, g, g_slope = zip(*rows, strict=True)
    letters = {"f": read.interpolated(places, f, f_slope), "g": read.interpolated(places, g, g_slope)}
    text = formula(one.prompt, "h(x)")
    return read.value(answer_of(one), {}), read.slope(lambda x: read.value(text, {**letters, "x": x}), place)


def of_a_curve(one, rng):
    """Along the curve through a point: y is looked for beside it."""
    text = re.search(r"given by (.*) = \d+\. ", one.prompt)[1]
    x, y = drawn(rng), drawn(rng)
    level = read.value(text, {"x": x, "y": y})

    def height(z):
        with mpmath.workdps(2 * read.DIGITS):
            return mpmath.findroot(lambda w: read.value(text, {"x": z, "y": w}) - level, y, tol=mpmath.mpf(10) ** -100)

    return read.value(answer_of(one), {"x": x, "y": y}), read.slope(height, x)


def of_an_inverse(one, rng):
    text = formula(one.prompt, "f(x)")
    place, at = (mpmath.mpf(int(n)) for n in re.search(r"and f\((-?\d+)\) = (-?\d+)\.", one.prompt).groups())

    def undone(z):
        with mpmath.workdps(2 * read.DIGITS):
            return mpmath.findroot(lambda w: read.value(text, {"x": w}) - z, place, tol=mpmath.mpf(10) ** -100)

    return read.value(answer_of(one), {}), read.slope(undone, at)


def of_several(one, rng):
    letters = {name: drawn(rng) for name in "xyz"}
    text = re.search(r"\) = (.*?)\. What", one.prompt)[1]
    return read.value(answer_of(one), letters), read.slope_by(text, letters, one.prompt[-2])


def along_a_path(one, rng):
    t = drawn(rng)
    outer, x, y = re.search(r"^z = (.*) with x = (.*) and y = (.*?)\. What", one.prompt).groups()

    def whole(z):
        return read.value(outer, {"x": read.value(x, {"t": z}), "y": read.value(y, {"t": z})})

    return read.value(answer_of(one), {"t": t}), read.slope(whole, t)


def of_a_jacobian(one, rng):
    letters = {"x": drawn(rng), "y": drawn(rng)}
    outputs = re.search(r"^u = (.*) and v = (.*?)\. ", one.prompt).groups()
    whole = [[read.slope_by(text, letters, name) for name in "xy"] for text in outputs]
    entry = re.search(r"J\[(\d), (\d)\]", one.prompt)
    truth = whole[0][0] * whole[1][1] - whole[0][1] * whole[1][0]
    if entry is not None:
        truth = whole[int(entry[1]) - 1][int(entry[2]) - 1]
    return read.value(answer_of(one), letters), truth


def entries(rng):
    vectors = {name: [drawn(rng) for _ in range(read.SIZE)] for name in "xabt"}
    return {**vectors, "W": [[drawn(rng) for _ in range(read.SIZE)] for _ in range(read.SIZE)]}


def of_entries(one, rng):
    if one.kind == "number":
        return of_numbers(one, rng)
    letters = entries(rng)
    text, name, index = re.search(r"^L = (.*)\. What is d(\w)\[(.*?)\] = ", one.prompt).groups()
    at = {letter: int(rng.integers(read.SIZE)) for letter in index.split(", ")}
    truth = read.slope_by(text, letters, name, tuple(at.values()))
    return read.value(answer_of(one), {**letters, **at}), truth


def of_numbers(one, rng):
    given = {n: read.ast.literal_eval(v) for n, v in re.findall(r"(\w) = (\[.*?\])(?=,? (?:and|with))", one.prompt)}
    text = re.search(r"Which number is (.*)\?$", one.prompt)[1]
    return read.value(answer_of(one), {}), read.value(text, {**given, "size": len(next(iter(given.values())))})


def of_a_vector(one, rng):
    letters = entries(rng)
    at = {letter: int(rng.integers(read.SIZE)) for letter in "ik"}
    text = re.search(r"^y\[i\] = (.*)\. What is", one.prompt)[1]
    truth = read.slope_by(text, {**letters, "i": at["i"]}, "x", (at["k"],))
    return read.value(answer_of(one), {**letters, **at}), truth


ORACLES = {
    **dict.fromkeys(NAMES, of_one_variable(read.slope)),
    "derivatives.second": of_one_variable(read.bend),
    "derivatives.limits": of_a_limit,
    "derivatives.tables": of_a_table,
    "chain_rule.tables": of_a_table,
    "chain_rule.implicit": of_a_curve,
    "chain_rule.inverse": of_an_inverse,
    "many_variables.partial": of_several,
    "many_variables.chain": along_a_path,
    "many_variables.jacobians": of_a_jacobian,
    "many_variables.sums": of_entries,
    "many_variables.deltas": of_entries,
    "many_variables.gradients": of_entries,
    "many_variables.index_jacobians": of_a_vector,
}


def test_the_oracle_can_disagree():
    one = problem("derivatives.products", 1, 2)
    with mpmath.workdps(read.DIGITS):
        for said, form in one.mistakes:
            mistaken = replace(one, expected=replace(one.expected, rhs=form))
            answer, truth = ORACLES[one.skill](mistaken, np.random.default_rng(11))
            assert abs(answer - truth) > 1e-6, said
