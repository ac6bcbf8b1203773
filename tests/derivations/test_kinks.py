"""Kinks are found wherever an equation has one, with the distance that loops find."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations import LAYERS, read_layer
from derivations.kinks import has_kinks, kink_labels, kinks

arrays = st.integers(0, 999).map(lambda seed: np.round(np.random.default_rng(seed).standard_normal(4) * 8) / 8)
ONE = {
    "abs(X[n])": np.abs,
    "maximum(X[n], 2)": lambda x: np.abs(x - 2),
    "minimum(1, X[n])": lambda x: np.abs(1 - x),
    "sign(X[n])": np.abs,
    "where(X[n] > 1, X[n], 0.5)": lambda x: np.abs(x - 1),
    "[X[n] <= 3]*X[n]": lambda x: np.abs(x - 3),
}


@pytest.mark.parametrize("right", ONE)
@given(X=arrays)
def test_the_distance_from_a_kink_is_that_of_its_arguments(right, X):
    layer = read_layer(f"X[N] Y[N]\nY[n] = {right}")
    ((_, distance),) = kinks(layer, {"X": X})
    np.testing.assert_array_equal(distance, ONE[right](X))


@given(arrays)
def test_a_maximum_is_as_far_from_a_tie_as_its_runner_up(X):
    ((_, distance),) = kinks(read_layer("X[N] Y\nY = max[n](X[n])"), {"X": X})
    first, second = np.sort(X)[:-3:-1]
    np.testing.assert_allclose(distance, first - second)


@pytest.mark.parametrize(
    ("right", "expected"),
    [("tanh(X[n])", False), ("[n >= 1]*X[n - 1]", False), ("where(n < 2, X[n], 1)", False), ("X[n] + abs(X[n])", True)],
)
def test_conditions_on_indices_are_no_kinks(right, expected):
    assert has_kinks(read_layer(f"X[N] Y[N]\nY[n] = {right}")) is expected


def test_a_kink_is_labelled_in_the_notation_of_its_layer():
    assert kink_labels(LAYERS["huber"]) == ["abs(Y[n, c] - T[n, c]) <= delta", *["abs(Y[n, c] - T[n, c])"] * 2]
    assert kink_labels(LAYERS["relu"]) == ["maximum(0, X[n, d])"]
