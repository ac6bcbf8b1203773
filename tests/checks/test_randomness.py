"""Random numbers that are everybody's: drawn anew from a seed within, and as they were behind."""

import random

import numpy as np

from checks.randomness import seeded, undisturbed


def draws(generator):
    return random.random(), np.random.rand(), generator.random()


def test_who_draws_within_does_not_disturb_who_draws_behind():
    generator = np.random.default_rng(5)
    with undisturbed([generator]):
        expected = draws(generator)
    with undisturbed([generator]):
        draws(generator)
        draws(generator)
    assert draws(generator) == expected


def test_the_same_seed_draws_the_same():
    generator = np.random.default_rng(5)
    with seeded(1, [generator]):
        first = draws(generator)
    draws(generator)
    with seeded(1, [generator]):
        assert draws(generator) == first
    with seeded(2, [generator]):
        assert draws(generator) != first
