"""A session: one answer of a problem counts, hints cost, commands do what they say, the plan is kept."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from derivations.practice.curriculum import skills
from derivations.practice.layers import layer_skill_problem
from derivations.practice.mastery import Level, Standing
from derivations.practice.scheduling import Record, records
from derivations.practice.session import (
    NO_HINTS,
    WAYS,
    GivenUp,
    Hinted,
    Judged,
    Plan,
    Posed,
    Remark,
    fitting,
    mixed_test,
    practise,
)
from derivations.practice.skill import PracticeError, pose
from derivations.render.plain import plain
from tests.derivations.practice.little_map import HINTS, SKILLS, answer_to

POWERS = {"powers": SKILLS["powers"]}


def played(lines, plan, known=None):
    """The events of a session that is given these lines; RIGHT and WRONG stand for such an answer."""
    events = practise(plan, records(SKILLS) if known is None else known, lambda: 1e9)
    told, waiting = [next(events)], list(lines)
    while True:
        event = told[-1]
        if isinstance(event, Posed):
            prompt = event.problem.prompt
        if event.asks and not waiting:
            events.close()
            return told
        line = waiting.pop(0) if event.asks else None
        line = {"RIGHT": answer_to(prompt), "WRONG": "0"}.get(line, line)
        try:
            told.append(events.send(line))
        except StopIteration:
            return told


def attempts_in(told):
    return [(e.attempt.result, e.attempt.hints) for e in told if isinstance(e, Judged | GivenUp) and e.attempt]


def kinds(told):
    return [type(event).__name__ for event in told]


@pytest.mark.parametrize(
    ("lines", "attempts"),
    [
        (["RIGHT", "WRONG"], [("right", 0), ("wrong", 0)]),
        (["?", "?", "RIGHT"], [("right", 2)]),
        (["hint", "WRONG"], [("wrong", 1)]),
        (["x^", "foo(x)", "RIGHT"], [("right", 0)]),  # what cannot be read is no attempt
        (["WRONG", "RIGHT", "RIGHT"], [("wrong", 0), ("right", 0)]),  # the second answer to a problem does not count
        (["show", "RIGHT"], [("shown", 0), ("right", 0)]),
        (["skip", "RIGHT"], [("right", 0)]),
        (["WRONG", "show"], [("wrong", 0)]),
        (["WRONG", "", "RIGHT"], [("wrong", 0), ("right", 0)]),
        (["", "RIGHT"], [("right", 0)]),
        (["quit", "RIGHT"], []),
    ],
)
def test_what_counts(lines, attempts):
    assert attempts_in(played(lines, Plan(POWERS, seed=0, retries=True))) == attempts


def test_through_a_pipe_every_line_answers_the_next_problem():
    told = played(["x^", "", "WRONG", "RIGHT"], Plan(POWERS, seed=0))
    assert kinds(told) == ["Posed", "Judged", "Posed", "GivenUp", "Posed", "Judged", "Posed", "Judged", "Posed"]
    assert [e.number for e in told if isinstance(e, Posed)] == [1, 2, 3, 4, 5]


def test_hints_go_from_the_rule_to_the_whole():
    told = played(["?"] * 4, Plan(POWERS, seed=0, retries=True))
    assert [(e.text, e.number, e.of) for e in told if isinstance(e, Hinted)] == [
        (h, k + 1, 3) for k, h in enumerate(HINTS)
    ]
    assert [e.costs for e in told if isinstance(e, Hinted)] == [True, False, False]
    assert told[-1] == Remark("there is no further hint; show tells the truth")


def test_the_number_that_is_looked_for_is_not_told_before_the_next_try():
    skill = skills()["derivatives.tables"]
    problem = pose(skill, 0, 1)
    said, mistaken = problem.mistakes[0]
    plan = Plan({skill.name: skill}, seed=0, retries=True)
    judged = played(["1234567", plain(mistaken)], plan, records({skill.name: skill}))[1:]
    assert [e.verdict.sentence for e in judged] == ["wrong", f"wrong: {said}"]
    assert [(e.verdict.diagnoses, e.verdict.counterexample) for e in judged] == [((), None), ((said,), None)]
    at_the_end = played(["1234567"], replace(plan, retries=False), records({skill.name: skill}))[1].verdict
    assert "the truth is" in at_the_end.counterexample


def test_hints_go_on_from_what_was_written():
    written = "dW[d, c] = sum[n, k](X[n, d]*dY[n, k]*[c = k])\n= sum[n](X[n, d])"
    skill = replace(SKILLS["linear"], make=lambda rng, difficulty: layer_skill_problem("linear", "dW", rng, difficulty))
    fresh = played(["?", "?"], Plan({"linear": skill}, seed=0, retries=True))
    later = played([written, "?", "?"], Plan({"linear": skill}, seed=0, retries=True))
    assert [e.text.partition(":")[0] for e in (fresh[1], later[2])] == ["chain rule", "contract a delta"]
    assert later[3].text == "dW[d, c] = sum[n](X[n, d]*dY[n, c])"


def test_show_tells_what_could_be_typed():
    told = played(["show"], Plan(POWERS, seed=0, retries=True))
    truth = told[1].truth
    assert attempts_in(played([truth], Plan(POWERS, seed=0))) == [("right", 0)]


def test_a_problem_is_made_again_from_its_name():
    told = played(["skip"] * 3, Plan(POWERS, seed=5, difficulty=2, count=3))
    last = [e.problem for e in told if isinstance(e, Posed)][-1]
    skill, seed, difficulty = last.id.split(":")
    again = played([], Plan({skill: SKILLS[skill]}, int(seed), int(difficulty)))[0].problem
    assert (again.id, again.prompt, again.expected) == (last.id, last.prompt, last.expected)


def test_the_same_problem_is_not_asked_twice_in_a_row_where_there_is_another():
    told = played(["skip"] * 30, Plan(POWERS, seed=0, difficulty=1))
    prompts = [e.problem.prompt for e in told if isinstance(e, Posed)]
    repeated = sum(a == b for a, b in pairwise(prompts))
    assert repeated <= 2
    linear = {"linear": SKILLS["linear"]}
    assert kinds(played(["skip"] * 2, Plan(linear, seed=0))) == ["Posed", "GivenUp"] * 2 + ["Posed"]


def test_problems_grow_harder_with_the_level():
    assert [fitting(Standing(level)) for level in Level] == [1, 1, 2, 3, 3]
    told = played(["RIGHT"] * 5, Plan(POWERS, seed=0))
    assert [e.problem.id.rpartition(":")[2] for e in told if isinstance(e, Posed)] == ["1", "1", "2", "3", "3", "3"]


@pytest.mark.parametrize(("length", "asked"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 1, 2, 3])])
def test_a_set_goes_through_the_difficulties_as_far_as_it_is_right(length, asked):
    assert [fitting(Standing(right=right, length=length)) for right in range(length)] == asked
    assert fitting(Standing(missed=1, length=length)) == 1


def test_four_right_answers_make_proficient_and_open_the_next_skill():
    known = records(SKILLS)
    told = played(["RIGHT"] * 5, Plan(SKILLS, seed=0), known)
    assert [e.choice.skill.name for e in told if isinstance(e, Posed)] == ["powers"] * 4 + ["nested"] * 2
    assert [(e.before, e.after) for e in told if isinstance(e, Judged)][3] == (Level.ATTEMPTED, Level.PROFICIENT)
    assert known["powers"].level == Level.PROFICIENT


def test_who_skips_is_asked_something_else_and_all_have_their_turn():
    three = {name: replace(skill, prerequisites=()) for name, skill in SKILLS.items()}
    told = played(["skip"] * 5, Plan(three, seed=0), records(three))
    asked = [e.choice.skill.name for e in told if isinstance(e, Posed)]
    assert asked == ["powers", "nested", "linear"] * 2
    told = played(["RIGHT", "skip", "skip"], Plan(three, seed=0), records(three))
    assert [e.choice.skill.name for e in told if isinstance(e, Posed)] == ["powers", "powers", "nested", "linear"]


def test_count_ends_a_session():
    told = played(["RIGHT"] * 9, Plan(POWERS, seed=0, count=2))
    assert kinds(told) == ["Posed", "Judged", "Posed", "Judged"]


# Mixed tests


def at(**levels):
    return records(SKILLS) | {name: Record(Standing(level, level), attempts=1) for name, level in levels.items()}


def test_a_test_asks_each_skill_once_gives_no_hints_and_decides_mastery():
    known = at(powers=Level.PROFICIENT, nested=Level.MASTERED, linear=Level.FAMILIAR)
    told = played(["?", "show", "RIGHT", "WRONG", "skip"], Plan(SKILLS, seed=0, test=True, retries=True), known)
    assert kinds(told) == ["Posed", "Remark", "Remark", "Judged", "Posed", "Judged", "Posed", "GivenUp"]
    assert told[1] == Remark(NO_HINTS)
    assert attempts_in(told) == [("right", 0), ("wrong", 0), ("skipped", 0)]
    assert {name: record.level for name, record in known.items()} == {
        "powers": Level.MASTERED,
        "nested": Level.PROFICIENT,
        "linear": Level.ATTEMPTED,
    }


def test_what_cannot_be_read_in_a_test_may_be_typed_again():
    told = played(["x^", "RIGHT"], Plan(SKILLS, seed=0, test=True, retries=True))
    assert attempts_in(told) == [("right", 0)]


def test_a_test_prefers_what_only_it_can_master():
    rng = np.random.default_rng(0)
    known = at(powers=Level.PROFICIENT, nested=Level.NOT_STARTED, linear=Level.PROFICIENT)
    assert set(mixed_test(SKILLS, known, rng)) == {"powers", "linear"}
    assert set(mixed_test(SKILLS, known, rng, 3)) == set(SKILLS)
    assert len(mixed_test(SKILLS, at(), rng)) == 2


def test_the_same_seed_mixes_the_same_test():
    assert list(mixed_test(SKILLS, at(), np.random.default_rng(4))) == list(
        mixed_test(SKILLS, at(), np.random.default_rng(4))
    )


@pytest.mark.parametrize(("skills", "count"), [(POWERS, None), (SKILLS, 1)])
def test_a_test_of_one_skill_is_none(skills, count):
    with pytest.raises(PracticeError, match="at least two skills"):
        mixed_test(skills, at(), np.random.default_rng(0), count)


def test_an_empty_line_reminds_of_what_can_be_done():
    assert played([""], Plan(POWERS, seed=0, retries=True))[-1] == Remark(WAYS)
