import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.drawing.axes import counting_axis, linear_axis, logarithmic_axis

POSITIVE = st.floats(1e-40, 1e30)


def labels(axis):
    return [label for _, label in axis.ticks]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 0.38], ["0.0", "0.1", "0.2", "0.3", "0.4"]),
        ([0, 2.3], ["0", "1", "2", "3"]),
        ([0, 0], ["0.0", "0.5"]),
        ([-3, 7], ["-5", "0", "5", "10"]),
    ],
)
def test_linear_ticks_are_round(values, expected):
    assert labels(linear_axis(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.9548, 0.9812], ["95%", "96%", "97%", "98%", "99%"]),
        ([1.0, 1.0], ["50%", "100%"]),
        ([0.9799, 0.9812], ["97.95%", "98.00%", "98.05%", "98.10%", "98.15%"]),
    ],
)
def test_shares_are_labelled_in_percent(values, expected):
    assert labels(linear_axis(values, percent=True)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.13, 1.1], ["0.1", "0.2", "0.5", "1", "2"]),
        ([1e-5, 3], ["10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1", "10"]),
        ([3e-7, 0], ["2·10⁻⁷", "5·10⁻⁷"]),
        ([0], ["1", "2"]),
    ],
)
def test_logarithmic_ticks_are_round(values, expected):
    assert labels(logarithmic_axis(values))[: len(expected)] == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (1, ["1"]),
        (3, ["1", "2", "3"]),
        (10, ["1", "2", "4", "6", "8", "10"]),
        (60, ["1", "10", "20", "30", "40", "50", "60"]),
    ],
)
def test_epochs_are_whole(last, expected):
    assert labels(counting_axis(1, last)) == expected


@given(st.lists(st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-40), min_size=1))
def test_a_linear_axis_holds_all_values_and_few_ticks(values):
    axis = linear_axis(values)
    assert axis.low < axis.high
    assert all(-1e-9 <= axis.share(value) <= 1 + 1e-9 for value in values)
    assert 2 <= len(axis.ticks) <= 8
    assert all(axis.low <= tick <= axis.high for tick, _ in axis.ticks)


@given(st.lists(POSITIVE | st.just(0.0), min_size=1))
def test_a_logarithmic_axis_holds_all_values_and_puts_zero_at_its_low_end(values):
    axis = logarithmic_axis(values)
    assert 0 < axis.low < axis.high
    assert all(0 <= axis.share(value) <= 1 for value in values)
    assert axis.share(0.0) == 0
    assert 2 <= len(axis.ticks) <= 9


@given(st.integers(1, 50), st.integers(0, 5000))
def test_an_axis_of_epochs_starts_with_the_first_and_has_few_ticks(first, more):
    axis = counting_axis(first, first + more)
    ticks = [tick for tick, _ in axis.ticks]
    assert ticks == sorted(set(ticks))
    assert ticks[0] == first
    assert ticks[-1] <= first + more
    assert len(ticks) <= 8


@given(POSITIVE, POSITIVE, POSITIVE)
def test_equal_ratios_are_equally_far_apart_on_a_logarithmic_axis(a, b, c):
    axis = logarithmic_axis([a, b, c, 2 * a, 2 * b, 2 * c])
    assert axis.share(2 * a) - axis.share(a) == pytest.approx(axis.share(2 * b) - axis.share(b), abs=1e-9)
