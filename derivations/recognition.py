"""Recognition: what was computed forward, under its name, wherever it stands in an expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

import sympy as sp

from derivations.calculus import (
    LARGEST_FRACTION,
    cancelled,
    canonical,
    cost,
    count_terms,
    distribute,
    is_partial,
    push_constants,
    tidy,
)
from derivations.expressions import (
    BINDERS,
    Bracket,
    Elementary,
    FirstMaximum,
    entry_indices,
    entry_name,
    exp,
    walk,
    with_fresh_bounds,
)
from derivations.layer import Equation
from derivations.ranges import Known

MOST_TERMS_WRITTEN_OUT = 30  # what has more is no shorter for it: of the catalogue, none with more than six was


def recognise(expression: sp.Basic, equation: Equation, known: Known) -> sp.Basic:
    """Write a tensor's name wherever the right side of its equation stands, or divides what stands there.

    Only where the tensor has an entry: sigmoid(a[m + M]) is no i[m + M] where i has M entries.
    """
    pattern, needed = _pattern(equation)
    if not needed <= _ingredients(expression):
        return expression

    def visit(node: sp.Basic, known: Known) -> sp.Basic:
        if not node.args or isinstance(node, sp.Indexed | FirstMaximum):  # the maximum that is meant stays written out
            return node
        inner = known.binding(node.limits) if isinstance(node, BINDERS) else known
        node = node.func(*(visit(part, inner) for part in node.args))
        while (replaced := _replace_once(node, pattern, equation, known)) is not None:
            node = replaced
        return node

    written = visit(canonical(expression), known)
    inverse = _inverse(equation)
    if inverse is None:
        return written
    exponential, value = inverse
    marked = recognise(written, exponential, known)
    named = [node for node in walk(marked) if isinstance(node, sp.Indexed | sp.Symbol)]
    entries = [entry for entry in named if entry_name(entry) == exponential.name]
    at = {entry: dict(zip(equation.indices, entry_indices(entry), strict=True)) for entry in entries}
    replaced = canonical(marked.xreplace({e: with_fresh_bounds(value).xreplace(i) for e, i in at.items()}))
    return min((written, cancelled(replaced, longest=4 * LARGEST_FRACTION)), key=cost)


@lru_cache(maxsize=1024)
def _inverse(equation: Equation) -> tuple[Equation, sp.Expr] | None:
    """The exponential in A = 1/(1 + exp(-z)), under a name of its own, and what it is in A: (1 - A)/A.

    The same of every A = (p e + q)/(r e + s) with one exponential e, and numbers p, q, r and s; and where they are of
    e**2, as in tanh = (e - 1/e)/(e + 1/e), of 1/e, which is then e times something in A. None of others.
    """
    rhs = canonical(equation.rhs)
    exponentials = sorted({node for node in walk(rhs) if isinstance(node, exp)}, key=sp.default_sort_key)
    opposite = len(exponentials) == 2 and canonical(sum(e.args[0] for e in exponentials)) == 0
    if not (opposite or len(exponentials) == 1):
        return None
    letter, A, power = sp.Dummy(), equation.lhs, 2 if opposite else 1
    letters = dict(zip(exponentials, (letter, 1 / letter), strict=False))
    above, below = sp.together(rhs.xreplace(letters)).as_numer_denom()
    if above.free_symbols | below.free_symbols != {letter} or not (above * below).is_polynomial(letter):
        return None
    fraction = [sp.Poly(part, letter) for part in (above, below)]
    if any({n for (n,) in part.monoms()} - {0, power} for part in fraction) or not below.has(letter):
        return None
    (p, q), (r, s) = ((part.coeff_monomial(letter**power), part.coeff_monomial(1)) for part in fraction)
    e_to_the_power = (q - s * A) / (r * A - p)
    value = exponentials[0] / e_to_the_power if opposite else e_to_the_power
    name = f"exp in {equation.name}"  # which nobody can type
    lhs = sp.IndexedBase(name)[A.indices] if equation.indices else sp.Symbol(name)
    return replace(equation, lhs=lhs, rhs=exponentials[-1]), value


@lru_cache(maxsize=1024)
def _pattern(equation: Equation) -> tuple[sp.Expr, frozenset]:
    pattern = canonical(equation.rhs)
    trivial = isinstance(pattern, sp.Indexed | sp.Symbol) or pattern.is_number
    return pattern, frozenset({"nothing"}) if trivial else _ingredients(pattern)


@lru_cache(maxsize=4096)
def _ingredients(expression: sp.Basic) -> frozenset:
    """The tensors and functions in an expression: what a pattern has and an expression lacks cannot be found there."""
    nodes = list(walk(expression))
    tensors = {node.base.name for node in nodes if isinstance(node, sp.Indexed)}
    return frozenset(tensors | {node.func for node in nodes if isinstance(node, sp.Function | BINDERS[0] | BINDERS[1])})


def _replace_once(node: sp.Basic, pattern: sp.Expr, equation: Equation, known: Known) -> sp.Basic | None:
    wild = frozenset(equation.indices)
    if not isinstance(pattern, sp.Mul | sp.Pow):
        found = _unify(pattern, node, wild, {})
        return _named(equation, found, known) if found is not None else None
    if not isinstance(node, sp.Mul | sp.Pow):
        return None
    wanted, present = pattern.as_powers_dict(), dict(node.as_powers_dict())
    if any(base.is_Number for base in wanted):
        return None
    for binding, used in _match_factors(list(wanted.items()), present, wild, {}):
        named = _named(equation, binding, known)
        if named is None:
            continue
        left = {b: present[b] - used.get(b, sp.S.Zero) for b in present}
        rest = sp.Mul(*(b**e for b, e in left.items()))
        # A bracket is its own square: it is kept where something is left that may be undefined without it.
        brackets = [b for b in used if isinstance(b, Bracket)] if is_partial(rest) else []
        return sp.Mul(named, rest, *brackets)
    return None


def _named(equation: Equation, binding: dict, known: Known) -> sp.Expr | None:
    indices = equation.indices
    if not set(indices) <= set(binding):
        return None
    if not all(known.inside(binding[i], *equation.ranges[i]) == (True, True) for i in indices):
        return None
    return equation.lhs.xreplace({index: binding[index] for index in indices})


def _match_factors(wanted: list, present: Mapping, wild: frozenset, binding: dict) -> Iterator[tuple[dict, dict]]:
    if not wanted:
        yield binding, {}
        return
    (base, exponent), *rest = wanted
    for candidate, available in present.items():
        if not (exponent.is_Rational and available.is_Rational) or exponent * available <= 0:
            continue
        if abs(available) < abs(exponent):
            continue
        found = _unify(base, candidate, wild, binding)
        if found is None:
            continue
        for final, used in _match_factors(rest, present, wild, found):
            yield final, {**used, candidate: used.get(candidate, sp.S.Zero) + exponent}


def _unify(pattern: sp.Basic, node: sp.Basic, wild: frozenset, binding: dict) -> dict | None:
    """Bind the wild indices so that the pattern equals the node; both canonical."""
    if pattern in wild:
        if pattern in binding:
            return binding if binding[pattern] == node else None
        return {**binding, pattern: node} if isinstance(node, sp.Expr) and node.is_integer else None
    if not pattern.args or not pattern.free_symbols & wild:
        return binding if pattern == node else None
    if pattern.func != node.func or len(pattern.args) != len(node.args) or _contents(pattern) != _contents(node):
        return None
    if not isinstance(pattern, sp.Add | sp.Mul):
        for part, other in zip(pattern.args, node.args, strict=True):
            found = _unify(part, other, wild, binding)
            if found is None:
                return None
            binding = found
        return binding
    return _unify_unordered(list(pattern.args), list(node.args), wild, binding)


@lru_cache(maxsize=8192)
def _contents(expression: sp.Basic) -> frozenset:
    """The real tensors and the functions in an expression, and how often: what no choice of indices changes."""
    found = Counter(
        node.base.name if isinstance(node, sp.Indexed) else node.func
        for node in walk(expression)
        if isinstance(node, (Elementary, *BINDERS)) or (isinstance(node, sp.Indexed) and not node.is_integer)
    )
    return frozenset(found.items())


def _unify_unordered(wanted: list, present: list, wild: frozenset, binding: dict) -> dict | None:
    if not wanted:
        return binding
    for position, candidate in enumerate(present):
        found = _unify(wanted[0], candidate, wild, binding)
        if found is not None:
            rest = _unify_unordered(wanted[1:], present[:position] + present[position + 1 :], wild, found)
            if rest is not None:
                return rest
    return None


def with_forward_value(expression: sp.Expr, equation: Equation, known: Known) -> sp.Expr:
    """The expression with a forward tensor recognised in it, where that makes it shorter."""
    if not _pattern(equation)[1] <= _ingredients(expression):
        return expression
    candidates = [expression]
    forms = [expression]
    if count_terms(expression) <= MOST_TERMS_WRITTEN_OUT:
        forms.append(canonical(push_constants(canonical(distribute(expression)))))
    for form in forms:
        written = recognise(form, equation, known)
        if written != form:
            candidates.append(tidy(written))
    return min(candidates, key=cost)
