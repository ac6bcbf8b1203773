"""An oracle: the notation read as loops over plain numbers, one entry at a time, sharing no code with the engine."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np

mpmath.mp.dps = 60
COMPARE = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
FUNCTIONS = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "erf": mpmath.erf,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "sqrt": mpmath.sqrt,
    "abs": abs,
    "sign": mpmath.sign,
    "maximum": max,
    "minimum": min,
}


def parsed(text: str) -> ast.expr:
    """Python's tree of an expression; `[c = T[n]]` is `[c == T[n]]`."""
    return ast.parse(re.sub(r"(?<![<>=!])=(?!=)", "==", text), mode="eval").body


class Loops:
    """Evaluates expressions of the notation at given arrays and numbers (mpmath's, or whole)."""

    def __init__(self, values: Mapping[str, Any], sizes: Mapping[str, int], starts: Mapping[str, Any] | None = None):
        self.values = dict(values)
        self.sizes = dict(sizes)
        self.starts = dict(starts or {})

    def tensor(self, equation: str, shape: tuple[int, ...]) -> np.ndarray:
        """Every entry that an equation defines."""
        left, right = re.split(r"(?<![<>=!])=(?!=)", equation, maxsplit=1)
        letters = re.findall(r"\w+", left.partition("[")[2])
        tree = parsed(right.strip())
        result = np.empty(shape, dtype=object)
        for place in np.ndindex(*shape):
            result[place] = self.value(tree, dict(zip(letters, place, strict=True)))
        return result

    def value(self, node: ast.expr, at: Mapping[str, int]) -> Any:
        """The value of an expression where the indices are `at`."""
        match node:
            case ast.Constant(value=value):
                return mpmath.mpf(str(value)) if isinstance(value, float) else value
            case ast.Name(id="pi"):
                return +mpmath.pi
            case ast.Name(id=name):
                return at[name] if name in at else self._scalar(name)
            case ast.UnaryOp(op=ast.USub()):
                return -self.value(node.operand, at)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.value(node.operand, at)
            case ast.BinOp():
                return self._arithmetic(node, at)
            case ast.Subscript(value=ast.Name(id=name)):
                return self._entry(name, self._places(node, at))
            case ast.List(elts=[condition]):
                return int(self.holds(condition, at))
            case ast.Call(func=ast.Subscript()):
                return self._reduction(node, at)
            case ast.Call(func=ast.Name(id="where")):
                condition, yes, no = node.args
                return self.value(yes if self.holds(condition, at) else no, at)
            case ast.Call(func=ast.Name(id=name)):
                return FUNCTIONS[name](*(self.value(argument, at) for argument in node.args))
        raise AssertionError(ast.dump(node))

    def _scalar(self, name: str) -> Any:
        if name in self.sizes:
            return self.sizes[name]
        value = self.values[name]
        return value[()] if isinstance(value, np.ndarray) else value

    def _arithmetic(self, node: ast.BinOp, at: Mapping[str, int]) -> Any:
        left = self.value(node.left, at)
        if isinstance(node.op, ast.Mult) and self._is_off(node.left, left):
            return 0
        if isinstance(node.op, ast.Mult) and self._is_off(node.right, right := self.value(node.right, at)):
            return 0 * right
        right = self.value(node.right, at)
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left / mpmath.mpf(right) if isinstance(left, int) else left / right
            case ast.Pow():
                return left**right
            case ast.FloorDiv():
                return left // right
            case ast.Mod():
                return left % right
        raise AssertionError(ast.dump(node))

    @staticmethod
    def _is_off(node: ast.expr, value: Any) -> bool:
        return isinstance(node, ast.List) and value == 0

    def _places(self, node: ast.Subscript, at: Mapping[str, int]) -> tuple[int, ...]:
        indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return tuple(int(self.value(index, at)) for index in indices)

    def _entry(self, name: str, place: tuple[int, ...]) -> Any:
        array = self.values[name]
        if all(0 <= i < n for i, n in zip(place, array.shape, strict=True)):
            return array[place]
        if (
            place[0] == -1
            and name in self.starts
            and all(0 <= i < n for i, n in zip(place[1:], array.shape[1:], strict=True))
        ):
            return self.values[self.starts[name]][place[1:]]
        return 0

    def _reduction(self, node: ast.Call, at: Mapping[str, int]) -> Any:
        kind, letters = node.func.value.id, node.func.slice
        names = [e.id for e in (letters.elts if isinstance(letters, ast.Tuple) else [letters])]
        ranges = [range(self._size(name, node.args[0])) for name in names]
        terms = [
            self.value(node.args[0], {**at, **dict(zip(names, place, strict=True))})
            for place in itertools.product(*ranges)
        ]
        return max(terms) if kind == "max" else sum(terms) / (mpmath.mpf(len(terms)) if kind == "mean" else 1)

    def _size(self, letter: str, body: ast.expr) -> int:
        for node in ast.walk(body):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                for axis, index in enumerate(indices):
                    if isinstance(index, ast.Name) and index.id == letter:
                        return self.values[node.value.id].shape[axis]
        for size in (letter.upper(), letter.upper().rstrip("0123456789")):  # m1 is another letter for what runs over M
            if size in self.sizes:
                return self.sizes[size]
        shifted = [
            self.values[node.value.id].shape[axis]
            for node in ast.walk(body)
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
            for axis, index in enumerate(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
            if any(isinstance(part, ast.Name) and part.id == letter for part in ast.walk(index))
        ]
        return shifted[0]

    def holds(self, node: ast.expr, at: Mapping[str, int]) -> bool:
        """Whether a condition holds."""
        match node:
            case ast.BoolOp(op=ast.And()):
                return all(self.holds(part, at) for part in node.values)
            case ast.BoolOp(op=ast.Or()):
                return any(self.holds(part, at) for part in node.values)
            case ast.UnaryOp(op=ast.Not()):
                return not self.holds(node.operand, at)
        sides = [self.value(side, at) for side in (node.left, *node.comparators)]
        return all(COMPARE[type(op)](a, b) for op, a, b in zip(node.ops, sides, sides[1:], strict=False))


def equations_of(text: str) -> list[str]:
    """The lines of a layer that define tensors."""
    return [line for line in text.splitlines() if re.search(r"(?<![<>=!])=(?!=)", line)]


def forward(text: str, values: Mapping[str, Any], sizes: Mapping[str, int], shapes: Mapping[str, tuple]) -> dict:
    """Every tensor that a layer without recurrences defines, equation by equation."""
    loops = Loops(values, sizes)
    for equation in equations_of(text):
        name = re.match(r"\w+", equation)[0]
        loops.values[name] = loops.tensor(equation, shapes[name])
    return loops.values


def exact(array: Any) -> Any:
    """The same array with mpmath's numbers; whole numbers stay whole."""
    array = np.asarray(array)
    if array.dtype.kind in "iu":
        return array
    return np.array([mpmath.mpf(value) for value in array.ravel().tolist()] + [None], dtype=object)[:-1].reshape(
        array.shape
    )
