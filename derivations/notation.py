"""Text -> Layer: a safe parser for index notation.

An equation is read by Python's own `ast` and rebuilt, node by node, against a whitelist (`scope`): nothing that a user
types is ever executed. Every refusal is a `NotationError` with its line and column (`lines`).
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import sympy as sp

from derivations.expressions import (
    BINDERS,
    Bracket,
    Where,
    floordiv,
    modulo,
)
from derivations.layer import Claim, DerivationError, Equation, Layer, Option, Tensor, size_symbol
from derivations.lines import (
    Line,
    NotationError,
    equals_signs,
    logical_lines,
    python_expression,
    split_commas,
)
from derivations.ranges import Known
from derivations.schedule import schedule, totals
from derivations.scope import FUNCTIONS, INTEGER_OPERATORS, Scope, check_rank, constant, small_number, subscripts
from derivations.spellings import of_character

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST_POWER = 4  # of a size


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

    `outputs` names the tensors whose cotangents come from outside; left out, they are those declared behind an arrow
    (`X[N] -> Y[N]`), or else the one defined last. Raises NotationError with line and column.
    """
    read = _read_layer(name, summary, f"{tensors}\n{equations}", claims, outputs)
    return replace(read, source=source, kinks=kinks, leads_to=leads_to)


def read_layer(text: str, name: str = "layer", summary: str = "") -> Layer:
    """Read a layer file: declarations, then equations, one a line; `#` starts a comment.

    The outputs are those declared behind an arrow, as in `X[N] Y[N] -> U[N] V[N]`, or else the tensor defined last.
    Raises NotationError with line and column.
    """
    return _read_layer(name, summary, text, "", "")


def read_equation(text: str, of: Layer) -> Claim:
    """Read one equation about a layer's tensors and their cotangents: a claim, or a learner's line."""
    lines = list(logical_lines(text))
    if len(lines) != 1:
        raise NotationError(f"expected one equation, got {len(lines)}")
    return Reader.about(of).claim(lines[0])


_TERM = r"(?:[^\s\[\](),;]|\([^()\[\]]*\))+"
_DECLARATION = re.compile(
    r"(?:0\s*(?P<least><=?)\s*(?=[A-Za-z_]\w*\s*<=))?"  # `0 < keep <= 1`
    r"(?P<name>[A-Za-z_]\w*)(?:\s*(?P<sizes>\[[^\]]*\]))?"
    # `stride in 1..` has no upper end; blanks after the dots belong to the range only where there are some before.
    r"(?:\s+in\s+(?P<low>[^\s\[\]]+?)\s*\.\.(?:(?<=\s\.\.)\s*)?"
    rf"(?P<high>{_TERM}(?:\s+[-+*]\s+{_TERM})*)?)?(?:\s*(?P<sign>>=?)\s*0(?![\w.]))?"
    r"(?(least)\s*<=\s*(?P<most>[1-9]\d{0,8})(?![\w.]))"
)


_BETWEEN = re.compile(r"0\s*<=?\s*(?P<name>[A-Za-z_]\w*)\s*<")


def _read_layer(name: str, summary: str, text: str, claims: str, outputs: str) -> Layer:
    reader = Reader()
    equations = []
    for line in logical_lines(text):
        signs = equals_signs(line)
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
    return reader.layer(name, summary, claims, outputs.split() or reader.outputs)


@dataclass
class Reader:
    """What has been declared so far; turns lines into equations."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    options: dict[str, Option] = field(default_factory=dict)
    size_definitions: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)
    equations: dict[str, Equation] = field(default_factory=dict)
    boundaries: dict[tuple[str, int], Equation] = field(default_factory=dict)
    padded: dict[str, None] = field(default_factory=dict)
    started: set[tuple[str, int]] = field(default_factory=set)
    cotangents: dict[str, Tensor] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)

    @classmethod
    def about(cls, layer: Layer) -> Reader:
        """A reader that knows a finished layer's names, and the cotangents of its tensors."""
        reader = cls(
            tensors=dict(layer.by_name),
            options={option.name: option for option in layer.options},
            size_definitions=dict(layer.size_definitions),
            boundaries={(equation.name, int(_start_of(equation)[1])): equation for equation in layer.boundaries},
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

    def declare(self, line: Line) -> None:
        """Read a line of declarations: behind an arrow, of outputs."""
        position, arrow = 0, False
        while position < len(line.text):
            if line.text[position] in " ,;":
                position += 1
                continue
            if line.text.startswith("->", position):
                position, arrow = position + 2, True
                continue
            match = _DECLARATION.match(line.text, position)
            if match is None:
                between = _BETWEEN.match(line.text, position)
                instead = f"; write 0 < {between['name']} <= 1" if between else of_character(line.text[position])
                raise line.error(
                    f"expected a declaration such as X[N, D] or an equation, got {line.text[position]!r}{instead}",
                    position,
                )
            self._declare_one(line, match)
            if arrow:
                self.outputs.append(match["name"])
            position = match.end()
            if position < len(line.text) and line.text[position] not in " ,;-" and not match.group().endswith(" "):
                raise line.error(
                    f"expected a blank or an equation after {match.group().strip()!r}, got {line.text[position]!r}",
                    position,
                )

    def _declare_one(self, line: Line, match: re.Match) -> None:
        name = match["name"]
        if name in FUNCTIONS or name in {"pi", "inf"}:
            raise line.error(f"{name!r} is a function or constant of the notation, not a name", match.start())
        if keyword.iskeyword(name):
            instead = "a range is written in 0..1" if name == "in" else f"another is, such as {name}_"
            raise line.error(f"{name!r} is a word of Python and cannot be a name; {instead}", match.start())
        if name in self.tensors or name in self.options:
            raise line.error(f"{name!r} is declared twice", match.start())
        if name in self.sizes:
            raise line.error(f"{name!r} is a size already; a tensor needs another name", match.start())
        sizes: tuple[sp.Expr, ...] = ()
        if match["sizes"] is not None:
            inside = line.cut(match.start("sizes") + 1, match.end("sizes") - 1)
            sizes = tuple(self._size(part) for part in split_commas(inside))
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
        elif match["most"] is not None:
            self.options[name] = Option(name, high=sp.Integer(match["most"]), positive=match["least"] == "<")
        elif match["sign"] is not None and match["sizes"] is None:
            self.options[name] = Option(name, positive=match["sign"] == ">")
        else:
            self.tensors[name] = Tensor(name, sizes, low is not None, low, high, match["sign"] is not None)

    def _size(self, line: Line) -> sp.Expr:
        tree, padded = python_expression(line)
        return self._size_expression(tree, padded)

    def _size_expression(self, node: ast.expr, line: Line) -> sp.Expr:
        """Sizes: whole numbers, names, + - * // %, powers such as **2, min and brackets."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return sp.Integer(small_number(node, line))
        if isinstance(node, ast.Name):
            return self._size_name(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self._size_expression(node.operand, line)
        if isinstance(node, ast.BinOp) and type(node.op) in INTEGER_OPERATORS:
            left, right = self._size_expression(node.left, line), self._size_expression(node.right, line)
            if isinstance(node.op, ast.FloorDiv | ast.Mod) and right.is_Integer and right <= 0:
                raise line.error("a size is divided by something that is not positive", node.right.col_offset - 1)
            return INTEGER_OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant):
            power = self._size_expression(node.right, line)
            if 0 < power <= _LARGEST_POWER:
                return self._size_expression(node.left, line) ** power
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

    def collect_size_definitions(self, equations: list[tuple[Line, int]]) -> None:
        """Take `P = (H + 2*pad - R)//stride + 1` out of the equations; its lower-case names are integer options."""
        for line, sign in list(equations):
            name = line.text[:sign].strip()
            if name in self.tensors or not _NAME.fullmatch(name) or not name[0].isupper():
                continue
            if size_symbol(name) in self.size_definitions:
                raise line.error(f"the size {name!r} is defined twice")
            self.sizes.add(name)
            try:
                self.size_definitions[size_symbol(name)] = self._size(line.cut(sign + 1))
            except NotationError as error:
                hint = f"{name} is not declared, and so taken for a size: where it is a number, declare {name}"
                raise NotationError(f"{error.message} ({hint})", error.line, error.column) from None
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

    def equation(self, line: Line, sign: int) -> None:
        """Read an equation, the `=` of which stands at `sign`."""
        try:
            tree, padded = python_expression(line.cut(0, sign))
        except NotationError as error:
            hint = "declarations and every equation have a line of their own"
            raise NotationError(f"{error.message} ({hint})", error.line, error.column) from None
        name, arguments = self._left_side(tree, padded)
        tensor = self.tensors[name]
        scope = Scope(self, {})
        indices: list[sp.Expr] = []
        for argument, size in zip(arguments, tensor.sizes, strict=True):
            if isinstance(argument, ast.Name):
                symbol = scope.bind(argument.id, padded, argument)
                scope.bindings[argument.id].size, scope.bindings[argument.id].seen_in = size, ast.unparse(tree)
                indices.append(symbol)
            else:
                value = constant(argument)
                if value is None:
                    raise padded.error(
                        "the left side of an equation has plain indices, such as Y[n, c]", argument.col_offset - 1
                    )
                if value >= 0 or any(i.is_Integer for i in indices):
                    raise padded.error(
                        f"a fixed index on the left starts a recurrence: {name}[-1, ...], before its first step",
                        argument.col_offset - 1,
                    )
                indices.append(sp.Integer(value))
        right = scope.read(line.cut(sign + 1))
        lhs = tensor[tuple(indices)]
        ranges = scope.ranges()
        equation = Equation(lhs, right, ranges)
        if any(i.is_Integer for i in indices):
            self._add_start(equation, line)
            return
        if name in self.equations:
            raise line.error(f"{name!r} is assigned twice; a tensor has one equation")
        self.equations[name] = equation
        self.lines[name] = line

    def _add_start(self, equation: Equation, line: Line) -> None:
        axis, step = _start_of(equation)
        key = equation.name, int(step)
        if any(name == equation.name and _start_of(other)[0] != axis for (name, _), other in self.boundaries.items()):
            raise line.error(f"{equation.name!r} starts along two axes; a recurrence has one")
        if key in self.boundaries:
            raise line.error(f"{equation.name!r} starts twice at {step}")
        self.boundaries[key] = equation
        self.lines[f"{equation.name}[{step}]"] = line

    def _left_side(self, tree: ast.expr, line: Line) -> tuple[str, list[ast.expr]]:
        target = tree.value if isinstance(tree, ast.Subscript) else tree
        if not isinstance(target, ast.Name):
            raise line.error("the left side of an equation is one tensor, such as Y[n, c]")
        if target.id not in self.tensors:
            raise line.error(
                f"{target.id!r} is used but not declared; declare it with its sizes, such as {target.id}[N], or, where "
                f"it is a number that is chosen, as {target.id} > 0 and without an equation"
            )
        tensor = self.tensors[target.id]
        if tensor.integer:
            raise line.error(f"{target.id!r} is an integer tensor; it is given, never computed")
        arguments = subscripts(tree) if isinstance(tree, ast.Subscript) else []
        check_rank(tensor, arguments, line, tree)
        return target.id, arguments

    def claim(self, line: Line, label: str = "") -> Claim:
        """Read an equation about tensors that are known already, and about their cotangents."""
        signs = equals_signs(line)
        if len(signs) != 1:
            raise line.error("expected one equation with one `=`")
        scope = Scope(self, {}, free=True)
        left, right = scope.read_both(line.cut(0, signs[0]), line.cut(signs[0] + 1))
        return Claim(left, right, scope.ranges(), label)

    # the finished layer

    def layer(self, name: str, summary: str, claims: str, wanted: list[str]) -> Layer:
        """What was read, put together and looked over; `wanted` names the outputs."""
        for started, step in self.boundaries:
            if started not in self.equations:
                raise self.lines[f"{started}[{step}]"].error(
                    f"this starts a recurrence, but {started!r} has no equation of its own"
                )
        tensors = tuple(self.tensors.values())
        bare = Layer(name, summary, tensors, tuple(self.options.values()), (), size_definitions=self.size_definitions)
        self.boundaries = {n: self._guard(eq, Known.of(bare, eq.ranges)) for n, eq in self.boundaries.items()}
        order = tuple(self._guard(eq, Known.of(bare, eq.ranges)) for eq in self.equations.values())
        for unused, step in sorted(self.boundaries.keys() - self.started):
            raise self.lines[f"{unused}[{step}]"].error(
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
        reader = Reader.about(finished)
        proved = tuple(reader.claim(line, labels.get(line.places[0][0], "")) for line in logical_lines(claims))
        return replace(finished, claims=proved)

    def _guard(self, equation: Equation, known: Known) -> Equation:
        return Equation(equation.lhs, self.guard(equation.rhs, known), equation.ranges)

    def guard(self, expression: sp.Expr, known: Known) -> sp.Expr:
        """Write down where a tensor is read outside its range: the start of a recurrence, or zero."""
        known = known.within(expression)

        def visit(node: sp.Basic, here: Known) -> sp.Basic:
            """`here` is what is known beside a condition; it guards whole numbers, which nothing differentiates."""
            if not node.args or isinstance(node, sp.IndexedBase):
                return node
            if isinstance(node, sp.Indexed):
                entry = node.func(node.base, *(visit(i, here) for i in node.indices))
                tensor = self.tensors.get(entry.base.name) or self.cotangents.get(entry.base.name)
                if tensor is None:
                    return entry
                return self._guarded_entry(entry, tensor, here if tensor.integer else known)
            if isinstance(node, BINDERS):
                return node.func(visit(node.function, here), *node.limits)
            if isinstance(node, Where):
                condition, yes, no = node.args
                branches = visit(yes, here.assuming(condition)), visit(no, here.assuming(sp.Not(condition)))
                return node.func(visit(condition, here), *branches)
            brackets = [part for part in node.args if isinstance(node, sp.Mul) and isinstance(part, Bracket)]
            beside = here
            for bracket in brackets:
                beside = beside.assuming(bracket.args[0])
            return node.func(*(visit(part, here if part in brackets else beside) for part in node.args))

        return visit(expression, known)

    def _guarded_entry(self, entry: sp.Indexed, tensor: Tensor, known: Known) -> sp.Expr:
        guards, start = [], sp.S.Zero
        starts = [(*_start_of(each), each) for (name, _), each in self.boundaries.items() if name == tensor.name]
        for position, (i, size) in enumerate(zip(entry.indices, tensor.sizes, strict=True)):
            above, below = known.inside(i, sp.S.Zero, size - 1)
            reached = [(step, each) for axis, step, each in starts if axis == position and not above]
            for step, boundary in reached:
                if not known.nonnegative(i - step - 1):
                    others = zip(boundary.lhs.indices, entry.indices, strict=True)
                    renamed = {index: here for index, here in others if index != step}
                    start += sp.KroneckerDelta(sp.expand(i - step), 0) * boundary.rhs.xreplace(renamed)
                    self.started.add((tensor.name, int(step)))
            if not reached and not (above and below):
                self.padded[tensor.name] = None
            guards += [] if above else [Bracket(sp.Ge(i, 0))]
            guards += [] if below else [Bracket(sp.Le(i, size - 1))]
        return start + sp.Mul(*guards) * entry if guards else entry


def _start_of(boundary: Equation) -> tuple[int, sp.Integer]:
    """The axis along which a recurrence starts, and the step, which is before the first."""
    return next((axis, index) for axis, index in enumerate(boundary.lhs.indices) if index.is_Integer)


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
