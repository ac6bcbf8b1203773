"""The random numbers that code draws: from Python, NumPy and PyTorch, and from generators of its own."""

import random
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np

Generator: TypeAlias = np.random.Generator | np.random.RandomState
Namespace: TypeAlias = MutableMapping[str, Any]
_STATE = np.random.RandomState
_KINDS = (np.random.Generator, _STATE)
_SEED: ContextVar[int | None] = ContextVar("seed", default=None)  # within `seeded`


@contextmanager
def undisturbed(generators: Sequence[Generator] = ()) -> Iterator[None]:
    """Whatever is drawn within, also from these generators, what follows behind is as if nobody had drawn any."""
    ours, theirs = random.getstate(), np.random.get_state()
    states = [_bits(generator).state for generator in generators]
    torch = sys.modules.get("torch")  # code that draws from it has imported it
    torchs = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(theirs)
        for generator, state in zip(generators, states, strict=True):
            _bits(generator).state = state
        if torch:
            torch.set_rng_state(torchs)


@contextmanager
def seeded(seed: int, generators: Sequence[Generator] = (), namespaces: Sequence[Namespace] = ()) -> Iterator[None]:
    """The same, and all random numbers begin anew within.

    So do those of what NumPy's `default_rng` and `RandomState` hand out, whatever seed these are given; in
    `namespaces` they may have been imported by name.
    """
    with undisturbed(generators), _handing_out(seed, namespaces):
        random.seed(seed)
        np.random.seed(seed)
        for generator in generators:
            _begin_anew(generator, seed)
        if torch := sys.modules.get("torch"):
            torch.manual_seed(seed)
        token = _SEED.set(seed)
        try:
            yield
        finally:
            _SEED.reset(token)


def generators_among(things: Iterable[Any]) -> list[Generator]:
    """NumPy's generators, of both kinds, among other things."""
    return [thing for thing in things if isinstance(thing, _KINDS)]


def begin_anew(things: Iterable[Any]) -> None:
    """Let the generators among things begin as all others do, within `seeded`; elsewhere nobody looks at them."""
    seed = _SEED.get()
    for generator in generators_among(things) if seed is not None else ():
        _begin_anew(generator, seed)


def _begin_anew(generator: Generator, seed: int | None) -> None:
    bits = _bits(generator)
    bits.state = type(bits)(seed).state


def _bits(generator: Generator) -> Any:
    return generator.bit_generator if isinstance(generator, np.random.Generator) else generator._bit_generator


@contextmanager
def _handing_out(seed: int, namespaces: Sequence[Namespace]) -> Iterator[None]:
    """Let NumPy make generators with this seed alone."""
    ours: list[tuple[Any, Any]] = [(np.random.default_rng, _default_rng(seed)), (_STATE, _random_state(seed))]
    places = [
        (namespace, name, theirs, our)
        for namespace in (vars(np.random), *namespaces)
        for name, value in namespace.items()
        for theirs, our in ours
        if value is theirs
    ]
    for namespace, name, _, our in places:
        namespace[name] = our
    try:
        yield
    finally:
        for namespace, name, theirs, _ in places:
            namespace[name] = theirs


def _default_rng(ours: int) -> Callable[..., np.random.Generator]:
    make = np.random.default_rng

    def default_rng(seed: Any = None) -> np.random.Generator:
        return seed if isinstance(seed, np.random.Generator) else make(ours)

    return default_rng


class _LikeRandomState(type):
    """The kind of a class of which all states are instances."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _STATE)


def _random_state(ours: int) -> type:
    class RandomState(_STATE, metaclass=_LikeRandomState):
        def __init__(self, seed: Any = None) -> None:
            super().__init__(ours)

    return RandomState
