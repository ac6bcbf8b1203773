"""What was typed, as statements: each says what one tensor is, in the letters of the truth that it is held against."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp

from derivations.affine import TooHardError
from derivations.expressions import (
    Bracket,
    Where,
    entries,
    entry_indices,
    entry_name,
    index,
    log,
    tensor_names,
    walk,
    with_fresh_bounds,
)
from derivations.layer import Equation, Range, Tensor
from derivations.lines import Line, NotationError, equals_signs, python_expression
from derivations.notation import Reader
from derivations.practice.formula import MOST_LETTERS, REWRITTEN, FormulaScope, nesting
from derivations.practice.matrix_form import Array, MatrixReader, index_notation_in, is_matrix_form
from derivations.practice.problem import Problem
from derivations.practice.spelling import check_products, quotes_of, typed_lines
from derivations.proof import inline
from derivations.ranges import Known
from derivations.scope import FUNCTIONS, LARGEST_EXPONENT, Binding

MOST_NODES = 2000  # of the syntax tree of an expression

Ranges = Mapping[sp.Symbol, Range]


@dataclass(frozen=True)
class Target:
    """What a statement is about: the entry on its left side, and what that entry truly is."""

    left: sp.Expr
    truth: sp.Expr
    ranges: Ranges
    asked: bool = False

    @property
    def name(self) -> str:
        """The tensor's name."""
        return entry_name(self.left)

    @property
    def indices(self) -> tuple[sp.Symbol, ...]:
        """The letters of the left side."""
        return tuple(i for i in entry_indices(self.left) if isinstance(i, sp.Symbol))

    @property
    def shape(self) -> tuple[sp.Expr, ...]:
        """The sizes of the letters of the left side."""
        return tuple(self.ranges[i][1] + 1 for i in self.indices)


@dataclass(frozen=True)
class Statement:
    """`target = expression`, in the target's letters.

    `typed` is the expression with what SymPy has cancelled in it, to be evaluated and no more: x/x has no value at 0.
    An array of another shape than the target's has no expression in its letters: it is a `misfit`.
    """

    target: Target
    expression: sp.Expr
    ranges: Ranges
    line: int
    column: int
    misfit: Array | None = None
    typed: sp.Expr | None = None


@dataclass
class AnswerReader:
    """Reads an answer to a problem, line by line; knows what earlier lines have named."""

    problem: Problem
    reader: Reader = field(init=False)
    lines: int = 0  # that the answer had
    own: list[Equation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reader = Reader.about(self.problem.layer)
        expected = self.problem.expected
        self.asked = Target(expected.lhs, with_fresh_bounds(expected.rhs), expected.ranges, asked=True)
        self.scalar = not any(tensor.sizes for tensor in self.problem.layer.tensors)

    def read(self, text: str) -> list[Statement]:
        """The statements of an answer, in order. Raises NotationError with line and column."""
        statements: list[Statement] = []
        lines = typed_lines(text)
        self.lines = len(lines)
        for line in lines:
            statements += self._line(line, statements[-1].target if statements else self.asked)
        if not any(statement.target.asked for statement in statements):
            raise line.error(f"no line says what {self.problem.left_side} is")
        return statements

    def _line(self, line: Line, before: Target) -> list[Statement]:
        """One line: `= expression` goes on with what the line before was about."""
        signs = equals_signs(line)
        if not signs:
            return [self._statement(line, self.asked, None)]
        parts = [line.cut(a + 1, b) for a, b in zip(signs, [*signs[1:], None], strict=True)]
        left = _stripped(line.cut(0, signs[0]))
        if not left.text:
            return [self._statement(part, before, None) for part in parts]
        target, letters = self._left_side(left)
        if target is None:
            if len(parts) > 1:
                raise line.error("a name of your own is given once: one `=` on its line", signs[1])
            self._definition(left, parts[0])
            return []
        return [self._statement(part, target, letters) for part in parts]

    # left sides

    def _left_side(self, left: Line) -> tuple[Target | None, tuple[str, ...] | None]:
        """What a left side is about, and the letters that it uses; no target for a name that is new."""
        if re.sub(r"\s+", "", left.text) in self._ways_to_write_what_is_asked():
            return self.asked, None
        tree, padded = self._tree(left)
        base = tree.value if isinstance(tree, ast.Subscript) else tree
        if not isinstance(base, ast.Name):
            raise left.error(f"the left side is {self.problem.left_side}, or a name of your own, or nothing at all")
        name = base.id
        if name != self.asked.name and not self._is_known(name):
            return None, None
        target = self._target(name, padded, base)
        if not isinstance(tree, ast.Subscript):
            return target, None
        return target, self._letters(tree, target, padded)

    def _ways_to_write_what_is_asked(self) -> set[str]:
        from derivations.render.plain import plain

        ways = {self.problem.left_side, plain(self.asked.left), self.asked.name, f"dL/{self.asked.name}"}
        variable, entry = self.asked.name.removeprefix("d"), plain(self.asked.left).removeprefix("d")
        ways |= {f"dL/d{entry}"}
        for output in (*self.problem.layer.output_names, "f") if self.problem.kind != "equation" else ():
            ways |= {f"d{output}/d{variable}", f"d{output}/d{entry}", f"{output}'", f"{output}'({variable})"}
        return {re.sub(r"\s+", "", way) for way in ways}

    def _is_known(self, name: str) -> bool:
        return name in self.reader.tensors or name in self.reader.cotangents

    def _target(self, name: str, line: Line, node: ast.AST) -> Target:
        if name == self.asked.name:
            return self.asked
        for equation in self.problem.given:
            if equation.name == name:
                return Target(equation.lhs, with_fresh_bounds(equation.rhs), equation.ranges)
        if any(equation.name == name for equation in self.own):
            raise line.error(f"{name} is given a meaning twice", node.col_offset - 1)  # type: ignore[attr-defined]
        raise line.error(f"{name} is given, and no equation says what it is", node.col_offset - 1)  # type: ignore[attr-defined]

    def _letters(self, tree: ast.Subscript, target: Target, line: Line) -> tuple[str, ...]:
        """The letters that a left side uses, in the order of the target's own."""
        parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        wanted = entry_indices(target.left)
        if len(parts) != len(wanted):
            raise line.error(
                f"{target.name} has {len(wanted)} {'index' if len(wanted) == 1 else 'indices'}, got {len(parts)}"
            )
        letters: list[str] = []
        for part, symbol in zip(parts, wanted, strict=True):
            plain = isinstance(part, ast.Name) and isinstance(symbol, sp.Symbol)
            if not plain or part.id in letters or not part.id.islower():  # type: ignore[attr-defined]
                raise line.error(
                    f"write the left side as {self.problem.left_side}, with a letter for every index",
                    part.col_offset - 1,
                )
            letters.append(part.id)  # type: ignore[attr-defined]
        return tuple(letters)

    # right sides

    def _statement(self, line: Line, target: Target, letters: tuple[str, ...] | None) -> Statement:
        line = _stripped(line)
        tree, padded = self._tree(line)
        names = letters if letters is not None else tuple(i.name for i in target.indices)
        matrix = self._is_matrix_form(tree, padded)
        at = padded.places[0] if padded.places else (1, 1)
        if matrix:
            return self._matrix_statement(tree, padded, target, at)
        try:
            value, ranges, needed = self._in_letters(tree, padded, names, target)
        except NotationError:
            turned = self._turned(tree, padded, letters, target)
            if turned is None:
                raise
            return self._checked(Statement(target, turned.body, {}, *at, misfit=turned), padded)
        own = dict(zip(map(index, names), target.indices, strict=True))
        taken = {i.name for i in target.indices}
        others = (i for i in ranges if i not in own)
        own |= {i: sp.Symbol(f"{i.name}_", integer=True) for i in others if i.name in taken}
        ranges = {own.get(i, i): both for i, both in ranges.items()}
        value = value.xreplace(own)
        typed = _with(value, [part.xreplace(own) for part in needed])
        return self._checked(Statement(target, value, ranges, *at, typed=typed), padded)

    def _in_letters(
        self, tree: ast.expr, line: Line, names: Sequence[str], target: Target, order: Sequence[int] | None = None
    ) -> tuple[sp.Expr, Ranges, list[sp.Expr]]:
        """An expression in the letters of a left side, the ranges of all letters, and what has to have a value.

        `order` says which axis of the target each letter runs over, where it is not its own.
        """
        scope = self._scope()
        for name, axis in zip(names, order or range(len(names)), strict=True):
            scope.bind(name, line, tree)
            scope.bindings[name].size = target.shape[axis]
            scope.bindings[name].seen_in = f"{target.name}[{', '.join(names)}]"
        value = scope.expression(tree, line)
        ranges = scope.ranges()
        value = self._finished(value, ranges, line)
        there = {node for node in walk(value) if isinstance(node, sp.Pow | log)}
        needed = [self._needed(part, bound, ranges, line) for part, bound in scope.needed if part not in there]
        return value, ranges, [] if value.has(Bracket, Where) else needed

    def _needed(self, part: sp.Expr, bound: Sequence[Binding], ranges: Ranges, line: Line) -> sp.Expr:
        """What has to have a value, for every value of the letters that were bound around it."""
        limits = [(b.symbol, sp.S.Zero, b.size - 1) for b in bound if b.symbol not in ranges and b.size is not None]
        return self._finished(sp.Sum(part, *limits) if limits else part, ranges, line)

    def _turned(self, tree: ast.expr, line: Line, letters: tuple[str, ...] | None, target: Target) -> Array | None:
        """What was typed for `dW[c, d]` where the tensor is dW[d, c]: an array with its axes in another order."""
        for order in itertools.permutations(range(len(letters or ())), len(letters or ())):
            if letters is None or list(order) == sorted(order) or len(order) > 4:
                continue
            try:
                value, ranges, _ = self._in_letters(tree, line, letters, target, order)
            except NotationError:
                continue
            if len(ranges) == len(letters):
                return Array(value, tuple(map(index, letters)), tuple(target.shape[k] for k in order))
        return None

    def _matrix_statement(self, tree: ast.expr, line: Line, target: Target, at: tuple[int, int]) -> Statement:
        array = MatrixReader(self._scope(free=False), line, self.same).read(tree)
        rank, wanted = len(array.shape), target.shape
        fits = all(size == 1 or self.same(size, other) for size, other in zip(array.shape[::-1], wanted[::-1]))  # noqa: B905 - aligned at the last axes
        if not fits:
            own = {i: (sp.S.Zero, size - 1) for i, size in zip(array.axes, array.shape, strict=True)}
            array = Array(self._finished(array.body, own, line), array.axes, array.shape)
            return self._checked(Statement(target, array.body, own, *at, misfit=array), line)
        extra = tuple(sp.Symbol(f"i{k}", integer=True) for k in range(rank - len(wanted)))
        places = (*extra, *target.indices)[len(extra) + len(wanted) - rank :]
        value = array.at([sp.S.Zero if size == 1 else i for i, size in zip(places, array.shape, strict=True)])
        ranges = {**target.ranges, **{i: (sp.S.Zero, size - 1) for i, size in zip(extra, array.shape, strict=False)}}
        return self._checked(Statement(target, self._finished(value, ranges, line), ranges, *at), line)

    def _definition(self, left: Line, right: Line) -> None:
        """A name of the learner's own, for what stands on the right."""
        tree, padded = self._tree(left)
        name = tree.value.id if isinstance(tree, ast.Subscript) else tree.id  # type: ignore[attr-defined]
        self._check_new(name, padded)
        body, line = self._tree(_stripped(right))
        if self._is_matrix_form(body, line):
            array = MatrixReader(self._scope(free=False), line, self.same).read(body)
            axes = tuple(sp.Symbol(f"i{k}", integer=True) for k in range(len(array.axes)))
            places = tuple(sp.S.Zero if size == 1 else i for i, size in zip(axes, array.shape, strict=True))
            value, sizes = array.at(places), array.shape
            ranges: Ranges = {i: (sp.S.Zero, size - 1) for i, size in zip(axes, sizes, strict=True)}
        else:
            scope = self._scope()
            value = scope.expression(body, line)
            parts = (
                []
                if not isinstance(tree, ast.Subscript)
                else (tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice])
            )
            letters = [part.id for part in parts if isinstance(part, ast.Name)]
            if len(letters) != len(parts) or len(set(letters)) != len(parts):
                raise padded.error(f"the left side of a name of your own has plain indices, as in {name}[n, d]")
            for letter in letters:
                if letter not in scope.bindings:
                    scope.bind(letter, padded, tree)
            known = scope.ranges()
            free = [i.name for i in known if i.name not in letters]
            if free:
                raise line.error(f"the index {free[0]!r} is free on the right, and {name} has no such index")
            axes = tuple(map(index, letters))
            ranges = {i: known[i] for i in axes}
            sizes = tuple(high + 1 for _, high in ranges.values())
        value = self._finished(value, ranges, line)
        tensor = Tensor(name, sizes)
        self.reader.tensors[name] = tensor
        self.own.append(Equation(tensor[axes], value, ranges))

    def _check_new(self, name: str, line: Line) -> None:
        reader = self.reader
        if name in FUNCTIONS or name in REWRITTEN or name in {"pi", "inf", "e", "np", "numpy"}:
            raise line.error(f"{name!r} is a function or constant and cannot be a name")
        if name in reader.sizes or name in reader.options:
            raise line.error(f"{name!r} is a size or an option; it is given")
        if f"d{name}" in reader.cotangents or f"d{name}" in reader.tensors:
            raise line.error(f"{name!r} is the tensor that d{name} is the cotangent of")

    # what both forms share

    def _tree(self, line: Line) -> tuple[ast.expr, Line]:
        check_products(line, with_euler=self._with_euler)
        tree, padded = python_expression(line, also="@:" + quotes_of(line))
        if isinstance(tree, ast.Tuple):
            raise line.error("a comma stands between indices alone; a decimal number has a point, as in 2.5")
        for count, _ in enumerate(ast.walk(tree)):
            if count > MOST_NODES:
                raise line.error(f"the expression has more than {MOST_NODES} parts")
        return tree, padded

    def _is_matrix_form(self, tree: ast.expr, line: Line) -> bool:
        ranks = {name: len(t.sizes) for name, t in {**self.reader.cotangents, **self.reader.tensors}.items()}
        matrix, indexed = is_matrix_form(tree, ranks), index_notation_in(tree)
        if matrix is not None and indexed is not None:
            raise line.error(
                "one expression is either in index notation, X[n, d], or in matrix form, X.T; this is of the other",
                max(matrix.col_offset, indexed.col_offset) - 1,
            )
        return matrix is not None

    @property
    def _with_euler(self) -> bool:
        """Whether e is Euler's number here."""
        return self.problem.kind != "equation"

    def _scope(self, free: bool = True) -> FormulaScope:
        return FormulaScope(self.reader, {}, free=free and not self.scalar, with_euler=self._with_euler)

    def _finished(self, value: sp.Expr, ranges: Ranges, line: Line) -> sp.Expr:
        """Guarded against reading outside of tensors, and with what the learner has named written out."""
        value = self.reader.guard(value, Known.of(self.problem.layer, ranges))
        try:
            value = inline(value, self.own) if self.own else value
        except TooHardError as error:
            raise line.error(f"with your own names written out, this is {error}") from None
        exponents = (power.exp for power in value.atoms(sp.Pow) if self.own and power.exp.is_number)
        if any(abs(exponent) > LARGEST_EXPONENT for exponent in exponents):
            raise line.error(f"with your own names written out, this has an exponent beyond {LARGEST_EXPONENT}")
        if nesting(value) + len(ranges) > MOST_LETTERS:
            raise line.error(f"more than {MOST_LETTERS} indices are in use at once")
        return value

    def _checked(self, statement: Statement, line: Line) -> Statement:
        """Refuse what goes around in a circle: what is asked, or what is computed from it, as part of the answer."""
        if statement.target.asked:
            for name in sorted(tensor_names(statement.expression)):
                if name in self._circular or any(e == self.asked.left for e in entries(statement.expression, name)):
                    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line.text)
                    what = "is what is asked" if name == self.asked.name else f"is computed from {self.asked.name}"
                    raise line.error(f"{name} {what}; say what it is without it", found.start() if found else 0)
        return statement

    @property
    def _circular(self) -> set[str]:
        """What depends on what is asked, and is not part of one recurrence with it."""
        uses = {equation.name: tensor_names(equation.rhs) for equation in self.problem.given}
        name = self.asked.name
        depends = {other for other in uses if name in _reached(other, uses)}
        return ({name} | depends) - _reached(name, {**uses, name: tensor_names(self.asked.truth)})

    def same(self, one: sp.Expr, other: sp.Expr) -> bool:
        """Whether two sizes are equal, those that follow from others written out."""
        definitions = self.problem.layer.size_definitions
        difference = sp.expand(one - other)
        for _ in definitions:
            difference = sp.expand(difference.xreplace(dict(definitions)))
        return difference == 0


def _with(value: sp.Expr, needed: Sequence[sp.Expr]) -> sp.Expr | None:
    """The value plus 0 times what has to have a value, as it stands; None where nothing has."""
    if not needed:
        return None
    return sp.Add(value, *(sp.Mul(sp.S.Zero, part, evaluate=False) for part in needed), evaluate=False)


def _reached(name: str, uses: Mapping[str, frozenset[str]]) -> set[str]:
    reached: set[str] = set()
    todo = list(uses.get(name, ()))
    while todo:
        other = todo.pop()
        if other not in reached:
            reached.add(other)
            todo.extend(uses.get(other, ()))
    return reached


def _stripped(line: Line) -> Line:
    start = len(line.text) - len(line.text.lstrip())
    end = len(line.text.rstrip())
    return line.cut(start, max(start, end)) if line.text.strip() else line.cut(0, 0)
