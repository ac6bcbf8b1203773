"""Wrong forms of a truth, each with the sentence that names it: what people write instead.

A form is a hypothesis and nothing more: it is told only to those whose answer it is proved to be.
"""

from __future__ import annotations

from collections.abc import Iterator

from derivations.practice.truth import Form, Truth
from derivations.practice.wrong_cases import branches, options_left_out
from derivations.practice.wrong_entries import flipped, itself, other_indices, other_tensors, shifted, transposed
from derivations.practice.wrong_slopes import (
    forgotten_functions,
    lost_inner_derivatives,
    other_derivatives,
    other_slopes,
    slopes_of_the_layer,
    wrong_products,
    wrong_rules,
)
from derivations.practice.wrong_sums import extra_sums, means, missing_sums, wrong_axes
from derivations.practice.wrong_terms import (
    complements,
    exponents,
    extra_factors,
    missing_factors,
    missing_terms,
    signs_of_terms,
)

__all__ = ["Form", "Truth", "wrong_forms"]

_FAMILIES = (
    missing_sums,
    extra_sums,
    transposed,
    lost_inner_derivatives,
    itself,
    missing_factors,
    wrong_products,
    missing_terms,
    signs_of_terms,
    other_tensors,
    slopes_of_the_layer,
    other_slopes,
    means,
    branches,
    options_left_out,
    other_derivatives,
    exponents,
    wrong_rules,
    extra_factors,
    shifted,
    flipped,
    complements,
    forgotten_functions,
    wrong_axes,
    other_indices,
)
_OF_THE_LAYER = {
    lost_inner_derivatives,
    itself,
    wrong_products,
    slopes_of_the_layer,
    other_derivatives,
    wrong_rules,
}


def wrong_forms(truth: Truth, first: bool = True) -> Iterator[Form]:
    """All of them, likelier ones first; those that do not depend on the form of the truth only where `first` is so."""
    for family in _FAMILIES:
        if first or family not in _OF_THE_LAYER:
            yield from family(truth)
