"""Cotangents from those of the next tensors alone are the same as those that the derivation ends with."""

import numpy as np
import pytest

from derivations import LAYERS, derive
from derivations.expressions import tensor_names
from derivations.pictures.flow import dependencies, local_cotangents, small_example


@pytest.mark.parametrize("name", LAYERS)
def test_local_cotangents_use_their_neighbours_and_have_the_values_of_the_derived_ones(name):
    derivation = derive(name)
    local = local_cotangents(derivation)
    arrows = dependencies(derivation.layer)
    cotangents = {d for tensor in derivation.layer.tensors for d in (f"d{tensor.name}", f"d{tensor.name}_total")}
    for target, equation in local.items():
        named = {d.removeprefix("d").removesuffix("_total") for d in tensor_names(equation.rhs) & cotangents}
        users = {arrow.head for arrow in arrows if arrow.tail == target}
        assert named == users | ({target} if target in derivation.layer.output_names else set())
    values = small_example(derivation, local)
    inputs = [*derivation.layer.inputs, *derivation.layer.options, *derivation.given]
    given = {each.name: values[each.name] for each in inputs}
    given |= {size: int(values[size]) for size in derivation.layer.hidden_sizes if size in values}
    derived = derivation.evaluate(given, "float64")
    for target in derivation.cotangents:
        np.testing.assert_allclose(values[target], derived[target], rtol=1e-9, atol=1e-12)


def test_no_cotangent_is_all_zero_where_that_can_be_had():
    derivation = derive("relu")
    values = small_example(derivation, local_cotangents(derivation))
    assert values["dX"].any()
