"""Problems on derivatives from tables of values: f, g and their slopes are known at a few whole numbers, no formula.

At a point a derivative sees nothing of a function but its tangent: the truth is derived with tangents for f and g.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import sympy as sp

from derivations.expressions import Elementary
from derivations.practice.drawing import between, nonzero, pick
from derivations.practice.posing import X, derived, first_good, layer_of_formulas, letter, number
from derivations.practice.problem import Mistake, Problem
from derivations.practice.rules import rule_lines
from derivations.practice.worked import Line, Slope, Worked, written
from derivations.practice.wrong_rules import mistaken

PLACES = range(1, 5)
LARGEST = 6


class f_prime(Elementary):  # noqa: N801 - printed as it is named
    """The slope of f."""


class g_prime(Elementary):  # noqa: N801
    """The slope of g."""


class f(Elementary):  # noqa: N801
    """A function that is known by its table."""

    def fdiff(self, argindex=1):
        """f'(x)."""
        return f_prime(self.args[0])


class g(Elementary):  # noqa: N801
    """Another one."""

    def fdiff(self, argindex=1):
        """g'(x)."""
        return g_prime(self.args[0])


TABLED = (f, f_prime, g, g_prime)
COLUMNS: Mapping[str, type[Elementary]] = dict(zip(("f", "f'", "g", "g'"), TABLED, strict=True))
SHOWN = {kind: name for name, kind in COLUMNS.items()}


class NotInTableError(LookupError):
    """A value that the table does not have is asked for."""


@dataclass(frozen=True)
class Table:
    """Values and slopes of f and g at the whole numbers in `PLACES`."""

    columns: Mapping[str, tuple[int, ...]]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Table:
        """Values that are places of the table, so that functions can be put into each other; slopes that are not 0."""
        values = {name: tuple(int(v) for v in rng.permutation(list(PLACES))) for name in "fg"}
        slopes = {name + "'": tuple(int(nonzero(rng, LARGEST)) for _ in PLACES) for name in "fg"}
        return cls({name: {**values, **slopes}[name] for name in COLUMNS})

    def at(self, function: type[Elementary], place: sp.Expr) -> sp.Expr:
        """An entry. Raises NotInTableError."""
        if place not in PLACES:
            raise NotInTableError(str(place))
        return sp.Integer(self.columns[SHOWN[function]][PLACES.index(int(place))])

    def value(self, expression: sp.Expr, x: sp.Expr) -> sp.Expr:
        """The value of an expression at x, what stands inside first. Raises NotInTableError."""
        if isinstance(expression, Slope):
            return self.slope(expression.args[0], x)
        if isinstance(expression, TABLED):
            return self.at(type(expression), self.value(expression.args[0], x))
        if expression == X:
            return x
        return expression.func(*(self.value(part, x) for part in expression.args)) if expression.args else expression

    def with_tangents(self, expression: sp.Expr, x: sp.Expr) -> sp.Expr:
        """The expression with the tangent in the place of every function, at the place where it is needed."""
        if not expression.args:
            return expression
        if not isinstance(expression, f | g):
            return expression.func(*(self.with_tangents(part, x) for part in expression.args))
        inner = expression.args[0]
        place = self.value(inner, x)
        rise = self.at(type(expression.fdiff()), place)
        return self.at(type(expression), place) + rise * (self.with_tangents(inner, x) - place)

    def slope(self, expression: sp.Expr, x: sp.Expr) -> sp.Expr:
        """The derivative of an expression at x. Raises NotInTableError."""
        layer = layer_of_formulas({"h": self.with_tangents(expression, x)}, [X])
        return derived(layer, X, "h").xreplace({X: x})

    @cached_property
    def text(self) -> str:
        """The table, one row for every place."""
        rows = [("x", *COLUMNS)] + [
            tuple(str(v) for v in (place, *values))
            for place, values in zip(PLACES, zip(*self.columns.values(), strict=True), strict=True)
        ]
        return "\n".join("  ".join(f"{entry:>3}" for entry in row) for row in rows)


def _functions_of_x(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """A product or a quotient of f and g; with a factor x or a square; three rules at once."""
    one, other = pick(rng, ((f(X), g(X)), (g(X), f(X))))
    if difficulty == 1:
        return pick(rng, (one * other, one / other, nonzero(rng, 4) * one + nonzero(rng, 4) * other))
    if difficulty == 2:
        return pick(rng, (one**2 * other, X * one / other, between(rng, 2, 4) * X * one - other, one / (other + X)))
    return pick(
        rng, (one**2 / other, X**2 * one * other, X * one / (one + other), one * other / (X + between(rng, 1, 3)))
    )


def _functions_of_functions(rng: np.random.Generator, difficulty: int) -> sp.Expr:
    """One function inside of the other; as a power or beside a factor; three functions nested, or a product inside."""
    one, other = pick(rng, ((f, g), (g, f)))
    inner = pick(rng, (other(X), one(X)))
    if difficulty == 1:
        return pick(rng, (one(inner), nonzero(rng, 4) * one(inner), inner ** between(rng, 2, 4)))
    if difficulty == 2:
        return pick(
            rng, (X * one(inner), one(inner) * other(X), one(inner) ** 2, one(X**2), one(between(rng, 2, 3) * X))
        )
    return pick(
        rng,
        (
            one(other(one(X))),
            one(other(other(X))),
            X * one(inner) ** 2,
            one(inner) / other(X),
            one(inner) * X**2,
            one(other(X) ** 2),
        ),
    )


def _from_table(
    draw: Callable[[np.random.Generator, int], sp.Expr], rng: np.random.Generator, difficulty: int
) -> Problem:
    return first_good(lambda: _asked(draw(rng, difficulty), between(rng, PLACES[0], PLACES[-1]), Table.drawn(rng)))


def _asked(h: sp.Expr, place: sp.Expr, table: Table) -> Problem | None:
    try:
        truth = table.slope(h, place)
    except NotInTableError:
        return None
    if not truth.is_finite or truth == 0:
        return None
    prompt = f"h(x) = {in_words(h)}, and of f and g this is known:\n{table.text}\nWhat is h'({place})?"
    worked = Worked(partial(_lines, h, place, table), partial(table.value, x=place), with_names)
    layer = layer_of_formulas({"h": table.with_tangents(h, place)}, [X])
    return number(prompt, f"h'({place})", truth, _wrong_numbers(h, place, table), layer, worked)


def _lines(h: sp.Expr, place: sp.Expr, table: Table) -> Iterator[Line]:
    for line in rule_lines(h, X):
        yield line
    read = sorted(line.expression.atoms(*TABLED), key=sp.count_ops)
    values = ", ".join(f"{in_words(node.xreplace({X: place}))} = {table.value(node, place)}" for node in read)
    yield Line("read the table", f"{values}, from the inside out", table.value(line.expression, place))


def _wrong_numbers(h: sp.Expr, place: sp.Expr, table: Table) -> Iterator[Mistake]:
    for said, form in mistaken(h, X):
        try:
            yield said, table.value(form, place)
        except NotInTableError:
            continue
    yield "this is the value h, not its slope h'", table.value(h, place)


def with_names(expression: sp.Expr) -> sp.Expr:
    """An expression with f(x) and f'(x) as symbols, named as they are printed."""
    if not expression.args:
        return expression
    parts = [with_names(part) for part in expression.args]
    if isinstance(expression, TABLED):
        return letter(f"{SHOWN[type(expression)]}({written(parts[0])})")
    return expression.func(*parts)


def in_words(expression: sp.Expr) -> str:
    """An expression with f and f' as people write them."""
    return written(with_names(expression))


combinations = partial(_from_table, _functions_of_x)
composites = partial(_from_table, _functions_of_functions)
