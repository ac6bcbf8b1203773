"""No layer without a sabotage: who adds a layer breaks it, too."""

from derivations import LAYERS
from tests.checks import (
    test_sabotage,
    test_sabotaged_families,
    test_sabotaged_images,
    test_sabotaged_normalization,
    test_sabotaged_sequences,
)

BY_LAYER = (test_sabotaged_families, test_sabotaged_images, test_sabotaged_normalization, test_sabotaged_sequences)


def test_every_layer_is_broken_on_purpose():
    broken = {sabotage.layer for sabotage in test_sabotage.SABOTAGES}
    broken |= {mistake.partition(":")[0] for family in BY_LAYER for mistake in family.SABOTAGES}
    assert broken == set(LAYERS)
