"""Schedules: the share of the full learning rate, from 0 to 1, as a function of the share of training done."""

import math
from collections.abc import Callable

WARM_UP = 0.3
DROPS, DROP = (0.5, 0.75), 0.1


def constant(done: float) -> float:
    """1, all the time."""
    return 1.0


def step(done: float) -> float:
    """1, a tenth from the middle on, a hundredth for the last quarter.

    Source: He, Zhang, Ren and Sun (2016), Deep Residual Learning for Image Recognition, section 4.2, which divides by
    10 after 32k and 48k of 64k iterations.
    """
    return DROP ** sum(done >= drop for drop in DROPS)


def cosine(done: float) -> float:
    """(1 + cos(pi done))/2: from 1 at the start down to 0 at the end.

    Source: Loshchilov and Hutter (2017), SGDR, eq. 5, with eta_min = 0 and no restart.
    """
    return (1 + math.cos(math.pi * done)) / 2


def one_cycle(done: float) -> float:
    """Up from 1/25 to 1 over the first three tenths, then down to 0, both along a cosine.

    Source: Smith and Topin (2019), Super-Convergence, section 3 (one cycle up and down, lower at its end than at its
    start), with cosines for its straight lines.
    """
    if done < WARM_UP:
        return 1 - (1 - 1 / 25) * cosine(done / WARM_UP)
    return cosine((done - WARM_UP) / (1 - WARM_UP))


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "step": step,
    "cosine": cosine,
    "one-cycle": one_cycle,
}
