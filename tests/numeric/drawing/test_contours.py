import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from numeric.drawing.contours import contour

GRIDS = arrays(float, st.tuples(st.integers(2, 7), st.integers(2, 7)), elements=st.integers(-5, 5).map(float))


@given(GRIDS, st.sampled_from([-2.5, 0.5, 1.25]))
def test_lines_lie_where_a_side_of_a_cell_has_the_level(values, level):
    for x, y in (end for segment in contour(values, level) for end in segment):
        row, column = min(int(y), values.shape[0] - 2), min(int(x), values.shape[1] - 2)
        down, right = y - row, x - column
        (a, b), (c, d) = values[row : row + 2, column : column + 2]
        between = a * (1 - down) * (1 - right) + b * (1 - down) * right + c * down * (1 - right) + d * down * right
        assert between == pytest.approx(level, abs=1e-9)


@given(GRIDS, st.sampled_from([-2.5, 0.5, 1.25]))
def test_lines_end_only_at_the_edge_of_the_grid(values, level):
    ends = [tuple(round(c, 9) for c in end) for segment in contour(values, level) for end in segment]
    rows, columns = values.shape
    for x, y in ends:
        at_edge = x in (0, columns - 1) or y in (0, rows - 1)
        assert ends.count((x, y)) == 2 or at_edge


def test_a_circle_is_one():
    a = np.linspace(-1, 1, 41)
    segments = list(contour(a[:, None] ** 2 + a[None, :] ** 2, 0.49))
    radii = [np.hypot(x / 20 - 1, y / 20 - 1) for segment in segments for x, y in segment]
    assert radii == pytest.approx([0.7] * len(radii), abs=2e-3)
    length = sum(np.hypot(x - u, y - v) / 20 for (x, y), (u, v) in segments)
    assert length == pytest.approx(2 * np.pi * 0.7, rel=1e-3)


@pytest.mark.parametrize(("peak", "lonely"), [(3.0, [(0, 1), (1, 0)]), (1.5, [(0, 0), (1, 1)])])
def test_a_saddle_is_cut_by_its_mean(peak, lonely):
    """Where the mean is high the two low corners are cut off, and else the two high ones."""
    found = []
    for (x, y), (u, v) in contour(np.array([[peak, 0.0], [0.0, peak]]), 1.0):
        found.append((round((y + v) / 2), round((x + u) / 2)))
    assert sorted(found) == lonely


def test_what_is_not_finite_has_no_lines():
    values = np.array([[0.0, 1.0], [np.inf, 1.0]])
    assert list(contour(values, 0.5)) == []
