"""One tensor, index or step in the place of another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import sympy as sp

from derivations.expressions import entries, entry_indices, entry_name, walk
from derivations.layer import Equation, Layer
from derivations.practice.truth import Form, Truth
from derivations.proof import inline


def transposed(truth: Truth) -> Iterator[Form]:
    """Two letters changed for each other, on the left side or in one tensor."""
    for one, other in itertools.combinations(truth.letters, 2):
        if truth.size(one) == truth.size(other):
            swapped = truth.form.xreplace({one: other, other: one})
            yield f"transposed: {one.name} and {other.name} have changed places", swapped
    for node in truth.parts:
        if not isinstance(node, sp.Indexed):
            continue
        sizes = truth.tensors[node.base.name].sizes if node.base.name in truth.tensors else ()
        for a, b in itertools.combinations(range(len(sizes)), 2):
            if sizes[a] == sizes[b] and node.indices[a] != node.indices[b]:
                places = list(node.indices)
                places[a], places[b] = places[b], places[a]
                other_entry = node.base[tuple(places)]
                said = f"{node.base.name} is transposed: {truth.text(other_entry)} stands for {truth.text(node)}"
                yield said, truth.with_part(node, other_entry)


def other_tensors(truth: Truth) -> Iterator[Form]:
    """One tensor in the place of another of the same shape, such as an output in the place of its cotangent."""
    for node in truth.parts:
        if not isinstance(node, sp.Indexed | sp.Symbol) or entry_name(node) not in truth.tensors:
            continue
        name = entry_name(node)
        for other in sorted(truth.names - {name}):
            tensor = truth.tensors.get(other)
            if tensor is None or tensor.sizes != truth.tensors[name].sizes:
                continue
            if f"d{other}" == name:
                said = f"{other} stands where its cotangent {name} belongs"
            elif other == f"d{name}":
                said = f"the cotangent {other} stands where {name} belongs"
            else:
                said = f"{other} stands where {name} belongs"
            yield said, truth.with_part(node, tensor[entry_indices(node)])
            everywhere = {entry: tensor[entry_indices(entry)] for entry in entries(truth.form, name)}
            if len(everywhere) > 1:
                yield said, truth.form.xreplace(everywhere)


def other_indices(truth: Truth) -> Iterator[Form]:
    """One tensor read at a letter of the left side where another index belongs, such as `w[c]` for `w[T[n]]`."""
    for node in truth.parts:
        if not isinstance(node, sp.Indexed) or node.base.name not in truth.tensors:
            continue
        for k, size in enumerate(truth.tensors[node.base.name].sizes):
            for letter in truth.letters:
                if truth.size(letter) == size and node.indices[k] != letter:
                    places = (*node.indices[:k], letter, *node.indices[k + 1 :])
                    other = node.base[places]
                    yield f"{truth.text(other)} stands where {truth.text(node)} belongs", truth.with_part(node, other)


def itself(truth: Truth) -> Iterator[Form]:
    """A tensor of the layer, and no derivative of it."""
    sizes = tuple(truth.size(i) for i in truth.letters)
    for tensor in truth.tensors.values():
        if tensor.sizes == sizes and not tensor.integer:
            value = tensor[truth.letters]
            if tensor.name in truth.names and tensor.name.startswith("d"):
                yield f"this is {tensor.name} as it comes from above: the slope of the layer is missing", value
            elif tensor.name in truth.names:
                yield f"this is {tensor.name} itself", value
            elif truth.of_scalars and tensor.name in truth.layer.defined:
                yield "this is the function itself, not its derivative", inline(value, truth.layer.equations)


def shifted(truth: Truth) -> Iterator[Form]:
    """One step too early or too late along an axis that something recurs along."""
    bare = truth.bare
    moving = [
        (node, k)
        for node in dict.fromkeys(walk(bare))
        if isinstance(node, sp.Indexed)
        for k, i in enumerate(node.indices)
        if any(_recurs(e, k, truth.layer) for e in truth.layer.equations)
        and isinstance(i - (i.as_coeff_Add()[0]), sp.Symbol)
    ]
    for node, k in moving:
        for step in (1, -1):
            places = [i + step if at == k else i for at, i in enumerate(node.indices)]
            other = node.base[tuple(places)]
            when = "late" if step > 0 else "early"
            where = f"{truth.text(other)} stands for {truth.text(node)}, one step too {when}"
            yield f"off by one in {_letter(node.indices[k])}: {where}", truth.guarded(bare.xreplace({node: other}))
    yield from _all_shifted(bare, moving, truth)


def _all_shifted(bare: sp.Expr, moving: Sequence[tuple[sp.Indexed, int]], truth: Truth) -> Iterator[Form]:
    """Everything that is read one step further, or back, read at the same step, or the other way."""
    ahead = {node.indices[k] for node, k in moving if not isinstance(node.indices[k], sp.Symbol)}
    for there in ahead:
        step, letter = there.as_coeff_Add()
        for here in (letter, letter - step):
            read = {
                node: node.base[tuple(here if i == there else i for i in node.indices)]
                for node, k in moving
                if node.indices[k] == there
            }
            said = "off by one" if here == letter else "the wrong way"
            said = f"{said} in {letter.name}: {truth.text(here)} stands where {truth.text(there)} belongs"
            yield said, truth.guarded(bare.xreplace(read))


def _recurs(equation: Equation, axis: int, layer: Layer) -> bool:
    """Whether an equation reads another step of the tensor that it defines, or of one that depends on it."""
    if axis >= len(equation.indices):
        return False
    here = equation.indices[axis]
    return any(
        isinstance(node, sp.Indexed)
        and len(node.indices) > axis
        and node.indices[axis] != here
        and (node.indices[axis] - here).is_Integer
        and node.base.name in layer.defined
        for node in walk(equation.rhs)
    )


def _letter(index: sp.Expr) -> str:
    return min(symbol.name for symbol in index.free_symbols)


def flipped(truth: Truth) -> Iterator[Form]:
    """A kernel read backwards along one axis, or along several."""
    bare = truth.bare
    for node in dict.fromkeys(walk(bare)):
        if not isinstance(node, sp.Indexed) or node.base.name not in truth.tensors:
            continue
        sizes = truth.tensors[node.base.name].sizes
        if len(sizes) < 2:
            continue
        for axes in [(k,) for k in range(len(sizes))] + [(k, k + 1) for k in range(len(sizes) - 1)]:
            places = [sizes[k] - 1 - i if k in axes else i for k, i in enumerate(node.indices)]
            other = node.base[tuple(places)]
            names = " and ".join(truth.text(node.indices[k]) for k in axes)
            yield (
                f"{node.base.name} is flipped: it is read backwards along {names}",
                truth.guarded(bare.xreplace({node: other})),
            )
    for letter in truth.letters:  # what is asked, read backwards
        mirrored = bare.xreplace({letter: truth.size(letter) - 1 - letter})
        yield f"flipped: your answer runs backwards along {letter.name}", truth.guarded(mirrored)
