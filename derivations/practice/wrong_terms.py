"""Terms, factors and exponents that are missing, are too many, or have the wrong sign."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import sympy as sp

from derivations.expressions import entry_name, sigma_prime, tensor_names
from derivations.practice.truth import Form, Truth, is_guard
from derivations.schedule import users

LONGEST_WITHIN = 45


def missing_terms(truth: Truth) -> Iterator[Form]:
    """A term is dropped, or has the wrong sign."""
    for node in truth.parts:
        if isinstance(node, sp.Add):
            for term in node.args:
                within = f" in {truth.text(node)}"
                within = "" if node == truth.form or len(within) > LONGEST_WITHIN else within
                said = f"the term {truth.text(term)} is missing{within}{_through(term, truth)}"
                yield said, truth.with_part(node, node - term)
            if len(node.args) > 2:
                for term in node.args:
                    yield f"only the term {truth.text(term)} is there", truth.with_part(node, term)


def signs_of_terms(truth: Truth) -> Iterator[Form]:
    """One term of a sum has the wrong sign."""
    for node in truth.parts:
        if isinstance(node, sp.Add):
            for term in node.args:
                said = f"the sign of the term {truth.text(term)} is wrong{_through(term, truth)}"
                yield said, truth.with_part(node, node - 2 * term)


def _through(term: sp.Expr, truth: Truth) -> str:
    """The step of the derivation that brings a term: the equation through which the loss depends on the tensor."""
    target = entry_name(truth.left).removeprefix("d").removesuffix("_total")
    if target not in truth.layer.by_name:
        return ""
    names = tensor_names(term)
    consumers = users(truth.layer.equations, target)
    found = [e for e in consumers if names & {f"d{e.name}", f"d{e.name}_total"}]
    if len(consumers) < 2 or len(found) != 1:
        return ""
    return f": the chain rule brings it, through {found[0].name}, which {target} goes into"


def missing_factors(truth: Truth) -> Iterator[Form]:
    """A factor is dropped."""
    outside = {f"d{name}" for name in truth.layer.output_names}
    for node in truth.parts:
        if not isinstance(node, sp.Mul):
            continue
        for factor in node.args:
            if factor.is_number or not factor.free_symbols or is_guard(factor):
                continue
            dropped = truth.with_part(node, node / factor)
            above = isinstance(factor, sp.Indexed | sp.Symbol) and entry_name(factor) in outside
            if above and entry_name(factor) not in tensor_names(dropped):
                name = entry_name(factor)
                yield f"{name} is missing: the slope is to be multiplied by what comes from above", dropped
            elif not above:
                yield f"the factor {truth.text(factor)} is missing", dropped
            if isinstance(factor, sp.Pow) and factor.exp.is_Integer:
                yield f"the factor {truth.text(factor)} is upside down", truth.with_part(node, node / factor**2)


def extra_factors(truth: Truth) -> Iterator[Form]:
    """A tensor, or the slope of an activation in terms of its value, that stands in the answer and not in the truth."""
    for name in sorted(truth.names):
        tensor = truth.tensors.get(name)
        if tensor is None or tensor.integer:
            continue
        fitting = [[i for i in truth.letters if truth.size(i) == size] for size in tensor.sizes]
        for places in itertools.islice(itertools.product(*fitting), 2):
            entry = tensor[places]
            yield f"the factor {truth.text(entry)} is too much", truth.form * entry
            yield f"the factor {truth.text(1 / entry)} is too much", truth.form / entry
            for slope in (entry * (1 - entry), 1 - entry**2, sigma_prime(entry)):
                yield f"the slope {truth.text(slope)} is too much: it does not belong here", truth.form * slope


def complements(truth: Truth) -> Iterator[Form]:
    """`z` in the place of `1 - z`, and the other way round."""
    for node in truth.parts:
        alone = isinstance(node, sp.Indexed | sp.Symbol) and 1 - node not in truth.parts
        if (alone and entry_name(node) in truth.tensors) or (
            isinstance(node, sp.Add) and len(node.args) == 2 and sp.S.One in node.args
        ):
            other = 1 - node
            yield f"{truth.text(other)} stands where {truth.text(node)} belongs", truth.with_part(node, other)


def exponents(truth: Truth) -> Iterator[Form]:
    """A power that is off by one, or by a half."""
    for node in truth.parts:
        powers = [node] if isinstance(node, sp.Pow) and node.exp.is_Rational else []
        for power in powers:
            rooted = not power.exp.is_Integer or isinstance(power.base, sp.Add)  # no root of an entry is asked for
            for step in (1, -1, sp.S.Half, -sp.S.Half)[: 4 if rooted else 2]:
                wrong, right = truth.text(power.exp + step), truth.text(power.exp)
                said = f"the exponent of {truth.text(power.base)} is {wrong}, and {right} belongs there"
                yield said, truth.with_part(power, power.base ** (power.exp + step))
    variables = [p for p in truth.parts if isinstance(p, sp.Indexed | sp.Symbol) and not p.is_integer]
    for node in variables if truth.of_scalars else ():
        yield f"the exponent of {truth.text(node)} is too large by 1", truth.form * node
