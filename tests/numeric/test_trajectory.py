import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric import checkpoint
from numeric.errors import InputError
from numeric.trajectory import MOST_NUMBERS, MOST_POINTS, TRAJECTORY, Trajectory, most_points


@given(steps=st.integers(1, 400), size=st.sampled_from([1, 10, 10**5]))
def test_first_and_last_are_kept_and_no_more_than_there_is_room_for(steps, size):
    path, vector = Trajectory(), np.zeros(size, np.float32)
    for step in range(steps + 1):
        vector[0] = step
        path.see(step / steps, vector)
    assert len(path.vectors) == min(steps + 1, most_points(size))
    assert [path.vectors[0][0], path.vectors[-1][0]] == [0, steps]
    assert path.done == sorted(set(path.done))


def test_what_was_kept_does_not_move_with_the_parameters():
    path, vector = Trajectory(), np.zeros(3)
    path.see(0, vector)
    vector += 1
    assert not path.vectors[0].any()
    assert path.vectors[0].dtype == np.float32


def test_large_networks_keep_few_or_none():
    assert most_points(1000) == MOST_POINTS
    assert most_points(MOST_NUMBERS // 7) == 7
    path = Trajectory()
    path.see(0, np.zeros(MOST_NUMBERS, np.float32))
    assert path.vectors == []


def test_it_comes_back_from_its_file_and_goes_on_from_where_the_run_was_interrupted(tmp_path):
    path = Trajectory()
    for step in range(101):
        path.see(step / 100, np.full(4, step, np.float32))
    path.save(tmp_path)
    again = Trajectory.load(tmp_path)
    assert again.done == path.done
    np.testing.assert_array_equal(again.vectors, path.vectors)
    again.rewind(0.5)
    assert again.done == [done for done in path.done if done <= 0.5]
    for step in range(51, 101):
        again.see(step / 100, np.full(4, step, np.float32))
    np.testing.assert_array_equal(again.vectors, path.vectors)


@pytest.mark.parametrize(
    "arrays",
    [{}, {"done": np.zeros(2)}, {"done": np.zeros(2), "vectors": np.zeros((3, 4))},
     {"done": np.zeros(2), "vectors": np.full((2, 4), np.nan)},
     {"done": np.zeros(2), "vectors": np.full((2, 4), 1e300)}],
)  # fmt: skip
def test_damaged_files_are_refused_in_one_line(tmp_path, arrays):
    with pytest.raises(InputError, match=TRAJECTORY):
        Trajectory.load(tmp_path)
    checkpoint.save(tmp_path / TRAJECTORY, arrays, {})
    with pytest.raises(InputError, match=r"holds no path|not finite"):
        Trajectory.load(tmp_path)


def test_the_path_of_another_network_is_not_gone_on_with(tmp_path):
    path = Trajectory([0.0], [np.zeros(4, np.float32)])
    path.save(tmp_path)
    assert Trajectory.resumed(tmp_path, 0.5, 4).done == [0.0]
    with pytest.raises(InputError, match="is of another network"):
        Trajectory.resumed(tmp_path, 0.5, 5)
