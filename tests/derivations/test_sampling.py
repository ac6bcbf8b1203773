"""Random inputs lie where the layer wants them, are the same for the same seed, and have few bits."""

import itertools
import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derivations import LAYERS, DerivationError, derive, read_layer
from derivations.sampling import points, settled


@given(st.sampled_from(sorted(LAYERS)), st.integers(0, 999))
def test_points_keep_to_the_declarations(name, seed):
    layer = LAYERS[name]
    first, *others = itertools.islice(points(layer, seed), 3)
    # Where sizes follow from others, those of 1 may leave nothing over.
    assert layer.size_definitions or all(first.sizes[size] == 1 for size in layer.size_names)
    for point in (first, *others):
        for tensor in layer.inputs:
            array = np.asarray(point.values[tensor.name])
            assert array.shape == layer.shape(tensor.name, {**point.sizes, **point.values})
            if tensor.positive:
                assert (array > 0).all()
            if not tensor.integer:
                assert np.array_equal(array * 1024, np.round(array * 1024))
        if any(equation.rhs.has(sp.oo, -sp.oo) for equation in layer.equations):
            continue  # a window that lies in the padding altogether has no largest value
        results = layer.evaluate(point.values, "float64")
        assert all(np.isfinite(result).all() for result in results.values())


def test_a_sum_of_many_indices_is_evaluated_at_small_sizes_alone():
    indices = [f"i{k}" for k in range(14)]
    text = f"X[N] Y\nY = sum[{', '.join(indices)}]({'*'.join(f'X[{i}]' for i in indices)})"
    found = list(itertools.islice(points(read_layer(text), 3), 6))
    assert {point.sizes["N"] for point in found} == {1, 2}


def test_where_numbers_among_the_sizes_make_each_point_large_fewer_are_asked():
    layer = read_layer("X[N, 784] W[784, 100] Y[N, 100]\nY[n, c] = sum[d](X[n, d]*W[d, c])")
    assert re.search(r"at [2-9] points", derive(layer).witness.method)


def test_the_same_seed_gives_the_same_points():
    for one, other in zip(*(itertools.islice(points(LAYERS["linear"], 3), 4) for _ in range(2)), strict=True):
        assert one.sizes == other.sizes
        assert all(np.array_equal(one.values[name], other.values[name]) for name in one.values)


@pytest.mark.parametrize("domain", ["log(X[n])", "sqrt(X[n])", "sqrt(1 - X[n]**2)", "log(1 - X[n])"])
def test_inputs_are_drawn_from_the_domain(domain):
    layer = read_layer(f"X[N] Y[N]\nY[n] = {domain}")
    inputs = layer.random_inputs({"N": 5}, np.random.default_rng(0))
    assert np.isfinite(layer.evaluate(inputs, "float64")["Y"]).all()


def test_sizes_at_which_a_layer_makes_no_sense_are_passed_over():
    layer = read_layer("X[H]  K[R]  Y[P]\nP = H - R + 1\nY[p] = sum[r](X[p + r]*K[r])")
    rng = np.random.default_rng(0)
    assert settled(layer, {"H": 2, "R": 3}, rng) is None
    assert settled(layer, {"H": 3, "R": 2}, rng) == {"H": 3, "R": 2}
    assert settled(layer, {"H": 10**4, "R": 1}, rng) is None
    with pytest.raises(DerivationError, match="'R' is not known"):
        layer.random_inputs({"H": 3}, rng)
