"""Layers made of layers: the equations of the parts, renamed and joined; none is written twice.

    compose("two_layers", "...", part(LINEAR, Y="Z"), part(RELU, X="Z", D="C"))

A tensor of one part that bears the name of a tensor of another is the same tensor. What a part's textbook claims of its
cotangents is left behind: where a tensor goes two ways, it is not all of it. What is true of the whole is claimed anew,
in the whole's names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from derivations.expressions import BINDERS, index, tensor_entry
from derivations.layer import DerivationError, Equation, Layer, Option, Range, Tensor, size_symbol
from derivations.notation import read_equation


def compose(
    name: str, summary: str, *parts: Layer, claims: Mapping[str, str] | None = None, source: str = "", kinks: str = ""
) -> Layer:
    """One layer of several, in the order in which they are computed; its output is the last part's.

    `claims` are equations about the whole, each with what it is called, or "". Raises DerivationError where two parts
    give one name to different things, or define one tensor twice, and NotationError for a claim that cannot be read.
    """
    tensors: dict[str, Tensor] = {}
    options: dict[str, Option] = {}
    definitions: dict[sp.Symbol, sp.Expr] = {}
    defined: dict[str, str] = {}
    for each in parts:
        for tensor in each.tensors:
            known = tensors.setdefault(tensor.name, tensor)
            if known.sizes != tensor.sizes or known.integer != tensor.integer:
                raise DerivationError(f"{name}: {tensor} of {each.name} is {known} elsewhere")
        for option in each.options:
            if options.setdefault(option.name, option) != option:
                raise DerivationError(f"{name}: {option} of {each.name} is {options[option.name]} elsewhere")
        for equation in each.equations:
            if equation.name in defined:
                raise DerivationError(f"{name}: {defined[equation.name]} and {each.name} both define {equation.name}")
            defined[equation.name] = each.name
        definitions |= each.size_definitions
    for size in {size for each in parts for size in _sizes(each)} & set(tensors):
        raise DerivationError(f"{name}: {size!r} is both a tensor and a size")
    whole = Layer(
        name,
        summary,
        tuple(sorted(tensors.values(), key=lambda tensor: tensor.name in defined)),
        tuple(options.values()),
        tuple(equation for each in parts for equation in each.equations),
        source=source,
        size_definitions=definitions,
        boundaries=tuple(boundary for each in parts for boundary in each.boundaries),
        padded=tuple(dict.fromkeys(padded for each in parts for padded in each.padded)),
        output_names=parts[-1].output_names,
        kinks=kinks,
    )
    read = [replace(read_equation(claim, whole), label=label) for claim, label in (claims or {}).items()]
    return replace(whole, claims=tuple(read))


def _number(value: int | sp.Expr) -> sp.Expr:
    return sp.Integer(value) if isinstance(value, int) else value


def part(layer: Layer, *, suffix: str = "", **names: str | int | sp.Expr) -> Layer:
    """A layer with its tensors, sizes and options renamed, as in `part(LINEAR, Y="Z", C="H")`.

    `suffix` goes behind the names of tensors that `names` does not mention. A size, an option or an input may also
    become a number, a size or an option an expression. Raises DerivationError for a name that the layer lacks.
    """
    unknown = set(names) - {t.name for t in layer.tensors} - {o.name for o in layer.options} - set(_sizes(layer))
    if unknown:
        raise DerivationError(f"{layer.name} has nothing called {min(unknown)!r}")
    renaming = _Renaming(layer, suffix, names)
    return replace(
        layer,
        tensors=tuple(renaming.tensor(t) for t in layer.tensors if t.name in renaming.names),
        options=tuple(
            renaming.option(option) for option in layer.options if isinstance(names.get(option.name, ""), str)
        ),
        equations=tuple(renaming.equation(equation) for equation in layer.equations),
        claims=(),
        boundaries=tuple(renaming.equation(boundary) for boundary in layer.boundaries),
        size_definitions=renaming.size_definitions(),
        padded=tuple(renaming.names[name] for name in layer.padded),
        output_names=tuple(renaming.names[name] for name in layer.output_names),
    )


def over(layer: Layer, size: str, *more: str) -> Layer:
    """The layer with further axes behind one of its axes: what it did for every n, it does for every n and t.

    Sums and means over the axis run over the new ones, too: `over(BATCH_NORM, "N", "H", "W")` takes its statistics
    over batch and places.
    """
    widening = _Widening(layer, size_symbol(size), tuple(size_symbol(name) for name in more))
    return replace(
        layer,
        tensors=tuple(replace(tensor, sizes=widening.sizes(tensor.sizes)) for tensor in layer.tensors),
        equations=tuple(Equation(widening(e.lhs), widening(e.rhs), widening.ranges(e.ranges)) for e in layer.equations),
        claims=(),
    )


def _sizes(layer: Layer) -> dict[str, sp.Symbol]:
    options = {option.symbol for option in layer.options}
    expressions = [size for tensor in layer.tensors for size in tensor.sizes]
    expressions += [*layer.size_definitions, *layer.size_definitions.values()]
    return {symbol.name: symbol for e in expressions for symbol in e.free_symbols if symbol not in options}


class _Renaming:
    """Rewrites what belongs to a layer: `names` are its tensors' new names, `symbols` stand for its symbols."""

    def __init__(self, layer: Layer, suffix: str, names: Mapping[str, str | int | sp.Expr]) -> None:
        self.layer = layer
        new = {tensor.name: names.get(tensor.name, tensor.name + suffix) for tensor in layer.tensors}
        self.names = {old: name for old, name in new.items() if isinstance(name, str)}
        self.values = {old: _number(value) for old, value in new.items() if not isinstance(value, str)}
        self.symbols: dict[sp.Symbol, sp.Expr] = {}
        for name, symbol in _sizes(layer).items():
            value = names.get(name, name)
            self.symbols[symbol] = size_symbol(value) if isinstance(value, str) else _number(value)
        for option in layer.options:
            value = names.get(option.name, option.name)
            renamed = replace(option, name=value).symbol if isinstance(value, str) else _number(value)
            self.symbols[option.symbol] = renamed
        self._settle_sizes()
        self._name_indices()

    def _settle_sizes(self) -> None:
        """A size that follows from others may come out as one of them: with R = 2*pad + 1 and stride 1, P is H."""
        for size, definition in self.layer.size_definitions.items():
            value = sp.expand(self(definition))
            if isinstance(value, sp.Symbol | sp.Integer):
                self.symbols[size] = value

    def _name_indices(self) -> None:
        """Where a size has another name, its index gets the small letter of that, unless another size has it, too."""
        new = {
            name: value.name for name, symbol in _sizes(self.layer).items() if (value := self.symbols[symbol]).is_Symbol
        }
        taken = Counter(new.values())
        letters = {old.lower(): name.lower() for old, name in new.items() if taken[name] == 1}
        self.symbols |= {index(old): index(name) for old, name in letters.items()}
        bound = {node for e in self.layer.equations for node in e.rhs.atoms(sp.Dummy) if node.name in letters}
        self.symbols |= {node: sp.Dummy(letters[node.name], integer=True) for node in bound}

    def __call__(self, node: sp.Basic) -> sp.Basic:
        name = node.base.name if isinstance(node, sp.Indexed) else node.name if isinstance(node, sp.Symbol) else ""
        if node in self.symbols:
            return self.symbols[node]
        if name in self.values:
            return self.values[name]
        if isinstance(node, sp.Indexed) or (not node.is_integer and name in self.names):
            indices = node.indices if isinstance(node, sp.Indexed) else ()
            integer = name in self.layer.by_name and self.layer.by_name[name].integer
            return tensor_entry(self.names[name], [self(i) for i in indices], integer=integer)
        return node.func(*(self(argument) for argument in node.args)) if node.args else node

    def tensor(self, tensor: Tensor) -> Tensor:
        low, high = (None if end is None else self(end) for end in (tensor.low, tensor.high))
        sizes = tuple(sp.expand(self(size)) for size in tensor.sizes)
        return replace(tensor, name=self.names[tensor.name], sizes=sizes, low=low, high=high)

    def option(self, option: Option) -> Option:
        low, high = (None if end is None else self(end) for end in (option.low, option.high))
        return replace(option, name=self.symbols[option.symbol].name, low=low, high=high)

    def equation(self, equation: Equation) -> Equation:
        return Equation(self(equation.lhs), self(equation.rhs), self._ranges(equation.ranges))

    def size_definitions(self) -> dict[sp.Symbol, sp.Expr]:
        return {
            self.symbols[size]: self(definition)
            for size, definition in self.layer.size_definitions.items()
            if self.symbols[size] not in {sp.expand(self(definition))}
        }

    def _ranges(self, ranges: Mapping[sp.Symbol, Range]) -> dict[sp.Symbol, Range]:
        return {self(i): (self(low), sp.expand(self(high))) for i, (low, high) in ranges.items()}


class _Widening:
    """Puts further indices behind every index that runs over one size."""

    def __init__(self, layer: Layer, size: sp.Symbol, more: tuple[sp.Symbol, ...]) -> None:
        self.layer, self.size, self.more = layer, size, more
        self.behind: dict[sp.Symbol, tuple[sp.Symbol, ...]] = {}

    def sizes(self, sizes: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
        return tuple(new for size in sizes for new in ((size, *self.more) if size == self.size else (size,)))

    def ranges(self, ranges: Mapping[sp.Symbol, Range]) -> dict[sp.Symbol, Range]:
        return dict(each for i, (low, high) in ranges.items() for each in self._axes(i, low, high))

    def _axes(self, i: sp.Symbol, low: sp.Expr, high: sp.Expr) -> list[tuple[sp.Symbol, Range]]:
        added = zip(self._behind(i), self.more, strict=True) if high == self.size - 1 else ()
        return [(i, (low, high)), *((also, (low, size - 1)) for also, size in added)]

    def _behind(self, i: sp.Symbol) -> tuple[sp.Symbol, ...]:
        """The small letters of the new sizes; a bound index gets bound ones of its own."""
        if i not in self.behind:
            make = sp.Dummy if isinstance(i, sp.Dummy) else sp.Symbol
            self.behind[i] = tuple(make(size.name.lower(), integer=True) for size in self.more)
        return self.behind[i]

    def __call__(self, node: sp.Basic) -> sp.Basic:
        if isinstance(node, sp.Indexed):
            name = node.base.name
            tensor = self.layer.by_name[name]
            indices: list[sp.Expr] = []
            for i, size in zip(node.indices, tensor.sizes, strict=True):
                indices += [i, *self._behind(i)] if size == self.size else [i]
            return tensor_entry(name, indices, integer=tensor.integer)
        if node == self.size:
            return sp.Mul(self.size, *self.more)
        if isinstance(node, BINDERS):
            limits = [(i, *ends) for limit in node.limits for i, ends in self._axes(*limit)]
            return node.func(self(node.function), *limits)
        return node.func(*(self(argument) for argument in node.args)) if node.args else node
