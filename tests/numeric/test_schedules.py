import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.schedules import SCHEDULES, constant, cosine

shares = st.floats(0, 1)


@given(shares)
def test_constant_never_changes(done):
    assert constant(done) == 1


def test_cosine_starts_at_1_halves_in_the_middle_and_ends_at_0():
    assert [cosine(done) for done in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])


@given(shares, shares)
def test_cosine_only_falls(first, second):
    assert cosine(min(first, second)) >= cosine(max(first, second))


def test_the_table_names_them():
    assert {"constant": constant, "cosine": cosine} == SCHEDULES
