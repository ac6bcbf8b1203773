"""Levels follow Khan Academy's rules, which a second, plainer reading of its pages restates here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.practice.mastery import SET_LENGTH, Attempt, Level, Standing, standing

KINDS = st.sampled_from(["practice", "test"])
RESULTS = st.sampled_from(["right", "wrong", "undecided", "shown", "skipped"])
ATTEMPTS = st.lists(st.builds(Attempt, st.just("s"), st.just("s:0:1"), KINDS, RESULTS, st.integers(0, 2), st.just(0.0)))

NOT_STARTED, ATTEMPTED, FAMILIAR, PROFICIENT, MASTERED = Level


def attempt(kind, right):
    return Attempt("s", "s:0:1", kind, "right" if right else "wrong", 0, 0.0)


def after_set(level, answers):
    reached = Standing(level, level)
    for right in answers:
        reached = reached.after(attempt("practice", right))
    return reached.level


@pytest.mark.parametrize(
    ("share", "outcomes"),  # for the levels from low to high
    [
        (1.0, [PROFICIENT, PROFICIENT, PROFICIENT, PROFICIENT, MASTERED]),
        (0.75, [FAMILIAR, FAMILIAR, FAMILIAR, FAMILIAR, PROFICIENT]),
        (0.5, [ATTEMPTED, ATTEMPTED, ATTEMPTED, FAMILIAR, FAMILIAR]),
    ],
)
@given(data=st.data())
def test_a_set_leads_where_the_share_says_in_any_order_of_its_answers(share, outcomes, data):
    right = round(share * SET_LENGTH)
    answers = data.draw(st.permutations([True] * right + [False] * (SET_LENGTH - right)))
    settled = answers if share > 0.5 else answers[: [k for k, r in enumerate(answers) if not r][1] + 1]
    assert [after_set(level, settled) for level in Level] == outcomes


@pytest.mark.parametrize(
    ("right", "outcomes"),
    [
        (True, [FAMILIAR, FAMILIAR, PROFICIENT, MASTERED, MASTERED]),
        (False, [ATTEMPTED, ATTEMPTED, ATTEMPTED, FAMILIAR, PROFICIENT]),
    ],
)
def test_a_mixed_test_moves_by_one(right, outcomes):
    assert [Standing(level, level).after(attempt("test", right)).level for level in Level] == outcomes


@given(ATTEMPTS)
def test_only_a_test_leads_to_mastered_and_nothing_beyond(attempts):
    reached = Standing()
    for one in attempts:
        before, reached = reached, reached.after(one)
        assert NOT_STARTED <= reached.level <= MASTERED
        if reached.level == MASTERED > before.level:
            assert (one.kind, before.level, one.counts_as) == ("test", PROFICIENT, True)


@given(ATTEMPTS, st.integers(0, 2), st.integers(1, 6))
def test_a_miss_never_raises_and_lowers_by_one_at_most(attempts, hints, length):
    before = standing(attempts, length)
    for result in ("wrong", "shown", "skipped"):
        practised = before.after(Attempt("s", "s:0:1", "practice", result, hints, 0.0)).level
        tested = before.after(Attempt("s", "s:0:1", "test", result, hints, 0.0)).level
        floor = max(ATTEMPTED, before.level - 1)
        assert max(ATTEMPTED, before.level) >= practised >= floor
        assert tested == floor


@given(ATTEMPTS, KINDS)
def test_what_is_right_never_lowers(attempts, kind):
    before = standing(attempts)
    assert before.after(attempt(kind, True)).level >= before.level


@given(ATTEMPTS, KINDS)
def test_an_undecided_answer_changes_nothing(attempts, kind):
    before = standing(attempts)
    assert before.after(Attempt("s", "s:0:1", kind, "undecided", 0, 0.0)) == before


@given(ATTEMPTS, KINDS, st.integers(1, 5))
def test_what_was_right_with_a_hint_counts_as_missed(attempts, kind, hints):
    before = standing(attempts)
    hinted = Attempt("s", "s:0:1", kind, "right", hints, 0.0)
    assert before.after(hinted) == before.after(attempt(kind, False))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_shorter_set_is_lost_with_its_first_miss_and_won_without(length):
    won = standing([attempt("practice", True)] * length, length)
    assert (won.level, won.in_a_set) == (PROFICIENT, False)
    lost = Standing(MASTERED, MASTERED, length=length).after(attempt("practice", False))
    assert (lost.level, lost.in_a_set, lost.length) == (PROFICIENT, False, length)


def test_the_order_of_attempts_matters():
    up, down = attempt("test", True), attempt("test", False)
    assert standing([up, up, up, down]).level == PROFICIENT
    assert standing([down, up, up, up]).level == MASTERED


def test_a_test_ends_an_open_set():
    begun = standing([attempt("practice", True)] * 3)
    assert begun.in_a_set
    assert not begun.after(attempt("test", True)).in_a_set
