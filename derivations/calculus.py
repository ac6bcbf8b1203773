"""The index calculus: contract deltas, split and merge sums, collect factors.

SymPy differentiates; the sums and the deltas are ours. Every function here maps an expression to an equal one.
Invariant: while deltas are contracted, every bound index is a symbol of its own (`with_fresh_bounds`), so that nothing
is captured; afterwards equal sums get equal bound indices (`canonical`), so that SymPy sees that they are equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from derivations.expressions import (
    BINDERS,
    INDICATORS,
    Bracket,
    entry_indices,
    entry_name,
    floordiv,
    log,
    modulo,
    walk,
    with_fresh_bounds,
)
from derivations.layer import DerivationError, Equation
from derivations.ranges import Known

# ---------------------------------------------------------------------------------------------- bound indices


@lru_cache(maxsize=4096)
def canonical(expression: sp.Basic) -> sp.Basic:
    """The same expression with its bound indices named by how deeply they are nested, counted from inside.

    Two sums that differ only in the names of their indices come out as the same SymPy object.
    """
    try:
        return _canonical(expression)[0]
    except _CaptureError:
        return _canonical(with_fresh_bounds(expression))[0]


class _CaptureError(Exception):
    """A sum would bind an index of a sum around it, which has such a name already."""


def _canonical(expression: sp.Basic) -> tuple[sp.Basic, int]:
    if not expression.args or isinstance(expression, sp.Indexed) or not expression.has(*BINDERS):
        return expression, 0
    if isinstance(expression, BINDERS):
        body, height = _canonical(expression.function)
        limits = sorted(expression.limits, key=lambda limit: (_letters(limit[2]), _first_place(body, limit[0])))
        names = {limit[0]: _bound_symbol(height, k) for k, limit in enumerate(limits)}
        if body.has(*({*names.values()} - names.keys())):
            raise _CaptureError
        renamed = [(names[index], low, high) for index, low, high in limits]
        if not isinstance(expression, sp.Sum):  # a maximum keeps its reading order: the first of equal values wins
            renamed = [(names[index], low, high) for index, low, high in expression.limits]
        return expression.func(body.xreplace(names), *renamed), height + 1
    parts = [_canonical(part) for part in expression.args]
    return expression.func(*(part for part, _ in parts)), max(height for _, height in parts)


@lru_cache(maxsize=4096)
def _letters(size: sp.Expr) -> str:
    return str(size)


@lru_cache(maxsize=256)
def _bound_symbol(height: int, position: int) -> sp.Symbol:
    return sp.Symbol(f"_{height}_{position}", integer=True)


def _first_place(body: sp.Basic, index: sp.Symbol) -> tuple:
    """Where an index occurs, in terms that do not depend on its name."""
    places = []
    for node in walk(body):
        if isinstance(node, sp.Indexed):
            places += [(node.base.name, k) for k, i in enumerate(node.indices) if i.has(index)]
    return tuple(sorted(places))


# ------------------------------------------------------------------------------------------------ derivative


# Ten times what the largest layer of the catalogue takes; beyond, the time that all later steps take explodes.
DEEPEST_SUMS = 8
LARGEST_DERIVATIVE = 2000


def derivative(expression: sp.Expr, entry: sp.Expr) -> sp.Expr:
    """The derivative with respect to one entry of a tensor; SymPy differentiates, and its logarithm becomes ours.

    Raises DerivationError where sums are nested too deeply, or the derivative becomes too long to be worked with.
    """
    if (depth := _nested_sums(expression)) > DEEPEST_SUMS:
        raise DerivationError(f"an equation nests sums and maxima {depth} deep; at most {DEEPEST_SUMS} are worked with")
    slope = _merged_powers(expression.diff(entry).replace(sp.log, log))
    if (parts := sum(1 for _ in walk(slope))) > LARGEST_DERIVATIVE:
        raise DerivationError(
            f"an equation's derivative with respect to {entry_name(entry)} has {parts} parts; at most "
            f"{LARGEST_DERIVATIVE} are worked with: split the equation into several"
        )
    return slope


def _merged_powers(expression: sp.Basic) -> sp.Basic:
    """`b**e/b` as `b**(e - 1)`, which has a value where b is 0; SymPy merges numbers alone."""
    if not expression.args or isinstance(expression, sp.Indexed) or not expression.has(sp.Pow):
        return expression
    rebuilt = expression.func(*(_merged_powers(part) for part in expression.args))
    if not isinstance(rebuilt, sp.Mul):
        return rebuilt
    numbers = [factor for factor in rebuilt.args if factor.as_base_exp()[0].is_number]
    exponents: dict[sp.Expr, list[sp.Expr]] = {}
    for base, exponent in (factor.as_base_exp() for factor in rebuilt.args if factor not in numbers):
        exponents.setdefault(base, []).append(exponent)
    if all(len(each) == 1 for each in exponents.values()):
        return rebuilt
    return sp.Mul(*numbers, *(base ** sp.Add(*each) for base, each in exponents.items()))


def _nested_sums(expression: sp.Basic) -> int:
    return max(map(_nested_sums, expression.args), default=0) + isinstance(expression, BINDERS)


# --------------------------------------------------------------------------------------------------- deltas


@dataclass(frozen=True)
class Contraction:
    """A sum that a delta has decided: `delta` was solved for `index`, which became `value`."""

    delta: sp.KroneckerDelta
    index: sp.Symbol
    value: sp.Expr
    result: sp.Expr


def contract_next(expression: sp.Expr, known: Known) -> Contraction | None:
    """Contract the deltas of one innermost summation index, all at once; None if there is nothing to contract.

    An index that a delta fixes outright goes before one that it fixes by a division. Expects fresh bound indices.
    """
    for outright in (True, False):
        for node, (index, low, high) in _summed_inside_out(expression):
            found = _solvable(node.function, index)
            if found is None or (outright and found[2] != 1):
                continue
            delta, value, _ = found
            others = [limit for limit in node.limits if limit[0] != index]
            inner = _eliminate(node.function, index, low, high, known.within(expression))
            result = expression.xreplace({node: sum_over(inner, *others)})
            return Contraction(delta, index, value, result)
    return None


def sum_over(body: sp.Expr, *limits: sp.Tuple) -> sp.Expr:
    """A sum; none where there is nothing to sum over or the body is 0."""
    return body if body == 0 or not limits else sp.Sum(body, *limits)


def _summed_inside_out(expression: sp.Expr) -> Iterator[tuple[sp.Sum, sp.Tuple]]:
    sums = (node for node in sp.postorder_traversal(expression) if isinstance(node, sp.Sum))
    yield from ((node, limit) for node in sums for limit in node.limits)


def _solvable(body: sp.Expr, index: sp.Symbol) -> tuple[sp.KroneckerDelta, sp.Expr, sp.Expr] | None:
    """A delta, not hidden inside a function, that fixes the index, its value, and the indicator that there is one.

    Values that always exist come first, then plain ones.
    """
    found = [(delta, *solved) for delta in _open_deltas(body) if (solved := _solve(delta, index)) is not None]
    return min(found, key=lambda f: (f[2] != 1, not f[1].is_Atom, sp.count_ops(f[1])), default=None)


def _open_deltas(body: sp.Expr) -> Iterator[sp.KroneckerDelta]:
    if isinstance(body, sp.KroneckerDelta):
        yield body
    elif isinstance(body, sp.Add | sp.Mul):
        for part in body.args:
            yield from _open_deltas(part)
    elif isinstance(body, sp.Sum):
        yield from _open_deltas(body.function)


def _solve(delta: sp.KroneckerDelta, index: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """The index that a delta fixes, and the indicator that it is whole: a*i = b says i = b//a where b % a = 0."""
    difference = sp.expand(delta.args[0] - delta.args[1])
    slope = difference.coeff(index)
    rest = sp.expand(difference - slope * index)
    if slope == 0 or slope.has(index) or rest.has(index):
        return None
    if slope in {1, -1}:
        return sp.expand(-rest / slope), sp.S.One
    if not (slope.is_positive or slope.is_negative):
        return None
    above, below = (-rest, slope) if slope.is_positive else (rest, -slope)
    return floordiv(above, below), sp.KroneckerDelta(modulo(above, below), 0)


def _eliminate(body: sp.Expr, index: sp.Symbol, low: sp.Expr, high: sp.Expr, known: Known) -> sp.Expr:
    """The sum of `body` over one index, with every delta that fixes the index contracted."""
    if not body.has(index):
        return body * (high - low + 1)
    if isinstance(body, sp.Add):
        return sp.Add(*(_eliminate(term, index, low, high, known) for term in body.args))
    if isinstance(body, sp.Sum):
        return sum_over(_eliminate(body.function, index, low, high, known), *body.limits)
    factors = list(sp.Mul.make_args(body))
    constant = [f for f in factors if not f.has(index)]
    varying = [f for f in factors if f.has(index)]
    found = _solvable(sp.Mul(*(f for f in varying if isinstance(f, sp.KroneckerDelta))), index)
    if found is not None:
        delta, value, whole = found
        varying.remove(delta)
        above, below = known.inside(value, low, high)
        guards = [] if above else [Bracket(sp.Ge(value, low))]
        guards += [] if below else [Bracket(sp.Le(value, high))]
        # Beside the indicator that i = b//a is whole, a*i is b.
        exact = {value * value.args[1]: value.args[0]} if whole != 1 else {}
        kept = [discharge(f.xreplace({index: value}).xreplace(exact), known) for f in varying]
        return sp.Mul(*constant, *kept, *guards, whole)
    for position, factor in enumerate(varying):
        if _solvable(factor, index) is None:
            continue
        others = constant + varying[:position] + varying[position + 1 :]
        if isinstance(factor, sp.Add):
            return sp.Add(*(_eliminate(sp.Mul(*others, term), index, low, high, known) for term in factor.args))
        if isinstance(factor, sp.Sum):
            inner = with_fresh_bounds(factor)
            wider = known.within(inner)
            return sum_over(_eliminate(sp.Mul(*others, inner.function), index, low, high, wider), *inner.limits)
    return sp.Mul(*constant) * sp.Sum(sp.Mul(*varying), (index, low, high))


def discharge(expression: sp.Expr, known: Known) -> sp.Expr:
    """Drop the brackets that hold for all sizes, and the deltas that never do."""
    if not expression.has(Bracket, sp.KroneckerDelta):
        return expression

    def decide(bracket: sp.Basic) -> sp.Expr:
        condition = bracket.args[0]
        if not isinstance(condition, sp.Ge | sp.Le | sp.Gt | sp.Lt):
            return bracket
        left, right = condition.args
        if not (left.is_integer and right.is_integer):
            return bracket
        smaller, larger = (right, left) if isinstance(condition, sp.Ge | sp.Gt) else (left, right)
        strict = int(isinstance(condition, sp.Gt | sp.Lt))
        if known.nonnegative(larger - smaller - strict):
            return sp.S.One
        return sp.S.Zero if known.nonnegative(smaller - larger - 1 + strict) else bracket

    known = known.within(expression)
    never = {d: sp.S.Zero for d in expression.atoms(sp.KroneckerDelta) if _never(d, known)}
    return expression.xreplace({bracket: decide(bracket) for bracket in expression.atoms(Bracket)} | never)


def _never(delta: sp.KroneckerDelta, known: Known) -> bool:
    left, right = delta.args
    return known.nonnegative(left - right - 1) or known.nonnegative(right - left - 1)


def use_deltas(expression: sp.Basic) -> sp.Basic:
    """Beside `[c = T[n]]`, write c for T[n]: where they differ, the product is 0 anyway."""
    if (
        not expression.args
        or isinstance(expression, (sp.Indexed, *INDICATORS))
        or not expression.has(sp.KroneckerDelta)
    ):
        return expression
    rebuilt = expression.func(*(use_deltas(part) for part in expression.args))
    if not isinstance(rebuilt, sp.Mul):
        return rebuilt
    for delta in [f for f in rebuilt.args if isinstance(f, sp.KroneckerDelta)]:
        left, right = sorted(delta.args, key=lambda side: not side.is_Symbol)
        if left.is_Symbol and isinstance(right, sp.Indexed):
            rest = sp.Mul(*(f for f in rebuilt.args if f != delta))
            rebuilt = delta * rest.xreplace({right: left})
    return rebuilt


# ----------------------------------------------------------------------------------------------------- sums


def pull_constants(expression: sp.Basic) -> sp.Basic:
    """Move the factors that do not depend on the index of a sum in front of it; an empty sum counts its terms."""
    if not expression.args or isinstance(expression, sp.Indexed) or not expression.has(sp.Sum):
        return expression
    rebuilt = expression.func(*(pull_constants(part) for part in expression.args))
    if not isinstance(rebuilt, sp.Sum):
        return rebuilt
    body, limits = rebuilt.function, list(rebuilt.limits)
    while isinstance(body, sp.Sum):
        limits, body = list(body.limits) + limits, body.function
    front = sp.S.One
    for limit in list(limits):
        if not body.has(limit[0]):
            front *= limit[2] - limit[1] + 1
            limits.remove(limit)
    bound = {limit[0] for limit in limits}
    factors = sp.Mul.make_args(body)
    guarded = any(isinstance(f, Bracket) and f.free_symbols & bound for f in factors)
    inside = [f for f in factors if f.free_symbols & bound or (guarded and is_partial(f))]
    outside = [f for f in factors if f not in inside]
    return front * sp.Mul(*outside) * (sp.Sum(sp.Mul(*inside), *limits) if limits else sp.Mul(*inside))


def is_partial(factor: sp.Expr) -> bool:
    """Whether a factor may be undefined somewhere: it divides, or it is a root or a logarithm."""
    return any(
        isinstance(node, log) or (isinstance(node, sp.Pow) and not (node.exp.is_Integer and node.exp > 0))
        for node in walk(factor)
        if isinstance(node, log | sp.Pow) and not node.is_positive
    )


# --------------------------------------------------------------------------------------------------- factors


def collect(expression: sp.Basic) -> sp.Basic:
    """Take the factors that all terms of a sum share in front of a bracket, everywhere in the expression."""
    if not expression.args or isinstance(expression, sp.Indexed):
        return expression
    rebuilt = expression.func(*(collect(part) for part in expression.args))
    return _collect_terms(rebuilt) if isinstance(rebuilt, sp.Add) else rebuilt


def _collect_terms(total: sp.Add) -> sp.Expr:
    split = [term.as_coeff_Mul() for term in total.args]
    powers = [dict(rest.as_powers_dict()) for _, rest in split]
    shared = {}
    for base, exponent in powers[0].items():
        exponents = [p.get(base, sp.S.Zero) for p in powers]
        if all(e.is_Rational for e in exponents) and (min(exponents) > 0 or max(exponents) < 0):
            shared[base] = min(exponents, key=abs)
        elif all(e == exponent for e in exponents):
            shared[base] = exponent
    coefficients = [c for c, _ in split]
    factor = sp.S.One
    if all(abs(c) == abs(coefficients[0]) for c in coefficients):
        factor = abs(coefficients[0])
    if all(c < 0 for c in coefficients):
        factor = -factor
    shared.pop(sp.S.One, None)
    if any(
        isinstance(base, Bracket) for p in powers for base in p
    ):  # a bracket stays with what it keeps from dividing by 0
        shared = {base: e for base, e in shared.items() if not is_partial(base**e)}
    if not shared and factor == 1:
        return total
    front = sp.Mul(*(b**e for b, e in shared.items()))
    inside = sp.Add(*(c / factor * rest / front for c, rest in split))
    return sp.Mul(factor, front, inside, evaluate=not inside.is_Add) if front == 1 else factor * front * inside


MOST_TERMS = 500  # what has more terms when it is multiplied out is longer than it was


def distribute(expression: sp.Basic) -> sp.Basic:
    """Multiply products of brackets out, outside of functions, and let factors cancel; not beyond 500 terms."""
    if not expression.args or isinstance(expression, sp.Indexed):
        return expression
    if isinstance(expression, sp.Mul | sp.Add):
        whole = expression.func(*(distribute(part) for part in expression.args))
        return sp.expand_mul(whole, deep=False) if count_terms(whole) <= MOST_TERMS else whole
    if isinstance(expression, sp.Sum):
        body = distribute(expression.function)
        terms = sp.Add.make_args(body)
        return sp.Add(*(pull_constants(sp.Sum(term, *expression.limits)) for term in terms))
    return expression


def count_terms(expression: sp.Basic) -> int:
    """How many terms an expression has when its products of brackets are multiplied out."""
    if isinstance(expression, sp.Add):
        return sum(map(count_terms, expression.args))
    return math.prod(map(count_terms, expression.args)) if isinstance(expression, sp.Mul) else 1


@lru_cache(maxsize=4096)
def cost(expression: sp.Basic) -> int:
    """How long an expression is to read: its entries, numbers and functions; a sum counts three."""
    total = 0
    todo = [expression]
    while todo:
        node = todo.pop()
        if isinstance(node, BINDERS):
            total += 3
            todo.append(node.function)
            continue
        if isinstance(node, sp.Pow) and node.exp == -1:
            todo.append(node.base)
            continue
        total += not isinstance(node, sp.Add | sp.Mul) and node != -1
        if not isinstance(node, (sp.Indexed, *INDICATORS)):
            todo.extend(node.args)
    return total


def tidy(expression: sp.Expr) -> sp.Expr:
    """The shortest of: constants pulled out; that with common factors collected; multiplied out and collected."""
    pulled = canonical(use_deltas(pull_constants(expression)))
    candidates = [pulled, canonical(collect(pulled)), canonical(collect(canonical(distribute(pulled))))]
    return min(candidates, key=cost)


def push_constants(expression: sp.Basic) -> sp.Basic:
    """The reverse of `pull_constants`: multiply what stands before a sum into it."""
    if not expression.args or isinstance(expression, sp.Indexed) or not expression.has(sp.Sum):
        return expression
    rebuilt = expression.func(*(push_constants(part) for part in expression.args))
    if not isinstance(rebuilt, sp.Mul):
        return rebuilt
    sums = [f for f in rebuilt.args if isinstance(f, sp.Sum)]
    if not sums:
        return rebuilt
    rest = sp.Mul(*(f for f in rebuilt.args if f is not sums[0]))
    inner = with_fresh_bounds(sums[0])
    return sp.Sum(push_constants(rest * inner.function), *inner.limits)


LARGEST_FRACTION = 60
LARGEST_POWER = 8  # of a sum, in what is multiplied out


def cancelled(expression: sp.Expr, longest: int = LARGEST_FRACTION) -> sp.Expr:
    """The expression as one fraction in lowest terms, where that is shorter; sums and functions count as letters."""
    if cost(expression) > longest or not any(f.exp.is_negative for f in expression.atoms(sp.Pow)):
        return expression
    if expression.has(Bracket):  # which may stand beside what is undefined where it is 0
        return expression
    if any(f.base.is_Add and abs(f.exp) > LARGEST_POWER for f in expression.atoms(sp.Pow) if f.exp.is_Integer):
        return expression
    letters = {f: sp.Dummy() for f in expression.atoms(sp.Indexed, *BINDERS, *INDICATORS, sp.Function)}
    plain = expression.xreplace(letters)
    if not plain.is_rational_function():
        return expression
    back = {letter: f for f, letter in letters.items()}
    short = canonical(collect(sp.cancel(plain).xreplace(back)))
    return min((expression, short), key=cost)


# ------------------------------------------------------------------------------------------------- substitution


def substitute(expression: sp.Expr, equation: Equation) -> sp.Expr:
    """Replace every entry of a tensor by the right side of its equation."""
    here = equation.indices

    def visit(node: sp.Basic) -> sp.Basic:
        if not node.args:
            return node if node != equation.lhs else with_fresh_bounds(equation.rhs)
        if isinstance(node, sp.Indexed):
            if node.base.name != equation.name:
                return node
            binding = dict(zip(here, entry_indices(node), strict=True))
            return with_fresh_bounds(equation.rhs).xreplace(binding)
        return node.func(*(visit(part) for part in node.args))

    return visit(with_fresh_bounds(expression))


# ------------------------------------------------------------------------------------------------------ names


_LETTERS = "kjilmpqrsuvwabe"


def name_bounds(expression: sp.Basic, taken: frozenset[str] = frozenset()) -> sp.Basic:
    """Give every bound index a letter: its own, else that of its size, else the next that is not in use around it."""
    return named_bounds(expression, taken)[0]


@lru_cache(maxsize=4096)
def named_bounds(expression: sp.Basic, taken: frozenset[str] = frozenset()) -> tuple[sp.Basic, dict]:
    """`name_bounds`, and which letter each bound index got (of use while every one is a symbol of its own)."""
    all_names: dict[sp.Symbol, sp.Symbol] = {}
    used = taken | {s.name for node in walk(expression) for s in _free_names(node)}

    def visit(node: sp.Basic, around: frozenset[str]) -> sp.Basic:
        if not node.args or isinstance(node, sp.Indexed) or not node.has(*BINDERS):
            return node
        if not isinstance(node, BINDERS):
            return node.func(*(visit(part, around) for part in node.args))
        names = {}
        plain = {index for part in walk(node.function) for index in entry_indices(part)}
        for bound, _, high in node.limits:
            name = next(c for c in _candidates(bound, high, bound in plain) if not _means_something(c, around))
            names[bound] = sp.Symbol(name, integer=True)
            around = around | {name}
        all_names.update(names)
        body = visit(node.function, around)
        return node.func(body.xreplace(names), *((names[i], low, high) for i, low, high in node.limits))

    return visit(expression, frozenset(used)), all_names


def _free_names(node: sp.Basic) -> Iterator[sp.Symbol]:
    if isinstance(node, sp.Indexed):
        yield node.base.label
    elif isinstance(node, sp.Symbol) and not isinstance(node, sp.Dummy) and not node.name.startswith("_"):
        yield node


def _means_something(name: str, around: frozenset[str]) -> bool:
    """Whether a letter is in use, or the numbered letter of one size (d1 of D) is the letter of another (D1)."""
    return name in around or (name[-1].isdigit() and name.upper() in around)


def _candidates(bound: sp.Symbol, high: sp.Expr, plain: bool) -> Iterator[str]:
    """Letters for an index. Where it stands plainly in no tensor, only its size's own (m, m1, m2...) tell its range."""
    size = high + 1
    of_size = [size.name.lower()] if isinstance(size, sp.Symbol) and size.name.isupper() else []
    if not plain:
        yield from of_size
        yield from (f"{letter}{number}" for number in range(1, 100) for letter in of_size)
    if not bound.name.startswith("_"):
        yield bound.name
    yield from of_size
    yield from _LETTERS
    yield from (f"{letter}{number}" for number in range(1, 100) for letter in _LETTERS)
