"""A name that no layer has leads to those that may be meant."""

import pytest

from derivations import LAYERS, DerivationError
from derivations.catalogue import find


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("linaer", "linear"),
        ("LayerNorm", "layer_norm"),
        ("conv-2d", "conv2d"),
        ("mse", "mean_squared_error"),
        ("sdpa", "scaled_dot_product_attention"),
        ("attention", "multi_head_attention"),
        ("cross entropy loss", "cross_entropy"),
    ],
)
def test_a_misspelt_layer_an_abbreviation_and_a_part_of_a_name_are_understood(asked, meant):
    with pytest.raises(DerivationError, match=rf"no layer '{asked}'; did you mean [\w, ]*\b{meant}\b"):
        find(asked, LAYERS)


@pytest.mark.parametrize("asked", ["xyzzy", "", "?", "ñ"])
def test_where_nothing_is_near_all_are_named(asked):
    with pytest.raises(DerivationError, match=r"there are absolute_error, .*, weighted_cross_entropy$"):
        find(asked, LAYERS)


def test_a_name_is_found():
    assert find("relu", LAYERS) is LAYERS["relu"]
