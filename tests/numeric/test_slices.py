from hypothesis import given
from hypothesis import strategies as st

from numeric.slices import even_slices


@given(N=st.integers(0, 200), parts=st.integers(1, 50) | st.just(10**20))
def test_every_row_is_in_one_of_the_runs_and_the_last_is_the_longest(N, parts):
    slices = even_slices(N, parts)
    lengths = [run.stop - run.start for run in slices]
    assert [row for run in slices for row in range(N)[run]] == list(range(N))
    assert len(slices) == min(N, parts)
    assert all(length in (lengths[-1], lengths[-1] - 1) for length in lengths)
    assert 0 not in lengths
