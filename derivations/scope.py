"""The right side of an equation: Python's syntax tree, rebuilt node by node against a whitelist."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from derivations.expressions import (
    CHOICES,
    ELEMENTARY,
    Bracket,
    FirstMaximum,
    MaxOver,
    Where,
    compared,
    floordiv,
    index,
    modulo,
    tensor_entry,
)
from derivations.layer import Layer, Range, Tensor, size_symbol
from derivations.lines import Line, NotationError, python_expression
from derivations.ranges import Known
from derivations.spellings import of_function

if TYPE_CHECKING:
    from derivations.notation import Reader

LARGEST_EXPONENT = 64
LARGEST_NUMBER = 2048  # bits
REDUCTIONS = ("sum", "mean", "max")
FUNCTIONS = frozenset({*ELEMENTARY, *CHOICES, *REDUCTIONS, "sqrt", "where"})
NO_LINE = Line("", ())


@dataclass
class Binding:
    """An index in scope: its symbol, and the range that the tensors it appears in give it."""

    name: str
    symbol: sp.Symbol
    size: sp.Expr | None = None
    seen_in: str = ""


INTEGER_OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: floordiv,
    ast.Mod: modulo,
}
_COMPARISONS = {ast.Lt: sp.Lt, ast.LtE: sp.Le, ast.Gt: sp.Gt, ast.GtE: sp.Ge, ast.Eq: sp.Eq, ast.NotEq: sp.Ne}


@dataclass
class Scope:
    """The indices in scope while one equation is read. `free` lets an unknown small letter become an index."""

    reader: Reader
    bindings: dict[str, Binding]
    free: bool = False
    in_where: int = 0
    line: Line = NO_LINE

    def ranges(self) -> Mapping[sp.Symbol, Range]:
        """The ranges of the free indices."""
        return {b.symbol: (sp.S.Zero, self._size_of(b, self.line, 0) - 1) for b in self.bindings.values()}

    def read(self, line: Line) -> sp.Expr:
        """One expression of the equation."""
        tree, self.line = python_expression(line)
        try:
            return self.value(tree)
        except RecursionError:
            raise self.line.error("the expression is nested too deeply to be read") from None

    def read_both(self, left: Line, right: Line) -> tuple[sp.Expr, sp.Expr]:
        """Both sides of a claim, guarded against reading outside a tensor."""
        sides = (self.read(left), self.read(right))
        layer = Layer(
            "", "", tuple(self.reader.tensors.values()), (), (), size_definitions=self.reader.size_definitions
        )
        known = Known.of(layer, self.ranges())
        return self.reader.guard(sides[0], known), self.reader.guard(sides[1], known)

    def error(self, message: str, node: ast.AST) -> NotationError:
        """What is wrong with a part of the line, to be raised."""
        return self.line.error(message, getattr(node, "col_offset", 1) - 1)

    def bind(self, name: str, line: Line, node: ast.expr) -> sp.Symbol:
        """Bring an index into scope."""
        known = (self.reader.tensors, self.reader.options, self.reader.sizes, self.reader.cotangents, FUNCTIONS)
        if any(name in names for names in known) or name in {f"d{tensor}" for tensor in self.reader.tensors}:
            raise line.error(
                f"{name!r} is taken already and cannot be an index{self._taken_as(name)}", node.col_offset - 1
            )
        if name in self.bindings:
            raise line.error(
                f"the index {name!r} is in use already; sum over another letter",
                node.col_offset - 1,
            )
        self.bindings[name] = Binding(name, index(name))
        return self.bindings[name].symbol

    def _taken_as(self, name: str) -> str:
        return "; sizes are capitals, as in X[N, D]" if name.islower() and name in self.reader.options else ""

    def _size_of(self, binding: Binding, line: Line, offset: int) -> sp.Expr:
        if binding.size is None:
            for letter in (binding.name, binding.name.rstrip("0123456789")):  # m1 runs over M where there is no M1
                if letter.upper() in self.reader.sizes:
                    return size_symbol(letter.upper())
            raise line.error(
                f"the range of the index {binding.name!r} is unknown: it indexes no tensor directly, "
                f"and there is no size {binding.name.upper()!r}",
                offset,
            )
        return binding.size

    # values

    def value(self, node: ast.expr) -> sp.Expr:
        """A real value."""
        match node:
            case ast.Constant():
                return _number(node, self.line)
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub()):
                return -self.value(node.operand)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.value(node.operand)
            case ast.BinOp():
                return self._arithmetic(node)
            case ast.Subscript():
                return self._entry(node)
            case ast.Call():
                return self._call(node)
            case ast.List(
                elts=[ast.Compare(left=places, ops=[ast.Eq()], comparators=[ast.Call(func=ast.Subscript()) as call])]
            ) if _is_argmax(call):
                return self._first_maximum(places, call)
            case ast.List(elts=[condition]):
                return Bracket(self.condition(condition))
            case ast.List():
                raise self.error("[...] holds one condition, such as [c = T[n]]; join several with and, or", node)
            case ast.Compare() | ast.BoolOp():
                raise self.error("a comparison is a condition: write where(condition, a, b) or [condition]", node)
            case ast.Attribute():
                raise self.error("attributes are not in the notation", node)
        instead = ": write where(condition, a, b)" if isinstance(node, ast.IfExp) else ""
        raise self.error(f"{_describe(node)} is not in the notation{instead}", node)

    def _name(self, node: ast.Name) -> sp.Expr:
        name = node.id
        if name in self.bindings:
            return self.bindings[name].symbol
        tensor = self.reader.tensors.get(name) or self.reader.cotangents.get(name)
        if tensor is not None:
            check_rank(tensor, [], self.line, node)
            return tensor[()]
        if name in self.reader.options:
            return self.reader.options[name].symbol
        if name in self.reader.sizes:
            return size_symbol(name)
        if name == "pi":
            return sp.pi
        if name == "inf":
            raise self.error("inf is a branch of where, as in where(r < R, X[r], -inf), and nothing else", node)
        if name in FUNCTIONS:
            raise self.error(f"{name!r} is a function: write {name}(...)", node)
        if self.free and len(name) <= 2 and name.islower():
            return self.bind(name, self.line, node)
        raise self.error(self._unknown(name), node)

    def _unknown(self, name: str) -> str:
        if name.islower() and len(name) == 1 and not of_function(name):
            return f"{name!r} is neither an index in scope nor declared; bind it, as in sum[{name}](...), or declare it"
        return f"{name!r} is used but not declared{of_function(name)}"

    def _arithmetic(self, node: ast.BinOp) -> sp.Expr:
        spine, operand = [node], node.left
        while isinstance(operand, ast.BinOp):  # long sums lean to the left; walk down without recursion
            spine.append(operand)
            operand = operand.left
        result = self.value(operand)
        for step in reversed(spine):
            result = self.operated(step, result, self.value(step.right))
            number = result.as_coeff_Mul()[0]
            if number.is_Rational and max(abs(number.p), number.q).bit_length() > LARGEST_NUMBER:
                raise self.error("the number is too large to be written out", step)
        return result

    def operated(self, node: ast.BinOp, left: sp.Expr, right: sp.Expr) -> sp.Expr:
        """Two values joined by an operator."""
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                if right == 0:
                    raise self.error("division by zero", node.right)
                return self._defined(left / right, node) if left.is_number else left / right
            case ast.Pow():
                return self._power(node, left, right)
            case ast.FloorDiv() | ast.Mod():
                if not (left.is_integer and right.is_integer):
                    raise self.error("// and % are for indices and sizes", node)
                if not right.is_positive:
                    raise self.error(
                        f"{ast.unparse(node.right)[:60]!r} may be zero or negative; // and % need a divisor that is "
                        "positive for sure: a number, a size or an option in 1..",
                        node.right,
                    )
                return floordiv(left, right) if isinstance(node.op, ast.FloorDiv) else modulo(left, right)
        raise self.error(f"the operator in {ast.unparse(node)[:60]!r} is not in the notation", node)

    def _power(self, node: ast.BinOp, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.is_number and abs(exponent) > LARGEST_EXPONENT:
            raise self.error(f"exponents beyond {LARGEST_EXPONENT} are not read", node.right)
        if base.is_Rational and exponent.is_Rational and len(str(base)) * abs(exponent) > 1000:
            raise self.error("the number is too large to be written out", node)
        if base == 0 and exponent.is_nonpositive:
            raise self.error("zero has no power that is zero or negative", node)
        return self._defined(base**exponent, node)

    def _defined(self, power: sp.Expr, node: ast.expr) -> sp.Expr:
        """The power, where it is one of the notation: SymPy merges powers of powers, and knows complex roots."""
        if power.has(sp.I, sp.zoo, sp.nan, sp.oo) or (
            power.is_Pow and power.base.is_negative and power.exp.is_integer is False
        ):
            raise self.error(f"{ast.unparse(node)[:60]!r} is the root of a negative number, or no number at all", node)
        if power.is_Pow and power.exp.is_number and abs(power.exp) > LARGEST_EXPONENT:
            raise self.error(f"exponents beyond {LARGEST_EXPONENT} are not read", node)
        return power.replace(sp.Abs, ELEMENTARY["abs"])

    def _entry(self, node: ast.Subscript) -> sp.Expr:
        if not isinstance(node.value, ast.Name):
            raise self.error("only a tensor takes indices, such as X[n, d]", node)
        name = node.value.id
        tensor = self.reader.tensors.get(name) or self.reader.cotangents.get(name)
        if tensor is None:
            if name in REDUCTIONS:
                raise self.error(f"write {name}[d](...) with something in brackets to take it of", node)
            if name in FUNCTIONS:
                raise self.error(f"{name!r} is a function: write {name}(...)", node)
            raise self.error(
                f"{name!r} is used but not declared; declare it with its sizes, such as {name}[N, D]", node
            )
        arguments = subscripts(node)
        check_rank(tensor, arguments, self.line, node)
        indices = []
        for argument, size in zip(arguments, tensor.sizes, strict=True):
            if isinstance(argument, ast.Name):
                self._unify(argument, size, node)
            value = self.value(argument)
            if value.is_integer is not True:
                raise self.error(f"{ast.unparse(argument)[:60]!r} is no index: an index is a whole number", argument)
            indices.append(value)
        return tensor_entry(name, indices, integer=tensor.integer)

    def _unify(self, argument: ast.Name, size: sp.Expr, node: ast.Subscript) -> None:
        binding = self.bindings.get(argument.id)
        if binding is None and self.free and argument.id.islower() and argument.id not in self.reader.options:
            self.bind(argument.id, self.line, argument)
            binding = self.bindings[argument.id]
        if binding is None:
            return
        if binding.size is None:
            binding.size, binding.seen_in = size, ast.unparse(node)
        elif binding.size != size and not self.in_where:
            clash = (
                f"the index {argument.id!r} runs over {binding.size} in {binding.seen_in}, "
                f"but over {size} in {ast.unparse(node)}"
            )
            whole = size.xreplace(dict(self.reader.size_definitions))
            if binding.size.free_symbols < whole.free_symbols or (whole / binding.size).is_Integer:
                clash += f"; write 0 + {argument.id} for the first {binding.size} of these"
            raise self.error(clash, argument)

    # calls

    def _call(self, node: ast.Call) -> sp.Expr:
        if node.keywords:
            raise self.error("functions take no named arguments here", node)
        if isinstance(node.func, ast.Subscript):
            return self._reduction(node, node.func)
        if not isinstance(node.func, ast.Name):
            raise self.error(f"{_describe(node.func)} cannot be called", node)
        name = node.func.id
        if name in REDUCTIONS:
            of_two = f"{name}imum"
            or_else = f"; of two values: {of_two}(a, b)" if of_two in CHOICES and len(node.args) == 2 else ""
            raise self.error(f"{name} needs its indices: {name}[d](...){or_else}", node)
        if name not in FUNCTIONS:
            instead = of_function(name) or f"; there are {', '.join(sorted(FUNCTIONS))}"
            raise self.error(f"there is no function {name!r}{instead}", node)
        wanted = 3 if name == "where" else 2 if name in CHOICES else 1
        if len(node.args) != wanted or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.error(f"{name} takes {wanted} argument{'s' * (wanted > 1)}, got {len(node.args)}", node)
        if name == "where":
            condition = self.condition(node.args[0])
            self.in_where += 1
            branches = (self._branch(node.args[1]), self._branch(node.args[2]))
            self.in_where -= 1
            return Where(condition, *branches)
        return self.applied(name, [self.value(argument) for argument in node.args], node)

    def applied(self, name: str, arguments: Sequence[sp.Expr], node: ast.Call) -> sp.Expr:
        """A function of values."""
        if name == "sqrt":
            return self._defined(sp.sqrt(arguments[0]), node)
        if name == "log" and arguments[0].is_nonpositive:
            raise self.error(f"{ast.unparse(node.args[0])[:60]!r} is never positive and has no logarithm", node)
        return {**ELEMENTARY, **CHOICES}[name](*arguments)

    def _branch(self, node: ast.expr) -> sp.Expr:
        """A branch of where; `-inf` is one that a maximum never takes."""
        match node:
            case ast.Name(id="inf"):
                return sp.oo
            case ast.UnaryOp(op=ast.USub(), operand=ast.Name(id="inf")):
                return -sp.oo
        return self.value(node)

    def _reduction(self, node: ast.Call, func: ast.Subscript) -> sp.Expr:
        if not isinstance(func.value, ast.Name) or func.value.id not in REDUCTIONS:
            instead = of_function(func.value.id) if isinstance(func.value, ast.Name) else ""
            raise self.error(f"only {', '.join(REDUCTIONS)} take indices before their bracket{instead}", node)
        if len(node.args) != 1 or isinstance(node.args[0], ast.Starred):
            raise self.error(f"{func.value.id}[...] takes one argument, got {len(node.args)}", node)
        names = []
        for argument in subscripts(func):
            if not isinstance(argument, ast.Name):
                raise self.error(f"{func.value.id} runs over plain indices, such as {func.value.id}[d]", argument)
            names.append(argument)
        outer = dict(self.bindings)
        for argument in names:
            self.bind(argument.id, self.line, argument)
        body = self.value(node.args[0])
        limits, count = [], sp.S.One
        for argument in names:
            binding = self.bindings[argument.id]
            size = self._size_of(binding, self.line, argument.col_offset - 1)
            fresh = sp.Dummy(binding.name, integer=True)
            body = body.xreplace({binding.symbol: fresh})
            limits.append((fresh, sp.S.Zero, size - 1))
            count *= size
        kept = {name: self.bindings[name] for name in self.bindings if name not in {a.id for a in names}}
        self.bindings = {**outer, **kept}
        if func.value.id == "max":
            return MaxOver(body, *limits)
        total = sp.Sum(body, *reversed(limits))
        return total / count if func.value.id == "mean" else total

    def _first_maximum(self, places: ast.expr, call: ast.Call) -> FirstMaximum:
        """`k = argmax[j](X[n, j])`: whether k is the first place of the largest value."""
        extreme = self._reduction(call, ast.Subscript(ast.Name("max"), call.func.slice))  # type: ignore[attr-defined]
        where = [self.value(place) for place in (places.elts if isinstance(places, ast.Tuple) else [places])]
        if len(where) != len(extreme.args) - 1 or not all(place.is_integer for place in where):
            raise self.error("argmax is compared with one index for each that it runs over: [k = argmax[j](...)]", call)
        return FirstMaximum(extreme, *where)

    # conditions

    def condition(self, node: ast.expr) -> sp.Basic:
        """A condition: comparisons of indices or values, with and, or, not."""
        match node:
            case ast.Compare():
                return self.comparison(node, [self.value(side) for side in (node.left, *node.comparators)])
            case ast.BoolOp():
                combine = sp.And if isinstance(node.op, ast.And) else sp.Or
                return combine(*(self.condition(part) for part in node.values))
            case ast.UnaryOp(op=ast.Not()):
                return sp.Not(self.condition(node.operand))
        raise self.error(f"expected a condition such as u <= t, got {ast.unparse(node)[:60]!r}", node)

    def comparison(self, node: ast.Compare, sides: Sequence[sp.Expr]) -> sp.Basic:
        """The condition that each side stands in its relation to the next."""
        parts = []
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if type(operator) not in _COMPARISONS:
                raise self.error("conditions compare with < <= > >= == !=", node)
            parts.append(compared(_COMPARISONS[type(operator)], left, right))
        return sp.And(*parts)


def subscripts(node: ast.Subscript) -> list[ast.expr]:
    """The indices in `X[n, d]`."""
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def check_rank(tensor: Tensor, arguments: list[ast.expr], line: Line, node: ast.expr) -> None:
    """Raise NotationError unless a tensor is used with as many indices as it has."""
    if len(arguments) != len(tensor.sizes):
        raise line.error(
            f"{tensor.name} is declared as {tensor}, with {len(tensor.sizes)} "
            f"{'index' if len(tensor.sizes) == 1 else 'indices'}, but used with {len(arguments)}",
            node.col_offset - 1,
        )


def _number(node: ast.Constant, line: Line) -> sp.Expr:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise line.error(f"{node.value!r:.60} is not a number", node.col_offset - 1)
    if isinstance(node.value, int):
        return sp.Integer(small_number(node, line))
    written = line.text[node.col_offset - 1 : (node.end_col_offset or 1) - 1]
    if not 1e-300 < abs(node.value) < 1e300 and re.search("[1-9]", written.lower().partition("e")[0]):
        raise line.error(f"the number {written!r} is too large or too small", node.col_offset - 1)
    return sp.Rational(written.replace("_", ""))


def small_number(node: ast.Constant, line: Line) -> int:
    """A whole number of at most 64 bits."""
    if not isinstance(node.value, int) or node.value.bit_length() > 64:
        raise line.error("the whole number is too large", node.col_offset - 1)
    return node.value


def _is_argmax(call: ast.Call) -> bool:
    name = call.func.value if isinstance(call.func, ast.Subscript) else None
    return isinstance(name, ast.Name) and name.id == "argmax"


def constant(node: ast.expr) -> int | None:
    """The whole number that a node is, with its sign; else None."""
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand) if (positive := constant(operand)) is not None:
            return -positive
    return None


def _describe(node: ast.AST) -> str:
    words = {"Lambda": "a lambda", "IfExp": "if/else", "Dict": "a dictionary", "Tuple": "a tuple", "List": "a list"}
    return words.get(type(node).__name__, f"{type(node).__name__.lower()!r}")
