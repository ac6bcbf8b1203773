"""Random numbers that are everybody's: drawn anew from a seed within, and as they were behind."""

import random

import numpy as np
import pytest

from checks.randomness import begin_anew, generators_among, seeded, undisturbed

KINDS = [np.random.default_rng, np.random.RandomState]


def draws(generator):
    return random.random(), np.random.rand(), generator.random()


@pytest.mark.parametrize("kind", KINDS)
def test_who_draws_within_does_not_disturb_who_draws_behind(kind):
    generator = kind(5)
    with undisturbed([generator]):
        expected = draws(generator)
    with undisturbed([generator]):
        draws(generator)
        draws(generator)
    assert draws(generator) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same(kind):
    generator = kind(5)
    with seeded(1, [generator]):
        first = draws(generator)
    draws(generator)
    with seeded(1, [generator]):
        assert draws(generator) == first
    with seeded(2, [generator]):
        assert draws(generator) != first


@pytest.mark.parametrize("name", ["default_rng", "RandomState"])
def test_generators_that_are_made_within_begin_anew_whatever_their_seed(name):
    namespace = {"imported": getattr(np.random, name), "other": 1}
    with seeded(1, namespaces=[namespace]):
        first = [getattr(np.random, name)(7).random(), namespace["imported"]().random()]
    with seeded(1, namespaces=[namespace]):
        namespace["other"] = 2
        assert [getattr(np.random, name)().random(), namespace["imported"](8).random()] == first
    with seeded(2):
        assert getattr(np.random, name)(7).random() != first[0]
    assert namespace == {"imported": getattr(np.random, name), "other": 2}
    assert getattr(np.random, name)(7).random() == getattr(np.random, name)(7).random() not in first


@pytest.mark.parametrize("kind", KINDS)
def test_generators_begin_anew_within_alone(kind):
    (generator,) = generators_among([1, kind(5), random])
    with seeded(5):
        begin_anew([generator])
    first = generator.random()
    begin_anew([generator])
    assert generator.random() != first
    with seeded(5):
        begin_anew([generator])
    assert generator.random() == first
