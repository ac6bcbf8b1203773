"""The smallest counterexample with whole numbers, in words: `with x = 1: yours gives 2, the truth is 3`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import flint
import numpy as np
import sympy as sp

from derivations.expressions import entry_indices
from derivations.fields import Balls
from derivations.layer import DerivationError, Equation, Layer, Tensor
from derivations.practice.deciding import (
    DIFFERENT,
    UNDEFINED,
    Comparison,
    Outcome,
    Place,
    compared,
    has_no_derivative,
    is_small,
)
from derivations.practice.reading import Statement
from derivations.practice.whole_numbers import whole_options, whole_values
from derivations.question import BITS, RIGHT, Question

MOST_SIZES = 60
PLAIN = 3  # fillings that are tried at every size before all are
SHOWN = 12  # numbers of an array that are written out
DIGITS = (6, 15, 30, 60)
FLOAT_DIGITS = 15
LARGEST_WHOLE = 2**100  # that is written with all of its digits
LARGEST_FLOAT = 1e300
LARGEST_BELOW = 8  # of a fraction that is written as one


def smallest(comparison: Comparison, outcome: Outcome, name: str) -> str | None:
    """The smallest counterexample to an answer that was refuted; `name` is what the answer is about."""
    sizes = list(itertools.islice(growing(comparison.layer), MOST_SIZES))
    here = [outcome.at.sizes] if outcome.at is not None else []
    few = [*sizes[: MOST_SIZES // 6], *here]
    found = (
        _first(comparison, sizes, PLAIN if comparison.layer.size_names else 99)
        or _first(comparison, few)
        or _first(comparison, [each | options for options in _options(comparison.layer) for each in sizes], PLAIN)
        or outcome.at
    )
    if found is None:
        return None
    unnamed = len(comparison.questions) > 1
    stand_in = "z**2" if found.question is comparison.questions[0] else "1/(1 + exp(-z))"
    return _in_words(found, name, f"sigma(z) = {stand_in}" if unnamed else "")


def _options(layer: Layer) -> Iterator[dict[str, int]]:
    """Other values for a stride and the like than 1, the smallest first."""
    names = whole_options(layer)
    if names:
        yield from (dict(zip(names, (a, b, a, b), strict=False)) for a, b in ((2, 2), (1, 2), (2, 1), (0, 0), (0, 1)))


def _first(comparison: Comparison, some: Iterable[Mapping[str, int]], most: int = 99) -> Place | None:
    """The first sizes at which something differs, and for them the values that give the plainest numbers."""
    for sizes in some:
        for question in comparison.questions:
            best: tuple[int, Place] | None = None
            for known, values in whole_values(question, sizes, most):
                verdict = compared(question, values)
                if verdict not in {DIFFERENT, UNDEFINED}:
                    continue
                if verdict == UNDEFINED and has_no_derivative(comparison.layer, values):
                    continue
                rank = _plainness(question, values)
                if best is None or rank < best[0]:
                    best = (rank, Place(question, known, values))
                if rank == 0:
                    break
            if best is not None:
                return best[1]
    return None


def growing(layer: Layer) -> Iterator[dict[str, int]]:
    """Sizes of a layer, the smallest first: all 1, then one of 2, and so on."""
    names = layer.size_names
    for extra in range(5):
        for chosen in itertools.combinations_with_replacement(range(len(names)), extra):
            sizes = [1 + chosen.count(k) for k in range(len(names))]
            if max(sizes, default=1) <= 3:
                yield dict(zip(names, sizes, strict=True))
        if not names:
            return


def _plainness(question: Question, values: Mapping[str, Any]) -> int:
    """0 where both sides are whole numbers, 2 where the truth is undefined somewhere, 1 elsewhere."""
    truth, yours = question.evaluate(values, Balls(BITS))
    with flint.ctx.workprec(BITS):
        if not all(flint.arb(ball).is_finite() for ball in truth.flat):
            return 2
        return int(any(_whole(ball) is None for side in (truth, yours) for ball in side.flat))


def _in_words(place: Place, name: str, activation: str) -> str | None:
    question, sizes, values = place.question, place.sizes, place.values
    try:
        left, right = question.evaluate(values, Balls(BITS))
    except DerivationError:
        return None
    truth, yours = _own_axes(question, left, question.left.rhs), _own_axes(question, right, question.right.rhs)
    where = ""
    if max(truth.size, yours.size) > SHOWN:
        with flint.ctx.workprec(BITS):
            at = next(at for at in np.ndindex(left.shape) if _differ(left[at], right[at]))
        truth, yours = np.asarray(left[at]), np.asarray(right[at])
        letters = len(entry_indices(question.left.lhs))
        where = f" at {name}[{', '.join(str(k) for k in at[:letters])}]" if at else ""
    given = _shown_values(question, sizes, values, activation)
    for digits in DIGITS:  # as many as it takes to tell the two apart
        both = _shown(yours, digits), _shown(truth, digits)
        if both[0] != both[1]:
            break
    else:
        return None  # they differ in something that is not shown, such as a letter
    return f"with {given}: yours gives {both[0]}, the truth is {both[1]}{where}"


def _differ(left: Any, right: Any) -> bool:
    a, b = flint.arb(left), flint.arb(right)
    return bool(a.is_finite() and not (b.is_finite() and a.overlaps(b)))


def _own_axes(question: Question, array: np.ndarray, expression: sp.Expr) -> np.ndarray:
    """An array without the axes of letters that its expression does not have, nor those of size 1."""
    letters = entry_indices(question.left.lhs)
    own = tuple(slice(None) if expression.has(letter) else 0 for letter in letters)
    return np.asarray(array[own]).squeeze() if letters else array


def _shown_values(question: Question, sizes: Mapping[str, int], values: Mapping[str, Any], activation: str) -> str:
    layer = question.layer
    names = list(dict.fromkeys(question.names_shown()))
    tensors = {t.name: t for t in (*layer.tensors, *question.free)}
    used = {s.name for n in names if n in tensors for size in tensors[n].sizes for s in size.free_symbols}
    used |= {s.name for e in (question.left, question.right) for s in e.rhs.free_symbols}
    parts = [f"{n} = {sizes[n]}" for n in layer.size_names if n in sizes and n in used]
    parts += [f"{n} = {_shown_input(values[n])}" for n in names if n in values and n not in sizes]
    parts += [f"{o.name} = {sizes[o.name]}" for o in layer.options if o.name in names and o.name in sizes]
    parts += [activation] if activation else []
    return ", ".join(parts) or "any values"


def _shown_input(value: Any) -> str:
    array = np.asarray(value, dtype=float)
    if array.ndim:
        array = array.squeeze().reshape([n for n in array.shape if n != 1] or [1])
    if array.size > SHOWN and (array == array.flat[0]).all():
        return f"{_number(array.flat[0])} everywhere"
    return _shown(array)


def _shown(array: np.ndarray, digits: int = DIGITS[0]) -> str:
    if array.ndim == 0:
        return _number(array[()], digits)
    return "[" + ", ".join(_shown(np.asarray(part), digits) for part in array) + "]"


def _number(value: Any, digits: int = DIGITS[0]) -> str:
    if isinstance(value, float | int | np.number):
        above, below = float(value).as_integer_ratio()
        return str(above) if below == 1 else f"{above}/{below}" if below <= LARGEST_BELOW else f"{float(value):.6g}"
    with flint.ctx.workprec(BITS):
        ball = flint.arb(value)
        if not ball.is_finite():
            return "undefined"
        whole = _whole(ball)
        if whole is not None:
            return str(whole)
        if digits <= FLOAT_DIGITS and abs(ball) < LARGEST_FLOAT:
            return f"{float(ball.mid()):.{digits}g}"
        shown = str(ball.str(digits, radius=False))
        return shown.rstrip("0").rstrip(".") if "." in shown and "e" not in shown else shown


def _whole(value: Any) -> int | None:
    """The whole number that a thin ball holds."""
    ball = flint.arb(value)
    if not ball.is_finite() or ball.rad() > 1e-40 or not abs(ball) < LARGEST_WHOLE:
        return None
    found = ball.unique_fmpz()
    return int(found) if found is not None else None


def misfit(statement: Statement, layer: Layer, given: Sequence[Equation]) -> str | None:
    """What an array of another shape than the truth's gives, beside the truth, at the smallest sizes that show it."""
    array, target = statement.misfit, statement.target
    if array is None:
        return None
    ranges = {axis: (sp.S.Zero, size - 1) for axis, size in zip(array.axes, array.shape, strict=True)}
    truth = Question.of(target.truth, sp.S.Zero, layer, target.ranges, given)
    yours = Question.of(sp.S.Zero, array.body, layer, ranges, given)
    right = Equation(Tensor(RIGHT, array.shape)[array.axes], array.body, ranges)
    both = {e.name: e for e in (*truth.given, *yours.given)}, {t.name: t for t in (*truth.free, *yours.free)}
    question = Question(layer, truth.left, right, tuple(both[0].values()), tuple(both[1].values()))
    for sizes in itertools.islice(growing(layer), MOST_SIZES):
        for known, values in whole_values(question, sizes, 1):
            if not is_small(question, values):
                continue
            try:
                left, other = question.evaluate(values, Balls(BITS))
            except DerivationError:
                continue
            if left.shape != other.shape and max(left.size, other.size) <= SHOWN:
                shown = _shown_values(question, known, values, "")
                return f"with {shown}: yours gives {_shown(other)}, the truth is {_shown(left)}"
    return None
