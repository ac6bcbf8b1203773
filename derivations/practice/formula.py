"""Ordinary formulas: the functions that people use and the notation has not, written with those that it has."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sympy as sp

from derivations.expressions import BINDERS, CHOICES, ELEMENTARY, cos, exp, log, maximum, sin, walk
from derivations.layer import Layer
from derivations.lines import Line, NotationError
from derivations.proof import LONGEST
from derivations.ranges import Known
from derivations.scope import FUNCTIONS, Binding, Scope

# What each of them is, as a text-book says.
REWRITTEN: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "ln": log,
    "tan": lambda x: sin(x) / cos(x),
    "cot": lambda x: cos(x) / sin(x),
    "sec": lambda x: 1 / cos(x),
    "csc": lambda x: 1 / sin(x),
    "sinh": lambda x: (exp(x) - exp(-x)) / 2,
    "cosh": lambda x: (exp(x) + exp(-x)) / 2,
    "relu": lambda x: maximum(x, sp.S.Zero),
    "softplus": lambda x: log(1 + exp(x)),
    "square": lambda x: x**2,
}
EULER = exp(sp.S.One)
MOST_LETTERS = 12  # indices that are in use at once


@dataclass
class FormulaScope(Scope):
    """A scope that knows more functions than the notation, and Euler's number where `with_euler` says so."""

    with_euler: bool = False
    # What has to have a value wherever the expression has one, though SymPy may cancel it: 1/x in x/x.
    needed: list[tuple[sp.Expr, tuple[Binding, ...]]] = field(default_factory=list)

    def expression(self, tree: ast.expr, line: Line) -> sp.Expr:
        """The value of a syntax tree that was read from a line. Raises NotationError."""
        self.line = line
        try:
            return self.short(self.value(tree), tree)
        except RecursionError:
            raise line.error("the expression is nested too deeply to be read") from None

    def short(self, value: sp.Expr, node: ast.expr) -> sp.Expr:
        """The value, where it is not too long to be worked with; what occurs twice counts twice."""
        for count, _ in enumerate(walk(value)):
            if count > LONGEST:
                raise self.error(f"written out, this has more than {LONGEST} parts", node)
        if nesting(value) > MOST_LETTERS:
            raise self.error(f"more than {MOST_LETTERS} indices are in use at once", node)
        return value

    def _call(self, node: ast.Call) -> sp.Expr:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        known = name in REWRITTEN or name in FUNCTIONS
        if name and not known and self.is_declared(name):
            raise self.error(f"{name!r} is no function: a product needs its sign, as in {name}*(...)", node)
        if name not in REWRITTEN or self.is_declared(name):
            if name and not known:
                raise self.error(
                    f"there is no function {name!r}; there are {', '.join(sorted({*FUNCTIONS, *REWRITTEN}))}", node
                )
            return super()._call(node)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.error(f"{name} takes one plain argument", node)
        return self.applied(name, [self.value(argument) for argument in node.args], node)

    def applied(self, name: str, arguments: Sequence[sp.Expr], node: ast.Call) -> sp.Expr:
        """A function of values, those included that the notation has not."""
        wanted = 2 if name in CHOICES else 1
        if len(arguments) != wanted:
            raise self.error(f"{name} takes {wanted} argument{'s' * (wanted > 1)}, got {len(arguments)}", node)
        if name not in REWRITTEN:
            value = super().applied(name, arguments, node)
            if name in {"sqrt", "log"}:
                self._need(value)
            return value
        value = self._defined(REWRITTEN[name](*arguments), node)
        if name == "ln":
            self._need(value)
        return self.short(value, node)

    def operated(self, node: ast.BinOp, left: sp.Expr, right: sp.Expr) -> sp.Expr:
        """Two values joined by an operator; what divides is remembered."""
        if isinstance(node.op, ast.Div) and right != 0:
            self._need(1 / right)
        return super().operated(node, left, right)

    def _need(self, part: sp.Expr) -> None:
        if not self.in_where and not part.is_number:
            self.needed.append((part, tuple(self.bindings.values())))

    def _unify(self, argument: ast.Name, size: sp.Expr, node: ast.Subscript) -> None:
        binding = self.bindings.get(argument.id)
        if binding is not None and binding.size is not None and binding.size != size:
            layer = Layer("", "", (), (), (), size_definitions=self.reader.size_definitions)
            known = Known.of(layer, {binding.symbol: (sp.S.Zero, binding.size - 1)})
            if all(known.inside(binding.symbol, sp.S.Zero, size - 1)):
                return  # a letter of the left side that reaches a part of a longer axis
        try:
            super()._unify(argument, size, node)
        except NotationError as error:
            hint = f"; write 0 + {argument.id} where a part of it is meant"
            raise NotationError(error.message + hint, error.line, error.column) from None

    def is_declared(self, name: str) -> bool:
        """Whether the problem has something of this name."""
        reader = self.reader
        return any(name in names for names in (reader.tensors, reader.options, reader.sizes, reader.cotangents))

    def _name(self, node: ast.Name) -> sp.Expr:
        if node.id in ("e", "E") and self.with_euler and not self.is_declared(node.id):
            return EULER
        if node.id in REWRITTEN and not self.is_declared(node.id):
            raise self.error(f"{node.id!r} is a function: write {node.id}(...)", node)
        return super()._name(node)

    def _unknown(self, name: str) -> str:
        if self.free:
            return super()._unknown(name)
        for function in (*REWRITTEN, *ELEMENTARY):
            if name in {f"{function}{tensor}" for tensor in self.reader.tensors}:
                return f"a function needs its brackets: write {function}({name.removeprefix(function)})"
        known = (*self.reader.tensors, *self.reader.options, *self.reader.sizes)
        return f"{name!r} is not known here; there are {', '.join(sorted(known))}"

    def _power(self, node: ast.BinOp, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if base == EULER:
            return exp(exponent)
        power = super()._power(node, base, exponent)
        if exponent.is_number and not (exponent.is_Integer and exponent.is_positive):
            self._need(power)
        return power


def nesting(value: sp.Basic) -> int:
    """How many letters are bound at once at most."""
    if not value.args or isinstance(value, sp.Indexed):
        return 0
    inside = max(nesting(part) for part in value.args if isinstance(part, sp.Basic))
    return inside + (len(value.limits) if isinstance(value, BINDERS) else 0)
