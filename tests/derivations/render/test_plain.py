"""What is printed plainly can be typed: what is read again has the same values."""

import itertools

import numpy as np
import pytest
from hypothesis import given

from derivations import read_layer
from derivations.calculus import name_bounds
from derivations.expressions import with_fresh_bounds
from derivations.layer import Equation
from derivations.sampling import points
from tests.strategies import layers


@given(layers())
def test_what_is_printed_is_read_as_the_same(text):
    layer = read_layer(text)
    last = layer.equations[-1]
    named = Equation(
        last.lhs, name_bounds(with_fresh_bounds(last.rhs), frozenset("ndm") | set(layer.by_name)), last.ranges
    )
    head = text.splitlines()[:-1]
    again = read_layer("\n".join([*head, named.text]))
    for point in itertools.islice(points(layer, 6), 3):
        one, other = (each.evaluate(point.values, "float64")[last.name] for each in (layer, again))
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("X[n]/(2*a)", "X[n]/(2*a)"),
        ("-X[n]**2", "-X[n]**2"),
        ("(-X[n])**2", "X[n]**2"),
        ("X[n]**-1/2", "1/(2*X[n])"),
        ("2**(-X[n])", "2**(-X[n])"),
        ("sqrt(X[n] + 1)", "sqrt(1 + X[n])"),
        ("X[n] - (a - X[n])", "2*X[n] - a"),
        ("[n%2 = 0]*X[n]", "X[n]*[n%2 = 0]"),
        ("mean[k](X[k])", "mean[k](X[k])"),
        ("where(X[n] > 0, 1, a)", "where(X[n] > 0, 1, a)"),
    ],
)
def test_brackets_stand_where_they_are_needed_and_nowhere_else(written, printed):
    layer = read_layer(f"X[N] a Y[N]\nY[n] = {written}")
    assert layer.equations[0].text == f"Y[n] = {printed}"
