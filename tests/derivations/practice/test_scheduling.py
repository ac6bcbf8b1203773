"""Reviews are due when SM-2 says, and what comes next follows from them and from the map."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.practice.mastery import Attempt, Level, Standing
from derivations.practice.scheduling import DAY, LONGEST_INTERVAL, Record, Review, next_skill, records, spoken_day
from tests.derivations.practice.little_map import SKILLS

RESULTS = st.sampled_from(["right", "wrong", "undecided", "shown"])


def attempt(result="right", moment=0.0, hints=0, skill="powers", kind="practice"):
    return Attempt(skill, f"{skill}:0:1", kind, result, hints, moment)


@st.composite
def histories(draw):
    moment, made = 1e9, []
    for _ in range(draw(st.integers(0, 12))):
        moment += draw(st.floats(0, 30)) * DAY
        made.append(attempt(draw(RESULTS), moment, draw(st.integers(0, 1))))
    return made


def reviewed(attempts):
    review = Review()
    for one in attempts:
        review = review.after(one)
    return review


def test_intervals_grow_as_in_the_algorithm():
    review, moment, intervals = Review(), 0.0, []
    for _ in range(5):
        review = review.after(attempt(moment=moment))
        intervals.append(review.interval)
        moment = review.due
    assert intervals == [1, 6, 15, 37.5, 93.75]


def test_hints_make_it_harder_and_right_answers_easier_again():
    hinted = reviewed([attempt(), attempt(moment=DAY, hints=1), attempt(moment=7 * DAY, hints=2)])
    assert hinted.ease == pytest.approx(2.5 - 2 * 0.14)
    assert hinted.interval == pytest.approx(6 * 2.22)
    assert hinted.after(attempt(moment=hinted.due)).ease == pytest.approx(2.32)


@given(histories(), st.floats(0, 400))
def test_a_success_never_brings_the_next_review_nearer(history, days):
    before = reviewed(history)
    moment = (history[-1].moment if history else 1e9) + days * DAY
    after = before.after(attempt(moment=moment))
    assert after.due is not None
    assert after.due > moment
    assert before.due is None or after.due >= before.due
    assert after.interval <= LONGEST_INTERVAL


@given(histories(), st.integers(1, 10))
def test_successes_when_due_put_it_off_ever_further(history, count):
    review, intervals = reviewed(history), []
    for _ in range(count):
        review = review.after(attempt(moment=review.due if review.due is not None else 1e9))
        intervals.append(review.interval)
    assert all(a <= b for a, b in pairwise(intervals))


@given(histories(), st.sampled_from(["wrong", "shown", "skipped"]))
def test_a_lapse_is_due_the_next_day_and_starts_again(history, result):
    moment = (history[-1].moment if history else 1e9) + DAY
    lapsed = reviewed(history).after(attempt(result, moment))
    assert (lapsed.repetitions, lapsed.due, lapsed.ease) == (0, moment + DAY, reviewed(history).ease)


def test_what_is_right_before_it_is_due_says_nothing():
    once = reviewed([attempt()])
    assert once.after(attempt(moment=0.9 * DAY)) == once


# What comes next

PROFICIENT = Standing(Level.PROFICIENT, Level.PROFICIENT)
LATER = Review(1, 2.5, 1.0, 100 * DAY)


def known(**levels):
    made = {name: Record(Standing(level, level), LATER, 1, 1, 0.0) for name, level in levels.items()}
    return records(SKILLS) | made


def next_name(of, now=0.0, last=None, skills=SKILLS):
    return next_skill(skills, of, now, last).skill.name


def test_the_map_is_learnt_from_its_beginning():
    assert next_name(known()) == "powers"
    assert next_name(known(powers=Level.PROFICIENT)) == "nested"
    assert next_name(known(powers=Level.PROFICIENT, nested=Level.FAMILIAR)) == "nested"
    assert next_name(known(powers=Level.PROFICIENT, nested=Level.MASTERED)) == "linear"


def test_reviews_that_are_due_come_first_the_longest_overdue_before_others():
    due = known(powers=Level.PROFICIENT, nested=Level.MASTERED)
    due["powers"] = replace(due["powers"], review=replace(LATER, due=2 * DAY))
    due["nested"] = replace(due["nested"], review=replace(LATER, due=1 * DAY))
    assert next_name(due, now=3 * DAY) == "nested"
    assert next_name(due, now=1 * DAY) == "nested"
    assert next_name(due, now=0.5 * DAY) == "linear"


def test_a_set_that_was_begun_goes_on():
    begun = records(SKILLS, [attempt()])
    assert next_skill(SKILLS, begun, 0.0, "powers").why == "answer 2 of 4 in this set"


def test_after_a_lost_set_another_skill_has_its_turn_where_there_is_one():
    two = {name: replace(SKILLS[name], prerequisites=()) for name in ("powers", "nested")}
    lost = records(SKILLS, [attempt("wrong"), attempt("wrong")])
    assert next_name(lost, last="powers", skills=two) == "nested"
    assert next_name(lost, last="powers") == "powers"


def test_what_was_asked_less_often_comes_first():
    three = {name: replace(skill, prerequisites=()) for name, skill in SKILLS.items()}
    of = records(three)
    assert next_skill(three, of, 0.0, None, {"powers": 1}).skill.name == "nested"
    assert next_skill(three, of, 0.0, None, {"powers": 1, "nested": 1}).skill.name == "linear"
    due = {name: replace(record, review=replace(LATER, due=1.0)) for name, record in of.items()}
    assert next_skill(three, due, 2.0, None, {"linear": 1}).skill.name == "nested"
    assert next_skill(three, due, 2.0, None, {"linear": 1, "nested": 1}).skill.name == "powers"
    learnt = {name: replace(record, standing=PROFICIENT) for name, record in of.items()}
    assert next_skill(three, learnt, 0.0, None, {"powers": 1}).skill.name == "nested"


def test_once_all_is_learnt_the_lowest_and_longest_rested_comes():
    levels = known(powers=Level.MASTERED, nested=Level.PROFICIENT, linear=Level.MASTERED)
    assert next_name(levels) == "nested"
    rested = known(powers=Level.MASTERED, nested=Level.MASTERED, linear=Level.MASTERED)
    rested["powers"] = replace(rested["powers"], last=DAY)
    assert next_name(rested) == "nested"
    assert next_skill({}, {}, 0.0) is None


def test_prerequisites_outside_of_what_was_named_are_not_asked_for():
    assert next_name(known(), skills={"linear": SKILLS["linear"]}) == "linear"


@given(histories(), st.sampled_from([None, "powers", "nested"]))
def test_the_choice_never_leaves_the_map_nor_skips_a_prerequisite(history, last):
    of, now = records(SKILLS, history), history[-1].moment if history else 0.0
    name = next_name(of, now, last)
    assert name == "powers" or of["powers"].level >= Level.PROFICIENT or of[name].attempts


def test_days_are_spoken():
    noon = 1_000_000_000.0
    assert [spoken_day(noon + k * DAY, noon) for k in (-2, -1, 0, 1, 5)] == [
        "2 days ago", "yesterday", "today", "tomorrow", "in 5 days",
    ]  # fmt: skip
