import json
from dataclasses import replace

import pytest

from numeric.architectures import NETWORKS
from numeric.data.augment import Distortion
from numeric.errors import InputError
from numeric.optimizers import SGD, Adam, RMSProp
from numeric.recipes import OPTIMIZERS, RECIPES, Recipe, altered

PLAIN = Recipe(epochs=3, batch=16, rate=0.2, schedule="cosine", optimizer=SGD(0.9))


def test_every_network_has_a_recipe_for_every_dataset():
    assert set(RECIPES) == {(network, dataset) for network in NETWORKS for dataset in ("mnist", "digits")}


@pytest.mark.parametrize(
    "recipe",
    [
        *RECIPES.values(),
        replace(PLAIN, optimizer=Adam(decay=0.1), lam1=0.5, keep=0.25, clip=1.0, halve_after=2, patience=3),
        replace(PLAIN, optimizer=RMSProp(decay=0.5), distortion=Distortion(rotation=3)),
    ],
)
def test_a_recipe_survives_being_written_down(recipe):
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize(
    "damage",
    [
        {"optimizer": {"rule": "Magic"}},
        {"optimizer": {"rule": "SGD", "momentum": "much"}},
        {"optimizer": {}},
        {"optimizer": "SGD"},
        {"distortion": {"spin": 3}},
        {"distortion": {"rotation": float("nan")}},
        {"distortion": []},
        {"epochs": 2.5},
        {"epochs": "many"},
        {"rate": None},
        {"schedule": ["cosine"]},
        {"surprise": 1},
    ],
)
def test_what_is_no_recipe_is_refused(damage):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Recipe.from_json({**PLAIN.to_json(), **damage})


def test_only_what_is_given_changes():
    assert altered(PLAIN) == PLAIN
    assert altered(PLAIN, epochs=7, lam=None) == replace(PLAIN, epochs=7)
    assert altered(PLAIN, optimizer="adam") == replace(PLAIN, optimizer=Adam(), rate=OPTIMIZERS["adam"][1])
    assert altered(PLAIN, optimizer="adam", rate=0.5) == replace(PLAIN, optimizer=Adam(), rate=0.5)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"optimizer": "magic"}, "unknown optimizer 'magic'; expected one of sgd, momentum, nesterov, rmsprop, adam"),
        ({"schedule": "none"}, "unknown schedule 'none'; expected one of constant, step, cosine, one-cycle"),
        ({"epochs": 0}, "epochs is 0; expected a whole number, 1 or more"),
        ({"rate": float("nan")}, "rate is nan; expected a number above 0"),
        ({"rate": -1.0}, "rate is -1.0; expected a number above 0"),
        ({"keep": 1.5}, "keep is 1.5; expected a share, at most 1"),
        ({"keep": 0.0}, "keep is 0.0; expected a number above 0"),
        ({"lam": -0.5}, "lam is -0.5; expected a number, 0 or more"),
        ({"clip": float("inf")}, "clip is inf; expected a number above 0"),
    ],
)
def test_what_no_training_can_mean_is_one_line(changes, line):
    with pytest.raises(InputError, match=line):
        altered(PLAIN, **changes)


@pytest.mark.parametrize("name", ["epochs", "batch"])
def test_what_every_training_has_is_not_left_out(name):
    with pytest.raises(InputError, match=f"{name} is None; expected a whole number, 1 or more"):
        replace(PLAIN, **{name: None})
