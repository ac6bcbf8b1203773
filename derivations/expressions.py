"""The vocabulary of equations: SymPy nodes that mean exactly what the notation says, and nothing more.

SymPy's own `Max` has slope 1/2 at a tie, its `sign` differentiates to a Dirac delta and its `exp` rewrites quotients,
so the functions of the notation are opaque here: they know their derivative, their value at 0 or 1, and their kink.
Every node is real-valued. Tensors are `Indexed`, scalars and sizes are `Symbol`, sums are `Sum`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits
from sympy.logic.boolalg import Boolean, BooleanFalse, BooleanTrue


class Elementary(sp.Function):
    """A real function of one real argument."""

    nargs = 1
    is_real = True
    is_commutative = True
    at_zero: sp.Expr | None = None

    @classmethod
    def eval(cls, argument):
        """The value at 0 where it is a plain number; everything else stays as it was written."""
        return cls.at_zero if argument == 0 and cls.at_zero is not None else None


class exp(Elementary):  # noqa: N801 - mathematical functions keep their names
    """The exponential function: exp' = exp."""

    is_positive = True
    at_zero = sp.S.One

    def fdiff(self, argindex=1):
        """exp'(x) = exp(x)."""
        return self


class log(Elementary):  # noqa: N801
    """The natural logarithm: log'(x) = 1/x."""

    @classmethod
    def eval(cls, argument):
        """log(1) = 0."""
        return sp.S.Zero if argument == 1 else None

    def fdiff(self, argindex=1):
        """log'(x) = 1/x."""
        return 1 / self.args[0]


class tanh(Elementary):  # noqa: N801
    """The hyperbolic tangent: tanh' = 1 - tanh**2."""

    at_zero = sp.S.Zero

    def fdiff(self, argindex=1):
        """tanh'(x) = 1 - tanh(x)**2."""
        return 1 - self**2


class sigmoid(Elementary):  # noqa: N801
    """The logistic function 1/(1 + exp(-x)): sigmoid' = sigmoid*(1 - sigmoid)."""

    is_positive = True
    at_zero = sp.S.Half

    def fdiff(self, argindex=1):
        """sigmoid'(x) = sigmoid(x)*(1 - sigmoid(x)) (Nielsen, ch. 1 and 3)."""
        return self * (1 - self)


class erf(Elementary):  # noqa: N801
    """The error function: erf'(x) = 2*exp(-x**2)/sqrt(pi)."""

    at_zero = sp.S.Zero

    def fdiff(self, argindex=1):
        """erf'(x) = 2*exp(-x**2)/sqrt(pi)."""
        return 2 * exp(-(self.args[0] ** 2)) / sp.sqrt(sp.pi)


class sin(Elementary):  # noqa: N801
    """The sine: sin' = cos."""

    at_zero = sp.S.Zero

    def fdiff(self, argindex=1):
        """sin'(x) = cos(x)."""
        return cos(self.args[0])


class cos(Elementary):  # noqa: N801
    """The cosine: cos' = -sin."""

    at_zero = sp.S.One

    def fdiff(self, argindex=1):
        """cos'(x) = -sin(x)."""
        return -sin(self.args[0])


class absolute(Elementary):  # noqa: N801
    """The absolute value; its slope at 0 is 0 by convention."""

    at_zero = sp.S.Zero

    def fdiff(self, argindex=1):
        """|x|' = sign(x), and 0 at 0."""
        return sign(self.args[0])


class sign(Elementary):  # noqa: N801
    """The sign, with sign(0) = 0; its slope is 0 everywhere by convention."""

    at_zero = sp.S.Zero

    def fdiff(self, argindex=1):
        """0, also at the jump."""
        return sp.S.Zero


class sigma(Elementary):  # noqa: N801
    """An activation function that stays unnamed: Nielsen's sigma."""

    def fdiff(self, argindex=1):
        """sigma'(x), itself unnamed."""
        return sigma_prime(self.args[0])


class sigma_prime(Elementary):  # noqa: N801
    """The derivative of the unnamed activation function."""


class _Choice(sp.Function):
    nargs = 2
    is_real = True
    is_commutative = True

    @classmethod
    def eval(cls, first, second):
        """Between equal things there is nothing to choose: the first wins, with the whole derivative, either way."""
        return first if first == second else None

    def _eval_derivative(self, variable):
        first, second = self.args
        return _chosen_slope(self.takes_first, first.diff(variable), second.diff(variable))


class maximum(_Choice):  # noqa: N801
    """The larger of two values; the first of equal values wins, and gets the whole derivative."""

    @property
    def takes_first(self) -> Boolean:
        """The condition under which the first argument is the value."""
        return sp.Ge(*self.args)


class minimum(_Choice):  # noqa: N801
    """The smaller of two values; the first of equal values wins, and gets the whole derivative."""

    @property
    def takes_first(self) -> Boolean:
        """The condition under which the first argument is the value."""
        return sp.Le(*self.args)


class Where(sp.Function):
    """`where(condition, a, b)`: a where the condition holds, else b; the branch not taken is never looked at."""

    nargs = 3
    is_real = True
    is_commutative = True

    @classmethod
    def eval(cls, condition, yes, no):
        """Equal branches need no choice, a branch of 0 makes it a bracket; what holds need not be asked twice."""
        if condition == sp.true or yes == no:
            return yes
        if condition == sp.false:
            return no
        if no == 0:
            return Bracket(condition) * yes
        if yes == 0:
            return Bracket(sp.Not(condition)) * no
        known = set(sp.And.make_args(condition))
        kept = [f for f in sp.Mul.make_args(yes) if not (isinstance(f, Bracket) and f.args[0] in known)]
        return cls(condition, sp.Mul(*kept), no) if len(kept) < len(sp.Mul.make_args(yes)) else None

    def _eval_derivative(self, variable):
        condition, yes, no = self.args
        return _chosen_slope(condition, yes.diff(variable), no.diff(variable))


def _chosen_slope(condition: Boolean, yes: sp.Expr, no: sp.Expr) -> sp.Expr:
    """`where(condition, yes, no)` of two slopes, with no delta left in it, where a sum would not find it.

    `where(c, a*[i = j], b*[i = j])` is `[i = j]*where(c, a, b)`.
    """
    if not (yes.has(sp.KroneckerDelta) or no.has(sp.KroneckerDelta)):
        return Where(condition, yes, no)
    slopes: dict[sp.Expr, list[sp.Expr]] = {}
    for branch, slope in enumerate((yes, no)):
        for term in sp.Add.make_args(sp.expand_mul(slope, deep=False)):
            factors = sp.Mul.make_args(term)
            deltas = sp.Mul(*(f for f in factors if f.has(sp.KroneckerDelta)))
            rest = sp.Mul(*(f for f in factors if not f.has(sp.KroneckerDelta)))
            both = slopes.setdefault(deltas, [sp.S.Zero, sp.S.Zero])
            both[branch] += rest
    return sp.Add(*(deltas * Where(condition, *both) for deltas, both in slopes.items()))


def compared(relation: type[sp.Rel], left: sp.Expr, right: sp.Expr) -> sp.Basic:
    """A condition; SymPy leaves that of a thing with itself open, where it knows no assumptions of it."""
    if left == right:
        return sp.true if relation in {sp.Ge, sp.Le, sp.Eq} else sp.false
    return relation(left, right)


class Bracket(sp.Function):
    """Iverson's bracket: 1 where the condition holds, else 0; a product with a bracket that is 0 is 0, whatever else.

    An equation of integers is a Kronecker delta.
    """

    nargs = 1
    is_real = True
    is_integer = True
    is_commutative = True

    @classmethod
    def eval(cls, condition):
        """Constants, conjunctions (products) and equations of integers (Kronecker deltas)."""
        if isinstance(condition, BooleanTrue):
            return sp.S.One
        if isinstance(condition, BooleanFalse):
            return sp.S.Zero
        if isinstance(condition, sp.And):
            return sp.Mul(*(cls(part) for part in condition.args))
        if isinstance(condition, sp.Eq) and condition.lhs.is_integer and condition.rhs.is_integer:
            return sp.KroneckerDelta(condition.lhs, condition.rhs)
        return None

    def _eval_derivative(self, variable):
        return sp.S.Zero

    def _eval_power(self, exponent):
        return self if exponent.is_positive else None


class MaxOver(ExprWithLimits):
    """`max[p, q](body)`: the largest value; the first of equal values, in reading order, gets the derivative."""

    is_real = True
    is_commutative = True

    def __new__(cls, body, *limits):
        """`MaxOver(body, (p, 0, P - 1), (q, 0, Q - 1))`, the first index outermost."""
        return ExprWithLimits.__new__(cls, body, *limits)

    def _eval_derivative(self, variable):
        fresh = {index: sp.Dummy(index.name, integer=True) for index, _, _ in self.limits}
        body = self.function.xreplace(fresh)
        slope = body.diff(variable)
        if slope == 0:
            return slope
        return sp.Sum(
            FirstMaximum(self, *fresh.values()) * slope,
            *((fresh[index], low, high) for index, low, high in reversed(self.limits)),
        )


class FirstMaximum(sp.Function):
    """1 where the given indices are the first, in reading order, that reach a `MaxOver`; else 0."""

    is_real = True
    is_integer = True
    is_commutative = True

    def _eval_derivative(self, variable):
        return sp.S.Zero

    def _eval_power(self, exponent):
        return self if exponent.is_positive else None


class floordiv(sp.Function):  # noqa: N801
    """Integer division, rounded towards minus infinity."""

    nargs = 2
    is_integer = True
    is_commutative = True

    @classmethod
    def eval(cls, numerator, denominator):
        """Plain numbers are divided at once."""
        if denominator == 1:
            return numerator
        whole = numerator.is_Integer and denominator.is_Integer and denominator != 0
        return numerator // denominator if whole else None


class modulo(sp.Function):  # noqa: N801
    """The remainder of `floordiv`."""

    nargs = 2
    is_integer = True
    is_commutative = True

    @classmethod
    def eval(cls, numerator, denominator):
        """Plain numbers are divided at once."""
        if denominator == 1:
            return sp.S.Zero
        whole = numerator.is_Integer and denominator.is_Integer and denominator != 0
        return numerator % denominator if whole else None


ELEMENTARY = {
    "exp": exp,
    "log": log,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "erf": erf,
    "sin": sin,
    "cos": cos,
    "abs": absolute,
    "sign": sign,
    "sigma": sigma,
    "sigma_prime": sigma_prime,
}
CHOICES = {"maximum": maximum, "minimum": minimum}
INDICATORS = (sp.KroneckerDelta, Bracket, FirstMaximum)
BINDERS = (sp.Sum, MaxOver)


def index(name: str) -> sp.Symbol:
    """An index: an integer symbol."""
    return sp.Symbol(name, integer=True)


def tensor_entry(name: str, indices: Iterable[sp.Expr], *, integer: bool = False) -> sp.Expr:
    """`X[n, d]`, or the plain symbol `a` where there are no indices."""
    indices = tuple(indices)
    if not indices:
        return sp.Symbol(name, **({"integer": True} if integer else {"real": True}))
    return _base(name, integer)[indices]


@lru_cache(maxsize=1024)
def _base(name: str, integer: bool) -> sp.IndexedBase:
    # SymPy deduces every assumption anew for every entry: real tensors carry none, which is five times faster.
    return sp.IndexedBase(name, integer=True) if integer else sp.IndexedBase(name)


def entry_name(entry: sp.Expr) -> str:
    """The tensor's name in `X[n, d]` or `a`."""
    return entry.base.name if isinstance(entry, sp.Indexed) else entry.name


def entry_indices(entry: sp.Expr) -> tuple[sp.Expr, ...]:
    """The indices in `X[n, d]`; none for a scalar."""
    return tuple(entry.indices) if isinstance(entry, sp.Indexed) else ()


def walk(expression: sp.Basic) -> Iterator[sp.Basic]:
    """Every node of an expression, outer ones first; the name in `X[n, d]` is no node."""
    todo = [expression]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(part for part in reversed(node.args) if not isinstance(part, sp.IndexedBase))


def entries(expression: sp.Basic, name: str) -> Iterator[sp.Expr]:
    """Every occurrence of the named tensor in an expression."""
    for atom in walk(expression):
        if isinstance(atom, sp.Indexed):
            if atom.base.name == name:
                yield atom
        elif isinstance(atom, sp.Symbol) and atom.name == name and not atom.is_integer:
            yield atom


@lru_cache(maxsize=4096)
def tensor_names(expression: sp.Basic) -> frozenset[str]:
    """The names of the tensors and real scalars in an expression."""
    nodes = walk(expression)
    return frozenset(
        node.base.name if isinstance(node, sp.Indexed) else node.name
        for node in nodes
        if isinstance(node, sp.Indexed) or (isinstance(node, sp.Symbol) and not node.is_integer)
    )


def with_fresh_bounds(expression: sp.Basic) -> sp.Basic:
    """The same expression with every bound index renamed to a symbol that occurs nowhere else."""
    if not expression.args or not expression.has(*BINDERS):
        return expression
    parts = [with_fresh_bounds(part) for part in expression.args]
    if isinstance(expression, BINDERS):
        fresh = {limit[0]: sp.Dummy(limit[0].name, integer=True) for limit in expression.limits}
        parts = [part.xreplace(fresh) for part in parts]
    return expression.func(*parts)


def with_own_bounds(expression: sp.Basic) -> sp.Basic:
    """The same expression, no two sums of which bind the same symbol: `with_fresh_bounds` only where that is needed."""
    bound = [limit[0] for node in walk(expression) if isinstance(node, BINDERS) for limit in node.limits]
    return expression if len(set(bound)) == len(bound) else with_fresh_bounds(expression)
