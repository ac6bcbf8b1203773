import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.schedules import SCHEDULES, constant, cosine, one_cycle, step

shares = st.floats(0, 1)


@given(shares)
def test_constant_never_changes(done):
    assert constant(done) == 1


def test_cosine_starts_at_1_halves_in_the_middle_and_ends_at_0():
    assert [cosine(done) for done in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])


@given(shares, shares)
def test_cosine_only_falls(first, second):
    assert cosine(min(first, second)) >= cosine(max(first, second))


def test_step_falls_to_a_tenth_and_to_a_hundredth():
    assert [step(done) for done in (0, 0.49, 0.5, 0.74, 0.75, 1)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_one_cycle_goes_up_to_1_and_down_to_0():
    assert [one_cycle(done) for done in (0, 0.15, 0.3, 0.65, 1)] == pytest.approx([0.04, 0.52, 1, 0.5, 0])


@pytest.mark.parametrize("name", SCHEDULES)
@given(done=shares)
def test_every_schedule_stays_between_0_and_1(name, done):
    assert 0 <= SCHEDULES[name](done) <= 1
