"""The one place where numbers are compared."""

import numpy as np
import pytest

from checks import verdict as verdicts  # pytest would take an imported Testimony for a test class
from checks.verdict import AGREE, DISAGREE, Finding, combine, judge, units

ZERO = np.zeros(3)
TRUTH = verdicts.Testimony(np.array([1.0, 2.0, -3.0]), np.full(3, 0.01))
BOUND = np.full(3, 0.01)


def verdict(got, testimony=TRUTH, bound=BOUND, near=0.0):
    return judge("a case", "dX", "a witness", np.array(got), testimony, bound, near)


def test_within_the_bound_it_agrees():
    found = verdict([1.0, 2.01, -3.0])
    assert found.verdict == "agree"
    assert found.error == pytest.approx(0.5)
    assert found.worst == ()


def test_far_from_the_bound_it_disagrees_and_shows_the_worst_entry():
    found = verdict([1.0, 2.0, 3.0])
    assert found.verdict == "disagree"
    assert (found.worst[0].index, found.worst[0].expected, found.worst[0].got) == ((2,), -3.0, 3.0)
    assert (found.wrong, found.entries) == (1, 3)


def test_between_the_two_it_is_open():
    found = verdict([1.0, 2.0 + 0.02 * (AGREE + DISAGREE) / 2, -3.0])
    assert found.verdict == "unresolved"
    assert "too far for rounding" in found.reason


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_disagrees(bad):
    assert verdict([1.0, bad, -3.0]).verdict == "disagree"


def test_where_the_witness_cannot_tell_it_is_open():
    silent = verdicts.Testimony(TRUTH.value, np.array([0.0, np.inf, 0.0]), "a kink")
    found = verdict([1.0, 17.0, -3.0], silent)
    assert found.verdict == "unresolved"
    assert found.reason == "1 of 3 entries: a kink"


def test_entries_that_were_not_asked_for_are_left_out():
    some = verdicts.Testimony(np.array([1.0, np.nan, np.nan]), np.array([0.0, np.nan, np.nan]))
    found = verdict([1.0, 17.0, np.nan], some)
    assert (found.verdict, found.entries) == ("agree", 1)


def test_where_zero_would_agree_as_well_it_is_open():
    found = verdict(ZERO, verdicts.Testimony(ZERO, ZERO))
    assert found.verdict == "unresolved"
    assert "vacuous" in found.reason


WIDE, NO = np.full(3, 10.0), np.full(3, np.inf)  # rounding might hide all of EXACT
EXACT = verdicts.Testimony(TRUTH.value, ZERO)


@pytest.mark.parametrize("bound", [WIDE, NO])
@pytest.mark.parametrize(("share", "expected"), [(0.999, "agree"), (0.98, "unresolved"), (0.0, "unresolved")])
def test_where_rounding_might_hide_the_value_only_an_answer_near_it_agrees(share, expected, bound):
    assert verdict(share * TRUTH.value, EXACT, bound, near=0.01).verdict == expected
    assert verdict(share * TRUTH.value, EXACT, bound).verdict == "unresolved"


@pytest.mark.parametrize("bound", [WIDE, NO])
def test_where_rounding_might_hide_the_value_one_entry_off_leaves_it_open(bound):
    assert verdict([1.1, 2.0, -3.0], EXACT, bound, near=0.01).verdict == "unresolved"


def test_an_answer_that_agrees_by_nearness_alone_says_so():
    found = verdict(1.001 * TRUTH.value, EXACT, WIDE, near=0.01)
    assert found.nearly
    assert found.reason == "only within 1% of the largest entry: rounding might hide all of it"
    within_its_bounds = verdict(TRUTH.value, near=0.01)
    assert not within_its_bounds.nearly
    assert within_its_bounds.reason == ""
    assert not verdict(1.1 * TRUTH.value, EXACT, WIDE, near=0.01).nearly


def test_zero_is_near_zero_but_tells_nothing():
    assert verdict(ZERO, verdicts.Testimony(ZERO, ZERO), WIDE, near=0.01).verdict == "unresolved"


def test_a_wrong_answer_to_a_vacuous_question_is_still_wrong():
    assert verdict([0.0, 1.0, 0.0], verdicts.Testimony(ZERO, ZERO)).verdict == "disagree"


def test_an_exact_answer_needs_no_allowance():
    assert verdict(TRUTH.value, verdicts.Testimony(TRUTH.value, ZERO), ZERO).verdict == "agree"


def test_units():
    np.testing.assert_array_equal(
        units(np.array([0.0, 2.0, np.nan, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])), [0, 2, np.inf, np.inf]
    )


def finding(verdict, error=0.0):
    return Finding("a case", "dX", "a witness", verdict, error)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], "unresolved"),
        ([finding("agree"), finding("unresolved")], "agree"),
        ([finding("agree"), finding("unresolved", 3.0)], "unresolved"),
        ([finding("agree"), finding("disagree", 9.0)], "disagree"),
        ([finding("unresolved")], "unresolved"),
    ],
)
def test_combine(findings, expected):
    assert combine(findings) == expected
