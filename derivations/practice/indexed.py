"""What problems in index notation share: letters that run over N values, sums, derivatives by an entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import sympy as sp

from derivations.backward import derive, taken_names
from derivations.calculus import canonical, contract_next, derivative, name_bounds, tidy
from derivations.expressions import entry_indices, index, tensor_entry, with_fresh_bounds, with_own_bounds
from derivations.layer import Claim, Equation, Layer, Range, Tensor, size_symbol
from derivations.practice.posing import told_apart
from derivations.practice.problem import Mistake, Problem
from derivations.practice.worked import Line, Worked
from derivations.proof import inline
from derivations.ranges import Known

N = size_symbol("N")
RANGE: Range = (sp.S.Zero, N - 1)
I, J, K, M = (index(name) for name in "ijkm")  # noqa: E741
LOSS = tensor_entry("L", ())
D_LOSS = Equation(tensor_entry("dL", ()), sp.S.One)


def vector(name: str, at: sp.Expr) -> sp.Expr:
    """`x[i]`."""
    return tensor_entry(name, (at,))


def matrix(name: str, row: sp.Expr, column: sp.Expr) -> sp.Expr:
    """`W[i, j]`."""
    return tensor_entry(name, (row, column))


def total(body: sp.Expr, *letters: sp.Symbol) -> sp.Expr:
    """`sum[i, j](body)`, over all N values of every letter."""
    return sp.Sum(body, *((letter, *RANGE) for letter in reversed(letters)))


def layer_of(left: sp.Expr, right: sp.Expr, name: str = "index") -> Layer:
    """The layer of one equation about vectors and matrices of size N."""
    found = {a.base.name: len(a.indices) for a in sorted(right.atoms(sp.Indexed), key=str)}
    tensors = [Tensor(tensor, (N,) * rank) for tensor, rank in found.items()]
    output = left.base.name if isinstance(left, sp.Indexed) else left.name
    indices = entry_indices(left)
    tensors.append(Tensor(output, (N,) * len(indices)))
    return Layer(name, "", tuple(tensors), (), (Equation(left, right, ranges_of(indices)),), output_names=(output,))


def ranges_of(letters: Iterable[sp.Expr]) -> Mapping[sp.Symbol, Range]:
    """All of them run over N values."""
    return {letter: RANGE for letter in letters if isinstance(letter, sp.Symbol)}


def in_letters(expression: sp.Expr, letters: Sequence[sp.Symbol], layer: Layer) -> sp.Expr:
    """The expression, none of whose sums runs over one of the letters, or over a name of the layer."""
    taken = {*taken_names(layer.equations[0].lhs, layer), *(letter.name for letter in letters)}
    return name_bounds(expression, frozenset(taken))


def derived_gradient(layer: Layer, entry: sp.Expr) -> sp.Expr:
    """`dL/dx[k]` of a layer with one number L for its output, in the letters of the entry."""
    equation = derive(layer, wrt=entry.base.name).cotangents[f"d{entry.base.name}"]
    letters = dict(zip(equation.indices, entry.indices, strict=True))
    found = with_fresh_bounds(inline(equation.rhs, (*layer.equations, D_LOSS))).xreplace(letters)
    return in_letters(found, entry.indices, layer)


def gradient_lines(layer: Layer, entry: sp.Expr) -> Iterator[Line]:
    """Differentiate the right side by one entry, contract the deltas that this leaves, and tidy up."""
    equation = layer.equations[0]
    places = (*equation.indices, *entry.indices)
    known = Known.of(layer, ranges_of(places))
    line = with_own_bounds(derivative(with_fresh_bounds(equation.rhs), entry))
    name = entry.base.name
    says = f"an entry of {name} depends on {_text(entry)} only where its indices are the same: that leaves deltas"
    yield Line("differentiate", says, in_letters(line, places, layer))
    while (contraction := contract_next(line, known)) is not None:
        line = with_own_bounds(contraction.result)
        says = "a delta inside of a sum picks the one term where it is 1"
        yield Line("contract a delta", says, in_letters(line, places, layer))
    short = tidy(line)
    if canonical(short) != canonical(line):
        yield Line("collect factors", "what all terms share goes in front", in_letters(short, places, layer))


def _text(entry: sp.Expr) -> str:
    from derivations.render.plain import plain

    return plain(entry)


def gradient_problem(right: sp.Expr, entry: sp.Expr, mistakes: Iterable[Mistake]) -> Problem | None:
    """The problem to say what dL/dx[k] is, for L = right."""
    layer = layer_of(LOSS, right)
    truth = derived_gradient(layer, entry)
    if not truth.atoms(sp.Indexed):
        return None
    wanted = tensor_entry(f"d{entry.base.name}", entry.indices)
    ranges = ranges_of(entry.indices)
    given = (*layer.equations, D_LOSS)
    named = ((said, in_letters(with_fresh_bounds(form), entry.indices, layer)) for said, form in mistakes)
    kept = told_apart(truth, named, layer, ranges, given)
    prompt = f"{layer.equations[0].text}. What is {_text(wanted)} = dL/d{_text(entry)}?"
    worked = Worked(lambda: gradient_lines(layer, entry))
    return Problem("", "", prompt, layer, Claim(wanted, truth, ranges), given, "equation", kept, "", worked)
