"""Schedules: the share of the full learning rate, from 0 to 1, as a function of the share of training done."""

import math
from collections.abc import Callable


def constant(done: float) -> float:
    """1, all the time."""
    return 1.0


def cosine(done: float) -> float:
    """(1 + cos(pi done))/2: from 1 at the start down to 0 at the end.

    Source: Loshchilov and Hutter (2017), SGDR, eq. 5, with eta_min = 0 and no restart.
    """
    return (1 + math.cos(math.pi * done)) / 2


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine}
