"""Why checks work: what a difference quotient can tell, what it cannot, and what a bound has to do with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from derivations.book.blocks import Block, Line, Mono, Table
from derivations.book.chapter import Chapter, Given, Text, Worked
from derivations.book.example import Example, Part
from derivations.book.numbers import BITS, ball
from derivations.book.working import by_hand

POINT = Fraction(1, 2)
STEPS = tuple(Fraction(1, 10**k) for k in range(1, 13))


def around(point: Fraction, steps: tuple[Fraction, ...]) -> list[list[str]]:
    """The point, and for every step what lies that far to its right and to its left: rows of a batch."""
    return [[str(point)], *([str(point + sign * step)] for step in steps for sign in (1, -1))]


SLOPE = Example("a slope", (Part("sigmoid"),), {"X": around(POINT, STEPS), "dY": [[1]] * (2 * len(STEPS) + 1)})
KINK = Example("a kink", (Part("relu"),), {"X": around(Fraction(0), STEPS[:3]), "dY": [[1]] * 7})
VACUOUS = Example("ones", (Part("softmax"),), {"Z": [[1, 0, -2]], "dP": [[1, 1, 1]]})
TELLING = Example("not ones", (Part("softmax"),), {"Z": [[1, 0, -2]], "dP": [[1, -2, "1/2"]]})


@dataclass(frozen=True)
class Quotients:
    """Difference quotients of an example in which rows come in pairs, against the slope in its first row."""

    example: Example
    steps: tuple[Fraction, ...]

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """A table: how far each quotient is off, computed exactly, and in float64 by the code."""
        code = by_code.get(self.example.name)
        with flint.ctx.workprec(BITS):
            rows = list(self._rows(by_hand(self.example), None if code is None else np.asarray(code["Y"])[:, 0]))
        yield Table("How far the quotient is off the slope", ("h", "without rounding", "by code"), tuple(rows))

    def _rows(self, hand: Mapping[str, Any], got: Any) -> Iterator[tuple[Line, ...]]:
        slope, outputs = ball(hand["dX"][0, 0]), [ball(value) for value in hand["Y"][:, 0]]
        for k, step in enumerate(self.steps):
            right, left = 2 * k + 1, 2 * k + 2
            shown = [f"{float(step):.0e}", _size((outputs[right] - outputs[left]) / ball(2 * step) - slope), "not run"]
            if got is not None:
                shown[2] = _size(flint.arb((float(got[right]) - float(got[left])) / (2 * float(step))) - slope)
            yield tuple((Mono(text),) for text in shown)


def _size(number: Any) -> str:
    return f"{float(abs(number).mid()):.1e}"


CHAPTER = Chapter(
    "why_checks_work",
    "Why checks work",
    "A derivative can be held against differences of the function itself: what that can tell, and what it cannot.",
    ("sigmoid", "relu", "softmax"),
    (SLOPE, KINK, VACUOUS, TELLING),
    (
        Text(
            SLOPE,
            """
            Code for a backward pass can be wrong and still run. It can be wrong and still train, only worse. So hold it
            against something that was not made from it.

            ## Differences

            A derivative is what the quotient of differences tends to. Take the function a little to the right and a
            little to the left of a point, divide by the distance, and compare. For the [sigmoid](layer:sigmoid) at 1/2,
            whose slope is $dX[n, d] = dY[n, d]*Y[n, d]*(1 - Y[n, d])$:
            """,
        ),
        Quotients(SLOPE, STEPS),
        Text(
            SLOPE,
            """
            Without rounding, a step ten times smaller is a hundred times better: the error is the square of the step,
            times a third derivative over 6. By code it is so at first. Then it turns: two numbers that are nearly equal
            are subtracted, what their last digits had of rounding is divided by a tiny step, and the error grows
            as the step shrinks. In between lies the best that differences can do: ten to twelve digits in float64, four
            or five in float32.

            So a difference needs an estimate of its own error, or it says nothing: is a gradient that is off in the
            sixth digit wrong, or was the step too long? The checks take several steps, look at where the quotients
            settle, and let nobody be called wrong by less than they know.

            ## What rounding may do

            A better witness is the derivation itself, evaluated exactly. Then only the rounding of the code under test
            is left, and that has a bound: each sum, product or quotient is off by at most half a unit in its last
            place, and the derived expression says how many there are. The checks carry balls through it, numbers with a
            radius, with every operation rounded to the precision of the dtype. An answer within the ball is as good as
            any; one that is off by more than four radii is called wrong; between the two it is in doubt, since another
            order of operations may leave the ball a little. There is no tolerance to choose.

            ## Kinks

            At a kink there is no slope to find. The [rectifier](layer:relu) at 0, with any step:
            """,
        ),
        Quotients(KINK, STEPS[:3]),
        Text(
            KINK,
            """
            The quotient is 1/2 however small the step, halfway between the slopes of the two sides, and the slope that
            this project takes at 0 is $dX[n, d] = dY[n, d]*[X[n, d] > 0]$, which is 0. Neither is wrong. The checks
            find from the equations where kinks lie, and there look at the side that the convention names. """,
        ),
        Text(
            VACUOUS,
            """
            ## Checks that cannot fail

            A test that sends back ones feels thorough. For the [softmax](layer:softmax) it is empty: its outputs add up
            to 1 whatever goes in, $sum[c](P[n, c]) = 1$, so the sum of them all has the gradient 0, and a backward that
            returns zeros passes.
            """,
        ),
        Given(VACUOUS),
        Worked(VACUOUS, ("dZ",)),
        Text(TELLING, "With a cotangent that is not the same everywhere, the gradient shows itself:"),
        Given(TELLING),
        Worked(TELLING, ("P", "dZ")),
        Text(
            TELLING,
            """
            So the checks draw random cotangents; and where the true gradient is 0 within what can be told, the verdict
            is not that code agrees but that this cannot be told.

            ## Who checks the checks

            Break the code on purpose, in one place at a time, and count how often that is noticed; and run the checks
            on correct code at many sizes, and count how often they cry wolf. `backproof mutate` and `backproof check
            --random` do that. """,
        ),
    ),
)
