"""Layer, Tensor, Option, Equation, Claim: the frozen records that everything else reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from derivations.expressions import entry_indices, entry_name, tensor_entry

if TYPE_CHECKING:
    import numpy as np

Range = tuple[sp.Expr, sp.Expr]


class DerivationError(ValueError):
    """What was asked of a derivation cannot be done; the message is one line that says why."""


@dataclass(frozen=True)
class Tensor:
    """A tensor `name[sizes]`; `integer` tensors (labels, token ids, masks) lie in low..high and have no cotangent."""

    name: str
    sizes: tuple[sp.Expr, ...] = ()
    integer: bool = False
    low: sp.Expr | None = None
    high: sp.Expr | None = None
    positive: bool = False

    def __getitem__(self, indices: tuple[sp.Expr, ...]) -> sp.Expr:
        return tensor_entry(self.name, indices, integer=self.integer)

    def __str__(self) -> str:
        from derivations.render.plain import plain

        sizes = f"[{', '.join(plain(size) for size in self.sizes)}]" if self.sizes else ""
        bounds = f" in {plain(self.low)}..{plain(self.high)}" if self.low is not None and self.high is not None else ""
        return f"{self.name}{sizes}{bounds}{' > 0' if self.positive else ''}"


@dataclass(frozen=True)
class Option:
    """A hyperparameter: a number that the user chooses (lam, eps, stride, pad); it has no cotangent.

    An `integer` one lies in low..high, another between 0 and `high`, where that is not None.
    """

    name: str
    integer: bool = False
    low: sp.Expr | None = None
    high: sp.Expr | None = None
    positive: bool = False

    @property
    def symbol(self) -> sp.Symbol:
        """The option as it stands in equations."""
        negative = self.low is not None and not self.low.is_nonnegative
        return option_symbol(self.name, integer=self.integer, positive=self.positive, any_sign=negative)

    def __str__(self) -> str:
        from derivations.render.plain import plain

        if self.low is not None:
            upper = plain(self.high) if self.high is not None else ""
            return f"{self.name} in {plain(self.low)}..{upper}"
        if self.integer:
            return f"{self.name} in {int(self.positive)}.."
        if self.high is not None:
            return f"0 {'<' if self.positive else '<='} {self.name} <= {plain(self.high)}"
        return f"{self.name} {'>' if self.positive else '>='} 0"


def option_symbol(name: str, *, integer: bool, positive: bool, any_sign: bool = False) -> sp.Symbol:
    """The SymPy symbol of an option: nonnegative, or positive where the layer says so, unless it may be negative."""
    kind = {"integer": True} if integer else {"real": True}
    sign = {} if any_sign else {"positive": True} if positive else {"nonnegative": True}
    return sp.Symbol(name, **kind, **sign)


def size_symbol(name: str) -> sp.Symbol:
    """The SymPy symbol of a size: an unknown positive integer."""
    return sp.Symbol(name, integer=True, positive=True)


def rate_name(name: str, layer: Layer) -> str:
    """What the rate at which a tensor changes along a direction v is called: `vX` for X, `HvX` for its cotangent dX."""
    cotangent = name.startswith("d") and name[1:].removesuffix("_total") in layer.by_name
    return f"Hv{name[1:]}" if cotangent else f"v{name}"


@dataclass(frozen=True)
class Equation:
    """`lhs = rhs` for every value of the indices in `ranges` (index -> lowest and highest value)."""

    lhs: sp.Expr
    rhs: sp.Expr
    ranges: Mapping[sp.Symbol, Range] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """The tensor that the equation defines."""
        return entry_name(self.lhs)

    @property
    def indices(self) -> tuple[sp.Symbol, ...]:
        """The free indices, in the order of the left side."""
        return tuple(index for index in entry_indices(self.lhs) if isinstance(index, sp.Symbol))

    @cached_property
    def text(self) -> str:
        """The equation in the notation, as it can be typed."""
        from derivations.render.plain import plain

        return f"{plain(self.lhs)} = {plain(self.rhs, self.indices)}"

    @cached_property
    def latex(self) -> str:
        """The equation in LaTeX, cotangents as partial derivatives of L."""
        from derivations.render.latex import latex

        return f"{latex(self.lhs)} = {latex(self.rhs, self.indices)}"

    def __str__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"


@dataclass(frozen=True)
class Claim:
    """An equation that a book states, to be proved; `label` is what the book calls it."""

    lhs: sp.Expr
    rhs: sp.Expr
    ranges: Mapping[sp.Symbol, Range] = field(default_factory=dict, hash=False)
    label: str = ""

    @property
    def name(self) -> str | None:
        """The tensor on the left, where the left side is one entry at plain, distinct indices; else None."""
        if not isinstance(self.lhs, sp.Indexed | sp.Symbol):
            return None
        indices = entry_indices(self.lhs)
        plain = all(isinstance(i, sp.Symbol) for i in indices) and len(set(indices)) == len(indices)
        return entry_name(self.lhs) if plain else None

    @cached_property
    def text(self) -> str:
        """The claim in the notation."""
        from derivations.render.plain import plain

        return f"{plain(self.lhs)} = {plain(self.rhs)}"


@dataclass(frozen=True)
class Layer:
    """A layer: its tensors, and the equations that define one from another.

    `size_definitions` gives the sizes that follow from others, `boundaries` the equations that start a recurrence
    (they are already written into `equations`), `padded` the tensors that are read outside their range, as zero,
    `kinks` what is agreed at kinks and ties, `leads_to` what a reader turns to next.
    """

    name: str
    summary: str
    tensors: tuple[Tensor, ...]
    options: tuple[Option, ...]
    equations: tuple[Equation, ...]
    claims: tuple[Claim, ...] = ()
    source: str = ""
    size_definitions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict, hash=False)
    boundaries: tuple[Equation, ...] = ()
    padded: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    kinks: str = ""
    leads_to: str = ""

    def __hash__(self) -> int:
        return hash((self.name, self.equations))

    @cached_property
    def by_name(self) -> Mapping[str, Tensor]:
        """The tensors by name."""
        return {tensor.name: tensor for tensor in self.tensors}

    @cached_property
    def defined(self) -> frozenset[str]:
        """The names of the tensors that equations define."""
        return frozenset(equation.name for equation in self.equations)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The tensors that no equation defines, in the order of their declaration."""
        return tuple(tensor for tensor in self.tensors if tensor.name not in self.defined)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The tensors whose cotangents come from outside."""
        return tuple(self.by_name[name] for name in self.output_names)

    @property
    def intermediates(self) -> tuple[Tensor, ...]:
        """The tensors that are neither inputs nor outputs."""
        return tuple(t for t in self.tensors if t.name in self.defined and t.name not in self.output_names)

    @cached_property
    def size_names(self) -> tuple[str, ...]:
        """The free sizes, in the order of their appearance; sizes that follow from others are not among them."""
        options = {option.name for option in self.options}
        seen: dict[str, None] = {}
        expressions = [size for tensor in self.tensors for size in tensor.sizes] + list(self.size_definitions.values())
        bounds = [bound for t in self.tensors for bound in (t.low, t.high)]
        bounds += [bound for option in self.options for bound in (option.low, option.high)]
        for expression in [*expressions, *(bound for bound in bounds if bound is not None)]:
            for symbol in sorted(expression.free_symbols, key=str):
                if symbol.name not in options and symbol not in self.size_definitions:
                    seen[symbol.name] = None
        return tuple(seen)

    @cached_property
    def hidden_sizes(self) -> tuple[str, ...]:
        """The free sizes that the shapes of the inputs leave open, such as both of C*R, where options do not help."""
        told = {option.name for option in self.options}
        pending = [{symbol.name for symbol in size.free_symbols} for tensor in self.inputs for size in tensor.sizes]
        while found := {name for names in pending if len(names - told) == 1 for name in names - told}:
            told |= found
        return tuple(name for name in self.size_names if name not in told)

    def shape(self, name: str, sizes: Mapping[str, float]) -> tuple[int, ...]:
        """The shape of a tensor at concrete sizes (and integer options).

        Raises DerivationError for a missing size, or where a size comes out below 1.
        """
        from derivations.sizes import concrete_sizes, concrete_value

        known = concrete_sizes(self, sizes)
        return tuple(concrete_value(size, known) for size in self.by_name[name].sizes)

    def random_inputs(self, sizes: Mapping[str, float], rng: np.random.Generator) -> dict[str, Any]:
        """Random inputs and options: dyadic rationals near N(0, 1), within the declared bounds (float64, int64)."""
        from derivations.sampling import random_inputs

        return random_inputs(self, sizes, rng)

    def evaluate(self, values: Mapping[str, Any], precision: int | str = 200) -> dict[str, np.ndarray]:
        """Intermediates and outputs at concrete inputs and options; see `Derivation.evaluate` for the precisions."""
        from derivations.evaluate import evaluate_equations

        return evaluate_equations(self, self.equations, values, precision)

    def _repr_latex_(self) -> str:
        lines = r" \\ ".join(f"{eq.latex.replace('=', '&=', 1)}" for eq in self.equations)
        return f"$\\displaystyle \\begin{{aligned}} {lines} \\end{{aligned}}$"

    def _repr_html_(self) -> str:
        from derivations.render.html import layer_html

        return layer_html(self)
