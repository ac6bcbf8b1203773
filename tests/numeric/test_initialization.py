import numpy as np
import pytest

from numeric.initialization import INITIALIZATIONS


@pytest.mark.parametrize(
    ("name", "weights", "biases"),
    [
        ("he", np.sqrt(2 / 400), 0),
        ("xavier", np.sqrt(2 / 700), 0),
        ("scaled", 1 / 20, 1),
        ("nielsen", 1, 1),
    ],
)
def test_the_spread_is_what_the_table_promises(name, weights, biases):
    rng = np.random.default_rng(0)
    W, b = INITIALIZATIONS[name].draw((400, 300), rng), INITIALIZATIONS[name].draw((10000,), rng)
    assert W.dtype == b.dtype == np.float32
    assert W.std() == pytest.approx(weights, rel=0.02)
    assert abs(W.mean()) < 4 * weights / np.sqrt(W.size)
    assert b.std() == pytest.approx(biases, rel=0.05)


def test_the_same_generator_draws_the_same():
    first, second = (INITIALIZATIONS["he"].draw((3, 4), np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
