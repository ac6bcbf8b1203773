"""Break a hand-written backward on purpose: every way to get one place of it wrong.

A backward, and every private function of its module that it calls, is rewritten in one place at a time: a sign, an
operator, a constant, a default, an index, an axis, a transpose, a term or a sum left out (DeMillo, Lipton and Sayward,
1978, Hints on Test Data Selection, IEEE Computer 11(4)). Guards, which only raise on bad input, are left alone: their
own tests look after them.
"""

from __future__ import annotations

import ast
import copy
import difflib
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Mutant:
    """A backward with one thing changed: what kind of change, where, and how the source differs."""

    layer: str
    kind: str
    place: str
    line: int
    diff: str
    backward: Function


def mutants(layer: str, backward: Function) -> Iterator[Mutant]:
    """Every mutant of a backward and of the private functions of its module that it calls."""
    bare = inspect.unwrap(backward)
    seen: set[str] = set()
    for function in (bare, *_called(bare)):
        tree = _definition(function)
        original = ast.unparse(tree)
        for kind, line, changed in _changes(tree):
            source = ast.unparse(ast.fix_missing_locations(changed))
            if source == original or source in seen:
                continue
            seen.add(source)
            made = _compiled(changed, function)
            mutated = made if function is bare else with_global(bare, function.__name__, made)
            yield Mutant(layer, kind, f"{function.__name__}, line {line}", line, _diff(original, source), mutated)


def _called(function: Function, *, guards: bool = False) -> list[Function]:
    """The private functions of the same module that a function calls, directly or not: the guards, or all others."""
    found: dict[str, Function] = {}
    todo = [function]
    while todo:
        for name in todo.pop().__code__.co_names:
            value = function.__globals__.get(name)
            if not isinstance(value, types.FunctionType) or value.__module__ != function.__module__:
                continue
            if name.startswith("_") and name not in found:
                found[name] = value
                todo.append(value)
    return [value for value in found.values() if _returns(value) is not guards]


def without_guards(function: Function) -> Function:
    """The function, with the private ones that only raise on bad input doing nothing."""
    for guard in _called(function, guards=True):
        function = with_global(function, guard.__name__, _nothing)
    return function


def _nothing(*_: Any) -> None:
    """A guard that lets everything pass."""


def _returns(function: Function) -> bool:
    """Whether a function returns anything; one that does not is a guard."""
    return any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(_definition(function)))


def _definition(function: Function) -> ast.FunctionDef:
    lines, start = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    ast.increment_lineno(tree, start - 1)
    tree.decorator_list, tree.returns = [], None
    for argument in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs):
        argument.annotation = None
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    return tree


def _compiled(tree: ast.FunctionDef, like: Function) -> Function:
    """The function that a definition describes, in the module of the one that it replaces; nothing is executed."""
    module = compile(ast.fix_missing_locations(ast.Module([tree], [])), inspect.getfile(like), "exec")
    code = next(constant for constant in module.co_consts if isinstance(constant, types.CodeType))
    defaults = tuple(map(_default, tree.args.defaults, like.__defaults__ or ()))
    made = types.FunctionType(code, like.__globals__, like.__name__, defaults, like.__closure__)
    made.__kwdefaults__ = like.__kwdefaults__
    return made


def _default(written: ast.expr, before: Any) -> Any:
    """A default as it is written now; one that is no plain number is what it was."""
    try:
        return ast.literal_eval(written)
    except ValueError:
        return before


def with_global(function: Function, name: str, value: Any) -> Function:
    """A function that sees another one under a global name, and so do the private ones that it calls."""
    world = {**function.__globals__, name: value}
    for inner in _called(function):
        source = value if inner.__name__ == name else inner
        world[inner.__name__] = types.FunctionType(
            source.__code__, world, inner.__name__, source.__defaults__, source.__closure__
        )
    return types.FunctionType(function.__code__, world, function.__name__, function.__defaults__, function.__closure__)


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if line[:3] not in {"---", "+++"} and not line.startswith("@@"))


def _changes(tree: ast.FunctionDef) -> Iterator[tuple[str, int, ast.FunctionDef]]:
    """Every definition that differs from this one in one place: the kind of change, its line, the new definition."""
    for number, node in enumerate(ast.walk(tree)):
        if not isinstance(node, ast.expr | ast.stmt):
            continue
        for kind, rewrite in _rewrites(node):
            changed = copy.deepcopy(tree)
            target = next(n for k, n in enumerate(ast.walk(changed)) if k == number)
            replacement = rewrite(target)
            if replacement is not target:
                _Replace(target, replacement).visit(changed)
            yield kind, node.lineno, changed


Rewrite = Callable[[Any], ast.AST]


def _rewrites(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """The ways to get one node wrong."""
    for law in _LAWS:
        yield from law(node)


def _operators(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """+ for -, * for /, swapped operands of @, one operand left out."""
    if not isinstance(node, ast.BinOp | ast.AugAssign):
        return
    swapped = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}.get(type(node.op))
    if swapped is not None:
        yield "operator", lambda n: _set(n, op=swapped())
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div):
            yield "swapped operands", lambda n: _set(n, left=n.right, right=n.left)
        if not isinstance(node.op, ast.MatMult | ast.Pow | ast.FloorDiv | ast.Mod):
            yield "dropped term", lambda n: n.left
            yield "dropped term", lambda n: n.right
    else:
        yield "= for +=", lambda n: ast.Assign([n.target], n.value)


def _signs(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """A sign too many or too few."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign", lambda n: n.operand
    if isinstance(node, ast.Assign) and not _holds_nothing(node.value):
        yield "sign", lambda n: _set(n, value=ast.UnaryOp(ast.USub(), n.value))


def _results(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """A cotangent that is negated, doubled, halved or zero."""
    if not isinstance(node, ast.Dict):
        return
    for k in [k for k, key in enumerate(node.keys) if key is not None]:
        yield "sign", _value_changed(k, lambda v: ast.UnaryOp(ast.USub(), v))
        yield "constant factor", _value_changed(k, lambda v: ast.BinOp(v, ast.Mult(), ast.Constant(2)))
        yield "constant factor", _value_changed(k, lambda v: ast.BinOp(v, ast.Div(), ast.Constant(2)))
        yield "zero", _value_changed(k, lambda v: ast.BinOp(v, ast.Mult(), ast.Constant(0)))


def _constants(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """A number that is off by one, doubled or negated."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return
    yield "constant", lambda n: ast.Constant(n.value + 1)
    if isinstance(node.value, int):
        yield "constant", lambda n: _number(n.value - 1)
    elif node.value:
        yield "constant", lambda n: ast.Constant(n.value * 2)


def _comparisons(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """> for >=, == for !=, < for >."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in _OTHER_COMPARISONS.get(type(node.ops[0]), ()):
            yield "comparison", _operator_changed(other)


def _calls(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """A transpose or a sum left out, an axis mistaken, a function left out, maximum for minimum."""
    if isinstance(node, ast.Attribute) and node.attr in {"T", "mT"}:
        yield "transposed", lambda n: n.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield "transposed", lambda n: _set(n, left=ast.Attribute(n.left, "T", ast.Load()))
        yield "transposed", lambda n: _set(n, right=ast.Attribute(n.right, "T", ast.Load()))
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    name = node.func.attr
    if name in {"sum", "mean", "max", "cumsum"} and not _is_numpy(node.func.value):
        yield "missing sum", lambda n: n.func.value
    if name in {"sum", "mean"}:
        other = "mean" if name == "sum" else "sum"
        yield "mean for sum", lambda n: _set(n, func=_set(n.func, attr=other))
    if name in {"maximum", "minimum"}:
        other = "minimum" if name == "maximum" else "maximum"
        yield "operator", lambda n: _set(n, func=_set(n.func, attr=other))
    if (
        _is_numpy(node.func.value)
        and len(node.args) == 1
        and not node.keywords
        and name not in {"zeros", "empty", "ones"}
    ):
        yield "function left out", lambda n: n.args[0]


def _axes(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """The axis beside the one that is meant."""
    if isinstance(node, ast.Call):
        for k, keyword in enumerate(node.keywords):
            if (
                keyword.arg == "axis"
                and isinstance(keyword.value, ast.Constant)
                and isinstance(keyword.value.value, int)
            ):
                yield "axis", _axis_changed(k, keyword.value.value - 1 if keyword.value.value else 1)


def _slices(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """A slice that starts or ends one place off."""
    if isinstance(node, ast.Slice):
        if node.lower is not None:
            yield "off by one", lambda n: _set(n, lower=ast.BinOp(n.lower, ast.Add(), ast.Constant(1)))
        if node.upper is not None:
            yield "off by one", lambda n: _set(n, upper=ast.BinOp(n.upper, ast.Sub(), ast.Constant(1)))


def _indices(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """The entry before the one that a name stands for."""
    if isinstance(node, ast.Subscript):
        places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for k, place in enumerate(places):
            if isinstance(place, ast.Name):
                yield "index", _index_changed(k)


def _statements(node: ast.AST) -> Iterator[tuple[str, Rewrite]]:
    """A statement that changes something in place, left out."""
    in_place = (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute)
    )
    if isinstance(node, ast.AugAssign) or in_place:
        yield "dropped statement", lambda n: ast.Pass()


_LAWS = (_operators, _signs, _results, _constants, _comparisons, _calls, _axes, _slices, _indices, _statements)
_OTHER_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _set(node: Any, **parts: Any) -> Any:
    for name, value in parts.items():
        setattr(node, name, value)
    return node


def _value_changed(k: int, change: Callable[[ast.expr], ast.expr]) -> Rewrite:
    def rewrite(node: ast.Dict) -> ast.Dict:
        node.values[k] = change(node.values[k])
        return node

    return rewrite


def _operator_changed(other: type[ast.cmpop]) -> Rewrite:
    return lambda node: _set(node, ops=[other()])


def _axis_changed(k: int, axis: int) -> Rewrite:
    def rewrite(node: ast.Call) -> ast.Call:
        node.keywords[k].value = _number(axis)
        return node

    return rewrite


def _index_changed(k: int) -> Rewrite:
    def rewrite(node: ast.Subscript) -> ast.Subscript:
        places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        before = ast.BinOp(places[k], ast.Sub(), ast.Constant(1))
        if isinstance(node.slice, ast.Tuple):
            places[k] = before
        else:
            node.slice = before
        return node

    return rewrite


def _number(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _holds_nothing(node: ast.expr) -> bool:
    """Zero, or an array that is still to be filled: it has no sign to get wrong."""
    if isinstance(node, ast.Constant):
        return node.value == 0
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"empty", "empty_like", "zeros", "zeros_like"}
    )


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "np"
