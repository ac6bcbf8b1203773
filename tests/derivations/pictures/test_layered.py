from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.pictures.layered import lay_out

SIDES = st.tuples(st.floats(30, 400), st.floats(30, 300))


@st.composite
def graphs(draw):
    """Boxes of any size, and arrows from earlier to later ones."""
    count = draw(st.integers(1, 9))
    sizes = {f"n{k}": draw(SIDES) for k in range(count)}
    pairs = [(f"n{i}", f"n{j}") for i, j in combinations(range(count), 2)]
    return sizes, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []


@given(graphs())
def test_boxes_do_not_overlap_and_arrows_lead_down_past_them(graph):
    sizes, edges = graph
    layout = lay_out(sizes, edges)
    boxes = {name: (x, y, x + sizes[name][0], y + sizes[name][1]) for name, (x, y) in layout.corners.items()}
    for (a, b, c, d), (e, f, g, h) in combinations(boxes.values(), 2):
        assert a >= g or e >= c or b >= h or f >= d
    assert set(layout.courses) == set(edges)
    for (tail, head), course in layout.courses.items():
        left, _, right, bottom = boxes[tail]
        assert left < course[0][0] < right
        assert course[0][1] == bottom
        left, top, right, _ = boxes[head]
        assert left < course[-1][0] < right
        assert course[-1][1] == top
        for (x, y), (next_x, next_y) in pairwise(course):
            assert y <= next_y
            for left, top, right, bottom in boxes.values():
                beside = max(x, next_x) <= left or min(x, next_x) >= right
                assert beside or next_y <= top or y >= bottom


def test_level_runs_in_one_gap_do_not_lie_on_each_other():
    sizes = {name: (100.0, 50.0) for name in "abcdefgh"}
    layout = lay_out(sizes, [(name, "h") for name in "abcdefg"])
    runs = [
        (y, min(x, next_x), max(x, next_x))
        for course in layout.courses.values()
        for (x, y), (next_x, next_y) in pairwise(course)
        if y == next_y and x != next_x
    ]
    assert len(runs) >= 4
    for (y, left, right), (other, start, end) in combinations(runs, 2):
        assert y != other or right <= start or end <= left


def test_a_chain_stands_straight():
    layout = lay_out({name: (80.0, 40.0) for name in "abc"}, [("a", "b"), ("b", "c")])
    assert len({x for x, _ in layout.corners.values()}) == 1


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="circle"):
        lay_out({name: (80.0, 40.0) for name in "ab"}, [("a", "b"), ("b", "a")])
