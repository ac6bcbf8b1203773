"""Wrong forms of a truth, each with the sentence that names it: what people write instead.

A form is a hypothesis and nothing more: it is told only to those whose answer it is proved to be.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from derivations.affine import TooHardError
from derivations.calculus import name_bounds
from derivations.expressions import (
    Bracket,
    Elementary,
    Where,
    cos,
    absolute,
    entries,
    entry_indices,
    entry_name,
    exp,
    log,
    sigma,
    sigma_prime,
    sigmoid,
    sign,
    sin,
    tanh,
    tensor_names,
    walk,
)
from derivations.layer import Equation, Layer, Range, Tensor
from derivations.notation import Reader
from derivations.practice.wrong_rules import mistaken
from derivations.proof import inline
from derivations.ranges import Known
from derivations.schedule import users

Form = tuple[str, sp.Expr]
LONGEST_SHOWN = 100


@dataclass(frozen=True)
class Truth:
    """The truth in one of its forms, and the letters of an answer: its own, and those that it has too many."""

    form: sp.Expr
    left: sp.Expr
    ranges: Mapping[sp.Symbol, Range]
    extra: tuple[sp.Symbol, ...]
    layer: Layer
    names: frozenset[str]  # that the answer uses
    of_scalars: bool
    answer_sums: bool = True  # whether the answer has a sum in it

    @property
    def letters(self) -> tuple[sp.Symbol, ...]:
        """The letters of the left side."""
        return tuple(i for i in entry_indices(self.left) if isinstance(i, sp.Symbol))

    def size(self, letter: sp.Symbol) -> sp.Expr:
        """How many values a letter of the answer takes."""
        low, high = self.ranges[letter]
        return high - low + 1

    def text(self, part: sp.Expr) -> str:
        """A part of it, as it can be typed; long ones are cut."""
        from derivations.render.plain import plain

        shown = plain(name_bounds(part, frozenset(i.name for i in self.letters)), self.letters)
        return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."

    def with_part(self, part: sp.Basic, other: sp.Basic) -> sp.Expr:
        """The form with one part replaced, wherever it stands."""
        return self.form.xreplace({part: other})

    @cached_property
    def parts(self) -> tuple[sp.Basic, ...]:
        """The parts that are values: not the indices, and not the conditions."""
        found: dict[sp.Basic, None] = {}
        todo: list[sp.Basic] = [self.form]
        while todo:
            node = todo.pop()
            found[node] = None
            if isinstance(node, sp.Sum):
                todo.append(node.function)
            elif isinstance(node, Where):
                todo.extend(node.args[1:])
            elif not isinstance(node, sp.Indexed | Bracket | sp.KroneckerDelta | sp.Tuple):
                todo.extend(reversed(node.args))
        return tuple(found)

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """Every tensor and cotangent by name."""
        reader = Reader.about(self.layer)
        return {**reader.tensors, **reader.cotangents}

    @cached_property
    def bare(self) -> sp.Expr:
        """The form without what is written down for places outside of a tensor."""

        def visit(node: sp.Basic) -> sp.Basic:
            if isinstance(node, sp.KroneckerDelta) and _starts(node):
                return sp.S.Zero
            if isinstance(node, Bracket) and _compares_whole_numbers(node):
                return sp.S.One
            if not node.args or isinstance(node, sp.Indexed | sp.Tuple):
                return node
            return node.func(*(visit(part) for part in node.args))

        return visit(self.form)

    def guarded(self, expression: sp.Expr) -> sp.Expr:
        """An expression with everything written down again for places outside of a tensor."""
        return Reader.about(self.layer).guard(expression, Known.of(self.layer, self.ranges))


def _starts(delta: sp.KroneckerDelta) -> bool:
    """Whether this picks the first step of a recurrence."""
    return 0 in delta.args and any(isinstance(side, sp.Symbol) for side in delta.args)


def _compares_whole_numbers(bracket: Bracket) -> bool:
    return isinstance(bracket.args[0], sp.Ge | sp.Le) and bracket.args[0].lhs.is_integer is True


def wrong_forms(truth: Truth, first: bool = True) -> Iterator[Form]:
    """All of them, likelier ones first; those that do not depend on the form of the truth only where `first` is so."""
    for family in _FAMILIES:
        if first or family not in _OF_THE_LAYER:
            yield from family(truth)


# ------------------------------------------------------------------------------------------ sums


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


# ------------------------------------------------------------------------------------------ terms and factors


def missing_terms(truth: Truth) -> Iterator[Form]:
    """A term is dropped, or has the wrong sign."""
    for node in truth.parts:
        if isinstance(node, sp.Add):
            for term in node.args:
                within = "" if node == truth.form else f" in {truth.text(node)}"
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
            if factor.is_number or not factor.free_symbols:
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


def lost_inner_derivatives(truth: Truth) -> Iterator[Form]:
    """The chain rule without its inner derivative, or with an outer function that is not differentiated."""
    variable = sp.Symbol(entry_name(truth.left).removeprefix("d"), real=True)
    if not truth.of_scalars or variable.name not in truth.layer.by_name:
        return
    for output in truth.layer.outputs:
        whole = inline(output[()], truth.layer.equations)
        for node in walk(whole):
            inner = node.base if isinstance(node, sp.Pow) else node.args[0] if isinstance(node, Elementary) else None
            if inner is None or inner == variable or not inner.has(variable) or not _is_plain(node):
                continue
            hole, place = sp.Dummy("f", real=True), sp.Dummy("g", real=True)
            around = whole.xreplace({node: hole})
            outer = around.diff(hole).xreplace({hole: node})
            other = around.diff(variable).xreplace({hole: node})
            slope = node.xreplace({inner: place}).diff(place).xreplace({place: inner})
            moved = inner.diff(variable)
            lost = f"the inner derivative is missing: {truth.text(inner)} has the derivative {truth.text(moved)}"
            yield lost, other + outer * slope
            kept = f"the outer function is not differentiated: {truth.text(node)} has the slope {truth.text(slope)}"
            yield kept, other + outer * node * moved
            inside = f"the slope of the outer function belongs at {truth.text(inner)}, not at its derivative"
            yield inside, other + outer * slope.xreplace({inner: moved})


def _is_plain(node: sp.Expr) -> bool:
    return not isinstance(node, sp.Pow) or bool(node.exp.is_number)


def wrong_products(truth: Truth) -> Iterator[Form]:
    """The derivative of a product taken as the product of the derivatives."""
    variable = sp.Symbol(entry_name(truth.left).removeprefix("d"), real=True)
    if not truth.of_scalars or variable.name not in truth.layer.by_name:
        return
    for output in truth.layer.outputs:
        whole = inline(output[()], truth.layer.equations)
        for node in walk(whole):
            moving = [f for f in sp.Mul.make_args(node) if f.has(variable)]
            if isinstance(node, sp.Mul) and len(moving) > 1:
                hole = sp.Dummy("f", real=True)
                around = whole.xreplace({node: hole})
                outer, other = around.diff(hole).xreplace({hole: node}), around.diff(variable).xreplace({hole: node})
                still = sp.Mul(*(f for f in node.args if not f.has(variable)))
                said = "the derivative of a product is no product of derivatives: it is f'*g + f*g'"
                yield said, other + outer * still * sp.Mul(*(f.diff(variable) for f in moving))


def exponents(truth: Truth) -> Iterator[Form]:
    """A power that is off by one, or by a half."""
    for node in truth.parts:
        powers = [node] if isinstance(node, sp.Pow) and node.exp.is_Rational else []
        for power in powers:
            for step in (1, -1, sp.Rational(1, 2), -sp.Rational(1, 2)):
                wrong, right = truth.text(power.exp + step), truth.text(power.exp)
                said = f"the exponent of {truth.text(power.base)} is {wrong}, and {right} belongs there"
                yield said, truth.with_part(power, power.base ** (power.exp + step))
    variables = [p for p in truth.parts if isinstance(p, sp.Indexed | sp.Symbol) and not p.is_integer]
    for node in variables if truth.of_scalars else ():
        yield f"the exponent of {truth.text(node)} is too large by 1", truth.form * node


# ------------------------------------------------------------------------------------------ tensors and their indices


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


# ------------------------------------------------------------------------------------------ functions


def other_slopes(truth: Truth) -> Iterator[Form]:
    """The derivative of another activation: sigmoid's y*(1 - y), tanh's 1 - y**2, a step, a cosine."""
    for node in truth.parts:
        for name, slope, value in _slopes_in(node):
            for other, form in _SLOPES.items():
                if other != name and (other, name) != ("relu", "sigmoid"):  # what is positive has no bracket
                    said = f"this is the derivative of {other}: that of {name} is {truth.text(slope)}"
                    yield said, truth.with_part(node, node / slope * form(value))
    for node in truth.parts:
        if isinstance(node, Elementary):
            for other_function, said in _CONFUSED.get(node.func, ()):
                yield said, truth.with_part(node, other_function(node.args[0]))


def forgotten_functions(truth: Truth) -> Iterator[Form]:
    """What stands inside of a function in the place of its value."""
    for node in truth.parts:
        if isinstance(node, Elementary):
            said = f"{truth.text(node.args[0])} stands where {truth.text(node)} belongs"
            yield said, truth.with_part(node, node.args[0])


def branches(truth: Truth) -> Iterator[Form]:
    """A case distinction with its branches or its condition turned around, with one case alone, or with another edge."""
    for node in truth.parts:
        if not isinstance(node, Where | Bracket):
            continue
        condition, (yes, no) = node.args[0], node.args[1:] if isinstance(node, Where) else (sp.S.One, sp.S.Zero)
        shown = truth.text(condition)
        turned = {relation: relation.reversedsign for relation in condition.atoms(*_REVERSED)}
        edged = {relation: _with_other_edge(relation) for relation in condition.atoms(*_REVERSED)}
        if not turned:
            continue
        yield (
            f"the cases are turned around: which is which, {shown} says",
            truth.with_part(node, Where(condition, no, yes)),
        )
        for relation, other in edged.items():
            edge = f"where {truth.text(relation.lhs)} = {truth.text(relation.rhs)}, {shown} {'holds' if isinstance(relation, sp.Ge | sp.Le) else 'does not hold'}"
            yield (
                f"it is right but on the edge: {edge}",
                truth.with_part(node, Where(condition.xreplace({relation: other}), yes, no)),
            )
        if isinstance(node, Where):
            yield f"there are two cases: yours is the one where {shown}", truth.with_part(node, yes)
            yield f"there are two cases: yours is not the one where {shown}", truth.with_part(node, no)
            yield f"the case where {shown} is missing", truth.with_part(node, Where(condition, sp.S.Zero, no))
            yield (
                f"the case where {shown} does not hold is missing",
                truth.with_part(node, Where(condition, yes, sp.S.Zero)),
            )


_REVERSED = (sp.Gt, sp.Ge, sp.Lt, sp.Le)


def _with_other_edge(relation: sp.Rel) -> sp.Rel:
    """The relation that differs where both sides are equal."""
    other = {sp.Gt: sp.Ge, sp.Ge: sp.Gt, sp.Lt: sp.Le, sp.Le: sp.Lt}
    return next(found for kind, found in other.items() if isinstance(relation, kind))(relation.lhs, relation.rhs)


def options_left_out(truth: Truth) -> Iterator[Form]:
    """An option forgotten, which is as if it were 0 or 1, or taken with the other sign."""
    for option in truth.layer.options:
        for form, known in ((truth.form, False), (truth.bare, True)):
            if form.has(option.symbol) and (known or form != truth.bare or not option.integer):
                name = option.name
                without = [(f"{name} is left out: your answer is right where it is {n}", n) for n in (0, 1)]
                for said, value in (*without, (f"the sign of {name} is wrong", -option.symbol)):
                    other = form.xreplace({option.symbol: sp.sympify(value)})
                    if not other.has(sp.zoo, sp.nan):
                        yield said, truth.guarded(other) if known else other


def wrong_rules(truth: Truth) -> Iterator[Form]:
    """A rule of differentiation got wrong."""
    variable = sp.Symbol(entry_name(truth.left).removeprefix("d"), real=True)
    if not truth.of_scalars or variable.name not in truth.layer.by_name:
        return
    for output in truth.layer.outputs:
        with suppress(ValueError, TooHardError):  # no rule is known for a function with a kink
            yield from mistaken(inline(output[()], truth.layer.equations), variable)


def slopes_of_the_layer(truth: Truth) -> Iterator[Form]:
    """For a layer that works entry by entry: the derivative of another one, in terms of its input or of its output."""
    layer = truth.layer
    if len(layer.equations) != 1 or len(layer.inputs) != 1 or len(layer.outputs) != 1:
        return
    if truth.of_scalars:
        return
    (tensor,), (output,) = layer.inputs, layer.outputs
    if entry_name(truth.left) != f"d{tensor.name}" or output.sizes != tensor.sizes or truth.form.has(sp.Sum):
        return
    above = Tensor(f"d{output.name}")[truth.letters]
    for source in (tensor, output):
        value = source[truth.letters]
        for name, form in _SLOPES.items():
            yield f"this is the derivative of {name}, with {source.name} for its value", above * form(value)
        for name, function in _VALUES.items():
            said = f"this is the derivative of {name}"
            hole = sp.Dummy("x", real=True)
            yield said, above * function(hole).diff(hole).xreplace({hole: value})


def _slopes_in(node: sp.Basic) -> Iterator[tuple[str, sp.Expr, sp.Expr]]:
    """The derivatives of activations that stand in a product, in terms of their values."""
    for factor in sp.Mul.make_args(node):
        if isinstance(factor, sp.Add) and len(factor.args) == 2 and sp.S.One in factor.args:
            rest = factor - 1
            if (-rest).is_Pow and (-rest).exp == 2:
                yield "tanh", factor, (-rest).base
            elif -rest in sp.Mul.make_args(node):
                yield "sigmoid", factor * -rest, -rest


_SLOPES = {
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y**2,
    "relu": lambda y: Bracket(y > 0),
    "exp": lambda y: y,
}
_VALUES = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softplus": lambda x: log(1 + exp(x)),
    "sin": sin,
    "cos": cos,
    "log": log,
}
_CONFUSED: Mapping[type, Sequence[tuple[type, str]]] = {
    sin: ((cos, "cos stands where sin belongs"),),
    cos: ((sin, "sin stands where cos belongs"),),
    sigma_prime: ((sigma, "sigma stands where its derivative sigma_prime belongs"),),
    sigma: ((sigma_prime, "sigma_prime stands where sigma belongs"),),
    sigmoid: ((tanh, "tanh stands where sigmoid belongs"),),
    tanh: ((sigmoid, "sigmoid stands where tanh belongs"),),
    log: ((exp, "exp stands where log belongs"),),
    exp: ((log, "log stands where exp belongs"),),
    sign: ((absolute, "abs stands where sign belongs"),),
    absolute: ((sign, "sign stands where abs belongs"),),
}

_FAMILIES = (
    missing_sums,
    extra_sums,
    transposed,
    lost_inner_derivatives,
    itself,
    missing_factors,
    wrong_products,
    missing_terms,
    signs_of_terms,
    other_tensors,
    slopes_of_the_layer,
    other_slopes,
    means,
    branches,
    options_left_out,
    wrong_rules,
    extra_factors,
    shifted,
    flipped,
    forgotten_functions,
    wrong_axes,
    other_indices,
    exponents,
)
_OF_THE_LAYER = (lost_inner_derivatives, itself, wrong_products, slopes_of_the_layer, wrong_rules)
