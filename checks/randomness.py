"""The random numbers that code draws from sources that are everybody's: Python's, NumPy's, PyTorch's."""

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np


@contextmanager
def undisturbed(generators: Sequence[np.random.Generator] = ()) -> Iterator[None]:
    """Whatever is drawn within, also from these generators, what follows behind is as if nobody had drawn any."""
    ours, theirs = random.getstate(), np.random.get_state()
    states = [generator.bit_generator.state for generator in generators]
    torch = sys.modules.get("torch")  # code that draws from it has imported it
    torchs = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(theirs)
        for generator, state in zip(generators, states, strict=True):
            generator.bit_generator.state = state
        if torch:
            torch.set_rng_state(torchs)


@contextmanager
def seeded(seed: int, generators: Sequence[np.random.Generator] = ()) -> Iterator[None]:
    """The same, and all random numbers begin anew within."""
    with undisturbed(generators):
        random.seed(seed)
        np.random.seed(seed)
        for generator in generators:
            generator.bit_generator.state = type(generator.bit_generator)(seed).state
        if torch := sys.modules.get("torch"):
            torch.manual_seed(seed)
        yield
