"""Reverse mode over a layer's equations: for every input, a derivation in justified steps.

For each tensor V, in reverse order,

    dV[a] = sum over the equations E that use V, sum over E's indices e, of  dE[e] * (partial E[e] / partial V[a])

(the chain rule over a computation graph; Griewank and Walther, 2008, Evaluating Derivatives, ch. 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import sympy as sp

from derivations.calculus import (
    Contraction,
    cancelled,
    canonical,
    contract_next,
    cost,
    derivative,
    name_bounds,
    named_bounds,
    pull_constants,
    substitute,
    sum_over,
    tidy,
    use_deltas,
)
from derivations.expressions import (
    entries,
    entry_indices,
    index,
    tensor_names,
    walk,
    with_fresh_bounds,
    with_own_bounds,
)
from derivations.layer import Claim, DerivationError, Equation, Layer, Range, Tensor
from derivations.ranges import Known
from derivations.recognition import recognise, with_forward_value
from derivations.render.unicode import unicode
from derivations.schedule import schedule, totals, users

if TYPE_CHECKING:
    import numpy as np

    from derivations.proof import Proof


class Partial(sp.Function):
    """`∂E[e]/∂V[a]`, before anything is known of it."""

    nargs = 2
    is_real = True
    is_commutative = True


@dataclass(frozen=True)
class Step:
    """One line of a derivation: the rule, the line before and after it, and why it holds."""

    target: str
    rule: str
    because: str
    before_expression: sp.Expr
    after_expression: sp.Expr
    layer: Layer
    ranges: Mapping[sp.Symbol, Range] = field(hash=False)
    given: tuple[Equation, ...] = ()

    @cached_property
    def before(self) -> str:
        """The line before, in the notation."""
        return _text(self.before_expression, tuple(self.ranges))

    @cached_property
    def after(self) -> str:
        """The line after, in the notation."""
        return _text(self.after_expression, tuple(self.ranges))

    @cached_property
    def proof(self) -> Proof:
        """Whether before and after are the same function."""
        from derivations.proof import Proof, prove

        if self.rule in AXIOMS:
            return Proof(True, AXIOMS[self.rule], for_all_sizes=True)
        if self.rule in WITNESSED:
            from derivations import witness

            return witness.BY_RULE[self.rule](self)
        return prove(self.before_expression, self.after_expression, self.layer, self.ranges, self.given)

    def _repr_latex_(self) -> str:
        from derivations.render.latex import latex

        return f"$\\displaystyle {latex(self.before_expression)} = {latex(self.after_expression)}$"

    def _repr_html_(self) -> str:
        from derivations.render.html import step_html

        return step_html(self)


def _text(expression: sp.Expr, first: tuple[sp.Symbol, ...] = ()) -> str:
    from derivations.render.plain import plain

    return plain(expression, first)


AXIOMS = {
    "chain rule": "a theorem of calculus: the chain rule over the equations that use the tensor",
    "cotangent from outside": "the definition of a cotangent",
    "nothing depends on it": "no equation uses the tensor",
}
LARGEST_DERIVATION = 10_000  # parts of all derivatives together; no layer of the catalogue has a tenth as many
WITNESSED = ("differentiate", "differentiate along v")  # what power series vouch for


@dataclass(frozen=True)
class Derivation:
    """A layer's backward equations, and the steps that lead to them."""

    layer: Layer
    cotangents: Mapping[str, Equation]
    intermediate_cotangents: Mapping[str, Equation]
    steps: tuple[Step, ...]

    @property
    def output_cotangents(self) -> tuple[str, ...]:
        """The cotangents that come from outside, such as dY."""
        return tuple(f"d{name}" for name in self.layer.output_names)

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """The layer's equations and every cotangent's."""
        return (*self.layer.equations, *self.intermediate_cotangents.values(), *self.cotangents.values())

    @cached_property
    def given(self) -> tuple[Tensor, ...]:
        """The cotangents from outside, as tensors."""
        return tuple(Tensor(f"d{t.name}", t.sizes) for t in self.layer.outputs)

    def evaluate(self, values: Mapping[str, Any], precision: int | str = 200) -> dict[str, np.ndarray]:
        """Every intermediate, output and cotangent at concrete values: the exact oracle.

        `values` maps inputs, options and output cotangents to arrays or numbers; floats are taken exactly.
        `precision`: bits (object arrays of flint.arb balls), "exact" (object arrays of Fractions) or "float64".
        Raises DerivationError for missing values, shapes that clash, or functions that leave the rationals.
        """
        from derivations.evaluate import evaluate_equations

        return evaluate_equations(self.layer, self.equations, values, precision, given=self.given)

    def evaluate_entries(
        self, values: Mapping[str, Any], wanted: Mapping[str, Any], precision: int | str = 200
    ) -> dict[str, np.ndarray]:
        """Some entries of some tensors, with only the terms that they need: for layers of any size.

        `wanted` maps names to lists of entries, `{"dW": [(3, 5), (0, 0)]}`; the results are one number for each. The
        rest is as for `evaluate`. Raises DerivationError for entries outside a tensor as well.
        """
        from derivations.evaluate import evaluate_entries

        return evaluate_entries(self.layer, self.equations, values, wanted, precision, given=self.given)

    def evaluate_terms(self, name: str, values: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
        """The terms that a cotangent is the sum of, each with its text, in float64."""
        from derivations.evaluate import evaluate_equations

        equation = self.cotangents[name]
        tail = [e for e in self.equations if e is not equation]
        terms = []
        for term in sp.Add.make_args(sp.expand_mul(equation.rhs, deep=False)):
            part = Equation(equation.lhs, term, equation.ranges)
            terms.append(
                (
                    part.text.partition("= ")[2],
                    evaluate_equations(self.layer, [*tail, part], values, "float64", given=self.given)[name],
                )
            )
        return terms

    def kinks(self, values: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
        """How far the arguments of maximum, minimum, abs, where and max are from their kinks and ties, in float64."""
        from derivations.kinks import kinks

        return kinks(self.layer, values)

    @cached_property
    def claims(self) -> tuple[tuple[Claim, Proof], ...]:
        """What the textbook states of the tensors and of the cotangents derived here, with proof or counterexample."""
        from derivations.proof import prove_claim

        unknown = {f"d{t.name}{end}" for t in self.layer.tensors for end in ("", "_total")}
        unknown -= {*self.output_cotangents, *(equation.name for equation in self.equations)}
        about = [c for c in self.layer.claims if not any(any(entries(c.lhs - c.rhs, name)) for name in unknown)]
        return tuple((claim, prove_claim(claim, self)) for claim in about)

    @cached_property
    def witness(self) -> Proof:
        """The whole derivation against the true derivative, by forward-mode power series of balls."""
        from derivations.witness import enclosed

        return enclosed(self)

    def numpy(self) -> str:
        """NumPy source of `forward(...)` and `backward(...)`."""
        from derivations.render.numpy_source import numpy_source

        return numpy_source(self)

    def _repr_latex_(self) -> str:
        lines = r" \\ ".join(eq.latex.replace("=", "&=", 1) for eq in self.cotangents.values())
        return f"$\\displaystyle \\begin{{aligned}} {lines} \\end{{aligned}}$"

    def _repr_html_(self) -> str:
        from derivations.render.html import derivation_html

        return derivation_html(self)


def derive(what: str | Layer, wrt: str | Sequence[str] | None = None) -> Derivation:
    """Derive a layer's cotangents: `derive("linear")`, `derive(layer(...))`, `derive("linear", wrt="W")`.

    Raises DerivationError for an unknown layer or tensor.
    """
    if isinstance(what, str):
        from derivations import LAYERS
        from derivations.catalogue import find

        what = find(what, LAYERS)
    targets = [wrt] if isinstance(wrt, str) else list(wrt) if wrt is not None else None
    return _derive(what, tuple(targets) if targets is not None else None)


@lru_cache(maxsize=256)
def _derive(layer: Layer, wrt: tuple[str, ...] | None) -> Derivation:
    from derivations.sampling import require_evaluable

    real = [t.name for t in layer.inputs if not t.integer]
    for name in wrt or ():
        if name not in real:
            if name in layer.by_name and layer.by_name[name].integer:
                raise DerivationError(f"{layer.name}: {name} is an integer tensor; it has no derivative")
            raise DerivationError(f"{layer.name} has no input {name!r}; it has {', '.join(real)}")
    _check_length(layer)
    require_evaluable(layer)
    return _Backward(layer).run(list(wrt) if wrt is not None else real)


def _check_length(layer: Layer) -> None:
    """Every equation is differentiated once with respect to every tensor in it."""
    parts = sum(len(tensor_names(e.rhs)) * sum(1 for _ in walk(e.rhs)) for e in layer.equations)
    if parts > LARGEST_DERIVATION:
        raise DerivationError(
            f"{layer.name}: the derivatives of its equations have about {parts} parts; at most {LARGEST_DERIVATION} "
            "are worked with: make several layers of it"
        )


class _Backward:
    """One run of reverse mode; collects the cotangents' equations and the steps."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.found: dict[str, Equation] = {}
        self.steps: dict[str, list[Step]] = {}
        self._stepwise: set[str] = set()

    def run(self, targets: list[str]) -> Derivation:
        needed = _on_the_way(self.layer, targets)
        order = [equation.name for group in schedule(self.layer.equations) for equation in group.equations]
        for name in [*reversed(order), *targets]:
            if name in needed or name in targets:
                self._cotangent(name)
        found = [*self.layer.equations, *self.found.values()]
        self._stepwise = {e.name for g in schedule(found) if g.axis is not None for e in g.equations}
        for name in [n for n in self.found if n not in targets] + targets:
            self._shorten(name, targets)
        for name in self.found:
            self._textbook_form(name)
        kept = self._still_needed(targets)
        cotangents = {f"d{name}": self._named(name) for name in targets}
        intermediate = {self._cotangent_name(n): self._named(n) for n in self.found if n in kept and n not in targets}
        steps = tuple(step for name in self.found for step in self.steps.get(name, []))
        return Derivation(self.layer, cotangents, intermediate, steps)

    # names

    def _cotangent_name(self, name: str) -> str:
        return f"d{name}_total" if name in totals(self.layer) else f"d{name}"

    def _entry(self, name: str, indices: Iterable[sp.Expr]) -> sp.Expr:
        return Tensor(self._cotangent_name(name))[tuple(indices)]

    def _named(self, name: str) -> Equation:
        equation = self.found[name]
        return Equation(equation.lhs, name_bounds(equation.rhs, taken_names(equation.lhs, self.layer)), equation.ranges)

    def _indices_for(self, tensor: Tensor) -> tuple[sp.Symbol, ...]:
        """The letters that the layer itself uses for a tensor's indices, else the small letters of its sizes."""
        for equation in self.layer.equations:
            if equation.name == tensor.name:
                return equation.indices
        small = [size.name.lower() if isinstance(size, sp.Symbol) else "" for size in tensor.sizes]
        written = []
        for equation in self.layer.equations:
            ranges = Known(equation.ranges).within(equation.rhs).indices
            full = {i: size for i, (_, high) in ranges.items() for size in [high + 1]}
            written += [
                [
                    i.name if full.get(i) == size else ""
                    for i, size in zip(entry_indices(entry), tensor.sizes, strict=True)
                ]
                for entry in entries(equation.rhs, tensor.name)
            ]
        plain = [names for names in written if all(names) and len(set(names)) == len(names)]
        if plain:
            best = max(plain, key=lambda names: sum(a == b for a, b in zip(names, small, strict=True)))
            return tuple(index(name) for name in best)
        chosen: list[str] = []
        spare = (letter for letter in "ijklmpqrsuvw")
        for size in tensor.sizes:
            letter = size.name.lower() if isinstance(size, sp.Symbol) else ""
            taken = {*chosen, *self.layer.by_name, *(option.name for option in self.layer.options)}
            while not letter or letter in taken:
                letter = next(spare)
            chosen.append(letter)
        return tuple(index(letter) for letter in chosen)

    # one cotangent

    def _cotangent(self, name: str) -> None:
        tensor = self.layer.by_name[name]
        indices = self._indices_for(tensor)
        ranges = {i: (sp.S.Zero, size - 1) for i, size in zip(indices, tensor.sizes, strict=True)}
        known = Known.of(self.layer, ranges)
        here = tensor[indices]
        left = self._entry(name, indices)
        consumers = users(self.layer.equations, name)
        outside = sp.S.Zero
        if name in self.layer.output_names:
            if not consumers:
                return  # its cotangent is given
            outside = Tensor(f"d{name}")[indices]
        pen = Pen(name, self.layer, ranges, self.steps.setdefault(name, []), left)
        before, after, recognised = outside, outside, outside
        touched = []
        for equation in consumers:
            fresh = {i: sp.Dummy(i.name, integer=True) for i in equation.indices}
            rhs = with_fresh_bounds(equation.rhs).xreplace(fresh)
            lhs = equation.lhs.xreplace(fresh)
            cotangent = self._entry(equation.name, entry_indices(lhs))
            limits = [sp.Tuple(fresh[i], *equation.ranges[i]) for i in reversed(equation.indices)]
            slope = derivative(rhs, here)
            own = recognise(slope, equation, known.binding(limits))
            before += sum_over(cotangent * Partial(lhs, here), *limits)
            after += sum_over(cotangent * slope, *limits)
            recognised += sum_over(cotangent * own, *limits)
            touched.append(equation.name)
        if not consumers:
            pen.write("nothing depends on it", f"no equation uses {name}, so the loss does not depend on it", sp.S.Zero)
            self.found[name] = Equation(left, sp.S.Zero, ranges)
            return
        pen.write("chain rule", _chain_sentence(name, touched), before)
        pen.write("differentiate", "take the derivative of the right side with respect to one entry", after)
        recognised = with_own_bounds(recognised)
        because = f"what stands here is {' and '.join(unicode(e.lhs) for e in consumers)} of the forward pass"
        pen.write("recognise a forward value", because, recognised, given=self.layer.equations)
        work_out(pen, recognised, known, self.layer.equations)
        self.found[name] = Equation(left, pen.line, ranges)

    def _shorten(self, name: str, targets: list[str]) -> None:
        """Substitute an intermediate cotangent where that makes the whole shorter."""
        for other in [n for n in self.found if n not in targets and n != name]:
            equation, inner = self.found[name], self.found[other]
            occurrences = sum(1 for _ in entries(equation.rhs, inner.name))
            if not occurrences or inner.name in self._stepwise:
                continue
            expression = put_in(inner, equation, self.layer)
            if cost(expression) <= cost(equation.rhs):
                pen = Pen(name, self.layer, equation.ranges, self.steps[name], equation.lhs, equation.rhs)
                pen.write(
                    "substitute a cotangent",
                    f"put in {unicode(inner.lhs)} = {self._written(inner)} and simplify",
                    expression,
                    given=(*self.layer.equations, inner),
                )
                self.found[name] = Equation(equation.lhs, expression, equation.ranges)

    def _written(self, equation: Equation) -> str:
        return unicode(name_bounds(equation.rhs, taken_names(equation.lhs, self.layer)), equation.indices)

    def _textbook_form(self, name: str) -> None:
        """Write the cotangent as the layer's claim states it, where that is proved."""
        from derivations.proof import prove

        equation = self.found[name]
        for claim in self.layer.claims:
            if claim.name != equation.name:
                continue
            renamed = dict(zip(entry_indices(claim.lhs), entry_indices(equation.lhs), strict=True))
            if any(claim.ranges[i] != equation.ranges[here] for i, here in renamed.items()):
                continue  # it tells of a part of the tensor only
            stated = with_fresh_bounds(claim.rhs).xreplace(renamed)
            if canonical(stated) == canonical(equation.rhs):
                self.found[name] = Equation(equation.lhs, stated, equation.ranges)
                return
            given = (*self.layer.equations, *(e for n, e in self.found.items() if n != name))
            if prove(equation.rhs, stated, self.layer, equation.ranges, given).holds:
                pen = Pen(name, self.layer, equation.ranges, self.steps[name], equation.lhs, equation.rhs)
                pen.write("textbook form", f"the same, as the textbook writes it{_label(claim)}", stated, given=given)
                self.found[name] = Equation(equation.lhs, stated, equation.ranges)
                return

    def _still_needed(self, targets: list[str]) -> set[str]:
        needed: set[str] = set()
        todo = list(targets)
        while todo:
            name = todo.pop()
            if name in needed or name not in self.found:
                continue
            needed.add(name)
            rhs = self.found[name].rhs
            todo += [other for other in self.found if any(entries(rhs, self.found[other].name))]
        return needed


@dataclass
class Pen:
    """Writes steps: remembers the last line, and writes nothing where nothing changed."""

    target: str
    layer: Layer
    ranges: Mapping[sp.Symbol, Range]
    steps: list[Step]
    left: sp.Expr
    line: sp.Expr | None = None

    def write(self, rule: str, because: str, after: sp.Expr, given: tuple[Equation, ...] = ()) -> None:
        """The next line, which is equal to the last one by this rule, given some equations."""
        before = self.left if self.line is None else self.line
        if self.line is not None and canonical(after) == canonical(self.line):
            self.line = after
            return
        taken = taken_names(self.left, self.layer)
        self.steps.append(
            Step(
                self.target,
                rule,
                because,
                name_bounds(before, taken),
                name_bounds(after, taken),
                self.layer,
                self.ranges,
                given,
            )
        )
        self.line = after

    def contraction_sentence(self, contraction: Contraction) -> str:
        """Which delta picks which term, in the letters of the line that it stands in."""
        _, letters = named_bounds(self.line, taken_names(self.left, self.layer))
        delta, index, value = (
            unicode(part.xreplace(letters)) for part in (contraction.delta, contraction.index, contraction.value)
        )
        return f"{delta} inside a sum picks the one term where {index} = {value}"


def work_out(pen: Pen, expression: sp.Expr, known: Known, forward: Sequence[Equation]) -> sp.Expr:
    """Write the steps from a derivative to its shortest form: deltas, constants, factors, what was computed forward."""
    while (contraction := contract_next(expression, known)) is not None:
        expression = with_own_bounds(contraction.result)
        pen.write("contract a delta", pen.contraction_sentence(contraction), expression)
    expression = canonical(pull_constants(expression))
    pen.write("pull constants out", "what does not depend on the index of a sum goes in front of it", expression)
    expression = use_deltas(expression)
    pen.write("use a delta", "beside [c = T[n]] one may write c for T[n]: where they differ, the term is 0", expression)
    expression = tidy(expression)
    pen.write("collect factors", "what all terms share goes in front of a bracket", expression)
    for equation in forward:
        short = with_forward_value(expression, equation, known)
        if short != expression:
            because = f"this is {unicode(equation.lhs)} of the forward pass"
            pen.write("recognise a forward value", because, short, given=tuple(forward))
            expression = short
    return expression


def put_in(inner: Equation, outer: Equation, layer: Layer) -> sp.Expr:
    """The right side of an equation with that of another put in, and simplified."""
    known = Known.of(layer, outer.ranges)
    expression = with_fresh_bounds(substitute(outer.rhs, inner))
    while (contraction := contract_next(expression, known)) is not None:
        expression = with_own_bounds(contraction.result)
    expression = cancelled(tidy(expression))
    for forward in layer.equations:
        expression = with_forward_value(expression, forward, known)
    return expression


def taken_names(left: sp.Expr, layer: Layer) -> frozenset[str]:
    """The names that mean something beside an equation: its free indices, the layer's tensors, sizes and options."""
    indices = {i.name for i in entry_indices(left) if isinstance(i, sp.Symbol)}
    sizes = {*layer.size_names, *(size.name for size in layer.size_definitions)}
    return frozenset(indices | set(layer.by_name) | sizes | {option.name for option in layer.options})


def _label(claim: Claim) -> str:
    return f" ({claim.label})" if claim.label else ""


def _chain_sentence(name: str, touched: list[str]) -> str:
    what = touched[0] if len(touched) == 1 else f"{', '.join(touched[:-1])} and {touched[-1]}"
    return f"every entry of {what} that an entry of {name} touches hands back its share"


def _on_the_way(layer: Layer, targets: Iterable[str]) -> set[str]:
    """The tensors that depend on one of the targets."""
    reached = set(targets)
    grown = True
    while grown:
        grown = False
        for equation in layer.equations:
            if equation.name not in reached and any(any(entries(equation.rhs, name)) for name in reached):
                reached.add(equation.name)
                grown = True
    return reached
