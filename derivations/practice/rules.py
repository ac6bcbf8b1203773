"""The rules of differentiation, by name, on formulas in one variable: one step at a time, or all at once.

A rule is handed a formula u, the variable x, and `d`, which differentiates the parts: `Slope` leaves them as they
stand, for the next line of a derivation; `slope` goes on to the end. All other letters are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import sympy as sp

from derivations.calculus import derivative
from derivations.expressions import Elementary, cos, exp, log, sigmoid, sin, tanh
from derivations.practice.worked import Line, Slope

Differentiate = Callable[[sp.Expr], sp.Expr]
Form = Callable[[sp.Expr, sp.Expr, Differentiate], sp.Expr | None]


@dataclass(frozen=True)
class Rule:
    """A rule by its name, what it says, and its right side; None where it does not apply."""

    name: str
    says: str
    form: Form


# ------------------------------------------------------------------------------------------ how a formula is made


def terms(u: sp.Expr) -> tuple[sp.Expr, ...] | None:
    """The terms of a sum."""
    return u.args if isinstance(u, sp.Add) else None


def constant_and_rest(u: sp.Expr, x: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """A product as its constant factors and the others, where it has both."""
    if not isinstance(u, sp.Mul):
        return None
    constant, rest = u.as_independent(x, as_Add=False)
    return (constant, rest) if constant != 1 else None


def fraction(u: sp.Expr, x: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """A fraction as what stands above and below its bar, where x is in both."""
    below = [f for f in sp.Mul.make_args(u) if f.has(x) and _divides(f)]
    above = sp.Mul(*(f for f in sp.Mul.make_args(u) if f not in below))
    return (above, 1 / sp.Mul(*below)) if below and above.has(x) else None


def _divides(factor: sp.Expr) -> bool:
    return isinstance(factor, sp.Pow) and bool(factor.exp.is_number) and bool(factor.exp.is_negative)


def factors(u: sp.Expr, x: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """A product as its first factor and the others, where x is in both and it is no fraction."""
    if not isinstance(u, sp.Mul) or fraction(u, x) is not None:
        return None
    moving = [f for f in u.args if f.has(x)]
    return (moving[0], sp.Mul(*moving[1:])) if len(moving) == len(u.args) > 1 else None


def base_and_exponent(u: sp.Expr, x: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """A power of something that x is in, with a constant exponent."""
    return u.args if isinstance(u, sp.Pow) and u.base.has(x) and not u.exp.has(x) else None


def exponential(u: sp.Expr, x: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """A constant to a power that x is in, as the two."""
    return u.args if isinstance(u, sp.Pow) and u.exp.has(x) and not u.base.has(x) else None


def both_moving(u: sp.Expr, x: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """A power with x in its base and in its exponent."""
    return u.args if isinstance(u, sp.Pow) and u.base.has(x) and u.exp.has(x) else None


def outer_and_inner(u: sp.Expr, x: sp.Expr) -> tuple[Callable[[sp.Expr], sp.Expr], sp.Expr] | None:
    """A function of something that x is in: the slope of the outer function, and the inner one."""
    if isinstance(u, Elementary) and u.args[0].has(x):
        place = sp.Dummy("z", real=True)
        slope_there = u.func(place).fdiff()
        return (lambda z: slope_there.xreplace({place: z})), u.args[0]
    if (found := base_and_exponent(u, x)) is not None:
        return (lambda z: found[1] * z ** (found[1] - 1)), found[0]
    return None


# ------------------------------------------------------------------------------------------ the rules


def _of_a_constant(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if u.has(x) else sp.S.Zero


def _of_the_variable(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return sp.S.One if u == x else None


def _of_a_sum(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (parts := terms(u)) is None else sp.Add(*map(d, parts))


def _of_a_multiple(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := constant_and_rest(u, x)) is None else found[0] * d(found[1])


def _of_a_fraction(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    if (found := fraction(u, x)) is None:
        return None
    above, below = found
    return (d(above) * below - above * d(below)) / below**2


def _of_a_product(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    if (found := factors(u, x)) is None:
        return None
    one, other = found
    return d(one) * other + one * d(other)


def _of_a_power(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return u.exp * x ** (u.exp - 1) if isinstance(u, sp.Pow) and u.base == x and not u.exp.has(x) else None


def _of_a_known_function(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return u.fdiff() if isinstance(u, Elementary) and u.args[0] == x else None


def _of_an_exponential(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := exponential(u, x)) is None else log(found[0]) * u * d(found[1])


def _of_a_composite(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := outer_and_inner(u, x)) is None else found[0](found[1]) * d(found[1])


def _by_its_logarithm(u: sp.Expr, x: sp.Expr, d: Differentiate) -> sp.Expr | None:
    return None if (found := both_moving(u, x)) is None else u * d(found[1] * log(found[0]))


PLAIN_RULES = (
    Rule("constant", "a constant has the derivative 0", _of_a_constant),
    Rule("variable", "x has the derivative 1", _of_the_variable),
    Rule("sum rule", "a sum is differentiated term by term", _of_a_sum),
    Rule("constant factor", "a constant factor stays", _of_a_multiple),
)
RULES = (
    Rule("quotient rule", "(u/v)' = (u'*v - u*v')/v**2", _of_a_fraction),
    Rule("product rule", "(u*v)' = u'*v + u*v'", _of_a_product),
    Rule("power rule", "x**n has the derivative n*x**(n - 1)", _of_a_power),
    Rule("known derivative", "this function has a slope that is known", _of_a_known_function),
    Rule("exponential rule", "a**u has the derivative log(a)*a**u*u'", _of_an_exponential),
    Rule("chain rule", "f(u) has the derivative f'(u)*u'", _of_a_composite),
    Rule("logarithmic differentiation", "u**v is exp(v*log(u)): its derivative is u**v*(v*log(u))'", _by_its_logarithm),
)
KNOWN = {
    exp: "exp has the derivative exp",
    log: "log(x) has the derivative 1/x",
    sin: "sin has the derivative cos",
    cos: "cos has the derivative -sin",
    tanh: "tanh has the derivative 1 - tanh**2",
    sigmoid: "sigmoid has the derivative sigmoid*(1 - sigmoid)",
}


def slope(u: sp.Expr, x: sp.Expr, first: Form | None = None) -> sp.Expr:
    """The derivative of u with respect to x by the rules; `first` goes before them wherever it applies."""
    d = partial(slope, x=x, first=first)
    if first is not None and (found := first(u, x, d)) is not None:
        return found
    for rule in (*PLAIN_RULES, *RULES):
        if (found := rule.form(u, x, d)) is not None:
            return found
    raise ValueError(f"no rule differentiates {u}")


def _left_standing(u: sp.Expr, x: sp.Expr) -> sp.Expr:
    """The derivative of u, as it stands, but for what needs no line of its own."""
    d = partial(_left_standing, x=x)
    for rule in PLAIN_RULES:
        if (found := rule.form(u, x, d)) is not None:
            return found
    return Slope(u, x)


def rule_lines(u: sp.Expr, x: sp.Expr) -> Iterator[Line]:
    """The derivation of the derivative of u with respect to x, one rule a line."""
    line = _left_standing(u, x)
    if not line.has(Slope):
        yield Line("slope of a line", "a*x + b has the derivative a", line)
    while (node := next((n for n in sp.preorder_traversal(line) if isinstance(n, Slope)), None)) is not None:
        inside = node.args[0]
        for rule in RULES:
            found = rule.form(inside, x, partial(_left_standing, x=x))
            if found is not None:
                says = KNOWN.get(type(inside), rule.says) if rule.name == "known derivative" else rule.says
                line = line.xreplace({node: found})
                yield Line(rule.name, says, line)
                break
        else:
            raise ValueError(f"no rule differentiates {inside}")


def resolved(expression: sp.Expr) -> sp.Expr:
    """An expression with every derivative that was left standing taken by SymPy."""
    return expression.xreplace({node: derivative(*node.args) for node in expression.atoms(Slope)})
