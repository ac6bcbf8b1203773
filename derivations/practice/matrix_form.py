"""Matrix form, as NumPy means it: `X.T @ dY`, `dY.sum(axis=0)`, `diag(a)`; products with `*` are those of entries.

A matrix expression becomes an expression in index notation: one symbol for every axis, and a sum for every product.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from derivations.expressions import CHOICES, ELEMENTARY, Bracket, MaxOver, Where
from derivations.lines import Line, NotationError
from derivations.practice.formula import REWRITTEN, FormulaScope

Shape = tuple[sp.Expr, ...]
NUMPY = {"np", "numpy", "jnp", "torch", "tf"}
REDUCED = ("sum", "mean", "max")
METHODS = (*REDUCED, "transpose", "dot", "matmul")
SHORT = {"t": "transpose", "mm": "dot"}
AXES = {"dim": "axis", "keepdim": "keepdims"}  # as PyTorch calls them


@dataclass(frozen=True)
class Array:
    """A value of every rank: `body` holds one symbol for each of its `axes`."""

    body: sp.Expr
    axes: tuple[sp.Symbol, ...] = ()
    shape: Shape = ()

    def at(self, places: Sequence[sp.Expr]) -> sp.Expr:
        """The entry at some places."""
        return self.body.xreplace(dict(zip(self.axes, places, strict=True)))


def is_matrix_form(tree: ast.expr, ranks: Mapping[str, int]) -> ast.expr | None:
    """The first part of an expression that only matrix form has: `@`, `.T`, a tensor without its indices."""
    indexed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript) and not _slices(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)):
            return node
        if isinstance(node, ast.Name) and ranks.get(node.id, 0) and id(node) not in indexed:
            return node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {*_BUILDERS, "einsum"}:
            return node
    return None


def index_notation_in(tree: ast.expr) -> ast.expr | None:
    """The first part of an expression that only index notation has: `X[n, d]`, `sum[n](...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and not _slices(node):
            return node
    return None


def _slices(node: ast.Subscript) -> bool:
    """Whether a subscript is one of matrix form, such as `[:, None]`."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return any(isinstance(part, ast.Slice) or _is_none(part) for part in parts)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class MatrixReader:
    """Reads one expression in matrix form; scalars and functions mean what they mean in `scope`."""

    def __init__(self, scope: FormulaScope, line: Line, same: Callable[[sp.Expr, sp.Expr], bool]) -> None:
        self.scope, self.line, self.same = scope, line, same
        scope.line = line

    def error(self, message: str, node: ast.AST) -> NotationError:
        """What is wrong with a part of the line, to be raised."""
        return self.line.error(message, getattr(node, "col_offset", 1) - 1)

    def read(self, tree: ast.expr) -> Array:
        """The value of the whole expression. Raises NotationError."""
        try:
            return self.value(tree)
        except RecursionError:
            raise self.line.error("the expression is nested too deeply to be read") from None

    def value(self, node: ast.expr) -> Array:
        """The value of a part of it."""
        array = self._value(node)
        if len(array.shape) > 8:
            raise self.error("an array of more than 8 axes", node)
        self.scope.short(array.body, node)
        return array

    def _value(self, node: ast.expr) -> Array:
        match node:
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.value(operand)
                return Array(-inner.body, inner.axes, inner.shape)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand)
            case ast.BinOp(op=ast.MatMult()):
                return self.product(self.value(node.left), self.value(node.right), node)
            case ast.BinOp(op=ast.Pow(), left=base, right=ast.Name(id="T")):
                inner = self.value(base)
                if not self.scope.is_declared("T"):
                    return self.transposed([inner], node)
                if inner.shape:
                    raise self.error("T has a meaning of its own here: write .T for a transpose", node)
                return Array(self.scope.operated(node, inner.body, self.value(node.right).body))
            case ast.BinOp():
                left, right = self.value(node.left), self.value(node.right)
                return self.entrywise(lambda a, b: self.scope.operated(node, a, b), [left, right], node)
            case ast.Attribute(value=ast.Name(id=name), attr="pi") if name in NUMPY:
                return Array(sp.pi)
            case ast.Attribute(value=ast.Name(id=name)) if name in NUMPY:
                raise self.error(f"{name}.{node.attr} is a function: write {name}.{node.attr}(...)", node)
            case ast.Attribute(attr="T"):
                return self.transposed([self.value(node.value)], node)
            case ast.Attribute():
                raise self.error(f".{node.attr} is not read here; there are .T, .sum, .mean, .max and .dot", node)
            case ast.Call():
                return self._call(node)
            case ast.Compare() | ast.BoolOp():
                return self._mask(node)
            case ast.List(elts=[ast.Compare() | ast.BoolOp() as condition]):
                return self._mask(condition)
            case ast.Subscript() if _slices(node):
                return self._sliced(node)
        return Array(self.scope.value(node))

    def _name(self, node: ast.Name) -> Array:
        reader = self.scope.reader
        tensor = reader.tensors.get(node.id) or reader.cotangents.get(node.id)
        if tensor is None:
            return Array(self.scope.value(node))
        axes = tuple(sp.Dummy(f"i{k}", integer=True) for k in range(len(tensor.sizes)))
        return Array(tensor[axes], axes, tensor.sizes)

    # shapes

    def entrywise(self, function: Callable[..., sp.Basic], parts: Sequence[Array], node: ast.AST) -> Array:
        """A function of entries; shapes are aligned at their last axes, and an axis of size 1 is repeated."""
        rank = max((len(part.shape) for part in parts), default=0)
        shape: list[sp.Expr] = []
        for k in range(rank):
            sizes = [p.shape[k - rank + len(p.shape)] for p in parts if k - rank + len(p.shape) >= 0]
            long = [size for size in sizes if size != 1]
            if any(not self.same(size, long[0]) for size in long):
                shapes = " and ".join(shown(part.shape) for part in parts)
                hint = "; is keepdims=True missing?" if min(len(p.shape) for p in parts if p.shape) < rank else ""
                raise self.error(f"the shapes {shapes} do not fit together entry by entry{hint}", node)
            shape.append(long[0] if long else sp.S.One)
        axes = tuple(sp.Dummy(f"i{k}", integer=True) for k in range(rank))
        entries = []
        for part in parts:
            mine = zip(axes[rank - len(part.shape) :], part.shape, strict=True)
            entries.append(part.at([sp.S.Zero if size == 1 else axis for axis, size in mine]))
        return Array(function(*entries), axes, tuple(shape))

    def product(self, left: Array, right: Array, node: ast.AST) -> Array:
        """A matrix product; in front of the last two axes, shapes are aligned as entry by entry."""
        if not left.shape or not right.shape:
            raise self.error("@ is between vectors and matrices; a product with a number is written *", node)
        inner = right.shape[-2] if len(right.shape) > 1 else right.shape[-1]
        if not self.same(left.shape[-1], inner):
            raise self.error(
                f"{shown(left.shape)} @ {shown(right.shape)} is no product: "
                f"the sizes {_plain(left.shape[-1])} and {_plain(inner)} in the middle differ; is a transpose missing?",
                node,
            )
        bound = sp.Dummy("k", integer=True)
        a = Array(left.at([*left.axes[:-1], bound]), left.axes[:-1], left.shape[:-1])
        columns = right.axes[-1:] if len(right.shape) > 1 else ()
        b = Array(right.at([*right.axes[:-2], bound, *columns]), right.axes[:-2], right.shape[:-2])
        rows = a.axes[-1:]
        batch = [Array(a.body, a.axes[:-1], a.shape[:-1]), b]
        total = self.entrywise(lambda x, y: sp.Sum(x * y, (bound, sp.S.Zero, inner - 1)), batch, node)
        sizes = (*a.shape[-1:], *(right.shape[-1:] if len(right.shape) > 1 else ()))
        return Array(total.body, (*total.axes, *rows, *columns), (*total.shape, *sizes))

    # functions

    def _call(self, node: ast.Call) -> Array:
        match node.func:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in NUMPY:
                return self._function(SHORT.get(name, name), node.args, node)
            case ast.Attribute(value=value, attr=name) if SHORT.get(name, name) in METHODS:
                return self._function(SHORT.get(name, name), [value, *node.args], node)
            case ast.Attribute(attr=name):
                raise self.error(f".{name}(...) is not read here; there are .T, .sum, .mean, .max and .dot", node)
            case ast.Name(id=name):
                return self._function(name, node.args, node)
        raise self.error("this cannot be called", node)

    def _function(self, name: str, arguments: Sequence[ast.expr], node: ast.Call) -> Array:
        if any(isinstance(argument, ast.Starred) for argument in arguments):
            raise self.error("a function takes its arguments one by one", node)
        if name in REDUCED and arguments:
            return self._reduced(name, arguments, node)
        if name == "einsum" and arguments and not node.keywords:
            return self._einsum(arguments[0], [self.value(argument) for argument in arguments[1:]], node)
        if node.keywords:
            raise self.error(f"{name} takes no named arguments here", node)
        if name in _BUILDERS:
            count, build = _BUILDERS[name]
            if len(arguments) != count:
                raise self.error(f"{name} takes {count} argument{'s' * (count > 1)}, got {len(arguments)}", node)
            return build(self, [self.value(argument) for argument in arguments], node)
        if name == "where" and len(arguments) == 3:
            condition = self._condition(arguments[0])
            branches = [self.value(argument) for argument in arguments[1:]]
            return self.entrywise(lambda c, a, b: Where(c, a, b), [condition, *branches], node)
        if name in {*ELEMENTARY, *CHOICES, *REWRITTEN, "sqrt"}:
            parts = [self.value(argument) for argument in arguments]
            return self.entrywise(lambda *entries: self.scope.applied(name, entries, node), parts, node)
        raise self.error(
            f"there is no function {name!r} in matrix form; there are "
            f"{', '.join(sorted({*ELEMENTARY, *CHOICES, *REDUCED, *_BUILDERS, 'sqrt', 'where'}))}",
            node,
        )

    def _reduced(self, name: str, arguments: Sequence[ast.expr], node: ast.Call) -> Array:
        inner = self.value(arguments[0])
        rank = len(inner.shape)
        named = {AXES.get(keyword.arg or "", keyword.arg): keyword.value for keyword in node.keywords}
        if len(arguments) > 2 or (len(arguments) == 2 and "axis" in named) or not {*named} <= {"axis", "keepdims"}:
            raise self.error(f"{name} takes an array, axis=... and keepdims=True", node)
        axis = arguments[1] if len(arguments) == 2 else named.get("axis")
        chosen = set(range(rank)) if axis is None or _is_none(axis) else self._axes(axis, rank, node)
        keep = named.get("keepdims")
        if keep is not None and not (isinstance(keep, ast.Constant) and isinstance(keep.value, bool)):
            raise self.error("keepdims is True or False", keep)
        kept = isinstance(keep, ast.Constant) and keep.value
        if not chosen:
            return inner
        fresh = {inner.axes[k]: sp.Dummy("k", integer=True) for k in sorted(chosen)}
        limits = [(fresh[inner.axes[k]], sp.S.Zero, inner.shape[k] - 1) for k in sorted(chosen)]
        body = inner.body.xreplace(fresh)
        body = MaxOver(body, *limits) if name == "max" else sp.Sum(body, *reversed(limits))
        body = body / sp.Mul(*(inner.shape[k] for k in chosen)) if name == "mean" else body
        left = [k for k in range(rank) if k not in chosen or kept]
        axes = tuple(sp.Dummy("i", integer=True) if k in chosen else inner.axes[k] for k in left)
        return Array(body, axes, tuple(sp.S.One if k in chosen else inner.shape[k] for k in left))

    def _axes(self, node: ast.expr, rank: int, call: ast.Call) -> set[int]:
        found = set()
        for part in node.elts if isinstance(node, ast.Tuple) else [node]:
            value = part.operand if isinstance(part, ast.UnaryOp) else part
            sign = -1 if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) else 1
            whole = isinstance(value, ast.Constant) and type(value.value) is int
            axis = sign * value.value if whole else None  # type: ignore[attr-defined]
            if axis is None or not -rank <= axis < rank:
                raise self.error(f"an axis is a whole number below {rank} here", part)
            found.add(axis % rank)
        return found

    def _mask(self, node: ast.expr) -> Array:
        condition = self._condition(node)
        return Array(Bracket(condition.body), condition.axes, condition.shape)

    def _condition(self, node: ast.expr) -> Array:
        """Comparisons of entries, with and, or, not."""
        match node:
            case ast.Compare():
                sides = [self.value(side) for side in (node.left, *node.comparators)]
                return self.entrywise(lambda *entries: self.scope.comparison(node, entries), sides, node)
            case ast.BoolOp():
                combine = sp.And if isinstance(node.op, ast.And) else sp.Or
                return self.entrywise(lambda *c: combine(*c), [self._condition(part) for part in node.values], node)
            case ast.UnaryOp(op=ast.Not()):
                inner = self._condition(node.operand)
                return Array(sp.Not(inner.body), inner.axes, inner.shape)
        raise self.error("expected a condition such as X > 0", node)

    def _sliced(self, node: ast.Subscript) -> Array:
        """`[:, None]` and the like: axes as they are, and new ones of size 1."""
        inner = self.value(node.value)
        axes, shape, used = [], [], 0
        for part in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
            if _is_none(part):
                axes.append(sp.Dummy("i", integer=True))
                shape.append(sp.S.One)
            elif isinstance(part, ast.Slice) and part.lower is part.upper is part.step is None:
                if used == len(inner.shape):
                    raise self.error(f"more places than the {used} axes there are", node)
                axes.append(inner.axes[used])
                shape.append(inner.shape[used])
                used += 1
            else:
                raise self.error("in matrix form an index is `:` or None; use index notation, as in X[n, d]", node)
        return Array(inner.body, (*axes, *inner.axes[used:]), (*shape, *inner.shape[used:]))

    def _einsum(self, letters: ast.expr, parts: Sequence[Array], node: ast.AST) -> Array:
        """`einsum("nc,dc->nd", dY, W)`: products of entries, summed over the letters that stand on the left alone."""
        text = letters.value if isinstance(letters, ast.Constant) and isinstance(letters.value, str) else ""
        left, arrow, right = "".join(text.split()).partition("->")
        axes = left.split(",")
        if not left or [*map(len, axes)] != [len(part.shape) for part in parts]:
            raise self.error('einsum has a letter for every axis, as in einsum("nd,dc->nc", X, W)', node)
        sizes: dict[str, sp.Expr] = {}
        for letter, size in zip("".join(axes), (size for part in parts for size in part.shape), strict=True):
            if not self.same(sizes.setdefault(letter, size), size):
                raise self.error(f"in einsum {letter!r} is {_plain(sizes[letter])} and {_plain(size)} long", node)
        kept = right if arrow else "".join(sorted(letter for letter in sizes if left.count(letter) == 1))
        if len({*kept}) != len(kept) or not {*kept} <= sizes.keys():
            raise self.error("behind -> einsum has letters that stand before it, each once", node)
        symbols = {letter: sp.Dummy(letter, integer=True) for letter in sizes}
        body = sp.Mul(*(part.at([symbols[letter] for letter in of]) for part, of in zip(parts, axes, strict=True)))
        limits = [(symbols[letter], sp.S.Zero, sizes[letter] - 1) for letter in sizes if letter not in kept]
        body = sp.Sum(body, *limits) if limits else body
        return Array(body, tuple(symbols[letter] for letter in kept), tuple(sizes[letter] for letter in kept))

    def diagonal(self, parts: Sequence[Array], node: ast.AST) -> Array:
        """A vector becomes a diagonal matrix, a square matrix the vector on its diagonal."""
        (inner,) = parts
        if len(inner.shape) == 1:
            (axis,) = inner.axes
            other = sp.Dummy("j", integer=True)
            return Array(inner.body * sp.KroneckerDelta(axis, other), (axis, other), inner.shape * 2)
        if len(inner.shape) == 2 and self.same(*inner.shape):
            return Array(inner.at([inner.axes[0], inner.axes[0]]), inner.axes[:1], inner.shape[:1])
        raise self.error("diag is of a vector or of a square matrix", node)

    def outer(self, parts: Sequence[Array], node: ast.AST) -> Array:
        """The product of every entry of a vector with every entry of another."""
        left, right = parts
        if len(left.shape) != 1 or len(right.shape) != 1:
            raise self.error("outer is of two vectors", node)
        axis = sp.Dummy("j", integer=True)
        return Array(left.body * right.at([axis]), (*left.axes, axis), (*left.shape, *right.shape))

    def dot(self, parts: Sequence[Array], node: ast.AST) -> Array:
        """The matrix product of vectors and matrices; with a number, the product of entries."""
        if any(len(part.shape) > 2 for part in parts):
            raise self.error("dot is of vectors and matrices here; write einsum, or @ for many matrices at once", node)
        if all(part.shape for part in parts):
            return self.product(parts[0], parts[1], node)
        return self.entrywise(lambda a, b: a * b, parts, node)

    def matmul(self, parts: Sequence[Array], node: ast.AST) -> Array:
        """The matrix product under its other name."""
        return self.product(parts[0], parts[1], node)

    def transposed(self, parts: Sequence[Array], node: ast.AST) -> Array:
        """All axes in the opposite order."""
        (inner,) = parts
        return Array(inner.body, inner.axes[::-1], inner.shape[::-1])

    def identity(self, parts: Sequence[Array], node: ast.AST) -> Array:
        """`eye(N)`."""
        (size,) = parts
        if size.shape or not size.body.is_integer or not size.body.is_positive:
            raise self.error("eye takes one size, as in eye(N)", node)
        axes = (sp.Dummy("i", integer=True), sp.Dummy("j", integer=True))
        return Array(sp.KroneckerDelta(*axes), axes, (size.body, size.body))


_BUILDERS: dict[str, tuple[int, Callable[[MatrixReader, Sequence[Array], ast.AST], Array]]] = {
    "diag": (1, MatrixReader.diagonal),
    "outer": (2, MatrixReader.outer),
    "dot": (2, MatrixReader.dot),
    "matmul": (2, MatrixReader.matmul),
    "transpose": (1, MatrixReader.transposed),
    "eye": (1, MatrixReader.identity),
}


def _plain(size: sp.Expr) -> str:
    from derivations.render.plain import plain

    return plain(size)


def shown(shape: Shape) -> str:
    """`[N, D]`, or `a number`."""
    return f"[{', '.join(map(_plain, shape))}]" if shape else "a number"
