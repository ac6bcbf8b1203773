"""How often does a diagnosis name the right cause? Every cause that has a name, over every layer that it fits."""

from collections import Counter

import pytest

from checks.diagnosis import explain
from checks.suite import rows
from tests.checks.causes import CAUSES, benches, broken

SAMPLE = ["linear", "sigmoid", "softmax", "embedding", "layer_norm", "rnn_tanh", "conv1d", "squared_error"]


def named(layers):
    """(layer, cause, what the first diagnosis names) for every cause that fits a layer."""
    for row in {row.layer: row for row in rows(layers)}.values():
        made = benches(row)
        for cause in CAUSES:
            suspects = broken(row, cause, made)
            if suspects is not None:
                diagnoses = explain(suspects[0].name, suspects)
                yield row.layer, suspects[0].name, cause, diagnoses[0].hypothesis if diagnoses else "nothing"


def share_of_right_names(outcomes):
    return sum(name in CAUSES[cause] for _, _, cause, name in outcomes) / len(outcomes)


def confusion(outcomes):
    """A line for each cause: how often it was named what."""
    lines = []
    for cause in CAUSES:
        names = Counter(name for _, _, own, name in outcomes if own is cause)
        right = sum(count for name, count in names.items() if name in CAUSES[cause])
        listed = ", ".join(f"{name} {count}" for name, count in names.most_common())
        lines.append(f"{cause.__name__:26} {right:3} of {names.total():3}   {listed}")
    return "\n".join(lines)


@pytest.mark.parametrize("layer", SAMPLE)
def test_most_causes_are_named(layer):
    outcomes = list(named([layer]))
    assert share_of_right_names(outcomes) >= 0.85, confusion(outcomes)


@pytest.mark.thorough
def test_nine_causes_of_ten_are_named_over_the_whole_catalogue():
    outcomes = list(named(None))
    print(f"\n{confusion(outcomes)}\n{share_of_right_names(outcomes):.1%} of {len(outcomes)}")
    assert {cause for _, _, cause, _ in outcomes} == set(CAUSES)
    assert share_of_right_names(outcomes) >= 0.9
