"""Whatever is computed comes after what it needs; what goes round in circles is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations import NotationError, read_layer
from derivations.schedule import components, schedule, totals, users


@st.composite
def graphs(draw):
    names = [f"v{k}" for k in range(draw(st.integers(1, 7)))]
    return {name: draw(st.lists(st.sampled_from(names), unique=True)) for name in names}


def reachable(needs, start):
    seen, todo = set(), [start]
    while todo:
        for other in needs[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


@given(graphs())
def test_components_are_what_reaches_each_other_in_the_order_of_need(needs):
    found = components(needs)
    assert sorted(name for component in found for name in component) == sorted(needs)
    place = {name: k for k, component in enumerate(found) for name in component}
    for name in needs:
        for other in reachable(needs, name):
            together = name in reachable(needs, other)
            assert place[other] == place[name] if together else place[other] < place[name]


def test_equations_come_after_what_they_need():
    layer = read_layer("X[N] Y[N] A[N] B[N]\nA[n] = X[n]**2\nB[n] = A[n] + 1\nY[n] = A[n]*B[n]")
    for order in (layer.equations, layer.equations[::-1]):
        assert [g.equations[0].name for g in schedule(order)] == ["A", "B", "Y"]
    assert [e.name for e in users(layer.equations, "A")] == ["B", "Y"]


@pytest.mark.parametrize(("shift", "step"), [("t - 1", 1), ("t - 3", 1), ("t + 1", -1)])
def test_a_recurrence_steps_away_from_what_it_looks_at(shift, step):
    layer = read_layer(f"x[T, N] c[T, N] h[T, N]\nc[t, n] = h[{shift}, n]\nh[t, n] = tanh(c[t, n] + x[t, n])")
    (group,) = schedule(layer.equations)
    assert ([e.name for e in group.equations], group.axis, group.step) == (["c", "h"], 0, step)
    assert totals(layer) == ("h",)


@pytest.mark.parametrize(
    ("equations", "words"),
    [
        ("A[n] = A[n] + X[n]", "'A' is defined by itself"),
        ("A[n] = B[n]\nB[n] = A[n] + X[n]", "defined by each other at the same step: A, B"),
        ("A[n] = A[n - 1] + A[n + 1]", "'A' is defined by itself"),
        ("A[n] = A[2*n] + X[n]", "'A' is defined by itself"),
    ],
)
def test_circles_are_refused(equations, words):
    declared = "X[N] B[N] A[N]" if "B[n] =" in equations else "X[N] A[N]"
    with pytest.raises(NotationError, match=words):
        read_layer(f"{declared}\n{equations}")
