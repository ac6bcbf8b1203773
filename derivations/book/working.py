"""An example carried through by hand: exact values, and every sum written out with the numbers that go into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from derivations.book.blocks import Working
from derivations.book.example import Example
from derivations.book.numbers import BITS, Number
from derivations.evaluate import evaluate_equations
from derivations.expressions import Bracket, Where, entry_indices, tensor_entry, tensor_names
from derivations.fields import boxed
from derivations.layer import DerivationError, Equation
from derivations.schedule import schedule
from derivations.sizes import concrete_value, names_in, sizes_from


@cache
def by_hand(example: Example) -> dict[str, Any]:
    """Every tensor and cotangent of an example: Fractions where they are known to be rational, else balls of 200 bits.

    Sizes and options are among them, as plain numbers.
    """
    derivation = example.derivation
    layer, given = example.layer, derivation.given
    values = {**example.exact}
    balls = derivation.evaluate(values, BITS)
    sizes = sizes_from(layer, [*layer.inputs, *given], example.exact)
    rational: list[Equation] = []
    irrational: set[str] = set()
    for group in schedule(derivation.equations):
        names = {equation.name for equation in group.equations}
        used = set().union(*(tensor_names(equation.rhs) for equation in group.equations))
        try:
            if used & irrational:
                raise DerivationError("what is computed from irrational numbers is taken to be irrational")
            found = evaluate_equations(layer, [*rational, *group.equations], values, "exact", given=given)
            rational += group.equations
        except DerivationError:
            irrational |= names
            found = balls
        values |= {name: found[name] for name in names}
        if names <= irrational:
            for equation in group.equations:
                values[equation.name] = _rational_where_plain(equation, values | sizes)
    return {name: _settled(value) for name, value in values.items()} | sizes


def _rational_where_plain(equation: Equation, values: Mapping[str, Any]) -> np.ndarray:
    """The balls of a tensor, but Fractions where no irrational number is left: `exp(s)/exp(s)`, or 0 times any."""
    found = values[equation.name].copy()
    for place in np.ndindex(found.shape):
        at = dict(zip(equation.indices, place, strict=True))
        try:
            plain = _with_fractions(written_out(equation.rhs, at, values), values)
        except DerivationError:  # a maximum over indices
            return found
        if plain.is_Rational:
            found[place] = Fraction(int(plain.p), int(plain.q))
    return found


def _with_fractions(expression: sp.Expr, values: Mapping[str, Any]) -> sp.Expr:
    """An expression with the numbers of entries and sizes in their place, where those are rational."""
    entries = {e: values[e.base.name][tuple(map(int, e.indices))] for e in expression.atoms(sp.Indexed)}
    sizes = {symbol: values.get(symbol.name) for symbol in expression.atoms(sp.Symbol)}
    return expression.xreplace(
        {node: sp.Rational(*value.as_integer_ratio())
         for node, value in {**entries, **sizes}.items() if isinstance(value, int | Fraction)}
    )  # fmt: skip


def _settled(value: Any) -> Any:
    """The same numbers, balls that are one number as the Fractions that they are: the root of 4, say."""
    if not isinstance(value, np.ndarray) or value.dtype != object:
        return value
    return boxed(np.frompyfunc(_as_fraction, 1, 1)(value))


def _as_fraction(number: Number) -> Number:
    if isinstance(number, Fraction) or not number.is_exact():
        return number
    mantissa, exponent = number.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def workings(example: Example, name: str, code: Mapping[str, Any] | None = None) -> Iterator[Working]:
    """How every entry of a tensor comes out; the first one is written in letters, too.

    Raises DerivationError where no equation of the example defines the tensor.
    """
    equation = next((e for e in example.derivation.equations if e.name == name), None)
    if equation is None:
        known = ", ".join(e.name for e in example.derivation.equations)
        raise DerivationError(f"{example.name}: no equation defines {name!r}; there are {known}")
    hand = by_hand(example)
    got = np.asarray(code[name]) if code is not None and name in code else None
    order = tuple(dict.fromkeys(re.findall(r"[A-Za-z]\w*", equation.text.partition("= ")[2])))
    for number, place in enumerate(np.ndindex(np.shape(hand[name]))):
        at = dict(zip(equation.indices, place, strict=True))
        yield Working(
            tensor_entry(name, [sp.Integer(i) for i in place]),
            written_out(equation.rhs, at, hand),
            hand,
            order,
            hand[name][place],
            None if got is None else float(got[place]),
            in_letters=number == 0,
        )


def written_out(expression: sp.Expr, at: Mapping[sp.Symbol, int], values: Mapping[str, Any]) -> sp.Expr:
    """An expression at concrete indices: its sums term by term, deltas and labels as the numbers that they are.

    Sizes keep their letters where they are no part of an index. Raises DerivationError for a maximum over indices.
    """
    if isinstance(expression, sp.Symbol):
        return sp.Integer(at[expression]) if expression in at else expression
    if isinstance(expression, sp.Indexed):
        places = [_whole(i, at, values) for i in expression.indices]
        name = expression.base.name
        if expression.is_integer:
            return sp.Integer(int(values[name][tuple(places)]))
        return tensor_entry(name, [sp.Integer(i) for i in places])
    if isinstance(expression, sp.Sum):
        return sp.Add(*(written_out(expression.function, inner, values) for inner in _bound(expression, at, values)))
    if isinstance(expression, sp.KroneckerDelta):
        left, right = (_whole(side, at, values) for side in expression.args)
        return sp.Integer(int(left == right))
    if isinstance(expression, Bracket) and (state := _told(expression.args[0], at, values)) is not None:
        return sp.Integer(int(state))
    if isinstance(expression, Where):
        condition, yes, no = expression.args
        state = _told(condition, at, values)
        if state is not None:
            return written_out(yes if state else no, at, values)
    if isinstance(expression, sp.Mul):
        factors = sorted(expression.args, key=lambda factor: not isinstance(factor, sp.KroneckerDelta | Bracket))
        found = []
        for factor in factors:
            found.append(written_out(factor, at, values))
            if found[-1] == 0:
                return sp.S.Zero  # what a bracket of 0 hides may lie outside its tensor
        return sp.Mul(*found)
    if type(expression).__name__ == "MaxOver":
        raise DerivationError("a maximum over indices is not written out")
    return (
        expression.func(*(written_out(part, at, values) for part in expression.args)) if expression.args else expression
    )


def _bound(total: sp.Sum, at: Mapping[sp.Symbol, int], values: Mapping[str, Any]) -> Iterator[dict[sp.Symbol, int]]:
    limits = list(reversed(total.limits))
    ranges = [range(_whole(low, at, values), _whole(high, at, values) + 1) for _, low, high in limits]
    for places in product(*ranges):
        yield {**at, **dict(zip((limit[0] for limit in limits), places, strict=True))}


def _whole(expression: sp.Expr, at: Mapping[sp.Symbol, int], values: Mapping[str, Any]) -> int:
    """An index expression as a number."""
    labels = {entry: _label(entry, at, values) for entry in expression.atoms(sp.Indexed)}
    numbers = {symbol: sp.Integer(place) for symbol, place in at.items()}
    whole = expression.xreplace(labels).xreplace(numbers)
    return concrete_value(whole, {name: int(values[name]) for name in names_in(whole) if name in values})


def _label(entry: sp.Indexed, at: Mapping[sp.Symbol, int], values: Mapping[str, Any]) -> sp.Integer:
    return sp.Integer(int(values[entry.base.name][tuple(_whole(i, at, values) for i in entry_indices(entry))]))


def _told(condition: sp.Basic, at: Mapping[sp.Symbol, int], values: Mapping[str, Any]) -> bool | None:
    """Whether a condition on indices holds; None where it asks about the values of real tensors."""
    relations = condition.atoms(sp.core.relational.Relational)
    if any(not (relation.lhs.is_integer and relation.rhs.is_integer) for relation in relations):
        return None
    numbers = {r: r.func(_whole(r.lhs, at, values), _whole(r.rhs, at, values)) for r in relations}
    return bool(condition.xreplace(numbers))
