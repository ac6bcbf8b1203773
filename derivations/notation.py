"""Text -> Layer: a safe parser for index notation.

An equation is read by Python's own `ast` and rebuilt, node by node, against a whitelist: nothing that a user types is
ever executed. Every refusal is a `NotationError` with its line and column.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import sympy as sp

from derivations.expressions import (
    BINDERS,
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
from derivations.layer import Claim, DerivationError, Equation, Layer, Option, Range, Tensor, size_symbol
from derivations.ranges import Known
from derivations.schedule import schedule, totals

LONGEST_LINE = 10_000
DEEPEST_NESTING = 50
LONGEST_NUMBER = 30
LARGEST_EXPONENT = 64
LARGEST_NUMBER = 2048  # bits
REDUCTIONS = ("sum", "mean", "max")
FUNCTIONS = frozenset({*ELEMENTARY, *CHOICES, *REDUCTIONS, "sqrt", "where"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DIGITS = re.compile(r"(?<![\w.])[0-9][\w.]*")
_LINE_END = re.compile(r"\r\n|\r|\n")


class NotationError(ValueError):
    """A text that is not in the notation; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message, self.line, self.column = message, line, column


@dataclass(frozen=True)
class _Line:
    """A logical line, and where each of its characters stood in the text."""

    text: str
    places: tuple[tuple[int, int], ...]

    def error(self, message: str, offset: int = 0) -> NotationError:
        line, column = self.places[min(max(offset, 0), len(self.places) - 1)] if self.places else (1, 1)
        return NotationError(message, line, column)

    def cut(self, start: int, end: int | None = None) -> _Line:
        end = len(self.text) if end is None else end
        places = self.places[start:end] or self.places[start - 1 : start] or self.places[-1:]
        return _Line(self.text[start:end], places)


def layer(
    name: str,
    summary: str = "",
    *,
    tensors: str = "",
    equations: str,
    claims: str = "",
    source: str = "",
    outputs: str = "",
    kinks: str = "",
    leads_to: str = "",
) -> Layer:
    """Read a layer from its declarations, its equations and the claims of its textbook.

    `outputs` names the tensors whose cotangents come from outside; left out, it is the one defined last.
    Raises NotationError with line and column.
    """
    read = _read_layer(name, summary, f"{tensors}\n{equations}", claims, outputs)
    return replace(read, source=source, kinks=kinks, leads_to=leads_to)


def read_layer(text: str, name: str = "layer", summary: str = "") -> Layer:
    """Read a layer file: declarations, then equations, one a line; `#` starts a comment.

    Raises NotationError with line and column.
    """
    return _read_layer(name, summary, text, "", "")


def read_equation(text: str, of: Layer) -> Claim:
    """Read one equation about a layer's tensors and their cotangents: a claim, or a learner's line."""
    lines = list(_logical_lines(text))
    if len(lines) != 1:
        raise NotationError(f"expected one equation, got {len(lines)}")
    return _Reader.about(of).claim(lines[0])


# ------------------------------------------------------------------------------------------------ lines


def _logical_lines(text: str) -> Iterator[_Line]:
    """Lines without comments and blanks; a line goes on while a bracket is open."""
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    depth = 0
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if len(line) > LONGEST_LINE:
            raise NotationError(f"the line has {len(line)} characters; at most {LONGEST_LINE} are read", number)
        for column, character in enumerate(line, start=1):
            if character == "#":
                break
            if character not in "\t" and not (character.isascii() and character.isprintable()):
                what = unicodedata.name(character, f"U+{ord(character):04X}")
                raise NotationError(f"the character {character!r} ({what}) is not in the notation", number, column)
            depth += (character in "([") - (character in ")]")
            if depth > DEEPEST_NESTING:
                raise NotationError(f"brackets are nested deeper than {DEEPEST_NESTING}", number, column)
            characters.append(" " if character == "\t" else character)
            places.append((number, column))
        if len(characters) > LONGEST_LINE:
            raise NotationError(f"the equation has more than {LONGEST_LINE} characters", *places[0])
        if depth > 0:  # a blank, so that what ends one line does not run into what starts the next
            characters.append(" ")
            places.append((number, len(line) + 1))
            continue
        if "".join(characters).strip():
            yield _strip(_Line("".join(characters), tuple(places)))
        characters, places, depth = [], [], 0
    if "".join(characters).strip():
        yield _strip(_Line("".join(characters), tuple(places)))


def _strip(line: _Line) -> _Line:
    start = len(line.text) - len(line.text.lstrip())
    return line.cut(start, len(line.text.rstrip()))


def _equals_signs(line: _Line) -> list[int]:
    """The offsets of the `=` that stand outside brackets and are no part of a comparison."""
    found, depth, text = [], 0, line.text
    for offset, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "=" and depth == 0 and _is_lone_equals(text, offset):
            found.append(offset)
    return found


def _is_lone_equals(text: str, offset: int) -> bool:
    return text[offset - 1 : offset] not in {"=", "<", ">", "!"} and text[offset + 1 : offset + 2] != "="


def _python_expression(line: _Line) -> tuple[ast.expr, _Line]:
    """The syntax tree of an expression; `[c = T[n]]` is read as `[c == T[n]]`."""
    characters, places, brackets = [], [], []
    for offset, character in enumerate(line.text):
        if character in "([":
            brackets.append(character)
        elif character in ")]" and brackets:
            brackets.pop()
        characters.append(character)
        places.append(line.places[offset])
        if character == "=" and "[" in brackets and _is_lone_equals(line.text, offset):
            characters.append("=")
            places.append(line.places[offset])
    padded = _Line("".join(characters), tuple(places))
    if not padded.text.strip():
        raise line.error("an expression is missing here")
    _check_brackets(padded)
    for number in _DIGITS.finditer(padded.text):
        if len(number[0]) > LONGEST_NUMBER:
            raise padded.error(f"the number {number[0][:20]}... is too long", number.start())
    try:
        # The outer brackets let ast point into the line instead of complaining about indentation.
        tree = ast.parse(f"({padded.text})", mode="eval").body
    except SyntaxError as error:
        raise padded.error(f"not a complete expression: {error.msg}", (error.offset or 2) - 2) from None
    except (MemoryError, RecursionError, ValueError):
        raise padded.error("the expression is nested too deeply to be read") from None
    return tree, padded


def _check_brackets(line: _Line) -> None:
    """Every bracket closes the one that it should."""
    open_brackets: list[tuple[str, int]] = []
    for offset, character in enumerate(line.text):
        if character in "{}'\"`\\;@!$?&|~^:" and line.text[offset : offset + 2] != "!=":
            raise line.error(f"{character!r} is not in the notation", offset)
        if character in "([":
            open_brackets.append((character, offset))
        elif character in ")]":
            if not open_brackets or open_brackets[-1][0] != {")": "(", "]": "["}[character]:
                raise line.error(f"{character!r} closes nothing", offset)
            open_brackets.pop()
    if open_brackets:
        raise line.error(f"{open_brackets[-1][0]!r} is never closed", open_brackets[-1][1])


# ------------------------------------------------------------------------------------------ declarations

_DECLARATION = re.compile(
    r"(?P<name>[A-Za-z_]\w*)(?:\s*(?P<sizes>\[[^\]]*\]))?"
    # `stride in 1..` has no upper end; blanks after the dots belong to the range only where there are some before.
    r"(?:\s+in\s+(?P<low>[^\s\[\]]+?)\s*\.\.(?:(?<=\s\.\.)\s*)?(?P<high>[^\s\[\]]+)?)?(?:\s*(?P<sign>>=?)\s*0(?![\w.]))?"
)


def _read_layer(name: str, summary: str, text: str, claims: str, outputs: str) -> Layer:
    reader = _Reader()
    equations = []
    for line in _logical_lines(text):
        signs = _equals_signs(line)
        if len(signs) > 1:
            raise line.error("an equation has one `=`; a comparison is written `==`", signs[1])
        if signs:
            equations.append((line, signs[0]))
        else:
            reader.declare(line)
    reader.collect_size_definitions(equations)
    for line, sign in equations:
        reader.equation(line, sign)
    if not reader.equations:
        raise NotationError("no equation: a layer needs at least one, such as Y[n, d] = X[n, d]**2")
    return reader.layer(name, summary, claims, outputs.split())


@dataclass
class _Binding:
    """An index in scope: its symbol, and the range that the tensors it appears in give it."""

    name: str
    symbol: sp.Symbol
    size: sp.Expr | None = None
    seen_in: str = ""


@dataclass
class _Reader:
    """What has been declared so far; turns lines into equations."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    options: dict[str, Option] = field(default_factory=dict)
    size_definitions: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)
    equations: dict[str, Equation] = field(default_factory=dict)
    boundaries: dict[str, Equation] = field(default_factory=dict)
    padded: dict[str, None] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    cotangents: dict[str, Tensor] = field(default_factory=dict)
    lines: dict[str, _Line] = field(default_factory=dict)

    @classmethod
    def about(cls, layer: Layer) -> _Reader:
        """A reader that knows a finished layer's names, and the cotangents of its tensors."""
        reader = cls(
            tensors=dict(layer.by_name),
            options={option.name: option for option in layer.options},
            size_definitions=dict(layer.size_definitions),
            boundaries={equation.name: equation for equation in layer.boundaries},
        )
        for tensor in layer.tensors:
            reader.sizes.update(
                s.name for size in tensor.sizes for s in size.free_symbols if s.name not in reader.options
            )
        reader.sizes.update(s.name for d in layer.size_definitions.values() for s in d.free_symbols)
        reader.sizes -= set(reader.options)
        sizes = {f"d{t.name}": t.sizes for t in layer.tensors if not t.integer}
        sizes |= {f"d{name}_total": layer.by_name[name].sizes for name in totals(layer)}
        reader.cotangents = {name: Tensor(name, size) for name, size in sizes.items()}
        return reader

    # declarations

    def declare(self, line: _Line) -> None:
        position = 0
        while position < len(line.text):
            if line.text[position] in " ,;":
                position += 1
                continue
            if line.text.startswith("->", position):
                position += 2
                continue
            match = _DECLARATION.match(line.text, position)
            if match is None:
                raise line.error(
                    f"expected a declaration such as X[N, D] or an equation, got {line.text[position]!r}", position
                )
            self._declare_one(line, match)
            position = match.end()
            if position < len(line.text) and line.text[position] not in " ,;-" and not match.group().endswith(" "):
                raise line.error(
                    f"expected a blank or an equation after {match.group().strip()!r}, got {line.text[position]!r}",
                    position,
                )

    def _declare_one(self, line: _Line, match: re.Match) -> None:
        name = match["name"]
        if name in FUNCTIONS or name in {"pi", "inf"}:
            raise line.error(f"{name!r} is a function or constant of the notation, not a name", match.start())
        if keyword.iskeyword(name):
            raise line.error(
                f"{name!r} is a word of Python and cannot be a name; another is, such as {name}_", match.start()
            )
        if name in self.tensors or name in self.options:
            raise line.error(f"{name!r} is declared twice", match.start())
        if name in self.sizes:
            raise line.error(f"{name!r} is a size already; a tensor needs another name", match.start())
        sizes: tuple[sp.Expr, ...] = ()
        if match["sizes"] is not None:
            inside = line.cut(match.start("sizes") + 1, match.end("sizes") - 1)
            sizes = tuple(self._size(part) for part in _split_commas(inside))
        for size in sizes:
            if size.is_Integer and size < 1:
                raise line.error(f"{name!r} has a size of {size}; a size is at least 1", match.start())
            for symbol in size.free_symbols:
                if symbol.name in self.tensors or symbol.name == name:
                    raise line.error(f"{symbol.name!r} is both a tensor and a size", match.start())
        low = high = None
        if match["low"] is not None:
            low = self._size(line.cut(match.start("low"), match.end("low")))
            high = self._size(line.cut(match.start("high"), match.end("high"))) if match["high"] else None
            if high is None and match["sizes"] is not None:
                raise line.error(f"{name!r} needs a largest value, such as 0..C-1", match.start("low"))
            if high is not None and (high - low).is_negative:
                raise line.error(f"{name!r} lies in {low}..{high}, and there is nothing in it", match.start("low"))
        if low is not None and match["sizes"] is None:
            self.options[name] = Option(name, True, low, high, bool(low.is_positive))
        elif match["sign"] is not None and match["sizes"] is None:
            self.options[name] = Option(name, positive=match["sign"] == ">")
        else:
            self.tensors[name] = Tensor(name, sizes, low is not None, low, high, match["sign"] is not None)

    def _size(self, line: _Line) -> sp.Expr:
        tree, padded = _python_expression(line)
        return self._size_expression(tree, padded)

    def _size_expression(self, node: ast.expr, line: _Line) -> sp.Expr:
        """Sizes: whole numbers, names, + - * // %, min and brackets."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return sp.Integer(_small(node, line))
        if isinstance(node, ast.Name):
            return self._size_name(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self._size_expression(node.operand, line)
        if isinstance(node, ast.BinOp) and type(node.op) in _INTEGER_OPERATORS:
            left, right = self._size_expression(node.left, line), self._size_expression(node.right, line)
            if isinstance(node.op, ast.FloorDiv | ast.Mod) and right.is_Integer and right <= 0:
                raise line.error("a size is divided by something that is not positive", node.right.col_offset - 1)
            return _INTEGER_OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "min" and node.args:
            return sp.Min(*(self._size_expression(argument, line) for argument in node.args))
        raise line.error("a size is made of whole numbers and names with + - * // % and min", node.col_offset - 1)

    def _size_name(self, name: str) -> sp.Expr:
        if name in self.options:
            return self.options[name].symbol
        if name[0].isupper():
            self.sizes.add(name)
            return size_symbol(name)
        return sp.Symbol(name, integer=True, nonnegative=True)

    def collect_size_definitions(self, equations: list[tuple[_Line, int]]) -> None:
        """Take `P = (H + 2*pad - R)//stride + 1` out of the equations; its lower-case names are integer options."""
        for line, sign in list(equations):
            name = line.text[:sign].strip()
            if name in self.tensors or not _NAME.fullmatch(name) or not name[0].isupper():
                continue
            if size_symbol(name) in self.size_definitions:
                raise line.error(f"the size {name!r} is defined twice")
            self.sizes.add(name)
            self.size_definitions[size_symbol(name)] = self._size(line.cut(sign + 1))
            equations.remove((line, sign))
        found: dict[str, bool] = {}
        expressions = [*self.size_definitions.values(), *(s for t in self.tensors.values() for s in t.sizes)]
        for expression in expressions:
            for symbol in expression.free_symbols:
                if not symbol.name[0].isupper() and symbol.name not in self.options:
                    divides = any(symbol in q.args[1].free_symbols for q in expression.atoms(floordiv, modulo))
                    found[symbol.name] = found.get(symbol.name, False) or divides
        for name in sorted(found):
            if name in self.tensors:
                raise NotationError(f"{name!r} is a tensor and cannot stand in a size")
            self.options[name] = Option(name, integer=True, positive=found[name])
        renamed = {sp.Symbol(n, integer=True, nonnegative=True): self.options[n].symbol for n in found}
        self.size_definitions = {
            size: definition.xreplace(renamed) for size, definition in self.size_definitions.items()
        }
        for name, tensor in list(self.tensors.items()):
            sizes = tuple(size.xreplace(renamed) for size in tensor.sizes)
            self.tensors[name] = Tensor(name, sizes, tensor.integer, tensor.low, tensor.high, tensor.positive)
        for size in self.size_definitions:
            if size.name in {s.name for s in _definition_closure(size, self.size_definitions)}:
                raise NotationError(f"the size {size.name!r} is defined by itself")
        both = self.sizes & set(self.tensors)
        if both:
            raise NotationError(f"{min(both)!r} is both a tensor and a size")

    # equations

    def equation(self, line: _Line, sign: int) -> None:
        tree, padded = _python_expression(line.cut(0, sign))
        name, arguments = self._left_side(tree, padded)
        tensor = self.tensors[name]
        scope = _Scope(self, {})
        indices: list[sp.Expr] = []
        for position, (argument, size) in enumerate(zip(arguments, tensor.sizes, strict=True)):
            if isinstance(argument, ast.Name):
                symbol = scope.bind(argument.id, padded, argument)
                scope.bindings[argument.id].size, scope.bindings[argument.id].seen_in = size, ast.unparse(tree)
                indices.append(symbol)
            else:
                value = _constant(argument)
                if value is None:
                    raise padded.error(
                        "the left side of an equation has plain indices, such as Y[n, c]", argument.col_offset - 1
                    )
                if value >= 0 or position != 0:
                    raise padded.error(
                        f"a fixed index on the left starts a recurrence: {name}[-1, ...]", argument.col_offset - 1
                    )
                indices.append(sp.Integer(value))
        right = scope.read(line.cut(sign + 1))
        lhs = tensor[tuple(indices)]
        ranges = scope.ranges()
        store = self.boundaries if any(i.is_Integer for i in indices) else self.equations
        if name in store:
            raise line.error(f"{name!r} is assigned twice; a tensor has one equation")
        store[name] = Equation(lhs, right, ranges)
        self.lines[name] = line

    def _left_side(self, tree: ast.expr, line: _Line) -> tuple[str, list[ast.expr]]:
        target = tree.value if isinstance(tree, ast.Subscript) else tree
        if not isinstance(target, ast.Name):
            raise line.error("the left side of an equation is one tensor, such as Y[n, c]")
        if target.id not in self.tensors:
            raise line.error(
                f"{target.id!r} is used but not declared; declare it with its sizes, such as {target.id}[N]"
            )
        tensor = self.tensors[target.id]
        if tensor.integer:
            raise line.error(f"{target.id!r} is an integer tensor; it is given, never computed")
        arguments = _subscripts(tree) if isinstance(tree, ast.Subscript) else []
        _check_rank(tensor, arguments, line, tree)
        return target.id, arguments

    def claim(self, line: _Line, label: str = "") -> Claim:
        signs = _equals_signs(line)
        if len(signs) != 1:
            raise line.error("expected one equation with one `=`")
        scope = _Scope(self, {}, free=True)
        left, right = scope.read_both(line.cut(0, signs[0]), line.cut(signs[0] + 1))
        return Claim(left, right, scope.ranges(), label)

    # the finished layer

    def layer(self, name: str, summary: str, claims: str, wanted: list[str]) -> Layer:
        for started in self.boundaries:
            if started not in self.equations:
                raise self.lines[started].error(f"this starts a recurrence, but {started!r} has no equation of its own")
        tensors = tuple(self.tensors.values())
        bare = Layer(name, summary, tensors, tuple(self.options.values()), (), size_definitions=self.size_definitions)
        self.boundaries = {n: self._guard(eq, Known.of(bare, eq.ranges)) for n, eq in self.boundaries.items()}
        order = tuple(self._guard(eq, Known.of(bare, eq.ranges)) for eq in self.equations.values())
        for unused in self.boundaries.keys() - self.started:
            raise self.lines[unused].error(
                f"this starts a recurrence, but no equation reads {unused!r} before its first step"
            )
        outputs = tuple(wanted) or (tuple(self.equations)[-1],)
        for output in outputs:
            if output not in self.equations:
                raise NotationError(f"the output {output!r} is defined by no equation")
        for tensor in tensors:
            for cotangent in (f"d{tensor.name}", f"d{tensor.name}_total"):
                if cotangent in self.tensors or cotangent in self.options:
                    raise NotationError(f"{cotangent!r} is the cotangent of {tensor.name!r} and cannot be declared")
            if f"{tensor.name}_total" in self.tensors:
                raise NotationError(
                    f"'{tensor.name}_total' is how the cotangent of {tensor.name!r} may be named; choose another name"
                )
        finished = Layer(
            name,
            summary,
            tensors,
            tuple(self.options.values()),
            order,
            size_definitions=self.size_definitions,
            boundaries=tuple(self.boundaries.values()),
            padded=tuple(self.padded),
            output_names=outputs,
        )
        try:
            schedule(finished.equations)
        except DerivationError as error:
            raise self.lines[outputs[-1]].error(str(error)) from None
        labels = _labels(claims)
        reader = _Reader.about(finished)
        proved = tuple(reader.claim(line, labels.get(line.places[0][0], "")) for line in _logical_lines(claims))
        return replace(finished, claims=proved)

    def _guard(self, equation: Equation, known: Known) -> Equation:
        return Equation(equation.lhs, self.guard(equation.rhs, known), equation.ranges)

    def guard(self, expression: sp.Expr, known: Known) -> sp.Expr:
        """Write down where a tensor is read outside its range: the start of a recurrence, or zero."""
        known = known.within(expression)

        def visit(node: sp.Basic) -> sp.Basic:
            if not node.args or isinstance(node, sp.IndexedBase):
                return node
            if isinstance(node, sp.Indexed):
                entry = node.func(node.base, *(visit(i) for i in node.indices))
                tensor = self.tensors.get(entry.base.name) or self.cotangents.get(entry.base.name)
                return entry if tensor is None else self._guarded_entry(entry, tensor, known)
            if isinstance(node, BINDERS):
                return node.func(visit(node.function), *node.limits)
            return node.func(*(visit(part) for part in node.args))

        return visit(expression)

    def _guarded_entry(self, entry: sp.Indexed, tensor: Tensor, known: Known) -> sp.Expr:
        guards, start = [], sp.S.Zero
        boundary = self.boundaries.get(tensor.name)
        for position, (i, size) in enumerate(zip(entry.indices, tensor.sizes, strict=True)):
            above, below = known.inside(i, sp.S.Zero, size - 1)
            if not above and boundary is not None and position == 0:
                start = self._start(boundary, entry.indices)
                self.started.add(tensor.name)
            elif not above or not below:
                self.padded[tensor.name] = None
            guards += [] if above else [Bracket(sp.Ge(i, 0))]
            guards += [] if below else [Bracket(sp.Le(i, size - 1))]
        return start + sp.Mul(*guards) * entry if guards else entry

    def _start(self, boundary: Equation, indices: tuple[sp.Expr, ...]) -> sp.Expr:
        lhs = boundary.lhs.indices
        renamed = dict(zip(lhs[1:], indices[1:], strict=True))
        return sp.KroneckerDelta(sp.expand(indices[0] - lhs[0]), 0) * boundary.rhs.xreplace(renamed)


# ------------------------------------------------------------------------------------------- expressions

_INTEGER_OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: floordiv,
    ast.Mod: modulo,
}
_COMPARISONS = {ast.Lt: sp.Lt, ast.LtE: sp.Le, ast.Gt: sp.Gt, ast.GtE: sp.Ge, ast.Eq: sp.Eq, ast.NotEq: sp.Ne}


@dataclass
class _Scope:
    """The indices in scope while one equation is read. `free` lets an unknown small letter become an index."""

    reader: _Reader
    bindings: dict[str, _Binding]
    free: bool = False
    in_where: int = 0
    line: _Line = _Line("", ())

    def ranges(self) -> Mapping[sp.Symbol, Range]:
        """The ranges of the free indices."""
        return {b.symbol: (sp.S.Zero, self._size_of(b, self.line, 0) - 1) for b in self.bindings.values()}

    def read(self, line: _Line) -> sp.Expr:
        """One expression of the equation."""
        tree, self.line = _python_expression(line)
        try:
            return self.value(tree)
        except RecursionError:
            raise self.line.error("the expression is nested too deeply to be read") from None

    def read_both(self, left: _Line, right: _Line) -> tuple[sp.Expr, sp.Expr]:
        """Both sides of a claim, guarded against reading outside a tensor."""
        sides = (self.read(left), self.read(right))
        layer = Layer(
            "", "", tuple(self.reader.tensors.values()), (), (), size_definitions=self.reader.size_definitions
        )
        known = Known.of(layer, self.ranges())
        return self.reader.guard(sides[0], known), self.reader.guard(sides[1], known)

    def error(self, message: str, node: ast.AST) -> NotationError:
        return self.line.error(message, getattr(node, "col_offset", 1) - 1)

    def bind(self, name: str, line: _Line, node: ast.AST) -> sp.Symbol:
        """Bring an index into scope."""
        known = (self.reader.tensors, self.reader.options, self.reader.sizes, self.reader.cotangents, FUNCTIONS)
        if any(name in names for names in known) or name in {f"d{tensor}" for tensor in self.reader.tensors}:
            raise line.error(f"{name!r} is taken already and cannot be an index", node.col_offset - 1)  # type: ignore[attr-defined]
        if name in self.bindings:
            raise line.error(
                f"the index {name!r} is in use already; sum over another letter",
                node.col_offset - 1,  # type: ignore[attr-defined]
            )
        self.bindings[name] = _Binding(name, index(name))
        return self.bindings[name].symbol

    def _size_of(self, binding: _Binding, line: _Line, offset: int) -> sp.Expr:
        if binding.size is None:
            if binding.name.upper() in self.reader.sizes:
                return size_symbol(binding.name.upper())
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
        raise self.error(f"{_describe(node)} is not in the notation", node)

    def _name(self, node: ast.Name) -> sp.Expr:
        name = node.id
        if name in self.bindings:
            return self.bindings[name].symbol
        tensor = self.reader.tensors.get(name) or self.reader.cotangents.get(name)
        if tensor is not None:
            _check_rank(tensor, [], self.line, node)
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
        if name.islower() and len(name) == 1:
            return f"{name!r} is neither an index in scope nor declared; bind it, as in sum[{name}](...), or declare it"
        return f"{name!r} is used but not declared"

    def _arithmetic(self, node: ast.BinOp) -> sp.Expr:
        spine, operand = [node], node.left
        while isinstance(operand, ast.BinOp):  # long sums lean to the left; walk down without recursion
            spine.append(operand)
            operand = operand.left
        result = self.value(operand)
        for step in reversed(spine):
            result = self._operate(step, result, self.value(step.right))
            number = result.as_coeff_Mul()[0]
            if number.is_Rational and max(abs(number.p), number.q).bit_length() > LARGEST_NUMBER:
                raise self.error("the number is too large to be written out", step)
        return result

    def _operate(self, node: ast.BinOp, left: sp.Expr, right: sp.Expr) -> sp.Expr:
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
            raise self.error(
                f"{name!r} is used but not declared; declare it with its sizes, such as {name}[N, D]", node
            )
        arguments = _subscripts(node)
        _check_rank(tensor, arguments, self.line, node)
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
            raise self.error(
                f"the index {argument.id!r} runs over {binding.size} in {binding.seen_in}, "
                f"but over {size} in {ast.unparse(node)}",
                argument,
            )

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
            raise self.error(f"{name} needs its indices: {name}[d](...)", node)
        if name not in FUNCTIONS:
            near = f"there is no function {name!r}; there are {', '.join(sorted(FUNCTIONS))}"
            raise self.error(near, node)
        wanted = 3 if name == "where" else 2 if name in CHOICES else 1
        if len(node.args) != wanted or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.error(f"{name} takes {wanted} argument{'s' * (wanted > 1)}, got {len(node.args)}", node)
        if name == "where":
            condition = self.condition(node.args[0])
            self.in_where += 1
            branches = (self._branch(node.args[1]), self._branch(node.args[2]))
            self.in_where -= 1
            return Where(condition, *branches)
        arguments = [self.value(argument) for argument in node.args]
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
            raise self.error(f"only {', '.join(REDUCTIONS)} take indices before their bracket", node)
        if len(node.args) != 1 or isinstance(node.args[0], ast.Starred):
            raise self.error(f"{func.value.id}[...] takes one argument, got {len(node.args)}", node)
        names = []
        for argument in _subscripts(func):
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
                sides = [self.value(side) for side in (node.left, *node.comparators)]
                parts = []
                for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
                    if type(operator) not in _COMPARISONS:
                        raise self.error("conditions compare with < <= > >= == !=", node)
                    parts.append(compared(_COMPARISONS[type(operator)], left, right))
                return sp.And(*parts)
            case ast.BoolOp():
                combine = sp.And if isinstance(node.op, ast.And) else sp.Or
                return combine(*(self.condition(part) for part in node.values))
            case ast.UnaryOp(op=ast.Not()):
                return sp.Not(self.condition(node.operand))
        raise self.error(f"expected a condition such as u <= t, got {ast.unparse(node)[:60]!r}", node)


# --------------------------------------------------------------------------------------------- small parts


def _split_commas(line: _Line) -> list[_Line]:
    if not line.text.strip():
        return []
    parts, start, depth = [], 0, 0
    for offset, character in enumerate(line.text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(line.cut(start, offset))
            start = offset + 1
    return [*parts, line.cut(start)]


def _subscripts(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _check_rank(tensor: Tensor, arguments: list[ast.expr], line: _Line, node: ast.expr) -> None:
    if len(arguments) != len(tensor.sizes):
        raise line.error(
            f"{tensor.name} is declared as {tensor}, with {len(tensor.sizes)} "
            f"{'index' if len(tensor.sizes) == 1 else 'indices'}, but used with {len(arguments)}",
            node.col_offset - 1,
        )


def _number(node: ast.Constant, line: _Line) -> sp.Expr:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise line.error(f"{node.value!r:.60} is not a number", node.col_offset - 1)
    if isinstance(node.value, int):
        return sp.Integer(_small(node, line))
    written = line.text[node.col_offset - 1 : (node.end_col_offset or 1) - 1]
    if not 1e-300 < abs(node.value) < 1e300 and re.search("[1-9]", written.lower().partition("e")[0]):
        raise line.error(f"the number {written!r} is too large or too small", node.col_offset - 1)
    return sp.Rational(written.replace("_", ""))


def _small(node: ast.Constant, line: _Line) -> int:
    if not isinstance(node.value, int) or node.value.bit_length() > 64:
        raise line.error("the whole number is too large", node.col_offset - 1)
    return node.value


def _is_argmax(call: ast.Call) -> bool:
    name = call.func.value if isinstance(call.func, ast.Subscript) else None
    return isinstance(name, ast.Name) and name.id == "argmax"


def _constant(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand) if (positive := _constant(operand)) is not None:
            return -positive
    return None


def _describe(node: ast.AST) -> str:
    words = {"Lambda": "a lambda", "IfExp": "if/else", "Dict": "a dictionary", "Tuple": "a tuple", "List": "a list"}
    return words.get(type(node).__name__, f"{type(node).__name__.lower()!r}")


def _definition_closure(size: sp.Symbol, definitions: Mapping[sp.Symbol, sp.Expr]) -> set[sp.Symbol]:
    reached: set[sp.Symbol] = set()
    todo = [size]
    while todo:
        for symbol in definitions.get(todo.pop(), sp.S.Zero).free_symbols:
            if symbol not in reached:
                reached.add(symbol)
                todo.append(symbol)
    return reached


def _labels(claims: str) -> dict[int, str]:
    """What stands after `#` on a claim's line is what the book calls it."""
    pairs = ((number, line.partition("#")[2].strip()) for number, line in enumerate(claims.splitlines(), start=1))
    return {number: label for number, label in pairs if label}
