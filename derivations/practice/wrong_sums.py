"""Sums that are missing, are too many, run over the wrong axis, or are means."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import sympy as sp

from derivations.practice.truth import Form, Truth


def missing_sums(truth: Truth) -> Iterator[Form]:
    """A sum is dropped: its letter is left free, or fixed."""
    for node in truth.parts:
        if not isinstance(node, sp.Sum):
            continue
        for chosen in itertools.chain(*(itertools.combinations(node.limits, k) for k in (1, 2, 3))):
            kept = [limit for limit in node.limits if limit not in chosen]
            names = " and ".join(limit[0].name for limit in reversed(chosen))
            body = sp.Sum(node.function, *kept) if kept else node.function
            said = f"the sum over {names} is missing"
            for letters in itertools.permutations(truth.extra, len(chosen)):
                if all(truth.size(x) == limit[2] + 1 for x, limit in zip(letters, chosen, strict=True)):
                    free = {limit[0]: x for x, limit in zip(letters, chosen, strict=True)}
                    yield f"{said}: your answer still depends on {names}", truth.with_part(node, body.xreplace(free))
            if truth.extra:
                continue
            first = {limit[0]: limit[1] for limit in chosen}
            last = {limit[0]: limit[2] for limit in chosen}
            yield f"{said}: only the first {names} is taken", truth.with_part(node, body.xreplace(first))
            yield f"{said}: only the last {names} is taken", truth.with_part(node, body.xreplace(last))
            for letter in truth.letters:
                if len(chosen) == 1 and truth.size(letter) == chosen[0][2] + 1:
                    yield said, truth.with_part(node, body.xreplace({chosen[0][0]: letter}))


def extra_sums(truth: Truth) -> Iterator[Form]:
    """Summed, or averaged, over a letter that the left side has."""
    if not truth.answer_sums:
        return
    for count in (1, 2):
        for chosen in itertools.combinations(truth.letters, count):
            fresh = {i: sp.Dummy(i.name, integer=True) for i in chosen}
            total = sp.Sum(truth.form.xreplace(fresh), *((fresh[i], *truth.ranges[i]) for i in chosen))
            names = " and ".join(i.name for i in chosen)
            yield f"you have summed over {names} as well: there is an entry for every {names}", total
            size = sp.Mul(*(truth.size(i) for i in chosen))
            yield f"you have averaged over {names}: there is an entry for every {names}", total / size


def wrong_axes(truth: Truth) -> Iterator[Form]:
    """Every sum runs over another axis than it should: it stands still along its own."""
    sums = [node for node in truth.parts if isinstance(node, sp.Sum) and len(node.limits) == 1]
    for kept, other in itertools.permutations(truth.letters, 2):
        turned = {}
        for node in sums:
            bound, _, high = node.limits[0]
            if high + 1 == truth.size(kept) and node.function.has(other):
                body = node.function.xreplace({bound: kept, other: bound})
                total = sp.Sum(body, (bound, *truth.ranges[other]))
                turned[node] = total
                turned[node / (high + 1)] = total / truth.size(other)
        if turned:
            said = f"the sum runs over the wrong axis: over {other.name}, and {kept.name} stays where it is"
            yield said, _in_products(truth.form, turned)
            yield said, truth.form.xreplace({node: total for node, total in turned.items() if node in sums})


def _in_products(form: sp.Expr, values: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """The form with a mean, which is a part of a product with the sum in it, changed as a whole."""

    def visit(node: sp.Basic) -> sp.Basic:
        if isinstance(node, sp.Mul):
            for part, value in values.items():
                rest = node / part
                if isinstance(part, sp.Mul) and set(part.args) <= set(node.args):
                    return rest * value
        if node in values:
            return values[node]
        if not node.args or isinstance(node, sp.Indexed | sp.Tuple):
            return node
        return node.func(*(visit(part) for part in node.args))

    return visit(form)


def means(truth: Truth) -> Iterator[Form]:
    """A sum inside for a mean, and the other way round."""
    for node in truth.parts:
        if isinstance(node, sp.Sum):
            names = " and ".join(limit[0].name for limit in reversed(node.limits))
            size = sp.Mul(*(limit[2] - limit[1] + 1 for limit in node.limits))
            yield f"a mean over {names} stands where a sum belongs", truth.with_part(node, node / size)
            yield f"a sum over {names} stands where a mean belongs", truth.with_part(node, node * size)
